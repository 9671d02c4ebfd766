// What stands in a log, opened, and what it says.
import type { Codec, StoredEvent } from '#event-store';
import { emptyWorld, Observer, type Fact, type World } from '../reference-model/index.js';

/** Reads on from where it came to the last time. Facts without a tenant of ours are nobody's. */
export class Witness {
  readonly #facts = new Map<string, Fact[]>();
  readonly #observers = new Map<string, Observer>();
  #opened = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(
    readonly source: { readonly log: readonly StoredEvent[] },
    readonly codec: Codec,
  ) {}

  /** A tenant's facts in log order, opened. */
  async facts(tenant: string): Promise<readonly Fact[]> {
    this.#reading = this.#reading.then(() => this.#read());
    await this.#reading;
    return this.#facts.get(tenant) ?? [];
  }

  /** What a tenant's facts say; valid until the next question. */
  async world(tenant: string): Promise<World> {
    await this.facts(tenant);
    return this.#observers.get(tenant)?.world ?? emptyWorld();
  }

  async #read(): Promise<void> {
    for (; this.#opened < this.source.log.length; this.#opened += 1) {
      const opened = await this.codec.open(this.codec.decode(this.source.log[this.#opened]!));
      const { data, type, stream, category, subject, revision, metadata, tenant } = opened;
      const { commandId, commandType, actor, actorKind, occurredAt } = metadata;
      const by = { commandId, commandType, actor, actorKind, occurredAt };
      const fact: Fact = { type, data, stream, category, subject, revision, ...by };
      const own = this.#facts.get(tenant) ?? [];
      own.push(fact);
      this.#facts.set(tenant, own);
      const observer = this.#observers.get(tenant) ?? new Observer();
      observer.add(fact);
      this.#observers.set(tenant, observer);
    }
  }
}
