import { connect, type Client } from './client.js';
import { explain, PostgresUnusable } from './errors.js';

const OLDEST = 15;
const WAIT_MS = 1_000;
const HEARD_MS = 2_000;

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

/** Connects once and returns the server's version. Throws PostgresUnusable. */
export const checkServer = async (url: string): Promise<string> => {
  const client = await connect(url, { name: 'check', statementMs: 5_000 });
  try {
    const { rows } = await client.query<{ version: string; number: number; standby: boolean }>(
      `select current_setting('server_version') as version, current_setting('server_version_num')::int as number, pg_is_in_recovery() as standby`,
    );
    const [server] = rows;
    if (server === undefined || Math.floor(server.number / 10_000) < OLDEST) {
      throw new PostgresUnusable(
        `This PostgreSQL is of version ${server?.version ?? 'unknown'}: give version ${String(OLDEST)} or newer.`,
        false,
      );
    }
    if (server.standby) {
      throw new PostgresUnusable('This PostgreSQL is a standby: name the primary in the connection string.', false);
    }
    await mustBeHeard(client);
    return server.version;
  } catch (error) {
    throw explain(error);
  } finally {
    await client.end().catch(() => undefined);
  }
};

/** A pooler that lends connections by the transaction accepts LISTEN and then delivers nothing. */
const mustBeHeard = async (client: Client): Promise<void> => {
  const channel = `portaria_check_${String(process.pid)}`;
  let timer: NodeJS.Timeout | undefined;
  const heard = new Promise<boolean>((resolve) => {
    client.on('notification', () => {
      resolve(true);
    });
    timer = setTimeout(resolve, HEARD_MS, false);
  });
  try {
    await client.query(`listen ${channel}`);
    await client.query(`notify ${channel}`);
    if (await heard) return;
  } finally {
    clearTimeout(timer);
  }
  throw new PostgresUnusable(
    'PostgreSQL is asked through a pooler that lends connections by the transaction, where LISTEN hears nothing: name PostgreSQL itself, or a pooler that lends them by the session.',
    false,
  );
};
