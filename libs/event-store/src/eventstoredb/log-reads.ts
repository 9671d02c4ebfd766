import {
  type AllStreamResolvedEvent,
  BACKWARDS,
  END,
  FORWARDS,
  type ResolvedEvent,
  START,
} from '@eventstore/db-client';
import { setTimeout as pause } from 'node:timers/promises';
import type { Position } from '#kernel';
import { type Head, type ReadStreamOptions, StoreUnavailable, type StoredEvent } from '../port.js';
import type { Counters } from './counters.js';
import { EventStoreDbRefused, failureOf, lossOf } from './errors.js';
import { type Feed, Mark, openFeed } from './feed.js';
import { PulledStream } from './pulled-stream.js';
import type { ServerClient } from './server-client.js';
import { ownEventOf, positionOf, serverPositionOf, storedEventOf } from './stored-event.js';
import { backoff } from './within.js';

export type ReadSettings = {
  readonly client: ServerClient;
  readonly prefix: string;
  /** Beginnings of the names of all streams that are ours. */
  readonly prefixes: readonly string[];
  readonly pageSize: number;
  /** A read that hears nothing for so long is broken off. */
  readonly readTimeoutMs: number;
  /** For so long a read that fails is begun again where it stood. */
  readonly patienceMs: number;
  readonly counters: Counters;
};

/** What a feed's item is to us: a fact of ours, a foreign event, or a mark. */
export type FeedItem =
  | { readonly kind: 'own'; readonly event: StoredEvent; readonly position: Position }
  | { readonly kind: 'foreign'; readonly position: Position }
  | { readonly kind: 'mark'; readonly mark: Mark };

export type AllEvent = NonNullable<AllStreamResolvedEvent['event']>;
export const headOf = ({ position, id, created }: AllEvent): Head => ({
  position: positionOf(position),
  id,
  recordedAt: created.toISOString(),
});

/** The last places of so many pages are remembered, for readers that go on behind them. */
const remembered = 100;

/** The bounded reads. Each resumes by itself where a connection broke; what it gave stays given. */
export class LogReads {
  private readonly given = new Set<Position>();

  constructor(private readonly settings: ReadSettings) {}

  async *readStream(stream: string, options: ReadStreamOptions = {}): AsyncGenerator<readonly StoredEvent[]> {
    const backwards = options.direction === 'backwards';
    let from = options.from ?? null;
    // The server does not answer a read of nothing.
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    const retry = this.retries();
    while (left > 0 && (from === null || from >= 0)) {
      const read = this.openStream(stream, backwards, from, left);
      try {
        for await (const page of this.pages(read, Math.min(left, this.settings.pageSize))) {
          retry.progressed();
          const events = page.flatMap(({ event }) =>
            event === undefined
              ? []
              : [storedEventOf(event, this.settings.prefix, event.position ?? { commit: 0n, prepare: 0n })],
          );
          const last = events.at(-1);
          if (last === undefined) continue;
          left -= events.length;
          from = last.revision + (backwards ? -1 : 1);
          yield events;
        }
        return;
      } catch (error) {
        if (failureOf(error) === 'not-found') return;
        await retry.after(error);
      } finally {
        read.close();
      }
    }
  }

  async *readAll(options: {
    readonly after: Position | null;
    readonly until?: Position;
    readonly pageSize?: number;
  }): AsyncGenerator<readonly StoredEvent[]> {
    const size = options.pageSize ?? this.settings.pageSize;
    if (options.after !== null) serverPositionOf(options.after);
    const target = options.until ?? (await this.head())?.position;
    let after = options.after;
    if (target === undefined || (after !== null && after >= target)) return;
    const retry = this.retries();
    let page: StoredEvent[] = [];
    let done = false;
    while (!done) {
      let feed: Feed | null = null;
      this.gave(page);
      try {
        feed = await this.openFeed(after, size);
        while (!done) {
          const state = await feed.wait(this.settings.readTimeoutMs);
          if (state !== 'ready') throw new Error('a read of the log went silent');
          retry.progressed();
          for (const item of this.items(feed, size - page.length)) {
            if (item.kind === 'mark') {
              // Nothing more stands there, or nothing more up to the target.
              done ||= item.mark.kind === 'caughtUp' || (item.mark.at !== null && item.mark.at >= target);
              continue;
            }
            if (item.position > target) {
              done = true;
              break;
            }
            if (after !== null && item.position <= after) continue;
            after = item.position;
            if (item.kind === 'own') page.push(item.event);
            done ||= item.position === target;
            if (done) break;
          }
          if (page.length >= size) {
            const full = page;
            page = [];
            this.gave(full);
            yield full;
          }
        }
      } catch (error) {
        await retry.after(error);
      } finally {
        feed?.close();
      }
    }
    this.gave(page);
    if (page.length > 0) yield page;
  }

  /** The last event of the whole server, which may be nobody's fact; a position that covers all of ours. */
  async head(patienceMs?: number): Promise<Head | null> {
    const [last] = await this.backwards(null, 1, patienceMs);
    return last === undefined ? null : headOf(last);
  }

  /**
   * A subscription that gives what stands after a position, and may begin with what stands at it. The server skips the first event
   * that it finds at or behind the position that it is given. Once a scavenge has taken the one that stood there, that is an event
   * which nobody was given; so it is given the place of the event before, which stands there now. A fact of ours is never
   * scavenged: a reader that goes on behind one is spared the question.
   */
  async openFeed(after: Position | null, pageSize: number): Promise<Feed> {
    const { client, prefixes } = this.settings;
    let from = after;
    if (after !== null && !this.given.has(after)) {
      const [before] = await this.backwards(after, 1, 0);
      from = before === undefined ? null : headOf(before).position;
    }
    return openFeed(client, from, { prefixes, bufferSize: Math.min(pageSize, 1_000) });
  }

  /** Told of each page of facts that a reader is given: it may go on behind the last. */
  gave(page: readonly StoredEvent[]): void {
    const last = page.at(-1);
    if (last === undefined) return;
    this.given.add(last.position);
    const [oldest] = this.given;
    if (this.given.size > remembered && oldest !== undefined) this.given.delete(oldest);
  }

  /** Takes what is there, at most so many, and tells what is ours. */
  items(feed: Feed, limit: number): FeedItem[] {
    const { prefix, counters } = this.settings;
    return feed.take(limit).flatMap((item): FeedItem[] => {
      if (item instanceof Mark) return [{ kind: 'mark', mark: item }];
      const { event } = item;
      if (event === undefined) return [];
      const position = positionOf(event.position);
      const own = ownEventOf(event, prefix, event.position);
      if (own !== null) return [{ kind: 'own', event: own, position }];
      counters.foreignEvents += 1;
      return [{ kind: 'foreign', position }];
    });
  }

  /** Whether a fact of ours stands after a position: 'behind', or the position up to which none does. */
  async lookAhead(after: Position | null): Promise<'behind' | Position | null> {
    const head = await this.head(0);
    const feed = await this.openFeed(after, 1);
    try {
      for (;;) {
        if ((await feed.wait(this.settings.readTimeoutMs)) !== 'ready') throw new Error('a look ahead went silent');
        for (const item of this.items(feed, 1)) {
          if (item.kind === 'mark') {
            if (item.mark.kind === 'caughtUp') return head?.position ?? null;
          } else if (after === null || item.position > after) return 'behind';
        }
      }
    } finally {
      feed.close();
    }
  }

  /** Events before a position, or the last ones, newest first. */
  async backwards(before: Position | null, count: number, patienceMs?: number): Promise<readonly AllEvent[]> {
    const retry = this.retries(patienceMs);
    for (;;) {
      const fromPosition = before === null ? END : serverPositionOf(before);
      const options = { direction: BACKWARDS, fromPosition, maxCount: count, requiresLeader: true } as const;
      const stream = this.settings.client.readAll(options);
      const read = new PulledStream<AllStreamResolvedEvent>(stream, () => stream.cancel());
      const events: AllEvent[] = [];
      try {
        for await (const page of this.pages(read, count)) {
          events.push(...page.flatMap(({ event }) => (event === undefined ? [] : [event])));
        }
        return events.filter((event) => before === null || headOf(event).position < before);
      } catch (error) {
        await retry.after(error);
      } finally {
        read.close();
      }
    }
  }

  isOurs(event: AllEvent): boolean {
    const { prefix, prefixes } = this.settings;
    return (
      prefixes.some((beginning) => event.streamId.startsWith(beginning)) &&
      ownEventOf(event, prefix, event.position) !== null
    );
  }

  private openStream(
    stream: string,
    backwards: boolean,
    from: number | null,
    limit: number,
  ): PulledStream<ResolvedEvent> {
    const { client, prefix, pageSize } = this.settings;
    const read = client.readStream(
      `${prefix}${stream}`,
      {
        direction: backwards ? BACKWARDS : FORWARDS,
        fromRevision: from === null ? (backwards ? END : START) : BigInt(from),
        requiresLeader: true,
        ...(Number.isFinite(limit) ? { maxCount: limit } : {}),
      },
      { highWaterMark: Math.min(pageSize, 1_000) },
    );
    return new PulledStream(read, () => read.cancel());
  }

  private async *pages<T>(read: PulledStream<T>, size: number): AsyncGenerator<readonly T[]> {
    for (;;) {
      const state = await read.wait(this.settings.readTimeoutMs);
      if (state === 'silent') throw new Error('a read went silent');
      if (state !== 'ready') return;
      yield read.take(size);
    }
  }

  /** Transient failures are waited out as long as there was progress within the patience. Throws EventStoreDbRefused or StoreUnavailable. */
  private retries(patienceMs = this.settings.patienceMs): { progressed(): void; after(error: unknown): Promise<void> } {
    let failures = 0;
    let since = performance.now();
    return {
      progressed: () => {
        failures = 0;
        since = performance.now();
      },
      after: async (error) => {
        const failure = failureOf(error);
        if (failure === 'refused') throw refused(error);
        if (error instanceof RangeError) throw error;
        if (failure === 'stream-deleted') {
          throw new StoreUnavailable('A stream was tombstoned in EventStoreDB: restore the log from its backup.', {
            cause: error,
          });
        }
        if (performance.now() - since >= patienceMs) {
          throw new StoreUnavailable(`EventStoreDB cannot be read: ${lossOf(error)}.`, { cause: error });
        }
        this.settings.counters.readRetries += 1;
        await pause(backoff(failures, { firstMs: 20, maxMs: 1_000 }));
        failures += 1;
      },
    };
  }
}

export const refused = (error: unknown): EventStoreDbRefused =>
  new EventStoreDbRefused(
    'EventStoreDB refuses to be read: the user of EVENTSTORE_URL needs valid credentials and the right to read $all.',
    { cause: error },
  );
