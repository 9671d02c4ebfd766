import { randomUUID } from 'node:crypto';
import type { Head } from '#event-store/port';
import type { Position, Projection } from '#kernel';
import {
  countsName,
  countsTable,
  emptyCheckpoint,
  LIVE,
  tableName,
  type GenerationRow,
  type RebuildRow,
  type RowWrites,
} from '#read-store';
import type { Content } from './content-hash.js';

/** The steps of a rebuild as changes of rows, each within one transaction of the caller. What they leave is where a killed process goes on. */

/** So long a generation that was replaced keeps following, for a rollback. */
export const STANDBY_MS = 3_600_000;

/** PREPARE: a table for each projection (where nothing is live beside it, indexes wait until the rows are there), one checkpoint for all of them, and the row by which it can be asked for. What stands by goes. */
export const prepare = async (
  tx: RowWrites,
  projections: readonly Projection[],
  options: {
    readonly seat: string;
    readonly logId: string;
    readonly now: string;
    readonly head: Head | null;
    readonly ordinalOf: ((position: Position) => number | null) | undefined;
    readonly id?: string;
    readonly kind?: RebuildRow['kind'];
    readonly autoPromote?: boolean;
    /** `alone`: only if nothing is live beside it. */
    readonly park?: boolean | 'alone';
  },
): Promise<string> => {
  const { head } = options;
  const rebuildId = options.id ?? randomUUID();
  const existing = await tx.system.generations();
  const alone = !existing.some((row) => row.cohort === options.seat);
  const known = (await tx.system.checkpoint(LIVE))?.events ?? 0;
  for (const projection of projections) {
    const own = existing.filter((row) => row.projection === projection.name);
    // A comparison takes nothing away.
    const replaced =
      options.kind === 'compare'
        ? []
        : own.filter(({ state, version }) => state === 'standby' && version === projection.version);
    for (const row of replaced) await retire(tx, row);
    const row: GenerationRow = {
      projection: projection.name,
      generation: 1 + Math.max(0, ...own.map(({ generation }) => generation)),
      version: projection.version,
      state: 'building',
      cohort: rebuildId,
      rebuild_id: rebuildId,
      error: null,
      retire_at: null,
    };
    const name = tableName(row.projection, row.generation);
    await tx.dropTable(name); // Left by a process killed before its row was written, or by a file from elsewhere.
    await tx.createTable({ name, spec: projection.table }, { indexes: alone ? 'later' : 'now' });
    const counts = countsTable(projection, row.generation);
    await tx.dropTable(countsName(name));
    if (counts !== null) await tx.createTable(counts);
    await tx.system.addGeneration(row);
  }
  await tx.system.putCheckpoint(emptyCheckpoint(rebuildId, options.seat, options.logId));
  await tx.system.addRebuild({
    id: rebuildId,
    projections: JSON.stringify(projections.map(({ name }) => name)),
    phase: 'replay',
    kind: options.kind ?? 'rebuild',
    auto_promote: options.autoPromote === false ? 0 : 1,
    park: (options.park === 'alone' ? alone : options.park === true) ? 1 : 0,
    paused: 0,
    target: head?.position ?? null,
    total: head === null ? 0 : (options.ordinalOf?.(head.position) ?? (known > 0 ? known : null)),
    done: 0,
    rate: null,
    result: null,
    error: null,
    requested_at: options.now,
    finished_at: null,
  });
  return rebuildId;
};

type Chosen = Pick<GenerationRow, 'projection' | 'generation' | 'version'>;

/** The cohort stands where the group stands: its generations become members; those of `live` answer queries from now on, the others are compared first. */
export const join = async (
  tx: RowWrites,
  group: string,
  cohort: string,
  members: readonly { readonly row: Chosen; readonly live: boolean }[],
  /** `founding`: the group has no members yet, it begins where the cohort stands. */
  { founding, retireAt }: { readonly founding: boolean; readonly retireAt: number },
): Promise<void> => {
  if (founding) {
    const [own, live] = [await tx.system.checkpoint(cohort), await tx.system.checkpoint(group)];
    if (own !== undefined) await tx.system.putCheckpoint({ ...own, name: group, swaps: live?.swaps ?? 0 });
  }
  await tx.system.dropCheckpoint(cohort);
  for (const { row, live } of members) {
    await tx.system.setGeneration(row, { cohort: group, state: 'verifying' });
    if (live) await goLive(tx, group, row, retireAt);
  }
};

/**
 * GOLIVE: one row changes its state. The one before it stands by until `retireAt` (milliseconds since 1970), following; one that stood by is
 * dropped; older versions, which other code may still follow and read, go at that time.
 */
export const goLive = async (tx: RowWrites, group: string, chosen: Chosen, retireAt: number): Promise<void> => {
  for (const row of await tx.system.generations()) {
    if (row.projection !== chosen.projection || row.generation === chosen.generation) continue;
    if (row.version === chosen.version && row.cohort === group) {
      if (row.state === 'live') await tx.system.setGeneration(row, { state: 'standby', retire_at: retireAt });
      else if (row.state === 'standby') await retire(tx, row);
    } else if (row.version === chosen.version && ['live', 'paused'].includes(row.state)) await retire(tx, row);
    else if (row.version < chosen.version && row.state === 'live' && row.retire_at === null)
      await tx.system.setGeneration(row, { retire_at: retireAt });
  }
  await tx.system.setGeneration(chosen, { state: 'live', error: null, retire_at: null });
  await tx.system.countSwap();
};

/** The generation is read by nobody any more; its checkpoint goes if it was its own. */
export const retire = async (tx: RowWrites, row: GenerationRow): Promise<void> => {
  await tx.system.setGeneration(row, { state: 'dropping', cohort: 'dropping', retire_at: null });
  if (row.cohort === leftCohort(row)) await tx.system.dropCheckpoint(row.cohort);
};

/** The checkpoint of a generation that stands alone: the running code does not follow it, or it left the group. */
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
  result?: (Content & { readonly equal: boolean; readonly parked: number }) | null,
): Promise<void> => {
  const failures = (await tx.system.generations()).filter((row) => row.rebuild_id === rebuildId && row.error !== null);
  await tx.system.setRebuild(rebuildId, {
    phase: failures.length === 0 ? 'done' : 'failed',
    finished_at: now,
    ...(result === undefined ? {} : { result: result === null ? null : JSON.stringify(result) }),
    error: failures.length === 0 ? null : failures.map((row) => row.error).join('; '),
  });
};
