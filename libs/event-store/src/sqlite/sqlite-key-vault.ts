import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreUnavailable } from '../port.js';
import type { KeyVault } from '../vault.js';
import { KeyRing, MARK, markOf, mistakeOfKeys, mistakeOfLength } from '../key-ring.js';
import { type KeyRow, type KeyRows, type Rewrapped, WrappedKeyVault } from '../wrapped-key-vault.js';
import { DataFolderError, explain, openDataFile, sqliteCode } from './data-folder.js';
import { FlushQueue } from './flush-queue.js';
import { failureOf, openWalFlush, type WalFlush } from './wal-flush.js';

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
  /** The one that a rotation replaces. */
  readonly previousKey?: Buffer | null;
  readonly readOnly?: boolean;
  /** The disk failed under a flush: nobody knows what it holds, and the process has to end. Nothing is answered from then on. */
  readonly onBroken?: (error: StoreUnavailable) => void;
};

/** The key vault in one file, apart from the log. Throws DataFolderError, also for a wrong key-encryption key. */
export const openSqliteKeyVault = (options: SqliteKeyVaultOptions): KeyVault => {
  const { path, keyEncryptionKey: current, previousKey: previous = null, readOnly = false } = options;
  const tooShort = mistakeOfLength({ current, previous });
  if (tooShort !== null) throw new DataFolderError(tooShort);
  const ring = new KeyRing({ current, previous });
  const pragmas = 'pragma secure_delete = on;';
  const db = openDataFile({ path, readOnly, applicationId, version: 1, schema, pragmas });
  try {
    verify(db, path, ring, readOnly);
    const wal = readOnly ? null : openWalFlush(db, path);
    return new WrappedKeyVault(new SqliteKeyRows(db, path, wal, options.onBroken), ring);
  } catch (error) {
    db.close();
    if (error instanceof DataFolderError) throw error;
    throw new DataFolderError(explain(path, error), { cause: error });
  }
};

const verify = (db: DatabaseSync, path: string, ring: KeyRing, readOnly: boolean): void => {
  if (!readOnly) {
    db.prepare('insert or ignore into verification (name, wrapped) values (?, ?)').run(MARK.made, markOf(ring));
  }
  const markNamed = (name: string): Uint8Array | null =>
    (db.prepare('select wrapped from verification where name = ?').get(name)?.['wrapped'] ?? null) as Uint8Array | null;
  const marks = { made: markNamed(MARK.made) ?? new Uint8Array(), rewrapping: markNamed(MARK.rewrapping) };
  const mistake = mistakeOfKeys(ring, marks, path);
  if (mistake !== null) throw new DataFolderError(mistake);
};

const columns =
  'key_id, tenant, subject, case when destroyed_at is null then wrapped end as wrapped, destroyed_at as destroyed';

type Job = { readonly run: () => void; readonly done: () => void; readonly fail: (error: Error) => void };

export class SqliteKeyRows implements KeyRows {
  private readonly oneById: StatementSync;
  private readonly oneBySubject: StatementSync;
  private readonly oneSecret: StatementSync;
  private readonly queue = new FlushQueue<Job>((jobs) => this.flush(jobs));
  private broken: StoreUnavailable | null = null;

  constructor(
    private readonly db: DatabaseSync,
    private readonly path: string,
    /** Absent where nothing is written. */
    private readonly wal: WalFlush | null,
    private readonly onBroken: (error: StoreUnavailable) => void = () => undefined,
  ) {
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

  destroy(rows: readonly KeyRow[]): Promise<void> {
    return this.write(() => {
      const statement = this.db.prepare(
        `insert into data_keys (key_id, tenant, subject, wrapped, destroyed_at) values (?, ?, ?, null, ?)
           on conflict (tenant, subject) do update
             set wrapped = null, destroyed_at = coalesce(destroyed_at, excluded.destroyed_at)`,
      );
      for (const { keyId, tenant, subject, destroyedAt } of rows) statement.run(keyId, tenant, subject, destroyedAt);
    });
  }

  subjects(tenant: string, prefix: string): Promise<readonly string[]> {
    return this.answer(() =>
      this.db
        .prepare(
          'select subject from data_keys where tenant = ? and subject >= ? and substr(subject, 1, ?) = ? order by subject',
        )
        .all(tenant, prefix, prefix.length, prefix)
        .map((row) => String(row['subject'])),
    );
  }

  /** The bytes of a destroyed key are overwritten in the file (`secure_delete`); they are gone when the WAL is, too. */
  async purge(): Promise<boolean> {
    if (!(await this.answer(() => isTruncated(this.db)))) return false;
    // Cut off, not yet flushed: a power failure could bring it back.
    const failure = await this.reachDisk();
    if (failure !== null) throw failure;
    return true;
  }

  page(afterKeyId: string, limit: number): Promise<readonly KeyRow[]> {
    return this.answer(() =>
      this.db
        .prepare(
          `select ${columns} from data_keys where key_id > ? and destroyed_at is null order by key_id limit ${String(limit)}`,
        )
        .all(afterKeyId)
        .map((row) => keyRow(row))
        .filter((row) => row !== undefined),
    );
  }

  secrets(): Promise<readonly { readonly tenant: string; readonly wrapped: Uint8Array }[]> {
    return this.answer(() =>
      this.db
        .prepare('select tenant, wrapped from tenant_secrets')
        .all()
        .map((row) => ({ tenant: String(row['tenant']), wrapped: row['wrapped'] as Uint8Array })),
    );
  }

  replace(what: 'keys' | 'secrets', values: readonly Rewrapped[]): Promise<void> {
    const [table, id] = what === 'keys' ? ['data_keys', 'key_id'] : ['tenant_secrets', 'tenant'];
    return this.write(() => {
      const statement = this.db.prepare(`update ${table} set wrapped = ? where ${id} = ? and wrapped = ?`);
      for (const { id: which, from, to } of values) statement.run(to, which, from);
    });
  }

  mark(mark: Uint8Array, done: boolean): Promise<void> {
    return this.write(() => {
      const statement = this.db.prepare('insert or replace into verification (name, wrapped) values (?, ?)');
      statement.run(done ? MARK.made : MARK.rewrapping, mark);
      if (done) this.db.prepare('delete from verification where name = ?').run(MARK.rewrapping);
    });
  }

  /** One process has the folder. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return work();
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

  async close(): Promise<void> {
    await this.queue.drain();
    if (!this.db.isOpen) return;
    this.wal?.close();
    this.db.close();
  }

  /** What was written and has not reached the disk is nobody's yet: what a key of it sealed might outlive the key. */
  private async answer<T>(read: () => T): Promise<T> {
    // Again each time: between a flush and whoever waited for it the next may have begun.
    for (let flush = this.queue.underWay; flush !== null; flush = this.queue.underWay) await flush;
    if (this.broken !== null) throw this.broken;
    try {
      return read();
    } catch (error) {
      throw sqliteCode(error) === null ? error : new StoreUnavailable(explain(this.path, error), { cause: error });
    }
  }

  private write(run: () => void): Promise<void> {
    return new Promise((done, fail) => {
      this.queue.push({ run, done, fail });
    });
  }

  /** Concurrent calls share one transaction; they are answered when the disk has it. */
  private async flush(jobs: readonly Job[]): Promise<void> {
    const failure = this.broken ?? this.commit(jobs) ?? (await this.reachDisk());
    for (const job of jobs) {
      if (failure === null) job.done();
      else job.fail(failure);
    }
  }

  private commit(jobs: readonly Job[]): StoreUnavailable | null {
    try {
      this.db.exec('begin immediate');
      for (const job of jobs) job.run();
      this.db.exec('commit');
      return null;
    } catch (error) {
      if (this.db.isOpen && this.db.isTransaction) this.db.exec('rollback');
      return new StoreUnavailable(explain(this.path, error), { cause: error });
    }
  }

  private async reachDisk(): Promise<StoreUnavailable | null> {
    const failure = this.wal === null ? null : await failureOf(this.wal, this.path);
    if (failure !== null) {
      this.broken = failure;
      this.onBroken(failure);
    }
    return failure;
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
        destroyedAt: row['destroyed'] === null ? null : Number(row['destroyed']),
      };

/** Copies the WAL into the file and empties it, unless somebody reads just now. */
const isTruncated = (db: DatabaseSync): boolean => {
  db.exec('pragma busy_timeout = 0');
  try {
    return db.prepare('pragma wal_checkpoint(truncate)').get()?.['busy'] === 0;
  } finally {
    db.exec('pragma busy_timeout = 5000');
  }
};
