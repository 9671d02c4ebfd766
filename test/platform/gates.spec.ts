import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { createHttpApp, readConfiguration } from '#platform';
import { call, post, refusal, settings, startToys, stopToys, token, ToyModule } from './toys.js';

beforeAll(startToys);
afterAll(stopToys);

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

describe('the rate limit', () => {
  it('counts per token and spares integrations', async () => {
    const limited = await createHttpApp(ToyModule, {
      configuration: readConfiguration({ ...settings, RATE_LIMIT_PER_MINUTE: '2' }),
    });
    const who = (bearer: string) =>
      limited.inject({ url: '/v1/toys/who', headers: { authorization: `Bearer ${bearer}` } });
    const [ana, sam, integration] = [await token(), await token({ sub: 'sam' }), await token({ role: 'integration' })];
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

describe('back-pressure', () => {
  it('refuses what comes beyond so many under way, spares health, and goes on when one has left', async () => {
    const app = await createHttpApp(ToyModule, { configuration: readConfiguration(settings), mostUnderWay: 2 });
    await app.listen(0, '127.0.0.1');
    const base = await app.getUrl();
    const authorization = `Bearer ${await token()}`;
    const ask = (path: string): Promise<Response> => fetch(`${base}${path}`, { headers: { authorization } });
    /** One whose body does not end. */
    const waiting = () => {
      const socket = connect(Number(new URL(base).port), '127.0.0.1').on('error', () => undefined);
      const head = `Host: a\r\nAuthorization: ${authorization}\r\nContent-Type: application/json\r\nContent-Length: 9`;
      socket.write(`POST /v1/toys HTTP/1.1\r\n${head}\r\n\r\n{`);
      return socket;
    };
    const sockets = [waiting(), waiting()];
    const until = async (status: number): Promise<Response> => {
      for (;;) {
        const response = await ask('/v1/toys/who');
        if (response.status === status) return response;
      }
    };
    const refused = await until(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ code: 'busy', detail: expect.stringContaining('Nothing was stored') });
    expect((await ask('/health/live')).status).toBe(200);
    sockets[0]?.destroy();
    await until(200);
    sockets[1]?.destroy();
    await app.close();
  });
});
