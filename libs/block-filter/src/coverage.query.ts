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

/** What the read models know of addresses; it does not change any more. */
export type KnownAddresses = {
  /** The valid claimants of one of the addresses asked for, oldest first. */
  holders(address: string, now: string): readonly Holder[];
};

/** Reads what is known of these addresses, in as many statements as their number needs. */
export const knownAddresses = async (
  db: Kysely<FilterTables>,
  tenant: string,
  addresses: readonly string[],
): Promise<KnownAddresses> => {
  const claims = await inChunks(addresses, (chunk) =>
    db
      .selectFrom('address_claims')
      .select(['address', 'identity_id', 'contact_id', 'claimed_at', 'claim_no'])
      .where('tenant', '=', tenant)
      .where('address', 'in', chunk)
      .execute(),
  );
  const contacts = await family(db, tenant, [...new Set(claims.map((claim) => claim.contact_id))]);
  const relatives = relativesIn(contacts);
  const byAddress = Map.groupBy(claims, (claim) => claim.address);
  return {
    holders: (address, now) => {
      const own = byAddress.get(address);
      if (own === undefined) return [];
      return holdersOf(
        // One address has few claims; the store would sort all of them.
        own
          .toSorted((a, b) => a.claim_no - b.claim_no)
          .map((claim) => ({
            contactId: claim.contact_id,
            identityId: claim.identity_id,
            claimedAt: claim.claimed_at,
          })),
        relatives(own.map((claim) => claim.contact_id)),
        now,
      );
    },
  };
};

/**
 * Of all contacts those that say what a few are now: themselves, those that absorbed them, and those frozen for any of these. Whoever
 * looks at one would go through all of them otherwise.
 */
const relativesIn = (
  contacts: ReadonlyMap<string, Contact>,
): ((contactIds: readonly string[]) => ReadonlyMap<string, Contact>) => {
  const absorbed = [...contacts.values()].filter((one) => one.status === 'absorbed');
  const frozenFor = Map.groupBy(absorbed, (one) => one.intoId);
  return (contactIds) => {
    const found = new Map<string, Contact>();
    const waiting = [...contactIds];
    for (let contactId = waiting.pop(); contactId !== undefined; contactId = waiting.pop()) {
      const contact = contacts.get(contactId);
      if (contact === undefined || found.has(contactId)) continue;
      found.set(contactId, contact);
      if (contact.status === 'absorbed') waiting.push(contact.intoId);
      for (const frozen of frozenFor.get(contactId) ?? []) waiting.push(frozen.contactId);
    }
    return found;
  };
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
  const addresses = await knownAddresses(db, tenant, [...new Set(addressOf.values())]);
  return ({ identityId, channel }) =>
    coverageOfHolders(addresses.holders(addressOf.get(identityId) ?? '', now), channel);
};

/** In the order of an index, so that a statement finds together what it looks for: pages of a big table are read once, not once a chunk. */
const inChunks = async <R>(
  all: readonly string[],
  read: (chunk: readonly string[]) => Promise<readonly R[]>,
): Promise<readonly R[]> => {
  const sorted = all.toSorted();
  const rows: R[] = [];
  for (let at = 0; at < sorted.length; at += CHUNK) rows.push(...(await read(sorted.slice(at, at + CHUNK))));
  return rows;
};
