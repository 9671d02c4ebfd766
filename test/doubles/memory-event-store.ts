import { parseStream, type Position } from '#kernel';
import { CodeTooOld, UnknownEventType, type Codec } from '#event-store/codec';
import {
  WrongExpectedRevision,
  type AppendResult,
  type EventStore,
  type EventToStore,
  type Expected,
  type ReadStreamOptions,
  type StoredEvent,
  type SubscriptionItem,
} from '#event-store/port';

/** A log in memory, for the engine's tests. */
export class MemoryEventStore implements EventStore {
  readonly log: StoredEvent[] = [];
  readonly #revisions = new Map<string, number>();
  readonly #streams = new Map<string, StoredEvent[]>();
  readonly #waiting = new Set<() => void>();

  /** `now`: the time that facts are recorded at, in milliseconds since 1970. */
  constructor(private readonly now?: () => number) {}

  append(stream: string, expected: Expected, events: readonly EventToStore[]): Promise<AppendResult> {
    const actual = this.#revisions.get(stream) ?? null;
    if (actual !== (expected === 'no_stream' ? null : expected.revision)) {
      return Promise.reject(new WrongExpectedRevision(stream, expected, actual));
    }
    let revision = actual ?? -1;
    for (const event of events) {
      revision++;
      const position = positionOf(this.log.length + 1);
      const recordedAt = new Date(this.now?.() ?? Date.UTC(2026, 0, 1) + this.log.length).toISOString();
      const stored = { ...event, stream, revision, position, recordedAt };
      this.log.push(stored);
      this.#streams.set(stream, [...(this.#streams.get(stream) ?? []), stored]);
    }
    this.#revisions.set(stream, revision);
    for (const wake of this.#waiting) wake();
    return Promise.resolve({ revision, position: positionOf(this.log.length), deduplicated: false });
  }

  /** Facts without ceremony: at whatever revision the stream has. */
  async add(stream: string, type: string, data: Record<string, unknown>, schemaVersion = 1): Promise<Position> {
    const revision = this.#revisions.get(stream);
    const id = `00000000-0000-7000-8000-${String(this.log.length + 1).padStart(12, '0')}`;
    const event = { id, type, schemaVersion, data, metadata: {} as EventToStore['metadata'] };
    return (await this.append(stream, revision === undefined ? 'no_stream' : { revision }, [event])).position;
  }

  async appendMany(): Promise<never> {
    return Promise.reject(new Error('not needed here'));
  }

  async *readStream(
    stream: string,
    { from, direction = 'forwards', limit }: ReadStreamOptions = {},
  ): AsyncIterable<readonly StoredEvent[]> {
    const own = this.#streams.get(stream) ?? [];
    const found = direction === 'forwards' ? own.slice(from ?? 0) : own.slice(0, (from ?? own.length) + 1).reverse();
    yield limit === undefined ? found : found.slice(0, limit);
  }

  async *readAll({
    after,
    until,
    pageSize = 2000,
  }: Parameters<EventStore['readAll']>[0]): AsyncIterable<readonly StoredEvent[]> {
    const end = until === undefined ? this.log.length : Math.min(this.log.length, Number(until));
    for (let at = after === null ? 0 : Number(after); at < end; at += pageSize)
      yield this.log.slice(at, Math.min(end, at + pageSize));
  }

  async *subscribe({
    after,
    signal,
    pageSize = 2000,
  }: Parameters<EventStore['subscribe']>[0]): AsyncIterable<SubscriptionItem> {
    let at = after === null ? 0 : Number(after);
    while (!signal.aborted) {
      if (at < this.log.length) {
        const events = this.log.slice(at, at + pageSize);
        at += events.length;
        yield { kind: 'events', events };
        continue;
      }
      yield { kind: 'caughtUp' };
      if (at < this.log.length) continue;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
        // Aborted while the reader was busy: nobody tells again.
        if (signal.aborted) wake();
      });
    }
  }

  head() {
    const last = this.log.at(-1);
    return Promise.resolve(
      last === undefined ? null : { position: last.position, id: last.id, recordedAt: last.recordedAt },
    );
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const positionOf = (ordinal: number): Position => String(ordinal).padStart(20, '0') as Position;

/** A codec that seals nothing and knows these types. */
export const passthrough = (...types: readonly string[]): Codec => {
  const known = new Set(types);
  return {
    types: known,
    encode: (events) =>
      Promise.resolve(
        events.map(({ id, event, metadata }) => ({
          id,
          type: event.type,
          schemaVersion: 1,
          data: event.data as Record<string, unknown>,
          metadata: { ...metadata, schemaVersion: '1' },
        })),
      ),
    decode: (stored) => {
      if (!known.has(stored.type)) throw new UnknownEventType(stored.type);
      if (stored.schemaVersion > 1) throw new CodeTooOld(stored.type, stored.schemaVersion);
      const parts = parseStream(stored.stream);
      if (parts === null) throw new Error(`bad stream ${stored.stream}`);
      return {
        type: stored.type,
        data: stored.data,
        id: stored.id,
        stream: stored.stream,
        category: parts.category,
        tenant: parts.tenant,
        subject: parts.subject,
        revision: stored.revision,
        position: stored.position,
        recordedAt: stored.recordedAt,
        metadata: stored.metadata,
      };
    },
    open: (event) => Promise.resolve(event),
    openValue: (value) => Promise.resolve(value),
  };
};
