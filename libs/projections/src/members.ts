import type { Position, Projection } from '#kernel';
import { tableName, type GenerationRow, type ParkedRow, type RebuildRow } from '#read-store';
import { isUnderWay } from './boot.js';
import { Build, type Running } from './build.js';
import { Cohort } from './cohort.js';
import { Generation, type Discards } from './generation.js';
import type { EngineOptions } from './options.js';
import { Parked, PARKING_LIMITS } from './parked.js';
import { readDiscards } from './parking.js';

const CACHE_ROWS = 5000;

/** What a loop works on, in memory, as the rows of the read store say it. */
export class Members {
  readonly live: Cohort;
  builds: readonly Build[] = [];
  /** Rebuilds that wait for their comparison, and those that are to be concluded. */
  verifying: readonly string[] = [];
  ready: readonly RebuildRow[] = [];
  /** Generations whose rows go, in slices. */
  dropping: readonly GenerationRow[] = [];
  /** When the next generation may go, in milliseconds since 1970. */
  retireAt = Number.POSITIVE_INFINITY;
  readonly #discards = new Map<string, Discards>();

  constructor(
    readonly options: EngineOptions,
    readonly running: Running,
  ) {
    this.live = new Cohort(running.seat.name, { position: null, events: 0 });
  }

  /** Those that no rebuild is making. */
  get standing(): readonly Cohort[] {
    return [this.live, ...this.builds.filter((one) => one.rebuildId === null).map((one) => one.cohort)];
  }

  /** Makes what is in memory follow what the rows say; tables that stay keep their cached rows, builds their place. */
  async load(): Promise<void> {
    const { rows, seat } = this.running;
    const group = seat.name;
    const { generations, checkpoints, rebuilds, parked } = await rows.aside(async (system) => ({
      generations: await system.generations(),
      checkpoints: await system.checkpoints(),
      rebuilds: await system.runningRebuilds(),
      parked: await system.parking.all(),
    }));
    const known = new Map(
      [this.live, ...this.builds.map(({ cohort }) => cohort)].flatMap((cohort) =>
        cohort.generations.map((generation) => [generation.table.name, generation] as const),
      ),
    );
    const members = (cohort: string, states: readonly GenerationRow['state'][], empty: boolean): Generation[] =>
      generations.flatMap((row) => {
        const projection = this.options.projections.find(
          ({ name, version }) => name === row.projection && version === row.version,
        );
        if (projection === undefined || row.cohort !== cohort || !states.includes(row.state)) return [];
        const made = known.get(tableName(row.projection, row.generation));
        return [made ?? this.generation(projection, row.generation, empty, parked)];
      });
    const live = checkpoints.find(({ name }) => name === group);
    this.live.position = (live?.position ?? null) as Position | null;
    this.live.events = live?.events ?? 0;
    this.live.generations = members(group, ['live', 'standby', 'verifying'], this.live.position === null);
    const builds: Build[] = [];
    for (const checkpoint of checkpoints) {
      const rebuild = rebuilds.find(({ id }) => id === checkpoint.name);
      if (checkpoint.name === group || checkpoint.seat !== group || rebuild?.paused === 1) continue;
      const own = members(checkpoint.name, ['building', 'live'], checkpoint.position === null);
      if (own.length === 0) continue;
      const build =
        this.builds.find(({ cohort }) => cohort.name === checkpoint.name) ??
        new Build(new Cohort(checkpoint.name, checkpoint, rebuild?.park !== 0), rebuild ?? null);
      if (build.cohort.generations.length !== own.length) build.cohort.generations = own;
      builds.push(build);
    }
    for (const build of this.builds) if (!builds.includes(build)) await build.close();
    this.builds = builds;
    this.dropping = generations.filter((row) => row.state === 'dropping');
    this.retireAt = Math.min(...generations.map((row) => row.retire_at ?? Number.POSITIVE_INFINITY));
    // A comparison or rebuild of the live seat is concluded by its holder alone.
    const ours = rebuilds.filter((row) =>
      generations.some((one) => one.rebuild_id === row.id && one.cohort === group && isUnderWay(one)),
    );
    this.ready = ours.filter(
      (row) => row.phase === 'ready' && row.paused === 0 && (row.auto_promote === 1 || row.kind === 'compare'),
    );
    this.verifying = ours.filter((row) => row.phase === 'verify').map(({ id }) => id);
  }

  /** A generation as the rows say, with what it has parked. */
  generation(projection: Projection, generation: number, empty: boolean, rows: readonly ParkedRow[]): Generation {
    const place = { projection: projection.name, generation };
    const own = rows.filter((row) => row.projection === place.projection && row.generation === generation);
    const parked = new Parked(place, { ...PARKING_LIMITS, ...this.options.parking }, own);
    const { cacheRows = CACHE_ROWS } = this.options;
    return new Generation(projection, generation, cacheRows, empty, parked, this.#discards.get(projection.name));
  }

  /** What was discarded, as the log says now. */
  async readDiscards(): Promise<void> {
    for (const projection of this.options.projections)
      this.#discards.set(projection.name, await readDiscards(this.running.events, projection));
    for (const { generations } of [this.live, ...this.builds.map(({ cohort }) => cohort)])
      for (const one of generations) one.discards = this.#discards.get(one.name) ?? one.discards;
  }
}
