// The product without its doors and its files: processes over one log in memory, and the policies, which run until nothing is owed.
import { connectWriteSide, RECENT_MS } from '#apps/api/facts';
import { intakeOf, wishesOf } from '#apps/api/gatehouse';
import { policies, projections, storedTypes } from '#apps/registry';
import { ReadMarkerCommands } from '#conversations/conversation-commands.handlers';
import { createCodec, createCommandRunner, LogTail, type Codec } from '#event-store';
import { type Caller, type CommandMetadata } from '#kernel';
import type { PolicyWishes } from '#policies/policy-wishes.adapter';
import { reactionId } from '#projections';
import { staffDecider } from '#staff';
import { v5 } from 'uuid';
import { MemoryEventStore } from '../doubles/memory-event-store.js';
import { FreshFold } from '../fixtures/fresh-fold.js';
import { memoryKeyVault } from '../fixtures/memory-key-vault.js';
import {
  emptyWorld,
  mayAsk,
  Observer,
  refused,
  type Fact,
  type Operation,
  type Outcome,
  type Wish,
  type World,
} from '../reference-model/index.js';
import { randomOf, type Random } from '../traffic/random.js';
import { startClock, type Clock } from './clock.js';
import { sharedLog } from './shared-log.js';
import { walletModels } from './wallet-models.js';
import { answered, carry, type Process } from './wishes.js';

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
  readonly #facts = new Map<string, Fact[]>();
  readonly #observers = new Map<string, Observer>();
  readonly #random: Random;
  #heard = 0;
  #opened = 0;
  #commands = 0;

  constructor({ seed, processes = 1 }: GatehouseOptions) {
    this.#random = randomOf(`gatehouse ${String(seed)}`);
    const vault = memoryKeyVault();
    this.codec = createCodec(storedTypes, vault);
    this.#store = sharedLog(this.log, this.#random);
    this.fold = new FreshFold(projections, this.codec);
    const models = walletModels(this.log, this.codec);
    this.#processes = Array.from({ length: processes }, () => {
      const { codec } = this;
      const store = this.#store;
      const tail = processes === 1 ? null : new LogTail(store);
      const runner = createCommandRunner({ store, codec, ...(tail === null ? { soleWriter: true } : { tail }) });
      const write = connectWriteSide({ runner, store, codec, vault, models });
      const intake = intakeOf({ runner, vault }, write);
      return { store, runner, write, intake, markers: new ReadMarkerCommands(runner), tail };
    });
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
    { by, now, wish }: Operation,
    { commandId = this.nextId(), process = 0 } = {},
  ): Promise<Outcome | null> {
    const asked = this.#processes[process % this.#processes.length];
    if (asked === undefined) throw new Error('no process');
    return answered(async () => {
      const caller = await callerOf(asked, tenant, by);
      if (typeof caller === 'string') return refused(caller);
      if (!mayAsk(wish, caller.role)) return refused('forbidden');
      return carry(asked, wish, metadataOf(tenant, caller, now, wish, commandId));
    });
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
  async facts(tenant: string): Promise<readonly Fact[]> {
    for (; this.#opened < this.log.log.length; this.#opened += 1) {
      const {
        data,
        type,
        stream,
        category,
        subject,
        revision,
        metadata,
        tenant: of,
      } = await this.codec.open(this.codec.decode(this.log.log[this.#opened]!));
      const { commandId, commandType, actor, actorKind } = metadata;
      const fact: Fact = { type, data, stream, category, subject, revision, commandId, commandType, actor, actorKind };
      const own = this.#facts.get(of) ?? [];
      own.push(fact);
      this.#facts.set(of, own);
      const observer = this.#observers.get(of) ?? new Observer();
      observer.add(fact);
      this.#observers.set(of, observer);
    }
    return this.#facts.get(tenant) ?? [];
  }

  /** What a tenant's facts say; valid until the next question. */
  async world(tenant: string): Promise<World> {
    await this.facts(tenant);
    return this.#observers.get(tenant)?.world ?? emptyWorld();
  }
}

/** Token and staff record together, as the door of the product puts them. */
const callerOf = async ({ runner }: Process, tenant: string, id: string): Promise<Caller | string> => {
  const { state } = await runner.load(staffDecider, tenant, id, { maxAgeMs: RECENT_MS });
  if (state.status === 'deactivated') return 'staff-inactive';
  const claimed = id === 'founder' ? 'admin' : id === 'gateway' ? 'integration' : undefined;
  const role = claimed ?? (state.status === 'active' ? state.role : undefined);
  if (role === undefined) return 'forbidden';
  return {
    id,
    kind: role === 'integration' ? 'integration' : 'staff',
    role,
    access: role === 'agent' && state.status === 'active' ? state.access : 'all',
  };
};

const metadataOf = (tenant: string, caller: Caller, now: string, wish: Wish, commandId: string): CommandMetadata => ({
  commandId,
  correlationId: commandId,
  causationId: commandId,
  tenant,
  caller,
  now,
  requestHash: JSON.stringify([caller.id, wish]),
});
