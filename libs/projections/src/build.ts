import type { EventReader } from '#event-store/port';
import type { Position } from '#kernel';
import type { RebuildRow, RowStore } from '#read-store';
import type { Codec } from '#event-store/codec';
import type { Cohort, Counters } from './cohort.js';
import { contentOf, parkedIn, type Content } from './content-hash.js';
import type { Generation } from './generation.js';
import { Pages } from './source.js';

/** What an engine has at hand while it runs. */
export type Running = {
  readonly events: EventReader;
  readonly rows: RowStore;
  readonly codec: Codec;
  readonly epoch: number;
  readonly counters: Counters;
  readonly now: () => string;
  readonly bulkRows: number;
};

/** `parked`: keys that were left out, since one of the two tables has not folded all of their events. */
export type Verified = {
  readonly contents: readonly (Content & {
    readonly projection: string;
    readonly equal: boolean;
    readonly parked: number;
  })[];
};

/** Rows that one write may hold when nobody waits for it (twice as many are no faster), and when the live group does: the latter adapts to the time it takes. */
export const BULK_ROWS = 12_000;
const ROWS_BESIDE = 2000;
/** Characters of heard events that may wait for a write: rows hold about as much. */
const CHARACTERS = 16_000_000;
/** Milliseconds that one turn may keep the live group waiting: for folding, and for a write. */
const FOLD_MS = 15;
const WRITE_MS = 30;

/** A cohort on its way to the live group: replays in slices, and stands still when it is level. */
export class Build {
  /** What VERIFY found; null before. */
  verified: Verified | null = null;
  /** Members of the live group that wait for their swap. */
  joined: readonly Generation[] | null = null;
  #pages: Pages | null = null;
  #rows = ROWS_BESIDE;
  #since = performance.now();
  #sinceEvents: number;
  #indexed = false;
  phase: RebuildRow['phase'] = 'replay';

  /** `rebuildId` is null for a live generation of an earlier time that only has to catch up. */
  constructor(
    readonly cohort: Cohort,
    readonly rebuildId: string | null,
    readonly target: string | null,
  ) {
    this.#sinceEvents = cohort.events;
  }

  /**
   * A piece of replay, up to `until` (null: the head): folds page by page in memory, and writes when enough has come together.
   * `alone`: nothing is live, so that nobody waits. Returns what failed for good; null if nothing was left to read or write.
   */
  async slice(running: Running, until: Position | null, alone: boolean): Promise<readonly Generation[] | null> {
    const { cohort } = this;
    const started = performance.now();
    const limit = alone ? running.bulkRows : this.#rows;
    try {
      while (until === null || cohort.reached === null || cohort.reached < until) {
        this.#pages ??= new Pages(running.events, cohort.reached, until);
        const page = await this.#pages.next();
        if (page === null) {
          await this.close();
          break;
        }
        await cohort.fold(page, running);
        const { rows, characters } = cohort.pending;
        if (cohort.paused !== null || rows >= limit || characters >= CHARACTERS) return await this.#write(running);
        if (performance.now() - started > FOLD_MS) return [];
      }
      return cohort.pending.events === 0 ? null : await this.#write(running);
    } catch (error) {
      await this.close();
      cohort.forget();
      this.#rows = ROWS_BESIDE;
      throw error;
    }
  }

  /** OPTIMIZE: the indexes that a table does without while nobody reads it. Returns whether there was anything to look at. */
  async index({ rows }: Running): Promise<boolean> {
    if (this.#indexed) return false;
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
    if (this.target === null || (reached !== null && reached >= this.target)) this.phase = 'catchup';
    return this.phase;
  }

  #rate(more: number): number {
    const seconds = (performance.now() - this.#since) / 1000;
    return Math.round((this.cohort.events + more - this.#sinceEvents) / Math.max(seconds, 0.001));
  }

  /** Larger writes meet a page of the table fewer times, smaller ones let live updates pass. */
  #adapt(tookMs: number, rows: number): void {
    const fitting = (rows * WRITE_MS) / Math.max(tookMs, 0.1);
    this.#rows = Math.round(Math.min(BULK_ROWS, Math.max(100, Math.min(fitting, this.#rows * 2))));
  }
}

/** VERIFY: compares both tables of each projection in one snapshot, page by page, while the loop goes on. Leaves what it found in the build. */
export const verify = async (
  build: Build,
  live: readonly Generation[],
  rows: RowStore,
  signal: AbortSignal,
): Promise<void> => {
  const pairs = (build.joined ?? []).map((fresh) => ({
    fresh,
    peer: live.find((other) => other.name === fresh.name && other !== fresh),
  }));
  const between = async (): Promise<void> => {
    await new Promise(setImmediate);
    signal.throwIfAborted();
  };
  const contents: (Content & { projection: string; equal: boolean; parked: number })[] = [];
  await rows.snapshot(async (view) => {
    for (const { fresh, peer } of pairs) {
      const without = await parkedIn(view, peer === undefined ? [fresh] : [fresh, peer]);
      const own = await contentOf(view, fresh.table, between, without);
      const other = peer === undefined ? own : await contentOf(view, peer.table, between, without);
      const equal = own.hash === other.hash && own.rows === other.rows;
      contents.push({ ...own, projection: fresh.name, equal, parked: without.size });
    }
  });
  build.verified = { contents };
};
