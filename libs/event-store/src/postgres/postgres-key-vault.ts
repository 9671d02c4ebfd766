import {
  explain,
  isDisconnection,
  keysSchemaOf,
  openPool,
  ownSchema,
  PostgresUnusable,
  quoted,
  type Pool,
} from '#postgres';
import { StoreUnavailable } from '../port.js';
import type { KeyVault } from '../vault.js';
import { type KeyRow, type KeyRows, verification, WrappedKeyVault } from '../wrapped-key-vault.js';

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
const CONNECTIONS = 4;

/** A key is on the disk before a fact is sealed with it, whatever the server's default; on the standbys that the server waits for, too. */
const WRITE = 'set synchronous_commit = on';
const READ_ONLY = 'set default_transaction_read_only = on';

export type PostgresKeyVaultOptions = {
  readonly url: string;
  /** 32 bytes. */
  readonly keyEncryptionKey: Buffer;
  /** Makes nothing, neither keys nor tables. */
  readonly readOnly?: boolean;
};

/**
 * The key vault in a schema of its own beside the connection string's (`portaria_keys`), which nothing of ours drops; several processes share it.
 * Throws PostgresUnusable, also for a wrong key-encryption key.
 */
export const openPostgresKeyVault = async (options: PostgresKeyVaultOptions): Promise<KeyVault> => {
  const { url, keyEncryptionKey, readOnly = false } = options;
  const tooShort = verification.lengthMistake(keyEncryptionKey);
  if (tooShort !== null) throw new PostgresUnusable(tooShort, false);
  const pool = openPool(url, { name: 'keys', statementMs: 10_000, setUp: readOnly ? READ_ONLY : WRITE }, CONNECTIONS);
  try {
    const schema = await prepare(pool, keyEncryptionKey, readOnly);
    return new WrappedKeyVault(new PostgresKeyRows(pool, quoted(schema)), keyEncryptionKey);
  } catch (error) {
    await pool.end();
    throw explain(error);
  }
};

/** Makes what is missing and looks at the key-encryption key. Returns the schema's name. */
const prepare = async (pool: Pool, keyEncryptionKey: Buffer, readOnly: boolean): Promise<string> => {
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
        verification.name,
        verification.make(keyEncryptionKey),
      ]);
      await client.query('commit');
    }
    const { rows } = await client.query<{ wrapped: Uint8Array }>(
      `select wrapped from ${schema}.verification where name = $1`,
      [verification.name],
    );
    const stored = rows[0]?.wrapped ?? Buffer.alloc(0);
    const mistake = verification.mistake(keyEncryptionKey, stored, `the schema ${name} of PostgreSQL`);
    if (mistake !== null) throw new PostgresUnusable(mistake, false);
    client.release();
    return name;
  } catch (error) {
    client.release(true);
    throw error;
  }
};

class PostgresKeyRows implements KeyRows {
  private readonly columns = `key_id as "keyId", tenant, subject, case when destroyed_at is null then wrapped end as wrapped`;

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
    for (let tries = 0; ; tries++) {
      try {
        return (await this.pool.query<T>(sql, [...values])).rows;
      } catch (error) {
        if (isDisconnection(error) && tries <= CONNECTIONS) continue;
        const explained = explain(error);
        if (!(explained instanceof PostgresUnusable)) throw error;
        throw new StoreUnavailable(`the key vault: ${explained.message}`, { cause: error });
      }
    }
  }
}
