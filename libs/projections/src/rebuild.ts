import { randomUUID } from 'node:crypto';
import type { Projection } from '#kernel';
import { LIVE, tableName, type CheckpointRow, type GenerationRow, type RebuildRow, type RowWrites } from '#read-store';
import type { Content } from './content-hash.js';

/** The steps of a rebuild as changes of rows, each within one transaction of the caller. What they leave is where a killed process goes on. */

export const emptyCheckpoint = (name: string, logId: string, swaps = 0): CheckpointRow => ({
  name,
  log_id: logId,
  position: null,
  event_id: null,
  before: null,
  recorded_at: null,
  events: 0,
  swaps,
  paused: null,
});

/** PREPARE: a table for each projection (`alone`: nothing is live, so that indexes can wait until the rows are there), one checkpoint for all of them, and the row by which it can be asked for. */
export const prepare = async (
  tx: RowWrites,
  projections: readonly Projection[],
  options: {
    readonly logId: string;
    readonly now: string;
    readonly target: string | null;
    readonly total: number | null;
    readonly alone: boolean;
    /** What cannot be folded is parked; else it ends the rebuild. */
    readonly park: boolean;
  },
): Promise<{ readonly rebuildId: string; readonly rows: readonly GenerationRow[] }> => {
  const rebuildId = randomUUID();
  const existing = await tx.system.generations();
  const rows = projections.map((projection): GenerationRow => ({
    projection: projection.name,
    generation:
      1 + Math.max(0, ...existing.filter((row) => row.projection === projection.name).map((row) => row.generation)),
    version: projection.version,
    state: 'building',
    cohort: rebuildId,
    rebuild_id: rebuildId,
    error: null,
  }));
  for (const row of rows) {
    const projection = projections.find(({ name }) => name === row.projection);
    if (projection === undefined) continue;
    const name = tableName(row.projection, row.generation);
    await tx.dropTable(name); // Left by a process killed before its row was written, or by a file from elsewhere.
    await tx.createTable({ name, spec: projection.table }, { indexes: options.alone ? 'later' : 'now' });
    await tx.system.addGeneration(row);
  }
  await tx.system.putCheckpoint(emptyCheckpoint(rebuildId, options.logId));
  await tx.system.addRebuild({
    id: rebuildId,
    projections: JSON.stringify(projections.map(({ name }) => name)),
    phase: 'replay',
    target: options.target,
    total: options.total,
    done: 0,
    rate: null,
    result: null,
    error: null,
    requested_at: options.now,
    finished_at: null,
    park: options.park ? 1 : 0,
  });
  return { rebuildId, rows };
};

/** The cohort stands where the live group stands: its generations become members; those of `live` answer queries from now on, the others are compared first. */
export const join = async (
  tx: RowWrites,
  cohort: string,
  members: readonly {
    readonly row: Pick<GenerationRow, 'projection' | 'generation' | 'version'>;
    readonly live: boolean;
  }[],
  /** The live group has no members yet: it begins where the cohort stands. */
  founding: boolean,
): Promise<void> => {
  if (founding) {
    const [own, live] = [await tx.system.checkpoint(cohort), await tx.system.checkpoint(LIVE)];
    if (own !== undefined) await tx.system.putCheckpoint({ ...own, name: LIVE, swaps: live?.swaps ?? 0 });
  }
  await tx.system.dropCheckpoint(cohort);
  for (const { row, live } of members) {
    await tx.system.setGeneration(row, { cohort: LIVE, state: 'verifying' });
    if (live) await goLive(tx, row);
  }
};

/** GOLIVE: one row changes its state; all older generations of the projection are dropped afterwards, in slices. */
export const goLive = async (
  tx: RowWrites,
  chosen: Pick<GenerationRow, 'projection' | 'generation' | 'version'>,
): Promise<void> => {
  for (const row of await tx.system.generations()) {
    if (row.projection !== chosen.projection || row.generation === chosen.generation) continue;
    // A newer version's generation belongs to newer code; one that is being built belongs to its own rebuild.
    if (row.version > chosen.version || row.state === 'building' || row.state === 'verifying') continue;
    await retire(tx, row);
  }
  await tx.system.setGeneration(chosen, { state: 'live', error: null });
  await tx.system.countSwap();
};

/** The generation is read by nobody any more; its checkpoint goes if it was its own. */
export const retire = async (tx: RowWrites, row: GenerationRow): Promise<void> => {
  await tx.system.setGeneration(row, { state: 'dropping', cohort: 'dropping' });
  if (row.cohort === leftCohort(row)) await tx.system.dropCheckpoint(row.cohort);
};

/** The checkpoint of a generation that the running code does not follow. */
export const leftCohort = (row: Pick<GenerationRow, 'projection' | 'generation'>): string =>
  `left:${tableName(row.projection, row.generation)}`;

/** The generation gets a checkpoint of its own where the group stands. */
export const leaveGroup = async (tx: RowWrites, row: GenerationRow): Promise<void> => {
  const group = await tx.system.checkpoint(row.cohort);
  if (group === undefined) return;
  await tx.system.putCheckpoint({ ...group, name: leftCohort(row), paused: null });
  await tx.system.setGeneration(row, { cohort: leftCohort(row) });
  await tx.system.countSwap();
};

/** Ends a rebuild; `failed` if any of its generations did. */
export const finish = async (
  tx: RowWrites,
  rebuildId: string,
  now: string,
  result: (Content & { readonly equal: boolean; readonly parked: number }) | null,
): Promise<RebuildRow['phase']> => {
  const failures = (await tx.system.generations()).filter((row) => row.rebuild_id === rebuildId && row.error !== null);
  const phase = failures.length === 0 ? 'done' : 'failed';
  await tx.system.setRebuild(rebuildId, {
    phase,
    finished_at: now,
    result: result === null ? null : JSON.stringify(result),
    error: failures.length === 0 ? null : failures.map((row) => row.error).join('; '),
  });
  return phase;
};
