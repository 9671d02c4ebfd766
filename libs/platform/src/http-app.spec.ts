import { Body, Controller, Delete, Get, Module, Param, Post, Query, Req, Res } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import type { Position } from '#kernel';
import {
  Allow,
  Answers,
  check,
  commandMetadata,
  consistencyOf,
  CurrentCaller,
  createHttpApp,
  decodeToken,
  Flag,
  ListOf,
  ListQuery,
  Ndjson,
  OneOf,
  parseJson,
  problem,
  Public,
  QueryFlag,
  readConfiguration,
  rejectionToProblem,
  runOptions,
  sendCommand,
  sendQuery,
  Shown,
  StaffDirectory,
  TenantSecrets,
  Text,
  Time,
  UuidParam,
  Uuid,
  type Identity,
  type StaffRecord,
} from '#platform';

const SECRET = 'a secret of at least thirty-two bytes';
const KEY = Buffer.alloc(32, 7).toString('base64');
const ID = '0f9a3a51-5d5d-4c4b-8f57-8f3a0a5a1c11';
const TOKEN = { logId: 'log', position: '7' as Position };

class Part {
  @OneOf(['phone', 'email']) kind!: string;
  @Text(10) value!: string;
}
class Toy {
  @Text(20) name!: string;
  @Flag({ optional: true }) confirm?: boolean;
  @ListOf(Part, 3, { optional: true }) parts?: Part[];
  @Time({ optional: true, nullable: true }) until?: string | null;
  @Uuid({ optional: true, list: 2 }) ids?: string[];
}
class ToyQuery extends ListQuery {
  @QueryFlag() blocked?: boolean;
}
class ToyAnswer {
  @Shown('string') name!: string;
}

@Controller('v1/toys')
class ToyController {
  @Post()
  @Allow('agent', 'supervisor', 'admin')
  @Answers(201, ToyAnswer)
  async make(@Body() body: Toy, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const metadata = await commandMetadata(request);
    return sendCommand(reply, {
      status: 201,
      revision: 3,
      token: TOKEN,
      body: { body, metadata, ...runOptions(request) },
    });
  }

  @Get()
  @Allow('agent', 'integration')
  @Answers(200, ToyAnswer)
  list(@Query() query: ToyQuery, @Res({ passthrough: true }) reply: FastifyReply) {
    return sendQuery(reply, {
      token: TOKEN,
      body: { limit: query.limit, blocked: query.blocked, ...consistencyOf(query) },
    });
  }

  @Get('who')
  @Allow('agent', 'supervisor', 'admin', 'integration', 'auditor', 'ops')
  @Answers(200, ToyAnswer)
  who(@CurrentCaller() identity: Identity) {
    return identity;
  }

  @Post('lines')
  @Allow('integration')
  @Ndjson()
  @Answers(200, 'application/x-ndjson')
  lines(@Body() lines: readonly string[], @Res({ passthrough: true }) reply: FastifyReply) {
    return sendQuery(reply, { body: lines.map((line) => check(Part, parseJson(line)).kind) });
  }

  @Get('forgotten')
  forgotten() {
    return 'secret';
  }

  @Get('refused')
  @Allow('agent')
  @Answers(200, ToyAnswer)
  refused() {
    throw rejectionToProblem({ rejected: 'consent-missing', detail: { reasons: ['consent-unset'], status: 1 } });
  }

  @Get('broken')
  @Allow('agent')
  @Answers(200, ToyAnswer)
  broken() {
    throw new Error('+55 11 99999-0000 is in this text');
  }

  @Get('busy')
  @Allow('agent')
  @Answers(200, ToyAnswer)
  busy() {
    throw Object.assign(new Error('too many writers'), { name: 'Busy' });
  }

  @Get('open')
  @Public()
  @Answers(200, ToyAnswer)
  open() {
    return { name: 'open' };
  }

  @Delete(':id')
  @Allow('agent')
  @Answers(200, ToyAnswer)
  remove(@Param('id', UuidParam) id: string) {
    if (id !== ID) throw problem('not-found');
    return { id };
  }
}

class Staff extends StaffDirectory {
  override find(_tenant: string, id: string): Promise<StaffRecord | null> {
    const of = (role: StaffRecord['role'], active = true): StaffRecord => ({ role, access: 'assigned_only', active });
    const records: Record<string, StaffRecord> = {
      ana: of('agent'),
      sam: of('supervisor'),
      gone: of('admin', false),
    };
    return Promise.resolve(records[id] ?? null);
  }
}

@Module({
  controllers: [ToyController],
  providers: [
    { provide: StaffDirectory, useClass: Staff },
    { provide: TenantSecrets, useValue: { secretOf: () => Promise.resolve(Buffer.alloc(32, 1)) } },
  ],
})
class ToyModule {}

const settings = {
  NODE_ENV: 'test',
  AUTH_JWT_SECRET: SECRET,
  KEY_ENCRYPTION_KEY: KEY,
  LOG_LEVEL: 'silent',
  LOG_FORMAT: 'json',
};

const token = (claims: Record<string, unknown> = {}, secret = SECRET): Promise<string> =>
  new SignJWT({ sub: 'ana', tenant: 'acme', ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));

let app: NestFastifyApplication;
let base: string;
let agent: string;
beforeAll(async () => {
  app = await createHttpApp(ToyModule, { configuration: readConfiguration(settings) });
  await app.listen(0, '127.0.0.1');
  base = await app.getUrl();
  agent = await token();
});
afterAll(async () => {
  await app.close();
});

type Answer = { status: number; headers: Headers; body: Record<string, unknown> };

const call = async (path: string, init: RequestInit & { bearer?: string | null } = {}): Promise<Answer> => {
  const { bearer = agent, headers, ...rest } = init;
  const response = await fetch(`${base}${path}`, {
    ...rest,
    headers: {
      ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      ...(headers as Record<string, string>),
    },
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    headers: response.headers,
    body: (json ? JSON.parse(text) : { text }) as Record<string, unknown>,
  };
};
const post = (body: unknown, headers: Record<string, string> = {}, bearer?: string | null): Promise<Answer> =>
  call('/v1/toys', {
    method: 'POST',
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
    ...(bearer === undefined ? {} : { bearer }),
  });
const refusal = ({ status, body }: Answer): readonly unknown[] => [status, body['code']];

describe('tokens', () => {
  it('are taken from staff members whose record gives the role', async () => {
    const { status, body } = await call('/v1/toys/who');
    expect([status, body]).toEqual([
      200,
      { tenant: 'acme', caller: { id: 'ana', kind: 'staff', role: 'agent', access: 'assigned_only' } },
    ]);
  });

  it.each(['auditor', 'ops', 'integration', 'admin'])('give the role %s by their claim', async (role) => {
    const { body } = await call('/v1/toys/who', { bearer: await token({ sub: 'nobody', role }) });
    expect(body['caller']).toEqual({
      id: 'nobody',
      role,
      access: 'all',
      kind: role === 'integration' ? role : 'staff',
    });
  });

  it.each([
    ['none', () => null],
    ['garbage', () => 'garbage'],
    ['one of two parts', async () => (await token()).split('.').slice(0, 2).join('.')],
    ['a wrong key', () => token({}, 'another secret of at least thirty-two bytes')],
    ['alg none', () => new UnsecuredJWT({ sub: 'ana', tenant: 'acme' }).encode()],
    ['an expired one', () => token({ exp: Math.floor(Date.now() / 1000) - 1 })],
    ['one of the future', () => token({ nbf: Math.floor(Date.now() / 1000) + 60 })],
    ['an unknown role', () => token({ role: 'root' })],
    ['a role that only a record gives', () => token({ role: 'supervisor' })],
    ['no tenant', () => token({ tenant: undefined })],
    ['a tenant of another form', () => token({ tenant: 'Acme.x' })],
    ['no subject', () => token({ sub: undefined })],
    ['an e-mail as subject', () => token({ sub: 'ana@example.com' })],
    [
      'RS256 where a secret is configured',
      async () =>
        new SignJWT({ sub: 'ana', tenant: 'acme' })
          .setProtectedHeader({ alg: 'RS256' })
          .sign((await generateKeyPair('RS256')).privateKey),
    ],
  ])('are refused: %s', async (_name, make) => {
    const answer = await call('/v1/toys/who', { bearer: await make() });
    expect(refusal(answer)).toEqual([401, 'unauthenticated']);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('of nobody that the tenant knows are forbidden everywhere', async () => {
    expect(refusal(await call('/v1/toys/who', { bearer: await token({ sub: 'nobody' }) }))).toEqual([403, 'forbidden']);
  });

  it('of a deactivated staff member are refused whatever they claim', async () => {
    expect(refusal(await call('/v1/toys/who', { bearer: await token({ sub: 'gone', role: 'ops' }) }))).toEqual([
      403,
      'staff-inactive',
    ]);
  });

  it('are felt as expired also when they were verified before', async () => {
    const bearer = await token({ exp: Math.floor(Date.now() / 1000) + 1 });
    expect((await call('/v1/toys/who', { bearer })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await call('/v1/toys/who', { bearer })).status).toBe(401);
  });
});

describe('refusals come in order', () => {
  const broken = { method: 'POST', body: '{', headers: { 'content-type': 'text/xml' } };
  it('401 before all', async () => {
    expect(refusal(await call('/v1/toys', { ...broken, bearer: null }))).toEqual([401, 'unauthenticated']);
  });
  it('403 by role before the body', async () => {
    expect(refusal(await call('/v1/toys', { ...broken, bearer: await token({ sub: 'x', role: 'ops' }) }))).toEqual([
      403,
      'forbidden',
    ]);
  });
  it('415 before 400', async () => {
    expect(refusal(await call('/v1/toys', broken))).toEqual([415, 'unsupported-media-type']);
  });
  it('400 before the route', async () => {
    expect(refusal(await post('{'))).toEqual([400, 'invalid-request']);
  });
  it('a route that forgot its roles is closed to everybody', async () => {
    expect(refusal(await call('/v1/toys/forgotten'))).toEqual([403, 'forbidden']);
    expect(refusal(await call('/v1/toys/forgotten', { bearer: null }))).toEqual([401, 'unauthenticated']);
  });
  it('a public route needs no token', async () => {
    expect((await call('/v1/toys/open', { bearer: null })).body).toEqual({ name: 'open' });
  });
});

describe('bodies', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  it.each([
    ['malformed', '{"name":'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0x6e, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['with U+0000', '{"name":"a\\u0000"}'],
    ['with a lone surrogate', '{"name":"a\\ud800"}'],
    ['with a lone surrogate in a key', '{"name":"a","\\udc00":1}'],
    ['with __proto__', '{"name":"a","__proto__":{"confirm":true}}'],
    ['with constructor', '{"name":"a","constructor":{"prototype":{}}}'],
    ['too deep', `{"name":${nested(40)}}`],
    ['very deep', nested(500_000)],
    ['with too long a list', JSON.stringify({ name: 'a', ids: Array(10_001).fill(1) })],
    ['with an infinite number', '{"name":1e999}'],
    ['of another kind', '"text"'],
    ['null', 'null'],
    ['a list', '[]'],
    ['empty', ''],
  ])('are refused: %s', async (_name, body) => {
    const answer = await post(body);
    expect(refusal(answer)).toEqual([400, 'invalid-request']);
    expect(answer.body['errors']).toBeInstanceOf(Array);
  });

  it('are refused when missing where one is needed', async () => {
    expect(refusal(await call('/v1/toys', { method: 'POST' }))).toEqual([400, 'invalid-request']);
  });

  it('above 2 MiB are refused, and the client reads it', async () => {
    expect(refusal(await post({ name: 'a'.repeat(3 * 1024 * 1024) }))).toEqual([413, 'body-too-large']);
  });

  it('that come in chunks are measured too', async () => {
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 48; i++) controller.enqueue(new Uint8Array(64 * 1024).fill(32));
        controller.close();
      },
    });
    const answer = await call('/v1/toys', {
      method: 'POST',
      body: stream,
      headers: { 'content-type': 'application/json' },
      duplex: 'half',
    });
    expect(refusal(answer)).toEqual([413, 'body-too-large']);
  });

  it('name the place of each mistake', async () => {
    const { status, body } = await post({
      name: '  ',
      extra: 1,
      parts: [{ kind: 'fax', value: 'x', also: 1 }, 7],
      until: '2026-02-30T00:00:00Z',
    });
    expect(status).toBe(400);
    expect(body['errors']).toEqual(
      expect.arrayContaining([
        { path: 'extra', message: 'is not a known field' },
        { path: 'name', message: 'must be text of 1 to 20 characters' },
        { path: 'parts', message: 'must be a list of at most 3 objects' },
        { path: 'until', message: 'must be an RFC 3339 time with a zone' },
      ]),
    );
    const inner = await post({ name: 'a', parts: [{ kind: 'fax', value: 'x', also: 1 }] });
    expect(inner.body['errors']).toEqual([
      { path: 'parts[0].also', message: 'is not a known field' },
      { path: 'parts[0].kind', message: 'must be one of phone, email' },
    ]);
  });

  it('are not converted, but brought into one form', async () => {
    expect((await post({ name: 7 })).status).toBe(400);
    expect((await post({ name: 'a', confirm: 'true' })).status).toBe(400);
    const { body } = await post({ name: 'a', until: '2026-01-01T00:00:00+01:00', ids: [ID.toUpperCase()] });
    expect(body['body']).toEqual({ name: 'a', until: '2025-12-31T23:00:00.000Z', ids: [ID] });
  });

  it('keep null and absent apart', async () => {
    expect((await post({ name: 'a', until: null })).body['body']).toEqual({ name: 'a', until: null });
    expect(refusal(await post({ name: 'a', confirm: null }))).toEqual([400, 'invalid-request']);
  });

  it('in lines are for routes that say so', async () => {
    const bearer = await token({ sub: 'i', role: 'integration' });
    const lines = (type: string): Promise<Answer> =>
      call('/v1/toys/lines', {
        method: 'POST',
        body: '{"kind":"phone","value":"1"}\n{"kind":"email","value":"2"}\n',
        headers: { 'content-type': type },
        bearer,
      });
    expect((await lines('application/x-ndjson')).body).toEqual(['phone', 'email']);
    expect(refusal(await lines('application/json'))).toEqual([415, 'unsupported-media-type']);
    expect(refusal(await post('{}\n', { 'content-type': 'application/x-ndjson' }))).toEqual([
      415,
      'unsupported-media-type',
    ]);
  });
});

describe('paths and queries', () => {
  it('of no route are 404', async () => {
    expect(refusal(await call('/v1/nowhere'))).toEqual([404, 'not-found']);
    expect(refusal(await call('/v1/toys', { method: 'PUT' }))).toEqual([404, 'not-found']);
  });
  it('with an id of no form name nothing', async () => {
    expect(refusal(await call('/v1/toys/7', { method: 'DELETE' }))).toEqual([404, 'not-found']);
    expect((await call(`/v1/toys/${ID.toUpperCase()}`, { method: 'DELETE' })).body).toEqual({ id: ID });
  });
  it.each([
    '?limit=0',
    '?limit=201',
    '?limit=x',
    '?limit=',
    '?wait=30001',
    '?blocked=yes',
    '?unknown=1',
    '?cursor=%00',
    '?cursor=%ED%A0%80',
    '?limit=1&limit=2',
    '/%E0%A4%A',
  ])('are refused: %s', async (query) => {
    expect(refusal(await call(`/v1/toys${query}`))).toEqual([400, 'invalid-request']);
  });
  it('with a broken token have their own code', async () => {
    expect(refusal(await call('/v1/toys?after=nonsense'))).toEqual([400, 'token-invalid']);
  });
  it('are read as numbers and flags, with defaults', async () => {
    expect((await call('/v1/toys?blocked=false&limit=200')).body).toEqual({
      limit: 200,
      wait: 2000,
      blocked: false,
      after: null,
    });
  });
});

describe('answers', () => {
  it('of a command carry revision, token and correlation', async () => {
    const { status, headers, body } = await post(
      { name: 'a' },
      { 'x-correlation-id': 'my.id-1', 'if-match': '"2"', 'idempotency-key': ID.toUpperCase() },
    );
    expect([status, headers.get('etag'), headers.get('x-correlation-id')]).toEqual([201, '"3"', 'my.id-1']);
    expect(decodeToken(headers.get('consistency-token') ?? '')).toEqual(TOKEN);
    expect(body).toMatchObject({
      expectedRevision: 2,
      metadata: { commandId: ID, correlationId: 'my.id-1', tenant: 'acme' },
    });
  });
  it('replace a correlation id of another form', async () => {
    const { headers } = await call('/v1/toys/who', { headers: { 'x-correlation-id': 'a b' } });
    expect(headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
  it.each([
    ['idempotency-key', '7'],
    ['if-match', '2'],
    ['if-match', '*'],
    ['if-match', 'W/"2"'],
  ])('refuse %s: %s', async (name, value) => {
    expect(refusal(await post({ name: 'a' }, { [name]: value }))).toEqual([400, 'invalid-request']);
  });
  it('hash what was asked, so that a repeat is told from another request', async () => {
    const hashOf = async (body: unknown, bearer?: string): Promise<unknown> =>
      ((await post(body, {}, bearer)).body['metadata'] as Record<string, unknown>)['requestHash'];
    const first = await hashOf({ name: 'a', confirm: true });
    expect(await hashOf({ confirm: true, name: 'a' })).toBe(first);
    expect(await hashOf({ name: 'b', confirm: true })).not.toBe(first);
    expect(await hashOf({ name: 'a', confirm: true }, await token({ sub: 'sam' }))).not.toBe(first);
  });
  it('take over a well-formed traceparent', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect((await post({ name: 'a' }, { traceparent })).body['metadata']).toMatchObject({ traceparent });
    expect((await post({ name: 'a' }, { traceparent: '00-0-0-01' })).body['metadata']).not.toHaveProperty(
      'traceparent',
    );
  });
  it('carry security headers', async () => {
    const { headers } = await call('/v1/toys/who');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('problems', () => {
  it('have the form of RFC 9457, with the fields of their refusal but none that replaces another', async () => {
    const { status, headers, body } = await call('/v1/toys/refused', { headers: { 'x-correlation-id': 'c' } });
    expect([status, headers.get('content-type')]).toEqual([409, 'application/problem+json; charset=utf-8']);
    expect(body).toEqual({
      type: 'urn:portaria:problem:consent-missing',
      title: 'The consent needed for sending is missing',
      status: 409,
      detail: 'The consent needed for sending is missing',
      code: 'consent-missing',
      correlationId: 'c',
      reasons: ['consent-unset'],
    });
  });
  it('of a bug tell the client nothing', async () => {
    const { status, body } = await call('/v1/toys/broken');
    expect([status, JSON.stringify(body)]).toEqual([500, expect.not.stringContaining('+55')]);
  });
  it('of other rooms are known by their name', async () => {
    const answer = await call('/v1/toys/busy');
    expect(refusal(answer)).toEqual([503, 'busy']);
    expect(answer.headers.get('retry-after')).toBe('1');
  });
});

describe('operations', () => {
  it('answer without a token', async () => {
    expect((await call('/health/live', { bearer: null })).status).toBe(200);
    expect((await call('/health/ready', { bearer: null })).status).toBe(200);
    const metrics = (await call('/metrics', { bearer: null })).body['text'] as string;
    expect(metrics).toContain(
      'portaria_http_request_duration_seconds_count{method="GET",route="/v1/toys/who",status="200"}',
    );
    expect(metrics).not.toContain('acme');
  });
  it('serve an OpenAPI 3.1 document and its reader', async () => {
    const { body } = await call('/openapi.json', { bearer: null });
    expect(body['openapi']).toBe('3.1.0');
    const text = JSON.stringify(body);
    expect(text).toContain('"/v1/toys"');
    expect(text).toContain('application/problem+json');
    expect(text).toContain('"type":["string","null"]');
    expect(text).not.toContain('nullable');
    const docs = await call('/docs', { bearer: null });
    expect(docs.body['text']).toContain('swagger-ui-bundle.js');
    expect((await call('/docs/swagger-ui-bundle.js', { bearer: null })).status).toBe(200);
  });
});

describe('the rate limit', () => {
  it('counts per token and spares integrations', async () => {
    const limited = await createHttpApp(ToyModule, {
      configuration: readConfiguration({ ...settings, RATE_LIMIT_PER_MINUTE: '2' }),
    });
    const who = (bearer: string) =>
      limited.inject({ url: '/v1/toys/who', headers: { authorization: `Bearer ${bearer}` } });
    const [ana, sam, integration] = [agent, await token({ sub: 'sam' }), await token({ role: 'integration' })];
    const statuses = [];
    for (const bearer of [ana, ana, ana, sam, integration, integration, integration])
      statuses.push((await who(bearer)).statusCode);
    expect(statuses).toEqual([200, 200, 429, 200, 200, 200, 200]);
    const refused = await who(ana);
    expect(refused.json()).toMatchObject({ code: 'rate-limited', status: 429 });
    expect(refused.headers['retry-after']).toBeDefined();
    await limited.close();
  });
});
