import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { decodeToken } from '#platform';
import { address, call, ID, post, refusal, startToys, stopToys, token, TOKEN, type Answer } from './toys.js';

beforeAll(startToys);
afterAll(stopToys);

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
      detail:
        'A supervisor can record the consent with PUT /v1/contacts/{id}/consents/{channel}; reasons says what is missing',
      code: 'consent-missing',
      correlationId: 'c',
      reasons: ['consent-unset'],
    });
  });
  it('of a bug tell the client nothing', async () => {
    const { status, body } = await call('/v1/toys/broken');
    expect([status, JSON.stringify(body)]).toEqual([500, expect.not.stringContaining('+55')]);
  });
  it('answer bytes that are no HTTP', async () => {
    const socket = connect(Number(address().port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nbroken\r\n\r\n');
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\ncontent-type: application\/problem\+json/);
    expect(answer).toMatch(/\r\nx-content-type-options: nosniff\r\n/);
    const [, correlationId = 'none'] = /\r\nx-correlation-id: (\S+)\r\n/.exec(answer) ?? [];
    expect(answer).toContain(`"correlationId":"${correlationId}"`);
    expect(answer).toContain('"code":"invalid-request"');
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
    const { paths } = body as { paths: Record<string, Record<string, Record<string, unknown>>> };
    expect(paths['/health/live']?.['get']?.['security']).toEqual([{}]);
    expect(paths['/v1/toys/lines']?.['post']?.['requestBody']).toMatchObject({
      content: { 'application/x-ndjson': { schema: { type: 'string' } } },
    });
    const docs = await call('/docs', { bearer: null });
    expect(docs.body['text']).toContain('swagger-ui-bundle.js');
    expect(docs.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect((await call('/docs/swagger-ui-bundle.js', { bearer: null })).status).toBe(200);
  });
});
