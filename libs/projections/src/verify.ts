import type { Projection } from '#kernel';
import { tableName, type GenerationRow } from '#read-store';
import type { Running } from './build.js';
import { combined, contentOf, parkedIn } from './content-hash.js';
import { GroupCounts } from './group-counts.js';

/** VERIFY: compares both tables of each projection, without the keys that either has parked, and each with its group counts, in one snapshot, page by page, while the loop goes on, and leaves what it found with the rebuild, which is ready then. */
export const verify = async (
  { rows, seat }: Running,
  projections: readonly Projection[],
  rebuildId: string,
  signal: AbortSignal,
): Promise<void> => {
  const between = async (): Promise<void> => {
    await new Promise(setImmediate);
    signal.throwIfAborted();
  };
  const contents = await rows.snapshot(async (view) => {
    const generations = await view.system.generations();
    const content = async ({ projection, generation, version }: GenerationRow, without: ReadonlySet<string>) => {
      const one = projections.find(({ name, version: known }) => name === projection && version === known);
      if (one === undefined) return null;
      const counts = new GroupCounts(one, generation);
      const table = { name: tableName(projection, generation), spec: one.table };
      const own = await contentOf(view, table, between, without, ({ key, row }) => {
        counts.change(key[0] ?? '', null, row);
      });
      return { ...own, counted: await counts.areKeptIn(view) };
    };
    const found = [];
    for (const fresh of generations.filter((row) => row.rebuild_id === rebuildId && row.state === 'verifying')) {
      const peer = generations.find(
        (row) =>
          row.projection === fresh.projection &&
          row.version === fresh.version &&
          row.cohort === fresh.cohort &&
          row.state === 'live',
      );
      const without = await parkedIn(view, peer === undefined ? [fresh] : [fresh, peer]);
      const own = await content(fresh, without);
      if (own === null) continue;
      const other = peer === undefined ? null : await content(peer, without);
      const { rows: number, hash, counted } = own;
      found.push({
        rows: number,
        hash,
        projection: fresh.projection,
        equal: counted && (other === null || (other.counted && other.hash === hash && other.rows === number)),
        parked: without.size,
      });
    }
    return found;
  });
  const result = {
    ...combined(contents),
    equal: contents.every(({ equal }) => equal),
    parked: contents.reduce((sum, { parked }) => sum + parked, 0),
  };
  await rows.write(async (tx) => {
    await tx.system.own(seat);
    const row = await tx.system.rebuild(rebuildId);
    if (row?.finished_at !== null) return;
    await tx.system.setRebuild(rebuildId, { phase: 'ready', result: JSON.stringify(result) });
  });
};
