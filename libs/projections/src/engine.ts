import type { Position } from '#kernel';
import { pauseUnless } from '#event-store/pause';
import { StoreUnavailable } from '#event-store/port';
import { Fenced, isTransient, LIVE } from '#read-store';
import type { Counters } from './cohort.js';
import { messageOf } from './generation.js';
import { Loop } from './loop.js';
import type { OpsCalls } from './operations.js';
import type { EngineOptions, Role } from './options.js';
import { askHolder, type OpsCall } from './requests.js';
import { Seats } from './seats.js';

export interface Engine {
  /** Takes a seat, builds what is missing, then follows the log; without a seat it stands by. Until the signal aborts. Rejects where the store cannot be used at all. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when `run` has taken over what there is to take, or stands by: the other calls wait for it by themselves. */
  readonly started: Promise<void>;
  /** The log has grown: look now, not at the next poll. */
  appended(position: Position): void;
  /** Has it done by whoever holds the live seat; stored before it is answered. Throws OpsRefused, NoProjector. */
  ask<K extends keyof OpsCalls>(name: K, ...args: OpsCalls[K]['args']): Promise<OpsCalls[K]['answer']>;
  savePolicyCheckpoint(policy: string, position: Position | null): Promise<void>;
  /** Undefined if none is known in this log. */
  loadPolicyCheckpoint(policy: string): Promise<Position | null | undefined>;
  readonly counters: Readonly<Counters>;
}

const MIN_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;

/** The projections' engine. See README. */
export const createEngine = (options: EngineOptions): Engine => {
  const { rows, logId } = options;
  for (const { name } of options.projections) {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`a projection's name is snake_case: ${name}`);
  }
  const started = Promise.withResolvers<undefined>();
  started.promise.catch(() => undefined);
  const counters: Counters = { applied: 0, unknown: 0, batches: 0, seconds: 0, retries: 0 };
  const seats = new Seats(options);
  let loop: Loop | null = null;
  let role: Role | null = null;
  let appended: Position | null = null;

  const become = (next: Role): void => {
    if (role === next) return;
    role = next;
    options.onRole?.(next);
  };
  const sit = async (signal: AbortSignal): Promise<void> => {
    const seat = await seats.take();
    if (seat === null) {
      become('standby');
      started.resolve(undefined);
      await pauseUnless(signal, seats.everyMs);
      return;
    }
    const current = new Loop(options, seat, counters);
    try {
      await seats.hold(
        seat,
        (held) =>
          current.run(held, () => {
            loop = current;
            if (appended !== null) current.appended(appended);
            become(seat.name === LIVE ? 'live' : 'side');
            started.resolve(undefined);
          }),
        signal,
      );
    } catch (error) {
      if (!(error instanceof Fenced)) throw error;
      options.log?.('warn', `${messageOf(error)}: this one stands by`);
    } finally {
      loop = null;
      if (!signal.aborted) become('standby');
    }
  };
  return {
    run: async (signal) => {
      try {
        let failures = 0;
        /** A store that goes away in the middle is waited for: what it holds is gone on with. */
        const lasting = async (work: () => Promise<void>): Promise<boolean> => {
          try {
            await work();
            failures = 0;
            return true;
          } catch (error) {
            if (signal.aborted || !(error instanceof StoreUnavailable || isTransient(error))) throw error;
            counters.retries++;
            const ms = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** failures++);
            options.log?.('warn', `${messageOf(error)}; tried again in ${String(ms)} ms`);
            await pauseUnless(signal, ms);
            return false;
          }
        };
        while (!signal.aborted && !(await lasting(() => rows.migrate())));
        while (!signal.aborted) await lasting(() => sit(signal));
      } catch (error) {
        started.reject(error);
        throw error;
      }
    },
    started: started.promise,
    appended: (position) => {
      appended = position;
      loop?.appended(position);
    },
    ask: async (name, ...args) => {
      await started.promise;
      const call = { name, args } as OpsCall;
      const own = role === 'live' ? loop : null;
      return (await (own === null && !rows.exclusive ? askHolder(rows, call) : asked(own, call))) as never;
    },
    savePolicyCheckpoint: async (policy, position) => {
      await started.promise;
      await rows.aside((system) => system.savePolicy(policy, logId, position));
    },
    loadPolicyCheckpoint: async (policy) => {
      await started.promise;
      return rows.aside((system) => system.policy(policy, logId));
    },
    counters,
  };
};

const asked = (loop: Loop | null, call: OpsCall): Promise<unknown> => {
  if (loop === null) return Promise.reject(new Error('the projector has stopped'));
  return loop.ask(call);
};
