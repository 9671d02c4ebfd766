import { randomBytes, randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { deriveKey, unwrap, wrap } from './key-wrapping.js';
import { type DataKey, KeyDestroyed, KeyMissing, type KeyVault } from './vault.js';

/** A data key as it is stored; `wrapped` is null once it was destroyed: a tombstone. */
export type KeyRow = {
  readonly keyId: string;
  readonly tenant: string;
  readonly subject: string;
  readonly wrapped: Uint8Array | null;
};

/** What a vault is stored in. Rejects with StoreUnavailable where it cannot be asked. */
export interface KeyRows {
  /** Those that there are, in any order. */
  bySubjects(tenant: string, subjects: readonly string[]): Promise<readonly KeyRow[]>;
  byId(keyId: string): Promise<KeyRow | undefined>;
  /** Inserts those whose subject has none, also if another process is at it; durable before this answers. */
  insert(rows: readonly KeyRow[]): Promise<void>;
  secretOf(tenant: string): Promise<Uint8Array | undefined>;
  /** As `insert`. */
  insertSecret(tenant: string, wrapped: Uint8Array): Promise<void>;
  isEmpty(): Promise<boolean>;
  close(): Promise<void>;
}

/** How long an unwrapped key may outlive its destruction in a process. */
const cacheMs = 5_000;
const cacheSize = 10_000;

/** The vault over rows that hold keys wrapped by the key-encryption key, of 32 bytes. */
export class WrappedKeyVault implements KeyVault {
  private readonly opening = new LRUCache<string, Buffer | 'destroyed'>({ max: cacheSize, ttl: cacheMs });
  private readonly sealing = new LRUCache<string, DataKey>({ max: cacheSize, ttl: cacheMs });
  private readonly secrets = new LRUCache<string, Buffer>({ max: 1_000, ttl: cacheMs });
  private readonly tenantKeys = new LRUCache<string, Buffer>({ max: 1_000 });

  constructor(
    private readonly rows: KeyRows,
    private readonly keyEncryptionKey: Buffer,
  ) {}

  async dataKeys(tenant: string, subjects: readonly string[]): Promise<readonly DataKey[]> {
    const keys = new Map<string, DataKey>();
    let missing = [...new Set(subjects)].filter((subject) => {
      const cached = this.sealing.get(nameOf(tenant, subject));
      if (cached !== undefined) keys.set(subject, cached);
      return cached === undefined;
    });
    const read = async (): Promise<void> => {
      for (const row of await this.rows.bySubjects(tenant, missing)) keys.set(row.subject, this.unwrapped(row));
      missing = missing.filter((subject) => !keys.has(subject));
    };
    if (missing.length > 0) await read();
    if (missing.length > 0) {
      await this.rows.insert(missing.map((subject) => this.newKey(tenant, subject)));
      await read();
    }
    return subjects.map((subject) => {
      const key = keys.get(subject);
      if (key === undefined) throw new KeyMissing(subject);
      return key;
    });
  }

  async openingKey(keyId: string): Promise<Buffer | 'destroyed'> {
    const cached = this.opening.get(keyId);
    if (cached !== undefined) return cached;
    const row = await this.rows.byId(keyId);
    if (row === undefined) throw new KeyMissing(keyId);
    const key =
      row.wrapped === null ? ('destroyed' as const) : unwrap(this.tenantKey(row.tenant), row.wrapped, contextOf(row));
    this.opening.set(keyId, key);
    return key;
  }

  async tenantSecret(tenant: string): Promise<Buffer> {
    const cached = this.secrets.get(tenant);
    if (cached !== undefined) return cached;
    const context = `secret\n${tenant}`;
    let wrapped = await this.rows.secretOf(tenant);
    if (wrapped === undefined) {
      await this.rows.insertSecret(tenant, wrap(this.tenantKey(tenant), randomBytes(32), context));
      wrapped = await this.rows.secretOf(tenant);
    }
    if (wrapped === undefined) throw new KeyMissing(`secret of ${tenant}`);
    const secret = unwrap(this.tenantKey(tenant), wrapped, context);
    this.secrets.set(tenant, secret);
    return secret;
  }

  isEmpty(): Promise<boolean> {
    return this.rows.isEmpty();
  }

  async close(): Promise<void> {
    await this.rows.close();
    for (const cache of [this.opening, this.sealing, this.secrets, this.tenantKeys]) cache.clear();
  }

  /** Throws KeyDestroyed. */
  private unwrapped(row: KeyRow): DataKey {
    if (row.wrapped === null) throw new KeyDestroyed(row.subject);
    const key = unwrap(this.tenantKey(row.tenant), row.wrapped, contextOf(row));
    const dataKey = { keyId: row.keyId, key };
    this.sealing.set(nameOf(row.tenant, row.subject), dataKey);
    // What was just sealed is opened next, by the projection or a decider.
    this.opening.set(row.keyId, key);
    return dataKey;
  }

  private newKey(tenant: string, subject: string): KeyRow {
    const row = { keyId: randomUUID(), tenant, subject };
    return { ...row, wrapped: wrap(this.tenantKey(tenant), randomBytes(32), contextOf(row)) };
  }

  private tenantKey(tenant: string): Buffer {
    const cached = this.tenantKeys.get(tenant);
    if (cached !== undefined) return cached;
    const key = deriveKey(this.keyEncryptionKey, `tenant/${tenant}`);
    this.tenantKeys.set(tenant, key);
    return key;
  }
}

const nameOf = (tenant: string, subject: string): string => `${tenant}\n${subject}`;

/** Bound to each wrapped key, so that a row cannot be moved to another subject. */
const contextOf = ({ tenant, subject, keyId }: Omit<KeyRow, 'wrapped'>): string =>
  `data-key\n${tenant}\n${subject}\n${keyId}`;

/** A known value under the key-encryption key shows a wrong one at the start, not at the first erased-looking name. */
export const verification = {
  name: 'key-encryption-key',
  make: (keyEncryptionKey: Buffer): Buffer =>
    wrap(deriveKey(keyEncryptionKey, 'verification'), Buffer.from('portaria'), 'verification'),
  /** `stored` is what a vault holds under the name; `place` names the vault in the sentence. Returns the mistake, null if there is none. */
  mistake: (keyEncryptionKey: Buffer, stored: Uint8Array, place: string): string | null => {
    try {
      unwrap(deriveKey(keyEncryptionKey, 'verification'), stored, 'verification');
      return null;
    } catch {
      return `The key-encryption key is not the one that ${place} was made with: give that one, or restore the vault that belongs to this key.`;
    }
  },
  lengthMistake: (keyEncryptionKey: Buffer): string | null =>
    keyEncryptionKey.length === 32
      ? null
      : `The key-encryption key has ${String(keyEncryptionKey.length)} bytes: give one of 32 bytes.`,
} as const;
