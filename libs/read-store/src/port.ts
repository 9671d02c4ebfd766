import type { TableSpec } from '#kernel';
import type { Kysely } from 'kysely';
import type { System } from './system.js';
import type { SystemTables } from './system-tables.js';

/** A row as folds see it: the projection's columns, json parsed; keys stand apart. */
export type Row = Readonly<Record<string, unknown>>;
/** The tenant, then the values of `TableSpec.key` in its order. */
export type Key = readonly string[];
/** `fresh`: the table is known to hold no row of this key, so that a store may take a shorter way to write it. */
export type KeyedRow = { readonly key: Key; readonly row: Row; readonly fresh?: boolean };

/** One generation's table. */
export type Table = { readonly name: string; readonly spec: TableSpec };

export const tableName = (projection: string, generation: number): string => `${projection}__g${String(generation)}`;

/** The engine's side of the read store. All adapters pass `test/conformance/row-store.suite.ts`. Nothing in it is a fact. */
export interface RowStore {
  /** No other process can write here while this one has it open: seats are taken from the dead at once, and nobody else leaves requests. */
  readonly exclusive: boolean;
  /** Creates what is missing. Throws ReadStoreUnusable with one sentence that says what to do. */
  migrate(): Promise<void>;
  /** One write transaction; all or nothing. Calls queue; the work must use nothing but `tx`. */
  write<T>(work: (tx: RowWrites) => Promise<T>): Promise<T>;
  /** The committed rows in the order of the keys, `null` where there is none. One query for many keys. */
  load(table: Table, keys: readonly Key[]): Promise<readonly (Row | null)[]>;
  /** Reads of one moment, on a connection of its own: the writer goes on meanwhile. */
  snapshot<T>(work: (view: RowReads) => Promise<T>): Promise<T>;
  /** Small writes of their own beside a long `write`, where the store has more than one writer: leases, requests. */
  aside<T>(work: (system: System) => Promise<T>): Promise<T>;
  /** Takes what was overwritten and deleted off the disk, as far as the store can. False: somebody reads it just now, try again. */
  purge(tables: readonly string[]): Promise<boolean>;
  close(): Promise<void>;
}

export interface RowWrites {
  readonly system: System;
  /** The table with `tenant` first in its primary key; `indexes: 'later'` = without secondary ones, until `createIndexes`. */
  createTable(table: Table, options?: { readonly indexes: 'now' | 'later' }): Promise<void>;
  /** Those that are missing. Takes as long as the table is big: for tables that nobody waits for. */
  createIndexes(table: Table): Promise<void>;
  dropTable(name: string): Promise<void>;
  /** Deletes up to `limit` rows of a table of any form and returns how many it were: big tables go in slices, so that nobody waits. */
  empty(name: string, limit: number): Promise<number>;
  /**
   * Inserts or replaces; a key stands at most once in `rows`. Throws UnfitRow for a value that its column cannot hold.
   * Returns about how many characters the rows have.
   */
  upsert(table: Table, rows: readonly KeyedRow[]): Promise<number>;
  remove(table: Table, keys: readonly Key[]): Promise<void>;
  /** What the work wrote is undone if it throws; the transaction itself goes on. */
  savepoint<T>(work: () => Promise<T>): Promise<T>;
}

export interface RowReads {
  readonly system: System;
  /** How many rows the table has. */
  count(table: Table): Promise<number>;
  /** All rows in the order of their keys, in pages. */
  scan(table: Table, pageSize: number): AsyncIterable<readonly KeyedRow[]>;
}

/** The queries' side: reads of one moment, several at a time. */
export interface ReadSource {
  /** `db` reads one snapshot and is valid until the promise of `work` settles. `scans`: it may look at every row of a table, for which nothing else shall wait. */
  snapshot<T>(
    work: (db: Kysely<SystemTables>, system: System) => Promise<T>,
    options?: { readonly scans?: boolean },
  ): Promise<T>;
  /** Why nothing can be read now, one sentence without anybody's data; null while it can. Never rejects. */
  notReady(): Promise<string | null>;
  close(): Promise<void>;
}

/**
 * The read store cannot be used as it is. The message is one sentence for the operator.
 * `final`: not by this process any more, as where the file is damaged; what is in the way otherwise may pass.
 */
export class ReadStoreUnusable extends Error {
  readonly final: boolean;
  constructor(message: string, options: ErrorOptions & { readonly final?: boolean } = {}) {
    super(message, options);
    this.final = options.final ?? false;
    this.name = 'ReadStoreUnusable';
  }
}

/** A fold made a value that its column cannot hold: a bug in the projection, the same on every try. `row` is its place in the list given. */
export class UnfitRow extends Error {
  constructor(
    table: string,
    column: string,
    readonly row: number,
    what: string,
  ) {
    super(`column ${column} of ${table} cannot hold ${what}`);
    this.name = 'UnfitRow';
  }
}

/** Somebody else holds the seat now (a newer epoch), or moved the checkpoint under us: this engine must stop writing. */
export class Fenced extends Error {
  constructor(name: string) {
    super(`another projector holds ${name} now`);
    this.name = 'Fenced';
  }
}
