import { randomBytes, randomUUID } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import { deriveKey, unwrap, wrap } from '../key-wrapping.js';
import { StoreUnavailable } from '../port.js';
import { type DataKey, KeyDestroyed, KeyMissing, type KeyVault } from '../vault.js';
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

/** How long an unwrapped key may outlive its destruction in a process. */
const cacheMs = 5_000;
const cacheSize = 10_000;

export type SqliteKeyVaultOptions = {
  readonly path: string;
  /** 32 bytes. */
  readonly keyEncryptionKey: Buffer;
  readonly readOnly?: boolean;
};

/** The key vault in one file, apart from the log. Throws DataFolderError, also for a wrong key-encryption key. */
export const openSqliteKeyVault = (options: SqliteKeyVaultOptions): KeyVault => {
  const { path, keyEncryptionKey, readOnly = false } = options;
  if (keyEncryptionKey.length !== 32) {
    throw new DataFolderError(
      `The key-encryption key has ${String(keyEncryptionKey.length)} bytes: give one of 32 bytes.`,
    );
  }
  const pragmas = 'pragma secure_delete = on;';
  const db = openDataFile({ path, readOnly, applicationId, version: 1, schema, pragmas });
  try {
    verify(db, path, keyEncryptionKey, readOnly);
    return new SqliteKeyVault(db, path, keyEncryptionKey);
  } catch (error) {
    db.close();
    if (error instanceof DataFolderError) throw error;
    throw new DataFolderError(explain(path, error), { cause: error });
  }
};

/** A known value under the key-encryption key shows a wrong one at the start, not at the first erased-looking name. */
const verify = (db: DatabaseSync, path: string, keyEncryptionKey: Buffer, readOnly: boolean): void => {
  const key = deriveKey(keyEncryptionKey, 'verification');
  if (!readOnly) {
    db.prepare('insert or ignore into verification (name, wrapped) values (?, ?)').run(
      'key-encryption-key',
      wrap(key, Buffer.from('portaria'), 'verification'),
    );
  }
  const row = db.prepare('select wrapped from verification where name = ?').get('key-encryption-key');
  try {
    unwrap(key, row?.['wrapped'] as Uint8Array, 'verification');
  } catch (error) {
    throw new DataFolderError(
      `The key-encryption key is not the one that ${path} was made with: give that one, or restore the vault that belongs to this key.`,
      { cause: error },
    );
  }
};

type Wanted = { readonly tenant: string; readonly subject: string };
type Job = { readonly run: () => void; readonly done: () => void; readonly fail: (error: Error) => void };

class SqliteKeyVault implements KeyVault {
  private readonly opening = new LRUCache<string, Buffer | 'destroyed'>({ max: cacheSize, ttl: cacheMs });
  private readonly sealing = new LRUCache<string, DataKey>({ max: cacheSize, ttl: cacheMs });
  private readonly secrets = new LRUCache<string, Buffer>({ max: 1_000, ttl: cacheMs });
  private readonly tenantKeys = new LRUCache<string, Buffer>({ max: 1_000 });
  private readonly byId: StatementSync;
  private readonly bySubject: StatementSync;
  private readonly secretOf: StatementSync;
  private readonly queue = new FlushQueue<Job>((jobs) => {
    this.flush(jobs);
  });

  constructor(
    private readonly db: DatabaseSync,
    private readonly path: string,
    private readonly keyEncryptionKey: Buffer,
  ) {
    this.byId = db.prepare('select tenant, subject, wrapped, destroyed_at from data_keys where key_id = ?');
    this.bySubject = db.prepare('select key_id, wrapped, destroyed_at from data_keys where tenant = ? and subject = ?');
    this.secretOf = db.prepare('select wrapped from tenant_secrets where tenant = ?');
  }

  async dataKeys(tenant: string, subjects: readonly string[]): Promise<readonly DataKey[]> {
    const standing = subjects.map((subject) => this.standing({ tenant, subject }));
    const missing = [...new Set(subjects.filter((_subject, i) => standing[i] === undefined))];
    if (missing.length > 0)
      await this.write(() => {
        this.insert(tenant, missing);
      });
    return subjects.map((subject, i) => {
      const key = standing[i] ?? this.standing({ tenant, subject });
      if (key === undefined) throw new KeyMissing(subject);
      return key;
    });
  }

  openingKey(keyId: string): Promise<Buffer | 'destroyed'> {
    return this.answer(() => {
      const cached = this.opening.get(keyId);
      if (cached !== undefined) return cached;
      const row = this.byId.get(keyId);
      if (row === undefined) throw new KeyMissing(keyId);
      const tenant = String(row['tenant']);
      const context = contextOf({ tenant, subject: String(row['subject']) }, keyId);
      const key =
        row['destroyed_at'] === null
          ? unwrap(this.tenantKey(tenant), row['wrapped'] as Uint8Array, context)
          : ('destroyed' as const);
      this.opening.set(keyId, key);
      return key;
    });
  }

  async tenantSecret(tenant: string): Promise<Buffer> {
    const cached = this.secrets.get(tenant);
    if (cached !== undefined) return cached;
    const context = `secret\n${tenant}`;
    const read = (): Promise<Record<string, unknown> | undefined> => this.answer(() => this.secretOf.get(tenant));
    let row = await read();
    if (row === undefined) {
      const wrapped = wrap(this.tenantKey(tenant), randomBytes(32), context);
      await this.write(() => {
        this.db.prepare('insert or ignore into tenant_secrets (tenant, wrapped) values (?, ?)').run(tenant, wrapped);
      });
      row = await read();
    }
    const secret = unwrap(this.tenantKey(tenant), row?.['wrapped'] as Uint8Array, context);
    this.secrets.set(tenant, secret);
    return secret;
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
      for (const cache of [this.opening, this.sealing, this.secrets, this.tenantKeys]) cache.clear();
      resolve();
    });
  }

  /** The subject's key as it stands, durable; `undefined` if it has none yet. Throws KeyDestroyed. */
  private standing(wanted: Wanted): DataKey | undefined {
    const name = `${wanted.tenant}\n${wanted.subject}`;
    const cached = this.sealing.get(name);
    if (cached !== undefined) return cached;
    const row = this.bySubject.get(wanted.tenant, wanted.subject);
    if (row === undefined) return undefined;
    if (row['destroyed_at'] !== null) throw new KeyDestroyed(wanted.subject);
    const keyId = String(row['key_id']);
    const key = unwrap(this.tenantKey(wanted.tenant), row['wrapped'] as Uint8Array, contextOf(wanted, keyId));
    const dataKey = { keyId, key };
    this.sealing.set(name, dataKey);
    // What was just sealed is opened next, by the projection or a decider.
    this.opening.set(keyId, key);
    return dataKey;
  }

  private insert(tenant: string, subjects: readonly string[]): void {
    const statement = this.db.prepare(
      'insert or ignore into data_keys (key_id, tenant, subject, wrapped) values (?, ?, ?, ?)',
    );
    for (const subject of subjects) {
      const keyId = randomUUID();
      statement.run(
        keyId,
        tenant,
        subject,
        wrap(this.tenantKey(tenant), randomBytes(32), contextOf({ tenant, subject }, keyId)),
      );
    }
  }

  private tenantKey(tenant: string): Buffer {
    const cached = this.tenantKeys.get(tenant);
    if (cached !== undefined) return cached;
    const key = deriveKey(this.keyEncryptionKey, `tenant/${tenant}`);
    this.tenantKeys.set(tenant, key);
    return key;
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

/** Bound to each wrapped key, so that a row cannot be moved to another subject. */
const contextOf = (wanted: Wanted, keyId: string): string => `data-key\n${wanted.tenant}\n${wanted.subject}\n${keyId}`;
