import { BACKWARDS, END, type ResolvedEvent } from '@eventstore/db-client';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ConnectionSettings, connectionSettingsOf, type Endpoint } from './connection-settings.js';
import { EventStoreDbMisconfigured, failureOf, isUnauthenticated } from './errors.js';
import { PulledStream } from './pulled-stream.js';
import { ServerClient } from './server-client.js';
import { within } from './within.js';

/** What a start-up check found: nothing, or one sentence for the operator, without secrets. `retryable`: it may mend itself. */
export type EventStoreDbCheck =
  | { readonly ok: true; readonly serverVersion: string }
  | { readonly ok: false; readonly problem: string; readonly retryable: boolean };

/** The first version whose subscriptions say that they caught up. */
const oldest = { major: 23, minor: 10 };

/**
 * Looks whether a server can be used, and says plainly why not: unreachable, TLS mismatch, wrong credentials, `$all` not
 * permitted, too old. Never throws. `timeoutMs` for each step, 5 s if absent.
 */
export const checkEventStoreDb = async (options: {
  readonly connectionString: string;
  readonly timeoutMs?: number;
}): Promise<EventStoreDbCheck> => {
  const timeoutMs = options.timeoutMs ?? 5_000;
  let settings: ConnectionSettings;
  try {
    settings = connectionSettingsOf(options.connectionString);
  } catch (error) {
    if (error instanceof EventStoreDbMisconfigured) return wrong(error.message);
    throw error;
  }
  const line = await checkLine(settings, timeoutMs);
  if (line !== null) return line;
  const client = new ServerClient(settings);
  try {
    return await checkServer(client, timeoutMs);
  } finally {
    await client.end();
  }
};

const wrong = (problem: string, retryable = false): EventStoreDbCheck => ({ ok: false, problem, retryable });

/** One reachable host is enough: a cluster may miss a node. What a host speaks is asked of it directly, since gRPC only says that it failed. */
const checkLine = async (settings: ConnectionSettings, timeoutMs: number): Promise<EventStoreDbCheck | null> => {
  for (const host of settings.hosts) {
    if (!(await answersTcp(host, timeoutMs))) continue;
    const speaks = await tlsOf(host, settings, timeoutMs);
    // The server itself is asked next.
    if (speaks === 'unclear') return null;
    if (!settings.tls && speaks !== 'none') {
      return wrong(`EventStoreDB at ${named(host)} speaks TLS only: remove tls=false from EVENTSTORE_URL.`);
    }
    if (settings.tls && speaks !== 'trusted') return wrong(tlsProblems[speaks](named(host)));
    return null;
  }
  const all = settings.hosts.map(named).join(', ');
  return wrong(
    `EventStoreDB cannot be reached at ${all}: start it, or correct the host and port in EVENTSTORE_URL.`,
    true,
  );
};

const tlsProblems = {
  none: (at: string) =>
    `EventStoreDB at ${at} does not speak TLS: start it with certificates, or add ?tls=false to EVENTSTORE_URL.`,
  untrusted: (at: string) =>
    `The certificate of EventStoreDB at ${at} is not trusted: name its authority with tlsCAFile in EVENTSTORE_URL.`,
  'other-name': (at: string) =>
    `The certificate of EventStoreDB at ${at} is for another host: name the server in EVENTSTORE_URL as its certificate does.`,
  outdated: (at: string) =>
    `The certificate of EventStoreDB at ${at} is not valid today: renew it, or set the clock right.`,
};

/** `none`: another protocol. `unclear`: it was silent, or broke off, as one does that is just starting. */
type Spoken = 'trusted' | keyof typeof tlsProblems | 'unclear';

const named = ({ address, port }: Endpoint): string => `${address}:${port}`;

const answersTcp = ({ address, port }: Endpoint, timeoutMs: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTcp({ host: address, port, timeout: timeoutMs });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', end(true)).on('error', end(false)).on('timeout', end(false));
  });

const tlsOf = ({ address, port }: Endpoint, { ca }: ConnectionSettings, timeoutMs: number): Promise<Spoken> =>
  new Promise((resolve) => {
    const socket = connectTls({
      host: address,
      port,
      ALPNProtocols: ['h2'],
      // Trust is looked at below; here it matters whether TLS is spoken at all.
      rejectUnauthorized: false,
      ...(ca === null ? {} : { ca }),
      ...(/^[\d.]+$/.test(address) ? {} : { servername: address }),
    });
    const end = (answer: Spoken): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => {
      end('unclear');
    });
    socket.on('secureConnect', () => {
      end(socket.authorized ? 'trusted' : distrustOf(String(socket.authorizationError)));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A polite end has this code too, but no system call.
      end(error.code === 'ECONNRESET' && error.syscall !== undefined ? 'unclear' : 'none');
    });
    socket.on('end', () => {
      end('none');
    });
  });

/** By the codes of OpenSSL and Node. */
const distrustOf = (code: string): Spoken => {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'other-name';
  return ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'].includes(code) ? 'outdated' : 'untrusted';
};

const checkServer = async (client: ServerClient, timeoutMs: number): Promise<EventStoreDbCheck> => {
  const late = (): Error => new Error('no answer');
  try {
    const serverVersion = await within(timeoutMs, client.serverVersion(), late);
    if (!isNewEnough(serverVersion)) {
      const stands = serverVersion === 'unknown' ? 'of unknown age' : serverVersion;
      return wrong(
        `EventStoreDB is ${stands}, which is too old: version ${oldest.major}.${oldest.minor} or newer is needed.`,
      );
    }
    await readLast(client, timeoutMs);
    return { ok: true, serverVersion };
  } catch (error) {
    if (isUnauthenticated(error)) {
      return wrong('EventStoreDB does not accept the credentials: correct the user and password in EVENTSTORE_URL.');
    }
    if (failureOf(error) === 'refused') {
      return wrong('EventStoreDB does not permit reading $all: give the user of EVENTSTORE_URL the right to read it.');
    }
    return wrong('EventStoreDB accepts connections but does not answer: look whether the node is ready.', true);
  }
};

const isNewEnough = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > oldest.major || (major === oldest.major && minor >= oldest.minor);
};

const readLast = async (client: ServerClient, timeoutMs: number): Promise<void> => {
  const stream = client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 });
  const read = new PulledStream<ResolvedEvent>(stream, () => stream.cancel());
  try {
    const state = await read.wait(timeoutMs);
    if (state === 'silent') throw new Error('no answer');
  } finally {
    read.close();
  }
};
