import type { Kysely } from 'kysely';
import { coverageOfHolders, holdersOf, type Contact, type Coverage, type Holder } from '#contacts';
import type { RowIn } from '#kernel';
import type { addressClaims } from './address-claims.js';
import type { blockFilter } from './block-filter.js';

export type FilterTables = {
  readonly address_claims: RowIn<typeof addressClaims>;
  readonly block_filter: RowIn<typeof blockFilter>;
};

/** So many parameters one statement takes on every store. */
const CHUNK = 500;

/** The contacts of these ids, those that absorbed them, and those that were frozen for any of these. */
const family = async (
  db: Kysely<FilterTables>,
  tenant: string,
  contactIds: readonly string[],
): Promise<ReadonlyMap<string, Contact>> => {
  const contacts = new Map<string, Contact>();
  for (let asked = contactIds; asked.length > 0;) {
    const those = (column: 'contact_id' | 'into_id', chunk: readonly string[]) =>
      db
        .selectFrom('block_filter')
        .select(['contact_id', 'contact', 'into_id'])
        .where('tenant', '=', tenant)
        .where(column, 'in', chunk);
    // Two searches: one with "or" goes over every contact of the tenant.
    const rows = await inChunks(asked, (chunk) =>
      those('contact_id', chunk).unionAll(those('into_id', chunk)).execute(),
    );
    for (const row of rows) contacts.set(row.contact_id, row.contact);
    asked = [...new Set(rows.map((row) => row.into_id).filter((id) => id !== null && !contacts.has(id)))] as string[];
  }
  return contacts;
};

/** The valid claimants of addresses, oldest first, as the read models know them. */
export const holdersByAddress = async (
  db: Kysely<FilterTables>,
  tenant: string,
  addresses: readonly string[],
  now: string,
): Promise<ReadonlyMap<string, readonly Holder[]>> => {
  const claims = await inChunks(addresses, (chunk) =>
    db
      .selectFrom('address_claims')
      .select(['address', 'identity_id', 'contact_id', 'claimed_at'])
      .where('tenant', '=', tenant)
      .where('address', 'in', chunk)
      .orderBy('address')
      .orderBy('claim_no')
      .execute(),
  );
  const contacts = await family(db, tenant, [...new Set(claims.map((claim) => claim.contact_id))]);
  const byAddress = Map.groupBy(claims, (claim) => claim.address);
  return new Map(
    [...byAddress].map(([address, own]) => [
      address,
      holdersOf(
        own.map((claim) => ({
          contactId: claim.contact_id,
          identityId: claim.identity_id,
          claimedAt: claim.claimed_at,
        })),
        contacts,
        now,
      ),
    ]),
  );
};

/** The coverage of conversations' addresses, by identity id; of every holder of the address. */
export const coverageOfPlaces = async (
  db: Kysely<FilterTables>,
  tenant: string,
  places: readonly { readonly identityId: string; readonly channel: string }[],
  now: string,
): Promise<(place: { readonly identityId: string; readonly channel: string }) => readonly Coverage[]> => {
  const known = await inChunks([...new Set(places.map((place) => place.identityId))], (chunk) =>
    db
      .selectFrom('address_claims')
      .select(['identity_id', 'address'])
      .where('tenant', '=', tenant)
      .where('identity_id', 'in', chunk)
      .execute(),
  );
  const addressOf = new Map(known.map((row) => [row.identity_id, row.address]));
  const holders = await holdersByAddress(db, tenant, [...new Set(addressOf.values())], now);
  return ({ identityId, channel }) => coverageOfHolders(holders.get(addressOf.get(identityId) ?? '') ?? [], channel);
};

const inChunks = async <T, R>(
  all: readonly T[],
  read: (chunk: readonly T[]) => Promise<readonly R[]>,
): Promise<readonly R[]> => {
  const rows: R[] = [];
  for (let at = 0; at < all.length; at += CHUNK) rows.push(...(await read(all.slice(at, at + CHUNK))));
  return rows;
};
