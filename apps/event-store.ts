import { join } from 'node:path';
import {
  lockDataFolder,
  openSqliteEventReader,
  openSqliteEventStore,
  type EventReader,
  type EventStore,
} from '#event-store';
import type { Configuration } from '#platform';

export type Opened<S> = { readonly store: S; close(): Promise<void> };

/** The configured log for somebody who only reads it; the embedded one may be in use meanwhile. Throws DataFolderError. */
export const openLogForReading = (configuration: Configuration): Promise<Opened<EventReader>> => {
  const store = openSqliteEventReader(join(configuration.dataDir, 'events.db'));
  return Promise.resolve({ store, close: () => store.close() });
};

/** The configured log for its one writer. Throws DataFolderError. */
export const openLogForWriting = (configuration: Configuration): Promise<Opened<EventStore>> => {
  const lock = lockDataFolder(configuration.dataDir);
  try {
    const store = openSqliteEventStore({ path: join(configuration.dataDir, 'events.db') });
    return Promise.resolve({
      store,
      close: async () => {
        await store.close();
        lock.release();
      },
    });
  } catch (error) {
    lock.release();
    throw error;
  }
};
