// Facts that a read model cannot fold, until it can: a bug that is deployed, and its repair.
import { projections as real } from '#apps/registry';
import type { EventToStore } from '#event-store';
import type { Projection } from '#kernel';
import type { Machine } from './machine.js';

/** What policies and timers ask has to be right, or what they promise is late by design. */
const RELIED_ON: readonly string[] = [
  'inbox',
  'blocked_contacts',
  'erasures',
  'quarantined_days',
  'wallets',
  'wallet_contacts',
];
const SHARE = 0.03;

export class Poison {
  readonly #facts = new Map<string, string>();
  /** The registered ones, as long as they cannot fold everything. */
  readonly projections: readonly Projection[] = real.map((projection) => ({
    ...projection,
    on: Object.fromEntries(
      Object.entries(projection.on).map(([type, fold]) => [
        type,
        (...given: Parameters<typeof fold>) => {
          if (this.#facts.get(given[1].id) === projection.name) throw new Error('a fold with a bug');
          return fold(...given);
        },
      ]),
    ),
  }));

  constructor(private readonly machine: Machine) {}

  /** Now and then a fact is one that some read model cannot fold. */
  appended(events: readonly EventToStore[]): void {
    if (!this.machine.happens(SHARE)) return;
    const { random } = this.machine;
    const { name } = random.pick(real.filter((projection) => !RELIED_ON.includes(projection.name)));
    this.#facts.set(random.pick(events).id, name);
  }

  /** The bug is gone. */
  cure(): void {
    this.#facts.clear();
  }
}
