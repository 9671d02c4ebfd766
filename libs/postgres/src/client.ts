import pg from 'pg';
import { explain, isDisconnection, isSilence } from './errors.js';

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
  /** No statement runs longer, and none is waited for much longer; 0 = as long as it takes. */
  readonly statementMs: number;
  /** Run once on each new connection, one round trip. */
  readonly setUp?: string;
};

const CONNECT_MS = 5_000;
/** The server ends a statement that runs for too long; where even that is not heard by then, nobody answers. */
const GRACE_MS = 5_000;
/** A connection on which nothing was heard for so long is asked for a sign of life, by the operating system. */
const IDLE_MS = 10_000;
const LOCK_MS = 10_000;
/** A process that hangs inside a transaction holds neither locks nor old rows for longer. */
const IDLE_IN_TRANSACTION_MS = 60_000;

const configOf = (url: string, { name, statementMs }: Session): pg.ClientConfig => ({
  connectionString: url,
  application_name: `portaria ${name}`,
  connectionTimeoutMillis: CONNECT_MS,
  keepAlive: true,
  keepAliveInitialDelayMillis: IDLE_MS,
  statement_timeout: statementMs,
  query_timeout: statementMs === 0 ? 0 : statementMs + GRACE_MS,
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
  // While one is lent and nothing runs on it, nobody but this hears that it broke, and that would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
};

/** A statement that answers at once or not at all. */
export const atOnce = (text: string): pg.QueryConfig => waiting(text, CONNECT_MS);
/** A statement that is waited for as long as it takes: the session's limit has to be lifted beside. */
export const unhurried = (text: string, values: readonly unknown[] = []): pg.QueryConfig =>
  waiting(text, 2 ** 31 - 1, values);

/** `pg` takes the limit of one query, whatever its type says. */
const waiting = (text: string, ms: number, values: readonly unknown[] = []): pg.QueryConfig => {
  const config: pg.QueryConfig & { readonly query_timeout: number } = { text, values: [...values], query_timeout: ms };
  return config;
};

/**
 * A connection of the pool on which `first` has been done, and what came of it; the caller gives it back. `first` must be something that may be done twice:
 * a connection that was cut while it lay idle shows it there, and another is taken. One that says nothing is not followed by another.
 */
export const lend = async <T>(
  pool: Pool,
  first: (client: PooledClient) => Promise<T>,
): Promise<{ readonly client: PooledClient; readonly value: T }> => {
  for (let tries = 0; ; tries++) {
    const client = await pool.connect();
    try {
      return { client, value: await first(client) };
    } catch (error) {
      client.release(isDisconnection(error));
      if (!isDisconnection(error) || isSilence(error) || tries >= pool.options.max) throw error;
    }
  }
};
