import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DataFolderError, explain } from './data-folder.js';

/**
 * A copy of a SQLite file as it is at one moment, while other processes read and write it; durable when this answers.
 * `to` must not exist. Blocks the thread. Throws DataFolderError.
 *
 * VACUUM INTO, not the backup interface: that one begins anew whenever another process has written, so that it never ends under load.
 */
export const copyDataFile = (from: string, to: string): void => {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(from, { readOnly: true, timeout: 5000 });
    db.prepare('vacuum into ?').run(to);
    // SQLite leaves it to the caller (https://www.sqlite.org/lang_vacuum.html).
    for (const path of [to, dirname(to)]) flush(path);
  } catch (error) {
    throw new DataFolderError(explain(from, error), { cause: error });
  } finally {
    db?.close();
  }
};

const flush = (path: string): void => {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** What is wrong inside a SQLite file; `null` if nothing is. `deep` also compares every index with its table. */
export const damageOf = (path: string, deep: boolean): string | null => {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    const row = db.prepare(deep ? 'pragma integrity_check(1)' : 'pragma quick_check(1)').get() ?? {};
    const [said] = Object.values(row);
    return said === 'ok' ? null : `${path} is damaged (${String(said)})`;
  } catch (error) {
    return explain(path, error);
  } finally {
    db?.close();
  }
};
