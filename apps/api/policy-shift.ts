import type { AddressBook } from '#contacts/address-book.adapter';
import { BlockExpiry } from '#policies/block-expiry.adapter';
import { Erasures } from '#policies/erasures.adapter';
import { QuarantinePurge } from '#policies/quarantine-purge.adapter';
import type { PolicyWishes } from '#policies/policy-wishes.adapter';
import type { Rounds } from '#policies/rounds.adapter';
import { Busy } from '#event-store';
import { toProblem, type Logger } from '#platform';
import { createPolicyRunner, policyStart, type PolicyRunner, type Role } from '#projections';
import { policies } from '../registry.js';
import type { Stores } from './stores.js';

const READ_MODELS_WAIT_MS = 30_000;

type Shift = {
  readonly runner: PolicyRunner;
  readonly timers: readonly Rounds[];
  readonly run: Promise<void>;
};

/**
 * Policies and timers, where the live read models are moved: with several processes one runs them. What two of them do while the seat
 * passes on is done once all the same, by its command id.
 */
export class PolicyShift {
  #role: Role = 'standby';
  #turn: Promise<void> = Promise.resolve();
  #stopping = false;
  #running: Shift | null = null;

  constructor(
    readonly stores: Stores,
    readonly wishes: PolicyWishes,
    readonly book: AddressBook,
    /** How long a tenant keeps quarantined content. */
    readonly quarantineDays: (tenant: string) => Promise<number>,
    /** Are read models and keys files of the data folder? */
    readonly isFile: boolean,
    readonly logger: Logger,
  ) {}

  follow(role: Role): void {
    this.#role = role;
    this.#turn = this.#turn.then(() => this.#settle());
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.follow('standby');
    await this.#turn;
  }

  async #settle(): Promise<void> {
    const wanted = this.#role === 'live' && !this.#stopping;
    if (wanted && this.#running === null) this.#running = this.#start();
    if (wanted || this.#running === null) return;
    const { runner, timers, run } = this.#running;
    this.#running = null;
    for (const timer of timers) await timer.stop();
    await runner.stop();
    await run;
  }

  #start(): Shift {
    const { store, codec, models, projector, vault } = this.stores;
    const { seat } = projector;
    if (seat === null) throw new Error('policies run where the projector is');
    const runner = createPolicyRunner({
      events: store,
      codec,
      policies,
      execute: (reaction, { event, policy, commandId }) => this.wishes.fulfil(reaction, event, policy, commandId),
      checkpoints: { load: seat.loadPolicyCheckpoint, save: seat.savePolicyCheckpoint },
      waitUntilVisible: (position) => models.waitFor(position, READ_MODELS_WAIT_MS),
      startFact: policyStart(store),
      isTransient: (error) => error instanceof Busy || toProblem(error).status === 503,
      log: (level, message, fields) => {
        this.logger[level](fields ?? {}, message);
      },
    });
    const run = runner.run().catch((error: unknown) => {
      this.logger.error({ err: error }, 'policies have stopped');
    });
    const warn = (message: string): void => {
      this.logger.warn(message);
    };
    const timers = [
      new BlockExpiry(models, this.wishes, warn),
      new Erasures({
        runner: this.stores.runner,
        vault,
        book: this.book,
        models,
        head: async () => (await store.head())?.position ?? null,
        behind: (position) => projector.ask('behind', position),
        purge: () => projector.ask('purge'),
        isFile: this.isFile,
        warn,
      }),
      new QuarantinePurge({ vault, models, days: this.quarantineDays, warn }),
    ];
    for (const timer of timers) timer.start();
    return { runner, timers, run };
  }
}
