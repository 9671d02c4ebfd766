import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreUnavailable } from '../port.js';
import type { KeyVault } from '../vault.js';
import { type KeyRow, type KeyRows, verification, WrappedKeyVault } from '../wrapped-key-vault.js';
import { DataFolderError, explain, openDataFile, sqliteCode } from './data-folder.js';
import { FlushQueue } from './flush-queue.js';

/** 'PoKy' */
const applicationId = 0x506f4b79;

// A destroyed key keeps its row without its bytes: a tombstone.
const schema = `
create table if not exists data_keys (
  key_id text primary key,
  tenant text not null,
  subject text not null,
  wrapped blob,
  destroyed_at integer,
  unique (tenant, subject)
) without rowid;
create table if not exists tenant_secrets (tenant text primary key, wrapped blob not null) without rowid;
create table if not exists verification (name text primary key, wrapped blob not null) without rowid`;

export type SqliteKeyVaultOptions = {
  readonly path: string;
  /** 32 bytes. */
  readonly keyEncryptionKey: Buffer;
  readonly readOnly?: boolean;
};

/** The key vault in one file, apart from the log. Throws DataFolderError, also for a wrong key-encryption key. */
export const openSqliteKeyVault = (options: SqliteKeyVaultOptions): KeyVault => {
  const { path, keyEncryptionKey, readOnly = false } = options;
  const tooShort = verification.lengthMistake(keyEncryptionKey);
  if (tooShort !== null) throw new DataFolderError(tooShort);
  const pragmas = 'pragma secure_delete = on;';
  const db = openDataFile({ path, readOnly, applicationId, version: 1, schema, pragmas });
  try {
    verify(db, path, keyEncryptionKey, readOnly);
    return new WrappedKeyVault(new SqliteKeyRows(db, path), keyEncryptionKey);
  } catch (error) {
    db.close();
    if (error instanceof DataFolderError) throw error;
    throw new DataFolderError(explain(path, error), { cause: error });
  }
};

const verify = (db: DatabaseSync, path: string, keyEncryptionKey: Buffer, readOnly: boolean): void => {
  if (!readOnly) {
    db.prepare('insert or ignore into verification (name, wrapped) values (?, ?)').run(
      verification.name,
      verification.make(keyEncryptionKey),
    );
  }
  const row = db.prepare('select wrapped from verification where name = ?').get(verification.name);
  const mistake = verification.mistake(keyEncryptionKey, row?.['wrapped'] as Uint8Array, path);
  if (mistake !== null) throw new DataFolderError(mistake);
};

type Job = { readonly run: () => void; readonly done: () => void; readonly fail: (error: Error) => void };

class SqliteKeyRows implements KeyRows {
  private readonly oneById: StatementSync;
  private readonly oneBySubject: StatementSync;
  private readonly oneSecret: StatementSync;
  private readonly queue = new FlushQueue<Job>((jobs) => {
    this.flush(jobs);
  });

  constructor(
    private readonly db: DatabaseSync,
    private readonly path: string,
  ) {
    const columns = 'key_id, tenant, subject, case when destroyed_at is null then wrapped end as wrapped';
    this.oneById = db.prepare(`select ${columns} from data_keys where key_id = ?`);
    this.oneBySubject = db.prepare(`select ${columns} from data_keys where tenant = ? and subject = ?`);
    this.oneSecret = db.prepare('select wrapped from tenant_secrets where tenant = ?');
  }

  bySubjects(tenant: string, subjects: readonly string[]): Promise<readonly KeyRow[]> {
    return this.answer(() =>
      subjects.map((subject) => keyRow(this.oneBySubject.get(tenant, subject))).filter((row) => row !== undefined),
    );
  }

  byId(keyId: string): Promise<KeyRow | undefined> {
    return this.answer(() => keyRow(this.oneById.get(keyId)));
  }

  insert(rows: readonly KeyRow[]): Promise<void> {
    return this.write(() => {
      const statement = this.db.prepare(
        'insert or ignore into data_keys (key_id, tenant, subject, wrapped) values (?, ?, ?, ?)',
      );
      for (const { keyId, tenant, subject, wrapped } of rows) statement.run(keyId, tenant, subject, wrapped);
    });
  }

  secretOf(tenant: string): Promise<Uint8Array | undefined> {
    return this.answer(() => this.oneSecret.get(tenant)?.['wrapped'] as Uint8Array | undefined);
  }

  insertSecret(tenant: string, wrapped: Uint8Array): Promise<void> {
    return this.write(() => {
      this.db.prepare('insert or ignore into tenant_secrets (tenant, wrapped) values (?, ?)').run(tenant, wrapped);
    });
  }

  isEmpty(): Promise<boolean> {
    return this.answer(() => this.db.prepare('select 1 from data_keys limit 1').get() === undefined);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.db.isOpen) {
        this.queue.drain();
        this.db.close();
      }
      resolve();
    });
  }

  private answer<T>(read: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      try {
        resolve(read());
      } catch (error) {
        reject(
          sqliteCode(error) === null
            ? (error as Error)
            : new StoreUnavailable(explain(this.path, error), { cause: error }),
        );
      }
    });
  }

  private write(run: () => void): Promise<void> {
    return new Promise((done, fail) => {
      this.queue.push({ run, done, fail });
    });
  }

  /** Concurrent calls share one transaction; they are answered after COMMIT. */
  private flush(jobs: readonly Job[]): void {
    try {
      this.db.exec('begin immediate');
      for (const job of jobs) job.run();
      this.db.exec('commit');
    } catch (error) {
      if (this.db.isOpen && this.db.isTransaction) this.db.exec('rollback');
      const unavailable = new StoreUnavailable(explain(this.path, error), { cause: error });
      for (const job of jobs) job.fail(unavailable);
      return;
    }
    for (const job of jobs) job.done();
  }
}

const keyRow = (row: Record<string, unknown> | undefined): KeyRow | undefined =>
  row === undefined
    ? undefined
    : {
        keyId: String(row['key_id']),
        tenant: String(row['tenant']),
        subject: String(row['subject']),
        wrapped: row['wrapped'] as Uint8Array | null,
      };
