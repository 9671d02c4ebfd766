import type { Position } from '#kernel';
import type { StoredEvent, SubscriptionItem } from '../port.js';
import type { Counters } from './counters.js';
import { EventStoreDbRefused, failureOf, lossOf } from './errors.js';
import type { Feed, Mark } from './feed.js';
import { type LogReads, refused } from './log-reads.js';
import { serverPositionOf } from './stored-event.js';
import { pauseUnless } from '../pause.js';
import { type Backoff, backoff } from './within.js';

/** As pino takes it. */
export type EventStoreDbLog = {
  readonly info: (detail: Readonly<Record<string, unknown>>, message: string) => void;
  readonly warn: (detail: Readonly<Record<string, unknown>>, message: string) => void;
};

export type SupervisionSettings = {
  readonly reads: LogReads;
  readonly log: EventStoreDbLog | undefined;
  readonly counters: Counters;
  /** Told of every loss and every return, for the health of the connection. */
  readonly onState: (lost: string | null) => void;
  readonly backoff: Backoff;
  readonly watchdogMs: number;
  /** How long a fact that the watchdog sees may be on its way. */
  readonly graceMs: number;
};

class WentSilent extends Error {}

/**
 * One consumer's subscription, kept alive: whatever breaks it, it goes on behind the last item that it gave, without a gap and
 * without a repetition. Ends when aborted; throws only what an operator must mend (EventStoreDbRefused, a foreign position).
 */
export class SupervisedSubscription {
  private at: Position | null;
  private failures = 0;
  /** Whether the present outage was logged. */
  private lost = false;
  private level = false;

  constructor(
    private readonly settings: SupervisionSettings,
    private readonly options: {
      readonly after: Position | null;
      readonly signal: AbortSignal;
      readonly pageSize: number;
    },
  ) {
    this.at = options.after;
  }

  async *items(): AsyncGenerator<SubscriptionItem> {
    const { signal } = this.options;
    const aborted = (): boolean => signal.aborted;
    if (this.at !== null) serverPositionOf(this.at);
    while (!aborted()) {
      try {
        yield* this.connected();
      } catch (error) {
        if (aborted()) return;
        if (failureOf(error) === 'refused') throw refused(error);
        if (error instanceof EventStoreDbRefused || error instanceof RangeError) throw error;
        this.wasLost(error);
      }
      if (aborted()) return;
      if (this.level) {
        this.level = false;
        yield { kind: 'fellBehind' };
      }
      await pauseUnless(signal, backoff(this.failures, this.settings.backoff));
      this.failures += 1;
      this.settings.counters.resubscriptions += 1;
    }
  }

  /** One connection's items, until it breaks (throws) or the consumer stops. */
  private async *connected(): AsyncGenerator<SubscriptionItem> {
    const { reads, watchdogMs } = this.settings;
    const { signal, pageSize } = this.options;
    // Read before subscribing: when the subscription has caught up, all up to here was given or is of no interest.
    const head = (await reads.head(0))?.position ?? null;
    const feed = await reads.openFeed(this.at, pageSize);
    try {
      for (;;) {
        const state = await feed.wait(watchdogMs, signal);
        if (state === 'aborted') return;
        if (state === 'ended') throw new Error('the server ended a subscription');
        if (state === 'silent') {
          yield* this.watch(feed);
          continue;
        }
        this.isBack();
        yield* this.page(feed, head);
        if (signal.aborted) return;
      }
    } finally {
      feed.close();
    }
  }

  /** What the feed holds now, at most a page of it. Marks stand behind the facts that they cover. */
  private *page(feed: Feed, head: Position | null): Generator<SubscriptionItem> {
    let events: StoredEvent[] = [];
    let skipped = false;
    for (const item of this.settings.reads.items(feed, this.options.pageSize)) {
      if (item.kind === 'mark') {
        yield* this.facts(events);
        events = [];
        yield* this.mark(item.mark, head);
        continue;
      }
      // A server that is asked again may give again what stood at the seam.
      if (this.at !== null && item.position <= this.at) continue;
      this.at = item.position;
      skipped = item.kind === 'foreign';
      if (item.kind === 'own') events.push(item.event);
    }
    yield* this.facts(events);
    if (skipped && this.at !== null) yield { kind: 'checkpoint', at: this.at };
  }

  private *facts(events: readonly StoredEvent[]): Generator<SubscriptionItem> {
    if (events.length === 0) return;
    this.settings.reads.gave(events);
    yield { kind: 'events', events };
  }

  private *mark(mark: Mark, head: Position | null): Generator<SubscriptionItem> {
    if (mark.kind === 'checkpoint') yield* this.checkpoint(mark.at);
    if (mark.kind === 'caughtUp') {
      yield* this.checkpoint(head);
      this.level = true;
      yield { kind: 'caughtUp' };
    }
    if (mark.kind === 'fellBehind' && this.level) {
      this.level = false;
      yield { kind: 'fellBehind' };
    }
  }

  private *checkpoint(at: Position | null): Generator<SubscriptionItem> {
    if (at === null || (this.at !== null && at <= this.at)) return;
    this.at = at;
    yield { kind: 'checkpoint', at };
  }

  /**
   * Nothing came for a while: either nothing happens, or the server forgot us. A forward read knows; the server's head does not,
   * since it may be anybody's event.
   */
  private async *watch(feed: Feed): AsyncGenerator<SubscriptionItem> {
    const { reads, graceMs, counters } = this.settings;
    const seen = await reads.lookAhead(this.at);
    if (seen !== 'behind') {
      if ((await feed.wait(0)) === 'silent') yield* this.checkpoint(seen);
      return;
    }
    if ((await feed.wait(graceMs, this.options.signal)) !== 'silent') return;
    counters.silentSubscriptions += 1;
    throw new WentSilent('the server stopped sending');
  }

  private wasLost(error: unknown): void {
    const reason = error instanceof WentSilent ? 'the server stopped sending' : lossOf(error);
    this.settings.onState(reason);
    if (this.lost) return;
    this.lost = true;
    this.settings.log?.warn({ reason, after: this.at }, 'a subscription to EventStoreDB broke: it is begun again');
  }

  private isBack(): void {
    this.failures = 0;
    if (!this.lost) return;
    this.lost = false;
    this.settings.onState(null);
    this.settings.log?.info({ after: this.at }, 'the subscription to EventStoreDB is back');
  }
}
