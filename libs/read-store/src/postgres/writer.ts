import { connect, explain, isDisconnection, PostgresUnusable, sqlState, type Client } from '#postgres';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { ReadStoreUnusable } from '../port.js';
import { systemOf, type System } from '../system.js';
import type { SystemTables } from '../system-tables.js';

/** Between two tries to hear what became of a commit. */
const ASK_AGAIN_MS = 200;
/** The server knows nothing of a transaction of that number: it was lost with the server's crash, or its number is not taken yet. */
const UNKNOWN_TRANSACTION = '22023';

/**
 * `local`: a commit is on this server's disk when it is answered, so that the rows kept in memory agree with the tables also after a crash of the server.
 * It waits for no standby: what a fail-over loses comes back from the log.
 */
const SET_UP = 'set synchronous_commit = local';

/** What PostgreSQL says of itself as one sentence; other errors as they are. */
export const told = (error: unknown): unknown => {
  const explained = explain(error);
  return explained instanceof PostgresUnusable
    ? new ReadStoreUnusable(`the read store: ${explained.message}`, { cause: error })
    : explained;
};

/**
 * The one connection that writes: work queues, and the next work after a cut connects anew.
 * Nobody is left in doubt: whether a commit whose answer was lost took place is asked of the server before anything else.
 */
export class Writer {
  #client: Client | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;
  readonly #closing = new AbortController();

  constructor(
    readonly url: string,
    readonly name: string,
    readonly statementMs: number,
  ) {}

  /** Rejects as `told` says. */
  run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      try {
        return await work(await this.#connected());
      } catch (error) {
        if (isDisconnection(error)) this.#drop();
        throw told(error);
      }
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** One transaction, all or nothing. */
  transaction<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return this.run(async (client) => {
      // The number is taken at once: it is how an unanswered commit is asked for.
      const began = (await client.query('begin; select pg_current_xact_id()::text as id')) as unknown as [
        unknown,
        { readonly rows: readonly { readonly id: string }[] },
      ];
      const id = began[1].rows[0]?.id ?? '';
      let value: T;
      try {
        value = await work(client);
      } catch (error) {
        if (isDisconnection(error)) this.#drop();
        else
          await client.query('rollback').catch(() => {
            this.#drop();
          });
        throw error;
      }
      try {
        const { command } = await client.query('commit');
        if (command !== 'COMMIT') throw new Error('a statement of this transaction had failed: nothing was written');
      } catch (error) {
        if (!isDisconnection(error)) throw error;
        this.#drop();
        if (!(await this.#hasCommitted(id))) throw error;
      }
      return value;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#closing.abort(new Error('the read store is closed'));
    await this.#last;
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => undefined);
  }

  async #connected(): Promise<Client> {
    if (this.#closed) throw new Error('the read store is closed');
    if (this.#client !== null) return this.#client;
    const client = await connect(this.url, { name: this.name, statementMs: this.statementMs, setUp: SET_UP }, () => {
      if (this.#client === client) this.#client = null;
    });
    this.#client = client;
    return client;
  }

  #drop(): void {
    const client = this.#client;
    this.#client = null;
    client?.end().catch(() => undefined);
  }

  /** Asks until there is an answer, or until this is closed. */
  async #hasCommitted(id: string): Promise<boolean> {
    for (;;) {
      this.#closing.signal.throwIfAborted();
      try {
        const client = await this.#connected();
        const { rows } = await client.query<{ status: string | null }>('select pg_xact_status($1::xid8) as status', [
          id,
        ]);
        // Null: so long ago that nobody knows; this was a moment ago.
        const status = rows[0]?.status;
        if (status !== 'in progress') return status === 'committed';
      } catch (error) {
        if (sqlState(error) === UNKNOWN_TRANSACTION) return false;
        this.#drop();
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }
}

/** Kysely over one connection. */
export const kyselyOver = <DB>(client: Pick<Client, 'query'>): Kysely<DB> => {
  const lent = {
    query: (text: string, values: unknown[]) => client.query(text, values),
    release: () => undefined,
  };
  return new Kysely<DB>({
    dialect: new PostgresDialect({
      pool: { connect: () => Promise.resolve(lent as never), end: () => Promise.resolve() } as never,
    }),
  });
};

const clock = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

export const systemOver = (client: Pick<Client, 'query'>): System => systemOf(kyselyOver<SystemTables>(client), clock);
