import { closeSync, fdatasync, openSync, realpathSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { StoreUnavailable } from '../port.js';
import { explainFlush } from './data-folder.js';

/** Brings what was committed onto the disk, without keeping the thread meanwhile. */
export type WalFlush = {
  /** Resolves when everything committed before the call would survive a power failure. Rejects as the disk does: nobody knows what it holds then. */
  flush(): Promise<void>;
  close(): void;
};

/**
 * Takes over from SQLite what `synchronous=full` does behind each commit: its call holds the thread for as long as the disk takes.
 * A checkpoint still flushes by itself, in the order that SQLite needs. To be closed before the connection, with which the WAL file
 * may go. No lock lies on that file, so that closing a descriptor of it gives none back.
 */
export const openWalFlush = (db: DatabaseSync, path: string): WalFlush => {
  // What a process whose flush failed has left: the system may show it and never write it. The checkpoint writes it anew, and flushes.
  db.exec('pragma wal_checkpoint(truncate); pragma synchronous = normal');
  // Where the path is a link the WAL lies beside what it leads to.
  const real = realpathSync(path);
  // For writing: elsewhere than on Linux only such a descriptor may be flushed.
  const file = openSync(`${real}-wal`, 'r+');
  return {
    flush: () =>
      new Promise((resolve, reject) => {
        fdatasync(file, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      }),
    close: () => {
      closeSync(file);
    },
  };
};

/** Waits for the flush; what it means where it failed, `null` if it did not. */
export const failureOf = async (wal: WalFlush, path: string): Promise<StoreUnavailable | null> => {
  try {
    await wal.flush();
    return null;
  } catch (error) {
    return new StoreUnavailable(explainFlush(path), { cause: error });
  }
};
