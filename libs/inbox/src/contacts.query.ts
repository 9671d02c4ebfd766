import { Inject, Injectable } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { sql, type Kysely } from 'kysely';
import { mayUnblock, type ConsentChannel, type UnblockBy } from '#contacts';
import { CODEC, type Codec } from '#event-store';
import type { Caller } from '#kernel';
import { decodeCursor, pageOf, problem, type Consistency, type Seen, type List, type Page } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-store';
import { containing, countsHidden, inWallet, mayRead, mustBeWallet, searched, seesEverything } from './access.query.js';
import type { CardRow } from './as-of.js';
import type { Tables } from './tables.js';

export type ContactRow = {
  readonly contactId: string;
  readonly displayName: string | null;
  readonly tags: readonly string[];
  readonly blocked: boolean;
  readonly identities: Tables['contact_card']['identities'];
};

/** `ofWallet`: the wallet itself is asked for, and must be there. */
export class ListContacts {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly filter: {
      readonly search?: string | undefined;
      readonly tag?: string | undefined;
      readonly blocked?: boolean | undefined;
      readonly walletId?: string | undefined;
    },
    readonly page: Page,
    readonly consistency: Consistency,
    readonly ofWallet = false,
  ) {}
}

export class GetContactCard {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly contactId: string,
    readonly consistency: Consistency,
  ) {}
}

export class ListBlockedContacts {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly filter: { readonly search?: string | undefined; readonly kind?: string | undefined },
    readonly page: Page,
    readonly consistency: Consistency,
  ) {}
}

export class CountBlockedContacts {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly consistency: Consistency,
  ) {}
}

/** Today's answer to "who may unblock"; provided by the app. */
export abstract class UnblockRule {
  abstract unblockBy(tenant: string): Promise<UnblockBy>;
}

/** Agents with limited access see the contacts of their own conversations. `contact` names the column of the outer query. */
export const ownContact = (caller: Caller, contact: string) =>
  seesEverything(caller)
    ? sql<boolean>`1 = 1`
    : sql<boolean>`exists (select 1 from ${sql.table('inbox')} as inbox where inbox.tenant = ${sql.ref(contact.replace('.contact_id', '.tenant'))}
        and inbox.contact_id = ${sql.ref(contact)} and ${mayRead(caller)})`;

/** An episode that ran out is over at its expiry, whenever the timer runs. */
const isBlocked = (now: string) =>
  sql<boolean>`(contact_card.block_id is not null and (contact_card.block_expires_at is null or contact_card.block_expires_at > ${now}))`;

@QueryHandler(ListContacts)
export class ListContactsHandler implements IQueryHandler<ListContacts> {
  constructor(@Inject(READ_MODELS) private readonly models: ReadModels<Tables>) {}

  async execute(query: ListContacts): Promise<Seen<List<ContactRow>>> {
    const { tenant, caller, filter, page, consistency, ofWallet } = query;
    const bound = { list: 'contacts', tenant, caller: caller.id, access: caller.access, ...filter };
    const after = page.cursor === undefined ? null : decodeCursor(page.cursor, bound, ['string', 'string']);
    const now = new Date().toISOString();
    const isPlain = Object.values(filter).every((value) => value === undefined) && seesEverything(caller);
    const { value: rows, at } = await this.models.query(
      async (db) => {
        if (ofWallet) await mustBeWallet(db, tenant, filter.walletId ?? '');
        let query = db
          .selectFrom('contact_card')
          .select(['contact_id', 'display_name', 'sort_name', 'tags', 'identities', 'block_id', 'block_expires_at'])
          .where('contact_card.tenant', '=', tenant)
          .where('contact_card.merged_into', 'is', null)
          // Nothing of them could be shown.
          .where('contact_card.erased', '=', 0)
          .where(ownContact(caller, 'contact_card.contact_id'));
        const { condition, ordered } = await searched(db, tenant, filter.search, 'contact_card.contact_id');
        query = query.where(condition);
        if (filter.tag !== undefined)
          query = query.where(sql<boolean>`tag_text like ${containing(`|${filter.tag}|`)} escape '\\'`);
        if (filter.blocked !== undefined)
          query = query.where(filter.blocked ? isBlocked(now) : sql<boolean>`not ${isBlocked(now)}`);
        if (filter.walletId !== undefined)
          query = query.where(inWallet(tenant, filter.walletId, 'contact_card.contact_id'));
        if (after !== null) query = query.where(sql<boolean>`(sort_name, contact_id) > (${after[0]}, ${after[1]})`);
        return query
          .orderBy(ordered('sort_name'))
          .orderBy('contact_id')
          .limit(page.limit + 1)
          .execute();
      },
      { ...consistency, scans: !isPlain },
    );
    const { rows: shown, nextCursor } = pageOf(rows, page.limit, bound, (last) => [last.sort_name, last.contact_id]);
    const items = shown.map((row) => ({
      contactId: row.contact_id,
      displayName: row.display_name,
      tags: row.tags,
      blocked: row.block_id !== null && (row.block_expires_at === null || row.block_expires_at > now),
      identities: row.identities,
    }));
    return {
      value: { items, nextCursor },
      at,
    };
  }
}

const UNSET = { state: 'unset', source: null, at: null } as const;

export type ContactCard = Omit<ContactRow, 'blocked'> & {
  readonly block: object | null;
  readonly consents: Readonly<
    Record<ConsentChannel, { readonly state: string; readonly source: string | null; readonly at: string | null }>
  >;
  readonly wallets: readonly { readonly walletId: string; readonly name: string }[];
  readonly conversations: readonly {
    readonly conversationId: string;
    readonly channel: string;
    readonly status: string;
    readonly assigneeId: string | null;
  }[];
  /** The contact that it is part of now, if it was merged. */
  readonly mergedInto?: string;
  readonly erased?: true;
};

/** A card's row as people see it at an instant. */
@Injectable()
export class CardReader {
  constructor(
    @Inject(CODEC) private readonly codec: Codec,
    private readonly rule: UnblockRule,
  ) {}

  async shown(
    row: CardRow,
    { conversations, wallets }: Pick<ContactCard, 'conversations' | 'wallets'>,
    { tenant, caller, now }: { readonly tenant: string; readonly caller: Caller; readonly now: string },
  ): Promise<ContactCard> {
    const isOpen = row.block !== null && (row.block.expiresAt === null || row.block.expiresAt > now);
    return {
      contactId: row.contact_id,
      displayName: row.display_name,
      tags: row.tags,
      identities: row.identities,
      block:
        row.block === null || !isOpen
          ? null
          : {
              ...row.block,
              reasonText: await this.codec.openValue(row.block.reasonText),
              mayUnblock: mayUnblock(caller.role, await this.rule.unblockBy(tenant)),
            },
      consents: { whatsapp: UNSET, viber: UNSET, sms: UNSET, email: UNSET, ...row.consents },
      wallets,
      conversations,
      ...(row.erased === 1 ? { erased: true } : {}),
    };
  }
}

@QueryHandler(GetContactCard)
export class GetContactCardHandler implements IQueryHandler<GetContactCard> {
  constructor(
    @Inject(READ_MODELS) private readonly models: ReadModels<Tables>,
    private readonly cards: CardReader,
  ) {}

  async execute({ tenant, caller, contactId, consistency }: GetContactCard): Promise<Seen<ContactCard>> {
    const now = new Date().toISOString();
    const { value, at } = await this.models.query(async (db) => {
      const seen = await seenCard(db, tenant, caller, contactId);
      if (seen === null) return null;
      return {
        row: seen.own,
        mergedInto: seen.present.contact_id === contactId ? null : seen.present.contact_id,
        conversations: await conversationsOf(db, tenant, caller, contactId),
        wallets: await walletsOf(db, tenant, contactId),
      };
    }, consistency);
    if (value === null) throw problem('not-found');
    const { row, mergedInto } = value;
    const card = await this.cards.shown(row, value, { tenant, caller, now });
    return { value: mergedInto === null ? card : { ...card, mergedInto }, at, revision: row.revision };
  }
}

const cardOf = (db: Kysely<Tables>, tenant: string, contactId: string): Promise<Tables['contact_card'] | undefined> =>
  db
    .selectFrom('contact_card')
    .selectAll()
    .where('contact_card.tenant', '=', tenant)
    .where('contact_card.contact_id', '=', contactId)
    .executeTakeFirst();

/** A contact's own card, and the one that it is part of now: the same, or that of whoever absorbed it. `null` if that is not within the caller's sight. */
export const seenCard = async (
  db: Kysely<Tables>,
  tenant: string,
  caller: Caller,
  contactId: string,
): Promise<{ readonly own: CardRow; readonly present: CardRow } | null> => {
  const own = await cardOf(db, tenant, contactId);
  if (own === undefined) return null;
  const present = await presentCard(db, tenant, own);
  return (await isOwn(db, tenant, caller, present.contact_id)) ? { own, present } : null;
};

/** The card at the end of those that absorbed it. */
const presentCard = async (db: Kysely<Tables>, tenant: string, row: CardRow): Promise<CardRow> => {
  const into = row.merged_into === null ? undefined : await cardOf(db, tenant, row.merged_into);
  return into === undefined ? row : presentCard(db, tenant, into);
};

const isOwn = async (db: Kysely<Tables>, tenant: string, caller: Caller, contactId: string): Promise<boolean> => {
  const own = await db
    .selectFrom('contact_card')
    .select('contact_id')
    .where('contact_card.tenant', '=', tenant)
    .where('contact_card.contact_id', '=', contactId)
    .where(ownContact(caller, 'contact_card.contact_id'))
    .executeTakeFirst();
  return own !== undefined;
};

/** The active ones, by name. */
const walletsOf = async (db: Kysely<Tables>, tenant: string, contactId: string): Promise<ContactCard['wallets']> => {
  const rows = await db
    .selectFrom('wallet_contacts')
    .innerJoin('wallets', (join) =>
      join
        .onRef('wallets.tenant', '=', 'wallet_contacts.tenant')
        .onRef('wallets.wallet_id', '=', 'wallet_contacts.wallet_id'),
    )
    .select(['wallets.wallet_id', 'wallets.name'])
    .where('wallet_contacts.tenant', '=', tenant)
    .where('wallet_contacts.contact_id', '=', contactId)
    .where('wallets.archived', '=', 0)
    .orderBy('wallets.sort_name')
    .orderBy('wallets.wallet_id')
    .limit(1000)
    .execute();
  return rows.map((row) => ({ walletId: row.wallet_id, name: row.name }));
};

const conversationsOf = async (
  db: Kysely<Tables>,
  tenant: string,
  caller: Caller,
  contactId: string,
): Promise<ContactCard['conversations']> => {
  const rows = await db
    .selectFrom('inbox')
    .select(['conversation_id', 'channel', 'status', 'assignee_id'])
    .where('tenant', '=', tenant)
    .where('contact_id', '=', contactId)
    .where(mayRead(caller))
    .orderBy('last_displayed_at', 'desc')
    .orderBy('conversation_id', 'desc')
    .limit(200)
    .execute();
  return rows.map((row) => ({
    conversationId: row.conversation_id,
    channel: row.channel,
    status: row.status,
    assigneeId: row.assignee_id,
  }));
};

export type BlockedContact = {
  readonly contactId: string;
  readonly displayName: string | null;
  readonly blockId: string;
  readonly kind: string;
  readonly scope: unknown;
  readonly reasonCode: string | null;
  readonly blockedBy: string;
  readonly blockedAt: string;
  readonly expiresAt: string | null;
  /** `null` with its time for whoever may not know how much is hidden. */
  readonly ignoredCount: number | null;
  readonly lastIgnoredAt: string | null;
};

const openEpisodes = (db: Kysely<Tables>, tenant: string, caller: Caller, now: string) =>
  db
    .selectFrom('blocked_contacts')
    .where('blocked_contacts.tenant', '=', tenant)
    .where('blocked_contacts.ended_at', 'is', null)
    .where(sql<boolean>`(blocked_contacts.expires_at is null or blocked_contacts.expires_at > ${now})`)
    .where(ownContact(caller, 'blocked_contacts.contact_id'));

@QueryHandler(ListBlockedContacts)
export class ListBlockedContactsHandler implements IQueryHandler<ListBlockedContacts> {
  constructor(@Inject(READ_MODELS) private readonly models: ReadModels<Tables>) {}

  async execute({
    tenant,
    caller,
    filter,
    page,
    consistency,
  }: ListBlockedContacts): Promise<Seen<List<BlockedContact>>> {
    const bound = { list: 'blocked-contacts', tenant, caller: caller.id, access: caller.access, ...filter };
    const after = page.cursor === undefined ? null : decodeCursor(page.cursor, bound, ['string', 'string']);
    const now = new Date().toISOString();
    const { value: rows, at } = await this.models.query(
      async (db) => {
        let query = openEpisodes(db, tenant, caller, now)
          .leftJoin('contact_card', (join) =>
            join
              .onRef('contact_card.tenant', '=', 'blocked_contacts.tenant')
              .onRef('contact_card.contact_id', '=', 'blocked_contacts.contact_id'),
          )
          .selectAll('blocked_contacts')
          .select('contact_card.display_name');
        if (filter.kind !== undefined) query = query.where('blocked_contacts.kind', '=', filter.kind);
        const { condition, ordered } = await searched(db, tenant, filter.search, 'blocked_contacts.contact_id');
        query = query.where(condition);
        if (after !== null)
          query = query.where(
            sql<boolean>`(blocked_contacts.blocked_at, blocked_contacts.block_id) < (${after[0]}, ${after[1]})`,
          );
        return query
          .orderBy(ordered('blocked_contacts.blocked_at'), 'desc')
          .orderBy('blocked_contacts.block_id', 'desc')
          .limit(page.limit + 1)
          .execute();
      },
      { ...consistency, scans: filter.search !== undefined || filter.kind !== undefined || !seesEverything(caller) },
    );
    const { rows: shown, nextCursor } = pageOf(rows, page.limit, bound, (last) => [last.blocked_at, last.block_id]);
    const isCounted = countsHidden(caller);
    const items = shown.map((row) => ({
      contactId: row.contact_id,
      displayName: row.display_name,
      blockId: row.block_id,
      kind: row.kind,
      scope: row.scope,
      reasonCode: row.reason_code,
      blockedBy: row.blocked_by,
      blockedAt: row.blocked_at,
      expiresAt: row.expires_at,
      ignoredCount: isCounted ? row.ignored_count : null,
      lastIgnoredAt: isCounted ? row.last_ignored_at : null,
    }));
    return {
      value: { items, nextCursor },
      at,
    };
  }
}

@QueryHandler(CountBlockedContacts)
export class CountBlockedContactsHandler implements IQueryHandler<CountBlockedContacts> {
  constructor(@Inject(READ_MODELS) private readonly models: ReadModels<Tables>) {}

  async execute({ tenant, caller, consistency }: CountBlockedContacts): Promise<Seen<{ readonly count: number }>> {
    const { value, at } = await this.models.query(
      (db) =>
        openEpisodes(db, tenant, caller, new Date().toISOString())
          .select(sql<number>`count(*)`.as('number'))
          .executeTakeFirstOrThrow(),
      consistency,
    );
    return { value: { count: value.number }, at };
  }
}
