// Rebuild of all read models from the embedded log into the embedded read store, or with POSTGRES_URL into PostgreSQL, in this process, so that a profiler sees it:
//   node dist/test/bench/rebuild-profile.js {folder} {events} [beside]
// Makes the log once per size. `beside`: a second rebuild beside the live one, while facts arrive.
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createCodec, openSqliteEventReader, openSqliteEventStore, openSqliteKeyVault } from '#event-store';
import { combined, createEngine } from '#projections';
import { LIVE, openSqliteRowStore } from '#read-store';
import { openPostgresRowStore } from '#read-store/postgres/index';
import { projections, storedTypes } from '#apps/registry';
import { liveContents } from '../fixtures/fresh-fold.js';
import { postgresUrl, postgresWorld } from '../fixtures/postgres-world.js';
import { fill } from './log-traffic.js';

const [folder = '/tmp/portaria-bench', size = '200000', mode = 'first'] = process.argv.slice(2);
const count = Number(size);
const keyEncryptionKey = Buffer.alloc(32, 7);
const at = join(folder, size);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

if (!existsSync(at)) {
  const making = `${at}.new`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  const store = openSqliteEventStore({ path: join(making, 'events.db') });
  const vault = openSqliteKeyVault({ path: join(making, 'keys.db'), keyEncryptionKey });
  const from = performance.now();
  await fill(store, createCodec(storedTypes, vault), count);
  await store.close();
  await vault.close();
  renameSync(making, at);
  say(`made the log in ${Math.round(performance.now() - from).toString()} ms; run again to measure`);
  process.exit();
}

const readPath = join(at, `read-${String(process.pid)}.db`);
const clean = (): void => {
  for (const end of ['', '-wal', '-shm']) rmSync(readPath + end, { force: true });
};
if (process.env['KEEP'] !== '1') process.on('exit', clean);
clean();

const eventsPath = join(at, 'events.db');
const events = openSqliteEventReader(eventsPath);
const vault = openSqliteKeyVault({ path: join(at, 'keys.db'), keyEncryptionKey, readOnly: true });
const world = postgresUrl === '' ? null : postgresWorld();
const rows = world === null ? openSqliteRowStore(readPath) : openPostgresRowStore(world.url);
const head = await events.head();
if (head === null) throw new Error('an empty log');
const total = Number(head.position);

const sample = setInterval(() => {
  if (process.env['MEMORY'] !== '1') return;
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const row = [rss, heapTotal, heapUsed, external].map((bytes) => (bytes / 2 ** 20).toFixed(0));
  say(
    `${process.uptime().toFixed(1)} s: ${String(engine.counters.applied)} events, RSS, heap, used, external ${row.join(', ')} MiB`,
  );
}, 3000);
const reached = Promise.withResolvers<undefined>();
const engine = createEngine({
  events,
  codec: createCodec(storedTypes, vault),
  rows,
  projections,
  logId: 'bench',
  ordinalOf: Number,
  onCheckpoint: (position) => {
    if (position >= head.position) reached.resolve(undefined);
  },
  log: (level, message) => {
    if (level !== 'info') say(`${level}: ${message}`);
  },
});
const abort = new AbortController();
const idleRss = process.memoryUsage.rss();
const cpu = process.cpuUsage();
const thread = process.threadCpuUsage();
const from = performance.now();
const running = engine.run(abort.signal);
const report = (what: string, wall: number, used: NodeJS.CpuUsage): void => {
  const rate = (micros: number): string => Math.round(total / (micros / 1e6)).toLocaleString('en');
  let file = 0;
  let wal = 0;
  try {
    file = statSync(readPath).size;
    wal = statSync(`${readPath}-wal`).size;
  } catch {
    // Not there yet.
  }
  say(
    `${what}: ${total.toString()} events, wall ${(wall / 1000).toFixed(2)} s = ${rate(wall * 1000)}/s, ` +
      `user ${(used.user / 1e6).toFixed(2)} s = ${rate(used.user)}/s, user+sys ${((used.user + used.system) / 1e6).toFixed(2)} s = ${rate(used.user + used.system)}/s, ` +
      `this thread ${((process.threadCpuUsage().user + process.threadCpuUsage().system - thread.user - thread.system) / 1e6).toFixed(2)} s, ` +
      `RSS ${(idleRss / 2 ** 20).toFixed(0)} -> peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB, file ${(file / 2 ** 20).toFixed(0)} MiB, wal ${(wal / 2 ** 20).toFixed(0)} MiB`,
  );
};
await reached.promise;
report('first build', performance.now() - from, process.cpuUsage(cpu));

if (mode === 'beside') {
  const again = process.cpuUsage();
  const start = performance.now();
  const { rebuildId } = await engine.ask('rebuild', 'all');
  let gap = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    gap = Math.max(gap, performance.now() - last);
    last = performance.now();
  }, 1);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const row = await rows.snapshot(({ system }) => system.rebuild(rebuildId));
    if (row !== undefined && row.finished_at !== null) {
      say(`rebuilt: ${row.phase} ${row.result ?? ''} ${row.error ?? ''}`);
      break;
    }
  }
  clearInterval(beat);
  report(`rebuild beside live (longest turn ${gap.toFixed(0)} ms)`, performance.now() - start, process.cpuUsage(again));
}
clearInterval(sample);
abort.abort();
await running;

if (process.env['HASH'] !== '0') {
  const live = await rows.snapshot((view) => liveContents(view, projections));
  const contents = Object.entries(live).map(([projection, content]) => ({ ...content, projection }));
  say(contents.map(({ projection, rows: n }) => `${projection} ${String(n)}`).join(', '));
  say(`content ${combined(contents).hash}`);
}
const checkpoint = await rows.snapshot(({ system }) => system.checkpoint(LIVE));
if (checkpoint?.position !== head.position) throw new Error('not level');
await rows.close();
await world?.drop();
await events.close();
await vault.close();
if (process.env['TABLES'] === '1' && world === null) {
  const db = new DatabaseSync(readPath);
  for (const row of db
    .prepare('select name, sum(pgsize) as bytes from dbstat group by name order by bytes desc limit 30')
    .all())
    say(JSON.stringify(row));
}
