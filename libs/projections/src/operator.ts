import { countsName, LIVE, tableName, type RebuildRow } from '#read-store';
import type { Running } from './build.js';
import { behindErasure, clearTables } from './erasing.js';
import { estimate } from './estimate.js';
import { messageOf, type Generation } from './generation.js';
import type { Members } from './members.js';
import { abort, conclude, promote, requestRebuild, retireOld, rollback, setPaused, wantedOf } from './operations.js';
import type { EngineOptions } from './options.js';
import { retrySequence, type Retried } from './parking.js';
import { leftCohort, STANDBY_MS } from './rebuild.js';
import { callOf, outcomeOf, type OpsCall } from './requests.js';
import { verify } from './verify.js';

const DROP_ROWS = 2000;
const REQUESTS_MS = 250;
const RETIRE_MS = 10_000;

/** Changes of state, one step between two rounds of the loop: what operators ask, what is compared, goes live, or goes. */
export class Operator {
  #stale = false;
  #requestsAt = 0;
  #retireAt = 0;
  readonly #verifying = new Map<string, Promise<void>>();
  readonly #calls: { readonly run: () => Promise<unknown>; readonly reject: (error: unknown) => void }[] = [];

  constructor(
    readonly options: EngineOptions,
    readonly running: Running,
    readonly members: Members,
    readonly loop: {
      readonly wake: () => void;
      /** Generations that left their cohort. */
      readonly failed: (generations: readonly Generation[]) => Promise<void>;
      readonly signal: AbortSignal;
    },
  ) {}

  /** Does what an operator asks, between two rounds. Throws OpsRefused. */
  ask(call: OpsCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.loop.signal.aborted) {
        reject(new Error('the projector has stopped'));
        return;
      }
      this.#calls.push({ run: () => this.#perform(call).then(resolve, reject), reject });
      this.loop.wake();
    });
  }

  async #perform(call: OpsCall): Promise<unknown> {
    const { events, rows, now } = this.running;
    const { projections, logId, ordinalOf } = this.options;
    // Only what begins at the log asks it: a rebuild can be paused and ended while the log is away.
    const asksLog = call.name === 'rebuild' || call.name === 'compare' || call.name === 'estimate';
    const head = asksLog ? await events.head() : null;
    if (call.name === 'estimate')
      return estimate(this.running, this.members.live, wantedOf(projections, call.args[0]), head, ordinalOf);
    if (asksLog || call.name === 'retry') await this.members.readDiscards();
    if (call.name === 'retry') return this.#retry(...call.args);
    if (call.name === 'purge')
      return rows.purge(clearTables(projections, await rows.aside((system) => system.generations())));
    const world = { projections, logId, now: now(), head, ordinalOf, standbyUntil: this.standbyUntil() };
    const value = await rows.write(async (tx) => {
      await tx.system.own(this.running.seat);
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
        case 'behind':
          return behindErasure(tx, projections, call.args[0], (rebuildId) => abort(tx, rebuildId, world));
      }
    });
    await this.#reload();
    return value;
  }

  /** In each generation that is not being built: such a one meets the events again, or shows what it has parked when it is live. */
  async #retry(name: string, sequence: string): Promise<Retried | null> {
    const { rows } = this.running;
    const [projection] = wantedOf(this.options.projections, [name]);
    if (projection === undefined) return null;
    for (const cohort of this.members.standing)
      if (cohort.pending.events > 0) await this.loop.failed(await cohort.flush(this.running));
    const { generations, parked } = await rows.aside(async (system) => ({
      generations: await system.generations(),
      parked: await system.parking.all(),
    }));
    let outcome: Retried | null = null;
    for (const row of generations) {
      if (row.projection !== name || row.version !== projection.version || row.state === 'building') continue;
      const table = tableName(name, row.generation);
      const known = this.members.standing
        .flatMap((cohort) => cohort.generations)
        .find((one) => one.table.name === table);
      if (known === undefined && row.state !== 'paused') continue;
      const generation = known ?? this.members.generation(projection, row.generation, false, parked);
      generation.parks = true;
      const retried = await retrySequence(this.running, generation, sequence);
      if (row.state === 'live' || row.state === 'paused') outcome = retried;
      if (row.state === 'paused' && retried !== null)
        await rows.write(async (tx) => {
          await tx.system.own(this.running.seat);
          await tx.system.setGeneration(row, { state: 'live', error: null });
          await tx.system.setCheckpoint(leftCohort(row), { paused: null });
        });
    }
    await this.#reload();
    return outcome;
  }

  /** Milliseconds until there is something to do by the clock. */
  get dueIn(): number {
    const now = Date.parse(this.running.now());
    const retire = Math.max(this.members.retireAt, this.#retireAt) - now;
    return this.options.rows.exclusive ? retire : Math.min(retire, this.#requestsAt - performance.now());
  }

  async close(): Promise<void> {
    for (const { reject } of this.#calls.splice(0)) reject(new Error('the projector has stopped'));
    await Promise.allSettled(this.#verifying.values());
  }

  /** One step of each kind. Returns whether there may be more to do at once. */
  async step(): Promise<boolean> {
    const call = this.#calls.shift();
    if (call !== undefined) await call.run();
    const asked = await this.#answerRequests();
    const stale = this.#stale;
    if (stale) await this.#reload();
    for (const id of this.members.verifying) if (!this.#verifying.has(id)) this.#verify(id);
    const [ready] = this.members.ready;
    if (ready !== undefined) await this.#conclude(ready);
    await this.#retire();
    return (await this.#drop()) || call !== undefined || asked || stale || ready !== undefined;
  }

  /** What the rows say now. Where they cannot be read it is tried again: what was done must go on, whoever asked for it. */
  async #reload(): Promise<void> {
    this.#stale = false;
    try {
      await this.members.load();
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }

  standbyUntil(): number {
    return Date.parse(this.running.now()) + (this.options.standbyMs ?? STANDBY_MS);
  }

  #verify(rebuildId: string): void {
    const task = verify(this.running, this.options.projections, rebuildId, this.loop.signal)
      .then(() => {
        this.#stale = true;
      })
      .catch(async (error: unknown) => {
        if (this.loop.signal.aborted) return;
        this.options.log?.('warn', `the comparison of ${rebuildId} is tried again: ${messageOf(error)}`);
        await new Promise((resolve) => setTimeout(resolve, 1000).unref());
        this.#stale = true;
      })
      .finally(() => {
        this.#verifying.delete(rebuildId);
        this.loop.wake();
      });
    this.#verifying.set(rebuildId, task);
  }

  /** Of processes that hold no seat. */
  async #answerRequests(): Promise<boolean> {
    const { rows, now } = this.running;
    if (rows.exclusive || this.running.seat.name !== LIVE || performance.now() < this.#requestsAt) return false;
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
    await this.running.rows.write(async (tx) => {
      await tx.system.own(this.running.seat);
      await conclude(tx, rebuild, { now: this.running.now(), standbyUntil: this.standbyUntil() });
    });
    await this.#reload();
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
    const now = Date.parse(this.running.now());
    if (now < Math.max(this.members.retireAt, this.#retireAt)) return;
    // What other code still follows is looked at again later.
    this.#retireAt = now + RETIRE_MS;
    await this.running.rows.write(async (tx) => {
      await tx.system.own(this.running.seat);
      await retireOld(tx, this.running.seat.name, now);
    });
    await this.#reload();
  }

  /** Empties retired tables slice by slice, then drops them. */
  async #drop(): Promise<boolean> {
    const [row] = this.members.dropping;
    if (row === undefined) return false;
    const name = tableName(row.projection, row.generation);
    const done = await this.running.rows.write(async (tx) => {
      await tx.system.own(this.running.seat);
      if ((await tx.empty(name, DROP_ROWS)) > 0 || (await tx.system.parking.empty(row))) return false;
      if ((await tx.empty(countsName(name), DROP_ROWS)) > 0) return false;
      await tx.dropTable(name);
      await tx.dropTable(countsName(name));
      await tx.system.removeGeneration(row);
      return true;
    });
    if (done) this.members.dropping = this.members.dropping.filter((other) => other !== row);
    return true;
  }
}
