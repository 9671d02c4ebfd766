import { notReadyBy } from '../not-ready.js';
import {
  ReadStoreUnusable,
  type ReadSource,
  type RowReads,
  type RowStore,
  type RowWrites,
  type Table,
} from '../port.js';
import { sql } from 'kysely';
import { systemOf } from '../system.js';
import { migrateSystem, type SystemDialect, type SystemTables } from '../system-tables.js';
import { explain, kyselyOver, openReadDatabase, WRITER_CACHE_KIB, type Connection } from './database.js';
import { ScanLane } from './scan-lane.js';
import { WalCheckpoints } from './wal-checkpoints.js';
import { indexDdl, loadRows, removeRows, scanPage, tableDdl, upsertRows } from './rows.js';

/**
 * The engine's side over one SQLite file, which it creates. The calls are synchronous underneath; one process writes.
 * Throws ReadStoreUnusable where the file is foreign, damaged or may not be written.
 */
export const openSqliteRowStore = (path: string): RowStore => {
  const writer = openReadDatabase(path, 'write');
  const db = kyselyOver<SystemTables>(writer);
  const tx = writesOn(writer, systemOf(db, clock));
  const checkpoints = new WalCheckpoints(path, writer);
  let last: Promise<unknown> = Promise.resolve();

  let broken: ReadStoreUnusable | null = null;

  const transaction = async <T>(work: () => Promise<T>): Promise<T> => {
    await checkpoints.open();
    // Immediate: a transaction that reads first and then writes would get SQLITE_BUSY_SNAPSHOT.
    writer.exec('begin immediate');
    try {
      const value = await work();
      writer.exec('commit');
      checkpoints.committed();
      return value;
    } catch (error) {
      if (writer.database.isTransaction) writer.exec('rollback');
      throw error;
    }
  };
  const queued = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(async () => {
      if (broken !== null) throw broken;
      try {
        return await work();
      } catch (error) {
        const explained = explain(path, error);
        if (explained instanceof ReadStoreUnusable && explained.final) broken = explained;
        throw explained;
      }
    });
    last = turn.catch(() => undefined);
    return turn;
  };

  return {
    exclusive: true,
    migrate: () => queued(() => transaction(() => migrateSystem(db, dialectOf(writer)))),
    write: (work) => queued(() => transaction(() => work(tx))),
    aside: (work) => queued(() => transaction(() => work(tx.system))),
    load: (table, keys) => queued(() => settled(() => loadRows(writer, table, keys))),
    snapshot: async (work) => {
      const connection = openReadDatabase(path, 'read');
      try {
        connection.exec('begin');
        const view = readsOn(connection, systemOf(kyselyOver<SystemTables>(connection), clock));
        await view.system.touch();
        return await work(view);
      } catch (error) {
        throw explain(path, error);
      } finally {
        connection.close();
      }
    },
    // What is deleted is overwritten in the file (`secure_delete`); the WAL is emptied.
    purge: () =>
      queued(async () => {
        await checkpoints.open();
        writer.exec('pragma busy_timeout = 0');
        try {
          return writer.prepare('pragma wal_checkpoint(truncate)').statement.get()?.['busy'] === 0;
        } finally {
          writer.exec('pragma busy_timeout = 5000');
        }
      }),
    close: async () => {
      await last;
      await checkpoints.close();
      writer.close();
    },
  };
};

const CANTOPEN = 14;
const clock = sql<number>`cast(unixepoch('subsec') * 1000 as integer)`;

/** What the bookkeeping needs to know of this store. */
export const dialectOf = (connection: Connection): SystemDialect => ({
  text: sql`text`,
  columnsOf: (table) =>
    settled(() =>
      connection.database
        .prepare('select name from pragma_table_info(?)')
        .all(table)
        .map(({ name }) => String(name)),
    ),
});

/** Writes on a connection, within whatever transaction it is in. */
export const writesOn = (connection: Connection, system: RowWrites['system']): RowWrites => {
  let depth = 0;
  return {
    system,
    createTable: (table, { indexes } = { indexes: 'now' }) =>
      settled(() => {
        connection.exec(tableDdl(table));
        if (indexes === 'now') for (const statement of indexDdl(table)) connection.exec(statement);
      }),
    createIndexes: (table) =>
      settled(() => {
        // Sorted in files, 16 MiB at a time; in memory only where no file can be made: 100 bytes a row would not be bounded.
        connection.exec('pragma temp_store = file; pragma cache_size = -16384');
        try {
          for (const statement of indexDdl(table)) connection.exec(statement);
        } catch (error) {
          if ((Number((error as { errcode?: unknown }).errcode) & 0xff) !== CANTOPEN) throw error;
          connection.exec('pragma temp_store = memory');
          for (const statement of indexDdl(table)) connection.exec(statement);
        } finally {
          connection.exec(`pragma temp_store = memory; pragma cache_size = -${String(WRITER_CACHE_KIB)}`);
        }
      }),
    dropTable: (name) =>
      settled(() => {
        connection.exec(`drop table if exists "${name}"`);
      }),
    empty: (name, limit) =>
      settled(() =>
        connection.database.prepare('select 1 from sqlite_schema where name = ?').get(name) === undefined
          ? 0
          : Number(
              connection.database
                .prepare(`delete from "${name}" where rowid in (select rowid from "${name}" limit ?)`)
                .run(limit).changes,
            ),
      ),
    upsert: (table, rows) => settled(() => upsertRows(connection, table, rows)),
    remove: (table, keys) =>
      settled(() => {
        removeRows(connection, table, keys);
      }),
    savepoint: async (work) => {
      const name = `s${String(++depth)}`;
      connection.exec(`savepoint ${name}`);
      try {
        const value = await work();
        connection.exec(`release ${name}`);
        return value;
      } catch (error) {
        connection.exec(`rollback to ${name}; release ${name}`);
        throw error;
      } finally {
        depth--;
      }
    },
  };
};

/** Reads on a connection, of whatever moment it shows. */
export const readsOn = (connection: Connection, system: RowReads['system']): RowReads => ({
  system,
  count: ({ name }) =>
    settled(() => Number(connection.prepare(`select count(*) as n from "${name}"`).statement.get()?.['n'])),
  scan: async function* (table: Table, pageSize: number) {
    let page = scanPage(connection, table, null, pageSize);
    while (page.length > 0) {
      yield page;
      const end = page.at(-1);
      if (end === undefined || page.length < pageSize) return;
      page = scanPage(connection, table, end.key, pageSize);
    }
  },
});

const settled = <T>(work: () => T): Promise<T> =>
  new Promise((resolve) => {
    resolve(work());
  });

/** The queries' side over the same file: up to `connections` snapshots at a time, the others wait in line, and one more that scans. The file must exist. */
export const openSqliteReadSource = (path: string, connections = 4): ReadSource => {
  type Lane = { readonly connection: Connection; readonly db: ReturnType<typeof kyselyOver<SystemTables>> };
  const free: Lane[] = [];
  const waiting: ((lane: Lane) => void)[] = [];
  let opened = 0;

  const lease = (): Promise<Lane> | Lane => {
    const lane = free.pop();
    if (lane !== undefined) return lane;
    if (opened >= connections) return new Promise((resolve) => waiting.push(resolve));
    const connection = openReadDatabase(path, 'read');
    opened++;
    return { connection, db: kyselyOver<SystemTables>(connection) };
  };
  const release = (lane: Lane): void => {
    const next = waiting.shift();
    if (next === undefined) free.push(lane);
    else next(lane);
  };

  const scanning = new ScanLane<SystemTables>(path);

  const source: ReadSource = {
    snapshot: async (work, { scans = false } = {}) => {
      if (scans) {
        return scanning
          .snapshot((db) => work(db, systemOf(db, clock)))
          .catch((error: unknown) => {
            throw explain(path, error);
          });
      }
      const lane = await lease();
      try {
        lane.connection.exec('begin');
        return await work(lane.db, systemOf(lane.db, clock));
      } catch (error) {
        throw explain(path, error);
      } finally {
        if (lane.connection.database.isTransaction) lane.connection.exec('rollback');
        release(lane);
      }
    },
    notReady: () => notReadyBy(source),
    close: async () => {
      for (const { connection } of free.splice(0)) connection.close();
      await scanning.close();
    },
  };
  return source;
};
