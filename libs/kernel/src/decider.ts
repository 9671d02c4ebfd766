import type { Command, CommandClass } from './command.js';
import type { Event } from './event.js';
import type { Rejection } from './rejection.js';

/**
 * One kind of stream: its rules as pure functions. Properties, not methods: methods are bivariant, and a `decide` that leaves out a command would compile.
 * The union of commands is derived from the list, so that nothing can be forgotten.
 */
export type Decider<
  L extends readonly CommandClass[] = readonly CommandClass[],
  S = unknown,
  E extends Event = Event,
  R extends string = string,
> = {
  /** The stream's category, without a dash. */
  readonly category: string;
  readonly commands: L;
  /** The part of the stream's name after the tenant; empty for a stream that exists once per tenant. */
  readonly idOf: (command: InstanceType<L[number]>) => string;
  readonly initial: S;
  readonly evolve: (state: S, event: E) => S;
  readonly decide: (command: InstanceType<L[number]>, state: S) => readonly E[] | Rejection<R>;
  /** Whose data key seals the personal values of a new fact, read from the state after it: `contact:…`, `staff:…`. Absent where a stream has none. */
  readonly sealedFor?: (state: S, event: E) => string;
  /** The types whose personal values `evolve` needs in clear. All others stay sealed, since opening costs microseconds. */
  readonly opens?: readonly E['type'][];
  /** Bytes that one state holds in memory, roughly; absent = small. */
  readonly sizeOf?: (state: S) => number;
};

/** Keeps the exact types of a decider literal. */
export const decider = <const L extends readonly CommandClass[], S, E extends Event, R extends string>(
  definition: Decider<L, S, E, R>,
): Decider<L, S, E, R> => definition;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a decider of any types, for lists of them
export type AnyDecider = Decider<any, any, any, any>;
export type StateOf<D> = D extends Decider<infer _L, infer S, infer _E, infer _R> ? S : never;
export type EventOf<D> = D extends Decider<infer _L, infer _S, infer E, infer _R> ? E : never;
export type RejectionOf<D> = D extends Decider<infer _L, infer _S, infer _E, infer R> ? R : never;
export type CommandOf<D> = D extends Decider<infer L, infer _S, infer _E, infer _R> ? InstanceType<L[number]> : never;

/** The state after the events, in order. */
export const fold = <S, E extends Event>(evolve: (state: S, event: E) => S, initial: S, events: Iterable<E>): S => {
  let state = initial;
  for (const event of events) state = evolve(state, event);
  return state;
};

export type { Command };
