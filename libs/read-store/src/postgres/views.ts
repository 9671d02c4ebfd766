import { connect, isTransient, ownSchema, quoted, sqlState, type Client } from '#postgres';
import { LIVE } from '../system-tables.js';

/** Teams' roles are members of it; it sees the views and, by their tenants, the rows. */
export const READER = 'portaria_reader';

export type ViewLog = (level: 'info' | 'warn' | 'error', message: string) => void;

const LOCK_TIMEOUT = '50ms';
const TRIES = 20;
const JITTER_MS = 100;
const LATER_MS = 10_000;

/** SQL for somebody who may create roles; may be run twice. What it names comes to life at the next start or swap. */
export const readerSql = (schema: string): string =>
  [
    `do $$ begin if to_regrole('${READER}') is null then create role ${READER} nologin; end if; end $$;`,
    `grant usage on schema ${quoted(schema)} to ${READER};`,
    `grant select on ${quoted(schema)}.reader_tenants to ${READER};`,
    `-- for each team: create role a_team login password '…'; grant ${READER} to a_team;`,
    `-- and its tenants: insert into ${quoted(schema)}.reader_tenants (role, tenant) values ('a_team', 'a-tenant');`,
  ].join('\n');

/** What views and their readers stand on; part of a migration. Returns whether the readers' role exists. */
export const prepareReaders = async (client: Client, schema: string): Promise<boolean> => {
  await client.query(`
    create table if not exists reader_tenants (role text collate "C" not null, tenant text collate "C" not null, primary key (role, tenant));
    alter table reader_tenants enable row level security;
    drop policy if exists own on reader_tenants;
    create policy own on reader_tenants for select using (role = current_user)`);
  await client.query('savepoint readers');
  try {
    await client.query(readerSql(schema));
  } catch (error) {
    await client.query('rollback to savepoint readers');
    // No right to make roles, or another process makes it at this moment.
    if (!['42501', '42710', '23505'].includes(sqlState(error) ?? '')) throw error;
  }
  return readersExist(client);
};

const readersExist = async (client: Client): Promise<boolean> => {
  const { rows } = await client.query<{ known: boolean }>(`select to_regrole('${READER}') is not null as known`);
  return rows[0]?.known === true;
};

/** Readers see the rows of their tenants only, on whatever way they come. The owner, which we are, sees all. Of a table that nobody reads yet. */
export const guardTable = async (client: Client, name: string): Promise<void> => {
  if (!(await readersExist(client))) return;
  const table = quoted(name);
  await client.query(`
    alter table ${table} enable row level security;
    drop policy if exists by_tenant on ${table};
    create policy by_tenant on ${table} for select to ${READER}
      using (tenant in (select r.tenant from reader_tenants r where r.role = current_user));
    grant select on ${table} to ${READER}`);
};

type Wanted = { readonly projection: string; readonly table: string; readonly columns: readonly string[] };

/**
 * The views by which other teams read: one named after each projection, over the live generation's table, with its columns by name.
 * They follow the swaps of tables, a moment later, on a connection of their own: whoever reads a view for long keeps nobody but it.
 */
export class Views {
  #running: Promise<void> | null = null;
  #again = false;
  #closed = false;
  #later: NodeJS.Timeout | undefined;

  constructor(
    readonly url: string,
    readonly log: ViewLog,
  ) {}

  /** Has the views follow what is live now. Returns at once; what fails is said and tried again. */
  publish(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#later);
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        await this.#once();
      } catch (error) {
        const message = Error.isError(error) ? error.message : String(error);
        if (!isTransient(error)) this.log('warn', `the views for other teams are as they were: ${message}`);
        clearTimeout(this.#later);
        this.#later = setTimeout(() => {
          this.publish();
        }, LATER_MS).unref();
      }
    }
  }

  async #once(): Promise<void> {
    const client = await connect(this.url, { name: 'views', statementMs: 10_000 });
    try {
      for (const wanted of await outdated(client)) await this.#swap(client, wanted);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async #swap(client: Client, wanted: Wanted): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await client.query(`begin; set local lock_timeout = '${LOCK_TIMEOUT}'`);
        await swap(client, wanted);
        await client.query('commit');
        return;
      } catch (error) {
        const blocked = sqlState(error) === '55P03';
        await client.query('rollback');
        if (!blocked) throw error;
        if (tries === TRIES)
          this.log(
            'warn',
            `the view ${wanted.projection} waits for ${await blockers(client, wanted)}: it is as it was, and tried again`,
          );
        if (tries >= TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * JITTER_MS));
        if (this.#closed) throw error;
      }
    }
  }
}

/** Views that do not show the live table yet, or not to the readers. */
const outdated = async (client: Client): Promise<readonly Wanted[]> => {
  const schema = (await ownSchema(client)).name;
  const { rows } = await client.query<Wanted>(
    `select g.projection, t.relname as "table",
            (select json_agg(a.attname order by a.attnum) from pg_attribute a where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped) as columns
       from (select distinct on (projection) projection, generation from portaria_generation
              where (state = 'live' and cohort = $2) or state = 'paused' order by projection, state, generation desc) g
       join pg_class t on t.relnamespace = to_regnamespace(quote_ident($1)) and t.relname = g.projection || '__g' || g.generation
       left join pg_class v on v.relnamespace = t.relnamespace and v.relname = g.projection
      where (v.oid is null or obj_description(v.oid, 'pg_class') is distinct from t.relname::text
             or (to_regrole($3) is not null and not has_table_privilege($3, v.oid, 'select')))
      order by g.projection`,
    [schema, LIVE, READER],
  );
  return rows;
};

const swap = async (client: Client, { projection, table, columns }: Wanted): Promise<void> => {
  const [view, list] = [quoted(projection), columns.map(quoted).join(', ')];
  const select = `view ${view} with (security_invoker = true) as select ${list} from ${quoted(table)}`;
  await client.query('savepoint replacing');
  try {
    // Keeps what others have built on the view.
    await client.query(`create or replace ${select}`);
  } catch (error) {
    // Other columns than before.
    if (sqlState(error) !== '42P16') throw error;
    await client.query(`rollback to savepoint replacing; drop view ${view}; create ${select}`);
  }
  await client.query(`comment on view ${view} is '${table}'`);
  const { rows } = await client.query<{ guarded: boolean }>(
    'select relrowsecurity as guarded from pg_class where oid = to_regclass($1)',
    [quoted(table)],
  );
  if (rows[0]?.guarded !== true) await guardTable(client, table);
  if (await readersExist(client)) await client.query(`grant select on ${view} to ${READER}`);
};

/** Sessions that hold locks on the view, or on its table. */
const blockers = async (client: Client, { projection, table }: Wanted): Promise<string> => {
  const { rows } = await client.query<{ who: string }>(
    `select distinct format('pid %s (%s, %s)', a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'unnamed')) as who
       from pg_locks l join pg_stat_activity a on a.pid = l.pid
      where l.granted and a.pid <> pg_backend_pid() and l.relation in (to_regclass($1), to_regclass($2)) order by 1`,
    [quoted(projection), quoted(table)],
  );
  return rows.length === 0 ? 'somebody who has gone meanwhile' : rows.map(({ who }) => who).join(', ');
};
