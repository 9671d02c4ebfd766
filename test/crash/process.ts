// The built api, or projector, as a process of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { SignJWT } from 'jose';

const SECRET = 'a secret of at least thirty-two bytes';
const mainOf = (app: App): string => join(import.meta.dirname, `../../bundle/${app}.js`);

export type App = 'api' | 'projector';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test says what it expects of an answer
export type Json = any;
export type Answer = {
  readonly status: number;
  readonly body: Json;
  readonly text: string;
  readonly etag: string | null;
  readonly token: string | null;
  readonly retryAfter: string | null;
};

export type Api = {
  /** Where it listens. */
  readonly base: string;
  readonly call: (role: string, method: string, path: string, body?: unknown, key?: string) => Promise<Answer>;
  /** Ends it as the kernel ends a process. */
  readonly kill: (signal: NodeJS.Signals) => Promise<number | null>;
  /** Its exit code, when it has ended; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  /** What it has logged. */
  readonly said: () => string;
};

type Environment = Readonly<Record<string, string>>;

/** What whoever works on the folder has to know. */
export const variablesOf = (folder: string): Environment => ({
  NODE_ENV: 'test',
  DATA_DIR: folder,
  AUTH_JWT_SECRET: SECRET,
  KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
});

const started = (
  folder: string,
  more: Environment = {},
  app: App = 'api',
): { readonly child: ChildProcess; readonly said: () => { out: string; error: string } } => {
  const child = spawn(process.execPath, [mainOf(app)], {
    // Nothing of Jest's: no NODE_OPTIONS, no loader.
    env: {
      PATH: process.env['PATH'],
      ...variablesOf(folder),
      PORT: '0',
      LOG_LEVEL: 'info',
      LOG_FORMAT: 'json',
      ...more,
    },
  });
  const said = { out: '', error: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.error += chunk.toString()));
  return { child, said: () => said };
};

const bearers = new Map<string, string>();
/** `staff:ana` is whom the record of `ana` says; any other is the role that the token claims. */
export const bearerOf = async (role: string): Promise<string> => {
  const claims = role.startsWith('staff:') ? { sub: role.slice('staff:'.length) } : { sub: role, role };
  const known =
    bearers.get(role) ??
    (await new SignJWT({ tenant: 'acme', ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(SECRET)));
  bearers.set(role, known);
  return known;
};

/** Starts it and waits until it listens. */
export const startApi = async (folder: string, more?: Environment, app?: App): Promise<Api> => {
  const { child, said } = started(folder, more, app);
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const listening = (): string | undefined => /"address":"([^"]+)"/.exec(said().out)?.[1];
  while (listening() === undefined) {
    if (child.exitCode !== null) throw new Error(`the process ended with ${String(child.exitCode)}: ${said().error}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const base = listening() ?? '';
  return {
    base,
    call: async (role, method, path, body, key) => {
      const raw = typeof body === 'string';
      const response = await fetch(`${base}${path}`, {
        method,
        ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
        headers: {
          authorization: `Bearer ${await bearerOf(role)}`,
          ...(body === undefined ? {} : { 'content-type': raw ? 'application/x-ndjson' : 'application/json' }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
      });
      const text = await response.text();
      return {
        status: response.status,
        text,
        body: text.startsWith('{') && !raw ? JSON.parse(text) : text,
        etag: response.headers.get('etag'),
        token: response.headers.get('consistency-token'),
        retryAfter: response.headers.get('retry-after'),
      };
    },
    kill: async (signal) => {
      child.kill(signal);
      const [code] = await ended;
      return code;
    },
    ended: ended.then(([code]) => code),
    said: () => said().out,
  };
};

/** Runs it where it cannot start: the exit code and what it said. */
export const runApi = async (
  folder: string,
  more?: Environment,
  app?: App,
): Promise<{ readonly code: number | null; readonly error: string; readonly out: string }> => {
  const { child, said } = started(folder, more, app);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said() };
};
