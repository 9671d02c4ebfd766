/** PostgreSQL cannot be used as things stand. The message is one sentence for the operator. `passes`: it may work later without anybody's doing. */
export class PostgresUnusable extends Error {
  constructor(
    message: string,
    readonly passes: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'PostgresUnusable';
  }
}

/** The five characters by which PostgreSQL names what happened (SQLSTATE, Appendix A of its manual), null for other errors. */
export const sqlState = (error: unknown): string | null => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code) ? code : null;
};

/** Of sockets and of name resolution. */
const NETWORK: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/** What `pg` says of a connection that broke or was never made; it gives these no code. */
const BROKEN =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout e|timeout expired|Query read timeout)/;

/** What `pg` says where nobody answered in time. */
const SILENCE = 'Query read timeout';

/** A server, or what stands before it, takes what is said and does not answer. */
export const isSilence = (error: unknown): boolean => Error.isError(error) && error.message === SILENCE;

/** The connection is gone: what was running on it may or may not have been done. */
export const isDisconnection = (error: unknown): boolean => {
  if (error instanceof PostgresUnusable) return isDisconnection(error.cause);
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string' && NETWORK.has(code)) return true;
  const state = sqlState(error);
  // Connection exceptions; administrator's shutdown, crash of another session, starting up; idle for too long.
  if (state !== null) return /^(08|57P|25P03)/.test(state);
  if (!(error instanceof Error || Error.isError(error))) return false;
  if (error instanceof AggregateError) return error.errors.some(isDisconnection);
  return BROKEN.test(error.message);
};

/**
 * Passes when tried again: the connection, a conflict of transactions, a deadlock, a time-out, a lack of resources.
 * Everything else comes out the same on every try.
 */
export const isTransient = (error: unknown): boolean => {
  if (error instanceof PostgresUnusable) return error.passes;
  if (isDisconnection(error)) return true;
  // Serialization and deadlock; lock and statement time-outs; disk, memory, connections; the server's own input and output.
  return /^(40|55P03|57014|53|58)/.test(sqlState(error) ?? '');
};

type Sentence = { readonly text: string; readonly passes: boolean };
const mistake = (text: string): Sentence => ({ text, passes: false });
const lack = (text: string): Sentence => ({ text, passes: true });

/** By SQLSTATE, the longest beginning first. */
const SENTENCES: readonly (readonly [string, Sentence])[] = [
  ['28', mistake('PostgreSQL refuses the user or the password: correct them in the connection string.')],
  ['3D000', mistake('The database does not exist on this PostgreSQL: create it, or correct the connection string.')],
  ['42501', mistake('PostgreSQL gives this user too few rights: grant it CREATE on the database and on the schema.')],
  ['3F000', mistake('PostgreSQL has no schema to create tables in: name one by options=-csearch_path=… .')],
  ['25006', mistake('This PostgreSQL is read-only, a standby perhaps: name the primary in the connection string.')],
  [
    '08P01',
    mistake(
      'Something between here and PostgreSQL refuses the settings of a session, a pooler perhaps: name PostgreSQL itself in the connection string.',
    ),
  ],
  ['53300', lack('PostgreSQL has no connection left: raise its max_connections, or end other programs.')],
  ['53100', lack('The disk of PostgreSQL is full: free some space there.')],
  ['53200', lack('PostgreSQL has no memory left: give it more, or less to do.')],
  ['57P03', lack('PostgreSQL is starting up or shutting down.')],
];

/** The sentence for what PostgreSQL, or the way to it, has to say of itself; any other error comes back as it is. */
export const explain = (error: unknown): unknown => {
  if (error instanceof PostgresUnusable) return error;
  const state = sqlState(error);
  const found = state === null ? undefined : SENTENCES.find(([code]) => state.startsWith(code))?.[1];
  if (found !== undefined) return new PostgresUnusable(found.text, found.passes, { cause: error });
  const message = Error.isError(error) ? error.message : '';
  if (message.includes('does not support SSL')) {
    return new PostgresUnusable(
      'This PostgreSQL has no TLS: switch it on there, or take sslmode out of the connection string.',
      false,
      { cause: error },
    );
  }
  if (/certificate|self-signed|altnames/i.test(message)) {
    return new PostgresUnusable(
      'The certificate of PostgreSQL is not trusted: name its authority by sslrootcert in the connection string.',
      false,
      { cause: error },
    );
  }
  return isDisconnection(error)
    ? new PostgresUnusable('PostgreSQL cannot be reached: start it, or correct the connection string.', true, {
        cause: error,
      })
    : error;
};
