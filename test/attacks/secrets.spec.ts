// Nothing that opens something is ever said: not in a log at its most talkative, not in an error, a measurement or an answer.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runApi, startApi, variablesOf, type Api } from '../crash/process.js';
import { runHere } from '../ops/command-line.js';

const SECRET = 'canary-of-the-token-secret-32-bytes-long';
const KEY = Buffer.alloc(32, 'canary-of-the-key').toString('base64');
const PASSWORD = 'canary-of-the-password';
const NAME = 'Canary Of A Person';
const POSTGRES = { READ_STORE: 'postgres', POSTGRES_URL: `postgres://user:${PASSWORD}@127.0.0.1:1/portaria` };
const EVENTS = { EVENT_STORE: 'eventstoredb', EVENTSTORE_URL: `esdb://user:${PASSWORD}@127.0.0.1:1?tls=false` };
const secret = { AUTH_JWT_SECRET: SECRET, KEY_ENCRYPTION_KEY: KEY };

const folder = mkdtempSync(join(tmpdir(), 'portaria-secrets-'));
let api: Api;
let token: string;
beforeAll(async () => {
  token = await new SignJWT({ tenant: 'acme', sub: 'founder', role: 'admin' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.from(SECRET));
  api = await startApi(folder, { ...secret, LOG_LEVEL: 'trace' });
});
afterAll(async () => {
  await api.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

const holds = (text: string): readonly string[] =>
  [SECRET, KEY, Buffer.from(KEY, 'base64').toString('hex'), PASSWORD, token, token.split('.')[2] ?? ''].filter((word) =>
    text.includes(word),
  );

describe('a secret', () => {
  it('stands in no log at trace, no error, no measurement and no document', async () => {
    const said: string[] = [];
    const ask = async (method: string, path: string, body?: string, bearer = token): Promise<number> => {
      const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
      const answer = await fetch(`${api.base}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
      said.push(await answer.text(), JSON.stringify([...answer.headers]));
      return answer.status;
    };
    const wanted = [
      await ask('POST', '/v1/contacts', JSON.stringify({ displayName: NAME })),
      await ask('POST', '/v1/contacts', `{"displayName":"${NAME}`),
      await ask('GET', `/v1/contacts?search=${encodeURIComponent(NAME)}&limit=x`),
      await ask('GET', '/v1/contacts', undefined, `${token}x`),
      await ask('GET', `/v1/${token}`),
      await ask('GET', '/metrics'),
      await ask('GET', '/openapi.json'),
      await ask('GET', '/health/ready'),
    ];
    expect(wanted).toEqual([201, 400, 400, 401, 404, 200, 200, 200]);
    expect(holds(said.join('\n'))).toEqual([]);
    const log = api.said();
    expect(log.split('\n').length).toBeGreaterThan(10);
    expect(holds(log)).toEqual([]);
    expect(log).not.toContain(NAME);
  });

  it('would be found if it were said', () => {
    expect(holds(`{"token":"${token}"}`)).toContain(token);
  });

  it.each([
    ['PostgreSQL', { ...secret, ...POSTGRES }],
    ['EventStoreDB', { ...secret, ...EVENTS }],
    ['both', { ...secret, ...EVENTS, ...POSTGRES }],
  ])('is not told by the doctor of %s that cannot be reached', async (_name, more) => {
    const variables = { ...variablesOf(folder), ...more, PORTARIA_URL: 'http://127.0.0.1:1', PORTARIA_TOKEN: token };
    for (const words of [['doctor'], ['doctor', '--json']]) {
      const { out, err } = await runHere(variables, words);
      expect(out.length).toBeGreaterThan(100);
      expect(holds(out + err)).toEqual([]);
    }
  });

  it('is not repeated where it stands in the wrong place', async () => {
    const { code, error, out } = await runApi(folder, {
      ...secret,
      PORT: SECRET,
      LOG_LEVEL: PASSWORD,
      EVENT_STORE: KEY,
      POSTGRES_URL: `${PASSWORD} ${SECRET}`,
      AUTH_JWKS_URL: PASSWORD,
    });
    expect(code).toBe(1);
    expect(error).toMatch(/mistakes/);
    expect(holds(error + out)).toEqual([]);
  });
});
