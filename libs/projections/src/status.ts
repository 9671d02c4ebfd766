import type { Position, Projection } from '#kernel';
import type { Head } from '#event-store/port';
import { codeOf, LIVE, sideSeat, type GenerationRow, type ReadSource, type RebuildRow } from '#read-store';
import type { Content } from './content-hash.js';

export type RebuildProgress = {
  readonly rebuildId: string;
  readonly phase: RebuildRow['phase'];
  readonly done: number;
  /** Null where the store cannot count and nobody has read the log before. */
  readonly total: number | null;
  readonly eventsPerSecond: number | null;
  readonly etaSeconds: number | null;
};

export type ProjectionStatus = {
  readonly name: string;
  readonly version: number;
  readonly state: 'live' | 'failed' | 'paused' | 'detached';
  readonly checkpoint: Position | null;
  readonly lagSeconds: number;
  /** Null where the store cannot count. */
  readonly lagEvents: number | null;
  readonly parkedSequences: number;
  /** Of the live table; null before the first one. */
  readonly generation: number | null;
  readonly rebuild: RebuildProgress | null;
};

export type RebuildStatus = RebuildProgress & {
  readonly kind: RebuildRow['kind'];
  readonly paused: boolean;
  readonly projections: readonly string[];
  /** `parked`: keys left out of it, since not all of their events are folded. */
  readonly result: (Content & { readonly equal: boolean; readonly parked: number }) | null;
  readonly error: string | null;
};

/**
 * What `GET /v1/ops/projections` lists, read from the read store alone, so that any thread can answer.
 * `head` is the log's, `now` in milliseconds. `state` is `failed` also while a first build is under way: nothing is live then, and `rebuild` tells how far it is.
 */
export const projectionStatuses = (
  source: ReadSource,
  projections: readonly Pick<Projection, 'name' | 'version'>[],
  log: { readonly head: Head | null; readonly now: number; readonly ordinalOf?: (position: Position) => number | null },
): Promise<readonly ProjectionStatus[]> =>
  source.snapshot(async (_db, system) => {
    const groups = [LIVE, sideSeat(codeOf(projections))];
    const [generations, checkpoints, rebuilds, parked] = [
      await system.generations(),
      await system.checkpoints(),
      await system.runningRebuilds(),
      await system.parking.counts(),
    ];
    const status = (
      name: string,
      version: number,
      row: GenerationRow | undefined,
      detached: boolean,
    ): ProjectionStatus => {
      const place = checkpoints.find((checkpoint) => checkpoint.name === (row?.cohort ?? LIVE));
      const position = (place?.position ?? null) as Position | null;
      const level = log.head === null || (position !== null && position >= log.head.position);
      const total = log.head === null ? 0 : (log.ordinalOf?.(log.head.position) ?? null);
      const recordedAt = place?.recorded_at ?? null;
      const running = rebuilds.find((rebuild) => (JSON.parse(rebuild.projections) as string[]).includes(name));
      return {
        name,
        version,
        state: detached
          ? 'detached'
          : row?.state === 'paused' || (place?.paused ?? null) !== null
            ? 'paused'
            : row?.state === 'live'
              ? 'live'
              : 'failed',
        checkpoint: position,
        lagSeconds:
          level || recordedAt === null ? 0 : Math.max(0, Math.round((log.now - Date.parse(recordedAt)) / 1000)),
        lagEvents: level ? 0 : total === null ? null : Math.max(0, total - (place?.events ?? 0)),
        parkedSequences:
          parked.find((one) => one.projection === name && one.generation === row?.generation)?.sequences ?? 0,
        generation: row?.generation ?? null,
        rebuild: running === undefined ? null : progress(running),
      };
    };
    const ours = projections.map(({ name, version }) =>
      status(
        name,
        version,
        generations.find(
          (row) =>
            row.projection === name &&
            row.version === version &&
            (row.state === 'paused' || (row.state === 'live' && groups.includes(row.cohort))),
        ),
        false,
      ),
    );
    const known = new Set(projections.map(({ name }) => name));
    const others = generations
      .filter((row) => !known.has(row.projection) && row.state === 'live')
      .map((row) => status(row.projection, row.version, row, true));
    return [...ours, ...others];
  });

/** What `GET /v1/ops/rebuilds/{id}` answers; null if there is none of that id. */
export const rebuildStatus = (source: ReadSource, rebuildId: string): Promise<RebuildStatus | null> =>
  source.snapshot(async (_db, system) => {
    const row = await system.rebuild(rebuildId);
    if (row === undefined) return null;
    return {
      ...progress(row),
      kind: row.kind,
      paused: row.paused === 1,
      projections: JSON.parse(row.projections) as string[],
      result: row.result === null ? null : (JSON.parse(row.result) as RebuildStatus['result']),
      error: row.error,
    };
  });

const progress = (row: RebuildRow): RebuildProgress => {
  const total = row.total === null ? null : Math.max(row.total, row.done);
  const left = total === null ? null : total - row.done;
  return {
    rebuildId: row.id,
    phase: row.phase,
    done: row.done,
    total,
    eventsPerSecond: row.rate,
    etaSeconds:
      row.finished_at !== null
        ? 0
        : left === null || row.rate === null || row.rate === 0
          ? null
          : Math.ceil(left / row.rate),
  };
};
