import { join } from 'node:path';
import {
  lockDataFolder,
  openSqliteEventReader,
  openSqliteEventStore,
  type EventReader,
  type EventStore,
} from '#event-store';
import type { Position } from '#kernel';
import type { Configuration, EventStoreConfiguration } from '#platform';
import { deciders } from './registry.js';

/** What the process asks of its log beside the port. */
export type Log = EventStore & {
  /** Calls back behind every append of this process. */
  onAppended(listener: (position: Position) => void): () => void;
  /** How far the embedded log reaches, for readers of its file in other threads. */
  readonly end: SharedArrayBuffer | null;
  /** Why the log cannot be reached now, `null` while it can. */
  notReady(): string | null;
  /** Totals for the metrics, by name. */
  counters(): Readonly<Record<string, number>>;
};

/** Where the connection's ups and downs are told, once each. */
export type LogLines = {
  readonly info: (detail: Readonly<Record<string, unknown>>, message: string) => void;
  readonly warn: (detail: Readonly<Record<string, unknown>>, message: string) => void;
};

/** The log of another thread or program that only reads. `wake` says that it may have grown. */
export type LogView = EventReader & { wake(): void };

/** Where a thread finds the log; may hold credentials. */
export type LogPlace =
  { readonly kind: 'sqlite'; readonly path: string } | Extract<EventStoreConfiguration, { kind: 'eventstoredb' }>;

export const placeOf = ({ eventStore, dataDir }: Configuration): LogPlace =>
  eventStore.kind === 'sqlite' ? { kind: 'sqlite', path: join(dataDir, 'events.db') } : eventStore;

/** The server cannot be used as it is configured. The message is one sentence for the operator. */
export class EventStoreUnusable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EventStoreUnusable';
  }
}

/** Streams of ours begin with one of these. */
const categories: readonly string[] = [...deciders.map((decider) => decider.category), 'ops'];

/**
 * Opens the log for its one writer; the data folder is locked by the caller. Throws DataFolderError, or EventStoreUnusable for what
 * only a change of the configuration mends. A server that is not there yet is waited for.
 */
export const openLog = async (
  place: LogPlace,
  logger: LogLines,
  onBroken: (error: Error) => void = () => undefined,
): Promise<Log> => {
  if (place.kind === 'sqlite') {
    const store = openSqliteEventStore({ path: place.path, onBroken });
    return { ...store, notReady: () => null, counters: () => ({}) };
  }
  await mustAnswer(place, logger);
  const store = await openServer(place, logger);
  return Object.assign(store, {
    end: null,
    notReady: () => {
      const { status, reason } = store.health();
      return status === 'down' ? `EventStoreDB cannot be reached: ${reason ?? 'no answer'}` : null;
    },
    counters: () => ({ ...store.metrics() }),
  });
};

/** The log for somebody who only reads; the embedded one may be in use meanwhile, by this process if `end` is given. */
export const viewLog = async (
  place: LogPlace,
  logger: LogLines,
  end: SharedArrayBuffer | null = null,
): Promise<LogView> => {
  if (place.kind === 'sqlite') return openSqliteEventReader(place.path, end ?? undefined);
  // A subscription hears of appends by itself.
  return Object.assign(await openServer(place, logger), { wake: () => undefined });
};

/** The log and its lock, for the command line. */
export const openLogAlone = async (configuration: Configuration, logger: LogLines): Promise<Log> => {
  const lock = lockDataFolder(configuration.dataDir);
  try {
    const log = await openLog(placeOf(configuration), logger);
    const close = async (): Promise<void> => {
      await log.close();
      lock.release();
    };
    return Object.assign(log, { close });
  } catch (error) {
    lock.release();
    throw error;
  }
};

const openServer = async ({ url, prefix }: Extract<LogPlace, { kind: 'eventstoredb' }>, logger: LogLines) => {
  // Loaded only where it is used: the client costs 135 ms of the start.
  const { openEventStoreDb } = await import('#event-store/eventstoredb/index');
  return openEventStoreDb({
    connectionString: url,
    prefix,
    categories,
    log: logger,
  });
};

const WAIT_MS = 2_000;

const mustAnswer = async ({ url }: Extract<LogPlace, { kind: 'eventstoredb' }>, logger: LogLines): Promise<void> => {
  const { checkEventStoreDb } = await import('#event-store/eventstoredb/index');
  let told = false;
  for (;;) {
    const check = await checkEventStoreDb({ connectionString: url });
    if (check.ok) {
      logger.info({ serverVersion: check.serverVersion }, 'EventStoreDB answers');
      return;
    }
    if (!check.retryable) throw new EventStoreUnusable(check.problem);
    if (!told) logger.warn({}, `${check.problem} The start waits for it.`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
};
