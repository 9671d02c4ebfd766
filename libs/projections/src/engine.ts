import type { Position, Projection } from '#kernel';
import { Fenced, LIVE, ReadStoreUnusable, type GenerationRow, type ParkedRow } from '#read-store';
import { boot } from './boot.js';
import { Build, BULK_ROWS, verify, type Running } from './build.js';
import { Cohort, type Counters } from './cohort.js';
import { combined } from './content-hash.js';
import { Generation, messageOf, type Discards } from './generation.js';
import { UnknownProjection, type EngineOptions } from './options.js';
import { Parked, PARKING_LIMITS } from './parked.js';
import { readDiscards, retrySequence, type Retried } from './parking.js';
import { emptyCheckpoint, finish, goLive, join, leftCohort, prepare } from './rebuild.js';
import { Follower } from './source.js';

const DROP_ROWS = 2000;
const CACHE_ROWS = 5000;

export interface Engine {
  /** Takes the read store over, builds what is missing, then follows the log until the signal aborts. Rejects with Fenced, or where the store cannot be used at all. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when `run` has taken the store over: the other calls wait for it by themselves. */
  readonly started: Promise<void>;
  /** The log has grown: look now, not at the next poll. */
  appended(position: Position): void;
  /** Rebuilds beside what is live. One that overlaps a running one returns that. Stored before it is answered. `park`: an event that cannot be folded is parked, else it ends the rebuild. Throws UnknownProjection. */
  requestRebuild(
    names: readonly string[] | 'all',
    options?: { readonly park?: boolean },
  ): Promise<{ readonly rebuildId: string }>;
  /** Folds a parked sequence again, without what was discarded meanwhile; a projection that paused over it goes on. Null if nothing of that name is parked. Throws UnknownProjection. */
  retry(projection: string, sequence: string): Promise<Retried | null>;
  savePolicyCheckpoint(policy: string, position: Position | null): Promise<void>;
  /** Undefined if none is known in this log. */
  loadPolicyCheckpoint(policy: string): Promise<Position | null | undefined>;
  /** Events applied, and those of unknown types that were skipped, since the start. */
  readonly counters: Readonly<Counters>;
}

/** The one loop for live and rebuild. See README. */
export const createEngine = (options: EngineOptions): Engine => {
  const engine = new Loop(options);
  return {
    run: (signal) => engine.run(signal),
    started: engine.started.promise,
    appended: (position) => {
      engine.follower.hint(position);
    },
    requestRebuild: (names, asked) => engine.requestRebuild(names, asked),
    retry: (projection, sequence) => engine.retry(projection, sequence),
    savePolicyCheckpoint: async (policy, position) => {
      await engine.started.promise;
      await options.rows.write((tx) => tx.system.savePolicy(policy, options.logId, position));
    },
    loadPolicyCheckpoint: async (policy) => {
      await engine.started.promise;
      return options.rows.write((tx) => tx.system.policy(policy, options.logId));
    },
    counters: engine.counters,
  };
};

class Loop {
  readonly started = Promise.withResolvers<undefined>();
  readonly counters: Counters = { unknown: 0, applied: 0 };
  readonly follower: Follower;
  #running: Running | null = null;
  #live = new Cohort(LIVE, { position: null, events: 0 });
  #builds: Build[] = [];
  #dropping: GenerationRow[] = [];
  #wake: () => void = () => undefined;
  #signal: AbortSignal = AbortSignal.abort();
  readonly #verifications = new Set<Promise<void>>();
  readonly #discards = new Map<string, Discards>();
  /** Work for the next turn, when nothing else moves a generation. */
  #tasks: ((error: Error | null) => Promise<void>)[] = [];

  constructor(readonly options: EngineOptions) {
    for (const { name } of options.projections) {
      if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`a projection's name is snake_case: ${name}`);
    }
    this.started.promise.catch(() => undefined);
    this.follower = new Follower(
      options.events,
      () => {
        this.#wake();
      },
      (error) => {
        this.#trouble(this.#live, error);
      },
    );
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    const wake = (): void => {
      this.#wake();
    };
    signal.addEventListener('abort', wake);
    try {
      await this.#start();
      this.started.resolve(undefined);
      if (this.#live.position !== null) this.options.onCheckpoint?.(this.#live.position);
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => (this.#wake = resolve));
        if (await this.#turn()) await new Promise(setImmediate);
        else await this.#idle(woken);
      }
    } catch (error) {
      this.started.reject(error);
      throw error;
    } finally {
      signal.removeEventListener('abort', wake);
      this.#signal = AbortSignal.abort();
      this.follower.stop();
      for (const task of this.#tasks.splice(0)) await task(new Error('the projector has stopped'));
      for (const build of this.#builds) await build.close();
      await Promise.allSettled(this.#verifications);
    }
  }

  async retry(name: string, sequence: string): Promise<Retried | null> {
    await this.started.promise;
    const projection = this.#projection(name);
    const discards = await readDiscards(this.options.events, projection);
    this.#discards.set(name, discards);
    let outcome: Retried | null = null;
    for (const { cohort, rebuildId } of [{ cohort: this.#live, rebuildId: null }, ...this.#builds]) {
      for (const generation of cohort.generations.filter((one) => one.name === name)) {
        generation.discards = discards;
        // One that is being built meets the event again, or shows what it has parked when it is live.
        if (rebuildId !== null) continue;
        const inTurn = <T>(work: () => Promise<T>): Promise<T> => this.#inTurn(() => this.#alone(generation, work));
        const retried = await retrySequence(this.#run, generation, sequence, inTurn);
        outcome ??= retried;
        if (retried !== null) await this.#inTurn(() => this.#resume(generation));
      }
    }
    this.#wake();
    return outcome;
  }

  async requestRebuild(
    names: readonly string[] | 'all',
    { park = false }: { readonly park?: boolean } = {},
  ): Promise<{ readonly rebuildId: string }> {
    await this.started.promise;
    const { rows, logId } = this.options;
    const wanted = names === 'all' ? this.options.projections.map(({ name }) => name) : names;
    const projections = wanted.map((name) => this.#projection(name));
    for (const one of projections) this.#discards.set(one.name, await readDiscards(this.options.events, one));
    const head = await this.options.events.head();
    const made = await rows.write(async (tx) => {
      await tx.system.own(this.#run.epoch);
      for (const row of await tx.system.runningRebuilds()) {
        if ((JSON.parse(row.projections) as string[]).some((name) => wanted.includes(name)))
          return { rebuildId: row.id, rows: null };
      }
      const known = (await tx.system.checkpoint(LIVE))?.events ?? null;
      const total = head === null ? 0 : (this.options.ordinalOf?.(head.position) ?? known);
      return prepare(tx, projections, {
        logId,
        now: this.#run.now(),
        target: head?.position ?? null,
        total,
        alone: this.#live.generations.length === 0,
        park,
      });
    });
    if (made.rows !== null) {
      const cohort = new Cohort(made.rebuildId, emptyCheckpoint(made.rebuildId, logId), park);
      cohort.generations = made.rows.map((row) => this.#generation(row, true, []));
      this.#builds.push(new Build(cohort, made.rebuildId, head?.position ?? null));
      this.#wake();
    }
    return { rebuildId: made.rebuildId };
  }

  get #run(): Running {
    if (this.#running === null) throw new Error('the engine does not run');
    return this.#running;
  }

  #projection(name: string): Projection {
    const found = this.options.projections.find((projection) => projection.name === name);
    if (found === undefined) throw new UnknownProjection(name);
    return found;
  }

  #generation(
    row: Pick<GenerationRow, 'projection' | 'generation'>,
    empty: boolean,
    parked: readonly ParkedRow[],
  ): Generation {
    const { projection, generation } = row;
    return new Generation(
      this.#projection(projection),
      generation,
      this.options.cacheRows ?? CACHE_ROWS,
      empty,
      new Parked({ projection, generation }, { ...PARKING_LIMITS, ...this.options.parking }, parked),
      this.#discards.get(projection) ?? new Map(),
    );
  }

  /** Works on a generation that has nothing folded that is not written. */
  async #alone<T>(generation: Generation, work: () => Promise<T>): Promise<T> {
    const cohort = this.#cohortOf(generation);
    if (cohort !== undefined && cohort.pending.events > 0) await this.#failed(await cohort.flush(this.#run));
    const { failure } = generation;
    generation.failure = null;
    try {
      return await work();
    } finally {
      generation.failure = failure;
    }
  }

  #cohortOf(generation: Generation): Cohort | undefined {
    return [this.#live, ...this.#builds.map(({ cohort }) => cohort)].find(({ generations }) =>
      generations.includes(generation),
    );
  }

  /** One that paused by itself goes on where it stands. */
  async #resume(generation: Generation): Promise<void> {
    const cohort = this.#cohortOf(generation);
    if (generation.failure === null || cohort === undefined) return;
    await this.#run.rows.write(async ({ system }) => {
      await system.own(this.#run.epoch);
      const place = { projection: generation.name, generation: generation.generation };
      await system.setGeneration(place, { state: 'live', error: null });
      await system.setPaused(cohort.name, null);
    });
    generation.failure = null;
    cohort.forget(); // And with it the reason of the pause.
  }

  /** Runs the work in the next turn. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#tasks.push((error) => (error === null ? work() : Promise.reject(error)).then(resolve, reject));
      this.#wake();
    });
  }

  async #start(): Promise<void> {
    const { events, rows, codec, projections } = this.options;
    const now = this.options.now ?? (() => new Date().toISOString());
    const { epoch, generations, checkpoints, rebuilds } = await boot(this.options, now());
    this.#running = {
      events,
      rows,
      codec,
      epoch,
      now,
      counters: this.counters,
      bulkRows: this.options.bulkRows ?? BULK_ROWS,
    };
    const followed = new Set(projections.map(({ name, version }) => `${name} ${String(version)}`));
    const own = generations.filter(
      (row) =>
        followed.has(`${row.projection} ${String(row.version)}`) &&
        ['live', 'building', 'verifying'].includes(row.state),
    );
    for (const projection of projections) this.#discards.set(projection.name, await readDiscards(events, projection));
    this.#dropping = generations.filter((row) => row.state === 'dropping');
    const parked = await rows.write(({ system }) => Promise.all(own.map((row) => system.parking.sequences(row))));
    for (const checkpoint of checkpoints) {
      const members = own.filter((row) => row.cohort === checkpoint.name);
      const rebuild = rebuilds.find(({ id }) => id === checkpoint.name);
      const cohort = new Cohort(checkpoint.name, checkpoint, rebuild?.park !== 0);
      cohort.generations = members.map((row) =>
        this.#generation(row, checkpoint.position === null, parked[own.indexOf(row)] ?? []),
      );
      if (checkpoint.name === LIVE) this.#live = cohort;
      else if (members.length > 0) {
        this.#builds.push(new Build(cohort, rebuild?.id ?? null, rebuild?.target ?? null));
      }
    }
    for (const { id, target } of rebuilds) {
      const waiting = own.filter((row) => row.rebuild_id === id && row.state === 'verifying' && row.cohort === LIVE);
      if (waiting.length === 0) continue;
      const build = new Build(new Cohort(id, this.#live), id, target);
      build.joined = this.#live.generations.filter((generation) =>
        waiting.some((row) => row.projection === generation.name && row.generation === generation.generation),
      );
      this.#builds.push(build);
      this.#verify(build);
    }
  }

  /** One round: live first, then a slice of everything else. Returns whether there may be more to do at once. */
  async #turn(): Promise<boolean> {
    for (const task of this.#tasks.splice(0)) await task(null);
    let worked = await this.#guarded(this.#live, () => this.#follow());
    for (const build of [...this.#builds]) {
      if (this.#signal.aborted) return false;
      if (build.joined === null) worked = (await this.#guarded(build.cohort, () => this.#replay(build))) || worked;
      else if (build.verified !== null) {
        await this.#swap(build, build.joined, build.verified);
        worked = true;
      }
    }
    return (await this.#drop()) || worked;
  }

  /** What may pass when tried again waits; a newer owner ends the engine. */
  async #guarded(cohort: Cohort, work: () => Promise<boolean>): Promise<boolean> {
    if (cohort.paused !== null || cohort.retryAt > performance.now()) return false;
    try {
      const worked = await work();
      cohort.failures = 0;
      return worked;
    } catch (error) {
      if (error instanceof Fenced || (error instanceof ReadStoreUnusable && error.final)) throw error;
      if (cohort === this.#live) this.follower.stop();
      this.#trouble(cohort, error);
      return false;
    }
  }

  #trouble(cohort: Cohort, error: unknown): void {
    const delay = Math.min(30_000, 100 * 2 ** cohort.failures++);
    cohort.retryAt = performance.now() + delay;
    this.options.log?.('warn', `${cohort.name}: ${messageOf(error)}; tried again in ${String(delay)} ms`);
  }

  async #idle(woken: Promise<void>): Promise<void> {
    const now = performance.now();
    const waits = [this.#live, ...this.#builds.map(({ cohort }) => cohort)]
      .map(({ retryAt }) => retryAt - now)
      .filter((ms) => ms > 0);
    if (waits.length === 0) return woken;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([woken, new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.min(...waits))))]);
    clearTimeout(timer);
  }

  async #follow(): Promise<boolean> {
    const live = this.#live;
    if (live.generations.length === 0) return false;
    if (!this.follower.running) this.follower.start(live.position);
    const batch = await this.follower.take(live.position);
    if (batch === null) return false;
    const failed = await live.apply(batch, this.#run);
    if (live.paused !== null) this.options.log?.('error', `the read models stand still: ${live.paused}`);
    await this.#failed(failed);
    if (live.position !== null) this.options.onCheckpoint?.(live.position);
    return true;
  }

  async #replay(build: Build): Promise<boolean> {
    const founding = this.#live.generations.length === 0;
    const { cohort } = build;
    // Beside what is live they stand from the beginning: making one over a big table would keep live updates waiting.
    if (!founding) await build.index(this.#run);
    const failed = await build.slice(this.#run, founding ? null : this.#live.position, founding);
    if (failed !== null) {
      await this.#failed(failed);
      // Now or never: if facts keep arriving the group has moved on by the next turn.
      if (!founding && cohort.generations.length > 0 && cohort.position === this.#live.position)
        await this.#join(build, false);
      return true;
    }
    if (!founding && cohort.position !== this.#live.position) {
      // Level with nobody: an empty cohort beside an empty group is level (null = null), one ahead waits for the group.
      return cohort.position === null || (this.#live.position !== null && cohort.position < this.#live.position);
    }
    // Meanwhile the log may have grown: once more from the top.
    if (founding && (await build.index(this.#run))) return true;
    await this.#join(build, founding);
    return true;
  }

  async #join(build: Build, founding: boolean): Promise<void> {
    const { cohort, rebuildId } = build;
    const peers = new Set(this.#live.generations.map(({ name }) => name));
    const members = cohort.generations.map((generation) => ({
      row: { projection: generation.name, generation: generation.generation, version: generation.projection.version },
      live: rebuildId === null || !peers.has(generation.name),
    }));
    const compare = members.some(({ live }) => !live);
    const rows = await this.#run.rows.write(async (tx) => {
      await tx.system.own(this.#run.epoch);
      await join(tx, cohort.name, members, founding);
      if (rebuildId !== null && compare) await tx.system.setRebuild(rebuildId, { phase: 'verify' });
      else if (rebuildId !== null) await finish(tx, rebuildId, this.#run.now(), null);
      return tx.system.generations();
    });
    await build.close();
    if (founding) {
      this.#live.position = cohort.position;
      this.#live.events = cohort.events;
    }
    const joined = cohort.generations.filter((_, at) => members[at]?.live === false);
    this.#live.generations = [...this.#live.generations, ...cohort.generations];
    this.#dropping = rows.filter((row) => row.state === 'dropping');
    if (compare) {
      build.joined = joined;
      this.#verify(build);
    } else this.#builds = this.#builds.filter((other) => other !== build);
    if (founding && this.#live.position !== null) this.options.onCheckpoint?.(this.#live.position);
    this.options.log?.('info', `${cohort.generations.map(({ table }) => table.name).join(', ')} joined the live group`);
  }

  #verify(build: Build): void {
    const task = verify(build, this.#live.generations, this.#run.rows, this.#signal)
      .catch((error: unknown) => {
        if (this.#signal.aborted) return;
        this.#trouble(build.cohort, error);
        setTimeout(() => {
          if (!this.#signal.aborted) this.#verify(build);
        }, 1000).unref();
      })
      .finally(() => {
        this.#verifications.delete(task);
        this.#wake();
      });
    this.#verifications.add(task);
  }

  async #swap(
    build: Build,
    joined: readonly Generation[],
    { contents }: NonNullable<Build['verified']>,
  ): Promise<void> {
    const alive = joined.filter((generation) => this.#live.generations.includes(generation));
    const result = {
      ...combined(contents),
      equal: contents.every(({ equal }) => equal),
      parked: contents.reduce((sum, { parked }) => sum + parked, 0),
    };
    const rows = await this.#run.rows.write(async (tx) => {
      await tx.system.own(this.#run.epoch);
      for (const { name, generation, projection } of alive)
        await goLive(tx, { projection: name, generation, version: projection.version });
      if (build.rebuildId !== null) await finish(tx, build.rebuildId, this.#run.now(), result);
      return tx.system.generations();
    });
    this.#dropping = rows.filter((row) => row.state === 'dropping');
    const gone = new Set(this.#dropping.map((row) => `${row.projection} ${String(row.generation)}`));
    this.#live.generations = this.#live.generations.filter(
      ({ name, generation }) => !gone.has(`${name} ${String(generation)}`),
    );
    this.#builds = this.#builds.filter((other) => other !== build);
    this.options.log?.(
      result.equal ? 'info' : 'error',
      result.equal ? 'rebuilt with equal content' : 'the rebuilt content differs from what was live, and replaces it',
      result,
    );
  }

  /** Generations that left for good: said, and a rebuild that lost its last one ends. */
  async #failed(failed: readonly Generation[]): Promise<void> {
    for (const { name, failure } of failed) {
      const error = failure ?? new Error(`${name} failed`);
      this.options.log?.('error', error.message);
      this.options.onFailed?.(name, error);
    }
    if (failed.length === 0) return;
    for (const cohort of [this.#live, ...this.#builds.map((build) => build.cohort)]) {
      for (const place of cohort.left.splice(0)) {
        const others = this.#builds.filter((build) => build.cohort.name !== place.name);
        this.#builds = [...others, new Build(place, null, null)];
      }
    }
    await this.#run.rows.write((tx) => tx.system.countSwap());
    for (const build of this.#builds.filter(
      ({ joined, cohort }) => joined === null && cohort.generations.length === 0,
    )) {
      await this.#run.rows.write(async (tx) => {
        await tx.system.dropCheckpoint(build.cohort.name);
        if (build.rebuildId !== null) await finish(tx, build.rebuildId, this.#run.now(), null);
      });
      await build.close();
      this.#builds = this.#builds.filter((other) => other !== build);
    }
  }

  /** Empties retired tables slice by slice, then drops them. */
  async #drop(): Promise<boolean> {
    const [row] = this.#dropping;
    if (row === undefined) return false;
    const name = this.#tableOf(row);
    const done = await this.#run.rows.write(async (tx) => {
      if ((await tx.empty(name, DROP_ROWS)) > 0 || (await tx.system.parking.empty(row))) return false;
      await tx.dropTable(name);
      await tx.system.removeGeneration(row);
      return true;
    });
    if (done) this.#dropping = this.#dropping.filter((other) => other !== row);
    return true;
  }

  #tableOf(row: GenerationRow): string {
    return leftCohort(row).slice('left:'.length);
  }
}
