// Tokens that are none of ours, at the door of the whole application.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openWorld, type World } from '../fuzz/world.js';

let world: World;
let real: string;
beforeAll(async () => {
  world = await openWorld();
  real = (await world.tokenOf('founder', 'acme')) ?? '';
});
afterAll(() => world.close());

const ask = async (authorization: string | null): Promise<number> => {
  const headers: Record<string, string> = authorization === null ? {} : { authorization };
  const { status, text } = await world.send({ method: 'GET', path: '/v1/contacts', headers, body: null });
  if (status !== 200) expect(text).not.toContain('stack');
  return status;
};
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = { sub: 'founder', tenant: 'acme', role: 'admin' };
const hs256 = (header: object, payload: object, secret: string | Buffer): string => {
  const said = `${encoded(header)}.${encoded(payload)}`;
  return `${said}.${createHmac('sha256', secret).update(said).digest('base64url')}`;
};

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rs256 = (header: object): string => {
  const said = `${encoded({ alg: 'RS256', ...header })}.${encoded(claims)}`;
  return `${said}.${sign('sha256', Buffer.from(said), rsa.privateKey).toString('base64url')}`;
};
const part = (index: number): string => real.split('.')[index] ?? '';

describe('a token', () => {
  it('is taken as it was made', async () => {
    expect(await ask(`Bearer ${real}`)).toBe(200);
  });

  it.each<[string, () => string]>([
    ['without a signature', () => `${part(0)}.${part(1)}.`],
    ['with a signature cut short', () => real.slice(0, -4)],
    [
      'with other claims under the same signature',
      () => `${part(0)}.${encoded({ ...claims, tenant: 'other' })}.${part(2)}`,
    ],
    ['with alg none', () => `${encoded({ alg: 'none' })}.${encoded(claims)}.`],
    ['with alg None', () => `${encoded({ alg: 'None' })}.${encoded(claims)}.`],
    ['with alg none and our signature', () => `${encoded({ alg: 'none' })}.${part(1)}.${part(2)}`],
    ['with no alg', () => hs256({}, claims, '')],
    ['signed with nothing', () => hs256({ alg: 'HS256' }, claims, '')],
    ['that brings its own key', () => rs256({ jwk: rsa.publicKey.export({ format: 'jwk' }) })],
    ['that names where its key lies', () => rs256({ jku: 'http://127.0.0.1:9/keys', kid: '../../../dev/null' })],
    [
      'signed with a public key as if it were a secret',
      () => hs256({ alg: 'HS256' }, claims, rsa.publicKey.export({ format: 'pem', type: 'spki' })),
    ],
    ['with an extension that must be understood', () => hs256({ alg: 'HS256', crit: ['x'], x: 1 }, claims, '')],
    ['of five parts', () => `${real}.a.b`],
    ['of ten thousand parts', () => 'a.'.repeat(5_000)],
    ['of dots', () => '.'.repeat(8_000)],
    ['twice', () => `${real}, Bearer ${real}`],
    ['with a line of its own in it', () => `${part(0)}.${part(1)}. ${part(2)}`],
    ['in other letters', () => `${real}é`],
    ['that is no JSON', () => `${Buffer.from('{').toString('base64url')}.${part(1)}.${part(2)}`],
  ])('is refused %s', async (_name, make) => {
    expect(await ask(`Bearer ${make()}`)).toBe(401);
  });

  it('is refused when it has expired, and when another installation signed it', async () => {
    for (const caller of ['expired', 'forger']) {
      expect(await ask(`Bearer ${String(await world.tokenOf(caller, 'acme'))}`)).toBe(401);
    }
  });

  it.each([[null], [''], ['Basic Zm9vOmJhcg=='], ['Bearer'], ['Bearer  '], [`Token x`]])(
    'is asked for: %s',
    async (header) => {
      expect(await ask(header)).toBe(401);
    },
  );

  it('of 64 KiB is not even read', async () => {
    expect(await ask(`Bearer ${'a'.repeat(64 * 1024)}`)).toBe(400);
  });

  it('opens the tenant that it names and no other', async () => {
    const send = async (tenant: string, method: string, path: string, body?: object) => {
      const token = String(await world.tokenOf('founder', tenant));
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      return world.send({ method, path, headers, body: body === undefined ? null : JSON.stringify(body) });
    };
    const made = JSON.parse((await send('acme', 'POST', '/v1/contacts', { displayName: 'Ada' })).text) as {
      contactId: string;
    };
    const path = `/v1/contacts/${made.contactId}`;
    expect((await send('acme', 'PATCH', path, { displayName: 'Eva' })).status).toBe(200);
    expect((await send('other', 'PATCH', path, { displayName: 'Eva' })).status).toBe(404);
    expect((await send('other', 'GET', path)).status).toBe(404);
  });
});
