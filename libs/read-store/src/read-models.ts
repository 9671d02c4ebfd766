import type { Position, Projection } from '#kernel';
import type { CompiledQuery, Kysely, KyselyPlugin } from 'kysely';
import { countsName } from './group-counts.js';
import { tableName, type ReadSource } from './port.js';
import { rewriteTables } from './rewrite-tables.js';
import { codeOf, sideSeat } from './code.js';
import { LIVE, type SystemTables } from './system-tables.js';

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

export type QueryOptions = { readonly after?: Position | null; readonly waitMs?: number; readonly scans?: boolean };
export type Seen<T> = { readonly value: T; readonly at: Position | null };

export interface ReadModels<DB> {
  /**
   * Runs the work over the live tables, which it names by their projections, and says what they have seen (`at`).
   * With `after` it waits until they have seen that position, `waitMs` (default 2,000) at most: outside of any snapshot, so that waiting holds nothing.
   * Checkpoint and rows come from one snapshot. `scans`: the work may look at every row of a table. Throws NotYetVisible or Rebuilding.
   */
  query<T>(work: (db: Kysely<DB>) => Promise<T>, options?: QueryOptions): Promise<Seen<T>>;
  /** Resolves when the live models have seen the position; rejects with NotYetVisible after `waitMs`, with the signal's reason if it aborts. */
  waitFor(after: Position, waitMs?: number, signal?: AbortSignal): Promise<void>;
  /** The checkpoint moved: wakes those who wait. May be called too often or never. */
  notify(position: Position): void;
  close(): Promise<void>;
}

/** `names` leads what queries name to the live tables, which `cohorts` move; valid for one count of swaps. */
type Tables = {
  readonly swaps: number;
  readonly names: KyselyPlugin;
  readonly cohorts: ReadonlySet<string>;
};
/** The counts of a projection's groups as queries name them. */
const countsOf = (projection: string): string => `${projection}_counts`;
type Waiter = { readonly after: Position; readonly done: (seen: boolean) => void };

/** The queries' side of the read models. `projections` are this code's: only generations of their versions are read. */
export const createReadModels = <DB>(
  source: ReadSource,
  projections: readonly Pick<Projection, 'name' | 'version'>[],
): ReadModels<DB> => {
  const versions = new Map(projections.map(({ name, version }) => [name, version]));
  /** What queries may name, and whose table it is: each projection, and its counts unless a projection has that name. */
  const owner = new Map([
    ...projections.map(({ name }) => [countsOf(name), name] as const),
    ...projections.map(({ name }) => [name, name] as const),
  ]);
  const namesOver = (tables: ReadonlyMap<string, string>): KyselyPlugin =>
    rewriteTables((name) => {
      const projection = owner.get(name);
      if (projection === undefined) return null;
      const table = tables.get(name);
      if (table === undefined) throw new Rebuilding(projection);
      return table;
    });
  const noTables: Tables = { swaps: -1, names: namesOver(new Map()), cohorts: new Set() };
  // While a deployment rolls, what the live group's holder does not follow in this code's version stands in a group of its own.
  const groups = [LIVE, sideSeat(codeOf(projections))];
  const waiters = new Set<Waiter>();
  let seen: Position | null = null;
  let tables = noTables;
  let timer: NodeJS.Timeout | undefined;
  let polling = false;

  const notify = (position: Position): void => {
    seen = position;
    for (const waiter of waiters) if (waiter.after <= position) waiter.done(true);
  };
  const mapped = async (db: Kysely<SystemTables>, swaps: number): Promise<Tables> => {
    if (tables.swaps === swaps) return tables;
    const rows = await db
      .selectFrom('portaria_generation')
      .select(['projection', 'generation', 'version', 'cohort'])
      .where((eb) =>
        eb.or([eb('state', '=', 'paused'), eb.and([eb('state', '=', 'live'), eb('cohort', 'in', groups)])]),
      )
      .execute();
    const own = rows.filter((row) => versions.get(row.projection) === row.version);
    const live = new Map<string, string>();
    for (const { projection, generation } of own) {
      const [table, counts] = [tableName(projection, generation), countsOf(projection)];
      live.set(projection, table);
      if (owner.get(counts) === projection) live.set(counts, countsName(table));
    }
    tables = { swaps, names: namesOver(live), cohorts: new Set(own.map((row) => row.cohort)) };
    return tables;
  };
  /** Every query asks it first, and it always is the same. */
  let checkpoints: CompiledQuery<Pick<SystemTables['portaria_checkpoint'], 'name' | 'position' | 'swaps'>> | undefined;
  /** The live tables, and what all of them have seen; `null` if one has seen nothing. */
  const reached = async (db: Kysely<SystemTables>): Promise<Tables & { readonly at: Position | null }> => {
    checkpoints ??= db.selectFrom('portaria_checkpoint').select(['name', 'position', 'swaps']).compile();
    const { rows } = await db.executeQuery(checkpoints);
    const live = rows.find(({ name }) => name === LIVE);
    if (live === undefined) return { ...noTables, at: null };
    const found = await mapped(db, live.swaps);
    let at = live.position;
    for (const { name, position } of rows) {
      if (found.cohorts.has(name) && (at === null || position === null || position < at)) at = position;
    }
    return { ...found, at: at as Position | null };
  };
  const poll = async (): Promise<void> => {
    if (polling) return;
    polling = true;
    try {
      const { at } = await source.snapshot(reached);
      if (at !== null) notify(at);
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

  return {
    query: async (work, { after = null, waitMs = DEFAULT_WAIT_MS, scans = false } = {}) => {
      const until = performance.now() + waitMs;
      for (;;) {
        if (after !== null && (seen === null || seen < after))
          await waitFor(after, Math.max(0, until - performance.now()));
        const outcome = await source.snapshot(
          async (db) => {
            const { at, names } = await reached(db);
            if (after !== null && (at === null || at < after)) {
              // What was heard of went back: the log changed and everything is rebuilt.
              seen = at;
              return null;
            }
            return { value: await work((db as unknown as Kysely<DB>).withPlugin(names)), at };
          },
          { scans },
        );
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
