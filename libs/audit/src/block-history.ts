// Who blocked this customer, when, why, until when, and what it did: an episode after the other, as the streams tell it [R12].
import type { ContactEvent, IgnoredEvent } from '#contacts';
import type { ConversationEvent } from '#conversations';
import type { Recorded } from '#kernel';

type DataOf<T extends ContactEvent['type']> = Extract<ContactEvent, { type: T }>['data'];

/** A fact as evidence: where it stands and who made it, without what it says. */
export type FactRef = {
  readonly eventId: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
  readonly recordedAt: string;
  readonly actor: string;
  readonly commandId: string;
  readonly correlationId: string;
};

export type BlockChange = Omit<DataOf<'ContactBlockChanged'>, 'contactId' | 'blockId'>;

/** What was first said of a block stands here; what became of it, in `changes`. */
export type Episode = Pick<
  DataOf<'ContactBlocked'>,
  | 'blockId'
  | 'kind'
  | 'scope'
  | 'reasonCode'
  | 'reasonText'
  | 'blockedBy'
  | 'blockedAt'
  | 'expiresAt'
  | 'originConversationId'
  | 'noticeMessageId'
> & {
  readonly changes: readonly BlockChange[];
  readonly endedAt: string | null;
  /** Nobody, where it ran out. */
  readonly endedBy: string | null;
  readonly endedHow: 'unblocked' | 'expired' | 'merged' | null;
  readonly requestedBy: 'customer' | 'company' | null;
  readonly unblockReason: string | null;
  readonly durationMs: number | null;
  /** Messages that were not shown, by channel. */
  readonly ignored: Readonly<Record<string, number>>;
  readonly concludedConversationIds: readonly string[];
  readonly facts: readonly FactRef[];
};

// ── What other streams tell of an episode ───────────────────────────────────────────────────────────────────────────
type Trace = {
  readonly ignored: Map<string, number>;
  /** The same by conversation. */
  readonly ignoredIn: Map<string, { readonly channel: string; count: number }>;
  readonly concluded: string[];
  readonly facts: Placed[];
};
type Placed = FactRef & { readonly position: string };

/** Counts and places only, by block: messages are not kept, however many there are. */
export class Traces {
  readonly #of = new Map<string, Trace>();

  ignored({ data: { blockId, channel, conversationId } }: IgnoredEvent): void {
    this.#count(blockId, channel, conversationId);
  }

  /** Hears what a block did to a conversation; a message that raced it counts as ignored. */
  conversation(event: Recorded<ConversationEvent>, channel: string): void {
    const { data } = event;
    if (!('blockId' in data) || data.blockId === null) return;
    const trace = this.#trace(data.blockId);
    trace.facts.push(placed(event));
    if (event.type === 'ConversationConcluded') trace.concluded.push(event.subject);
    if (event.type === 'MessageHidden') this.#count(data.blockId, channel, event.subject);
  }

  of(blockId: string): Trace | undefined {
    return this.#of.get(blockId);
  }

  #count(blockId: string, channel: string, conversationId: string): void {
    const { ignored, ignoredIn } = this.#trace(blockId);
    ignored.set(channel, (ignored.get(channel) ?? 0) + 1);
    const one = ignoredIn.get(conversationId) ?? { channel, count: 0 };
    one.count += 1;
    ignoredIn.set(conversationId, one);
  }

  #trace(blockId: string): Trace {
    const known = this.#of.get(blockId);
    if (known !== undefined) return known;
    const fresh: Trace = { ignored: new Map(), ignoredIn: new Map(), concluded: [], facts: [] };
    this.#of.set(blockId, fresh);
    return fresh;
  }
}

const placed = ({ id, type, stream, revision, recordedAt, position, metadata }: Recorded): Placed => ({
  eventId: id,
  type,
  stream,
  revision,
  recordedAt,
  actor: metadata.actor,
  commandId: metadata.commandId,
  correlationId: metadata.$correlationId,
  position,
});

// ── Episodes ────────────────────────────────────────────────────────────────────────────────────────────────────────
/** Of the contact's stream; what else stands there does not matter here. */
export const EPISODE_TYPES: ReadonlySet<string> = new Set<ContactEvent['type']>([
  'ContactBlocked',
  'ContactBlockChanged',
  'ContactUnblocked',
  'ContactBlockExpired',
]);

/** Facts of conversations that carry the block that caused them. */
export const TRACE_TYPES: ReadonlySet<string> = new Set<ConversationEvent['type']>([
  'ConversationConcluded',
  'ConversationUnassigned',
  'MessageCancelled',
  'MessageHidden',
]);

type Open = { readonly begun: DataOf<'ContactBlocked'>; readonly changes: BlockChange[]; readonly facts: Placed[] };
type End = Pick<Episode, 'endedAt' | 'endedBy' | 'endedHow' | 'requestedBy' | 'unblockReason' | 'durationMs'>;

/**
 * The episodes of a contact, oldest first, each as soon as its end is read; the open one last. `now` decides whether one that ran out
 * is over: it ends at its expiry exactly, whether the timer has said so or not.
 */
export const episodesOf = async function* (
  facts: AsyncIterable<Recorded<ContactEvent>>,
  traces: Traces,
  now: string,
): AsyncGenerator<Episode, void, undefined> {
  let open: Open | null = null;
  for await (const event of facts) {
    if (event.type === 'ContactBlocked') {
      open = { begun: event.data, changes: [], facts: [placed(event)] };
      continue;
    }
    if (open === null || !('blockId' in event.data) || event.data.blockId !== open.begun.blockId) continue;
    open.facts.push(placed(event));
    if (event.type === 'ContactBlockChanged') {
      const { contactId: _contact, blockId: _block, ...change } = event.data;
      open.changes.push(change);
    } else {
      yield told(open, endOf(event, open), traces);
      open = null;
    }
  }
  if (open !== null) yield told(open, ranOut(open, now), traces);
};

const endOf = (event: Recorded<ContactEvent>, { begun }: Open): End => {
  if (event.type === 'ContactUnblocked') {
    const { unblockedAt, unblockedBy, requestedBy, reason, durationMs } = event.data;
    return {
      endedAt: unblockedAt,
      endedBy: unblockedBy,
      endedHow: 'unblocked',
      requestedBy,
      unblockReason: reason,
      durationMs,
    };
  }
  return event.type === 'ContactBlockExpired' ? expiredAt(event.data.expiredAt, begun.blockedAt) : NOT_ENDED;
};

const NOT_ENDED: End = {
  endedAt: null,
  endedBy: null,
  endedHow: null,
  requestedBy: null,
  unblockReason: null,
  durationMs: null,
};

const expiredAt = (endedAt: string, blockedAt: string): End => ({
  ...NOT_ENDED,
  endedAt,
  endedHow: 'expired',
  durationMs: Date.parse(endedAt) - Date.parse(blockedAt),
});

const ranOut = ({ begun, changes }: Open, now: string): End => {
  const expiresAt = changes.reduce<string | null>(
    (latest, change) => (change.expiresAt === undefined ? latest : change.expiresAt),
    begun.expiresAt,
  );
  return expiresAt !== null && expiresAt <= now ? expiredAt(expiresAt, begun.blockedAt) : NOT_ENDED;
};

const told = ({ begun, changes, facts }: Open, end: End, traces: Traces): Episode => {
  const trace = traces.of(begun.blockId);
  const { blockId, kind, scope, reasonCode, reasonText, blockedBy, blockedAt } = begun;
  return {
    blockId,
    kind,
    scope,
    reasonCode,
    reasonText,
    blockedBy,
    blockedAt,
    expiresAt: begun.expiresAt,
    originConversationId: begun.originConversationId,
    noticeMessageId: begun.noticeMessageId,
    changes,
    ...end,
    ignored: Object.fromEntries(trace?.ignored ?? []),
    concludedConversationIds: trace?.concluded ?? [],
    facts: [...facts, ...(trace?.facts ?? [])]
      .sort((a, b) => (a.position < b.position ? -1 : 1))
      .map(({ position: _, ...fact }) => fact),
  };
};
