import type { Position, Projection } from '#kernel';
import type { Kysely } from 'kysely';
import { tableName, type ReadSource } from './port.js';
import { rewriteTables } from './rewrite-tables.js';
import { LIVE, type SystemTables } from './system.js';

const POLL_MS = 100;
const DEFAULT_WAIT_MS = 2000;

/** The read models have not seen that position in time. HTTP: 503 `not-yet-visible`. */
export class NotYetVisible extends Error {
  constructor(readonly after: Position) {
    super(`the read models have not reached ${after} yet`);
    this.name = 'NotYetVisible';
  }
}

/** A projection that the query names has no live generation of this code's version. HTTP: 503 `rebuilding`. */
export class Rebuilding extends Error {
  constructor(readonly projection: string) {
    super(`${projection} is being rebuilt`);
    this.name = 'Rebuilding';
  }
}

export type QueryOptions = { readonly after?: Position | null; readonly waitMs?: number };
export type Seen<T> = { readonly value: T; readonly at: Position | null };

export interface ReadModels<DB> {
  /**
   * Runs the work over the live tables, which it names by their projections, and says what they have seen (`at`).
   * With `after` it waits until they have seen that position, `waitMs` (default 2,000) at most: outside of any snapshot, so that waiting holds nothing.
   * Checkpoint and rows come from one snapshot. Throws NotYetVisible or Rebuilding.
   */
  query<T>(work: (db: Kysely<DB>) => Promise<T>, options?: QueryOptions): Promise<Seen<T>>;
  /** Resolves when the live models have seen the position; rejects with NotYetVisible after `waitMs`, with the signal's reason if it aborts. */
  waitFor(after: Position, waitMs?: number, signal?: AbortSignal): Promise<void>;
  /** The checkpoint moved: wakes those who wait. May be called too often or never. */
  notify(position: Position): void;
  close(): Promise<void>;
}

type Waiter = { readonly after: Position; readonly done: (seen: boolean) => void };

/** The queries' side of the read models. `projections` are this code's: only generations of their versions are read. */
export const createReadModels = <DB>(
  source: ReadSource,
  projections: readonly Pick<Projection, 'name' | 'version'>[],
): ReadModels<DB> => {
  const versions = new Map(projections.map(({ name, version }) => [name, version]));
  const waiters = new Set<Waiter>();
  let seen: Position | null = null;
  let tables: { swaps: number; readonly of: Map<string, string> } = { swaps: -1, of: new Map() };
  let timer: NodeJS.Timeout | undefined;
  let polling = false;

  const notify = (position: Position): void => {
    seen = position;
    for (const waiter of waiters) if (waiter.after <= position) waiter.done(true);
  };
  const checkpoint = async (): Promise<Position | null> =>
    source.snapshot(async (db) => {
      const row = await db
        .selectFrom('portaria_checkpoint')
        .select('position')
        .where('name', '=', LIVE)
        .executeTakeFirst();
      return (row?.position ?? null) as Position | null;
    });
  const poll = async (): Promise<void> => {
    if (polling) return;
    polling = true;
    try {
      const position = await checkpoint();
      if (position !== null) notify(position);
    } catch {
      // A store that cannot be read now: those who wait run into their own time limit, or the next turn works.
    } finally {
      polling = false;
    }
  };
  const waitFor = (after: Position, waitMs = DEFAULT_WAIT_MS, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const waiter: Waiter = {
        after,
        done: (reached) => {
          waiters.delete(waiter);
          clearTimeout(limit);
          signal?.removeEventListener('abort', aborted);
          if (waiters.size === 0) {
            clearInterval(timer);
            timer = undefined;
          }
          if (reached) resolve();
          else reject(signal?.aborted === true ? (signal.reason as Error) : new NotYetVisible(after));
        },
      };
      const aborted = (): void => {
        waiter.done(false);
      };
      const limit = setTimeout(aborted, waitMs);
      waiters.add(waiter);
      signal?.addEventListener('abort', aborted);
      timer ??= setInterval(() => void poll(), POLL_MS);
      if (signal?.aborted === true) aborted();
      else void poll();
    });

  const mapped = async (db: Kysely<SystemTables>, swaps: number): Promise<Map<string, string>> => {
    if (tables.swaps === swaps) return tables.of;
    const rows = await db
      .selectFrom('portaria_generation')
      .select(['projection', 'generation', 'version'])
      .where('state', '=', 'live')
      .where('cohort', '=', LIVE)
      .execute();
    const of = new Map<string, string>();
    for (const row of rows) {
      if (versions.get(row.projection) === row.version)
        of.set(row.projection, tableName(row.projection, row.generation));
    }
    tables = { swaps, of };
    return of;
  };

  return {
    query: async (work, { after = null, waitMs = DEFAULT_WAIT_MS } = {}) => {
      const until = performance.now() + waitMs;
      for (;;) {
        if (after !== null && (seen === null || seen < after))
          await waitFor(after, Math.max(0, until - performance.now()));
        const outcome = await source.snapshot(async (db) => {
          const row = await db
            .selectFrom('portaria_checkpoint')
            .select(['position', 'swaps'])
            .where('name', '=', LIVE)
            .executeTakeFirst();
          const at = (row?.position ?? null) as Position | null;
          if (after !== null && (at === null || at < after)) {
            // What was heard of went back: the log changed and everything is rebuilt.
            seen = at;
            return null;
          }
          const of = row === undefined ? new Map<string, string>() : await mapped(db, row.swaps);
          const plugin = rewriteTables((name) => {
            if (!versions.has(name)) return null;
            const table = of.get(name);
            if (table === undefined) throw new Rebuilding(name);
            return table;
          });
          return { value: await work((db as unknown as Kysely<DB>).withPlugin(plugin)), at };
        });
        if (outcome !== null) return outcome;
        if (after !== null && performance.now() >= until) throw new NotYetVisible(after);
      }
    },
    waitFor: (after, waitMs, signal) =>
      seen !== null && seen >= after ? Promise.resolve() : waitFor(after, waitMs, signal),
    notify,
    close: async () => {
      clearInterval(timer);
      for (const waiter of waiters) waiter.done(false);
      await source.close();
    },
  };
};

/** Under this, handlers get the read models injected; the interface leaves nothing at run time. */
export const READ_MODELS = Symbol('ReadModels');
