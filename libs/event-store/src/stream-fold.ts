import { type AnyDecider, type Position, type Recorded, UnheardEvent } from '#kernel';
import { type Codec, CodeTooOld, UnknownEventType } from './codec.js';
import type { EventStore, StoredEvent } from './port.js';
import { StreamTruncated } from './runner.js';

/** Where a command's facts stand in its stream. */
export type CommandTrace = {
  readonly first: number;
  readonly last: number;
  readonly requestHash: string;
  readonly occurredAt: string;
};

/**
 * A stream folded up to a revision. A value: going on makes a new one. Only `commands` is shared by all folds of a stream;
 * it holds nothing but truths about stored facts, so that it may run ahead of a fold.
 */
export type StreamFold = {
  readonly decider: AnyDecider;
  readonly state: unknown;
  /** -1 for a stream that does not exist. */
  readonly revision: number;
  readonly position: Position | null;
  readonly commands: Map<string, CommandTrace>;
  /** When this was known to be the stream's end, by the process's monotonic clock in milliseconds. */
  readonly readAt: number;
  /** Later facts of the stream were heard of. */
  readonly isBehind: boolean;
};

export const emptyFold = (decider: AnyDecider): StreamFold => ({
  decider,
  state: decider.initial as unknown,
  revision: -1,
  position: null,
  commands: new Map(),
  readAt: -Infinity,
  isBehind: false,
});

/** How long a command id is recognised. */
const rememberedMs = 24 * 3_600_000;

/** Adds a trace and forgets those a day older. */
export const remember = (commands: Map<string, CommandTrace>, id: string, trace: CommandTrace): void => {
  const known = commands.get(id);
  const first = Math.min(known?.first ?? trace.first, trace.first);
  const last = Math.max(known?.last ?? trace.last, trace.last);
  commands.set(id, { ...trace, first, last });
  // Insertion order is nearly that of time, which is enough for forgetting.
  const oldest = Date.parse(trace.occurredAt) - rememberedMs;
  for (const [earlier, { occurredAt }] of commands) {
    if (Date.parse(occurredAt) >= oldest) break;
    commands.delete(earlier);
  }
};

/** A fact of a stream that is read as a whole, in clear only if it is of a type that `opens` names. */
export const recordedOf = async (
  codec: Codec,
  stored: StoredEvent,
  opens: readonly string[] = [],
): Promise<Recorded> => {
  try {
    const recorded = codec.decode(stored);
    return opens.includes(recorded.type) ? await codec.open(recorded) : recorded;
  } catch (error) {
    // Nothing is skipped: what this code does not know was written by newer code.
    if (error instanceof UnknownEventType) throw new CodeTooOld(stored.type, stored.schemaVersion);
    throw error;
  }
};

/**
 * The fold behind further stored facts, which must follow without a gap, and these facts as they were folded.
 * Throws StreamTruncated, CodeTooOld or MalformedEvent.
 */
export const foldOn = async (
  codec: Codec,
  fold: StreamFold,
  page: readonly StoredEvent[],
): Promise<{ readonly fold: StreamFold; readonly events: readonly Recorded[] }> => {
  let at = fold;
  const events: Recorded[] = [];
  for (const stored of page) {
    if (stored.revision !== at.revision + 1) throw new StreamTruncated(stored.stream);
    const event = await recordedOf(codec, stored, fold.decider.opens);
    at = folded(at, stored, event);
    events.push(event);
  }
  return { fold: at, events };
};

/** The fold behind one more stored fact that was heard; `null` if it is not the next one or cannot be folded at once: then the stream is read. */
export const foldHeard = (codec: Codec, fold: StreamFold, stored: StoredEvent): StreamFold | null => {
  if (stored.revision !== fold.revision + 1 || fold.decider.opens?.includes(stored.type) === true) return null;
  try {
    return folded(fold, stored, codec.decode(stored));
  } catch {
    // Told to whoever reads it.
    return null;
  }
};

const folded = (fold: StreamFold, { revision, position, schemaVersion }: StoredEvent, event: Recorded): StreamFold => {
  const state = evolve(fold.decider, fold.state, event, schemaVersion);
  const { commandId, requestHash, occurredAt } = event.metadata;
  remember(fold.commands, commandId, { first: revision, last: revision, requestHash, occurredAt });
  return { ...fold, state, revision, position };
};

const evolve = (decider: AnyDecider, state: unknown, event: Recorded, version: number): unknown => {
  try {
    return decider.evolve(state, event) as unknown;
  } catch (error) {
    if (error instanceof UnheardEvent) throw new CodeTooOld(event.type, version);
    throw error;
  }
};

/** The fold at the stream's present end. */
export const catchUp = async (
  store: EventStore,
  codec: Codec,
  stream: string,
  fold: StreamFold,
): Promise<StreamFold> => {
  let at = fold;
  for await (const page of store.readStream(stream, { from: fold.revision + 1 })) {
    at = (await foldOn(codec, at, page)).fold;
  }
  return at;
};

/** A stored command's facts, and the stream folded to the last of them, not further. */
export const refold = async (
  store: EventStore,
  codec: Codec,
  stream: string,
  decider: AnyDecider,
  trace: CommandTrace,
): Promise<{ readonly fold: StreamFold; readonly events: readonly Recorded[] }> => {
  let fold = emptyFold(decider);
  const events: Recorded[] = [];
  for await (const page of store.readStream(stream, { limit: trace.last + 1 })) {
    const next = await foldOn(codec, fold, page);
    fold = next.fold;
    events.push(...next.events.filter((event) => event.revision >= trace.first));
  }
  return { fold, events };
};
