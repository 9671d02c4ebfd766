// Who blocked this customer, when, why, until when, and what it did: an episode after the other, as the streams tell it [R12].
import { sameScope, type ContactEvent, type IgnoredEvent, type Scope } from '#contacts';
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
  'ContactsMerged',
  'ContactsUnmerged',
  'ContactRestored',
]);

/** Facts of conversations that carry the block that caused them. */
export const TRACE_TYPES: ReadonlySet<string> = new Set<ConversationEvent['type']>([
  'ConversationConcluded',
  'ConversationUnassigned',
  'MessageCancelled',
  'MessageHidden',
]);

type Open = {
  readonly begun: DataOf<'ContactBlocked'>;
  readonly changes: BlockChange[];
  readonly facts: Placed[];
  /** As they are now. */
  scope: Scope;
  expiresAt: string | null;
  end: End | null;
};
type End = Pick<Episode, 'endedAt' | 'endedBy' | 'endedHow' | 'requestedBy' | 'unblockReason' | 'durationMs'>;
type Merging = Extract<ContactEvent, { type: 'ContactsMerged' | 'ContactsUnmerged' | 'ContactRestored' }>;

/**
 * The episodes of a contact, oldest first, each as soon as its end is read; the open one last. `now` decides whether one that ran out
 * is over: it ends at its expiry exactly, whether the timer has said so or not.
 */
export const episodesOf = async function* (
  facts: AsyncIterable<Recorded<ContactEvent>>,
  traces: Traces,
  now: string,
): AsyncGenerator<Episode, void, undefined> {
  const open = new Map<string, Open>();
  for await (const event of facts) {
    for (const one of hear(open, event)) {
      if (one.end === null) continue;
      open.delete(one.begun.blockId);
      yield told(one, one.end, traces);
    }
  }
  for (const one of open.values()) yield told(one, ranOut(one, now), traces);
};

/**
 * The same of a contact that was merged: with the episodes that those brought whom it absorbed and that were not given back. `facts` are
 * those of all of them, in the order of the log; an episode goes on in the stream of whoever has it.
 */
export const unitedEpisodesOf = function* (
  contactId: string,
  facts: Iterable<Recorded<ContactEvent>>,
  traces: Traces,
  now: string,
): Generator<Episode, void, undefined> {
  const all = new Map<string, Open>();
  const brought = new Map<string, readonly string[]>();
  for (const event of facts) {
    hear(all, event);
    if (event.data.contactId !== contactId) continue;
    if (event.type === 'ContactBlocked') brought.set(event.data.blockId, [event.data.blockId]);
    if (event.type === 'ContactsMerged') brought.set(event.data.mergeId, event.data.blockIds);
    if (event.type === 'ContactsUnmerged') brought.delete(event.data.mergeId);
  }
  const own = new Set([...brought.values()].flat());
  const sorted = [...all.values()].sort((a, b) => (a.begun.blockedAt < b.begun.blockedAt ? -1 : 1));
  for (const one of sorted) if (own.has(one.begun.blockId)) yield told(one, one.end ?? ranOut(one, now), traces);
};

/** Takes a fact in; answers the episodes that it tells of. */
const hear = (open: Map<string, Open>, event: Recorded<ContactEvent>): readonly Open[] => {
  if (event.type === 'ContactBlocked') {
    const { blockId, scope, expiresAt } = event.data;
    open.set(blockId, { begun: event.data, changes: [], facts: [placed(event)], scope, expiresAt, end: null });
    return [];
  }
  const known = blockIdsOf(event)
    .map((blockId) => open.get(blockId ?? ''))
    .filter((one) => one !== undefined);
  for (const one of known) {
    one.facts.push(placed(event));
    if (event.type === 'ContactBlockChanged') change(one, event.data);
    else if (event.type === 'ContactsMerged') merge(one, event.data);
    else if (event.type === 'ContactsUnmerged') separate(one, event.data);
    else if (event.type !== 'ContactRestored') one.end = endOf(event, one);
  }
  return known;
};

const blockIdsOf = (event: ContactEvent): readonly (string | null | undefined)[] => {
  if (isMerging(event)) {
    if (event.type === 'ContactsMerged')
      return [event.data.blockOutcome.keptBlockId, event.data.blockOutcome.endedBlockId];
    return [event.data.block?.blockId, event.type === 'ContactsUnmerged' ? event.data.restored.block?.blockId : null];
  }
  return 'blockId' in event.data ? [event.data.blockId] : [];
};

const isMerging = (event: ContactEvent): event is Merging =>
  ['ContactsMerged', 'ContactsUnmerged', 'ContactRestored'].includes(event.type);

const change = (one: Open, data: DataOf<'ContactBlockChanged'>): void => {
  const { contactId: _contact, blockId: _block, ...said } = data;
  one.changes.push(said);
  if (said.scope !== undefined) one.scope = said.scope;
  if (said.expiresAt !== undefined) one.expiresAt = said.expiresAt;
};

const merge = (one: Open, { block, blockOutcome, mergedBy, mergedAt }: DataOf<'ContactsMerged'>): void => {
  const { endedBlockId, endedAt } = blockOutcome;
  if (one.begun.blockId !== endedBlockId || endedAt === null) {
    goesOn(one, block, mergedBy, mergedAt);
    return;
  }
  const expired = expiredAt(endedAt, one.begun.blockedAt);
  // One that had run out before it was merged was over already.
  one.end = endedAt === one.expiresAt ? expired : { ...expired, endedHow: 'merged', endedBy: mergedBy };
};

const separate = (one: Open, { block, restored, unmergedBy, unmergedAt }: DataOf<'ContactsUnmerged'>): void => {
  const isTheirs = one.begun.blockId === restored.block?.blockId;
  goesOn(one, isTheirs ? restored.block : block, unmergedBy, unmergedAt);
};

/** Open, with the scope and the end that a merge or its undoing gave it. */
const goesOn = (
  one: Open,
  block: { readonly scope: Scope; readonly expiresAt: string | null } | null,
  changedBy: string,
  changedAt: string,
): void => {
  if (block === null) return;
  one.end = null;
  const { scope, expiresAt } = block;
  const what = {
    ...(sameScope(one.scope, scope) ? {} : { scope }),
    ...(one.expiresAt === expiresAt ? {} : { expiresAt }),
  };
  if (Object.keys(what).length === 0) return;
  one.changes.push({ ...what, changedBy, changedAt });
  Object.assign(one, what);
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

const ranOut = ({ begun, expiresAt }: Open, now: string): End =>
  expiresAt !== null && expiresAt <= now ? expiredAt(expiresAt, begun.blockedAt) : NOT_ENDED;

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
