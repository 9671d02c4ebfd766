import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';
import { partsOf } from './consistency-token.js';
import { problem } from './problem.js';

/** The key of the last row given. */
export type CursorValue = string | number | boolean | null;

type TypeName = 'string' | 'number' | 'boolean' | 'string?' | 'number?' | 'boolean?';
type ValueOf<T> = T extends 'string'
  ? string
  : T extends 'number'
    ? number
    : T extends 'boolean'
      ? boolean
      : T extends 'string?'
        ? string | null
        : T extends 'number?'
          ? number | null
          : boolean | null;
type ValuesOf<T extends readonly TypeName[]> = { readonly [I in keyof T]: ValueOf<T[I]> };

/** A keyset cursor bound to the filters (and order) of its list. Filters that are `undefined` count as absent. */
export const encodeCursor = (values: readonly CursorValue[], filters: Readonly<Record<string, unknown>>): string =>
  Buffer.from(JSON.stringify([1, digest(filters), ...values])).toString('base64url');

/**
 * The values of a cursor, of the types named (`?` allows null): `decodeCursor(cursor, filters, ['string', 'number?'])`.
 * Throws Problem 400 `cursor-invalid` for other filters, types or what `encodeCursor` did not make.
 */
export const decodeCursor = <const T extends readonly TypeName[]>(
  cursor: string,
  filters: Readonly<Record<string, unknown>>,
  types: T,
): ValuesOf<T> => {
  const [version, bound, ...values] = partsOf(cursor) ?? [];
  const fits =
    version === 1 &&
    bound === digest(filters) &&
    values.length === types.length &&
    types.every((type, index) => isOfType(values[index], type));
  if (!fits) throw problem('cursor-invalid');
  return values as unknown as ValuesOf<T>;
};

const isOfType = (value: unknown, type: TypeName): boolean =>
  type.endsWith('?') ? value === null || typeof value === type.slice(0, -1) : typeof value === type;

const digest = (filters: Readonly<Record<string, unknown>>): string =>
  createHash('sha256').update(canonicalJson(filters)).digest('base64url').slice(0, 16);

/** One page of a list, as every list answers. */
export type List<T> = { readonly items: readonly T[]; readonly nextCursor: string | null };

/** How much of a list is asked for; as `ListQuery` has it. */
export type Page = { readonly limit: number; readonly cursor?: string | undefined };

/**
 * The page that `limit + 1` rows make: the rows to show, and the cursor behind the last of them if there are more.
 * `keyOf` gives the values that `decodeCursor` will read.
 */
export const pageOf = <R>(
  found: readonly R[],
  limit: number,
  filters: Readonly<Record<string, unknown>>,
  keyOf: (last: R) => readonly CursorValue[],
): { readonly rows: readonly R[]; readonly nextCursor: string | null } => {
  const rows = found.slice(0, limit);
  const last = found.length > limit ? rows.at(-1) : undefined;
  return { rows, nextCursor: last === undefined ? null : encodeCursor(keyOf(last), filters) };
};
