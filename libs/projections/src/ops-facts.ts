import { defineEvents, type Event } from '#kernel';
import { AppendOutcomeUnknown, WrongExpectedRevision, type EventStore, type StoredEvent } from '#event-store/port';
import { v7 } from 'uuid';

/** Ops acts are facts too; they stand in `ops-{projection or policy}`, outside of every tenant. */
export type OpsEvent =
  | Event<'PolicyStarted', { policy: string; startedAt: string }>
  | Event<'RebuildRequested', { rebuildId: string; projection: string; requestedBy: string; requestedAt: string }>
  /** An operator let a rebuild go live; what goes live by itself was asked for with the rebuild. */
  | Event<'GenerationPromoted', { rebuildId: string; projection: string; promotedBy: string; promotedAt: string }>
  | Event<
      'GenerationRolledBack',
      { projection: string; generation: number; rolledBackBy: string; rolledBackAt: string }
    >
  | Event<
      'ParkedEventsRetried',
      { projection: string; sequence: string; applied: number; left: number; retriedBy: string; retriedAt: string }
    >
  /** Honoured by every rebuild of this version: the event is skipped for the sequence, a key's or a stream's. */
  | Event<
      'ParkedEventDiscarded',
      {
        projection: string;
        version: number;
        sequence: string;
        eventId: string;
        reason: string;
        discardedBy: string;
        discardedAt: string;
      }
    >;

export const opsEvents = defineEvents<OpsEvent>()({
  PolicyStarted: { version: 1 },
  RebuildRequested: { version: 1 },
  GenerationPromoted: { version: 1 },
  GenerationRolledBack: { version: 1 },
  ParkedEventsRetried: { version: 1 },
  ParkedEventDiscarded: { version: 1 },
});

/** Of facts that belong to the installation. No tenant can have this name: a tenant's has no underscore. */
export const INSTALLATION = '_installation';

/**
 * Appends an act to the stream of what it is about, unless `standing` finds it there already. Answers its stored form's position;
 * two that append at once both see one outcome.
 */
export const recordOpsFact = async (
  events: EventStore,
  about: string,
  fact: OpsEvent,
  actor: { readonly id: string; readonly kind: 'system' | 'staff'; readonly commandId?: string },
  standing: (stored: StoredEvent) => boolean,
): Promise<StoredEvent['position']> => {
  const stream = `ops-${about}`;
  const id = v7();
  for (;;) {
    let last: StoredEvent | undefined;
    for await (const page of events.readStream(stream)) {
      const found = page.find(standing);
      if (found !== undefined) return found.position;
      last = page.at(-1) ?? last;
    }
    const metadata = {
      $correlationId: id,
      $causationId: id,
      commandId: actor.commandId ?? id,
      commandType: fact.type,
      actor: actor.id,
      actorKind: actor.kind,
      tenant: INSTALLATION,
      schemaVersion: '1',
      occurredAt: new Date().toISOString(),
      requestHash: '',
    } as const;
    const expected = last === undefined ? 'no_stream' : { revision: last.revision };
    try {
      return (
        await events.append(stream, expected, [{ id, type: fact.type, schemaVersion: 1, data: fact.data, metadata }])
      ).position;
    } catch (error) {
      // Somebody was faster, or the answer was lost: the stream tells.
      if (!(error instanceof WrongExpectedRevision || error instanceof AppendOutcomeUnknown)) throw error;
    }
  }
};
