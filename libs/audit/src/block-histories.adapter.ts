import type { ConversationFactsReader } from '#block-filter/conversation-facts.adapter';
import { coverageOf, type Contact, type ContactEvent, type IgnoredEvent } from '#contacts';
import type { ConversationEvent } from '#conversations';
import type { Streams } from '#event-store';
import { streamName, type Recorded } from '#kernel';
import { episodesOf, EPISODE_TYPES, TRACE_TYPES, Traces, unitedEpisodesOf, type Episode } from './block-history.js';

/** Up to which fact of a stream an answer looked. */
export type StreamRevision = { readonly stream: string; readonly revision: number };

export type BlockHistory = {
  readonly contactId: string;
  /** Of the contact's stream. */
  readonly revision: number;
  readonly streams: readonly StreamRevision[];
  /** Oldest first; read while they are asked for. */
  readonly episodes: AsyncIterable<Episode>;
  /** Was the contact ever merged with another? Then both may tell of the same episode. */
  readonly merged: boolean;
  /** The conversations that an episode touched, with the messages of each that it hid. */
  readonly touchedBy: (episode: Episode) => readonly Touched[];
};
export type Touched = { readonly conversationId: string; readonly channel: string; readonly ignoredCount: number };

type Conversation = {
  readonly conversationId: string;
  readonly identityId: string;
  readonly channel: string;
  readonly openedAt: string;
  readonly contact: Contact;
};

/** Those with a reason; the others are heard sealed. */
const SEALED_TYPES = ['ContactBlocked', 'ContactBlockChanged', 'ContactUnblocked'];
const HEARD_OF_CONVERSATIONS = new Set([...TRACE_TYPES, 'ConversationOpened']);

/** The history of a contact's blocks, folded from its streams when it is asked for. Messages are counted, not kept. */
export class BlockHistories {
  constructor(
    private readonly streams: Streams,
    private readonly facts: ConversationFactsReader,
  ) {}

  /** `null` for a contact that is not there. Episodes that ran out by `now` are over. */
  async of(tenant: string, contactId: string, now: string): Promise<BlockHistory | null> {
    const stream = streamName('contact', tenant, contactId);
    const end = await this.streams.end(stream);
    if (end === null) return null;
    const { revision } = end;
    const kin = await this.facts.kinOf(tenant, contactId);
    const sides = [contactId, ...kin];
    const traces = new Traces();
    const read: StreamRevision[] = [{ stream, revision }];
    const conversations = await this.conversations(tenant, sides, traces, read);
    for (const side of sides) {
      const hidden = streamName('ignored', tenant, side);
      const last = await this.streams.end(hidden);
      if (last === null) continue;
      read.push({ stream: hidden, revision: last.revision });
      for await (const event of this.streams.read(hidden, { until: last.revision }))
        traces.ignored(event as Recorded<IgnoredEvent>);
    }
    const own = this.episodeFacts(stream, revision);
    const facts: Recorded<ContactEvent>[] = [];
    if (kin.length > 0) for await (const event of own) facts.push(event);
    for (const side of kin) {
      const theirs = streamName('contact', tenant, side);
      const last = await this.streams.end(theirs);
      if (last === null) continue;
      read.push({ stream: theirs, revision: last.revision });
      for await (const event of this.episodeFacts(theirs, last.revision)) facts.push(event);
    }
    return {
      contactId,
      revision,
      streams: read,
      episodes: kin.length === 0 ? episodesOf(own, traces, now) : united(contactId, facts, traces, now),
      merged: kin.length > 0,
      touchedBy: (episode) => touchedBy(episode, conversations, traces),
    };
  }

  private episodeFacts(stream: string, until: number): AsyncIterable<Recorded<ContactEvent>> {
    const facts = this.streams.read(stream, { until, types: EPISODE_TYPES, opens: SEALED_TYPES });
    return facts as AsyncIterable<Recorded<ContactEvent>>;
  }

  /** All conversations of the contacts' identities. What blocks did there goes to the traces, each stream's end to `read`. */
  private async conversations(
    tenant: string,
    contactIds: readonly string[],
    traces: Traces,
    read: StreamRevision[],
  ): Promise<readonly Conversation[]> {
    const found: Conversation[] = [];
    const openedAt = new Map<string, string>();
    for (const contactId of contactIds) {
      for (const place of await this.facts.placesOf(tenant, contactId)) {
        const { conversationId } = place;
        const known = openedAt.get(conversationId);
        if (known !== undefined) {
          // A merged contact's identity is its survivor's too, who knows what covers it now.
          found.push({ ...place, openedAt: known });
          continue;
        }
        const own = streamName('conversation', tenant, conversationId);
        const last = await this.streams.end(own);
        if (last === null) continue;
        read.push({ stream: own, revision: last.revision });
        const options = { until: last.revision, types: HEARD_OF_CONVERSATIONS };
        for await (const recorded of this.streams.read(own, options)) {
          const event = recorded as Recorded<ConversationEvent>;
          if (event.type === 'ConversationOpened') {
            openedAt.set(conversationId, event.data.openedAt);
            found.push({ ...place, openedAt: event.data.openedAt });
          } else traces.conversation(event, place.channel);
        }
      }
    }
    return found;
  }
}

const united = async function* (
  contactId: string,
  facts: readonly Recorded<ContactEvent>[],
  traces: Traces,
  now: string,
): AsyncGenerator<Episode, void, undefined> {
  const inOrder = facts.toSorted((a, b) => (a.position < b.position ? -1 : 1));
  yield* unitedEpisodesOf(contactId, inOrder, traces, now);
};

/** Covered while the block lasted; and where something was hidden, also if the conversation never came to be. */
const touchedBy = (
  { blockId, endedAt }: Episode,
  conversations: readonly Conversation[],
  traces: Traces,
): readonly Touched[] => {
  const ignored = traces.of(blockId)?.ignoredIn ?? new Map<string, { channel: string; count: number }>();
  const covered = conversations.filter(
    ({ contact, identityId, channel, openedAt }) =>
      (endedAt === null || openedAt < endedAt) &&
      coverageOf(contact, identityId, channel).some((one) => one.blockId === blockId),
  );
  const touched = new Map<string, Touched>();
  for (const { conversationId, channel } of covered)
    touched.set(conversationId, { conversationId, channel, ignoredCount: 0 });
  for (const [conversationId, { channel, count }] of ignored)
    touched.set(conversationId, { conversationId, channel, ignoredCount: count });
  return [...touched.values()].sort((a, b) => (a.conversationId < b.conversationId ? -1 : 1));
};
