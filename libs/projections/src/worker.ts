import type { Position } from '#kernel';
import type { Engine } from './engine.js';
import { messageOf } from './generation.js';
import { UnknownProjection, type EngineOptions, type Log } from './options.js';

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
  requestRebuild: { args: [names: readonly string[] | 'all']; answer: { rebuildId: string } };
  savePolicyCheckpoint: { args: [policy: string, position: Position | null]; answer: undefined };
  loadPolicyCheckpoint: { args: [policy: string]; answer: Position | null | undefined };
  started: { args: []; answer: undefined };
  stop: { args: []; answer: undefined };
};
type Call = {
  [K in keyof Calls]: { readonly kind: 'call'; readonly id: number; readonly name: K; readonly args: Calls[K]['args'] };
}[keyof Calls];
type ToWorker = Call | { readonly kind: 'appended'; readonly position: Position };
type ToMain =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | {
      readonly kind: 'refusal';
      readonly id: number;
      readonly message: string;
      readonly unknownProjection: string | null;
    }
  | { readonly kind: 'checkpoint'; readonly position: Position }
  | { readonly kind: 'failed'; readonly projection: string | null; readonly message: string }
  | { readonly kind: 'log'; readonly line: Parameters<Log> };

/** The engine's reports as messages: spread these into its options in the worker. */
export const reportsTo = (port: Port): Required<Pick<EngineOptions, 'onCheckpoint' | 'onFailed' | 'log'>> => {
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
      case 'requestRebuild':
        return engine.requestRebuild(...call.args);
      case 'savePolicyCheckpoint':
        return engine.savePolicyCheckpoint(...call.args);
      case 'loadPolicyCheckpoint':
        return engine.loadPolicyCheckpoint(...call.args);
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
    answer(asked).then(
      (value) => {
        post({ kind: 'answer', id: asked.id, answer: value });
      },
      (error: unknown) => {
        post({
          kind: 'refusal',
          id: asked.id,
          message: messageOf(error),
          unknownProjection: error instanceof UnknownProjection ? error.projection : null,
        });
      },
    );
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
  readonly log?: Log;
};

export type Projector = {
  appended(position: Position): void;
  requestRebuild(names: readonly string[] | 'all'): Promise<{ readonly rebuildId: string }>;
  savePolicyCheckpoint(policy: string, position: Position | null): Promise<void>;
  loadPolicyCheckpoint(policy: string): Promise<Position | null | undefined>;
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
    gone = new Error(`the projector is gone: ${reason}`);
    for (const call of open.values()) call.reject(gone);
    open.clear();
  };
  worker.on('message', (message) => {
    const told = message as ToMain;
    switch (told.kind) {
      case 'answer':
        open.get(told.id)?.resolve(told.answer);
        open.delete(told.id);
        break;
      case 'refusal':
        open
          .get(told.id)
          ?.reject(
            told.unknownProjection === null ? new Error(told.message) : new UnknownProjection(told.unknownProjection),
          );
        open.delete(told.id);
        break;
      case 'checkpoint':
        reports.onCheckpoint?.(told.position);
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
    return waiting.promise as Promise<Calls[K]['answer']>;
  };
  return {
    appended: (position) => {
      worker.postMessage({ kind: 'appended', position });
    },
    requestRebuild: (names) => call('requestRebuild', names),
    savePolicyCheckpoint: (policy, position) => call('savePolicyCheckpoint', policy, position),
    loadPolicyCheckpoint: (policy) => call('loadPolicyCheckpoint', policy),
    started: () => call('started'),
    stop: () => call('stop'),
  };
};
