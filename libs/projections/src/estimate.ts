import type { Position, Projection } from '#kernel';
import type { Head } from '#event-store/port';
import type { Running } from './build.js';
import { Cohort } from './cohort.js';
import { Generation } from './generation.js';
import type { Estimate } from './operations.js';
import { Pages } from './source.js';

const SAMPLE_MS = 300;
/** A rebuild of fewer events tells nothing about speed. */
const MEANINGFUL = 20_000;

/** What a rebuild would cost: by the last one that was long enough, else twice the time of folding a sample in memory. */
export const estimate = async (
  running: Running,
  live: Cohort,
  projections: readonly Projection[],
  head: Head | null,
  ordinalOf: ((position: Position) => number | null) | undefined,
): Promise<Estimate> => {
  const { rows } = running;
  const tables = live.generations
    .filter((generation) => projections.some(({ name }) => name === generation.name))
    .map(({ table }) => table);
  const [counts, rebuilds] = await rows.snapshot(async (view) => {
    const counted: number[] = [];
    for (const table of new Map(tables.map((table) => [table.spec, table])).values())
      counted.push(await view.count(table));
    return [counted, await view.system.rebuilds()] as const;
  });
  const events = head === null ? 0 : (ordinalOf?.(head.position) ?? live.events);
  const last = rebuilds.findLast(
    ({ projections: names, rate, done }) =>
      rate !== null &&
      done >= MEANINGFUL &&
      projections.every(({ name }) => (JSON.parse(names) as string[]).includes(name)),
  );
  const rate = last?.rate ?? (await sampled(running, projections)) / 2;
  return {
    events,
    rows: counts.reduce((sum, count) => sum + count, 0),
    seconds: events === 0 ? 0 : rate > 0 ? Math.ceil(events / rate) : null,
  };
};

/** Events a second that fold in memory. */
const sampled = async (running: Running, projections: readonly Projection[]): Promise<number> => {
  const cohort = new Cohort('estimate', { position: null, events: 0 });
  cohort.generations = projections.map((projection) => new Generation(projection, 0, 1000, true));
  const pages = new Pages(running.events, null, null);
  const started = performance.now();
  try {
    while (performance.now() - started < SAMPLE_MS) {
      const page = await pages.next();
      if (page === null) break;
      await cohort.fold(page, running);
      if (cohort.paused !== null) break;
    }
    return cohort.pending.events / ((performance.now() - started) / 1000);
  } finally {
    await pages.close();
  }
};
