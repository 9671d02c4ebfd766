import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { sql, type Kysely } from 'kysely';
import { coverageOfPlaces } from '#block-filter/coverage.query';
import { CHANNELS, channelsOf, needsConsent, type Channel } from '#contacts';
import { reasonsAgainst, type Reason } from '#conversations';
import { intervalAt, type Caller } from '#kernel';
import { decodeCursor, pageOf, problem, type Consistency, type List, type Page, type Seen } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-store';
import { seenCard } from './contacts.query.js';
import type { Tables } from './tables.js';

export type Contactability = {
  readonly channels: Readonly<Record<Channel, { readonly allowed: boolean; readonly reasons: readonly Reason[] }>>;
  readonly duplicates: readonly string[];
};

/** May the company begin to speak to this contact (to whom it was merged into), channel by channel, and what stands against it? */
export class GetContactability {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly contactId: string,
    readonly consistency: Consistency,
  ) {}
}

export class ListRefusals {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly contactId: string,
    readonly page: Page,
    readonly consistency: Consistency,
  ) {}
}

export class ListDuplicates {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly page: Page,
    readonly consistency: Consistency,
  ) {}
}

/** Do both contacts of the pair hold an address in common now? */
const holdInCommon = (db: Kysely<Tables>, tenant: string) =>
  db
    .selectFrom('identity_holders as one')
    .innerJoin('address_claims as claim', (join) =>
      join.onRef('claim.tenant', '=', 'one.tenant').onRef('claim.identity_id', '=', 'one.identity_id'),
    )
    .innerJoin('address_claims as same', (join) =>
      join.onRef('same.tenant', '=', 'claim.tenant').onRef('same.address', '=', 'claim.address'),
    )
    .innerJoin('identity_holders as other', (join) =>
      join.onRef('other.tenant', '=', 'same.tenant').onRef('other.identity_id', '=', 'same.identity_id'),
    )
    .select('one.identity_id')
    .where('one.tenant', '=', tenant)
    .where('one.attached', '=', 1)
    .where('other.attached', '=', 1)
    .whereRef('one.contact_id', '=', sql.ref('duplicates.contact_id'))
    .whereRef('other.contact_id', '=', sql.ref('duplicates.other_id'));

/**
 * Pairs of two contacts that are both still there and what made them a pair is: one that was merged is found again once that is undone, one
 * whose address was detached once they share one again.
 */
const pairsOf = (db: Kysely<Tables>, tenant: string) =>
  db
    .selectFrom('duplicates')
    .where('duplicates.tenant', '=', tenant)
    .where((pair) => pair.or([pair('by_address', '=', 0), pair.exists(holdInCommon(db, tenant))]))
    .where((pair) =>
      pair.not(
        pair.exists(
          pair
            .selectFrom('contact_card')
            .select('contact_card.contact_id')
            .where('contact_card.tenant', '=', tenant)
            .where((row) => row.or([row('merged_into', 'is not', null), row('erased', '=', 1)]))
            .where((row) =>
              row('contact_card.contact_id', 'in', [row.ref('duplicates.contact_id'), row.ref('duplicates.other_id')]),
            ),
        ),
      ),
    );

@QueryHandler(GetContactability)
export class GetContactabilityHandler implements IQueryHandler<GetContactability> {
  constructor(@Inject(READ_MODELS) private readonly models: ReadModels<Tables>) {}

  async execute({ tenant, caller, contactId, consistency }: GetContactability): Promise<Seen<Contactability>> {
    const now = new Date().toISOString();
    const { value, at } = await this.models.query(async (db) => {
      const seen = await seenCard(db, tenant, caller, contactId);
      if (seen === null) return null;
      const card = seen.present;
      const places = card.identities.flatMap(({ identityId, kind }) =>
        channelsOf(kind).map((channel) => ({ identityId, channel })),
      );
      const coverageOf = await coverageOfPlaces(db, tenant, places, now);
      const { contact_id: presentId } = card;
      const pairsBy = (side: 'contact_id' | 'other_id') =>
        pairsOf(db, tenant).select(['contact_id', 'other_id', 'detected_at']).where(side, '=', presentId);
      // Two searches: one with "or" goes over every pair of the tenant.
      const pairs = await pairsBy('contact_id')
        .unionAll(pairsBy('other_id'))
        .orderBy('detected_at')
        .orderBy('contact_id')
        .orderBy('other_id')
        .execute();
      return { card, places, coverageOf, pairs };
    }, consistency);
    if (value === null) throw problem('not-found');
    const { card, places, coverageOf, pairs } = value;
    const { consents, block } = card;
    const isOpen = block !== null && (block.expiresAt === null || block.expiresAt > now);
    /** Every address is covered; without any, the block speaks for the channel. */
    const isBlocked = (channel: Channel): boolean => {
      const own = places.filter((place) => place.channel === channel);
      if (own.length > 0) return own.every((place) => intervalAt(coverageOf(place), now) !== null);
      return isOpen && ('all' in block.scope || block.scope.channels.includes(channel));
    };
    const channels = Object.fromEntries(
      CHANNELS.map((channel) => {
        const reasons = reasonsAgainst({
          hasAddress: places.some((place) => place.channel === channel),
          consent: needsConsent(channel) ? (consents[channel]?.state ?? 'unset') : null,
          blocked: isBlocked(channel),
        });
        return [channel, { allowed: reasons.length === 0, reasons }];
      }),
    ) as Contactability['channels'];
    const duplicates = pairs.map((pair) => (pair.contact_id === card.contact_id ? pair.other_id : pair.contact_id));
    return { value: { channels, duplicates }, at };
  }
}

export type RefusalRow = {
  readonly at: string;
  readonly channel: string;
  readonly purpose: string;
  readonly reasons: readonly Reason[];
  readonly requestedBy: string;
};

@QueryHandler(ListRefusals)
export class ListRefusalsHandler implements IQueryHandler<ListRefusals> {
  constructor(@Inject(READ_MODELS) private readonly models: ReadModels<Tables>) {}

  async execute({ tenant, caller, contactId, page, consistency }: ListRefusals): Promise<Seen<List<RefusalRow>>> {
    const bound = { list: 'refusals', tenant, caller: caller.id, access: caller.access, contactId };
    const after = page.cursor === undefined ? null : decodeCursor(page.cursor, bound, ['string', 'string']);
    const { value: found, at } = await this.models.query(async (db) => {
      if ((await seenCard(db, tenant, caller, contactId)) === null) return null;
      let query = db
        .selectFrom('refusals')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('contact_id', '=', contactId);
      if (after !== null) query = query.where(sql<boolean>`(refused_at, refusal_id) < (${after[0]}, ${after[1]})`);
      return query
        .orderBy('refused_at', 'desc')
        .orderBy('refusal_id', 'desc')
        .limit(page.limit + 1)
        .execute();
    }, consistency);
    if (found === null) throw problem('not-found');
    const { rows: shown, nextCursor } = pageOf(found, page.limit, bound, (last) => [last.refused_at, last.refusal_id]);
    const items = shown.map((row) => ({
      at: row.refused_at,
      channel: row.channel,
      purpose: row.purpose,
      reasons: row.reasons,
      requestedBy: row.requested_by,
    }));
    return { value: { items, nextCursor }, at };
  }
}

export type DuplicateRow = {
  readonly kind: string;
  readonly contactIds: readonly string[];
  readonly detectedAt: string;
};

@QueryHandler(ListDuplicates)
export class ListDuplicatesHandler implements IQueryHandler<ListDuplicates> {
  constructor(@Inject(READ_MODELS) private readonly models: ReadModels<Tables>) {}

  async execute({ tenant, caller, page, consistency }: ListDuplicates): Promise<Seen<List<DuplicateRow>>> {
    const bound = { list: 'duplicates', tenant, caller: caller.id };
    const after = page.cursor === undefined ? null : decodeCursor(page.cursor, bound, ['string', 'string', 'string']);
    const { value: found, at } = await this.models.query((db) => {
      let query = pairsOf(db, tenant).selectAll();
      if (after !== null) {
        query = query.where(
          sql<boolean>`(detected_at, contact_id, other_id) < (${after[0]}, ${after[1]}, ${after[2]})`,
        );
      }
      return query
        .orderBy('detected_at', 'desc')
        .orderBy('contact_id', 'desc')
        .orderBy('other_id', 'desc')
        .limit(page.limit + 1)
        .execute();
    }, consistency);
    const { rows: shown, nextCursor } = pageOf(found, page.limit, bound, (last) => [
      last.detected_at,
      last.contact_id,
      last.other_id,
    ]);
    const items = shown.map((row) => ({
      kind: row.kind,
      contactIds: [row.contact_id, row.other_id],
      detectedAt: row.detected_at,
    }));
    return { value: { items, nextCursor }, at };
  }
}
