import type { Position, Projection } from '#kernel';
import type { Head } from '#event-store/port';
import { LIVE, type GenerationRow, type RebuildRow, type RowWrites } from '#read-store';
import { isUnderWay } from './boot.js';
import { OpsRefused, unknownProjection } from './options.js';
import type { Retried } from './parking.js';
import { finish, goLive, prepare, retire } from './rebuild.js';

/** What operators may ask of the projector. Shapes of arguments and answers: they travel as JSON between threads and processes. */
export type OpsCalls = {
  /** One that overlaps a running one answers that one's id. `park`: events that cannot be folded are parked instead of ending it. */
  rebuild: { args: [names: readonly string[] | 'all', options?: RebuildOptions]; answer: { rebuildId: string } };
  /** Builds the read model beside the live one, compares, and drops it again: the rebuild's result tells. */
  compare: { args: [name: string]; answer: { rebuildId: string } };
  /** What a rebuild would cost; `rows` of the live tables. */
  estimate: { args: [names: readonly string[] | 'all']; answer: Estimate };
  pause: { args: [rebuildId: string]; answer: null };
  resume: { args: [rebuildId: string]; answer: null };
  /** Goes live, or will as soon as it is ready. */
  promote: { args: [rebuildId: string]; answer: null };
  abort: { args: [rebuildId: string]; answer: null };
  /** The generation that stands by answers queries again; the other one stands by. */
  rollback: { args: [name: string]; answer: { generation: number } };
  /** Folds a parked sequence again, without what was discarded; a read model that paused over too many goes on. Null: nothing of that name is parked. */
  retry: { args: [name: string, sequence: string]; answer: Retried | null };
  /** The tables with personal values in clear that have not passed a place of the log, where an erasure stands. What nobody moves any more is dropped. */
  behind: { args: [position: Position]; answer: readonly string[] };
  /** Takes what was overwritten and deleted off the disk. False: somebody reads it just now, ask again. */
  purge: { args: []; answer: boolean };
};
/** `id`: the rebuild's, so that asking again is the same request. */
export type RebuildOptions = { readonly id?: string; readonly autoPromote?: boolean; readonly park?: boolean };
export type Estimate = { readonly events: number; readonly rows: number; readonly seconds: number | null };

export const wantedOf = (
  projections: readonly Projection[],
  names: readonly string[] | 'all',
): readonly Projection[] =>
  names === 'all'
    ? projections
    : names.map((name) => {
        const found = projections.find((projection) => projection.name === name);
        if (found === undefined) throw unknownProjection(name);
        return found;
      });

type World = {
  readonly projections: readonly Projection[];
  readonly logId: string;
  readonly now: string;
  readonly head: Head | null;
  readonly ordinalOf: ((position: Head['position']) => number | null) | undefined;
  /** Milliseconds since 1970: until then what is replaced stands by. */
  readonly standbyUntil: number;
};

/** Begins a rebuild, or answers the one that is under way for one of the projections. */
export const requestRebuild = async (
  tx: RowWrites,
  { projections, logId, now, head, ordinalOf }: World,
  names: readonly string[] | 'all',
  options: RebuildOptions & { readonly kind?: RebuildRow['kind'] } = {},
): Promise<{ rebuildId: string }> => {
  const wanted = wantedOf(projections, names);
  const same = options.id === undefined ? undefined : await tx.system.rebuild(options.id);
  if (same !== undefined) {
    const { autoPromote = true, park = false } = options;
    // A promotion by hand sets the flag: then it says nothing about what was asked.
    if (park !== (same.park === 1) || (autoPromote && same.auto_promote === 0))
      throw new OpsRefused('reused', 'This Idempotency-Key belongs to a rebuild with other options: use a new one.');
    return { rebuildId: same.id };
  }
  for (const row of await tx.system.runningRebuilds()) {
    const overlaps = (JSON.parse(row.projections) as string[]).some((name) => wanted.some((one) => one.name === name));
    if (!overlaps) continue;
    if (options.kind === row.kind || (options.kind === undefined && row.kind === 'rebuild'))
      return { rebuildId: row.id };
    throw new OpsRefused(
      'conflict',
      `The ${row.kind} ${row.id} is under way for this read model: wait for its end, or abort it.`,
    );
  }
  const rebuildId = await prepare(tx, wanted, { ...options, seat: LIVE, logId, now, head, ordinalOf });
  return { rebuildId };
};

const running = async (tx: RowWrites, rebuildId: string): Promise<RebuildRow> => {
  const row = await tx.system.rebuild(rebuildId);
  if (row === undefined) throw new OpsRefused('unknown', `There is no rebuild ${rebuildId}.`);
  if (row.finished_at !== null)
    throw new OpsRefused('conflict', `The rebuild has ended (${row.phase}): begin a new one if it is needed.`);
  return row;
};

export const setPaused = async (tx: RowWrites, rebuildId: string, paused: boolean): Promise<null> => {
  await running(tx, rebuildId);
  await tx.system.setRebuild(rebuildId, { paused: paused ? 1 : 0, rate: null });
  return null;
};

export const promote = async (tx: RowWrites, rebuildId: string): Promise<null> => {
  const row = await running(tx, rebuildId);
  if (row.kind === 'compare') throw new OpsRefused('conflict', 'A comparison never goes live: begin a rebuild.');
  await tx.system.setRebuild(rebuildId, { auto_promote: 1 });
  return null;
};

export const abort = async (tx: RowWrites, rebuildId: string, { now }: World): Promise<null> => {
  if ((await tx.system.rebuild(rebuildId))?.phase === 'aborted') return null;
  await running(tx, rebuildId);
  const generations = await tx.system.generations();
  const own = generations.filter((row) => row.rebuild_id === rebuildId && isUnderWay(row));
  const needed = own.filter(
    (row) => !generations.some((other) => other.projection === row.projection && other.state === 'live'),
  );
  if (needed.length > 0)
    throw new OpsRefused(
      'conflict',
      `Nothing is live beside ${needed.map((row) => row.projection).join(', ')}: this rebuild is needed to answer queries.`,
    );
  for (const row of own) await retire(tx, row);
  await tx.system.dropCheckpoint(rebuildId);
  await tx.system.setRebuild(rebuildId, { phase: 'aborted', finished_at: now, error: null });
  return null;
};

export const rollback = async (
  tx: RowWrites,
  { projections, standbyUntil }: World,
  name: string,
): Promise<{ generation: number }> => {
  const [projection] = wantedOf(projections, [name]);
  const before = (await tx.system.generations()).find(
    (row) =>
      row.projection === name && row.version === projection?.version && row.state === 'standby' && row.cohort === LIVE,
  );
  if (before === undefined)
    throw new OpsRefused(
      'conflict',
      `No earlier generation of ${name} stands by: it is dropped an hour after a rebuild went live. Rebuild it instead.`,
    );
  await goLive(tx, LIVE, before, standbyUntil);
  return { generation: before.generation };
};

/** Ends a rebuild that is ready: goes live, or, compared only, goes. */
export const conclude = async (
  tx: RowWrites,
  rebuild: RebuildRow,
  { now, standbyUntil }: Pick<World, 'now' | 'standbyUntil'>,
): Promise<void> => {
  const own = (await tx.system.generations()).filter(
    (row) => row.rebuild_id === rebuild.id && row.state === 'verifying',
  );
  for (const row of own) {
    if (rebuild.kind === 'compare') await retire(tx, row);
    else await goLive(tx, row.cohort, row, standbyUntil);
  }
  await finish(tx, rebuild.id, now);
};

/** Retires what has stood by long enough; older versions that other code still moves stay. `at`: milliseconds since 1970. */
export const retireOld = async (tx: RowWrites, group: string, at: number): Promise<void> => {
  const held = new Set((await tx.system.seats()).filter((seat) => seat.held).map(({ name }) => name));
  const cohorts = new Map((await tx.system.checkpoints()).map((row) => [row.name, row.seat]));
  for (const row of await tx.system.generations()) {
    if (row.retire_at === null || row.retire_at > at) continue;
    const seat = cohorts.get(row.cohort);
    const ours =
      row.cohort === group ? row.state === 'standby' : seat === undefined || seat === group || !held.has(seat);
    if (ours && isRetirable(row)) await retire(tx, row);
  }
};

const isRetirable = ({ state }: GenerationRow): boolean => state === 'standby' || state === 'live';
