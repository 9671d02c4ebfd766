import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { SqliteDialect, Kysely } from 'kysely';
import { ReadStoreUnusable } from '../port.js';

/** 'Port' in ASCII: says that the file is ours. */
const APPLICATION_ID = 0x506f7274;
/** The declared type of json columns. It has the text affinity, and tells readers what to parse. */
export const JSON_TYPE = 'JSON_TEXT';
const STATEMENTS = 200;
/** For the writer: rows of a batch lie all over a big table, and every page is written once per batch. 64 MiB are no faster. */
export const WRITER_CACHE_KIB = 32_768;

type Column = { readonly name: string; readonly json: boolean };
/** `columns` of what it gives: none if it is not a query. */
type Cached = { readonly statement: StatementSync; readonly columns: readonly Column[] };

/** One connection with a bounded cache of statements. */
export class Connection {
  readonly #cache = new Map<string, Cached>();
  constructor(readonly database: DatabaseSync) {}

  prepare(sql: string): Cached {
    let cached = this.#cache.get(sql);
    if (cached === undefined) {
      const statement = this.database.prepare(sql);
      cached = {
        statement,
        columns: statement.columns().map(({ name, type }) => ({ name, json: type === JSON_TYPE })),
      };
      if (this.#cache.size >= STATEMENTS) {
        const oldest = this.#cache.keys().next();
        if (oldest.done !== true) this.#cache.delete(oldest.value);
      }
    } else {
      this.#cache.delete(sql);
    }
    this.#cache.set(sql, cached);
    return cached;
  }

  exec(sql: string): void {
    this.database.exec(sql);
  }

  close(): void {
    this.#cache.clear();
    if (this.database.isOpen) this.database.close();
  }
}

/** The rows that a statement gives, none if it is not a query. Json columns come out parsed, as PostgreSQL gives them. */
export const rowsOf = ({ statement, columns }: Cached, parameters: readonly unknown[]): unknown[] => {
  if (columns.length === 0) {
    statement.run(...(parameters as SQLInputValue[]));
    return [];
  }
  // The objects that SQLite would give have no shape: making and reading them takes twice as long.
  statement.setReturnArrays(true);
  const found = statement.all(...(parameters as SQLInputValue[])) as unknown as readonly (readonly unknown[])[];
  return found.map((values) => {
    const row: Record<string, unknown> = {};
    let at = 0;
    for (const { name, json } of columns) {
      const value = values[at++];
      row[name] = json && typeof value === 'string' ? JSON.parse(value) : value;
    }
    return row;
  });
};

/** Kysely over this connection. */
export const kyselyOver = <DB>(connection: Connection): Kysely<DB> =>
  new Kysely<DB>({
    dialect: new SqliteDialect({
      database: {
        close: () => {
          connection.close();
        },
        prepare: (text) => {
          const cached = connection.prepare(text);
          return {
            reader: cached.columns.length > 0,
            all: (parameters) => rowsOf(cached, parameters),
            run: (parameters) => cached.statement.run(...(parameters as SQLInputValue[])),
            iterate: (parameters) => rowsOf(cached, parameters).values(),
          };
        },
      },
    }),
  });

/**
 * Opens the file for writing (creating it) or for reading only.
 * Throws ReadStoreUnusable with one sentence where it is foreign, corrupt, or may not be written.
 */
export const openReadDatabase = (path: string, mode: 'write' | 'read'): Connection =>
  explained(path, () => {
    const database = new DatabaseSync(path, { timeout: 5000, readOnly: mode === 'read' });
    try {
      if (mode === 'write') claim(path, database);
      database.exec(
        `pragma cache_size = -${String(mode === 'write' ? WRITER_CACHE_KIB : 8_192)}; pragma temp_store = memory`,
      );
      return new Connection(database);
    } catch (error) {
      database.close();
      throw error;
    }
  });

const claim = (path: string, database: DatabaseSync): void => {
  const id = Number(database.prepare('pragma application_id').get()?.['application_id']);
  const tables = Number(database.prepare('select count(*) as n from sqlite_schema').get()?.['n']);
  if (id !== APPLICATION_ID && tables > 0) {
    throw new ReadStoreUnusable(
      `${path} is a database of something else: move it away or configure another path for the read store`,
    );
  }
  // Pages of 8 KiB: a quarter less CPU for bulk and for single rows than with 4 (16 makes single commits dearer). Of a new file only.
  if (tables === 0) database.exec('pragma page_size = 8192');
  database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma secure_delete = on');
  // Twice what a bulk write leaves in the WAL: cutting it takes the writer's commit 70 ms.
  database.exec('pragma journal_size_limit = 134217728');
  if (id !== APPLICATION_ID) database.exec(`pragma application_id = ${String(APPLICATION_ID)}`);
};

const HINTS: Readonly<Record<number, string>> = {
  8: 'may not be written: give this user the right to write it and its folder',
  10: 'cannot be read or written (input/output error): check the disk; the file may be deleted at any time, it is rebuilt from the log',
  11: 'is damaged: stop, delete it and start again, it is rebuilt from the log (read.db may be deleted at any time)',
  13: 'cannot grow, the disk is full: free some space',
  14: 'cannot be opened: its folder must exist and be writable',
  26: 'is not a database: if it is no file of yours delete it and start again, it is rebuilt from the log (read.db may be deleted at any time)',
};

/**
 * Damage, no database. Input and output are not among them: a commit here waits for no disk (`synchronous = normal`), so that one
 * which failed was not written, whatever the disk does, and the next try may find a disk that works again.
 */
const FINAL: ReadonlySet<number> = new Set([11, 26]);

/** Runs the work; what SQLite says of the file itself becomes one sentence for the operator. */
export const explained = <T>(path: string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw explain(path, error);
  }
};

export const explain = (path: string, error: unknown): unknown => {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  const hint = typeof code === 'number' ? HINTS[code & 0xff] : undefined;
  if (typeof code !== 'number' || hint === undefined) return error;
  return new ReadStoreUnusable(`the read store ${path} ${hint}`, { cause: error, final: FINAL.has(code & 0xff) });
};
