import type { EventMetadata, Position } from '#kernel';

/** A fact on its way into the log: JSON with sealed personal values. `id` is a UUIDv7, made once and kept for retries. */
export type EventToStore = {
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: EventMetadata;
  /** Only for facts that come from another log: when they were recorded there, RFC 3339 UTC with milliseconds. */
  readonly recordedAt?: string;
};

/** A fact as the log holds it. `data` is whatever JSON stands there; the codec decides whether it is well formed. */
export type StoredEvent = {
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly stream: string;
  /** From 0, without gaps. A JavaScript number: 2^53 facts in one stream are out of reach (ADR 9). */
  readonly revision: number;
  readonly position: Position;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: EventMetadata;
  /** RFC 3339 UTC with milliseconds; never goes back within the log. */
  readonly recordedAt: string;
  /** Characters of `data` as it is stored, where the store knows: for bounds of memory. */
  readonly size?: number;
};

/** The state in which a stream must be found; 'any' does not exist, so that no fact is written blindly. */
export type Expected = 'no_stream' | { readonly revision: number };

export type AppendEntry = {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly EventToStore[];
};

/** `revision` and `position` are those of the last event. `deduplicated`: the very same event ids stood there already. */
export type AppendResult = {
  readonly revision: number;
  readonly position: Position;
  readonly deduplicated: boolean;
};

/** The stream was found in another state. `actual` is its last revision, `null` if it has none. */
export class WrongExpectedRevision extends Error {
  constructor(
    readonly stream: string,
    readonly expected: Expected,
    readonly actual: number | null,
  ) {
    super(`${stream} was expected at ${JSON.stringify(expected)} but stands at ${String(actual)}`);
    this.name = 'WrongExpectedRevision';
  }
}

/** The answer was lost: the facts may or may not stand. Read the stream for their ids, then append again with the same ids. */
export class AppendOutcomeUnknown extends Error {
  constructor(stream: string, options?: ErrorOptions) {
    super(`the outcome of an append to ${stream} is unknown`, options);
    this.name = 'AppendOutcomeUnknown';
  }
}

/** The store cannot take or give facts now (full, read-only, gone). The message says what to do; nothing was written. */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnavailable';
  }
}

export type ReadStreamOptions = {
  /** First revision, inclusive. Forwards default 0; backwards default the end. */
  readonly from?: number;
  readonly direction?: 'forwards' | 'backwards';
  readonly limit?: number;
};

export type SubscriptionItem =
  | { readonly kind: 'events'; readonly events: readonly StoredEvent[] }
  /** Everything up to and including `at` was given or is of no interest; always behind the events that it covers. */
  | { readonly kind: 'checkpoint'; readonly at: Position }
  | { readonly kind: 'caughtUp' }
  | { readonly kind: 'fellBehind' };

export type Head = { readonly position: Position; readonly id: string; readonly recordedAt: string };

export type ReadAllOptions = {
  /** Exclusive; `null` = from the start. */
  readonly after: Position | null;
  /** Inclusive; absent = the head when the read began. */
  readonly until?: Position;
  readonly pageSize?: number;
  /** Metadata is hardly ever looked at: the store may fetch it when it is, as long as it is open. */
  readonly lean?: boolean;
};

/** The log. All adapters pass the one conformance suite (`test/conformance/event-store.suite.ts`). */
export interface EventStore {
  /** Appends to one stream, all or nothing. Throws WrongExpectedRevision, AppendOutcomeUnknown or StoreUnavailable. Never called with no events. */
  append(stream: string, expected: Expected, events: readonly EventToStore[]): Promise<AppendResult>;
  /** Many streams, each with its own expectation and outcome, in the order of the entries; one flush where the store can. */
  appendMany(entries: readonly AppendEntry[]): Promise<readonly (AppendResult | Error)[]>;
  /** Pages in the direction asked. A stream that does not exist is empty. */
  readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<readonly StoredEvent[]>;
  /** The log between two positions, in pages. */
  readAll(options: ReadAllOptions): AsyncIterable<readonly StoredEvent[]>;
  /** Follows the log until aborted. Pulled: nothing is read ahead beyond one page. */
  subscribe(options: {
    readonly after: Position | null;
    readonly signal: AbortSignal;
    readonly pageSize?: number;
  }): AsyncIterable<SubscriptionItem>;
  /** The last fact, `null` in an empty log. */
  head(): Promise<Head | null>;
  close(): Promise<void>;
}

/** A log that is only read. */
export type EventReader = Omit<EventStore, 'append' | 'appendMany'>;

/** Under this, whoever follows the log gets it injected; the interface leaves nothing at run time. */
export const EVENT_READER = Symbol('EventReader');
