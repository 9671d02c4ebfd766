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
