import { setImmediate as turn } from 'node:timers/promises';

/** No round is made longer than one statement takes by those who join it. */
const MOST = 500;

type Round<T> = { readonly keys: Set<string>; readonly answer: Promise<T> };

/**
 * Asks once for all who ask in the same turn of the event loop: each for keys of its tenant, answered by what is read afterwards of the keys
 * of all of them. So nobody is told what was read before the question came. Who asks for much does not wait for others, nor they for it.
 */
export class Gathering<T> {
  private readonly rounds = new Map<string, Round<T>>();

  constructor(private readonly read: (tenant: string, keys: ReadonlySet<string>) => Promise<T>) {}

  /** Rejects as the reading does, for all of the round. */
  ask(tenant: string, keys: ReadonlySet<string>): Promise<T> {
    if (keys.size >= MOST) return this.read(tenant, keys);
    const open = this.rounds.get(tenant);
    const round = open !== undefined && open.keys.size + keys.size <= MOST ? open : this.begin(tenant);
    for (const key of keys) round.keys.add(key);
    return round.answer;
  }

  private begin(tenant: string): Round<T> {
    const keys = new Set<string>();
    const answer = turn().then(() => {
      if (this.rounds.get(tenant) === round) this.rounds.delete(tenant);
      return this.read(tenant, keys);
    });
    const round: Round<T> = { keys, answer };
    this.rounds.set(tenant, round);
    return round;
  }
}
