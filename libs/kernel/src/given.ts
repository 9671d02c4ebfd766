import type { AnyDecider, CommandOf, EventOf, RejectionOf, StateOf } from './decider.js';
import { fold } from './decider.js';
import { isRejection } from './rejection.js';

/** `given(decider, …facts).when(command).then(…facts)`: a rule's test reads as a sentence. Throws with both sides where they differ. */
export const given = <D extends AnyDecider>(decider: D, ...facts: readonly EventOf<D>[]) => ({
  when: (command: CommandOf<D>) => {
    const state = fold(decider.evolve, decider.initial, facts) as StateOf<D>;
    const outcome = decider.decide(command, state) as readonly EventOf<D>[] | { rejected: string };
    return {
      outcome,
      /** Exactly these facts, in this order. */
      then: (...expected: readonly EventOf<D>[]): void => {
        same(outcome, expected);
      },
      /** Facts of these types, in this order, whatever they carry. */
      thenTypes: (...expected: readonly EventOf<D>['type'][]): void => {
        same(isRejection(outcome) ? outcome : (outcome as EventOf<D>[]).map((event) => event.type as string), expected);
      },
      thenNothing: (): void => {
        same(outcome, []);
      },
      /** This refusal; with `detail`, with exactly this detail. */
      thenRejected: (rejected: RejectionOf<D>, detail?: Readonly<Record<string, unknown>>): void => {
        const actual = isRejection(outcome) && detail === undefined ? { rejected: outcome.rejected } : outcome;
        same(actual, detail === undefined ? { rejected } : { rejected, detail });
      },
    };
  },
});

const same = (actual: unknown, expected: unknown): void => {
  if (sorted(actual) !== sorted(expected)) {
    throw new Error(`expected\n${sorted(expected)}\nbut got\n${sorted(actual)}`);
  }
};

const sorted = (value: unknown): string =>
  JSON.stringify(
    value,
    (_key, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    2,
  );
