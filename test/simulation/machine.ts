// One machine on which everything runs: whoever waits for a port or a timer goes on in an order that the seed decides, in a time of its own.
// `Date`, `performance`, timers and dice of the whole program are this machine's until it is closed.
import { AsyncLocalStorage } from 'node:async_hooks';
import nodeCrypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import nodeTimers from 'node:timers/promises';
import { v7 } from 'uuid';
import { startClock, type Clock } from '../invariants/clock.js';
import { randomOf, type Random } from '../traffic/random.js';
import { Agenda, type Entry } from './agenda.js';

/** A process: what it waits for never comes once it is dead, and later if it is paused. `skew`: milliseconds that its wall clock is ahead. */
export type Host = {
  readonly name: string;
  alive: boolean;
  paused: boolean;
  skew: number;
  /** What would have happened while it was paused. */
  readonly missed: Entry<Host>[];
};

export const hostOf = (name: string, skew = 0): Host => ({ name, alive: true, paused: false, skew, missed: [] });

const BEGIN = '2026-03-10T08:00:00.000Z';
const drained = setImmediate;

export class Machine {
  readonly clock: Clock;
  readonly random: Random;
  /** In a storm ports are slow and fail. */
  stormy = false;
  /** How often something was let happen. */
  steps = 0;
  readonly #hosts = new AsyncLocalStorage<Host>();
  readonly #agenda = new Agenda<Host>();
  readonly #restore: () => void;
  #hash: [number, number] = [0x811c9dc5, 0x1234567];
  #ids = 0;

  constructor(readonly seed: number) {
    this.random = randomOf(`machine ${String(seed)}`);
    this.clock = startClock(BEGIN, () => this.host?.skew ?? 0);
    this.#restore = install(this.#world());
  }

  /** Whose code runs now; null: nobody's, the simulation's own. */
  get host(): Host | null {
    return this.#hosts.getStore() ?? null;
  }

  /** What happened so far, as a number: the same seed gives the same. */
  get trace(): string {
    return this.#hash.map((part) => part.toString(16).padStart(8, '0')).join('');
  }

  /** RFC 3339, by the clock of the host. */
  timeOf(host: Host | null = null): string {
    return new Date(this.clock.now() + (host?.skew ?? 0) - (this.host?.skew ?? 0)).toISOString();
  }

  /** UUIDv7, as the process makes them, but of this run alone. */
  newId(): string {
    this.#ids += 1;
    return v7({ msecs: this.clock.now(), seq: this.#ids, random: this.#bytes(16) });
  }

  /** Runs work as a process does. */
  as<T>(host: Host, work: () => T): T {
    return this.#hosts.run(host, work);
  }

  /** Now and then, in a storm. */
  happens(share: number): boolean {
    return this.stormy && this.random.chance(share);
  }

  /** Resolves when it is this one's turn. */
  turn(what: string): Promise<void> {
    return new Promise((resolve) => {
      this.#plan(this.#latency(), what, resolve);
    });
  }

  /** Comes whatever becomes of the process that asked. */
  later(ms: number, what: string, go: () => void): void {
    this.#hosts.exit(() => {
      this.#plan(ms, what, go);
    });
  }

  /** One thing after the other, until it is so. Throws when nothing is left that could happen. */
  async run(isSo: () => boolean): Promise<void> {
    for (;;) {
      // Whoever is going on goes as far as it can before the next one does.
      await new Promise((resolve) => drained(resolve));
      if (isSo()) return;
      const entry = this.#agenda.next();
      if (entry === null) throw new Error('everybody waits for something that never comes');
      this.#happen(entry);
    }
  }

  /** Nothing happens for it so long; then all at once. */
  pause(host: Host, ms: number): void {
    host.paused = true;
    this.later(ms, `${host.name} wakes`, () => {
      this.wake(host);
    });
  }

  wake(host: Host): void {
    host.paused = false;
    for (const entry of host.missed.splice(0)) {
      entry.due = this.clock.now();
      this.#agenda.add(entry);
    }
  }

  /** Lets time pass in which nobody was awake. */
  sleep(ms: number): void {
    this.clock.pass(ms);
  }

  /** Gives the machine's time and dice back. */
  close(): void {
    this.#restore();
    this.clock.stop();
  }

  #happen(entry: Entry<Host>): void {
    const { host, due, what, go } = entry;
    if (host !== null && !host.alive) return;
    if (host?.paused === true) {
      host.missed.push(entry);
      return;
    }
    this.clock.pass(Math.max(0, due - this.clock.now()));
    this.steps += 1;
    this.note(`${host?.name ?? ''} ${what} ${String(this.clock.now())}`);
    if (host === null) this.#hosts.exit(go);
    else this.#hosts.run(host, go);
  }

  /** Into the trace. */
  note(text: string): void {
    let [a, b] = this.#hash;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      a = Math.imul(a ^ unit, 0x01000193) >>> 0;
      b = Math.imul(b ^ unit, 0x85ebca6b) >>> 0;
    }
    this.#hash = [a, b ^ (b >>> 13)].map((part) => part >>> 0) as [number, number];
  }

  #plan(ms: number, what: string, go: () => void): Entry<Host> {
    const entry = { due: this.clock.now() + ms, what, host: this.host, go, cancelled: false };
    if (entry.host?.alive !== false) this.#agenda.add(entry);
    return entry;
  }

  #latency(): number {
    if (!this.stormy) return 0;
    const dice = this.random.next();
    return this.random.below(dice < 0.7 ? 4 : dice < 0.95 ? 40 : 900);
  }

  #bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.random.below(256));
  }

  #world(): World {
    const handleOf = (entry: Entry<Host>): Handle => {
      const handle: Handle = {
        entry,
        ref: () => handle,
        unref: () => handle,
        hasRef: () => true,
        [Symbol.dispose]: () => (handle.entry.cancelled = true),
      };
      return handle;
    };
    const every = (ms: number, go: () => void): Handle => {
      const handle = handleOf(
        this.#plan(ms, 'interval', () => {
          round();
        }),
      );
      const round = (): void => {
        go();
        if (!handle.entry.cancelled) handle.entry = this.#plan(ms, 'interval', round);
      };
      return handle;
    };
    return {
      timeout: (go, ms) => handleOf(this.#plan(Math.max(1, ms), 'timer', go)),
      immediate: (go) => handleOf(this.#plan(0, 'immediate', go)),
      interval: (go, ms) => every(Math.max(1, ms), go),
      clear: (handle) => {
        if (handle !== undefined && handle !== null) handle.entry.cancelled = true;
      },
      dice: () => this.random.next(),
      bytes: (count) => this.#bytes(count),
    };
  }
}

type Handle = { entry: Entry<Host> } & Record<string | symbol, unknown>;
type World = {
  readonly timeout: (go: () => void, ms: number) => Handle;
  readonly immediate: (go: () => void) => Handle;
  readonly interval: (go: () => void, ms: number) => Handle;
  readonly clear: (handle: Handle | null | undefined) => void;
  readonly dice: () => number;
  readonly bytes: (count: number) => Uint8Array;
};
type Options = { readonly signal?: AbortSignal };

/** Puts the world in the place of what Node gives; answers how to put that back. */
const install = (world: World): (() => void) => {
  const uuid = (): string => {
    const hex = Buffer.from(world.bytes(16)).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  };
  const pause = <T>(ms = 1, value?: T, { signal }: Options = {}): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      const stopped = (): void => {
        world.clear(handle);
        reject(new DOMException('This operation was aborted', 'AbortError'));
      };
      const handle = world.timeout(() => {
        signal?.removeEventListener('abort', stopped);
        resolve(value);
      }, ms);
      signal?.addEventListener('abort', stopped);
      if (signal?.aborted === true) stopped();
    });
  type Callback = (...parts: readonly unknown[]) => void;
  const undo = [
    replaced(globalThis, {
      setTimeout: (go: Callback, ms = 0, ...parts: readonly unknown[]) =>
        world.timeout(() => {
          go(...parts);
        }, ms),
      setInterval: (go: Callback, ms = 0, ...parts: readonly unknown[]) =>
        world.interval(() => {
          go(...parts);
        }, ms),
      setImmediate: (go: Callback, ...parts: readonly unknown[]) =>
        world.immediate(() => {
          go(...parts);
        }),
      clearTimeout: world.clear,
      clearInterval: world.clear,
      clearImmediate: world.clear,
    }),
    replaced(Math, { random: world.dice }),
    replaced(globalThis.crypto, { randomUUID: uuid }),
    replaced(nodeCrypto, { randomUUID: uuid, randomBytes: (count: number) => Buffer.from(world.bytes(count)) }),
    replaced(nodeTimers, {
      setTimeout: pause,
      setImmediate: () => new Promise<void>((resolve) => world.immediate(resolve)),
    }),
  ];
  // What was imported by name follows.
  syncBuiltinESMExports();
  return () => {
    for (const one of undo) one();
    syncBuiltinESMExports();
  };
};

const replaced = (of: object, by: Readonly<Record<string, unknown>>): (() => void) => {
  const before = Object.keys(by).map((name) => [name, Object.getOwnPropertyDescriptor(of, name)] as const);
  for (const [name, value] of Object.entries(by))
    Object.defineProperty(of, name, { value, configurable: true, writable: true, enumerable: true });
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(of, name);
      else Object.defineProperty(of, name, descriptor);
    }
  };
};
