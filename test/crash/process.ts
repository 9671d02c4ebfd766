// The built api as a process of its own, over a data folder.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { SignJWT } from 'jose';

const SECRET = 'a secret of at least thirty-two bytes';
const MAIN = join(import.meta.dirname, '../../apps/api/main.js');

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
  readonly call: (role: string, method: string, path: string, body?: unknown, key?: string) => Promise<Answer>;
  /** Ends it as the kernel ends a process. */
  readonly kill: (signal: NodeJS.Signals) => Promise<number | null>;
};

type Environment = Readonly<Record<string, string>>;

const started = (
  folder: string,
  more: Environment = {},
): { readonly child: ChildProcess; readonly said: () => { out: string; error: string } } => {
  const child = spawn(process.execPath, [MAIN], {
    // Nothing of Jest's: no NODE_OPTIONS, no loader.
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'test',
      DATA_DIR: folder,
      PORT: '0',
      AUTH_JWT_SECRET: SECRET,
      KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
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

export const bearers = new Map<string, string>();
/** `staff:ana` is whom the record of `ana` says; any other is the role that the token claims. */
const bearerOf = async (role: string): Promise<string> => {
  const claims = role.startsWith('staff:') ? { sub: role.slice('staff:'.length) } : { sub: role, role };
  const known =
    bearers.get(role) ??
    (await new SignJWT({ tenant: 'acme', ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(SECRET)));
  bearers.set(role, known);
  return known;
};

/** Starts it and waits until it listens. */
export const startApi = async (folder: string, more?: Environment): Promise<Api> => {
  const { child, said } = started(folder, more);
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const listening = (): string | undefined => /"address":"([^"]+)"[^\n]*"msg":"listening"/.exec(said().out)?.[1];
  while (listening() === undefined) {
    if (child.exitCode !== null) throw new Error(`the api ended with ${String(child.exitCode)}: ${said().error}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const base = listening() ?? '';
  return {
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
  };
};

/** Runs it where it cannot start: the exit code and what it said. */
export const runApi = async (
  folder: string,
  more?: Environment,
): Promise<{ readonly code: number | null; readonly error: string; readonly out: string }> => {
  const { child, said } = started(folder, more);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said() };
};
