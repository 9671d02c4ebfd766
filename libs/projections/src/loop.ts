import type { Position, Projection } from '#kernel';
import {
  Fenced,
  LIVE,
  ReadStoreUnusable,
  tableName,
  type GenerationRow,
  type ParkedRow,
  type RebuildRow,
  type Seat,
} from '#read-store';
import { boot, isUnderWay } from './boot.js';
import { Build, BULK_ROWS, type Running } from './build.js';
import { Cohort, type Counters } from './cohort.js';
import { estimate } from './estimate.js';
import { Generation, messageOf, type Discards } from './generation.js';
import { abort, conclude, promote, requestRebuild, retireOld, rollback, setPaused, wantedOf } from './operations.js';
import type { EngineOptions } from './options.js';
import { Parked, PARKING_LIMITS } from './parked.js';
import { readDiscards, retrySequence, type Retried } from './parking.js';
import { finish, join, leftCohort, STANDBY_MS } from './rebuild.js';
import { callOf, outcomeOf, type OpsCall } from './requests.js';
import { Follower, Pages } from './source.js';
import { verify } from './verify.js';

const DROP_ROWS = 2000;
const CACHE_ROWS = 5000;
const REQUESTS_MS = 250;
const RETIRE_MS = 10_000;
const SILENCE_MS = 15_000;

/** What is tried again after a failure that may pass. */
type Trying = Pick<Cohort, 'name' | 'paused' | 'retryAt' | 'failures'>;

/**
 * The one loop for live and rebuild, while a seat is held. What it works on is what the rows of the read store say: every change of state
 * is a transaction, after which it loads them again, so that a restart goes on in the same way.
 */
export class Loop {
  readonly #follower: Follower;
  readonly #running: Running;
  readonly #live: Cohort;
  readonly #operating: Trying = { name: 'operations', paused: null, retryAt: 0, failures: 0 };
  #builds: Build[] = [];
  #ready: RebuildRow[] = [];
  #dropping: GenerationRow[] = [];
  #stale = false;
  #discards = new Map<string, Discards>();
  #retireAt = Number.POSITIVE_INFINITY;
  #requestsAt = 0;
  #heardAt = performance.now();
  #wake: () => void = () => undefined;
  #signal: AbortSignal = AbortSignal.abort();
  readonly #verifying = new Map<string, Promise<void>>();
  readonly #calls: { readonly run: () => Promise<unknown>; readonly reject: (error: unknown) => void }[] = [];

  constructor(
    readonly options: EngineOptions,
    readonly seat: Seat,
    readonly counters: Counters,
  ) {
    const { events, rows, codec } = options;
    this.#running = {
      events,
      rows,
      codec,
      seat,
      counters,
      now: options.now ?? (() => new Date().toISOString()),
      bulkRows: options.bulkRows ?? BULK_ROWS,
    };
    this.#live = new Cohort(seat.name, { position: null, events: 0 });
    this.#follower = new Follower(
      events,
      () => {
        this.#wake();
      },
      (error) => {
        this.#trouble(this.#live, error);
      },
    );
  }

  /** Until the signal aborts; `started` is called when everything is taken over. Rejects with Fenced, or where the store cannot be used at all. */
  async run(signal: AbortSignal, started: () => void): Promise<void> {
    this.#signal = signal;
    const wake = (): void => {
      this.#wake();
    };
    signal.addEventListener('abort', wake);
    try {
      await boot(this.options, this.seat, this.#running.now());
      await this.#readDiscards();
      await this.#load();
      started();
      if (this.#live.position !== null) this.options.onCheckpoint?.(this.#live.position);
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => (this.#wake = resolve));
        if (await this.#turn()) await new Promise(setImmediate);
        else await this.#idle(woken);
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#signal = AbortSignal.abort();
      this.#follower.stop();
      for (const { reject } of this.#calls.splice(0)) reject(new Error('the projector has stopped'));
      for (const build of this.#builds) await build.close();
      await Promise.allSettled(this.#verifying.values());
    }
  }

  appended(position: Position): void {
    this.#follower.hint(position);
  }

  /** Does what an operator asks, between two rounds. Throws OpsRefused. */
  ask(call: OpsCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#signal.aborted) {
        reject(new Error('the projector has stopped'));
        return;
      }
      this.#calls.push({ run: () => this.#perform(call).then(resolve, reject), reject });
      this.#wake();
    });
  }

  async #perform(call: OpsCall): Promise<unknown> {
    const { events, rows, now } = this.#running;
    const { projections, logId, ordinalOf } = this.options;
    const head = await events.head();
    if (call.name === 'estimate')
      return estimate(this.#running, this.#live, wantedOf(projections, call.args[0]), head, ordinalOf);
    await this.#readDiscards();
    if (call.name === 'retry') return this.#retry(...call.args);
    const world = { projections, logId, now: now(), head, ordinalOf, standbyUntil: this.#standbyUntil() };
    const value = await rows.write(async (tx) => {
      await tx.system.own(this.seat);
      switch (call.name) {
        case 'rebuild':
          return requestRebuild(tx, world, call.args[0], call.args[1]);
        case 'compare':
          return requestRebuild(tx, world, [call.args[0]], { kind: 'compare' });
        case 'pause':
          return setPaused(tx, call.args[0], true);
        case 'resume':
          return setPaused(tx, call.args[0], false);
        case 'promote':
          return promote(tx, call.args[0]);
        case 'abort':
          return abort(tx, call.args[0], world);
        case 'rollback':
          return rollback(tx, world, call.args[0]);
      }
    });
    await this.#load();
    return value;
  }

  /** Makes what is in memory follow what the rows say; tables that stay keep their cached rows, builds their place. */
  async #load(): Promise<void> {
    const { rows } = this.#running;
    const group = this.seat.name;
    const { generations, checkpoints, rebuilds, parked } = await rows.aside(async (system) => ({
      generations: await system.generations(),
      checkpoints: await system.checkpoints(),
      rebuilds: await system.runningRebuilds(),
      parked: await system.parking.all(),
    }));
    this.#stale = false;
    const known = new Map(
      [this.#live, ...this.#builds.map(({ cohort }) => cohort)].flatMap((cohort) =>
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
        return [made ?? this.#generation(projection, row.generation, empty, parked)];
      });
    const live = checkpoints.find(({ name }) => name === group);
    this.#live.position = (live?.position ?? null) as Position | null;
    this.#live.events = live?.events ?? 0;
    this.#live.generations = members(group, ['live', 'standby', 'verifying'], this.#live.position === null);
    const builds: Build[] = [];
    for (const checkpoint of checkpoints) {
      const rebuild = rebuilds.find(({ id }) => id === checkpoint.name);
      if (checkpoint.name === group || checkpoint.seat !== group || rebuild?.paused === 1) continue;
      const own = members(checkpoint.name, ['building', 'live'], checkpoint.position === null);
      if (own.length === 0) continue;
      const build =
        this.#builds.find(({ cohort }) => cohort.name === checkpoint.name) ??
        new Build(new Cohort(checkpoint.name, checkpoint, rebuild?.park !== 0), rebuild ?? null);
      if (build.cohort.generations.length !== own.length) build.cohort.generations = own;
      builds.push(build);
    }
    for (const build of this.#builds) if (!builds.includes(build)) await build.close();
    this.#builds = builds;
    this.#dropping = generations.filter((row) => row.state === 'dropping');
    this.#retireAt = Math.min(...generations.map((row) => row.retire_at ?? Number.POSITIVE_INFINITY));
    // A comparison or rebuild of the live seat is concluded by its holder alone.
    const ours = rebuilds.filter((row) =>
      generations.some((one) => one.rebuild_id === row.id && one.cohort === group && isUnderWay(one)),
    );
    this.#ready = ours.filter(
      (row) => row.phase === 'ready' && row.paused === 0 && (row.auto_promote === 1 || row.kind === 'compare'),
    );
    for (const row of ours) if (row.phase === 'verify' && !this.#verifying.has(row.id)) this.#verify(row.id);
  }

  #generation(projection: Projection, generation: number, empty: boolean, rows: readonly ParkedRow[]): Generation {
    const place = { projection: projection.name, generation };
    const own = rows.filter((row) => row.projection === place.projection && row.generation === generation);
    const parked = new Parked(place, { ...PARKING_LIMITS, ...this.options.parking }, own);
    const { cacheRows = CACHE_ROWS } = this.options;
    return new Generation(projection, generation, cacheRows, empty, parked, this.#discards.get(projection.name));
  }

  async #readDiscards(): Promise<void> {
    for (const projection of this.options.projections)
      this.#discards.set(projection.name, await readDiscards(this.#running.events, projection));
    for (const { generations } of [this.#live, ...this.#builds.map(({ cohort }) => cohort)])
      for (const one of generations) one.discards = this.#discards.get(one.name) ?? one.discards;
  }

  /** In each generation that is not being built: such a one meets the events again, or shows what it has parked when it is live. */
  async #retry(name: string, sequence: string): Promise<Retried | null> {
    const { rows } = this.#running;
    const [projection] = wantedOf(this.options.projections, [name]);
    if (projection === undefined) return null;
    const standing = () => [
      this.#live,
      ...this.#builds.filter((one) => one.rebuildId === null).map((one) => one.cohort),
    ];
    for (const cohort of standing())
      if (cohort.pending.events > 0) await this.#failed(await cohort.flush(this.#running));
    const { generations, parked } = await rows.aside(async (system) => ({
      generations: await system.generations(),
      parked: await system.parking.all(),
    }));
    let outcome: Retried | null = null;
    for (const row of generations) {
      if (row.projection !== name || row.version !== projection.version || row.state === 'building') continue;
      const table = tableName(name, row.generation);
      const known = standing()
        .flatMap((cohort) => cohort.generations)
        .find((one) => one.table.name === table);
      if (known === undefined && row.state !== 'paused') continue;
      const generation = known ?? this.#generation(projection, row.generation, false, parked);
      generation.parks = true;
      const retried = await retrySequence(this.#running, generation, sequence);
      if (row.state === 'live' || row.state === 'paused') outcome = retried;
      if (row.state === 'paused' && retried !== null)
        await rows.write(async (tx) => {
          await tx.system.own(this.seat);
          await tx.system.setGeneration(row, { state: 'live', error: null });
          await tx.system.setCheckpoint(leftCohort(row), { paused: null });
        });
    }
    await this.#load();
    return outcome;
  }

  /** One round: live first, then a slice of everything else. Returns whether there may be more to do at once. */
  async #turn(): Promise<boolean> {
    let worked = await this.#guarded(this.#live, () => this.#follow());
    for (const build of [...this.#builds]) {
      if (this.#signal.aborted) return false;
      worked = (await this.#guarded(build.cohort, () => this.#replay(build))) || worked;
    }
    return (await this.#guarded(this.#operating, () => this.#operate())) || worked;
  }

  /** What may pass when tried again waits; a newer holder ends the loop. */
  async #guarded(cohort: Trying, work: () => Promise<boolean>): Promise<boolean> {
    if (cohort.paused !== null || cohort.retryAt > performance.now()) return false;
    try {
      const worked = await work();
      cohort.failures = 0;
      return worked;
    } catch (error) {
      if (error instanceof Fenced || (error instanceof ReadStoreUnusable && error.final)) throw error;
      if (cohort === this.#live) this.#follower.stop();
      this.#trouble(cohort, error);
      return false;
    }
  }

  #trouble(cohort: Trying, error: unknown): void {
    const delay = Math.min(30_000, 100 * 2 ** cohort.failures++);
    cohort.retryAt = performance.now() + delay;
    this.options.log?.('warn', `${cohort.name}: ${messageOf(error)}; tried again in ${String(delay)} ms`);
  }

  async #idle(woken: Promise<void>): Promise<void> {
    const now = performance.now();
    const retries = [this.#live, this.#operating, ...this.#builds.map(({ cohort }) => cohort)].map(
      ({ retryAt }) => retryAt - now,
    );
    const waits = [
      ...retries.filter((ms) => ms > 0),
      this.#heardAt + SILENCE_MS - now,
      this.#retireAt - Date.parse(this.#running.now()),
      ...(this.options.rows.exclusive ? [] : [this.#requestsAt - now]),
    ];
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      woken,
      new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.max(1, Math.min(...waits))))),
    ]);
    clearTimeout(timer);
  }

  async #follow(): Promise<boolean> {
    const live = this.#live;
    if (live.generations.length === 0) return false;
    if (!this.#follower.running) this.#follower.start(live.position);
    const batch = (await this.#follower.take(live.position)) ?? (await this.#missed());
    if (batch === null) return false;
    this.#heardAt = performance.now();
    const failed = await live.apply(batch, this.#running);
    if (live.paused !== null) this.options.log?.('error', `the read models stand still: ${live.paused}`);
    await this.#failed(failed);
    if (live.position !== null) this.options.onCheckpoint?.(live.position);
    return true;
  }

  /** Asks the log itself after a while of silence: a subscription may have died without a word. */
  async #missed(): Promise<Awaited<ReturnType<Pages['next']>>> {
    if (performance.now() < this.#heardAt + SILENCE_MS) return null;
    this.#heardAt = performance.now();
    const pages = new Pages(this.#running.events, this.#live.position, null);
    const page = await pages.next();
    await pages.close();
    if (page === null) return null;
    this.options.log?.('warn', 'the subscription was silent although the log has grown: it is renewed');
    this.#follower.stop();
    return page;
  }

  async #replay(build: Build): Promise<boolean> {
    const founding = this.#live.generations.length === 0;
    const { cohort } = build;
    // Beside what is live they stand from the beginning: making one over a big table would keep live updates waiting.
    if (!founding) await build.index(this.#running);
    const failed = await build.slice(this.#running, founding ? null : this.#live.position, founding);
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
    if (founding && (await build.index(this.#running))) return true;
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
    await build.close();
    await this.#running.rows.write(async (tx) => {
      await tx.system.own(this.seat);
      await join(tx, this.seat.name, cohort.name, members, { founding, retireAt: this.#standbyUntil() });
      if (rebuildId !== null && compare) await tx.system.setRebuild(rebuildId, { phase: 'verify' });
      else if (rebuildId !== null) await finish(tx, rebuildId, this.#running.now());
    });
    // Kept while they move over, so that their rows stay in memory.
    this.#live.generations = [...this.#live.generations, ...cohort.generations];
    await this.#load();
    if (founding && this.#live.position !== null) this.options.onCheckpoint?.(this.#live.position);
    this.options.log?.('info', `${cohort.generations.map(({ table }) => table.name).join(', ')} joined the live group`);
  }

  #verify(rebuildId: string): void {
    const task = verify(this.#running, this.options.projections, rebuildId, this.#signal)
      .then(() => {
        this.#stale = true;
      })
      .catch(async (error: unknown) => {
        if (this.#signal.aborted) return;
        this.options.log?.('warn', `the comparison of ${rebuildId} is tried again: ${messageOf(error)}`);
        await new Promise((resolve) => setTimeout(resolve, 1000).unref());
        this.#stale = true;
      })
      .finally(() => {
        this.#verifying.delete(rebuildId);
        this.#wake();
      });
    this.#verifying.set(rebuildId, task);
  }

  /** Changes of state and what operators ask; then a slice of dropping. */
  async #operate(): Promise<boolean> {
    const call = this.#calls.shift();
    if (call !== undefined) await call.run();
    const asked = await this.#answerRequests();
    const stale = this.#stale;
    if (stale) await this.#load();
    const [ready] = this.#ready;
    if (ready !== undefined) await this.#conclude(ready);
    if (Date.parse(this.#running.now()) >= this.#retireAt) await this.#retire();
    return (await this.#drop()) || call !== undefined || asked || stale || ready !== undefined;
  }

  /** Of processes that hold no seat. */
  async #answerRequests(): Promise<boolean> {
    const { rows, now } = this.#running;
    if (rows.exclusive || this.seat.name !== LIVE || performance.now() < this.#requestsAt) return false;
    this.#requestsAt = performance.now() + REQUESTS_MS;
    const open = await rows.aside((system) => system.openRequests());
    for (const row of open) {
      const outcome = await outcomeOf(() => this.#perform(callOf(row)));
      await rows.aside((system) => system.answerRequest(row.id, JSON.stringify(outcome), now()));
    }
    if (open.length > 0)
      await rows.aside((system) => system.dropRequests(new Date(Date.now() - STANDBY_MS).toISOString()));
    return open.length > 0;
  }

  async #conclude(rebuild: RebuildRow): Promise<void> {
    await this.#running.rows.write(async (tx) => {
      await tx.system.own(this.seat);
      await conclude(tx, rebuild, { now: this.#running.now(), standbyUntil: this.#standbyUntil() });
    });
    await this.#load();
    const result = JSON.parse(rebuild.result ?? '{}') as { readonly equal?: boolean };
    const fields = { rebuildId: rebuild.id, ...result };
    if (result.equal !== false) this.options.log?.('info', 'rebuilt with equal content', fields);
    else if (rebuild.kind === 'compare')
      this.options.log?.('error', 'what is live differs from a fresh fold of the log: rebuild it', fields);
    else
      this.options.log?.(
        'error',
        'the rebuilt content differs from what was live, and replaces it; what was live stands by for a rollback',
        fields,
      );
  }

  async #retire(): Promise<void> {
    const now = Date.parse(this.#running.now());
    await this.#running.rows.write(async (tx) => {
      await tx.system.own(this.seat);
      await retireOld(tx, this.seat.name, now);
    });
    await this.#load();
    // What other code still follows is looked at again later.
    this.#retireAt = Math.max(this.#retireAt, now + RETIRE_MS);
  }

  /** Generations that left, for good or to pause: said, and a rebuild that lost its last one ends. */
  async #failed(failed: readonly Generation[]): Promise<void> {
    for (const { name, failure } of failed) {
      const error = failure ?? new Error(`${name} failed`);
      this.options.log?.('error', error.message);
      this.options.onFailed?.(name, error);
    }
    if (failed.length === 0) return;
    await this.#running.rows.write(async (tx) => {
      await tx.system.own(this.seat);
      await tx.system.countSwap();
      for (const { cohort, rebuildId } of this.#builds) {
        // One that stood alone has paused, and keeps its place.
        if (cohort.generations.length > 0 || rebuildId === null) continue;
        await tx.system.dropCheckpoint(cohort.name);
        await finish(tx, rebuildId, this.#running.now());
      }
    });
    await this.#load();
  }

  /** Empties retired tables slice by slice, then drops them. */
  async #drop(): Promise<boolean> {
    const [row] = this.#dropping;
    if (row === undefined) return false;
    const name = tableName(row.projection, row.generation);
    const done = await this.#running.rows.write(async (tx) => {
      await tx.system.own(this.seat);
      if ((await tx.empty(name, DROP_ROWS)) > 0 || (await tx.system.parking.empty(row))) return false;
      await tx.dropTable(name);
      await tx.system.removeGeneration(row);
      return true;
    });
    if (done) this.#dropping = this.#dropping.filter((other) => other !== row);
    return true;
  }

  #standbyUntil(): number {
    return Date.parse(this.#running.now()) + (this.options.standbyMs ?? STANDBY_MS);
  }
}
