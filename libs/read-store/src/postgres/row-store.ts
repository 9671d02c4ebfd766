import { sql } from 'kysely';
import { connect, openPool, ownSchema, quoted, sqlState, unhurried, type Client } from '#postgres';
import { UnfitRow, type KeyedRow, type RowReads, type RowStore, type RowWrites, type Table } from '../port.js';
import { LIVE, migrateSystem, type SystemTables } from '../system-tables.js';
import { checkpointChannel } from './moves.js';
import {
  copyRows,
  indexDdl,
  loadRows,
  removeRows,
  scanPage,
  stageRows,
  tableDdl,
  TEXT,
  upsertRows,
  type Which,
} from './rows.js';
import { inSnapshot } from './snapshot.js';
import { guardTable, prepareReaders, READER, Views, type ViewLog } from './views.js';
import { kyselyOver, systemOver, told, Writer } from './writer.js';

/** Rows from which on COPY is worth its more round trips. */
const COPY_FROM = 100;
/** No statement runs longer, but for the making of indexes. */
const WRITE_MS = 60_000;
const BESIDE_MS = 10_000;
/** A verification, an estimate and whoever looks beside. */
const SNAPSHOTS = 4;
/** One process makes our tables at a time. */
const MIGRATION_LOCK = 7_365_023_110;

/**
 * The engine's side over one PostgreSQL: one connection writes, another writes what stands beside, each snapshot has one of a few.
 * Never throws itself; nothing is connected before it is used. `log` is told what becomes of the views for other teams.
 */
export const openPostgresRowStore = (url: string, log: ViewLog = () => undefined): RowStore => {
  const views = new Views(url, log);
  const writer = new Writer(url, 'writer', WRITE_MS);
  const beside = new Writer(url, 'beside', BESIDE_MS);
  const snapshots = openPool(url, { name: 'snapshots', statementMs: 0 }, SNAPSHOTS);
  let channel: string | null = null;
  return {
    exclusive: false,
    migrate: async () => {
      const readers = await writer.transaction(migrate);
      if (!readers)
        log(
          'warn',
          `The role ${READER} does not exist and this user may not create it: other teams cannot read the views until somebody runs the SQL of docs/read-models.md.`,
        );
      views.publish();
    },
    write: async (work) => {
      const tx = { moved: null as string | null, swapped: false };
      const value = await writer.transaction((client) => work(writesOn(client, tx)));
      const { moved, swapped } = tx;
      if (swapped) views.publish();
      if (moved !== null) {
        // Behind the commit and awaited by the next write only; one that is lost is made up for by polling.
        writer
          .run(async (client) => {
            channel ??= checkpointChannel((await ownSchema(client)).name);
            await client.query('select pg_notify($1, $2)', [channel, moved]);
          })
          .catch(() => undefined);
      }
      return value;
    },
    aside: (work) => beside.transaction((client) => work(systemOver(client))),
    load: (table, keys) => writer.run((client) => loadRows(client, table, keys)),
    snapshot: (work) =>
      inSnapshot(snapshots, async (client) => {
        const view = readsOn(client);
        await view.system.touch();
        return work(view);
      }),
    // Pages, WAL, replicas and backups keep what was there until they are reused or run out.
    purge: async (tables) => {
      try {
        const client = await connect(url, { name: 'purge', statementMs: 0 });
        try {
          for (const table of tables) await client.query(`vacuum ${quoted(table)}`);
        } finally {
          await client.end().catch(() => undefined);
        }
      } catch (error) {
        throw told(error);
      }
      return true;
    },
    close: async () => {
      await views.close();
      await writer.close();
      await beside.close();
      if (!snapshots.ended) await snapshots.end();
    },
  };
};

/** Returns whether the role of the views' readers exists. */
const migrate = async (client: Client): Promise<boolean> => {
  await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
  const schema = await ownSchema(client);
  if (!schema.exists) await client.query(`create schema ${quoted(schema.name)}`);
  await migrateSystem(kyselyOver<SystemTables>(client), {
    text: sql.raw(TEXT),
    columnsOf: async (table) => {
      const { rows } = await client.query<{ name: string }>(
        'select attname as name from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped',
        [`${quoted(schema.name)}.${quoted(table)}`],
      );
      return rows.map(({ name }) => name);
    },
  });
  return prepareReaders(client, schema.name);
};

/** `tx.moved` becomes the live checkpoint's new position; `tx.swapped`: other tables are live. */
const writesOn = (client: Client, tx: { moved: string | null; swapped: boolean }): RowWrites => {
  const system = systemOver(client);
  let depth = 0;
  return {
    system: {
      ...system,
      advance: async (name, from, to) => {
        await system.advance(name, from, to);
        if (name === LIVE) tx.moved = to.position;
      },
      countSwap: async () => {
        await system.countSwap();
        tx.swapped = true;
      },
    },
    createTable: async (table, { indexes } = { indexes: 'now' }) => {
      await client.query(tableDdl(table));
      await guardTable(client, table.name);
      if (indexes === 'now') for (const statement of indexDdl(table)) await client.query(statement);
    },
    createIndexes: async (table) => {
      await client.query(`set local statement_timeout = 0; set local maintenance_work_mem = '128MB'`);
      for (const statement of indexDdl(table)) await client.query(unhurried(statement));
      await client.query(unhurried(`analyze ${quoted(table.name)}`));
    },
    dropTable: async (name) => {
      // Whoever still reads it must not keep the writer, and with it the live read models, waiting.
      await client.query(`set local lock_timeout = '100ms'; drop table if exists ${quoted(name)}; reset lock_timeout`);
    },
    empty: async (name, limit) => {
      const { rows } = await client.query<{ known: boolean }>('select to_regclass($1) is not null as known', [
        quoted(name),
      ]);
      if (rows[0]?.known !== true) return 0;
      const table = quoted(name);
      const sql = `delete from ${table} where ctid = any(array(select ctid from ${table} limit $1))`;
      return (await client.query(sql, [limit])).rowCount ?? 0;
    },
    upsert: async (table, rows) => {
      let fresh = 0;
      for (const row of rows) if (isFresh(row)) fresh++;
      const bulk = fresh >= COPY_FROM;
      let characters = 0;
      try {
        if (bulk) characters += await copyRows(client, table, rows, isFresh);
        const rest: Which = bulk ? (row) => !isFresh(row) : all;
        const left = bulk ? rows.length - fresh : rows.length;
        if (left >= COPY_FROM) characters += await stageRows(client, table, rows, rest);
        else if (left > 0) characters += await upsertRows(client, table, rows, rest);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        const at = await unfit(client, table, rows, depth);
        if (at === null) throw error;
        throw new UnfitRow(
          table.name,
          columnOf(error),
          at,
          `what the row gives it (PostgreSQL ${String(sqlState(error))})`,
        );
      }
      return characters;
    },
    remove: (table, keys) => removeRows(client, table, keys),
    savepoint: async (work) => {
      const name = `s${String(++depth)}`;
      await client.query(`savepoint ${name}`);
      try {
        const value = await work();
        await client.query(`release savepoint ${name}`);
        return value;
      } catch (error) {
        await client.query(`rollback to savepoint ${name}; release savepoint ${name}`).catch(() => undefined);
        throw error;
      } finally {
        depth--;
      }
    },
  };
};

const isFresh: Which = ({ fresh }) => fresh === true;
const all: Which = () => true;

/** Data that the table refuses: of no form, against a constraint, too large for an index. The same on every try, but for a key that is there already. */
const isRefusal = (error: unknown): boolean => /^(22|23(?!505)|54)/.test(sqlState(error) ?? '');

const columnOf = (error: unknown): string => {
  const column = (error as { column?: unknown }).column;
  return typeof column === 'string' ? column : 'of some name';
};

/**
 * The first row that cannot be written, found by halves; null if all can. The transaction had failed: what it wrote since its last savepoint
 * is undone before the search and after it, and without a savepoint it stays failed.
 */
const unfit = async (
  client: Client,
  table: Table,
  rows: readonly KeyedRow[],
  depth: number,
): Promise<number | null> => {
  const back = depth > 0 ? `rollback to savepoint s${String(depth)}` : 'rollback; begin';
  await client.query(back);
  let [from, to] = [0, rows.length];
  while (from < to) {
    const middle = from + Math.ceil((to - from) / 2);
    await client.query('savepoint search');
    try {
      await upsertRows(client, table, rows.slice(from, middle), all);
      if (middle === to) break; // Only the first halves are known to hold a bad row by elimination.
      from = middle;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await client.query('rollback to savepoint search');
      if (middle - from === 1) {
        await fail(client, back);
        return from;
      }
      to = middle;
    }
  }
  await fail(client, back);
  return null;
};

const fail = async (client: Client, back: string): Promise<void> => {
  await client.query(back);
  if (back.startsWith('rollback;')) await client.query('select 1 / 0').catch(() => undefined);
};

const readsOn = (client: Client): RowReads => ({
  system: systemOver(client),
  count: async ({ name }) => {
    const { rows } = await client.query<{ n: number }>(`select count(*) as n from ${quoted(name)}`);
    return rows[0]?.n ?? 0;
  },

  scan: async function* (table: Table, pageSize: number) {
    let page = await scanPage(client, table, null, pageSize);
    while (page.length > 0) {
      yield page;
      const end = page.at(-1);
      if (end === undefined || page.length < pageSize) return;
      page = await scanPage(client, table, end.key, pageSize);
    }
  },
});
