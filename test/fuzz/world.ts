// The whole application over a folder of its own, and two tenants a round who share nothing but the process.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { pino } from 'pino';
import { ApiModule } from '#apps/api/api.module';
import { openGatehouse } from '#apps/api/gatehouse';
import type { StoredEvent } from '#event-store';
import type { Position } from '#kernel';
import { createHttpApp, readConfiguration } from '#platform';
import type { Document } from './document.js';

const SECRET = 'canary-token-secret-of-more-than-32-bytes';
const KEY = Buffer.alloc(32, 'canary').toString('base64');
/** An answer that takes longer is one that does not come. */
const PATIENCE_MS = 10_000;
/** Of a stream of events the beginning is looked at. */
const STREAM_MS = 60;

export const STAFF = {
  agent: { role: 'agent', conversationAccess: 'all' },
  limited: { role: 'agent', conversationAccess: 'assigned_only' },
  claimer: { role: 'agent', conversationAccess: 'assigned_and_unassigned' },
  supervisor: { role: 'supervisor', conversationAccess: 'all' },
  admin: { role: 'admin', conversationAccess: 'all' },
  gone: { role: 'agent', conversationAccess: 'all' },
} as const;
const CLAIMED = ['auditor', 'ops', 'integration'] as const;
/** Who may stand at the door; `stranger` is nobody of the tenant, `nobody` has no token, the others have one that is no good. */
export const CALLERS = [
  ...Object.keys(STAFF),
  'founder',
  ...CLAIMED,
  'stranger',
  'nobody',
  'forger',
  'expired',
] as readonly string[];

export type Sent = {
  readonly method: string;
  /** With its query string, percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | null;
};
export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly milliseconds: number;
};

export type World = {
  readonly port: number;
  readonly document: Document;
  /** What may stand in no answer and in no line of the log, in whatever form. */
  readonly secrets: readonly string[];
  /** Throws what the connection throws, and after ten seconds. */
  readonly send: (sent: Sent) => Promise<Answer>;
  readonly tokenOf: (caller: string, tenant: string) => Promise<string | null>;
  /** Facts behind a place in the log, oldest first. */
  readonly facts: (after: Position | null) => Promise<readonly StoredEvent[]>;
  /** Lines that were logged since they were last taken. */
  readonly takeLog: () => readonly string[];
  readonly close: () => Promise<void>;
};

/** Opens it at trace level, so that whatever could be logged is. */
export const openWorld = async (): Promise<World> => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-fuzz-'));
  const lines: string[] = [];
  const configuration = readConfiguration({
    NODE_ENV: 'test',
    DATA_DIR: folder,
    AUTH_JWT_SECRET: SECRET,
    KEY_ENCRYPTION_KEY: KEY,
    LOG_LEVEL: 'trace',
    LOG_FORMAT: 'json',
    PORT: '0',
  });
  const logger = pino({ level: 'trace', base: null }, { write: (line: string) => lines.push(line) });
  const gatehouse = await openGatehouse(configuration, logger);
  const app = await createHttpApp(ApiModule.over(gatehouse), { configuration, logger });
  await app.listen(0, '127.0.0.1');
  const { hostname, port } = new URL(await app.getUrl());
  const agent = new Agent({ keepAlive: true });
  const tokens = new Map<string, string>();

  const send = (sent: Sent): Promise<Answer> => {
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const call = request(
        { agent, hostname, port, method: sent.method, path: sent.path, headers: sent.headers },
        (response) => {
          let text = '';
          const done = (): void => {
            const { statusCode: status = 0, headers } = response;
            resolve({ status, headers, text, milliseconds: performance.now() - began });
          };
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('end', done);
          response.on('error', reject);
          if (response.headers['content-type']?.startsWith('text/event-stream') !== true) return;
          setTimeout(() => {
            done();
            call.destroy();
          }, STREAM_MS);
        },
      );
      call.setTimeout(PATIENCE_MS, () => call.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
      call.on('error', reject);
      call.end(sent.body ?? undefined);
    });
  };

  const { text } = await send({ method: 'GET', path: '/openapi.json', headers: {}, body: null });
  return {
    port: Number(port),
    document: JSON.parse(text) as Document,
    secrets: [SECRET, KEY, Buffer.from(KEY, 'base64').toString('hex'), folder],
    send,
    tokenOf: async (caller, tenant) => {
      if (caller === 'nobody') return null;
      const name = `${caller} ${tenant}`;
      const token = tokens.get(name) ?? (await signed(caller, tenant));
      tokens.set(name, token);
      return token;
    },
    facts: async (after) => {
      const found: StoredEvent[] = [];
      for await (const page of gatehouse.stores.store.readAll({ after })) found.push(...page);
      return found;
    },
    takeLog: () => lines.splice(0),
    close: async () => {
      agent.destroy();
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const signed = (caller: string, tenant: string): Promise<string> => {
  const role = (CLAIMED as readonly string[]).includes(caller)
    ? { role: caller }
    : caller === 'founder'
      ? { role: 'admin' }
      : {};
  const subject = caller === 'forger' || caller === 'expired' ? 'admin' : caller;
  const token = new SignJWT({ tenant, ...role, jti: randomUUID() }).setProtectedHeader({ alg: 'HS256' });
  if (caller === 'expired') token.setExpirationTime(new Date(Date.now() - 60_000));
  return token.setSubject(subject).sign(Buffer.from(caller === 'forger' ? `${SECRET}!` : SECRET));
};
