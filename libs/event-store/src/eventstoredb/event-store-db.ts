import { jsonEvent } from '@eventstore/db-client';
import type { Position } from '#kernel';
import {
  type AppendEntry,
  AppendOutcomeUnknown,
  type AppendResult,
  type EventStore,
  StoreUnavailable,
  WrongExpectedRevision,
} from '../port.js';
import { actualRevisionOf, NotSent } from './append-lane.js';
import { type Counters, noCounts } from './counters.js';
import { EventStoreDbMisconfigured, failureOf, lossOf } from './errors.js';
import { LastFact } from './last-fact.js';
import { LogReads } from './log-reads.js';
import { shareConnection } from './shared-connection.js';
import { positionOf, withRecordedAt } from './stored-event.js';
import { type EventStoreDbLog, SupervisedSubscription } from './supervised-subscription.js';
import { type Backoff, usualBackoff } from './within.js';

export type EventStoreDbOptions = {
  /** `esdb://…`; holds the secrets, which no message repeats. */
  readonly connectionString: string;
  /** The categories of all streams of ours; what is appended must be of one of them, or nobody would hear it. */
  readonly categories: readonly string[];
  /** `[a-z0-9]{0,16}`, stands before every category on the server and nowhere else. */
  readonly prefix?: string;
  readonly log?: EventStoreDbLog;
  /** An append that is not answered within this has an unknown outcome. 10 s if absent. */
  readonly appendTimeoutMs?: number;
  /** A read that hears nothing for so long is begun again. 10 s if absent. */
  readonly readTimeoutMs?: number;
  /** How long a read that fails is begun again before it throws StoreUnavailable. 5 s if absent. */
  readonly readPatienceMs?: number;
  /** A subscription that hears nothing for so long is checked. 30 s if absent. */
  readonly watchdogMs?: number;
  /** How long a fact that the check found may be on its way before the subscription is begun again. 2 s if absent. */
  readonly watchdogGraceMs?: number;
  /** Between attempts to subscribe again: 0.2 s, doubled up to 30 s, less a random half. */
  readonly backoff?: Backoff;
};

/** `unknown` before the first call. `reason` says what was lost, never where. */
export type EventStoreDbHealth = {
  readonly status: 'up' | 'down' | 'unknown';
  readonly since: string;
  readonly reason: string | null;
};

export type EventStoreDb = EventStore & {
  /** Calls back behind every acknowledged append with its position. Answers how to stop it. */
  onAppended(listener: (position: Position) => void): () => void;
  /** What the calls of late said of the connection. */
  health(): EventStoreDbHealth;
  /** Totals since it was opened. */
  metrics(): Readonly<Counters>;
};

/** 1 MiB is what the server takes in one append, data, metadata and type names together. */
const maxAppendBytes = 1024 * 1024;
const defaultPage = 2_000;

/**
 * The log in EventStoreDB (23.10 or newer). Connects when first used: a server that is not there yet is no error.
 * Throws EventStoreDbMisconfigured for options that cannot be used.
 */
export const openEventStoreDb = (options: EventStoreDbOptions): EventStoreDb => new ServerLog(options);

class ServerLog implements EventStoreDb {
  private readonly prefix: string;
  private readonly counters = noCounts();
  private readonly connection: ReturnType<typeof shareConnection>;
  private readonly reads: LogReads;
  private readonly lastFact: LastFact;
  private readonly listeners = new Set<(position: Position) => void>();
  private readonly ending = new AbortController();
  private state: EventStoreDbHealth = { status: 'unknown', since: new Date().toISOString(), reason: null };
  /** The highest position that any answer named. */
  private seen: Position | null = null;

  constructor(private readonly options: EventStoreDbOptions) {
    this.prefix = options.prefix ?? '';
    if (!/^[a-z0-9]{0,16}$/.test(this.prefix)) {
      throw new EventStoreDbMisconfigured('EVENTSTORE_PREFIX must be at most 16 small letters and digits.');
    }
    if (options.categories.length === 0) throw new EventStoreDbMisconfigured('The log has no categories to follow.');
    this.connection = shareConnection(options.connectionString, () => {
      this.counters.silentConnections += 1;
    });
    this.reads = new LogReads({
      client: this.connection.reader,
      prefix: this.prefix,
      prefixes: options.categories.map((category) => `${this.prefix}${category}-`),
      pageSize: defaultPage,
      readTimeoutMs: options.readTimeoutMs ?? 10_000,
      patienceMs: options.readPatienceMs ?? 5_000,
      counters: this.counters,
    });
    this.lastFact = new LastFact(this.reads);
  }

  append: EventStore['append'] = async (stream, expected, events) => {
    const [result] = await this.appendMany([{ stream, expected, events }]);
    if (result === undefined || result instanceof Error) throw result ?? new Error('an append without a result');
    return result;
  };

  appendMany: EventStore['appendMany'] = async (entries) => {
    for (const entry of entries) this.check(entry);
    this.refuseWhenClosed();
    return Promise.all(entries.map((entry) => this.appendOne(entry)));
  };

  async *readStream(...[stream, options]: Parameters<EventStore['readStream']>): ReturnType<EventStore['readStream']> {
    this.refuseWhenClosed();
    yield* this.observed(this.reads.readStream(stream, options));
  }

  async *readAll(options: Parameters<EventStore['readAll']>[0]): ReturnType<EventStore['readAll']> {
    this.refuseWhenClosed();
    yield* this.observed(this.reads.readAll(options));
  }

  subscribe: EventStore['subscribe'] = ({ after, signal, pageSize }) => {
    this.refuseWhenClosed();
    const { log, backoff, watchdogMs, watchdogGraceMs } = this.options;
    return new SupervisedSubscription(
      {
        reads: this.reads,
        log,
        counters: this.counters,
        onState: (lost) => {
          this.is(lost);
        },
        backoff: backoff ?? usualBackoff,
        watchdogMs: watchdogMs ?? 30_000,
        graceMs: watchdogGraceMs ?? 2_000,
      },
      { after, signal: AbortSignal.any([signal, this.ending.signal]), pageSize: pageSize ?? defaultPage },
    ).items();
  };

  head: EventStore['head'] = async () => {
    this.refuseWhenClosed();
    try {
      const head = await this.lastFact.find();
      this.is(null);
      if (head !== null) this.sawPosition(head.position);
      return head;
    } catch (error) {
      this.is(lossOf(error));
      throw error;
    }
  };

  async close(): Promise<void> {
    if (this.ending.signal.aborted) return;
    this.ending.abort();
    await this.connection.release();
  }

  onAppended(listener: (position: Position) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  health(): EventStoreDbHealth {
    return this.state;
  }

  metrics(): Readonly<Counters> {
    return { ...this.counters };
  }

  /** What can be known before anything is sent. */
  private check({ stream, events }: AppendEntry): void {
    if (events.length === 0) throw new TypeError(`an append to ${stream} has no events`);
    if (!this.options.categories.includes(stream.slice(0, stream.indexOf('-')))) {
      throw new TypeError(`nobody would hear of ${stream}: its category is not among those of the log`);
    }
  }

  private async appendOne({ stream, expected, events }: AppendEntry): Promise<AppendResult | Error> {
    const proposed = events
      .map((event) => (event.recordedAt === undefined ? event : withRecordedAt(event, event.recordedAt)))
      .map(({ id, type, data, metadata }) => jsonEvent({ id, type, data, metadata }));
    const bytes = proposed.reduce(
      (sum, { type, data, metadata }) => sum + 2 * type.length + sizeOf(data) + sizeOf(metadata),
      0,
    );
    if (bytes > maxAppendBytes) return new RangeError(`an append to ${stream} is larger than 1 MiB: nothing was sent`);
    const before = this.seen;
    try {
      const { revision, position } = await this.connection.lane.append(
        {
          stream: `${this.prefix}${stream}`,
          expectedRevision: expected === 'no_stream' ? 'no_stream' : BigInt(expected.revision),
          events: proposed,
        },
        this.options.appendTimeoutMs ?? 10_000,
      );
      return this.appended(Number(revision), positionOf(position), before, events.length);
    } catch (error) {
      return this.outcomeOf(error, stream, expected);
    }
  }

  private appended(revision: number, position: Position, before: Position | null, events: number): AppendResult {
    this.is(null);
    // The server does not say that it knew the ids; but what stands at or before a place seen earlier was not written now.
    const deduplicated = before !== null && position <= before;
    this.counters.appends += 1;
    if (!deduplicated) this.counters.appendedEvents += events;
    this.sawPosition(position);
    for (const listener of this.listeners) listener(position);
    return { revision, position, deduplicated };
  }

  /** Only a wrong revision is an answer of the server to this very append; any other error may be that of another call. */
  private outcomeOf(error: unknown, stream: string, expected: AppendEntry['expected']): Error {
    if (failureOf(error) === 'wrong-version') {
      this.is(null);
      this.counters.conflicts += 1;
      return new WrongExpectedRevision(stream, expected, actualRevisionOf(error));
    }
    this.is(lossOf(error));
    if (error instanceof NotSent) {
      return new StoreUnavailable('EventStoreDB does not answer appends: nothing was sent.', { cause: error });
    }
    this.counters.unknownOutcomes += 1;
    return new AppendOutcomeUnknown(stream, { cause: error });
  }

  private async *observed<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      for await (const page of pages) {
        this.is(null);
        yield page;
      }
    } catch (error) {
      if (error instanceof StoreUnavailable) this.is(lossOf(error));
      throw error;
    }
  }

  private sawPosition(position: Position): void {
    if (this.seen === null || position > this.seen) this.seen = position;
  }

  private is(lost: string | null): void {
    const status = lost === null ? 'up' : 'down';
    if (this.state.status === status && this.state.reason === lost) return;
    const since = this.state.status === status ? this.state.since : new Date().toISOString();
    this.state = { status, since, reason: lost };
  }

  private refuseWhenClosed(): void {
    if (this.ending.signal.aborted) throw new StoreUnavailable('The log was closed.');
  }
}

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
