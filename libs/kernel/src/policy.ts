import type { Event, Recorded } from './event.js';

/**
 * A process manager: a pure reaction from a fact to wishes. It converges: what it sends looks at the present state and acts
 * only if what the policy promises is still owed, so that hearing a fact again, from any earlier place, does nothing wrong.
 */
export type Policy<E extends Event = Event> = {
  readonly name: string;
  readonly hears: readonly E['type'][];
  /** What is to be done. The command's class is found by `type`; its id derives from the policy and the event. */
  readonly react: (event: Recorded<E>) => readonly Reaction[];
};

export type Reaction = { readonly type: string; readonly data: unknown };

export const policy = <E extends Event>(definition: Policy<E>): Policy => definition as unknown as Policy;
