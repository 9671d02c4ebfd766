import { exec } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { viewLog, type LogPlace, type LogView } from '#apps/event-store';
import { openKeys, type KeyPlace } from '#apps/key-vault';
import { openRows, type ReadPlace } from '#apps/read-store';
import { projections, storedTypes } from '#apps/registry';
import { createCodec, type KeyVault } from '#event-store';
import { LIVE } from '#read-store';
import { silent } from '../bench/event-store-db-reading.js';
import { FreshFold, liveContents } from '../fixtures/fresh-fold.js';
import { postgresUrl, postgresWorld } from '../fixtures/postgres-world.js';
import { Ledger } from './ledger.js';

export const PAIRS = ['embedded', 'postgres', 'eventstoredb', 'eventstoredb-postgres'] as const;
export type Pair = (typeof PAIRS)[number];

/** A server that a soak restarts: by the command that the environment names. */
export type ServerRestart = { readonly name: string; readonly run: () => Promise<unknown> };

/** The stores of a soak, which are its own: in its folder, or under names of their own on the servers. */
export type Stores = {
  readonly environment: Readonly<Record<string, string>>;
  /** With both stores on servers, production's form: an api and a projector. */
  readonly apps: readonly ('projector' | 'api')[];
  readonly restarts: readonly ServerRestart[];
  /** What the log holds, and whether the read models are its fold. To be asked when no process runs. */
  readonly examined: () => Promise<Examination>;
  readonly drop: () => Promise<void>;
};
export type Examination = {
  readonly ledger: Ledger;
  readonly events: number;
  readonly isLevel: boolean;
  /** Rows of each read model, and whether they are those of the fresh fold. */
  readonly models: Readonly<Record<string, { readonly rows: number; readonly equal: boolean }>>;
};

const KEY = Buffer.alloc(32, 7);

/** Throws with what has to be set. */
export const storesOf = (pair: Pair, folder: string): Stores => {
  const onServer = pair.startsWith('eventstoredb');
  const inPostgres = pair.endsWith('postgres');
  const url = process.env['EVENTSTORE_URL'] ?? '';
  if (onServer && url === '') throw new Error(`EVENTSTORE_URL must name a server for ${pair}`);
  if (inPostgres && postgresUrl === '') throw new Error(`POSTGRES_URL must name a server for ${pair}`);

  const prefix = `s${randomBytes(6).toString('hex')}`;
  const world = inPostgres ? postgresWorld() : null;
  const log: LogPlace = onServer
    ? { kind: 'eventstoredb', url, prefix }
    : { kind: 'sqlite', path: join(folder, 'events.db') };
  const read: ReadPlace =
    world === null ? { kind: 'sqlite', path: join(folder, 'read.db') } : { kind: 'postgres', url: world.url };
  const keys: KeyPlace =
    onServer && world !== null
      ? { kind: 'postgres', url: world.url }
      : { kind: 'sqlite', path: join(folder, 'keys.db') };
  const restart = (name: string, variable: string): readonly ServerRestart[] => {
    const command = process.env[variable] ?? '';
    return command === '' ? [] : [{ name, run: () => promisify(exec)(command) }];
  };
  return {
    environment: {
      KEY_ENCRYPTION_KEY: KEY.toString('base64'),
      ...(onServer ? { EVENT_STORE: 'eventstoredb', EVENTSTORE_URL: url, EVENTSTORE_PREFIX: prefix } : {}),
      ...(world === null ? {} : { READ_STORE: 'postgres', POSTGRES_URL: world.url }),
      ...(pair === 'eventstoredb-postgres' ? { PROJECTOR: 'off' } : {}),
    },
    apps: pair === 'eventstoredb-postgres' ? ['projector', 'api'] : ['api'],
    restarts: [
      ...(inPostgres ? restart('PostgreSQL restarted', 'POSTGRES_RESTART') : []),
      ...(onServer ? restart('EventStoreDB restarted', 'EVENTSTORE_RESTART') : []),
    ],
    examined: async () => {
      const view = await viewLog(log, silent);
      const vault = await openKeys(keys, { keyEncryptionKey: KEY, keyEncryptionKeyPrevious: null }, { readOnly: true });
      try {
        return await examine(view, vault, read);
      } finally {
        await vault.close();
        await view.close();
      }
    },
    drop: async () => world?.drop(),
  };
};

const examine = async (log: LogView, vault: KeyVault, read: ReadPlace): Promise<Examination> => {
  const ledger = new Ledger();
  const fold = new FreshFold(projections, createCodec(storedTypes, vault));
  let events = 0;
  for await (const page of log.readAll({ after: null })) {
    ledger.add(page);
    await fold.add(page);
    events += page.length;
  }
  const expected = fold.contents();
  const head = await log.head();
  const rows = await openRows(read, () => undefined);
  try {
    return await rows.snapshot(async (view) => {
      const live = await liveContents(view, projections);
      const checkpoint = await view.system.checkpoint(LIVE);
      const models = Object.entries(expected).map(([name, content]) => {
        const equal = live[name]?.hash === content.hash && live[name].rows === content.rows;
        return [name, { rows: content.rows, equal }] as const;
      });
      return { ledger, events, isLevel: checkpoint?.position === head?.position, models: Object.fromEntries(models) };
    });
  } finally {
    await rows.close();
  }
};
