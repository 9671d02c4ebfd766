import { sql, type Expression, type Kysely, type RawBuilder, type SqlBool } from 'kysely';
import { searchTerm, type contactCard } from '#contacts';
import type { Caller, RowIn } from '#kernel';
import { problem } from '#platform';
import type { walletList } from '#wallets';

/** The one filter of access: in every list, count, search and single read [B14]. `inbox` is the alias of the conversations' table. */
export const mayRead = (caller: Caller, inbox = 'inbox'): Expression<SqlBool> => {
  const assignee = sql.ref(`${inbox}.assignee_id`);
  if (caller.role !== 'agent' || caller.access === 'all') return sql<SqlBool>`1 = 1`;
  return caller.access === 'assigned_only'
    ? sql<SqlBool>`${assignee} = ${caller.id}`
    : sql<SqlBool>`(${assignee} = ${caller.id} or ${assignee} is null)`;
};

export const seesEverything = (caller: Caller): boolean => caller.role !== 'agent' || caller.access === 'all';

const COUNTS_HIDDEN: ReadonlySet<string> = new Set(['supervisor', 'admin', 'auditor']);

/** May the caller know how much of what a blocked customer sent is not shown [I4]? */
export const countsHidden = ({ role }: Caller): boolean => COUNTS_HIDDEN.has(role);

/** A part of a text, whatever `%` and `_` it holds. */
export const containing = (term: string): string => `%${term.replace(/[\\%_]/g, (special) => `\\${special}`)}%`;

type Cards = { readonly contact_card: RowIn<typeof contactCard> };
/** More than so many are found soon by going along the list. */
const FEW = 1000;

/** `condition` for a query that joins `contact_card`; `ordered` makes what it orders by of the name of a text column. */
type Search = {
  readonly condition: Expression<SqlBool>;
  readonly ordered: (column: string) => Expression<string>;
};

const everybody: Search = { condition: sql<SqlBool>`1 = 1`, ordered: (column) => sql.ref(column) };

/**
 * Whose name or address has that part; `contact` names the column of contact ids. Few are found by one look at all cards:
 * going along a list for them would look up a card for each of its rows.
 */
export const searched = async (
  db: Kysely<Cards>,
  tenant: string,
  search: string | undefined,
  contact: string,
): Promise<Search> => {
  if (search === undefined) return everybody;
  const has = (column: string): RawBuilder<SqlBool> =>
    sql<SqlBool>`${sql.ref(column)} like ${containing(searchTerm(search))} escape '\\'`;
  const few = await db
    .selectFrom('contact_card')
    .select('contact_id')
    .where('tenant', '=', tenant)
    .where(has('search_text'))
    .limit(FEW + 1)
    .execute();
  if (few.length > FEW) return { ...everybody, condition: has('contact_card.search_text') };
  return {
    condition:
      few.length === 0
        ? sql<SqlBool>`1 = 0`
        : sql<SqlBool>`${sql.ref(contact)} in (${sql.join(few.map((row) => row.contact_id))})`,
    // An expression has no index: the list is not gone along, what was found is sorted.
    ordered: (column) => sql<string>`${sql.ref(column)} || ''`,
  };
};

/** Is the contact in the wallet? `contact` names the column of the outer query. */
export const inWallet = (tenant: string, walletId: string, contact: string): Expression<SqlBool> =>
  sql<SqlBool>`${sql.ref(contact)} in (select w.contact_id from ${sql.table('wallet_contacts')} as w
    where w.tenant = ${tenant} and w.wallet_id = ${walletId})`;

type Wallets = { readonly wallets: RowIn<typeof walletList> };

/** Throws Problem 404. */
export const mustBeWallet = async (db: Kysely<Wallets>, tenant: string, walletId: string): Promise<void> => {
  const wallet = await db
    .selectFrom('wallets')
    .select('wallet_id')
    .where('tenant', '=', tenant)
    .where('wallet_id', '=', walletId)
    .executeTakeFirst();
  if (wallet === undefined) throw problem('not-found');
};
