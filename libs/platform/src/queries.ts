import { After, Cursor, Limit, Wait } from './fields.js';
import { decodeToken, type ConsistencyToken } from './consistency-token.js';
import { decodeCursor, encodeCursor } from './cursor.js';

/** The parameters of every query: answer from read models that have seen the token's write, or wait for it. */
export class ConsistentQuery {
  @After() readonly after?: string;
  @Wait() readonly wait: number = 2000;
}

/** The parameters of every list. */
export class ListQuery extends ConsistentQuery {
  @Limit() readonly limit: number = 50;
  @Cursor() readonly cursor?: string;
}

/** What the query is to wait for and how many milliseconds. Throws Problem 400 `token-invalid`. */
export const consistencyOf = (
  query: ConsistentQuery,
): { readonly after: ConsistencyToken | null; readonly wait: number } => ({
  after: query.after === undefined ? null : decodeToken(query.after),
  wait: query.wait,
});

/** The body of a command that says nothing but what its path says; any field is refused. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- a body is described by its class, also one without fields
export class EmptyBody {}
/** A page of a list that is at hand as a whole; `list` is its name, `keyOf` tells its entries apart. Throws Problem 400 `cursor-invalid`. */
export const pageOfAll = <T>(
  all: readonly T[],
  keyOf: (entry: T) => string,
  list: string,
  { limit, cursor }: ListQuery,
): { items: T[]; nextCursor: string | null } => {
  const last = cursor === undefined ? null : decodeCursor(cursor, { list }, ['string'])[0];
  const from = last === null ? 0 : all.findIndex((entry) => keyOf(entry) === last) + 1;
  const items = all.slice(from, from + limit);
  const end = items.at(-1);
  const isMore = from + limit < all.length && end !== undefined;
  return { items, nextCursor: isMore ? encodeCursor([keyOf(end)], { list }) : null };
};
