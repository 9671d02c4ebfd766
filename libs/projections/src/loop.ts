import type { Position } from '#kernel';
import { Fenced, ReadStoreUnusable, type Seat } from '#read-store';
import { boot } from './boot.js';
import { type Build, BULK_ROWS, type Running } from './build.js';
import type { Cohort, Counters } from './cohort.js';
import { messageOf, type Generation } from './generation.js';
import { Members } from './members.js';
import { Operator } from './operator.js';
import type { EngineOptions } from './options.js';
import { finish, join } from './rebuild.js';
import type { OpsCall } from './requests.js';
import { Follower, Pages } from './source.js';

const SILENCE_MS = 15_000;
/** A timer takes no infinite time. */
const LONGEST_MS = 60_000;

/** What is tried again after a failure that may pass. */
type Trying = Pick<Cohort, 'name' | 'paused' | 'retryAt' | 'failures'>;

/**
 * The one loop for live and rebuild, while a seat is held. What it works on is what the rows of the read store say: every change of state
 * is a transaction, after which they are loaded again, so that a restart goes on in the same way.
 */
export class Loop {
  readonly #follower: Follower;
  readonly #running: Running;
  readonly #members: Members;
  readonly #operator: Operator;
  readonly #operating: Trying = { name: 'operations', paused: null, retryAt: 0, failures: 0 };
  readonly #ended = new AbortController();
  #heardAt = performance.now();
  #wake: () => void = () => undefined;

  constructor(
    readonly options: EngineOptions,
    readonly seat: Seat,
    counters: Counters,
  ) {
    const { events, rows, codec } = options;
    const now = options.now ?? (() => new Date().toISOString());
    this.#running = { events, rows, codec, seat, counters, now, bulkRows: options.bulkRows ?? BULK_ROWS };
    this.#members = new Members(options, this.#running);
    const wake = (): void => {
      this.#wake();
    };
    this.#operator = new Operator(options, this.#running, this.#members, {
      wake,
      failed: (generations) => this.#failed(generations),
      signal: this.#ended.signal,
    });
    this.#follower = new Follower(events, wake, (error) => {
      this.#trouble(this.#live, error);
    });
  }

  get #live(): Cohort {
    return this.#members.live;
  }

  /** Until the signal aborts; `started` is called when everything is taken over. Rejects with Fenced, or where the store cannot be used at all. */
  async run(signal: AbortSignal, started: () => void): Promise<void> {
    const end = (): void => {
      this.#ended.abort();
      this.#wake();
    };
    signal.addEventListener('abort', end);
    try {
      await boot(this.options, this.seat, this.#running.now());
      await this.#members.readDiscards();
      await this.#members.load();
      started();
      if (this.#live.position !== null) this.options.onCheckpoint?.(this.#live.position);
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => (this.#wake = resolve));
        if (await this.#turn()) await new Promise(setImmediate);
        else await this.#idle(woken);
      }
    } finally {
      signal.removeEventListener('abort', end);
      this.#ended.abort();
      this.#follower.stop();
      for (const build of this.#members.builds) await build.close();
      await this.#operator.close();
    }
  }

  appended(position: Position): void {
    this.#follower.hint(position);
  }

  /** Does what an operator asks, between two rounds. Throws OpsRefused. */
  ask(call: OpsCall): Promise<unknown> {
    return this.#operator.ask(call);
  }

  /** One round: live first, then a slice of everything else. Returns whether there may be more to do at once. */
  async #turn(): Promise<boolean> {
    let worked = await this.#guarded(this.#live, () => this.#follow());
    for (const build of [...this.#members.builds]) {
      if (this.#ended.signal.aborted) return false;
      worked = (await this.#guarded(build.cohort, () => this.#replay(build))) || worked;
    }
    return (await this.#guarded(this.#operating, () => this.#operator.step())) || worked;
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
    this.#running.counters.retries++;
    this.options.log?.('warn', `${cohort.name}: ${messageOf(error)}; tried again in ${String(delay)} ms`);
  }

  async #idle(woken: Promise<void>): Promise<void> {
    const now = performance.now();
    const until = ({ retryAt }: Trying): number => Math.max(0, retryAt - now);
    // Of one that failed the time may have come since this round left it out: then at once, nothing else would wake it.
    const waits = [this.#live, this.#operating, ...this.#members.builds.map(({ cohort }) => cohort)]
      .filter(({ failures, paused }) => failures > 0 && paused === null)
      .map(until);
    waits.push(Math.max(until(this.#operating), this.#operator.dueIn));
    if (this.#follower.running) waits.push(this.#heardAt + SILENCE_MS - now);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      woken,
      new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.max(1, Math.min(LONGEST_MS, ...waits))))),
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
      // Now or never: if facts keep arriving the group, or the end of the log, has moved on by the next turn.
      const level = founding ? build.atEnd : cohort.position === this.#live.position;
      if (!level || cohort.generations.length === 0) return true;
    } else if (!founding && cohort.position !== this.#live.position) {
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
      await join(tx, this.seat.name, cohort.name, members, { founding, retireAt: this.#operator.standbyUntil() });
      if (rebuildId !== null && compare) await tx.system.setRebuild(rebuildId, { phase: 'verify' });
      else if (rebuildId !== null) await finish(tx, rebuildId, this.#running.now());
    });
    // Kept while they move over, so that their rows stay in memory.
    this.#live.generations = [...this.#live.generations, ...cohort.generations];
    await this.#members.load();
    if (founding && this.#live.position !== null) this.options.onCheckpoint?.(this.#live.position);
    this.options.log?.('info', `${cohort.generations.map(({ table }) => table.name).join(', ')} joined the live group`);
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
      for (const { cohort, rebuildId } of this.#members.builds) {
        // One that stood alone has paused, and keeps its place.
        if (cohort.generations.length > 0 || rebuildId === null) continue;
        await tx.system.dropCheckpoint(cohort.name);
        await finish(tx, rebuildId, this.#running.now());
      }
    });
    await this.#members.load();
  }
}
