// The whole application over a temporary data folder, asked through its door. One a suite; its clock is the tests'.
import { jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SignJWT } from 'jose';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiModule } from '#apps/api/api.module';
import { openGatehouse, type Gatehouse } from '#apps/api/gatehouse';
import { policies } from '#apps/registry';
import type { StoredEvent } from '#event-store';
import type { Position } from '#kernel';
import { FakeEventStoreDb } from '../fakes/eventstoredb/index.js';
import { dumpedAs, postgresWorld } from '../fixtures/postgres-world.js';
import { bytesOf } from '../fixtures/bytes.js';
import { endOf } from '../fixtures/event-store-db-end.js';
import { answerOf, connect, type Client, type Schemas } from '#client';
import { createHttpApp, decodeToken, makeLogger, readConfiguration } from '#platform';

export const SECRET = 'a secret of at least thirty-two bytes';
export const KEY = Buffer.alloc(32, 7).toString('base64');
export const TENANT = 'acme';
export const NOWHERE = '0f9a3a51-5d5d-4c4b-8f57-8f3a0a5a1c11';

/** Who asks: members of the staff by their records, the others by the claim of their token. */
export const STAFF = {
  agent: { staffId: 'ana', role: 'agent', conversationAccess: 'all' },
  colleague: { staffId: 'bia', role: 'agent', conversationAccess: 'all' },
  limited: { staffId: 'lia', role: 'agent', conversationAccess: 'assigned_only' },
  claimer: { staffId: 'caio', role: 'agent', conversationAccess: 'assigned_and_unassigned' },
  supervisor: { staffId: 'sol', role: 'supervisor', conversationAccess: 'all' },
  admin: { staffId: 'adm', role: 'admin', conversationAccess: 'all' },
  gone: { staffId: 'gone', role: 'agent', conversationAccess: 'all' },
} as const;
const CLAIMED = {
  founder: { sub: 'founder', role: 'admin' },
  auditor: { sub: 'aud', role: 'auditor' },
  ops: { sub: 'ops', role: 'ops' },
  integration: { sub: 'gateway', role: 'integration' },
  stranger: { sub: 'nobody' },
} as const;
export type Who = keyof typeof STAFF | keyof typeof CLAIMED;

export const signed = (claims: Record<string, unknown>, secret = SECRET): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));

export const tokenOf = (who: Who, tenant = TENANT): Promise<string> =>
  signed({
    tenant,
    ...(who in STAFF ? { sub: STAFF[who as keyof typeof STAFF].staffId } : CLAIMED[who as keyof typeof CLAIMED]),
  });

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test says what it expects of an answer
export type Json = any;
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
  readonly text: string;
  readonly etag: string | null;
  readonly code: string | undefined;
};
export type Call = {
  readonly key?: string;
  readonly ifMatch?: string;
  readonly tenant?: string;
  readonly headers?: Record<string, string>;
};

export type Door = {
  readonly gatehouse: Gatehouse;
  /** The address of the door. */
  readonly base: string;
  /** Somebody's typed calls; queries are answered from read models that have seen every command that was answered before. */
  readonly as: (who: Who, tenant?: string) => Client;
  /** Asks as somebody whatever may be asked, also what is wrong. Objects go as JSON, texts and bytes as they are. */
  readonly call: (
    who: Who | { readonly bearer: string | null },
    method: string,
    path: string,
    body?: unknown,
    call?: Call,
  ) => Promise<Answer>;
  /** Asks from read models that have seen every command that was answered before. */
  readonly get: (who: Who, path: string, call?: Call) => Promise<Answer>;
  /** The log's end. */
  readonly head: () => Promise<string | null>;
  /** How many facts stand in the log, without what erasures that were answered before go on to do. */
  readonly stored: () => Promise<number>;
  /** Facts behind a place in the log, oldest first. */
  readonly facts: (after?: string | null) => Promise<readonly StoredEvent[]>;
  /** The types of the facts that the work added. Awaits what the policies make of them too if they make anything at once. */
  readonly added: (work: () => Promise<unknown>) => Promise<readonly string[]>;
  /** Builds all read models anew and waits for the end. */
  readonly rebuild: (name?: string) => Promise<Schemas['RebuildAnswer']>;
  /** Every byte of the data folder, and the dump of PostgreSQL where it is used. */
  readonly bytes: () => Promise<Buffer>;
  readonly close: () => Promise<void>;
};

/** The tests' clock: only `Date` stands still, and moves a second with each `call`. Behind the door's opening it can only go on. */
export const clock = {
  start: (time = '2026-03-10T08:00:00Z'): void => {
    jest.useFakeTimers({
      now: new Date(time),
      doNotFake: [
        'hrtime',
        'nextTick',
        'performance',
        'queueMicrotask',
        'requestAnimationFrame',
        'cancelAnimationFrame',
        'requestIdleCallback',
        'cancelIdleCallback',
        'setImmediate',
        'clearImmediate',
        'setInterval',
        'clearInterval',
        'setTimeout',
        'clearTimeout',
      ],
    });
  },
  /** To a time of the tests' day: `10:05`, `10:05:00.001`; or any RFC 3339 time. */
  at: (time: string): string => {
    const whole = time.includes('T') ? time : `2026-03-10T${time.length === 5 ? `${time}:00` : time}Z`;
    jest.setSystemTime(new Date(whole));
    return new Date(whole).toISOString();
  },
  pass: (milliseconds: number): void => {
    jest.setSystemTime(Date.now() + milliseconds);
  },
  now: (): string => new Date().toISOString(),
  stop: (): void => {
    jest.useRealTimers();
  },
};

/** The log that this run of the suite is over. On a real server each door is an installation of its own beside whatever stands there. */
const openLog = async (): Promise<{
  readonly environment: Record<string, string>;
  /** Where the log stood before: all of it is nobody's. */
  readonly begin: Position | null;
  stop(): Promise<void>;
}> => {
  const stays = () => Promise.resolve();
  switch ((globalThis as { readonly eventStore?: 'sqlite' | 'fake' | 'server' }).eventStore) {
    case 'server': {
      const { EVENTSTORE_URL = '' } = process.env;
      const prefix = `e${randomBytes(6).toString('hex')}`;
      const environment = { EVENT_STORE: 'eventstoredb', EVENTSTORE_URL, EVENTSTORE_PREFIX: prefix };
      return { environment, begin: await endOf(EVENTSTORE_URL), stop: stays };
    }
    case 'fake': {
      const fake = await FakeEventStoreDb.start();
      const environment = { EVENT_STORE: 'eventstoredb', EVENTSTORE_URL: fake.connectionString };
      return { environment, begin: null, stop: () => fake.stop() };
    }
    default:
      return { environment: {}, begin: null, stop: stays };
  }
};

const { readStore } = globalThis as { readonly readStore?: string };

/** What `bytes` looks at, for titles. */
export const LOOKED_AT = readStore === 'postgres' ? `the files, and PostgreSQL: ${dumpedAs}` : 'the files';

export const openDoor = async (
  options: { readonly ticks?: number; readonly environment?: Record<string, string> } = {},
): Promise<Door> => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-e2e-'));
  const log = await openLog();
  const world = readStore === 'postgres' ? postgresWorld() : null;
  const configuration = readConfiguration({
    NODE_ENV: 'test',
    DATA_DIR: folder,
    AUTH_JWT_SECRET: SECRET,
    KEY_ENCRYPTION_KEY: KEY,
    LOG_LEVEL: 'silent',
    LOG_FORMAT: 'json',
    PORT: '0',
    ...options.environment,
    ...log.environment,
    ...(world === null ? {} : { READ_STORE: 'postgres', POSTGRES_URL: world.url }),
  });
  const logger = await makeLogger(configuration);
  const gatehouse = await openGatehouse(configuration, logger);
  const app: NestFastifyApplication = await createHttpApp(ApiModule.over(gatehouse), { configuration, logger });
  await app.listen(0, '127.0.0.1');
  const base = await app.getUrl();
  const { store } = gatehouse.stores;
  const tokens = new Map<string, string>();
  let seen: { readonly position: string; readonly token: string } | null = null;

  const bearerOf = async (who: Who, tenant = TENANT): Promise<string> => {
    const known = tokens.get(`${who} ${tenant}`) ?? (await tokenOf(who, tenant));
    tokens.set(`${who} ${tenant}`, known);
    return known;
  };

  /** Carries out a request; the tests' clock goes on, and what a command made known is remembered. */
  const carry = async (request: Request): Promise<Response> => {
    const response = await fetch(request);
    clock.pass(options.ticks ?? 1);
    const token = response.headers.get('consistency-token');
    if (token !== null && request.method !== 'GET') {
      const position = decodeToken(token).position ?? '';
      if (seen === null || position > seen.position) seen = { position, token };
    }
    return response;
  };

  const as: Door['as'] = (who, tenant) =>
    connect({
      url: base,
      token: () => bearerOf(who, tenant),
      fetch: (request) => carry(request.method === 'GET' && seen !== null ? behind(request, seen.token) : request),
    });

  const call: Door['call'] = async (who, method, path, body, { key, ifMatch, tenant, headers = {} } = {}) => {
    const bearer = typeof who === 'string' ? await bearerOf(who, tenant) : who.bearer;
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await carry(
      new Request(`${base}${path}`, {
        method,
        ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
          ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
          ...headers,
        },
      }),
    );
    const text = await textOf(response);
    const json = response.headers.get('content-type')?.includes('json') === true && !text.includes('\n{');
    const parsed: Json = json && text !== '' ? JSON.parse(text) : text;
    const code = response.status >= 400 ? (parsed as { code?: string }).code : undefined;
    return {
      status: response.status,
      headers: response.headers,
      body: parsed,
      text,
      etag: response.headers.get('etag'),
      code,
    };
  };

  const get: Door['get'] = (who, path, options_) =>
    call(
      who,
      'GET',
      seen === null ? path : `${path}${path.includes('?') ? '&' : '?'}after=${seen.token}`,
      undefined,
      options_,
    );

  const head = async (): Promise<string | null> => (await store.head())?.position ?? null;

  const facts: Door['facts'] = async (after = log.begin) => {
    const found: StoredEvent[] = [];
    for await (const page of store.readAll({ after: after as never })) found.push(...page);
    return found;
  };

  const counted = { upTo: log.begin as string | null, facts: 0 };
  const stored = async (): Promise<number> => {
    const more = await facts(counted.upTo);
    counted.upTo = more.at(-1)?.position ?? counted.upTo;
    counted.facts += more.filter(({ metadata }) => metadata.actor !== 'erasures').length;
    return counted.facts;
  };

  const rebuild: Door['rebuild'] = async (name = 'all') => {
    const ops = as('ops');
    const requested = await answerOf(
      ops.POST('/v1/ops/projections/{name}/rebuild', { params: { path: { name } }, body: {} }),
    );
    if (!('rebuildId' in requested.body)) throw new Error('only an estimate was answered');
    // A rebuild is asked for until it is done: it has no token to wait by.
    for (;;) {
      const { body } = await answerOf(
        ops.GET('/v1/ops/rebuilds/{id}', { params: { path: { id: requested.body.rebuildId } } }),
      );
      if (body.phase === 'done') return body;
      if (body.error !== null) throw new Error(`the rebuild failed: ${body.error}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  const door: Door = {
    gatehouse,
    base,
    as,
    call,
    get,
    head,
    stored,
    facts,
    added: async (work) => {
      const before = await head();
      await work();
      return (await facts(before)).map(({ type }) => type);
    },
    rebuild,
    bytes: async () => Buffer.concat([...bytesOf(folder), Buffer.from((await world?.dump()) ?? '')]),
    close: async () => {
      await app.close();
      await log.stop();
      await world?.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await invite(door, TENANT);
  // Each policy records its start once; behind that, what is added is what was asked for.
  while ((await facts()).filter(({ type }) => type === 'PolicyStarted').length < policies.length) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return door;
};

/** The people of a tenant. */
export const invite = async (door: Door, tenant: string): Promise<void> => {
  const founder = door.as('founder', tenant);
  for (const [name, member] of Object.entries(STAFF)) {
    await answerOf(founder.POST('/v1/staff', { body: { ...member, name: `The ${name}` } }));
  }
  await answerOf(founder.POST('/v1/staff/{id}/deactivate', { params: { path: { id: 'gone' } }, body: {} }));
};

/** Of a stream, which has no end, what it begins with. */
const textOf = async (response: Response): Promise<string> => {
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true) return response.text();
  const reader = response.body?.getReader();
  const first = await reader?.read();
  await reader?.cancel();
  return Buffer.from(first?.value ?? []).toString();
};

const behind = (request: Request, token: string): Request => {
  const url = new URL(request.url);
  if (!url.searchParams.has('after')) url.searchParams.set('after', token);
  return new Request(url, request);
};
