import type { DatabaseSync } from 'node:sqlite';
import type { Position } from '#kernel';
import { type EventStore, StoreUnavailable } from '../port.js';
import { DataFolderError, explain, openDataFile } from './data-folder.js';
import { End } from './end.js';
import { SqliteLogReader } from './sqlite-log-reader.js';
import { serialise, SqliteLogWriter } from './sqlite-log-writer.js';

/** 'PoEv' */
const applicationId = 0x506f4576;

const schema = `create table if not exists events (
  seq integer primary key,
  id text not null unique,
  stream text not null,
  revision integer not null,
  type text not null,
  schema_version integer not null,
  data text not null,
  metadata text not null,
  recorded_at integer not null,
  unique (stream, revision)
)`;

export type SqliteEventStoreOptions = {
  readonly path: string;
  /** Milliseconds since 1970; the time of recording never goes back, whatever the clock does. */
  readonly now?: () => number;
  /** The file's largest size in pages of 4 KiB; absent = what the disk holds. */
  readonly maxPages?: number;
  /** The disk failed under a flush: nobody knows what it holds, and the process has to end. Appends are refused from then on. */
  readonly onBroken?: (error: StoreUnavailable) => void;
};

export type SqliteEventReader = Pick<EventStore, 'readStream' | 'readAll' | 'subscribe' | 'head' | 'close'> & {
  /** Says that there may be something new. Called by whoever hears of an append; a poll every 250 ms is the backstop. */
  wake(): void;
};

export type SqliteEventStore = EventStore &
  SqliteEventReader & {
    /** How far it reaches, for readers of the same file in other threads of this process. */
    readonly end: SharedArrayBuffer;
    /** Calls back behind every flush that wrote something, with the log's last position. Answers how to stop it. */
    onAppended(listener: (position: Position) => void): () => void;
  };

/**
 * The log in one file. One process may write it: take `lockDataFolder` first. Throws DataFolderError.
 * Readers in other threads open the same file by `openSqliteEventReader`.
 */
export const openSqliteEventStore = (options: SqliteEventStoreOptions): SqliteEventStore => {
  const { path } = options;
  const pragmas = options.maxPages === undefined ? '' : `pragma max_page_count = ${String(options.maxPages)};`;
  const db = openDataFile({ path, readOnly: false, applicationId, version: 1, schema, pragmas });
  const end = new End();
  const reader = openReader(db, path, end);
  const listeners = new Set<(position: Position) => void>();
  const onAppended = (position: Position): void => {
    reader.wake();
    for (const listener of listeners) listener(position);
  };
  const writer = openWriter(db, path, end, onAppended, options);
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    await writer.close();
    db.close();
    reader.wake();
  };
  const appendMany: EventStore['appendMany'] = async (entries) => {
    if (closing !== null) throw new StoreUnavailable('The log was closed.');
    const empty = entries.find((entry) => entry.events.length === 0);
    if (empty !== undefined) throw new TypeError(`an append to ${empty.stream} has no events`);
    return writer.append(entries.map(serialise));
  };
  return {
    append: async (stream, expected, events) => {
      const [result] = await appendMany([{ stream, expected, events }]);
      if (result === undefined || result instanceof Error) throw result ?? new Error('an append without a result');
      return result;
    },
    appendMany,
    ...reading(reader),
    end: end.memory,
    onAppended: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    close: () => (closing ??= close()),
  };
};

/** The log for reading only, for another thread or process than the writer's; `end` is what the writer shares. Throws DataFolderError. */
export const openSqliteEventReader = (path: string, end?: SharedArrayBuffer): SqliteEventReader => {
  const db = openDataFile({ path, readOnly: true, applicationId, version: 1, schema });
  const reader = openReader(db, path, new End(end));
  return {
    ...reading(reader),
    close: () =>
      new Promise((resolve) => {
        if (db.isOpen) db.close();
        reader.wake();
        resolve();
      }),
  };
};

const openWriter = (
  db: DatabaseSync,
  path: string,
  end: End,
  onAppended: (position: Position) => void,
  { now = Date.now, onBroken = () => undefined }: SqliteEventStoreOptions,
): SqliteLogWriter => {
  try {
    return new SqliteLogWriter(db, path, end, onAppended, now, onBroken);
  } catch (error) {
    db.close();
    throw new DataFolderError(explain(path, error), { cause: error });
  }
};

const openReader = (db: DatabaseSync, path: string, end: End): SqliteLogReader => {
  try {
    const reader = new SqliteLogReader(db, path, end);
    // Touches the end of the table, where a torn file would show itself.
    reader.lastRow();
    return reader;
  } catch (error) {
    db.close();
    if (error instanceof StoreUnavailable) throw new DataFolderError(error.message, { cause: error });
    throw new DataFolderError(explain(path, error), { cause: error });
  }
};

const reading = (reader: SqliteLogReader): Omit<SqliteEventReader, 'close'> => ({
  readStream: (stream, options) => reader.readStream(stream, options),
  readAll: (options) => reader.readAll(options),
  subscribe: (options) => reader.subscribe(options),
  head: () => reader.head(),
  wake: () => {
    reader.wake();
  },
});
