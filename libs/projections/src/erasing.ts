import type { Position, Projection } from '#kernel';
import { LIVE, tableName, type GenerationRow, type RowWrites } from '#read-store';
import { isUnderWay } from './boot.js';
import { OpsRefused } from './options.js';
import { retire } from './rebuild.js';

/** Can its rows hold what stands sealed in the log? Of a read model that the code does not know any more nobody can say. */
const mayHoldClearText = (projections: readonly Projection[], { projection }: GenerationRow): boolean =>
  projections.find(({ name }) => name === projection)?.opens.length !== 0;

/** The tables whose rows may hold personal values in clear. */
export const clearTables = (
  projections: readonly Projection[],
  generations: readonly GenerationRow[],
): readonly string[] =>
  generations
    .filter((row) => row.state !== 'dropping' && mayHoldClearText(projections, row))
    .map((row) => tableName(row.projection, row.generation));

/**
 * The tables with personal values in clear that are not beyond a place of the log yet. Those that nobody moves any more are dropped: failed ones,
 * rebuilds that an operator paused, what code that does not run left behind. One that answers queries is waited for, however long it stands still;
 * so is one that other code moves, wherever it stands: nobody knows what that code makes of an erasure.
 */
export const behindErasure = async (
  tx: RowWrites,
  projections: readonly Projection[],
  position: Position,
  abort: (rebuildId: string) => Promise<unknown>,
): Promise<readonly string[]> => {
  const cohorts = new Map((await tx.system.checkpoints()).map((row) => [row.name, row]));
  const held = new Set((await tx.system.seats()).filter((seat) => seat.held).map(({ name }) => name));
  const stopped = new Set((await tx.system.runningRebuilds()).filter((row) => row.paused === 1).map(({ id }) => id));
  const behind: string[] = [];
  for (const row of await tx.system.generations()) {
    if (!mayHoldClearText(projections, row)) continue;
    const cohort = cohorts.get(row.cohort);
    const isCurrent = projections.some(({ name, version }) => name === row.projection && version === row.version);
    const hasPassed = (cohort?.position ?? '') >= position;
    if (isCurrent && hasPassed && row.state !== 'failed' && row.state !== 'dropping') continue;
    behind.push(tableName(row.projection, row.generation));
    if (row.state === 'dropping' || (isCurrent && ['live', 'paused'].includes(row.state))) continue;
    // The live seat's holder, whose code this is, moves its own versions only.
    const isMoved = cohort !== undefined && held.has(cohort.seat) && (isCurrent || cohort.seat !== LIVE);
    if (row.state === 'failed' || !isMoved) await retire(tx, row);
    else if (row.rebuild_id !== null && stopped.has(row.rebuild_id) && isUnderWay(row)) {
      await abort(row.rebuild_id).catch((error: unknown) => {
        if (!(error instanceof OpsRefused)) throw error;
      });
    }
  }
  return behind;
};
