import type { Caller, CommandMetadata, ConversationAccess, Role } from './command.js';
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

const staff = (id: string, role: Role, access: ConversationAccess = 'all'): Caller => ({
  id,
  kind: 'staff',
  role,
  access,
});

/** Who asks in tests. */
export const callers = {
  agent: staff('ana', 'agent'),
  colleague: staff('bia', 'agent'),
  limited: staff('lia', 'agent', 'assigned_only'),
  claimer: staff('caio', 'agent', 'assigned_and_unassigned'),
  supervisor: staff('sol', 'supervisor'),
  admin: staff('adm', 'admin'),
  auditor: staff('aud', 'auditor'),
  ops: staff('ops', 'ops'),
  integration: { id: 'gateway', kind: 'integration', role: 'integration', access: 'all' },
  system: { id: 'portaria', kind: 'system', role: 'system', access: 'all' },
} as const satisfies Readonly<Record<string, Caller>>;

/** A moment of the day on which the tests play: `at('10:00')`, `at('10:00:00.001')`, `at('10:00', 1)` on the day after. */
export const at = (clock: string, day = 0): string =>
  new Date(Date.parse(`2026-03-10T${clock.length === 5 ? `${clock}:00` : clock}Z`) + day * 86_400_000).toISOString();

/** Metadata of a command: who, when, and whatever else a test is about. */
export const asked = (caller: Caller, now: string, rest: Partial<CommandMetadata> = {}): CommandMetadata => ({
  commandId: '0b9f0c1e-0000-4000-8000-000000000001',
  correlationId: 'correlation',
  causationId: 'causation',
  tenant: 'acme',
  requestHash: 'hash',
  caller,
  now,
  ...rest,
});
