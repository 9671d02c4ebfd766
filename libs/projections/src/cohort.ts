import type { Position, Recorded } from '#kernel';
import { CodeTooOld, SealBroken, UnknownEventType, type Codec } from '#event-store/codec';
import type { StoredEvent } from '#event-store/port';
import { KeyMissing } from '#event-store/vault';
import { UnfitRow, type CheckpointRow, type Reached, type RowStore, type RowWrites, type Seat } from '#read-store';
import { type Generation, messageOf } from './generation.js';
import { TooMuchParked } from './parked.js';
import { leaveGroup, leftCohort } from './rebuild.js';

/** Since the engine's start: events written, and those of unknown types among them; transactions that moved a checkpoint, and their seconds; what was tried again after a failure. */
export type Counters = { applied: number; unknown: number; batches: number; seconds: number; retries: number };
type Context = {
  readonly rows: RowStore;
  readonly codec: Codec;
  readonly seat: Seat;
  readonly counters: Counters;
  readonly now: () => string;
};
type Beside = (tx: RowWrites) => Promise<void>;
/** What was folded since the checkpoint. */
type Ahead = Reached & { readonly unknown: number; readonly characters: number };

/**
 * Generations that stand at one position and advance together: one reading, one transaction for the rows of all and the checkpoint.
 * Folding may run ahead of that transaction, in memory; whatever ends the process then is as if it had never been read.
 */
export class Cohort {
  /** Of the checkpoint, as it is stored. */
  position: Position | null;
  /** Events up to the checkpoint, since the beginning of the log. */
  events: number;
  paused: string | null = null;
  /** Not before this time (performance.now) after a failure that may pass. */
  retryAt = 0;
  failures = 0;
  #generations: readonly Generation[] = [];
  #hearers = new Map<string, Generation[]>();
  #opens = new Set<string>();
  #ahead: Ahead | null = null;
  /** Up to here events are taken and written one by one: one of them makes a row that does not fit its table. */
  #careful: Position | null = null;
  /** Failed while events were taken one by one. */
  readonly #gone: Generation[] = [];

  /** `parks`: what cannot be folded is parked; else it ends its generation. */
  constructor(
    readonly name: string,
    row: Pick<CheckpointRow, 'position' | 'events'>,
    readonly parks = true,
  ) {
    this.position = row.position as Position | null;
    this.events = row.events;
  }

  get generations(): readonly Generation[] {
    return this.#generations;
  }

  set generations(generations: readonly Generation[]) {
    this.#generations = generations;
    this.#hearers = new Map();
    this.#opens = new Set();
    for (const generation of generations) {
      generation.parks = this.parks;
      for (const type of Object.keys(generation.projection.on)) {
        const hearers = this.#hearers.get(type);
        if (hearers === undefined) this.#hearers.set(type, [generation]);
        else hearers.push(generation);
      }
      for (const type of generation.projection.opens) this.#opens.add(type);
    }
  }

  /** Where the next event is to be read after: the checkpoint, or what is folded beyond it. */
  get reached(): Position | null {
    return this.#ahead?.position ?? this.position;
  }

  /** What waits to be written: rows, events, and characters of the events that were heard (where the store tells). */
  get pending(): { readonly rows: number; readonly events: number; readonly characters: number } {
    let rows = 0;
    for (const generation of this.#generations) rows += generation.dirty;
    return { rows, events: this.#ahead?.events ?? 0, characters: this.#ahead?.characters ?? 0 };
  }

  /** `fold`, then `flush`; once more, event by event, where a row does not fit its table. */
  async apply(batch: readonly StoredEvent[], context: Context): Promise<readonly Generation[]> {
    await this.fold(batch, context);
    try {
      return await this.flush(context);
    } catch (error) {
      if (!(error instanceof UnfitRow)) throw error;
      await this.fold(batch, context);
      return this.flush(context);
    }
  }

  /**
   * Folds the events in memory. One that newer code wrote, or that needs a key which the vault does not have, ends the batch before it and pauses
   * the cohort. Throws what may pass when tried again: then everything since the checkpoint is forgotten.
   */
  async fold(batch: readonly StoredEvent[], context: Context): Promise<void> {
    try {
      let from = 0;
      for (; from < batch.length && this.#careful !== null; from++) {
        if (this.#ahead !== null) this.#gone.push(...(await this.flush(context)));
        await this.#fold(batch.slice(from, from + 1), context);
        if (this.paused !== null) return;
      }
      if (from < batch.length) await this.#fold(from === 0 ? batch : batch.slice(from), context);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /**
   * Writes what is folded and moves the checkpoint, in one transaction; `beside` writes what belongs to the same moment.
   * Generations that fail for good leave with state `failed` and are returned; the others go on.
   * Those of them that answer queries and have too much parked pause instead, with a checkpoint of their own where this one was.
   * Throws Fenced, or what may pass when tried again, as UnfitRow does event by event: then everything since the checkpoint is forgotten.
   */
  async flush(context: Context, beside?: Beside): Promise<readonly Generation[]> {
    for (;;) {
      const going = this.#generations.filter(({ failure }) => failure === null);
      try {
        await this.#write(going, context, beside);
      } catch (error) {
        // Again without the one whose row does not fit: what the others folded is still right.
        if (going.some(({ failure }) => failure !== null)) continue;
        if (error instanceof UnfitRow) this.#careful = this.reached;
        this.forget();
        throw error;
      }
      const failed = this.#generations.filter(({ failure }) => failure !== null);
      if (failed.length > 0) this.generations = going;
      return [...this.#gone.splice(0), ...failed];
    }
  }

  /** What was folded since the checkpoint never was. */
  forget(): void {
    for (const generation of this.#generations) generation.forget();
    this.#ahead = null;
    this.paused = null;
  }

  async #fold(batch: readonly StoredEvent[], { rows, codec }: Context): Promise<void> {
    const opened = this.#opens.size === 0 ? null : await this.#open(batch, codec);
    this.#take(batch, codec, opened);
    for (const generation of this.#generations) {
      if (generation.failure !== null) continue;
      const { missing } = generation;
      if (missing.length > 0) generation.fill(await rows.load(generation.table, missing));
      generation.fold();
    }
  }

  async #write(going: readonly Generation[], context: Context, beside?: Beside): Promise<void> {
    const { rows, seat, counters, now } = context;
    // Where nobody is left to hear them, the events were not passed.
    const ahead = going.length === 0 ? null : this.#ahead;
    const careful = this.#careful !== null;
    const began = performance.now();
    await rows.write(async (tx) => {
      await tx.system.own(seat);
      for (const generation of going) await generation.write(tx, now(), careful);
      for (const generation of this.#generations) {
        if (generation.failure !== null) await leave(tx, generation, generation.failure);
      }
      if (ahead !== null) await tx.system.advance(this.name, this.position, ahead);
      if (this.paused !== null) await tx.system.setCheckpoint(this.name, { paused: this.paused });
      if (beside !== undefined) await beside(tx);
    });
    for (const generation of going) generation.settle(beside !== undefined);
    this.#ahead = null;
    if (ahead === null) return;
    this.position = ahead.position;
    this.events += ahead.events;
    counters.batches++;
    counters.seconds += (performance.now() - began) / 1000;
    counters.applied += ahead.events;
    counters.unknown += ahead.unknown;
    if (this.#careful !== null && ahead.position >= this.#careful) this.#careful = null;
  }

  /** Gives each event to those who hear it, up to one that cannot be passed. */
  #take(
    batch: readonly StoredEvent[],
    codec: Codec,
    opened: ReadonlyMap<StoredEvent, Recorded | KeyMissing | SealBroken> | null,
  ): void {
    let unknown = 0;
    let characters = 0;
    let at = 0;
    for (; at < batch.length; at++) {
      const stored = batch[at];
      if (stored === undefined) break;
      const hearers = this.#hearers.get(stored.type);
      if (hearers === undefined) {
        if (!codec.types.has(stored.type)) unknown++;
        continue;
      }
      let event: Recorded;
      try {
        event = codec.decode(stored);
      } catch (error) {
        if (error instanceof UnknownEventType) {
          unknown++;
          continue;
        }
        if (error instanceof CodeTooOld) {
          this.paused = `code-too-old: ${messageOf(error)}`;
          break;
        }
        for (const generation of hearers) generation.refuse(stored, error);
        continue;
      }
      const clear = opened?.get(stored);
      if (clear instanceof KeyMissing) {
        this.paused = `key-missing: ${messageOf(clear)}`;
        break;
      }
      characters += stored.size ?? 0;
      for (const generation of hearers) {
        if (clear === undefined || !generation.projection.opens.includes(stored.type)) generation.take(event);
        else if (clear instanceof SealBroken) generation.takeBroken(event, clear);
        else generation.take(clear);
      }
    }
    const last = batch[at - 1];
    if (last === undefined) return;
    const before = this.#ahead;
    this.#ahead = {
      position: last.position,
      eventId: last.id,
      before: batch[at - 2]?.position ?? this.reached,
      recordedAt: last.recordedAt,
      events: at + (before?.events ?? 0),
      unknown: unknown + (before?.unknown ?? 0),
      characters: characters + (before?.characters ?? 0),
    };
  }

  async #open(
    batch: readonly StoredEvent[],
    codec: Codec,
  ): Promise<ReadonlyMap<StoredEvent, Recorded | KeyMissing | SealBroken>> {
    const opened = new Map<StoredEvent, Recorded | KeyMissing | SealBroken>();
    for (const stored of batch) {
      if (!this.#opens.has(stored.type)) continue;
      let event: Recorded;
      try {
        event = codec.decode(stored);
      } catch {
        continue; // The same error comes again where it is handled.
      }
      try {
        opened.set(stored, await codec.open(event));
      } catch (error) {
        if (!(error instanceof KeyMissing || error instanceof SealBroken)) throw error;
        opened.set(stored, error);
        if (error instanceof KeyMissing) break; // Nothing behind it is taken.
      }
    }
    return opened;
  }
}

/** One that answers queries and has too much parked pauses with a checkpoint of its own; any other failure is for good. */
const leave = async (tx: RowWrites, { name, generation }: Generation, failure: Error): Promise<void> => {
  const row = (await tx.system.generations()).find(
    (other) => other.projection === name && other.generation === generation,
  );
  if (row === undefined) return;
  const pauses = failure instanceof TooMuchParked && row.state === 'live';
  if (pauses && row.cohort !== leftCohort(row)) await leaveGroup(tx, row);
  if (pauses) await tx.system.setCheckpoint(leftCohort(row), { paused: failure.message });
  await tx.system.setGeneration(row, { state: pauses ? 'paused' : 'failed', error: failure.message });
};
