// People who ask for whatever they want, and again by the same key where no answer came.
import fc from 'fast-check';
import { intentOf, wishOf, type Intent, type Mix } from '../invariants/plans.js';
import { askOf, type Process } from '../invariants/wishes.js';
import type { Witness } from '../invariants/witness.js';
import { refused, type Asked, type Operation, type Outcome, type Wish } from '../reference-model/index.js';
import { hostOf, type Machine } from './machine.js';
import type { Supervised } from './processes.js';

const PATIENCE_MS = 8000;
const TRIES = 8;
/** Who is in a hurry waits so long between two wishes at most, others so long. */
const [HURRY_MS, LEISURE_MS] = [30, 600];
/** Contacts that share addresses, that are merged and separated, blocks that overtake messages, and wallets that they come into. */
const MIX: Mix = {
  ...{ attach: 5, register: 3, receive: 16, block: 8, merge: 4, undoMerge: 3 },
  ...{ createWallet: 2, editWallet: 1, makeResponsible: 1, addMember: 1, removeMember: 1, archiveWallet: 1 },
  ...{ addToWallet: 4, removeFromWallet: 2 },
};
/** What says that it may be tried again, and nothing of what became of it. */
const UNSURE = new Set(['busy', 'store-unavailable', 'not-yet-visible', 'rebuilding']);

/** What was asked until there was an answer. */
export type Insisted = Asked & {
  /** How many facts stood when the last try began, and when its answer came. */
  readonly began: number;
  readonly ended: number;
};

/** Intents without end, as the seed gives them. */
export const intents = (machine: Machine): (() => Intent) => {
  let ahead: Intent[] = [];
  return () => {
    if (ahead.length === 0) {
      const seed = machine.random.below(2 ** 31);
      ahead = fc.sample(intentOf(MIX, [0]), { seed, numRuns: 100 });
    }
    return ahead.pop()!;
  };
};

export class Clients {
  readonly host = hostOf('clients');
  readonly #next: () => Intent;
  #commands = 0;

  constructor(
    readonly machine: Machine,
    readonly tenant: string,
    readonly apis: readonly Supervised<Process>[],
    readonly witness: Witness,
  ) {
    this.#next = intents(machine);
  }

  /** One after the other, with pauses; all about the same things more often than not. */
  async visit(wishes: number, focus: number): Promise<readonly Insisted[]> {
    const asked: Insisted[] = [];
    const { random } = this.machine;
    const pauses = random.chance(0.4) ? HURRY_MS : LEISURE_MS;
    for (let left = wishes; left > 0; left -= 1) {
      await this.#pause(random.below(pauses));
      const one = await this.ask(focus, random.chance(0.15));
      if (one !== null) asked.push(one);
    }
    return asked;
  }

  /** The next intent, if it comes to anything in the world as it is. `forgetful`: even the answer that came is asked for again. */
  async ask(focus: number, forgetful = false): Promise<Insisted | null> {
    const intent = this.#next();
    const world = await this.witness.world(this.tenant);
    const wish = wishOf(intent, focus, world, this.machine.timeOf());
    if (wish === null) return null;
    this.#commands += 1;
    const commandId = `00000000-0000-4000-8000-${String(this.#commands).padStart(12, '0')}`;
    this.machine.note(`${intent.by} ${JSON.stringify(wish)}`);
    return this.insist({ by: intent.by, wish, commandId }, forgetful);
  }

  /** Until there is an answer, at whatever process there is; `null` in its place after many tries. */
  async insist(
    { by, wish, commandId }: { readonly by: string; readonly wish: Wish; readonly commandId: string },
    forgetful: boolean,
  ): Promise<Insisted> {
    let operation: Operation = { by, now: this.machine.timeOf(), wish };
    let began = await this.#stands();
    let forgets = forgetful;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { running, host } = this.machine.random.pick(this.apis);
      if (running !== null) {
        operation = { by, now: this.machine.timeOf(host), wish };
        began = await this.#stands();
        const outcome = await this.#within(
          this.machine.as(host, () => askOf(running, this.tenant, operation, commandId)),
        );
        const isSure = outcome !== null && (outcome.accepted || !UNSURE.has(outcome.code));
        if (isSure && !forgets) return { operation, commandId, outcome, began, ended: await this.#stands() };
        forgets = false;
      }
      await this.#pause(200 * 2 ** tries);
    }
    return { operation, commandId, outcome: null, began, ended: await this.#stands() };
  }

  /** Reading the log takes no turn. */
  async #stands(): Promise<number> {
    return (await this.witness.facts(this.tenant)).length;
  }

  #within(answer: Promise<Outcome | null>): Promise<Outcome | null> {
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => {
        resolve(refused('busy'));
      }, PATIENCE_MS);
      answer.then((outcome) => {
        clearTimeout(patience);
        resolve(outcome);
      }, reject);
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
}
