import type { EventReader } from '#event-store/port';
import type { Position } from '#kernel';
import type { RebuildRow, RowStore, Seat } from '#read-store';
import type { Codec } from '#event-store/codec';
import type { Cohort, Counters } from './cohort.js';
import type { Generation } from './generation.js';
import { Pages } from './source.js';

/** What an engine has at hand while it runs. */
export type Running = {
  readonly events: EventReader;
  readonly rows: RowStore;
  readonly codec: Codec;
  readonly seat: Seat;
  readonly counters: Counters;
  readonly now: () => string;
  readonly bulkRows: number;
};

/**
 * Rows that one write may hold when nobody waits for it. In a long log each of them meets a page of its own in the index of the key, and is
 * 8 KiB to write: three times as many rows as 12,000 meet a third fewer (5 million events: 66 µs of computing each, so 54).
 */
export const BULK_ROWS = 36_000;
/** When the live group waits: at first, and at most; between them it adapts to the time that a write takes. */
const ROWS_BESIDE = { first: 1000, most: 12_000 };
/** Characters of heard events that may wait for a write: rows hold about as much. */
const CHARACTERS = 16_000_000;
/** Milliseconds that one turn may keep the live group waiting: for folding, and for a write. */
const FOLD_MS = 15;
const WRITE_MS = 20;

/** A cohort on its way to the live group: replays in slices, and stands still when it is level. */
export class Build {
  #pages: Pages | null = null;
  #rows = ROWS_BESIDE.first;
  #since = performance.now();
  #sinceEvents: number;
  #indexed = false;
  readonly rebuildId: string | null;
  readonly #target: string | null;

  /** `rebuild` is null for a live generation of an earlier time that only has to catch up. */
  constructor(
    readonly cohort: Cohort,
    rebuild: Pick<RebuildRow, 'id' | 'target'> | null,
  ) {
    this.rebuildId = rebuild?.id ?? null;
    this.#target = rebuild?.target ?? null;
    this.#sinceEvents = cohort.events;
  }

  /** Whether the last piece came to the end of what there was to read. */
  get atEnd(): boolean {
    return this.#pages === null;
  }

  /**
   * A piece of replay, up to `until` (null: the head): folds page by page in memory, and writes when enough has come together.
   * `alone`: nothing is live, so that nobody waits. Returns what failed for good; null if nothing was left to read or write.
   */
  async slice(running: Running, until: Position | null, alone: boolean): Promise<readonly Generation[] | null> {
    const { cohort } = this;
    const started = performance.now();
    const limit = alone ? running.bulkRows : this.#rows;
    let folded = false;
    try {
      while (until === null || cohort.reached === null || cohort.reached < until) {
        const { rows, characters } = cohort.pending;
        const full = cohort.paused !== null || rows >= limit || characters >= CHARACTERS;
        // What was folded is written in a turn of its own.
        if (full && (alone || !folded)) return await this.#write(running);
        if (full || performance.now() - started > FOLD_MS) return [];
        this.#pages ??= new Pages(running.events, cohort.reached, until);
        const page = await this.#pages.next();
        if (page === null) {
          await this.close();
          break;
        }
        await cohort.fold(page, running);
        folded = true;
      }
      return cohort.pending.events === 0 && cohort.paused === null ? null : await this.#write(running);
    } catch (error) {
      await this.close();
      cohort.forget();
      this.#rows = ROWS_BESIDE.first;
      throw error;
    }
  }

  /** OPTIMIZE: the indexes that a table does without while nobody reads it. Returns whether there was anything to look at. */
  async index({ rows, seat }: Running): Promise<boolean> {
    if (this.#indexed) return false;
    const { rebuildId } = this;
    if (rebuildId !== null)
      await rows.write(async (tx) => {
        await tx.system.own(seat);
        await tx.system.setRebuild(rebuildId, { phase: 'optimize' });
      });
    // Each by itself, not under the seat: the lease is renewed meanwhile.
    for (const { table } of this.cohort.generations) await rows.write((tx) => tx.createIndexes(table));
    this.#indexed = true;
    return true;
  }

  async #write(running: Running): Promise<readonly Generation[]> {
    const { cohort, rebuildId } = this;
    const started = performance.now();
    const { events, rows } = cohort.pending;
    const failed = await cohort.flush(
      running,
      rebuildId === null
        ? undefined
        : async (tx) => {
            await tx.system.setRebuild(rebuildId, {
              done: cohort.events + events,
              rate: this.#rate(events),
              phase: this.#phase(cohort.reached),
            });
          },
    );
    this.#adapt(performance.now() - started, rows);
    return failed;
  }

  async close(): Promise<void> {
    const pages = this.#pages;
    this.#pages = null;
    await pages?.close();
  }

  #phase(reached: Position | null): RebuildRow['phase'] {
    return this.#target === null || (reached !== null && reached >= this.#target) ? 'catchup' : 'replay';
  }

  #rate(more: number): number {
    const seconds = (performance.now() - this.#since) / 1000;
    return Math.round((this.cohort.events + more - this.#sinceEvents) / Math.max(seconds, 0.001));
  }

  /** Larger writes meet a page of the table fewer times, smaller ones let live updates pass. */
  #adapt(tookMs: number, rows: number): void {
    const fitting = (rows * WRITE_MS) / Math.max(tookMs, 0.1);
    this.#rows = Math.round(Math.min(ROWS_BESIDE.most, Math.max(100, Math.min(fitting, this.#rows * 1.25))));
  }
}
