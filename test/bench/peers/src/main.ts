// node test/bench/peers/dist/main.js PEER --facts FILE [--runs N] [--folder DIR]: prints a Report. POSTGRES_URL: a database that is this peer's alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { emmettPostgresql } from './emmett-postgresql.js';
import { digestOf, type Report } from './facts.js';
import { PostgresInbox, SqliteInbox } from './inboxes.js';
import { nestEvents } from './nest-events.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    facts: { type: 'string', default: '' },
    runs: { type: 'string', default: '3' },
    folder: { type: 'string', default: '.' },
  },
});
const url = process.env['POSTGRES_URL'] ?? '';
const [path, runs] = [options.facts, Number(options.runs)];

const peers = {
  'emmett-postgresql': { of: '@event-driven-io/emmett-postgresql', run: () => emmettPostgresql(url, path, runs) },
  'nest-postgres': { of: '@nestjs/cqrs', run: async () => nestEvents(await PostgresInbox.open(url), path, runs) },
  'nest-sqlite': {
    of: '@nestjs/cqrs',
    run: () => nestEvents(new SqliteInbox(join(options.folder, 'nest-inbox.db')), path, runs),
  },
};
const peer = positionals[0] ?? '';
if (!Object.hasOwn(peers, peer))
  throw new Error(`there is no peer ${peer}; there are: ${Object.keys(peers).join(', ')}`);
const { of, run } = peers[peer as keyof typeof peers];

const manifest = new URL(`../node_modules/${of}/package.json`, import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
const { events, runs: taken, rows } = await run();
const report: Report = { versions: { [of]: version }, events, runs: taken, rows: rows.length, digest: digestOf(rows) };
process.stdout.write(`${JSON.stringify(report)}\n`);
