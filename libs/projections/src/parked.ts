import { hash } from 'node:crypto';
import { parseStream } from '#kernel';
import type { StoredEvent } from '#event-store/port';
import type { GenerationRow, Key, ParkedEventRow, ParkedRow, RowWrites } from '#read-store';

export type ParkingLimits = {
  /** Keys and streams of one generation. */
  readonly sequences: number;
  /** Events of one key. */
  readonly events: number;
  /** Events that could not be folded – not those that only wait behind them – among the last `window` heard. */
  readonly failures: number;
  readonly window: number;
};

/** Beyond these a projection pauses: a bug must not park the world. */
export const PARKING_LIMITS: ParkingLimits = { sequences: 1000, events: 1000, failures: 100, window: 10_000 };

/** More is parked than the limits allow. The message is for the operator. */
export class TooMuchParked extends Error {
  constructor(projection: string, what: string) {
    super(
      `${projection} is paused: ${what}. Its rows stay as they are and nothing is lost. Deploy code that can fold them and retry what is parked, or discard it`,
    );
    this.name = 'TooMuchParked';
  }
}

type Place = Pick<GenerationRow, 'projection' | 'generation'>;
type Placed = Pick<StoredEvent, 'id' | 'position' | 'stream' | 'revision'>;
type Kind = ParkedRow['kind'];
type Sequence = {
  readonly name: string;
  readonly kind: Kind;
  /** The tenant, then the values of the key or the stream. */
  readonly key: Key;
  first: { readonly id: string; readonly position: string };
  last: string;
  error: string;
  events: number;
  /** Of them, those that are committed; 0 = the sequence is new. */
  stored: number;
};

/** Names a key or a stream: opaque, fit for an address, the same in every generation and store. */
export const sequenceOf = (kind: Kind, key: Key): string => hash('sha256', JSON.stringify([kind, ...key])).slice(0, 32);

const streamKey = (stream: string): Key => [parseStream(stream)?.tenant ?? '', stream];
export const streamSequence = (stream: string): string => sequenceOf('stream', streamKey(stream));

/** How a row is found in memory: the tenant and the values of the key. */
export const idOf = (key: Key): string => key.join('\u0000');

/**
 * What one generation has parked, in memory as it is in the store: bounded by the limits. What is added counts at once and is stored by `write`;
 * `settle` when that is committed, `forget` when it is not.
 */
export class Parked {
  readonly #keys = new Map<string, Sequence>();
  readonly #streams = new Map<string, Sequence>();
  /** Changed since the last commit. */
  #changed = new Set<Sequence>();
  #events: ParkedEventRow[] = [];
  #heard = 0;
  #heardStored = 0;
  /** Which of the events heard failed: the last ones. */
  #failures: number[] = [];
  #failedId = '';
  #cause = '';

  constructor(
    readonly place: Place,
    readonly limits: ParkingLimits,
    rows: readonly ParkedRow[],
  ) {
    this.load(rows);
  }

  /** Takes over what the store holds. */
  load(rows: readonly ParkedRow[]): void {
    this.#keys.clear();
    this.#streams.clear();
    this.#changed = new Set();
    this.#events = [];
    for (const row of rows) {
      const key = JSON.parse(row.key) as Key;
      this.#mapOf(row.kind).set(row.kind === 'key' ? idOf(key) : (key[1] ?? ''), {
        name: row.sequence,
        kind: row.kind,
        key,
        first: { id: row.first_event_id, position: row.first_position },
        last: '',
        error: row.error,
        events: row.events,
        stored: row.events,
      });
    }
  }

  /** Events that wait for `write`. */
  get pending(): number {
    return this.#events.length;
  }

  hasKey(id: string): boolean {
    return this.#keys.size > 0 && this.#keys.has(id);
  }

  /** Why an event has to wait for an earlier one of its stream that cannot be read; null: it has not to. */
  waitsFor({ stream, position }: Placed): string | null {
    const before = this.#streams.size === 0 ? undefined : this.#streams.get(stream);
    return before === undefined || before.first.position >= position
      ? null
      : `waits for the event ${before.first.id} of its stream, which cannot be read: retry ${before.name}`;
  }

  /** Counts an event for the share of failures. */
  heard(): void {
    this.#heard++;
  }

  /** Parks an event for one key; `error` is null where it only follows others. */
  holdKey(key: Key, event: Placed, error: string | null): void {
    this.#hold('key', idOf(key), key, event, error);
  }

  /** Parks an event that cannot be read. */
  holdStream(event: Placed, error: string): void {
    this.#hold('stream', event.stream, streamKey(event.stream), event, error);
  }

  /** Counts an event that could not be folded. */
  failed(eventId: string, error: string): void {
    if (eventId !== this.#failedId) this.#failures.push(this.#heard);
    this.#failedId = eventId;
    if (this.#failures.length > this.limits.failures + 1) this.#failures.shift();
    this.#cause = `the event ${eventId}: ${error}`;
  }

  /** What is beyond the limits; null = nothing. */
  get excess(): string | null {
    const { sequences, events, failures, window } = this.limits;
    const all = this.#keys.size + this.#streams.size;
    const last = `the last: ${this.#cause}`;
    if (all > sequences) return `${String(all)} keys and streams would be parked (${last})`;
    for (const { key, error, ...one } of this.#changed) {
      if (one.events > events)
        return `${String(one.events)} events of ${key.slice(1).join(' ')} would be parked (the first, ${one.first.id}: ${error})`;
    }
    const first = this.#failures.at(-failures - 1);
    if (first !== undefined && first > this.#heard - window)
      return `${String(failures + 1)} of the last ${String(Math.min(window, this.#heard))} events could not be folded (${last})`;
    return null;
  }

  /** Takes a sequence out; the caller writes its rows and its absence in one transaction. */
  release(kind: Kind, key: Key): void {
    this.#mapOf(kind).delete(kind === 'key' ? idOf(key) : (key[1] ?? ''));
  }

  async write(tx: RowWrites, now: string): Promise<void> {
    if (this.#changed.size === 0) return;
    const rows = [...this.#changed].map((one): ParkedRow => ({
      ...this.place,
      sequence: one.name,
      kind: one.kind,
      key: JSON.stringify(one.key),
      first_event_id: one.first.id,
      first_position: one.first.position,
      error: one.error,
      events: one.events,
      parked_at: now,
    }));
    await tx.system.parking.hold(rows, this.#events);
  }

  settle(): void {
    for (const one of this.#changed) one.stored = one.events;
    this.#changed = new Set();
    this.#events = [];
    this.#heardStored = this.#heard;
  }

  forget(): void {
    for (const one of this.#changed) {
      if (one.stored === 0) this.release(one.kind, one.key);
      one.events = one.stored;
      one.last = '';
    }
    this.#changed = new Set();
    this.#events = [];
    this.#heard = this.#heardStored;
    this.#failures = this.#failures.filter((at) => at <= this.#heardStored);
    this.#failedId = '';
  }

  #mapOf(kind: Kind): Map<string, Sequence> {
    return kind === 'key' ? this.#keys : this.#streams;
  }

  #hold(kind: Kind, id: string, key: Key, event: Placed, error: string | null): void {
    let one = this.#mapOf(kind).get(id);
    if (one === undefined) {
      const first = { id: event.id, position: event.position };
      const name = sequenceOf(kind, key);
      one = { name, kind, key, first, last: '', error: error ?? 'unknown', events: 0, stored: 0 };
      this.#mapOf(kind).set(id, one);
    }
    // The same key may be named twice by one event.
    if (one.last === event.id) return;
    one.last = event.id;
    one.events++;
    this.#changed.add(one);
    this.#events.push({
      ...this.place,
      sequence: one.name,
      position: event.position,
      event_id: event.id,
      stream: event.stream,
      revision: event.revision,
    });
  }
}
