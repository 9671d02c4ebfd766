import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The data folder cannot be used as it is. The message is one sentence that says what to do; nothing was changed. */
export class DataFolderError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DataFolderError';
  }
}

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that we tell apart. */
export const sqlite = {
  busy: 5,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
};

/** SQLite's primary result code of an error, `null` if the error is not SQLite's. */
export const sqliteCode = (error: unknown): number | null => {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : null;
};

/** What a failing file means and what to do, as one sentence. */
export const explain = (path: string, error: unknown): string => {
  switch (sqliteCode(error)) {
    case sqlite.full:
      return `The disk that holds ${path} is full: free some space, then try again.`;
    case sqlite.readOnly:
      return `${path} cannot be written: give this user the right to write to the file and to its folder.`;
    case sqlite.corrupt:
      return `${path} is damaged: stop the process and restore the file from its backup.`;
    case sqlite.notADatabase:
      return `${path} is not a file of Portaria: move it away, or choose another data folder.`;
    case sqlite.cannotOpen:
      return `${path} cannot be opened: check that its folder exists and that this user may read and write there.`;
    case sqlite.busy:
      return `${path} is in use by another process: stop that process, or choose another data folder.`;
    case sqlite.io:
      return explainFlush(path);
    default:
      return `${path} cannot be used: ${error instanceof Error || Error.isError(error) ? error.message : String(error)}.`;
  }
};

/** What it means that the disk did not take what was written. */
export const explainFlush = (path: string): string =>
  `The disk that holds ${path} failed: check the disk, then restart the process.`;

export type DataFile = {
  readonly path: string;
  readonly readOnly: boolean;
  /** Four ASCII letters as a number, in the file's header: whose file it is. */
  readonly applicationId: number;
  readonly version: number;
  readonly schema: string;
  /** Run on every writing connection, before the schema. */
  readonly pragmas?: string;
};

/**
 * Opens a file of ours, or makes it if there is none. WAL, synchronous=FULL until somebody else sees to the flush (`openWalFlush`), waits 5 s for a lock.
 * A file that is not ours is refused before anything is written to it. Throws DataFolderError.
 */
export const openDataFile = (file: DataFile): DatabaseSync => {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file.path, { readOnly: file.readOnly, timeout: 5000 });
    const isNew = recognise(db, file);
    if (file.readOnly) {
      if (isNew) throw new DataFolderError(`${file.path} is empty: start the process that writes it first.`);
      return db;
    }
    // The header is written before WAL begins, so that a crash while the file is made leaves a file that is known as ours.
    if (isNew) db.exec(`pragma application_id = ${String(file.applicationId)}`);
    db.exec(`pragma journal_mode = wal; pragma synchronous = full; ${file.pragmas ?? ''}`);
    // SQLite opens a write-protected file silently for reading: this finds out now, not at the first command.
    db.exec(`begin immediate; ${file.schema}; pragma user_version = ${String(file.version)}; commit`);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof DataFolderError) throw error;
    throw new DataFolderError(explain(file.path, error), { cause: error });
  }
};

/** Whether the file is new; throws where it is somebody else's, or newer than this code. Only reads. */
const recognise = (db: DatabaseSync, file: DataFile): boolean => {
  const value = (sql: string): unknown => Object.values(db.prepare(sql).get() ?? {})[0];
  const applicationId = value('pragma application_id');
  const tables = value('select count(*) from sqlite_schema');
  if (applicationId === 0 && tables === 0) return true;
  if (applicationId !== file.applicationId) {
    throw new DataFolderError(
      `${file.path} is a database of another program: move it away, or choose another data folder.`,
    );
  }
  if (Number(value('pragma user_version')) > file.version) {
    throw new DataFolderError(
      `${file.path} was written by a newer version of Portaria: deploy that version or a newer one.`,
    );
  }
  return false;
};

export type DataFolderLock = { release(): void };

/** What nobody refers to is collected, and a database that is collected gives its lock back. */
const locks = new Set<DatabaseSync>();

/**
 * Makes this process the only writer of a data folder, until released or until the process ends however it ends: the kernel
 * frees the lock. Waits up to `waitMs` for a process that is just stopping. Throws DataFolderError.
 */
export const lockDataFolder = (folder: string, options: { readonly waitMs?: number } = {}): DataFolderLock => {
  const path = join(folder, 'lock.db');
  // Never read lock.db itself as a file: closing such a descriptor would drop this process's POSIX locks on it.
  const pidPath = join(folder, 'lock.pid');
  let db: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    db = new DatabaseSync(path, { timeout: options.waitMs ?? 2000 });
    db.exec('pragma locking_mode = exclusive; begin exclusive');
    writeFileSync(pidPath, String(process.pid));
  } catch (error) {
    db?.close();
    if (sqliteCode(error) === sqlite.busy) {
      throw new DataFolderError(
        `The data folder ${folder} is in use by another process (${holder(pidPath)}): stop that process, or choose another data folder.`,
        { cause: error },
      );
    }
    const what = sqliteCode(error) === null ? explainFolder(folder, error) : explain(path, error);
    throw new DataFolderError(what, { cause: error });
  }
  const held = db;
  locks.add(held);
  return {
    release: () => {
      locks.delete(held);
      if (held.isOpen) held.close();
    },
  };
};

const explainFolder = (folder: string, error: unknown): string => {
  switch ((error as { code?: unknown }).code) {
    case 'ENOSPC':
      return `The disk that holds ${folder} is full: free some space, then try again.`;
    case 'EROFS':
      return `The disk that holds ${folder} is read-only: check the disk and make it writable, then start again.`;
    default:
      return `The data folder ${basename(folder)} in ${dirname(folder)} cannot be written: give this user the right to write there.`;
  }
};

/** The pid serves the message only: it repeats in containers and proves nothing. */
const holder = (pidPath: string): string => {
  try {
    return `pid ${readFileSync(pidPath, 'utf8')}`;
  } catch {
    return 'pid unknown';
  }
};
