import type { Kysely } from 'kysely';
import type { contactCard } from '#contacts';
import type { Position, RowIn } from '#kernel';
import type { Heard, Listener, Placed, Topic } from '#live';
import { eachInSlices, eventText } from '#platform';
import type { ReadModels } from '#read-store';
import type { FilterTables } from './coverage.query.js';
import { linesOf, type Covered, type IntervalLine } from './intervals.js';

export type FeedTables = FilterTables & { readonly contact_card: RowIn<typeof contactCard> };

const CHUNK = 500;
const WAIT_MS = 10_000;

/** The lines of covered contacts by contact: of those named, or of the next ones behind a contact id. */
export const coveredContacts = async (
  db: Kysely<FeedTables>,
  tenant: string,
  which: { readonly ids: readonly string[] } | { readonly after: string },
): Promise<ReadonlyMap<string, readonly IntervalLine[]>> => {
  const all = withIdentities(db, tenant);
  const rows = await (
    'ids' in which
      ? // Whoever is frozen may be covered by the block of the one that absorbs it.
        all
          .where((row) => row.or([row('block_filter.covered', '=', 1), row('into_id', 'is not', null)]))
          .where('block_filter.contact_id', 'in', which.ids)
      : all
          .where('block_filter.covered', '=', 1)
          .where('block_filter.contact_id', '>', which.after)
          .orderBy('block_filter.contact_id')
          .limit(CHUNK)
  ).execute();
  const found = new Map(rows.map((row) => [row.contact_id, coveredOf(row)]));
  const kin = await kinOf(db, tenant, [...found.values()]);
  return new Map([...found].map(([id, one]) => [id, linesOf(one, kinIn(kin, one))]));
};

const coveredOf = (row: {
  readonly contact: Covered['contact'];
  readonly identities: Covered['identities'] | null;
}): Covered => ({ contact: row.contact, identities: row.identities ?? [] });

const kinIn = (all: ReadonlyMap<string, Covered>, { contact }: Covered): ReadonlyMap<string, Covered> =>
  new Map(
    [...all].filter(
      ([id, other]) =>
        contact.merges.some(({ absorbedId }) => absorbedId === id) ||
        (contact.status === 'absorbed' && contact.intoId === id) ||
        (other.contact.status === 'absorbed' && other.contact.intoId === contact.contactId),
    ),
  );

/** Whom the contacts absorbed, who is frozen for them, and who absorbed them. */
const kinOf = async (
  db: Kysely<FeedTables>,
  tenant: string,
  contacts: readonly Covered[],
): Promise<ReadonlyMap<string, Covered>> => {
  const ids = contacts.flatMap(({ contact }) => [
    ...contact.merges.map(({ absorbedId }) => absorbedId),
    ...(contact.status === 'absorbed' ? [contact.intoId] : []),
  ]);
  const own = contacts.map(({ contact }) => contact.contactId);
  if (own.length === 0) return new Map();
  const frozen = withIdentities(db, tenant).where('into_id', 'in', own);
  // PostgreSQL knows no list of nothing, and one search with "or" goes over every contact of the tenant.
  const named = ids.length === 0 ? null : withIdentities(db, tenant).where('block_filter.contact_id', 'in', ids);
  const rows = [...(await frozen.execute()), ...((await named?.execute()) ?? [])];
  return new Map(rows.map((row) => [row.contact_id, coveredOf(row)]));
};

const withIdentities = (db: Kysely<FeedTables>, tenant: string) =>
  db
    .selectFrom('block_filter')
    .leftJoin('contact_card', (join) =>
      join
        .onRef('contact_card.tenant', '=', 'block_filter.tenant')
        .onRef('contact_card.contact_id', '=', 'block_filter.contact_id'),
    )
    .select(['block_filter.contact_id', 'block_filter.contact', 'contact_card.identities'])
    .where('block_filter.tenant', '=', tenant);

/** Tells gateways the lines of each contact whose facts came: all of them, since a line is a state. */
export class FilterFeed implements Topic<string, Listener> {
  constructor(private readonly models: ReadModels<FeedTables>) {}

  /** Whatever is said of a contact may move its coverage or its addresses; only those ever covered have lines. */
  changesOf({ category, subject }: Heard): readonly string[] {
    return category === 'contact' ? [subject] : [];
  }

  async tell(
    tenant: string,
    changes: readonly Placed<string>[],
    listeners: Iterable<Listener>,
    { idOf }: { readonly idOf: (position: Position) => string },
  ): Promise<void> {
    const latest = new Map(changes.map(({ change, position }) => [change, position]));
    const ids = [...latest.keys()];
    const after = changes.at(-1)?.position ?? null;
    const { value: lines } = await this.models.query(
      async (db) => {
        const found: (readonly [string, readonly IntervalLine[]])[] = [];
        for (let at = 0; at < ids.length; at += CHUNK)
          found.push(...(await coveredContacts(db, tenant, { ids: ids.slice(at, at + CHUNK) })));
        return found;
      },
      { after, waitMs: WAIT_MS },
    );
    // By place, and the id on a contact's last line: an id covers all that came before it.
    const text = lines
      .map(([contactId, own]) => ({ own, position: latest.get(contactId) ?? ('' as Position) }))
      .sort((a, b) => (a.position < b.position ? -1 : 1))
      .map(({ own, position }) =>
        own.map((line, at) => eventText(line, at === own.length - 1 ? { id: idOf(position) } : {})).join(''),
      )
      .join('');
    if (text === '') return;
    await eachInSlices(listeners, async ({ stream }) => {
      if ((await stream.renewed()) !== null) stream.send(text);
    });
  }
}
