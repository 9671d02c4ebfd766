// One first build by the engine alone, in this process, so that a profiler sees it and the memory is its own:
//   node dist/test/bench/engine-run.js [--folder DIR] [--events N] [--only inbox,…] [--beside] [--hash] [--tables]
// From the embedded log, or from the EventStoreDB of EVENTSTORE_URL; into an embedded read store, or into the PostgreSQL of POSTGRES_URL.
// The log is made at the first run and kept in the folder. `--only`: these read models, else all. `--beside`: then all of them once more
// beside the live ones. The last line is JSON: an EngineRun.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openLog, viewLog, type LogPlace } from '#apps/event-store';
import { projections, storedTypes } from '#apps/registry';
import { createCodec, openSqliteKeyVault } from '#event-store';
import { combined, createEngine } from '#projections';
import { LIVE, openSqliteRowStore } from '#read-store';
import { openPostgresRowStore } from '#read-store/postgres/index';
import { liveContents } from '../fixtures/fresh-fold.js';
import { postgresUrl, postgresWorld } from '../fixtures/postgres-world.js';
import { silent } from './event-store-db-reading.js';
import { fill } from './log-traffic.js';

/** What one pass over the log took; milliseconds, MiB. `longestTurnMs`: so long the thread gave nobody else a turn. */
export type EngineRun = {
  readonly events: number;
  readonly wallMs: number;
  readonly threadMs: number;
  readonly processMs: number;
  readonly peakMiB: number;
  readonly beside: { readonly wallMs: number; readonly threadMs: number; readonly longestTurnMs: number } | null;
};

const { values: options } = parseArgs({
  options: {
    folder: { type: 'string', default: '/tmp/portaria-bench' },
    events: { type: 'string', default: '200000' },
    only: { type: 'string' },
    beside: { type: 'boolean', default: false },
    hash: { type: 'boolean', default: false },
    tables: { type: 'boolean', default: false },
  },
});
const url = process.env['EVENTSTORE_URL'] ?? '';
const keyEncryptionKey = Buffer.alloc(32, 7);
const at = join(options.folder, url === '' ? options.events : `${options.events}-on-server`);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const placeIn = (folder: string): LogPlace =>
  url === ''
    ? { kind: 'sqlite', path: join(folder, 'events.db') }
    : { kind: 'eventstoredb', url, prefix: readFileSync(join(folder, 'prefix'), 'utf8') };

if (!existsSync(at)) {
  const making = `${at}.new`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  writeFileSync(join(making, 'prefix'), `b${randomBytes(6).toString('hex')}`);
  const log = await openLog(placeIn(making), silent);
  const vault = openSqliteKeyVault({ path: join(making, 'keys.db'), keyEncryptionKey });
  const from = performance.now();
  await fill(log, createCodec(storedTypes, vault), Number(options.events));
  await log.close();
  await vault.close();
  renameSync(making, at);
  say(`made the log in ${Math.round(performance.now() - from).toString()} ms`);
}

const readPath = join(at, `read-${String(process.pid)}.db`);
const clean = (): void => {
  for (const end of ['', '-wal', '-shm']) rmSync(readPath + end, { force: true });
};
process.on('exit', clean);
clean();

const chosen = projections.filter(({ name }) => options.only?.split(',').includes(name) ?? true);
const events = await viewLog(placeIn(at), silent);
const vault = openSqliteKeyVault({ path: join(at, 'keys.db'), keyEncryptionKey, readOnly: true });
const world = postgresUrl === '' ? null : postgresWorld();
const rows = world === null ? openSqliteRowStore(readPath) : openPostgresRowStore(world.url);
const head = await events.head();
if (head === null) throw new Error('an empty log');

const reached = Promise.withResolvers<undefined>();
const engine = createEngine({
  events,
  codec: createCodec(storedTypes, vault),
  rows,
  projections: chosen,
  logId: 'bench',
  ...(url === '' ? { ordinalOf: Number } : {}),
  onCheckpoint: (position) => {
    if (position >= head.position) reached.resolve(undefined);
  },
  log: (level, message) => {
    if (level !== 'info') say(`${level}: ${message}`);
  },
});
/** Milliseconds since the watch was started. */
const watch = () => {
  const [wall, thread, whole] = [performance.now(), process.threadCpuUsage(), process.cpuUsage()];
  return () => {
    const [used, all] = [process.threadCpuUsage(thread), process.cpuUsage(whole)];
    return {
      wallMs: performance.now() - wall,
      threadMs: (used.user + used.system) / 1000,
      processMs: (all.user + all.system) / 1000,
    };
  };
};

const abort = new AbortController();
const first = watch();
const running = engine.run(abort.signal);
await reached.promise;
const built = first();
const { applied } = engine.counters;

const rebuiltBeside = async (): Promise<EngineRun['beside']> => {
  const second = watch();
  const { rebuildId } = await engine.ask('rebuild', 'all');
  let longestTurnMs = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    longestTurnMs = Math.max(longestTurnMs, performance.now() - last);
    last = performance.now();
  }, 1);
  for (;;) {
    await pause(20);
    const row = await rows.snapshot(({ system }) => system.rebuild(rebuildId));
    if (row === undefined || row.finished_at === null) continue;
    if (row.error !== null) throw new Error(row.error);
    clearInterval(beat);
    const { wallMs, threadMs } = second();
    return { wallMs, threadMs, longestTurnMs };
  }
};
const beside = options.beside ? await rebuiltBeside() : null;
abort.abort();
await running;

if (options.hash) {
  const live = await rows.snapshot((view) => liveContents(view, chosen));
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
if (options.tables && world === null) {
  const db = new DatabaseSync(readPath);
  for (const row of db
    .prepare('select name, sum(pgsize) as bytes from dbstat group by name order by bytes desc limit 30')
    .all())
    say(JSON.stringify(row));
}
const peakMiB = process.resourceUsage().maxRSS / 1024;
say(JSON.stringify({ events: applied, ...built, peakMiB, beside } satisfies EngineRun));
