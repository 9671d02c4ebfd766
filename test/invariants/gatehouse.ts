// The product without its doors and its files: processes over one log in memory, and the policies, which run until nothing is owed.
import { wishesOf } from '#apps/api/gatehouse';
import { policies, projections, storedTypes } from '#apps/registry';
import { createCodec, LogTail, type Codec } from '#event-store';
import type { PolicyWishes } from '#policies/policy-wishes.adapter';
import { reactionId } from '#projections';
import { v5 } from 'uuid';
import { MemoryEventStore } from '../doubles/memory-event-store.js';
import { FreshFold } from '../fixtures/fresh-fold.js';
import { memoryKeyVault } from '../fixtures/memory-key-vault.js';
import { type Fact, type Operation, type Outcome, type World } from '../reference-model/index.js';
import { randomOf, type Random } from '../traffic/random.js';
import { startClock, type Clock } from './clock.js';
import { openProcess } from './process.js';
import { sharedLog } from './shared-log.js';
import { walletModels } from './wallet-models.js';
import { askOf, type Process } from './wishes.js';
import { Witness } from './witness.js';

export type GatehouseOptions = {
  /** The same seed and the same wishes give the same run. */
  readonly seed: number;
  /** With one process its folds are the streams' ends; several meet at the log, and read each other's tails. */
  readonly processes?: 1 | 2;
};

const NAMESPACE = '4d0a1f0e-7c55-4d7e-9a3e-6a5d2c8e9b10';

export class Gatehouse {
  readonly clock: Clock = startClock('2026-03-10T08:00:00.000Z');
  readonly log = new MemoryEventStore();
  readonly codec: Codec;
  /** The read models, as far as the policies have come. */
  readonly fold: FreshFold;
  readonly #store: ReturnType<typeof sharedLog>;
  readonly #processes: readonly Process[];
  readonly #wishes: PolicyWishes;
  readonly #witness: Witness;
  readonly #random: Random;
  #heard = 0;
  #commands = 0;

  constructor({ seed, processes = 1 }: GatehouseOptions) {
    this.#random = randomOf(`gatehouse ${String(seed)}`);
    const vault = memoryKeyVault();
    this.codec = createCodec(storedTypes, vault);
    this.#store = sharedLog(this.log, this.#random);
    this.fold = new FreshFold(projections, this.codec);
    this.#witness = new Witness(this.log, this.codec);
    const models = walletModels(this.log, this.codec);
    this.#processes = Array.from({ length: processes }, () =>
      openProcess({
        store: this.#store,
        codec: this.codec,
        vault,
        models,
        tail: processes === 1 ? null : new LogTail(this.#store),
      }),
    );
    const [
      { runner, write } = (() => {
        throw new Error('no process');
      })(),
    ] = this.#processes;
    this.#wishes = wishesOf({ runner, store: this.#store }, write, (tenant, staffId) =>
      Promise.resolve(
        this.fold
          .rows('inbox')
          .filter((row) => row['tenant'] === tenant && row['assignee_id'] === staffId)
          .map((row) => row['conversation_id'] as string),
      ),
    );
  }

  /** Begins to hear the log in every process. */
  async open(): Promise<void> {
    for (const { tail } of this.#processes) await tail?.start();
  }

  async close(): Promise<void> {
    for (const { tail } of this.#processes) await tail?.stop();
    this.clock.stop();
  }

  /** A command's id: the next of the run. */
  nextId(): string {
    this.#commands += 1;
    return v5(`command ${String(this.#commands)}`, NAMESPACE);
  }

  /** Asks one of the processes, as its door would: who it is, may they ask at all, then the command. Policies have not run yet. */
  async ask(
    tenant: string,
    operation: Operation,
    { commandId = this.nextId(), process = 0 } = {},
  ): Promise<Outcome | null> {
    const asked = this.#processes[process % this.#processes.length];
    if (asked === undefined) throw new Error('no process');
    return askOf(asked, tenant, operation, commandId);
  }

  /** From now on the log takes so many appends, then it is gone. */
  failAfter(appends: number): void {
    this.#store.failAfter(appends);
  }

  /** The log is there again; the policies hear what was stored and act until nothing is owed. */
  async settle(): Promise<void> {
    this.#store.heal();
    while (this.#heard < this.log.log.length) {
      const stored = this.log.log[this.#heard]!;
      await this.fold.add([stored]);
      this.#heard += 1;
      const event = this.codec.decode(stored);
      for (const policy of policies.filter(({ hears }) => hears.includes(stored.type))) {
        for (const [at, reaction] of policy.react(event).entries()) {
          await this.#wishes.fulfil(reaction, event, policy.name, reactionId(policy.name, event.id, at));
        }
      }
    }
  }

  /** The timer of blocks that ran out. */
  async expire(): Promise<void> {
    const now = new Date(this.clock.now()).toISOString();
    for (const { tenant, contact_id, block_id, expires_at, ended_at } of this.fold.rows('blocked_contacts')) {
      if (ended_at !== null || typeof expires_at !== 'string' || expires_at > now) continue;
      const due = { contactId: contact_id as string, blockId: block_id as string, expiresAt: expires_at };
      await this.#wishes.expire(tenant as string, due);
    }
  }

  /** A tenant's facts in log order, opened. */
  facts(tenant: string): Promise<readonly Fact[]> {
    return this.#witness.facts(tenant);
  }

  /** What a tenant's facts say; valid until the next question. */
  world(tenant: string): Promise<World> {
    return this.#witness.world(tenant);
  }
}
