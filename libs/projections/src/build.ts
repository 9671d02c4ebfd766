import type { EventReader } from '#event-store/port';
import type { Position } from '#kernel';
import { Fenced, type RebuildRow, type RowStore } from '#read-store';
import type { Codec } from '#event-store/codec';
import type { Cohort, Counters } from './cohort.js';
import { contentOf, type Content } from './content-hash.js';
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
};

export type Verified = { readonly contents: readonly (Content & { readonly projection: string; readonly equal: boolean })[] };

const MAX_PAGES = 16;

/** A cohort on its way to the live group: replays in slices, and stands still when it is level. */
export class Build {
  /** What VERIFY found; null before. */
  verified: Verified | null = null;
  /** Members of the live group that wait for their swap. */
  joined: readonly Generation[] | null = null;
  #pages: Pages | null = null;
  #slice = 1;
  #since = performance.now();
  #sinceEvents: number;
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
   * One slice of replay, up to `until` (null: the head). `budgetMs` is how long others may be kept waiting.
   * Returns what failed for good; null if nothing was left to read.
   */
  async slice(running: Running, until: Position | null, budgetMs: number): Promise<readonly Generation[] | null> {
    const { cohort } = this;
    if (until !== null && cohort.position !== null && cohort.position >= until) return null;
    this.#pages ??= new Pages(running.events, cohort.position, until);
    const started = performance.now();
    const batch = await this.#pages.next(this.#slice);
    if (batch === null) {
      await this.close();
      return null;
    }
    try {
      const { rebuildId } = this;
      const failed = await cohort.apply(batch, running, rebuildId === null ? undefined : async (tx) => {
        await tx.system.setRebuild(rebuildId, { done: cohort.events + batch.length, rate: this.#rate(batch.length), phase: this.#phase(batch.at(-1)?.position) });
      });
      this.#adapt(performance.now() - started, budgetMs);
      return failed;
    } catch (error) {
      await this.close();
      if (!(error instanceof Fenced)) this.#slice = 1;
      throw error;
    }
  }

  async close(): Promise<void> {
    const pages = this.#pages;
    this.#pages = null;
    await pages?.close();
  }

  #phase(reached: Position | undefined): RebuildRow['phase'] {
    if (this.target === null || (reached !== undefined && reached >= this.target)) this.phase = 'catchup';
    return this.phase;
  }

  #rate(more: number): number {
    const seconds = (performance.now() - this.#since) / 1000;
    return Math.round((this.cohort.events + more - this.#sinceEvents) / Math.max(seconds, 0.001));
  }

  /** Larger slices write a page of the table fewer times (2 times faster at 8,000 rows than at 2,000), smaller ones let live updates pass. */
  #adapt(tookMs: number, budgetMs: number): void {
    if (tookMs > budgetMs) this.#slice = Math.max(1, Math.floor(this.#slice / 2));
    else if (tookMs * 2 < budgetMs) this.#slice = Math.min(MAX_PAGES, this.#slice * 2);
  }
}

/** VERIFY: compares both tables of each projection in one snapshot, page by page, while the loop goes on. Leaves what it found in the build. */
export const verify = async (build: Build, live: readonly Generation[], rows: RowStore, signal: AbortSignal): Promise<void> => {
  const pairs = (build.joined ?? []).map((fresh) => ({ fresh, peer: live.find((other) => other.name === fresh.name && other !== fresh) }));
  const between = async (): Promise<void> => {
    await new Promise(setImmediate);
    signal.throwIfAborted();
  };
  const contents: (Content & { projection: string; equal: boolean })[] = [];
  await rows.snapshot(async (view) => {
    for (const { fresh, peer } of pairs) {
      const own = await contentOf(view, fresh.table, between);
      const other = peer === undefined ? own : await contentOf(view, peer.table, between);
      contents.push({ ...own, projection: fresh.name, equal: own.hash === other.hash && own.rows === other.rows });
    }
  });
  build.verified = { contents };
};
