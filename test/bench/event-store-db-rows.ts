import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog } from '#apps/event-store';
import { storedTypes } from '#apps/registry';
import { createCodec, openSqliteKeyVault } from '#event-store';
import { checkEventStoreDb } from '#event-store/eventstoredb/index';
import { readBeside, readHere, silent, type Reading, type Spent } from './event-store-db-reading.js';
import type { Figure } from './figures.js';
import { fill } from './log-traffic.js';
import { endOf } from '../fixtures/event-store-db-end.js';
import { embedded, type Row } from './rows.js';
import { repeat } from './run.js';

// Rows that need the EventStoreDB of EVENTSTORE_URL. Each run of a row is an installation of its own there, which stays.

const url = process.env['EVENTSTORE_URL'] ?? '';

const aPlace = async () => {
  const check = await checkEventStoreDb({ connectionString: url });
  if (!check.ok) throw new Error(check.problem);
  console.log(`EventStoreDB ${check.serverVersion}`);
  return { kind: 'eventstoredb', url, prefix: `b${randomBytes(6).toString('hex')}` } as const;
};

/** A row of the embedded log over EventStoreDB. The goals of that log are not this one's. */
const over =
  (row: Row, goals: Pick<Figure, 'floor' | 'aim'>): Row =>
  async (plan) => {
    const { prefix } = await aPlace();
    const environment = { EVENT_STORE: 'eventstoredb', EVENTSTORE_URL: url, EVENTSTORE_PREFIX: prefix };
    const figures = await row({ ...plan, log: undefined, environment });
    return figures.map(({ row: of, name, unit, values, better }, place) => ({
      ...{ row: `eventstoredb-${of}`, name, unit, values, better },
      ...(place === 0 ? goals : {}),
    }));
  };

/** Reading on the thread that uses the facts, and in a thread of its own. */
const reading: Row = async (plan) => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-bench-'));
  const place = await aPlace();
  const log = await openLog(place, silent);
  const vault = openSqliteKeyVault({ path: join(folder, 'keys.db'), keyEncryptionKey: Buffer.alloc(32, 7) });
  const begin: Reading = { place, after: await endOf(url) };
  try {
    await fill(log, createCodec(storedTypes, vault), plan.events);
  } finally {
    await log.close();
    await vault.close();
    rmSync(folder, { recursive: true });
  }
  const row = 'eventstoredb-reading';
  const figures = (name: string, results: readonly Spent[]): readonly Figure[] => [
    {
      row,
      name: `${name}, ${String(results[0]?.events ?? 0)} events`,
      unit: 'events/s',
      values: results.map(({ events, seconds }) => events / seconds),
      better: 'more',
    },
    {
      row,
      name: '  the thread that uses them computes for each',
      unit: 'µs',
      values: results.map(({ events, cpuMicroseconds }) => cpuMicroseconds / events),
      better: 'less',
    },
  ];
  await readHere(begin);
  return [
    ...figures('read on the thread that uses them', await repeat(plan.runs, () => readHere(begin))),
    ...figures('read in a thread of its own', await repeat(plan.runs, () => readBeside(begin))),
  ];
};

export const onEventStoreDb = {
  'eventstoredb-commands': over(embedded.commands, { floor: 2_500, aim: 5_000 }),
  'eventstoredb-rebuild': over(embedded.rebuild, {}),
  'eventstoredb-reading': reading,
} satisfies Readonly<Record<string, Row>>;
