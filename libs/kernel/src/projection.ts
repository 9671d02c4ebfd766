import type { Event, Recorded } from './event.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** A column's form. `json` holds any JSON value and is not for conditions in queries. Integers are safe integers; flags are 0 or 1. */
export type Column<T = unknown> = {
  readonly type: 'text' | 'integer' | 'json';
  readonly nullable: boolean;
  /** Only at compile time. */
  readonly __value?: T;
};

export const text: Column<string> = { type: 'text', nullable: false };
export const integer: Column<number> = { type: 'integer', nullable: false };
export const json = <T>(): Column<T> => ({ type: 'json', nullable: false });
export const nullable = <T>(column: Column<T>): Column<T | null> => ({ type: column.type, nullable: true });

export type Columns = Readonly<Record<string, Column>>;
export type RowOf<C extends Columns> = { readonly [K in keyof C]: C[K] extends Column<infer T> ? T : never };
export type KeyOf<K extends readonly string[]> = Readonly<Record<K[number], string>>;

export type TableSpec = {
  /** Text columns that stand, after `tenant`, before all others; together they are the primary key. */
  readonly key: readonly string[];
  readonly columns: Columns;
  /** Each a list of columns (`tenant` comes first by itself); ` desc` may follow a name. */
  readonly indexes: readonly (readonly string[])[];
  /** The text column of which queries look for a part: each such query looks at all rows of its tenant. */
  readonly searched?: string;
};

/**
 * A read model as data: a pure fold of facts into rows, each found by its key. No clock, no settings, no other table;
 * what needs two of them is joined by the query. The tenant is part of every key and is added by the engine.
 */
export type Projection<E extends Event = Event> = {
  readonly name: string;
  /** Bumped whenever the rows of the same facts change; the engine then rebuilds it beside the old one. */
  readonly version: number;
  readonly table: TableSpec;
  /** Types whose personal values the folds need in clear; only the contact card does. */
  readonly opens: readonly string[];
  /** Types that are folded even while earlier events of their row wait for a repair: an erasure does not wait for one. */
  readonly passesParking: readonly string[];
  /** Columns by whose values the engine keeps the number of rows, to be asked for as `{name}_counts`: counting a million rows takes too long. */
  readonly counts: { readonly by: readonly string[] } | null;
  /** The category whose events set the column `revision` of their row, heard or not changed otherwise. */
  readonly revisionOf: string | null;
  /** The rows that an event touches. */
  readonly keysOf: (event: Recorded<E>) => readonly Readonly<Record<string, string>>[];
  /** By type; `null` deletes the row or leaves it absent. */
  readonly on: Readonly<Record<string, Fold>>;
};

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- erased: `projection()` below checks the real types
export type Fold = (row: any, event: any, key: any) => Readonly<Record<string, unknown>> | null;

type TypedFold<R, K, E> = (row: R | null, event: E, key: K) => R | null;
type KeysOfUnion<T> = T extends unknown ? keyof T : never;
/** `{ ...row, misspelt: 1 }` is assignable to a row; this finds what is not a column. */
type Exact<R, M> = {
  readonly [T in keyof M]: M[T] extends (...args: never) => infer O
    ? Exclude<KeysOfUnion<Exclude<O, null | undefined>>, keyof R> extends never
      ? M[T]
      : { readonly 'not a column': Exclude<KeysOfUnion<Exclude<O, null | undefined>>, keyof R> }
    : never;
};

type Definition<
  E extends Event,
  C extends Columns,
  K extends readonly string[],
  M extends { readonly [T in E['type']]: TypedFold<RowOf<C>, KeyOf<K>, Recorded<Extract<E, { type: T }>>> },
> = {
  readonly name: string;
  readonly version: number;
  readonly table: {
    readonly key: K;
    readonly columns: C;
    readonly indexes?: readonly (readonly (
      | Extract<keyof NoInfer<C>, string>
      | NoInfer<K>[number]
      | `${Extract<keyof NoInfer<C>, string>} desc`
      | `${NoInfer<K>[number]} desc`
    )[])[];
    readonly searched?: Extract<keyof NoInfer<C>, string>;
  };
  readonly opens?: readonly NoInfer<E>['type'][];
  readonly passesParking?: readonly NoInfer<E>['type'][];
  readonly counts?: { readonly by: readonly Extract<keyof NoInfer<C>, string>[] };
  readonly revisionOf?: string;
  readonly keyOf: (event: Recorded<E>) => KeyOf<NoInfer<K>> | readonly KeyOf<NoInfer<K>>[] | null;
  readonly on: M & Exact<RowOf<NoInfer<C>>, NoInfer<M>>;
};

/**
 * Defines a projection over the events of `E`: `projection<ContactEvent>()({ … })`.
 * `on` is total over the union, and a fold cannot return what is not a column.
 */
export const projection =
  <E extends Event>() =>
  <
    const C extends Columns,
    const K extends readonly string[],
    M extends { readonly [T in E['type']]: TypedFold<RowOf<C>, KeyOf<K>, Recorded<Extract<E, { type: T }>>> },
  >(
    definition: Definition<E, C, K, M>,
  ): Projection<E> & { readonly __row?: RowOf<C> & KeyOf<K> } => ({
    name: definition.name,
    version: definition.version,
    table: {
      key: definition.table.key,
      columns: definition.table.columns,
      indexes: definition.table.indexes ?? [],
      ...(definition.table.searched === undefined ? {} : { searched: definition.table.searched }),
    },
    opens: definition.opens ?? [],
    passesParking: definition.passesParking ?? [],
    counts: definition.counts ?? null,
    revisionOf: definition.revisionOf ?? null,
    keysOf: (event) => {
      const keys = definition.keyOf(event);
      return keys === null ? [] : Array.isArray(keys) ? (keys as KeyOf<K>[]) : [keys as KeyOf<K>];
    },
    on: definition.on,
  });

/** The row of a projection as queries see it, key columns and tenant included. */
export type RowIn<P> = P extends { readonly __row?: infer R } ? R & { readonly tenant: string } : never;

/** The row's next value: the fold of the event's type, then the stream's revision where the projection keeps it. */
export const foldRow = (
  projection: Projection,
  row: Readonly<Record<string, unknown>> | null,
  event: Recorded,
  key: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> | null => {
  const next = projection.on[event.type]?.(row, event, key) ?? null;
  return next !== null && projection.revisionOf === event.category ? { ...next, revision: event.revision } : next;
};
