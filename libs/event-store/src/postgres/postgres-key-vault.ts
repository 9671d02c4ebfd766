import {
  explain,
  keysSchemaOf,
  lend,
  openPool,
  ownSchema,
  PostgresUnusable,
  quoted,
  unhurried,
  type Pool,
} from '#postgres';
import { StoreUnavailable } from '../port.js';
import type { KeyVault } from '../vault.js';
import { KeyRing, MARK, markOf, mistakeOfKeys, mistakeOfLength } from '../key-ring.js';
import { type KeyRow, type KeyRows, type Rewrapped, WrappedKeyVault } from '../wrapped-key-vault.js';

// A destroyed key keeps its row without its bytes: a tombstone.
const tables = (schema: string): string => `
create table if not exists ${schema}.data_keys (
  key_id text collate "C" primary key,
  tenant text collate "C" not null,
  subject text collate "C" not null,
  wrapped bytea,
  destroyed_at bigint,
  unique (tenant, subject)
);
create table if not exists ${schema}.tenant_secrets (tenant text collate "C" primary key, wrapped bytea not null);
create table if not exists ${schema}.verification (name text collate "C" primary key, wrapped bytea not null)`;

/** One process makes the tables at a time. */
const MIGRATION_LOCK = 7_365_023_111;
/** One process wraps keys anew at a time. */
const REWRAP_LOCK = 7_365_023_112;
const CONNECTIONS = 4;

/** A key is on the disk before a fact is sealed with it, whatever the server's default; on the standbys that the server waits for, too. */
const WRITE = 'set synchronous_commit = on';
const READ_ONLY = 'set default_transaction_read_only = on';

export type PostgresKeyVaultOptions = {
  readonly url: string;
  /** 32 bytes. */
  readonly keyEncryptionKey: Buffer;
  /** The one that a rotation replaces. */
  readonly previousKey?: Buffer | null;
  /** Makes nothing, neither keys nor tables. */
  readonly readOnly?: boolean;
};

/**
 * The key vault in a schema of its own beside the connection string's (`portaria_keys`), which nothing of ours drops; several processes share it.
 * Throws PostgresUnusable, also for a wrong key-encryption key.
 */
export const openPostgresKeyVault = async (options: PostgresKeyVaultOptions): Promise<KeyVault> => {
  const { url, keyEncryptionKey: current, previousKey: previous = null, readOnly = false } = options;
  const tooShort = mistakeOfLength({ current, previous });
  if (tooShort !== null) throw new PostgresUnusable(tooShort, false);
  const ring = new KeyRing({ current, previous });
  const pool = openPool(url, { name: 'keys', statementMs: 10_000, setUp: readOnly ? READ_ONLY : WRITE }, CONNECTIONS);
  try {
    const schema = await prepare(pool, ring, readOnly);
    return new WrappedKeyVault(new PostgresKeyRows(pool, quoted(schema)), ring);
  } catch (error) {
    await pool.end();
    throw explain(error);
  }
};

/** Makes what is missing and looks at the key-encryption key. Returns the schema's name. */
const prepare = async (pool: Pool, ring: KeyRing, readOnly: boolean): Promise<string> => {
  const client = await pool.connect();
  try {
    const name = keysSchemaOf((await ownSchema(client)).name);
    const schema = quoted(name);
    if (!readOnly) {
      await client.query('begin');
      await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
      const { rows } = await client.query<{ known: boolean }>('select to_regnamespace($1) is not null as known', [
        schema,
      ]);
      if (rows[0]?.known !== true) await client.query(`create schema ${schema}`);
      await client.query(tables(schema));
      await client.query(`insert into ${schema}.verification (name, wrapped) values ($1, $2) on conflict do nothing`, [
        MARK.made,
        markOf(ring),
      ]);
      await client.query('commit');
    }
    const { rows } = await client.query<{ name: string; wrapped: Uint8Array }>(
      `select name, wrapped from ${schema}.verification`,
    );
    const markNamed = (wanted: string): Uint8Array | null => rows.find((row) => row.name === wanted)?.wrapped ?? null;
    const marks = { made: markNamed(MARK.made) ?? new Uint8Array(), rewrapping: markNamed(MARK.rewrapping) };
    const mistake = mistakeOfKeys(ring, marks, `the schema ${name} of PostgreSQL`);
    if (mistake !== null) throw new PostgresUnusable(mistake, false);
    client.release();
    return name;
  } catch (error) {
    client.release(true);
    throw error;
  }
};

class PostgresKeyRows implements KeyRows {
  private readonly columns = `key_id as "keyId", tenant, subject, case when destroyed_at is null then wrapped end as wrapped,
    destroyed_at::float8 as "destroyedAt"`;

  constructor(
    private readonly pool: Pool,
    private readonly schema: string,
  ) {}

  bySubjects(tenant: string, subjects: readonly string[]): Promise<readonly KeyRow[]> {
    return this.rows(
      `select ${this.columns} from ${this.schema}.data_keys where tenant = $1 and subject = any($2)`,
      tenant,
      subjects,
    );
  }

  async byId(keyId: string): Promise<KeyRow | undefined> {
    const [row] = await this.rows<KeyRow>(
      `select ${this.columns} from ${this.schema}.data_keys where key_id = $1`,
      keyId,
    );
    return row;
  }

  async insert(rows: readonly KeyRow[]): Promise<void> {
    // In one order in every process, so that no two wait for each other.
    const ordered = rows.toSorted((a, b) => (a.subject < b.subject ? -1 : 1));
    await this.rows(
      `insert into ${this.schema}.data_keys (key_id, tenant, subject, wrapped)
         select * from unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) on conflict do nothing`,
      ordered.map((row) => row.keyId),
      ordered.map((row) => row.tenant),
      ordered.map((row) => row.subject),
      ordered.map((row) => row.wrapped),
    );
  }

  async destroy(rows: readonly KeyRow[]): Promise<void> {
    const ordered = rows.toSorted((a, b) => (a.subject < b.subject ? -1 : 1));
    await this.rows(
      `insert into ${this.schema}.data_keys as own (key_id, tenant, subject, wrapped, destroyed_at)
         select key_id, tenant, subject, null, destroyed_at
           from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as given (key_id, tenant, subject, destroyed_at)
         on conflict (tenant, subject) do update
           set wrapped = null, destroyed_at = coalesce(own.destroyed_at, excluded.destroyed_at)`,
      ordered.map((row) => row.keyId),
      ordered.map((row) => row.tenant),
      ordered.map((row) => row.subject),
      ordered.map((row) => row.destroyedAt),
    );
  }

  async subjects(tenant: string, prefix: string): Promise<readonly string[]> {
    const sql = `select subject from ${this.schema}.data_keys
      where tenant = $1 and subject >= $2 and starts_with(subject, $2) order by subject`;
    return (await this.rows<{ subject: string }>(sql, tenant, prefix)).map(({ subject }) => subject);
  }

  /** The server's pages hold the row of before until it reuses them: its WAL, replicas and backups lose it with their retention. */
  async purge(): Promise<boolean> {
    await this.rows(`vacuum ${this.schema}.data_keys`);
    return true;
  }

  page(afterKeyId: string, limit: number): Promise<readonly KeyRow[]> {
    return this.rows(
      `select ${this.columns} from ${this.schema}.data_keys where key_id > $1 and destroyed_at is null order by key_id limit $2`,
      afterKeyId,
      limit,
    );
  }

  secrets(): Promise<readonly { readonly tenant: string; readonly wrapped: Uint8Array }[]> {
    return this.rows(`select tenant, wrapped from ${this.schema}.tenant_secrets`);
  }

  async replace(what: 'keys' | 'secrets', values: readonly Rewrapped[]): Promise<void> {
    const [table, id] = what === 'keys' ? ['data_keys', 'key_id'] : ['tenant_secrets', 'tenant'];
    await this.rows(
      `update ${this.schema}.${table} as own set wrapped = given.later
         from unnest($1::text[], $2::bytea[], $3::bytea[]) as given (id, before, later)
        where own.${id} = given.id and own.wrapped = given.before`,
      values.map((value) => value.id),
      values.map((value) => value.from),
      values.map((value) => value.to),
    );
  }

  async mark(mark: Uint8Array, done: boolean): Promise<void> {
    const table = `${this.schema}.verification`;
    await this.rows(
      done
        ? `with ended as (delete from ${table} where name = '${MARK.rewrapping}')
           update ${table} set wrapped = $1 where name = '${MARK.made}'`
        : `insert into ${table} (name, wrapped) values ('${MARK.rewrapping}', $1)
           on conflict (name) do update set wrapped = excluded.wrapped`,
      mark,
    );
  }

  async alone<T>(work: () => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query('set statement_timeout = 0');
      await client.query(unhurried('select pg_advisory_lock($1)', [REWRAP_LOCK]));
      return await work();
    } finally {
      // With the connection the lock goes, whatever became of both.
      client.release(true);
    }
  }

  async secretOf(tenant: string): Promise<Uint8Array | undefined> {
    const sql = `select wrapped from ${this.schema}.tenant_secrets where tenant = $1`;
    return (await this.rows<{ wrapped: Uint8Array }>(sql, tenant))[0]?.wrapped;
  }

  async insertSecret(tenant: string, wrapped: Uint8Array): Promise<void> {
    const sql = `insert into ${this.schema}.tenant_secrets (tenant, wrapped) values ($1, $2) on conflict do nothing`;
    await this.rows(sql, tenant, wrapped);
  }

  async isEmpty(): Promise<boolean> {
    return (await this.rows(`select 1 from ${this.schema}.data_keys limit 1`)).length === 0;
  }

  async close(): Promise<void> {
    if (!this.pool.ended) await this.pool.end();
  }

  /** Every statement here may be said twice, so that a connection that was cut while it lay idle is tried again once. */
  private async rows<T extends object>(sql: string, ...values: readonly unknown[]): Promise<readonly T[]> {
    try {
      const { client, value } = await lend(this.pool, (lent) => lent.query<T>(sql, [...values]));
      client.release();
      return value.rows;
    } catch (error) {
      const explained = explain(error);
      if (!(explained instanceof PostgresUnusable)) throw error;
      throw new StoreUnavailable(`the key vault: ${explained.message}`, { cause: error });
    }
  }
}
