import type { Position, Recorded } from '#kernel';
import { CodeTooOld, UnknownEventType, type Codec } from '#event-store/codec';
import type { StoredEvent } from '#event-store/port';
import type { CheckpointRow, RowStore, RowWrites } from '#read-store';
import { FoldFailed, Generation, messageOf } from './generation.js';

export type Counters = { unknown: number; applied: number };
type Context = { readonly rows: RowStore; readonly codec: Codec; readonly epoch: number; readonly counters: Counters };
type Beside = (tx: RowWrites) => Promise<void>;

/** Generations that stand at one position and advance together: one reading, one transaction a batch. */
export class Cohort {
  position: Position | null;
  /** Events read since the beginning of the log. */
  events: number;
  paused: string | null = null;
  /** Not before this time (performance.now) after a failure that may pass. */
  retryAt = 0;
  failures = 0;
  #generations: readonly Generation[] = [];
  #hearers = new Map<string, Generation[]>();
  #opens = new Set<string>();

  constructor(readonly name: string, row: Pick<CheckpointRow, 'position' | 'events'>) {
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

  /**
   * Folds the events and moves the checkpoint in one transaction; `beside` writes what belongs to the same moment.
   * Generations that fail for good leave with state `failed` and are returned; the others go on.
   * An event of a newer version than the code knows ends the batch before it and pauses the cohort.
   * Throws Fenced, or what may pass when tried again; the memory is then as the table is.
   */
  async apply(
    batch: readonly StoredEvent[],
    context: Context,
    beside?: Beside,
  ): Promise<readonly Generation[]> {
    const failed: Generation[] = [];
    const unknown = context.counters.unknown;
    for (;;) {
      try {
        await this.#attempt(batch, context, failed, beside);
        if (failed.length > 0) this.generations = this.#generations.filter((generation) => !failed.includes(generation));
        return failed;
      } catch (error) {
        for (const generation of this.#generations) generation.forget();
        context.counters.unknown = unknown;
        const culprit = error instanceof FoldFailed && this.#generations.find(({ failure }) => failure === error);
        if (culprit === false || culprit === undefined) throw error;
        // The whole batch again without the one that failed, instead of a savepoint each: inside a savepoint SQLite copies
        // every page again for every statement (18k events/s and 900 MB where it is 10 times as fast without).
        failed.push(culprit);
      }
    }
  }

  async #attempt(batch: readonly StoredEvent[], { rows, codec, epoch, counters }: Context, failed: readonly Generation[], beside?: Beside): Promise<void> {
    const going = this.#generations.filter((generation) => !failed.includes(generation));
    const count = this.#take(batch, codec, counters, this.#opens.size === 0 ? null : await this.#open(batch, codec));
    const last = batch[count - 1];
    if (last === undefined) {
      await rows.write((tx) => tx.system.setPaused(this.name, this.paused));
      return;
    }
    const reached = {
      position: last.position,
      eventId: last.id,
      before: batch[count - 2]?.position ?? this.position,
      recordedAt: last.recordedAt,
      events: count,
    };
    await rows.write(async (tx) => {
      for (const generation of going) await generation.write(tx);
      for (const { name, generation, failure } of failed) {
        await tx.system.setGeneration({ projection: name, generation }, { state: 'failed', error: failure?.message ?? null });
      }
      await tx.system.advance(this.name, epoch, this.position, reached);
      if (this.paused !== null) await tx.system.setPaused(this.name, this.paused);
      if (beside !== undefined) await beside(tx);
    });
    this.position = reached.position;
    this.events += count;
    counters.applied += count;
    for (const generation of going) generation.settle();
  }

  /** Gives each event to those who hear it; returns how many events of the batch were taken. */
  #take(batch: readonly StoredEvent[], codec: Codec, counters: Counters, opened: ReadonlyMap<StoredEvent, Recorded> | null): number {
    for (let at = 0; at < batch.length; at++) {
      const stored = batch[at];
      if (stored === undefined) break;
      const hearers = this.#hearers.get(stored.type);
      if (hearers === undefined) {
        if (!codec.types.has(stored.type)) counters.unknown++;
        continue;
      }
      let event: Recorded;
      try {
        event = codec.decode(stored);
      } catch (error) {
        if (error instanceof UnknownEventType) {
          counters.unknown++;
          continue;
        }
        if (error instanceof CodeTooOld) {
          this.paused = `code-too-old: ${messageOf(error)}`;
          return at;
        }
        for (const generation of hearers) generation.fail(stored.id, error);
        continue;
      }
      const clear = opened?.get(stored);
      for (const generation of hearers) {
        generation.take(clear !== undefined && generation.projection.opens.includes(stored.type) ? clear : event);
      }
    }
    return batch.length;
  }

  async #open(batch: readonly StoredEvent[], codec: Codec): Promise<ReadonlyMap<StoredEvent, Recorded>> {
    const opened = new Map<StoredEvent, Recorded>();
    for (const stored of batch) {
      if (!this.#opens.has(stored.type)) continue;
      let event: Recorded;
      try {
        event = codec.decode(stored);
      } catch {
        continue; // The same error comes again where it is handled.
      }
      opened.set(stored, await codec.open(event));
    }
    return opened;
  }
}
