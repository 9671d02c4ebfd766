import type { ConversationFactsReader } from '#block-filter/conversation-facts.adapter';
import { coverageOf, type Contact, type ContactEvent, type IgnoredEvent } from '#contacts';
import type { ConversationEvent } from '#conversations';
import type { Streams } from '#event-store';
import { streamName, type Recorded } from '#kernel';
import { episodesOf, EPISODE_TYPES, TRACE_TYPES, Traces, type Episode } from './block-history.js';

/** Up to which fact of a stream an answer looked. */
export type StreamRevision = { readonly stream: string; readonly revision: number };

export type BlockHistory = {
  readonly contactId: string;
  /** Of the contact's stream. */
  readonly revision: number;
  readonly streams: readonly StreamRevision[];
  /** Oldest first; read while they are asked for. */
  readonly episodes: AsyncIterable<Episode>;
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
    const traces = new Traces();
    const read: StreamRevision[] = [{ stream, revision }];
    const conversations: Conversation[] = [];
    for (const place of await this.facts.placesOf(tenant, contactId)) {
      const own = streamName('conversation', tenant, place.conversationId);
      const last = await this.streams.end(own);
      if (last === null) continue;
      read.push({ stream: own, revision: last.revision });
      const options = { until: last.revision, types: HEARD_OF_CONVERSATIONS };
      for await (const recorded of this.streams.read(own, options)) {
        const event = recorded as Recorded<ConversationEvent>;
        if (event.type === 'ConversationOpened') conversations.push({ ...place, openedAt: event.data.openedAt });
        else traces.conversation(event, place.channel);
      }
    }
    const hidden = streamName('ignored', tenant, contactId);
    const lastHidden = await this.streams.end(hidden);
    if (lastHidden !== null) {
      read.push({ stream: hidden, revision: lastHidden.revision });
      for await (const event of this.streams.read(hidden, { until: lastHidden.revision }))
        traces.ignored(event as Recorded<IgnoredEvent>);
    }
    const facts = this.streams.read(stream, { until: revision, types: EPISODE_TYPES, opens: [...EPISODE_TYPES] });
    return {
      contactId,
      revision,
      streams: read,
      episodes: episodesOf(facts as AsyncIterable<Recorded<ContactEvent>>, traces, now),
      touchedBy: (episode) => touchedBy(episode, conversations, traces),
    };
  }
}

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
