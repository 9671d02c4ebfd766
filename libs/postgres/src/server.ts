import { randomUUID } from 'node:crypto';
import { connect, type Client, type Session } from './client.js';
import { explain, PostgresUnusable } from './errors.js';
import { quoted } from './schema.js';

const OLDEST = 15;
const WAIT_MS = 1_000;
const HEARD_MS = 2_000;
const CHECK: Session = { name: 'check', statementMs: 5_000 };

export type ServerLines = {
  readonly info: (detail: Readonly<Record<string, unknown>>, message: string) => void;
  readonly warn: (detail: Readonly<Record<string, unknown>>, message: string) => void;
};

/**
 * Waits for a PostgreSQL that is not there yet, and says so once; then looks whether it can be used at all.
 * Throws PostgresUnusable for what only somebody's doing mends, or the signal's reason.
 */
export const awaitServer = async (url: string, log: ServerLines, signal?: AbortSignal): Promise<void> => {
  for (let told = false; ; told = true) {
    signal?.throwIfAborted();
    try {
      const version = await checkServer(url);
      log.info({ version }, 'PostgreSQL answers');
      return;
    } catch (error) {
      if (!(error instanceof PostgresUnusable) || !error.passes) throw error;
      if (!told) log.warn({}, `${error.message} The start waits for it.`);
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
};

/** Connects and returns the server's version. Throws PostgresUnusable. */
export const checkServer = async (url: string): Promise<string> => {
  const client = await connect(url, CHECK);
  try {
    const { rows } = await client.query<Server>(
      `select current_setting('server_version') as version, current_setting('server_version_num')::int as number, pg_is_in_recovery() as standby`,
    );
    const server = rows[0] ?? { version: 'unknown', number: 0, standby: false };
    const mistake = mistakeOf(server);
    if (mistake !== null) throw new PostgresUnusable(mistake, false);
    await mustBeHeard(client, url);
    return server.version;
  } catch (error) {
    throw explain(error);
  } finally {
    await client.end().catch(() => undefined);
  }
};

export type Server = { readonly version: string; readonly number: number; readonly standby: boolean };

/** What is wrong with a server, in a sentence; null if nothing is. */
export const mistakeOf = ({ version, number, standby }: Server): string | null => {
  if (Math.floor(number / 10_000) < OLDEST)
    return `This PostgreSQL is of version ${version}: give version ${String(OLDEST)} or newer.`;
  return standby ? 'This PostgreSQL is a standby: name the primary in the connection string.' : null;
};

/** A pooler that lends connections by the transaction accepts LISTEN, and what is said by another connection then comes to nobody. */
const mustBeHeard = async (client: Client, url: string): Promise<void> => {
  const channel = `portaria_check_${randomUUID()}`;
  let timer: NodeJS.Timeout | undefined;
  const heard = new Promise<boolean>((resolve) => {
    client.on('notification', () => {
      resolve(true);
    });
    timer = setTimeout(resolve, HEARD_MS, false);
  });
  try {
    await client.query(`listen ${quoted(channel)}`);
    const other = await connect(url, CHECK);
    await other.query('select pg_notify($1, $2)', [channel, '']);
    await other.end();
    if (await heard) return;
  } finally {
    clearTimeout(timer);
  }
  throw new PostgresUnusable(
    'PostgreSQL is asked through a pooler that lends connections by the transaction, where LISTEN hears nothing: name PostgreSQL itself, or a pooler that lends them by the session.',
    false,
  );
};
