// npm run bench [-- row …] [--runs N] [--seconds N] [--events N] [--seed N] [--log DIR] [--profile]
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomOf } from '../traffic/random.js';
import { machine, show, waited, type Figure } from './figures.js';
import { summarise } from './profile.js';
import { bigInbox } from './big-inbox.js';
import { engineOnPostgres, engineOnServers, engineRows } from './engine-rows.js';
import { onEventStoreDb } from './event-store-db-rows.js';
import { idleStreams } from './idle-streams.js';
import { postgresRows } from './postgres-rows.js';
import { embedded, type Row } from './rows.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    events: { type: 'string', default: '200000' },
    seed: { type: 'string', default: '1' },
    log: { type: 'string' },
    profile: { type: 'boolean', default: false },
  },
});
/** By the servers that they need. */
const sets: readonly { readonly rows: Readonly<Record<string, Row>>; readonly needs: readonly string[] }[] = [
  { rows: { ...embedded, ...engineRows, 'big-inbox': bigInbox, 'idle-streams': idleStreams }, needs: [] },
  { rows: onEventStoreDb, needs: ['EVENTSTORE_URL'] },
  { rows: { ...postgresRows, ...engineOnPostgres }, needs: ['POSTGRES_URL'] },
  { rows: engineOnServers, needs: ['EVENTSTORE_URL', 'POSTGRES_URL'] },
];
const rows: Readonly<Record<string, Row>> = Object.assign({}, ...sets.map((set) => set.rows)) as Record<string, Row>;
const chosen = positionals.length === 0 ? Object.keys(rows) : positionals;
const unknown = chosen.find((name) => !(name in rows));
if (unknown !== undefined) {
  process.stderr.write(`There is no row ${unknown}; there are: ${Object.keys(rows).join(', ')}\n`);
  process.exit(2);
}

const hardware = machine();
console.log(
  Object.entries(hardware)
    .map(([name, value]) => `${name} ${value}`)
    .join(' · '),
);
console.log(
  'Server and load generator share this machine; each figure is of a run, the verdict is that of the median.\n',
);
const figures: Figure[] = [];
const folder = 'test/bench/results';
mkdirSync(folder, { recursive: true });
const at = new Date().toISOString();
const rest = positionals.length === 0 ? '' : `-${positionals.join('+')}`;
const file = join(folder, `${at.slice(0, 19).replaceAll(':', '-')}${rest}.json`);
for (const name of chosen) {
  const missing = sets.find((set) => name in set.rows)?.needs.find((server) => !process.env[server]);
  if (missing !== undefined) {
    console.log(`${name}: skipped, ${missing} names no server`);
    continue;
  }
  const profiles = options.profile ? mkdtempSync(join(tmpdir(), 'portaria-profile-')) : undefined;
  const before = { waited: waited(), at: performance.now() };
  try {
    const measured = await rows[name]?.({
      random: randomOf(`${options.seed}/${name}`),
      runs: Number(options.runs),
      seconds: Number(options.seconds),
      events: Number(options.events),
      profiles,
      log: options.log,
    });
    const crowded = (100_000 * (waited() - before.waited)) / (performance.now() - before.at);
    figures.push(...(measured ?? []), {
      row: name,
      name: 'somebody waited for a core',
      unit: '% of the time',
      values: [crowded],
      better: 'less',
    });
    show(figures.filter(({ row }) => row === name));
  } catch (error) {
    console.error(`The row ${name} could not be measured:`, error);
    process.exitCode = 1;
  }
  if (profiles !== undefined) summarise(profiles);
  // Behind each row: what was measured is kept whatever comes after it.
  writeFileSync(file, `${JSON.stringify({ at, machine: hardware, options, figures }, null, 2)}\n`);
}
if (figures.length > 0) console.log(`\nWritten to ${file}`);
