import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ConversationFactsReader } from '#block-filter/conversation-facts.adapter';
import { contactCard } from '#contacts';
import { CODEC, Streams, type Codec } from '#event-store';
import { intervalAt, streamName, type Caller, type Recorded } from '#kernel';
import { LogIdentity, problem, type Seen } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-store';
import { nameKey } from '#wallets';
import { cardAt, conversationAt, ownTime, walletNameAt, wasIn, type ConversationAt } from './as-of.js';
import { CardReader, type ContactCard } from './contacts.query.js';
import { previewOf, type ConversationDetail } from './conversations.query.js';
import type { Tables } from './tables.js';

/** Which instant an answer is of, and the last fact of the stream that it holds. */
export type AsOf = { readonly asOf: { readonly at: string; readonly revision: number } };

/** A contact's card as it was at `at`, read from the streams. */
export class GetContactCardAt {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly contactId: string,
    readonly at: string,
  ) {}
}

/** A conversation's row as it was at `at`, read from the streams. */
export class GetConversationAt {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly conversationId: string,
    readonly at: string,
  ) {}
}

/** What of an embedded conversation lists and orders. */
const byTime = (a: ConversationAt, b: ConversationAt): number => {
  const [one, other] = [a, b].map(({ row }) => `${row.last_displayed_at}|${row.conversation_id}`);
  return (one ?? '') < (other ?? '') ? 1 : -1;
};

const MOST = 200;

@QueryHandler(GetContactCardAt)
export class GetContactCardAtHandler implements IQueryHandler<GetContactCardAt> {
  constructor(
    private readonly streams: Streams,
    private readonly facts: ConversationFactsReader,
    private readonly cards: CardReader,
    private readonly log: LogIdentity,
    @Inject(READ_MODELS) private readonly models: ReadModels<Tables>,
  ) {}

  async execute({ tenant, caller, contactId, at }: GetContactCardAt): Promise<Seen<ContactCard & AsOf>> {
    const head = await this.log.head();
    const found = await cardAt(contactFacts(this.streams, tenant, contactId), at);
    if (found === null) throw problem('not-found');
    const conversations: ConversationAt[] = [];
    for (const { conversationId } of await this.facts.placesOf(tenant, contactId)) {
      const one = await conversationAt(this.streams.read(streamName('conversation', tenant, conversationId)), at);
      if (one?.row.contact_id === contactId) conversations.push(one);
    }
    const card = await this.cards.shown(
      found.row,
      {
        conversations: conversations
          .sort(byTime)
          .slice(0, MOST)
          .map(({ row }) => ({
            conversationId: row.conversation_id,
            channel: row.channel,
            status: row.status,
            assigneeId: row.assignee_id,
          })),
        wallets: await this.walletsAt(tenant, contactId, at),
      },
      { tenant, caller, now: at },
    );
    const { revision } = found;
    return { value: { ...card, asOf: { at, revision } }, at: head, revision };
  }

  /** The read model says which wallets there are; who was in them, and how they were called, comes from their streams. */
  private async walletsAt(tenant: string, contactId: string, at: string): Promise<ContactCard['wallets']> {
    const { value: ids } = await this.models.query((db) =>
      db.selectFrom('wallets').select('wallet_id').where('tenant', '=', tenant).orderBy('wallet_id').execute(),
    );
    const found: { readonly walletId: string; readonly name: string }[] = [];
    for (const { wallet_id: walletId } of ids) {
      const pair = streamName('walletcontact', tenant, `${walletId}.${contactId}`);
      if (!(await wasIn(this.streams.read(pair), at))) continue;
      const name = await walletNameAt(this.streams.read(streamName('wallet', tenant, walletId)), at);
      if (name !== null) found.push({ walletId, name });
    }
    return found.sort((a, b) => (nameKey(a.name) < nameKey(b.name) ? -1 : 1));
  }
}

@QueryHandler(GetConversationAt)
export class GetConversationAtHandler implements IQueryHandler<GetConversationAt> {
  constructor(
    private readonly streams: Streams,
    private readonly facts: ConversationFactsReader,
    @Inject(CODEC) private readonly codec: Codec,
    private readonly log: LogIdentity,
  ) {}

  async execute({ tenant, caller, conversationId, at }: GetConversationAt): Promise<Seen<ConversationDetail & AsOf>> {
    const head = await this.log.head();
    const found = await conversationAt(
      this.streams.read(streamName('conversation', tenant, conversationId)),
      at,
      await this.markerAt(tenant, caller.id, conversationId, at),
    );
    if (found === null) throw problem('not-found');
    const { row, revision, content, unread } = found;
    const place = { contactId: row.contact_id, identityId: row.identity_id, channel: row.channel };
    const card = await cardAt(contactFacts(this.streams, tenant, row.contact_id), at);
    const { covers } = await this.facts.of(tenant, place, at);
    return {
      value: {
        conversationId,
        contactId: row.contact_id,
        contactName: card?.row.display_name ?? null,
        channel: row.channel,
        status: row.status,
        assigneeId: row.assignee_id,
        automation: row.automation,
        lastDisplayedAt: row.last_displayed_at,
        lastMessagePreview: await previewOf(this.codec, content),
        unread,
        contactBlocked: intervalAt(covers, at) !== null,
        identityId: row.identity_id,
        assignmentNo: row.assignment_no,
        sessionNo: row.session_no,
        asOf: { at, revision },
      },
      at: head,
      revision,
    };
  }

  private async markerAt(tenant: string, reader: string, conversationId: string, at: string): Promise<number> {
    let marker = 0;
    for await (const event of this.streams.read(streamName('readmarker', tenant, `${reader}.${conversationId}`))) {
      if (ownTime(event) <= at) marker = (event.data as { readonly upToOrdinal: number }).upToOrdinal;
    }
    return marker;
  }
}

const contactFacts = (streams: Streams, tenant: string, contactId: string): AsyncIterable<Recorded> =>
  streams.read(streamName('contact', tenant, contactId), { opens: contactCard.opens });
