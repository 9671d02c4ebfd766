import type { Policy, Position, Reaction, Recorded } from '#kernel';
import { CodeTooOld, UnknownEventType, type Codec } from '#event-store/codec';
import { pauseUnless } from '#event-store/pause';
import {
  AppendOutcomeUnknown,
  StoreUnavailable,
  WrongExpectedRevision,
  type EventStore,
  type StoredEvent,
} from '#event-store/port';
import { NotYetVisible } from '#read-store';
import { setImmediate as turn } from 'node:timers/promises';
import { v5 } from 'uuid';
import { messageOf } from './generation.js';
import { recordOpsFact } from './ops-facts.js';
import type { Log } from './options.js';

/** Fixed for ever: command ids of policies derive from it. */
const NAMESPACE = '6f1d1c0e-6f0b-5d3a-9d0c-0f2f5f7b6a51';
const SAVE_MS = 1000;
const SLICE_MS = 4;
const MAX_BACKOFF_MS = 30_000;

export type PolicyRunnerOptions = {
  readonly events: EventStore;
  readonly codec: Codec;
  readonly policies: readonly Policy[];
  /** Sends the command. Rejecting with what `isTransient` says may pass means: again, later. */
  readonly execute: (
    reaction: Reaction,
    context: { readonly policy: string; readonly event: Recorded; readonly commandId: string },
  ) => Promise<void>;
  readonly checkpoints: {
    /** Undefined: none is known. */
    readonly load: (policy: string) => Promise<Position | null | undefined>;
    readonly save: (policy: string, position: Position | null) => Promise<void>;
  };
  /** Resolves when the read models have passed the position; a rejection is tried again. */
  readonly waitUntilVisible: (position: Position) => Promise<void>;
  /** The place of the fact that the policy was started, which it records the first time. `policyStart` makes one. */
  readonly startFact: (policy: string) => Promise<Position | null>;
  readonly isTransient?: (error: unknown) => boolean;
  readonly log?: Log;
};

export interface PolicyRunner {
  /** Follows the log until stopped. Rejects only for an event of newer code. */
  run(): Promise<void>;
  /** Finishes the reaction that is under way, saves the places, and resolves. */
  stop(): Promise<void>;
}

/** The command id of a policy's reaction to an event: the same on every run. `at` counts the reactions to one event. */
export const reactionId = (policy: string, eventId: string, at = 0): string =>
  v5(at === 0 ? `${policy}:${eventId}` : `${policy}:${eventId}:${String(at)}`, NAMESPACE);

const mayPass = (error: unknown): boolean =>
  error instanceof StoreUnavailable ||
  error instanceof AppendOutcomeUnknown ||
  error instanceof WrongExpectedRevision ||
  error instanceof NotYetVisible;

/** Runs the policies over one reading of the log, apart from the projections: a slow command delays no read model. */
export const createPolicyRunner = (options: PolicyRunnerOptions): PolicyRunner => {
  const { events, codec, policies, execute, checkpoints, log } = options;
  const isTransient = options.isTransient ?? mayPass;
  const abort = new AbortController();
  const { signal } = abort;
  const places = new Map<string, Position | null>();
  const saved = new Map<string, Position | null>();
  let running: Promise<void> | null = null;

  /** Tries until it passes; false if stopped before. What cannot pass is thrown. */
  const insist = async (
    what: string,
    passes: (error: unknown) => boolean,
    work: () => Promise<void>,
  ): Promise<boolean> => {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await work();
        return true;
      } catch (error) {
        if (!passes(error)) throw error;
        const delay = Math.min(MAX_BACKOFF_MS, 50 * 2 ** failures);
        log?.('warn', `${what}: ${messageOf(error)}; tried again in ${String(delay)} ms`);
        await pauseUnless(signal, delay);
      }
    }
    return false;
  };
  const save = async (): Promise<void> => {
    for (const [policy, position] of places) {
      if (saved.get(policy) === position) continue;
      await checkpoints.save(policy, position);
      saved.set(policy, position);
    }
  };
  const react = async (policy: Policy, event: Recorded): Promise<boolean> => {
    const what = `policy ${policy.name} on ${event.id}`;
    try {
      const reactions = policy.react(event);
      for (const [at, reaction] of reactions.entries()) {
        const context = { policy: policy.name, event, commandId: reactionId(policy.name, event.id, at) };
        if (!(await insist(what, isTransient, () => execute(reaction, context)))) return false;
      }
    } catch (error) {
      log?.('error', `${what} is skipped: ${messageOf(error)}`, {
        policy: policy.name,
        eventId: event.id,
        position: event.position,
      });
    }
    return true;
  };
  const hear = async (stored: StoredEvent): Promise<boolean> => {
    const hearers = policies.filter(
      (policy) => policy.hears.includes(stored.type) && behind(places.get(policy.name), stored.position),
    );
    if (hearers.length > 0) {
      let event: Recorded | null = null;
      try {
        event = codec.decode(stored);
      } catch (error) {
        if (error instanceof CodeTooOld) throw error;
        if (!(error instanceof UnknownEventType))
          log?.('error', `the event ${stored.id} cannot be read: ${messageOf(error)}`);
      }
      if (event !== null) {
        const visible = () => options.waitUntilVisible(stored.position);
        if (!(await insist(`waiting for the read models at ${stored.position}`, () => true, visible))) return false;
        for (const policy of hearers) {
          if (!(await react(policy, event))) return false;
          places.set(policy.name, stored.position);
        }
      }
    }
    for (const { name } of policies) if (behind(places.get(name), stored.position)) places.set(name, stored.position);
    return true;
  };
  const begin = async (): Promise<void> => {
    for (const { name } of policies) {
      const known = await checkpoints.load(name);
      const started = known === undefined ? await options.startFact(name) : known;
      places.set(name, started);
      if (known !== undefined) saved.set(name, known);
    }
  };
  const follow = async (): Promise<void> => {
    let after: Position | null | undefined;
    for (const place of places.values())
      after = after === undefined || place === null || (after !== null && place < after) ? place : after;
    for await (const item of events.subscribe({ after: after ?? null, signal })) {
      if (item.kind !== 'events') continue;
      let began = performance.now();
      for (const stored of item.events) {
        if (signal.aborted || !(await hear(stored))) return;
        // Reactions answered from memory never leave the microtasks: HTTP would wait for a whole page of them.
        if (performance.now() - began < SLICE_MS) continue;
        await turn();
        began = performance.now();
      }
    }
    if (!signal.aborted) throw new StoreUnavailable('the subscription ended');
  };
  const run = async (): Promise<void> => {
    if (policies.length === 0) return;
    let saving = Promise.resolve();
    const saveNow = (): Promise<void> =>
      (saving = saving.then(save).catch((error: unknown) => {
        log?.('warn', `the policies' places were not saved: ${messageOf(error)}`);
      }));
    const timer = setInterval(() => void saveNow(), SAVE_MS);
    try {
      if (await insist('policies', () => true, begin))
        await insist('policies', (error) => !(error instanceof CodeTooOld), follow);
    } finally {
      clearInterval(timer);
      await saveNow();
    }
  };

  return {
    run: () => (running ??= run()),
    stop: async () => {
      abort.abort();
      await running?.catch(() => undefined);
    },
  };
};

const behind = (place: Position | null | undefined, position: Position): boolean =>
  place === null || place === undefined || place < position;

/** Finds or records the fact `PolicyStarted` and returns its own position: where a policy without a known place begins. */
export const policyStart =
  (events: EventStore) =>
  (policy: string): Promise<Position> =>
    recordOpsFact(
      events,
      policy,
      { type: 'PolicyStarted', data: { policy, startedAt: new Date().toISOString() } },
      { id: policy, kind: 'system' },
      (stored) => stored.type === 'PolicyStarted',
    );
