import type { Position, Recorded } from '#kernel';
import { CodeTooOld, UnknownEventType, type Codec } from '#event-store/codec';
import type { StoredEvent } from '#event-store/port';
import { KeyMissing } from '#event-store/vault';
import type { CheckpointRow, Reached, RowStore, RowWrites, Seat } from '#read-store';
import { FoldFailed, type Generation, messageOf } from './generation.js';

export type Counters = { unknown: number; applied: number };
type Context = { readonly rows: RowStore; readonly codec: Codec; readonly seat: Seat; readonly counters: Counters };
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

  constructor(
    readonly name: string,
    row: Pick<CheckpointRow, 'position' | 'events'>,
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

  /** `fold`, then `flush`. */
  async apply(batch: readonly StoredEvent[], context: Context): Promise<readonly Generation[]> {
    await this.fold(batch, context);
    return this.flush(context);
  }

  /**
   * Folds the events in memory. One that newer code wrote, or that needs a key which the vault does not have, ends the batch before it and pauses
   * the cohort. Throws what may pass when tried again: then everything since the checkpoint is forgotten.
   */
  async fold(batch: readonly StoredEvent[], { rows, codec }: Context): Promise<void> {
    try {
      const opened = this.#opens.size === 0 ? null : await this.#open(batch, codec);
      this.#take(batch, codec, opened);
      for (const generation of this.#generations) {
        if (generation.failure !== null) continue;
        const { missing } = generation;
        if (missing.length > 0) generation.fill(await rows.load(generation.table, missing));
        generation.fold();
      }
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /**
   * Writes what is folded and moves the checkpoint, in one transaction; `beside` writes what belongs to the same moment.
   * Generations that fail for good leave with state `failed` and are returned; the others go on.
   * Throws Fenced, or what may pass when tried again: then everything since the checkpoint is forgotten.
   */
  async flush(context: Context, beside?: Beside): Promise<readonly Generation[]> {
    for (;;) {
      const going = this.#generations.filter(({ failure }) => failure === null);
      try {
        await this.#write(going, context, beside);
      } catch (error) {
        // Again without the one whose row does not fit: what the others folded is still right.
        if (error instanceof FoldFailed && going.some(({ failure }) => failure === error)) continue;
        this.forget();
        throw error;
      }
      const failed = this.#generations.filter(({ failure }) => failure !== null);
      if (failed.length > 0) this.generations = going;
      return failed;
    }
  }

  /** What was folded since the checkpoint never was. */
  forget(): void {
    for (const generation of this.#generations) generation.forget();
    this.#ahead = null;
    this.paused = null;
  }

  async #write(going: readonly Generation[], { rows, seat, counters }: Context, beside?: Beside): Promise<void> {
    const ahead = this.#ahead;
    await rows.write(async (tx) => {
      await tx.system.own(seat);
      for (const generation of going) await generation.write(tx);
      for (const { name, generation, failure } of this.#generations) {
        if (failure !== null)
          await tx.system.setGeneration({ projection: name, generation }, { state: 'failed', error: failure.message });
      }
      if (ahead !== null) await tx.system.advance(this.name, this.position, ahead);
      if (this.paused !== null) await tx.system.setCheckpoint(this.name, { paused: this.paused });
      if (beside !== undefined) await beside(tx);
    });
    for (const generation of going) generation.settle(beside !== undefined);
    if (ahead === null) return;
    this.position = ahead.position;
    this.events += ahead.events;
    counters.applied += ahead.events;
    counters.unknown += ahead.unknown;
    this.#ahead = null;
  }

  /** Gives each event to those who hear it, up to one that cannot be passed. */
  #take(
    batch: readonly StoredEvent[],
    codec: Codec,
    opened: ReadonlyMap<StoredEvent, Recorded | KeyMissing> | null,
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
        for (const generation of hearers) generation.fail(stored.id, error);
        continue;
      }
      const clear = opened?.get(stored);
      if (clear instanceof KeyMissing) {
        this.paused = `key-missing: ${messageOf(clear)}`;
        break;
      }
      characters += stored.size ?? 0;
      for (const generation of hearers) {
        generation.take(clear !== undefined && generation.projection.opens.includes(stored.type) ? clear : event);
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

  async #open(batch: readonly StoredEvent[], codec: Codec): Promise<ReadonlyMap<StoredEvent, Recorded | KeyMissing>> {
    const opened = new Map<StoredEvent, Recorded | KeyMissing>();
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
        if (!(error instanceof KeyMissing)) throw error;
        opened.set(stored, error);
        break; // Nothing behind it is taken.
      }
    }
    return opened;
  }
}
