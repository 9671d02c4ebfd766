import type { Position, Projection } from '#kernel';
import type { EventReader } from '#event-store/port';
import {
  codeOf,
  emptyCheckpoint,
  LIVE,
  sideSeat,
  type CheckpointRow,
  type GenerationRow,
  type RowWrites,
  type Seat,
} from '#read-store';
import type { EngineOptions } from './options.js';
import { finish, leaveGroup, leftCohort, prepare, retire } from './rebuild.js';

/**
 * Makes the read store fit this log and this code for the holder of a seat: forgets all of it if it is of another log, leaves aside what
 * this code does not follow, takes over what it follows, begins what is missing.
 */
export const boot = async (options: EngineOptions, seat: Seat, now: string): Promise<void> => {
  const { rows, events, logId, projections } = options;
  const head = await events.head();
  const changed =
    seat.name === LIVE && (await logChanged(events, logId, await rows.aside((system) => system.checkpoints())));
  if (changed) options.log?.('warn', 'log-changed: all read models are rebuilt', { logId });
  await rows.write(async (tx) => {
    await tx.system.own(seat);
    if (changed) await forgetAll(tx, logId, now);
    if ((await tx.system.checkpoint(seat.name)) === undefined)
      await tx.system.putCheckpoint(emptyCheckpoint(seat.name, seat.name, logId));
    const followed =
      seat.name === LIVE ? await settleLive(tx, projections, seat, now) : await settleSide(tx, projections, seat);
    const build: Projection[] = [];
    for (const { projection, newer } of without(followed, await tx.system.generations())) {
      if (newer === null) build.push(projection);
      else if (seat.name === LIVE)
        options.log?.(
          'warn',
          `${projection.name} has a newer version live (${String(newer)}): it is rebuilt on command only`,
        );
    }
    if (build.length === 0) return;
    const { ordinalOf } = options;
    await prepare(tx, build, { seat: seat.name, logId, now, head, ordinalOf, park: 'alone' });
  });
};

/** Whether any checkpoint is of another log, or stands at an event that the log does not hold there. */
const logChanged = async (
  events: EventReader,
  logId: string,
  checkpoints: readonly CheckpointRow[],
): Promise<boolean> => {
  for (const row of checkpoints) {
    if (row.log_id !== logId) return true;
    if (row.position === null) continue;
    let found = false;
    const until = row.position as Position;
    for await (const page of events.readAll({ after: row.before as Position | null, until, pageSize: 10 })) {
      found = page.some((event) => event.position === row.position && event.id === row.event_id);
      if (found) break;
    }
    if (!found) return true;
  }
  return false;
};

const forgetAll = async (tx: RowWrites, logId: string, now: string): Promise<void> => {
  const swaps = (await tx.system.checkpoint(LIVE))?.swaps ?? 0;
  for (const row of await tx.system.generations())
    await tx.system.setGeneration(row, { state: 'dropping', cohort: 'dropping', retire_at: null });
  for (const row of await tx.system.checkpoints()) await tx.system.dropCheckpoint(row.name);
  for (const row of await tx.system.runningRebuilds()) {
    await tx.system.setRebuild(row.id, {
      phase: 'failed',
      finished_at: now,
      error: 'log-changed: the log is another one',
    });
  }
  // Places among facts that are not there any more: what takes their positions now would be passed over.
  await tx.system.dropPolicies();
  await tx.system.putCheckpoint(emptyCheckpoint(LIVE, LIVE, logId, swaps + 1));
};

const versionsOf = (projections: readonly Projection[]): ReadonlyMap<string, number> =>
  new Map(projections.map(({ name, version }) => [name, version]));

/** The live seat: what this code does not follow stands alone from now on; what stood beside in this code's versions comes over; half-built tables of other versions go. */
const settleLive = async (
  tx: RowWrites,
  projections: readonly Projection[],
  seat: Seat,
  now: string,
): Promise<readonly Projection[]> => {
  const versions = versionsOf(projections);
  const held = new Set((await tx.system.seats()).filter((other) => other.held).map(({ name }) => name));
  // Another process of this code may hold its side seat: what it followed is ours now.
  const side = sideSeat(codeOf(projections));
  await tx.system.takeSeat({ name: side, holder: '', code: '', ms: 0, seize: true });
  held.delete(side);
  const cohorts = new Map((await tx.system.checkpoints()).map((row) => [row.name, row]));
  for (const row of await tx.system.generations()) {
    const cohort = cohorts.get(row.cohort);
    // Of other code that is running.
    if (row.state === 'dropping' || (cohort !== undefined && cohort.seat !== seat.name && held.has(cohort.seat)))
      continue;
    const followed = versions.get(row.projection) === row.version;
    if (row.state === 'failed') await retire(tx, row);
    else if (!followed && row.state !== 'live') await retire(tx, row);
    else if (!followed && row.cohort === seat.name) await leaveGroup(tx, row);
    else if (followed && cohort !== undefined && cohort.seat !== seat.name)
      await tx.system.setCheckpoint(row.cohort, { seat: seat.name });
    // What paused by itself is tried again.
    if (followed && row.state === 'paused') await tx.system.setGeneration(row, { state: 'live', error: null });
  }
  await endEmptyRebuilds(tx, now);
  return projections;
};

/** A side seat: only what the holder of the live seat does not follow, and what other code left behind in this code's versions. */
const settleSide = async (
  tx: RowWrites,
  projections: readonly Projection[],
  seat: Seat,
): Promise<readonly Projection[]> => {
  const cohorts = new Map((await tx.system.checkpoints()).map((row) => [row.name, row]));
  const generations = await tx.system.generations();
  const elsewhere = new Set(
    generations
      .filter((row) => row.state !== 'failed' && row.state !== 'dropping')
      .filter((row) => row.cohort === LIVE || (row.state !== 'live' && cohorts.get(row.cohort)?.seat === LIVE))
      .map((row) => `${row.projection} ${String(row.version)}`),
  );
  const own = projections.filter(({ name, version }) => !elsewhere.has(`${name} ${String(version)}`));
  const versions = versionsOf(own);
  for (const row of generations) {
    if (row.state === 'live' && versions.get(row.projection) === row.version && row.cohort === leftCohort(row))
      await tx.system.setCheckpoint(row.cohort, { seat: seat.name });
  }
  return own;
};

/** Rebuilds whose generations are all gone. */
const endEmptyRebuilds = async (tx: RowWrites, now: string): Promise<void> => {
  const left = await tx.system.generations();
  for (const rebuild of await tx.system.runningRebuilds()) {
    const own = left.filter((row) => row.rebuild_id === rebuild.id && isUnderWay(row));
    if (own.length > 0) continue;
    await finish(tx, rebuild.id, now);
    await tx.system.dropCheckpoint(rebuild.id);
  }
};

export const isUnderWay = ({ state }: GenerationRow): boolean => state === 'building' || state === 'verifying';

/** The projections with nothing live or on its way in this version; `newer` = a higher version that is live. */
const without = (
  projections: readonly Projection[],
  generations: readonly GenerationRow[],
): { readonly projection: Projection; readonly newer: number | null }[] =>
  projections
    .filter(
      ({ name, version }) =>
        !generations.some(
          (row) => row.projection === name && row.version === version && (isUnderWay(row) || row.state === 'live'),
        ),
    )
    .map((projection) => ({
      projection,
      newer: generations
        .filter((row) => row.projection === projection.name && row.state === 'live' && row.version > projection.version)
        .reduce<number | null>((max, row) => Math.max(max ?? 0, row.version), null),
    }));
