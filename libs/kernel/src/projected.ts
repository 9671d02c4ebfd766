import type { Event, EventMetadata, Position, Recorded } from './event.js';
import { foldRow, type Projection } from './projection.js';
import { parseStream } from './stream.js';

/** A fact in a test, as short as it can be said. `at` is `occurredAt` and `recordedAt`. */
export type ShortEvent<E extends Event = Event> = E & {
  readonly stream?: string;
  readonly at?: string;
  readonly id?: string;
  readonly metadata?: Partial<EventMetadata>;
};

/** Short facts as recorded ones: positions from 1, revisions by stream, ids and times that are the same on every run. The stream defaults to `test-acme.1`. */
export const recorded = <E extends Event>(events: readonly ShortEvent<E>[]): Recorded<E>[] => {
  const revisions = new Map<string, number>();
  return events.map((short, at) => {
    const { stream = 'test-acme.1', at: time, id, metadata, ...event } = short;
    const parts = parseStream(stream);
    if (parts === null) throw new Error(`${stream} is no stream's name`);
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    const number = String(at + 1);
    const recordedAt = time ?? new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString();
    return {
      ...event,
      id: id ?? `00000000-0000-7000-8000-${number.padStart(12, '0')}`,
      stream,
      ...parts,
      revision,
      position: number.padStart(20, '0') as Position,
      recordedAt,
      metadata: {
        $correlationId: `correlation-${number}`,
        $causationId: `cause-${number}`,
        commandId: `command-${number}`,
        commandType: 'Test',
        actor: 'ana',
        actorKind: 'staff',
        tenant: parts.tenant,
        schemaVersion: '1',
        occurredAt: recordedAt,
        requestHash: `hash-${number}`,
        ...metadata,
      },
    } as unknown as Recorded<E>;
  });
};

/** The rows that a projection makes of the facts, sorted by key; key columns and tenant stand in each row. Types that it does not hear are skipped. */
export const foldAll = <E extends Event>(
  projection: Projection<E> & { readonly __row?: unknown },
  events: readonly ShortEvent<E>[],
): Readonly<Record<string, unknown>>[] => {
  const rows = new Map<
    string,
    { readonly key: Readonly<Record<string, string>>; readonly row: Readonly<Record<string, unknown>> }
  >();
  for (const event of recorded(events)) {
    if (!Object.hasOwn(projection.on, event.type)) continue;
    for (const named of projection.keysOf(event)) {
      const id = JSON.stringify([event.tenant, ...projection.table.key.map((name) => named[name])]);
      const row = foldRow(projection as unknown as Projection, rows.get(id)?.row ?? null, event, named);
      if (row === null) rows.delete(id);
      else rows.set(id, { key: { tenant: event.tenant, ...named }, row });
    }
  }
  return [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { key, row }]) => ({ ...key, ...row }));
};
