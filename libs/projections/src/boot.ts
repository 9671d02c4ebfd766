import type { Position, Projection } from '#kernel';
import type { EventReader } from '#event-store/port';
import { LIVE, type CheckpointRow, type GenerationRow, type RebuildRow, type RowWrites } from '#read-store';
import type { EngineOptions } from './options.js';
import { emptyCheckpoint, finish, leaveGroup, prepare, retire } from './rebuild.js';

export type Booted = {
  readonly epoch: number;
  readonly generations: readonly GenerationRow[];
  readonly checkpoints: readonly CheckpointRow[];
  readonly rebuilds: readonly RebuildRow[];
};

/**
 * Makes the read store fit this log and this code, and takes it over: forgets all of it if it is of another log,
 * leaves aside what this code does not follow, resumes what was being built, begins what is missing.
 */
export const boot = async (options: EngineOptions, now: string): Promise<Booted> => {
  const { rows, events, logId, projections } = options;
  await rows.migrate();
  const { epoch, checkpoints } = await rows.write(async ({ system }) => ({
    epoch: await system.takeOver(),
    checkpoints: await system.checkpoints(),
  }));
  const changed = await logChanged(events, logId, checkpoints);
  if (changed) options.log?.('warn', 'log-changed: all read models are rebuilt', { logId });
  const head = await events.head();
  return rows.write(async (tx) => {
    await tx.system.own(epoch);
    if (changed) await forgetAll(tx, logId, now);
    if ((await tx.system.checkpoint(LIVE)) === undefined) await tx.system.putCheckpoint(emptyCheckpoint(LIVE, logId));
    await settleVersions(tx, projections, now);
    const missing = without(projections, await tx.system.generations());
    for (const { projection, newer } of missing.filter((entry) => entry.newer)) {
      options.log?.(
        'warn',
        `${projection.name} has a newer version live (${String(newer)}): it is rebuilt on command only`,
      );
    }
    const build = missing.filter((entry) => entry.newer === null).map((entry) => entry.projection);
    if (build.length > 0) {
      const total = head === null ? 0 : (options.ordinalOf?.(head.position) ?? (await eventsKnown(tx)));
      const alone = !(await tx.system.generations()).some((row) => row.cohort === LIVE);
      await prepare(tx, build, { logId, now, target: head?.position ?? null, total, alone, park: alone });
    }
    return {
      epoch,
      generations: await tx.system.generations(),
      checkpoints: await tx.system.checkpoints(),
      rebuilds: await tx.system.runningRebuilds(),
    };
  });
};

const eventsKnown = async (tx: RowWrites): Promise<number | null> => {
  const events = (await tx.system.checkpoint(LIVE))?.events ?? 0;
  return events > 0 ? events : null;
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
    await tx.system.setGeneration(row, { state: 'dropping', cohort: 'dropping' });
  for (const row of await tx.system.checkpoints()) await tx.system.dropCheckpoint(row.name);
  for (const row of await tx.system.runningRebuilds()) {
    await tx.system.setRebuild(row.id, {
      phase: 'failed',
      finished_at: now,
      error: 'log-changed: the log is another one',
    });
  }
  await tx.system.putCheckpoint(emptyCheckpoint(LIVE, logId, swaps + 1));
};

/** Live generations that this code does not follow get a checkpoint of their own; half-built ones of other versions go. */
const settleVersions = async (tx: RowWrites, projections: readonly Projection[], now: string): Promise<void> => {
  const versions = new Map(projections.map(({ name, version }) => [name, version]));
  const all = await tx.system.generations();
  for (const row of all) {
    if (row.state === 'dropping') continue;
    const followed = versions.get(row.projection) === row.version;
    if (row.state === 'failed') await retire(tx, row);
    else if (!followed && row.state !== 'live') await retire(tx, row);
    else if (!followed && row.cohort === LIVE) await leaveGroup(tx, row);
    // What paused by itself is tried again.
    else if (followed && row.state === 'paused') await tx.system.setGeneration(row, { state: 'live', error: null });
  }
  const left = await tx.system.generations();
  for (const rebuild of await tx.system.runningRebuilds()) {
    const own = left.filter(
      (row) => row.rebuild_id === rebuild.id && (row.state === 'building' || row.state === 'verifying'),
    );
    if (own.length === 0) {
      await finish(tx, rebuild.id, now, null);
      await tx.system.dropCheckpoint(rebuild.id);
    }
  }
};

/** The projections with nothing live or on its way in this version; `newer` = a higher version that is live. */
const without = (
  projections: readonly Projection[],
  generations: readonly GenerationRow[],
): { readonly projection: Projection; readonly newer: number | null }[] =>
  projections
    .filter(
      ({ name, version }) =>
        !generations.some(
          (row) =>
            row.projection === name && row.version === version && ['building', 'verifying', 'live'].includes(row.state),
        ),
    )
    .map((projection) => ({
      projection,
      newer: generations
        .filter((row) => row.projection === projection.name && row.state === 'live' && row.version > projection.version)
        .reduce<number | null>((max, row) => Math.max(max ?? 0, row.version), null),
    }));
