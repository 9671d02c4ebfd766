import type { Projection } from '#kernel';
import { tableName, type GenerationRow } from '#read-store';
import type { Running } from './build.js';
import { combined, contentOf } from './content-hash.js';

/** VERIFY: compares both tables of each projection in one snapshot, page by page, while the loop goes on, and leaves what it found with the rebuild, which is ready then. */
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
    const content = ({ projection, generation, version }: GenerationRow) => {
      const spec = projections.find((one) => one.name === projection && one.version === version)?.table;
      return spec === undefined ? null : contentOf(view, { name: tableName(projection, generation), spec }, between);
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
      const own = await content(fresh);
      if (own === null) continue;
      const other = peer === undefined ? null : await content(peer);
      found.push({
        ...own,
        projection: fresh.projection,
        equal: other === null || (other.hash === own.hash && other.rows === own.rows),
      });
    }
    return found;
  });
  const result = { ...combined(contents), equal: contents.every(({ equal }) => equal) };
  await rows.write(async (tx) => {
    await tx.system.own(seat);
    const row = await tx.system.rebuild(rebuildId);
    if (row?.finished_at !== null) return;
    await tx.system.setRebuild(rebuildId, { phase: 'ready', result: JSON.stringify(result) });
  });
};
