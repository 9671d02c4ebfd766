import type { Position } from '#kernel';
import type { EventReader, StoredEvent, SubscriptionItem } from '#event-store/port';

export const PAGE = 2000;

/** Pages of the log up to some end, pulled one by one. */
export class Pages {
  readonly #iterator: AsyncIterator<readonly StoredEvent[]>;
  constructor(events: EventReader, after: Position | null, until: Position | null) {
    this.#iterator = events
      .readAll({ after, pageSize: PAGE, lean: true, ...(until === null ? {} : { until }) })
      [Symbol.asyncIterator]();
  }

  /** The next page, `null` at the end. */
  async next(): Promise<readonly StoredEvent[] | null> {
    const page = await this.#iterator.next();
    return page.done === true ? null : page.value;
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}

/** Follows the log for the live group: one page ahead at most, resubscribes after errors, and can be woken before the subscription notices. */
export class Follower {
  #batch: readonly StoredEvent[] | null = null;
  #iterator: AsyncIterator<SubscriptionItem> | null = null;
  #abort = new AbortController();
  #hinted: Position | null = null;
  /** Counts starts, so that an answer to an abandoned subscription is not taken for one of ours. */
  #run = 0;

  constructor(
    readonly events: EventReader,
    readonly wake: () => void,
    readonly onError: (error: unknown) => void,
  ) {}

  get running(): boolean {
    return this.#iterator !== null;
  }

  start(after: Position | null): void {
    this.stop();
    this.#abort = new AbortController();
    this.#iterator = this.events
      .subscribe({ after, signal: this.#abort.signal, pageSize: PAGE })
      [Symbol.asyncIterator]();
    this.#pull(++this.#run);
  }

  stop(): void {
    this.#run++;
    this.#abort.abort();
    this.#iterator = null;
    this.#batch = null;
  }

  /** The log has grown up to here. */
  hint(position: Position): void {
    if (this.#hinted === null || position > this.#hinted) this.#hinted = position;
    this.wake();
  }

  /** The next events after `position`, if there are any now. */
  async take(position: Position | null): Promise<readonly StoredEvent[] | null> {
    const batch = this.#batch;
    if (batch !== null) {
      this.#batch = null;
      this.#pull(this.#run);
      const last = batch.at(-1);
      const first = batch[0];
      if (last === undefined || first === undefined) return null;
      if (position === null || first.position > position) return batch;
      // Seen already through a hint.
      return last.position <= position ? null : batch.filter((event) => event.position > position);
    }
    if (this.#hinted === null || (position !== null && this.#hinted <= position)) return null;
    const pages = new Pages(this.events, position, null);
    const events = await pages.next();
    await pages.close();
    // Not there yet (another connection's snapshot): the subscription will bring it.
    if (events === null) this.#hinted = null;
    return events;
  }

  #pull(run: number): void {
    this.#iterator?.next().then(
      (item) => {
        if (run !== this.#run) return;
        if (item.done === true) {
          this.#iterator = null;
          this.wake();
        } else if (item.value.kind === 'events') {
          this.#batch = item.value.events;
          this.wake();
        } else this.#pull(run);
      },
      (error: unknown) => {
        if (run !== this.#run) return;
        this.#iterator = null;
        this.onError(error);
        this.wake();
      },
    );
  }
}
