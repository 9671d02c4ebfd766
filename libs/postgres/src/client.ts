import pg from 'pg';
import { explain } from './errors.js';

/** One connection. Calls are awaited one after the other: PostgreSQL answers them in order anyway. */
export type Client = pg.Client;
/** A connection lent by a pool. */
export type PooledClient = pg.PoolClient;
export type Pool = pg.Pool;

/** bigint and numeric. */
const NUMBERS: ReadonlySet<number> = new Set([20, 1700]);

/** Counts, sums and our integers (safe ones) come as numbers, as SQLite gives them; the rest as `pg` reads it, json parsed. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: Parameters<typeof pg.types.getTypeParser>[0], format?: 'text' | 'binary'): unknown =>
    NUMBERS.has(oid) ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/** What a connection is for. The connection string has the last word, so that an operator can set any of it. */
export type Session = {
  /** Shown in pg_stat_activity behind `portaria`. */
  readonly name: string;
  /** No statement runs longer; 0 = as long as it takes. */
  readonly statementMs: number;
  /** Run once on each new connection, one round trip. */
  readonly setUp?: string;
};

const CONNECT_MS = 5_000;
const LOCK_MS = 10_000;
/** A process that hangs inside a transaction holds neither locks nor old rows for longer. */
const IDLE_IN_TRANSACTION_MS = 60_000;

const configOf = (url: string, { name, statementMs }: Session): pg.ClientConfig => ({
  connectionString: url,
  application_name: `portaria ${name}`,
  connectionTimeoutMillis: CONNECT_MS,
  keepAlive: true,
  statement_timeout: statementMs,
  lock_timeout: LOCK_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  types,
});

/** Connects. Throws PostgresUnusable with one sentence for the operator. `onLost`: the connection ended, by whomever. */
export const connect = async (url: string, session: Session, onLost: () => void = () => undefined): Promise<Client> => {
  const client = new pg.Client(configOf(url, session));
  // Without a listener the loss of an idle connection would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    if (session.setUp !== undefined) await client.query(session.setUp);
  } catch (error) {
    client.end().catch(() => undefined);
    throw explain(error);
  }
  client.on('end', onLost);
  return client;
};

/** Up to `size` connections, made when they are needed; a caller waits for a free one for as long as for a new connection. Never throws. */
export const openPool = (url: string, session: Session, size: number): Pool => {
  const { setUp } = session;
  const pool = new pg.Pool({
    ...configOf(url, session),
    max: size,
    idleTimeoutMillis: 60_000,
    ...(setUp === undefined
      ? {}
      : {
          // Awaited, whatever its type says.
          onConnect: (client: pg.ClientBase) => client.query(setUp) as unknown,
        }),
  });
  // The pool forgets an idle connection that broke, and makes another.
  pool.on('error', () => undefined);
  return pool;
};
