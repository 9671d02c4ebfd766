// npm run bench:peers [-- --runs N] [--events N] [--log DIR]: the same log and the same read model, rebuilt by the product and by others.
// The others are a package of their own (test/bench/peers). Without POSTGRES_URL only what needs no server is measured.
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { viewLog } from '#apps/event-store';
import { projections, storedTypes } from '#apps/registry';
import { createCodec, openSqliteKeyVault } from '#event-store';
import { connect } from '#postgres';
import { FreshFold } from '../fixtures/fresh-fold.js';
import { postgresUrl } from '../fixtures/postgres-world.js';
import { engineRun, type Stores } from './engine-rows.js';
import { silent } from './event-store-db-reading.js';
import { machine, median, waited } from './figures.js';
import { repeat } from './run.js';

const PROGRAM = 'test/bench/peers/dist/main.js';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    events: { type: 'string', default: '100000' },
    log: { type: 'string', default: join(tmpdir(), 'portaria-bench') },
  },
});
const [runs, events] = [Number(options.runs), Number(options.events)];

/** What a peer prints: test/bench/peers/src/facts.ts. */
type Report = {
  readonly versions: Readonly<Record<string, string>>;
  readonly events: number;
  readonly runs: readonly { readonly wallMs: number; readonly threadMs: number }[];
  readonly rows: number;
  readonly digest: string;
};
type Line = {
  readonly who: string;
  readonly into: 'embedded' | 'postgres';
  readonly versions: Readonly<Record<string, string>>;
  /** Events/s of log read, a run each; and if the thread had never waited. */
  readonly rates: readonly number[];
  readonly ifNeverWaited: readonly number[];
  readonly rows: number;
};

/** Every fact of the kept log, a line each, for the peers; what their rows have to be; made anew for each bench. */
const exported = async (folder: string): Promise<{ readonly path: string; rows: number; digest: string }> => {
  const path = join(folder, 'facts.ndjson');
  const log = await viewLog({ kind: 'sqlite', path: join(folder, 'events.db') }, silent);
  const vault = openSqliteKeyVault({
    path: join(folder, 'keys.db'),
    keyEncryptionKey: Buffer.alloc(32, 7),
    readOnly: true,
  });
  const codec = createCodec(storedTypes, vault);
  const fold = new FreshFold(
    projections.filter(({ name }) => name === 'inbox'),
    codec,
  );
  const file = createWriteStream(`${path}.new`);
  for await (const page of log.readAll({ after: null })) {
    for (const fact of page) {
      const { stream, type, data, metadata } = fact;
      const { subject } = codec.decode(fact);
      if (!file.write(`${JSON.stringify({ stream, type, subject, data, metadata })}\n`)) await once(file, 'drain');
    }
    await fold.add(page);
  }
  file.end();
  await once(file, 'finish');
  renameSync(`${path}.new`, path);
  await log.close();
  await vault.close();
  const rows = fold.rows('inbox');
  // The columns that all of them have; as digestOf of test/bench/peers/src/facts.ts takes them.
  const lines = rows.map((row) =>
    JSON.stringify(
      [
        ...['conversation_id', 'contact_id', 'channel', 'status', 'assignee_id'],
        ...['last_displayed_at', 'last_message_id', 'inbound_count'],
      ].map((column) => row[column]),
    ),
  );
  return { path, rows: rows.length, digest: createHash('sha256').update(lines.sort().join('\n')).digest('hex') };
};

/** A database that is a peer's alone while it runs: some make schemas of fixed names. */
const withDatabase = async <T>(work: (url: string) => Promise<T>): Promise<T> => {
  const name = `peer_${process.pid.toString()}_${Date.now().toString(36)}`;
  const asked = async (sql: string): Promise<void> => {
    const client = await connect(postgresUrl, { name: 'bench', statementMs: 60_000 });
    await client.query(sql);
    await client.end();
  };
  await asked(`create database ${name}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  try {
    return await work(url.href);
  } finally {
    await asked(`drop database if exists ${name} with (force)`);
  }
};

const reported = async (peer: string, facts: string, url: string): Promise<Report> => {
  const args = [PROGRAM, peer, '--facts', facts, '--runs', String(runs), '--folder', join(options.log, String(events))];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], POSTGRES_URL: url },
  });
  let said = '';
  for await (const chunk of child.stdout) said += String(chunk);
  const line = said.trimEnd().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`${peer} did not come to its end: ${said}`);
  return JSON.parse(line) as Report;
};

const product = async (rows: Stores['rows']): Promise<Omit<Line, 'rows'>> => {
  const plan = { log: options.log };
  const taken = await repeat(runs, () => engineRun(plan, { log: 'embedded', rows }, events, ['--only', 'inbox']));
  return {
    who: 'Portaria',
    into: rows,
    versions: {},
    rates: taken.map((run) => (run.events * 1000) / run.wallMs),
    ifNeverWaited: taken.map((run) => (run.events * 1000) / run.threadMs),
  };
};

const peers = [
  { who: 'NestJS @EventsHandler, row by row', peer: 'nest-sqlite', into: 'embedded' },
  { who: 'NestJS @EventsHandler, row by row', peer: 'nest-postgres', into: 'postgres' },
  { who: 'Emmett, collection of Pongo', peer: 'emmett-postgresql', into: 'postgres' },
] as const;

if (!existsSync(PROGRAM)) throw new Error('the peers are not built: npm run bench:peers does it');
const hardware = machine();
const before = { waited: waited(), at: performance.now() };
mkdirSync(options.log, { recursive: true });
const stores: readonly Stores['rows'][] = postgresUrl === '' ? ['embedded'] : ['embedded', 'postgres'];
const own: Omit<Line, 'rows'>[] = [];
for (const into of stores) own.push(await product(into));
const expected = await exported(join(options.log, String(events)));
const lines: Line[] = own.map((line) => ({ ...line, rows: expected.rows }));
for (const { who, peer, into } of peers) {
  if (!stores.includes(into)) {
    console.log(`${who}: skipped, POSTGRES_URL names no server`);
    continue;
  }
  const run = (url: string): Promise<Report> => reported(peer, expected.path, url);
  const report = await (into === 'postgres' ? withDatabase(run) : run(''));
  if (report.digest !== expected.digest)
    throw new Error(`${peer} built other rows: ${String(report.rows)}, not ${String(expected.rows)}`);
  lines.push({
    who,
    into,
    versions: report.versions,
    rates: report.runs.map(({ wallMs }) => (report.events * 1000) / wallMs),
    ifNeverWaited: report.runs.map(({ threadMs }) => (report.events * 1000) / threadMs),
    rows: report.rows,
  });
}

const crowded = (100_000 * (waited() - before.waited)) / (performance.now() - before.at);
const whole = (value: number): string => Math.round(value).toLocaleString('en-GB');
const table = new Table({
  head: ['into', 'who', 'events/s: min', 'median', 'max', 'if never waited', 'Portaria is'],
  style: { head: [], border: [], compact: true },
  colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right'],
});
for (const { who, into, rates, versions, ifNeverWaited } of lines.toSorted((a, b) => (a.into < b.into ? -1 : 1))) {
  const ours = median(lines.find((line) => line.who === 'Portaria' && line.into === into)?.rates ?? []);
  const times = who === 'Portaria' ? '' : `${(ours / median(rates)).toFixed(1)} times as fast`;
  const [version = ''] = Object.values(versions);
  table.push([
    into,
    `${who} ${version}`.trim(),
    whole(Math.min(...rates)),
    whole(median(rates)),
    whole(Math.max(...rates)),
    whole(median(ifNeverWaited)),
    times,
  ]);
}
console.log(
  Object.entries(hardware)
    .flatMap(([name, value]) => [`${name} ${String(value)}`])
    .join(' · '),
);
console.log(
  `${events.toLocaleString('en-GB')} events, ${whole(expected.rows)} conversations, ${String(runs)} runs; somebody waited for a core ${crowded.toFixed(0)} % of the time.\n`,
);
console.log(table.toString());
const at = new Date().toISOString();
const file = join('test/bench/results', `${at.slice(0, 19).replaceAll(':', '-')}-peers.json`);
writeFileSync(file, `${JSON.stringify({ at, machine: hardware, options, crowded, lines }, null, 2)}\n`);
console.log(`\nWritten to ${file}`);
