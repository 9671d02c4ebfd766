import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { type KeyRing, markOf } from './key-ring.js';
import { keyCache } from './key-cache.js';
import { type DataKey, type DestroyedKey, KeyDestroyed, KeyMissing, type KeyVault } from './vault.js';

/** A data key as it is stored; `wrapped` is null once it was destroyed: a tombstone. */
export type KeyRow = {
  readonly keyId: string;
  readonly tenant: string;
  readonly subject: string;
  readonly wrapped: Uint8Array | null;
  /** Milliseconds since 1970; null as long as the key is there. */
  readonly destroyedAt: number | null;
};
/** A value wrapped by the previous key-encryption key, and the same by the present one. */
export type Rewrapped = { readonly id: string; readonly from: Uint8Array; readonly to: Uint8Array };

/** What a vault is stored in. Rejects with StoreUnavailable where it cannot be asked. */
export interface KeyRows {
  /** Those that there are, in any order. */
  bySubjects(tenant: string, subjects: readonly string[]): Promise<readonly KeyRow[]>;
  byId(keyId: string): Promise<KeyRow | undefined>;
  /** Inserts those whose subject has none, also if another process is at it; durable before this answers. */
  insert(rows: readonly KeyRow[]): Promise<void>;
  /** Makes tombstones of those subjects' rows, inserting the rows given where there is none; the first time of a destruction stays. */
  destroy(rows: readonly KeyRow[]): Promise<void>;
  /** In order. */
  subjects(tenant: string, prefix: string): Promise<readonly string[]>;
  /** See KeyVault. */
  purge(): Promise<boolean>;
  secretOf(tenant: string): Promise<Uint8Array | undefined>;
  /** As `insert`. */
  insertSecret(tenant: string, wrapped: Uint8Array): Promise<void>;
  /** Those that are not destroyed behind a key id, in order of their ids. */
  page(afterKeyId: string, limit: number): Promise<readonly KeyRow[]>;
  secrets(): Promise<readonly { readonly tenant: string; readonly wrapped: Uint8Array }[]>;
  /** Replaces values that still are what they were, by key id or tenant. */
  replace(what: 'keys' | 'secrets', values: readonly Rewrapped[]): Promise<void>;
  /** Notes that keys are being wrapped anew under the key-encryption key of the mark; then, or with `done`, that all are. */
  mark(mark: Uint8Array, done: boolean): Promise<void>;
  /** While no other process is at it. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  isEmpty(): Promise<boolean>;
  close(): Promise<void>;
}

const cacheSize = 10_000;
const rewrapPage = 200;

/** The vault over rows that hold wrapped keys. */
export class WrappedKeyVault implements KeyVault {
  private readonly opening = keyCache<Buffer | 'destroyed'>(cacheSize);
  private readonly sealing = keyCache<DataKey>(cacheSize);
  private readonly secrets = keyCache<Buffer>(1_000);

  constructor(
    private readonly rows: KeyRows,
    private readonly ring: KeyRing,
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
    const key = row.wrapped === null ? ('destroyed' as const) : this.keyOf(row, row.wrapped);
    this.opening.set(keyId, key);
    return key;
  }

  async destroy(tenant: string, subjects: readonly string[]): Promise<readonly DestroyedKey[]> {
    const destroyedAt = Date.now();
    const wanted = [...new Set(subjects)];
    await this.rows.destroy(
      wanted.map((subject) => ({ keyId: randomUUID(), tenant, subject, wrapped: null, destroyedAt })),
    );
    const rows = new Map((await this.rows.bySubjects(tenant, wanted)).map((row) => [row.subject, row]));
    return subjects.map((subject) => {
      const row = rows.get(subject);
      if (row === undefined || row.destroyedAt === null) throw new KeyMissing(subject);
      this.sealing.delete(nameOf(tenant, subject));
      this.opening.set(row.keyId, 'destroyed');
      return { subject, keyId: row.keyId, destroyedAt: new Date(row.destroyedAt).toISOString() };
    });
  }

  subjects(tenant: string, prefix: string): Promise<readonly string[]> {
    return this.rows.subjects(tenant, prefix);
  }

  purge(): Promise<boolean> {
    return this.rows.purge();
  }

  async rewrap(): Promise<number> {
    if (!this.ring.isRotating) return 0;
    return this.rows.alone(async () => {
      const mark = markOf(this.ring);
      await this.rows.mark(mark, false);
      let count = 0;
      const replace = async (what: 'keys' | 'secrets', values: readonly Rewrapped[]): Promise<void> => {
        if (values.length > 0) await this.rows.replace(what, values);
        count += values.length;
        await turn();
      };
      await replace(
        'secrets',
        (await this.rows.secrets()).flatMap(({ tenant, wrapped }) =>
          this.rewrapped(tenant, tenant, wrapped, secretContext(tenant)),
        ),
      );
      for (let after = '', more = true; more;) {
        const page = await this.rows.page(after, rewrapPage);
        await replace(
          'keys',
          page.flatMap((row) =>
            row.wrapped === null ? [] : this.rewrapped(row.keyId, row.tenant, row.wrapped, contextOf(row)),
          ),
        );
        after = page.at(-1)?.keyId ?? after;
        more = page.length === rewrapPage;
      }
      await this.rows.mark(mark, true);
      return count;
    });
  }

  async tenantSecret(tenant: string): Promise<Buffer> {
    const cached = this.secrets.get(tenant);
    if (cached !== undefined) return cached;
    const context = secretContext(tenant);
    let wrapped = await this.rows.secretOf(tenant);
    if (wrapped === undefined) {
      await this.rows.insertSecret(tenant, this.ring.wrapNew(purposeOf(tenant), context));
      wrapped = await this.rows.secretOf(tenant);
    }
    if (wrapped === undefined) throw new KeyMissing(`secret of ${tenant}`);
    const secret = this.ring.unwrap(purposeOf(tenant), wrapped, context);
    if (secret === null) throw new KeyMissing(`secret of ${tenant}`, true);
    this.secrets.set(tenant, secret);
    return secret;
  }

  isEmpty(): Promise<boolean> {
    return this.rows.isEmpty();
  }

  async close(): Promise<void> {
    await this.rows.close();
    for (const cache of [this.opening, this.sealing, this.secrets]) cache.clear();
  }

  /** Throws KeyDestroyed. */
  private unwrapped(row: KeyRow): DataKey {
    if (row.wrapped === null) throw new KeyDestroyed(row.subject);
    const key = this.keyOf(row, row.wrapped);
    const dataKey = { keyId: row.keyId, key };
    this.sealing.set(nameOf(row.tenant, row.subject), dataKey);
    // What was just sealed is opened next, by the projection or a decider.
    this.opening.set(row.keyId, key);
    return dataKey;
  }

  /** Throws KeyMissing. */
  private keyOf(row: KeyRow, wrapped: Uint8Array): Buffer {
    const key = this.ring.unwrap(purposeOf(row.tenant), wrapped, contextOf(row));
    if (key === null) throw new KeyMissing(row.keyId, true);
    return key;
  }

  private newKey(tenant: string, subject: string): KeyRow {
    const row = { keyId: randomUUID(), tenant, subject, destroyedAt: null };
    return { ...row, wrapped: this.ring.wrapNew(purposeOf(tenant), contextOf(row)) };
  }

  private rewrapped(id: string, tenant: string, from: Uint8Array, context: string): readonly Rewrapped[] {
    const to = this.ring.rewrapped(purposeOf(tenant), from, context);
    return to === null ? [] : [{ id, from, to }];
  }
}

const nameOf = (tenant: string, subject: string): string => `${tenant}\n${subject}`;
const purposeOf = (tenant: string): string => `tenant/${tenant}`;
const secretContext = (tenant: string): string => `secret\n${tenant}`;

/** Bound to each wrapped key, so that a row cannot be moved to another subject. */
const contextOf = ({ tenant, subject, keyId }: Pick<KeyRow, 'tenant' | 'subject' | 'keyId'>): string =>
  `data-key\n${tenant}\n${subject}\n${keyId}`;
