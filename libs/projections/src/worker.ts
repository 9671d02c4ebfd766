import type { Position } from '#kernel';
import { ReadStoreUnusable } from '#read-store';
import type { Counters } from './cohort.js';
import type { Engine } from './engine.js';

import { messageOf } from './generation.js';
import type { OpsCalls } from './operations.js';
import type { EngineOptions, Log, Role } from './options.js';
import { outcomeOf, refusalOf, type OpsCall, type Outcome } from './requests.js';

/** A `MessagePort`, `parentPort` or `Worker`: what they have in common. */
export type Port = {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  off(event: 'message', listener: (message: unknown) => void): unknown;
};
/** A Worker also says that it died. */
export type WorkerPort = Port & {
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
};

type Calls = {
  ask: { args: [call: OpsCall]; answer: unknown };
  savePolicyCheckpoint: { args: [policy: string, position: Position | null]; answer: undefined };
  loadPolicyCheckpoint: { args: [policy: string]; answer: Position | null | undefined };
  counters: { args: []; answer: Counters };
  started: { args: []; answer: undefined };
  stop: { args: []; answer: undefined };
};
type Call = {
  [K in keyof Calls]: { readonly kind: 'call'; readonly id: number; readonly name: K; readonly args: Calls[K]['args'] };
}[keyof Calls];
type ToWorker = Call | { readonly kind: 'appended'; readonly position: Position };
type ToMain =
  | { readonly kind: 'answer'; readonly id: number; readonly outcome: Outcome }
  | { readonly kind: 'checkpoint'; readonly position: Position }
  | { readonly kind: 'role'; readonly role: Role }
  | { readonly kind: 'failed'; readonly projection: string | null; readonly message: string }
  | { readonly kind: 'log'; readonly line: Parameters<Log> };

/** The engine's reports as messages: spread these into its options in the worker. */
export const reportsTo = (
  port: Port,
): Required<Pick<EngineOptions, 'onCheckpoint' | 'onFailed' | 'onRole' | 'log'>> => {
  const post = (message: ToMain): void => {
    port.postMessage(message);
  };
  return {
    onCheckpoint: (position) => {
      post({ kind: 'checkpoint', position });
    },
    onFailed: (projection, error) => {
      post({ kind: 'failed', projection, message: error.message });
    },
    onRole: (role) => {
      post({ kind: 'role', role });
    },
    log: (...line) => {
      post({ kind: 'log', line });
    },
  };
};

/** In the worker: runs the engine and answers the other side. Resolves when it was stopped and the engine has ended; an engine that fails is reported as `failed`, then it rejects. */
export const serveProjector = async (port: Port, engine: Engine): Promise<void> => {
  const abort = new AbortController();
  const post = (message: ToMain): void => {
    port.postMessage(message);
  };
  const running = engine.run(abort.signal);
  const answer = async (call: Call): Promise<unknown> => {
    switch (call.name) {
      case 'ask':
        return engine.ask(call.args[0].name, ...call.args[0].args);
      case 'savePolicyCheckpoint':
        return engine.savePolicyCheckpoint(...call.args);
      case 'loadPolicyCheckpoint':
        return engine.loadPolicyCheckpoint(...call.args);
      case 'counters':
        return engine.counters;
      case 'started':
        return engine.started;
      case 'stop':
        abort.abort();
        return running;
    }
  };
  const listen = (message: unknown): void => {
    const asked = message as ToWorker;
    if (asked.kind === 'appended') {
      engine.appended(asked.position);
      return;
    }
    void outcomeOf(() => answer(asked)).then((outcome) => {
      post({ kind: 'answer', id: asked.id, outcome });
    });
  };
  port.on('message', listen);
  try {
    await running;
  } catch (error) {
    post({ kind: 'failed', projection: null, message: messageOf(error) });
    throw error;
  } finally {
    // After the answer to `stop` has left.
    setImmediate(() => port.off('message', listen));
  }
};

export type ProjectorReports = {
  readonly onCheckpoint?: (position: Position) => void;
  /** `projection` is null where the whole projector failed. */
  readonly onFailed?: (projection: string | null, message: string) => void;
  readonly onRole?: (role: Role) => void;
  readonly log?: Log;
};

export type Projector = {
  appended(position: Position): void;
  /** Throws OpsRefused. */
  ask<K extends keyof OpsCalls>(name: K, ...args: OpsCalls[K]['args']): Promise<OpsCalls[K]['answer']>;
  savePolicyCheckpoint(policy: string, position: Position | null): Promise<void>;
  loadPolicyCheckpoint(policy: string): Promise<Position | null | undefined>;
  counters(): Promise<Counters>;
  /** Resolves when the projector has taken the read store over; rejects with its reason if it cannot. */
  started(): Promise<void>;
  /** Resolves when the engine has ended cleanly. The thread itself is the caller's. */
  stop(): Promise<void>;
};

/** In the main thread: the projector that `serveProjector` serves on the other side. All calls reject once the worker is gone. */
export const connectProjector = (worker: Port | WorkerPort, reports: ProjectorReports = {}): Projector => {
  const open = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;
  let gone: Error | null = null;
  const lost = (reason: string): void => {
    if (gone !== null) return;
    gone = new ReadStoreUnusable(`the projector is gone: ${reason}`);
    for (const call of open.values()) call.reject(gone);
    open.clear();
  };
  worker.on('message', (message) => {
    const told = message as ToMain;
    switch (told.kind) {
      case 'answer': {
        const waiting = open.get(told.id);
        open.delete(told.id);
        if (told.outcome.ok) waiting?.resolve(told.outcome.value);
        else waiting?.reject(refusalOf(told.outcome));
        break;
      }
      case 'checkpoint':
        reports.onCheckpoint?.(told.position);
        break;
      case 'role':
        reports.onRole?.(told.role);
        break;
      case 'failed':
        reports.onFailed?.(told.projection, told.message);
        break;
      case 'log':
        reports.log?.(...told.line);
        break;
    }
  });
  const watched = worker as WorkerPort;
  watched.on('error', (error) => {
    lost(messageOf(error));
    reports.onFailed?.(null, messageOf(error));
  });
  watched.on('exit', (code) => {
    lost(`it ended with code ${String(code)}`);
  });
  const call = <K extends keyof Calls>(name: K, ...args: Calls[K]['args']): Promise<Calls[K]['answer']> => {
    if (gone !== null) return Promise.reject(gone);
    const id = ++calls;
    const waiting = Promise.withResolvers<unknown>();
    open.set(id, waiting);
    worker.postMessage({ kind: 'call', id, name, args });
    return waiting.promise;
  };
  return {
    appended: (position) => {
      worker.postMessage({ kind: 'appended', position });
    },
    ask: async (name, ...args) => (await call('ask', { name, args } as OpsCall)) as never,
    savePolicyCheckpoint: (policy, position) => call('savePolicyCheckpoint', policy, position),
    loadPolicyCheckpoint: (policy) => call('loadPolicyCheckpoint', policy),
    counters: () => call('counters'),
    started: () => call('started'),
    stop: () => call('stop'),
  };
};
