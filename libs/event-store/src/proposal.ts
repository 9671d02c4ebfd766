import { type AnyDecider, type CommandMetadata, type Event, fold, type Position, type Recorded } from '#kernel';
import type { Codec } from './codec.js';
import type { EventToStore, StoredEvent } from './port.js';
import { type CommandTrace, foldOn, type StreamFold } from './stream-fold.js';

/** Facts that were decided but do not stand yet, and the fold behind them as a cold read would give it. */
export type Proposal = {
  readonly events: readonly EventToStore[];
  readonly recorded: readonly Recorded[];
  /** Its `commands` are those of this proposal alone, until the facts stand. */
  readonly fold: StreamFold;
  readonly bytes: number;
};

type Decided = {
  readonly tenant: string;
  readonly stream: string;
  readonly commandType: string;
  readonly metadata: CommandMetadata;
  readonly now: string;
  readonly newId: () => string;
};

/**
 * Seals a decision's facts and folds them in the very form in which they will be read back (JSON, sealed, opened where the
 * decider opens), so that a cached fold equals a cold one.
 */
export const propose = async (
  codec: Codec,
  at: StreamFold,
  decided: readonly Event[],
  context: Decided,
): Promise<Proposal> => {
  const { decider } = at;
  const subjectOf = sealing(decider, at.state, decided);
  const events = await codec.encode(
    decided.map((event) => ({
      id: context.newId(),
      event,
      tenant: context.tenant,
      subject: subjectOf(event),
      metadata: metadataOf(context),
    })),
  );
  let bytes = 0;
  const stored = events.map((event, i): StoredEvent => {
    const data = JSON.stringify(event.data);
    const metadata = JSON.stringify(event.metadata);
    bytes += Buffer.byteLength(data) + Buffer.byteLength(metadata) + 200;
    return {
      ...event,
      data: JSON.parse(data) as StoredEvent['data'],
      metadata: event.metadata,
      stream: context.stream,
      revision: at.revision + 1 + i,
      position: '' as Position,
      recordedAt: context.now,
    };
  });
  const next = await foldOn(codec, { ...at, commands: new Map<string, CommandTrace>() }, stored);
  return { events, recorded: next.events, fold: { ...next.fold, position: at.position }, bytes };
};

/** The key's subject stands in the state behind the facts, which are not sealed yet: a provisional fold of the clear ones. */
const sealing = (
  { sealedFor, evolve }: AnyDecider,
  state: unknown,
  decided: readonly Event[],
): ((event: Event) => string | null) => {
  if (sealedFor === undefined) return () => null;
  const behind = fold<unknown, Event>(evolve as (state: unknown, event: Event) => unknown, state, decided);
  return (event) => sealedFor(behind, event);
};

const metadataOf = ({ tenant, commandType, metadata }: Decided): Omit<EventToStore['metadata'], 'schemaVersion'> => ({
  $correlationId: metadata.correlationId,
  $causationId: metadata.causationId,
  commandId: metadata.commandId,
  commandType,
  actor: metadata.caller.id,
  actorKind: metadata.caller.kind,
  tenant,
  occurredAt: metadata.now,
  requestHash: metadata.requestHash,
  ...(metadata.onBehalfOf === undefined ? {} : { onBehalfOf: metadata.onBehalfOf }),
  ...(metadata.traceparent === undefined ? {} : { traceparent: metadata.traceparent }),
});
