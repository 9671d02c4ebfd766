import { join } from 'node:path';
import type { Position } from '#kernel';
import type { Configuration, PostgresOrFile } from '#platform';
import { openSqliteReadSource, openSqliteRowStore, type ReadSource, type RowStore } from '#read-store';
import type { LogLines } from './event-store.js';

/** Where a thread finds the read models; may hold credentials. */
export type ReadPlace =
  { readonly kind: 'sqlite'; readonly path: string } | Extract<PostgresOrFile, { kind: 'postgres' }>;

export const readPlaceOf = ({ readStore, dataDir }: Configuration): ReadPlace =>
  readStore.kind === 'sqlite' ? { kind: 'sqlite', path: join(dataDir, 'read.db') } : readStore;

/** Waits for a PostgreSQL that is not there yet. Throws PostgresUnusable for what only a change of the configuration mends. */
export const awaitReadStore = async (place: ReadPlace, log: LogLines): Promise<void> => {
  if (place.kind === 'sqlite') return;
  // Loaded only where it is used.
  const { awaitServer } = await import('#postgres');
  await awaitServer(place.url, log);
};

/** The engine's side. Throws ReadStoreUnusable. */
export const openRows = async (
  place: ReadPlace,
  log: (level: 'info' | 'warn' | 'error', message: string) => void,
): Promise<RowStore> =>
  place.kind === 'sqlite'
    ? openSqliteRowStore(place.path)
    : (await import('#read-store/postgres/index')).openPostgresRowStore(place.url, log);

/** The queries' side, once the engine has made the tables. `moved`: the live checkpoint moved, in whatever process (PostgreSQL). */
export const openSource = async (place: ReadPlace, moved: (position: Position) => void): Promise<ReadSource> =>
  place.kind === 'sqlite'
    ? openSqliteReadSource(place.path)
    : (await import('#read-store/postgres/index')).openPostgresReadSource(place.url, { moved });
