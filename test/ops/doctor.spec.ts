import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bearerOf, startApi, variablesOf, type Api } from '../crash/process.js';
import { FakeEventStoreDb } from '../fakes/eventstoredb/index.js';
import { runChild, runHere, type Variables } from './command-line.js';

const folder = mkdtempSync(join(tmpdir(), 'portaria-doctor-'));
const variables: Variables = {
  ...variablesOf(folder),
  // Nobody listens there.
  PORTARIA_URL: 'http://127.0.0.1:1',
};

let api: Api;
let withServer: Variables;
beforeAll(async () => {
  api = await startApi(folder);
  await api.call('integration', 'POST', '/v1/messages/inbound', {
    channel: 'whatsapp',
    from: { kind: 'whatsapp', value: '+5511970000001', displayName: 'Maria' },
    providerMessageId: 'one',
    content: { text: 'Oi' },
  });
  withServer = { ...variables, PORTARIA_URL: api.base, PORTARIA_TOKEN: await bearerOf('ops') };
});
afterAll(async () => {
  await api.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

type Finding = {
  readonly check: string;
  readonly level: string;
  readonly finding: string;
  readonly advice: string | null;
};
const examined = async (over: Variables): Promise<{ readonly code: number; readonly findings: readonly Finding[] }> => {
  const { code, last } = await runHere(over, ['doctor', '--json']);
  return { code, findings: last().result.findings as readonly Finding[] };
};
const bad = ({ findings }: { readonly findings: readonly Finding[] }): readonly Finding[] =>
  findings.filter(({ level }) => level !== 'good');

describe('doctor', () => {
  it('finds nothing wrong where nothing is, beside the running server', async () => {
    const { code, out, err } = await runChild(withServer, ['doctor']);
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toMatch(/PROBLEM/);
    for (const check of [
      'versions',
      'configuration',
      'data folder',
      'disk',
      'log',
      'keys',
      'read store',
      'server',
      'clock',
      'ready',
      'read models',
    ])
      expect(out).toMatch(new RegExp(`^(ok|WARNING) +${check} `, 'm'));
    expect(out).toMatch(/^ok +read models +all \d+ are live and level$/m);
    expect(out).toMatch(/^problems: 0, warnings: \d+\n$/m);
  });

  it('works without a server, and says what it did not see', async () => {
    const { code, findings } = await examined(variables);
    expect(code).toBe(0);
    expect(findings.find(({ check }) => check === 'server')).toMatchObject({
      level: 'warning',
      advice: expect.stringMatching(/start it/),
    });
  });

  it('tells every mistake of the configuration, without values', async () => {
    const { code, findings } = await examined({ ...variables, PORT: '99999', KEY_ENCRYPTION_KEY: 'secret' });
    expect([code, findings.filter(({ check }) => check === 'configuration').map(({ level }) => level)]).toEqual([
      1,
      ['problem', 'problem'],
    ]);
    expect(JSON.stringify(findings)).not.toContain('"secret"');
  });

  it.each([
    ['another key', { KEY_ENCRYPTION_KEY: Buffer.alloc(32, 8).toString('base64') }, 'keys', /is not the one/],
    ['another folder', { DATA_DIR: '/nowhere/at/all' }, 'data folder', /does not exist/],
    [
      'a server that is down',
      { EVENT_STORE: 'eventstoredb', EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false' },
      'log',
      /cannot be reached/,
    ],
    [
      'a PostgreSQL that is down',
      { READ_STORE: 'postgres', POSTGRES_URL: 'postgres://portaria:changeit@127.0.0.1:1/portaria' },
      'read store',
      /PostgreSQL/,
    ],
  ] as const)('finds %s', async (_name, over, check, sentence) => {
    const found = await examined({ ...variables, ...over });
    expect(found.code).toBe(1);
    expect(bad(found)).toContainEqual({
      check,
      level: 'problem',
      finding: expect.stringMatching(sentence),
      advice: expect.any(String),
    });
  });

  it('makes nothing where no server was, neither folder nor secrets', async () => {
    const mistyped = join(folder, 'mistyped');
    const { AUTH_JWT_SECRET: _secret, KEY_ENCRYPTION_KEY: _key, ...none } = variables;
    for (const command of [
      ['doctor', '--json'],
      ['backup', join(folder, 'copy')],
      ['export', join(folder, 'out')],
    ]) {
      const { code, out, err } = await runHere({ ...none, DATA_DIR: mistyped }, command);
      expect([code, out + err]).toEqual([expect.any(Number), expect.stringMatching(/is no folder of a server/)]);
      expect(code).not.toBe(0);
    }
    expect(existsSync(mistyped)).toBe(false);
  });

  it('says which server holds the log, and that it may be read', async () => {
    const server = await FakeEventStoreDb.start();
    try {
      const over = { ...variables, EVENT_STORE: 'eventstoredb', EVENTSTORE_URL: server.connectionString };
      const empty = await examined(over);
      expect(bad(empty)).toContainEqual(
        expect.objectContaining({
          check: 'log',
          finding: expect.stringMatching(/^EventStoreDB \d+\..*permits reading \$all; it holds no facts$/),
        }),
      );
    } finally {
      await server.stop();
    }
  });

  it('looks for no data folder where all stores are on servers', async () => {
    const { findings } = await examined({
      ...variables,
      DATA_DIR: '/nowhere/at/all',
      EVENT_STORE: 'eventstoredb',
      EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false',
      READ_STORE: 'postgres',
      POSTGRES_URL: 'postgres://portaria:changeit@127.0.0.1:1/portaria',
    });
    expect(findings.map(({ check }) => check)).not.toContain('data folder');
  });

  it('finds damaged files, and says which may be deleted', async () => {
    const damaged = mkdtempSync(join(tmpdir(), 'portaria-damaged-'));
    try {
      writeFileSync(join(damaged, 'events.db'), 'this is no database, however long it is looked at');
      const found = await examined({ ...variables, DATA_DIR: damaged });
      expect(found.code).toBe(1);
      expect(bad(found)).toContainEqual(
        expect.objectContaining({
          check: 'log',
          level: 'problem',
          finding: expect.stringMatching(/is not a file of Portaria/),
        }),
      );
    } finally {
      rmSync(damaged, { recursive: true });
    }
  });

  it('says what a server is not ready for, and how far its clock is off', async () => {
    const hour = 3_600_000;
    const server = createServer((request, response) => {
      const ready = request.url !== '/health/ready';
      response.writeHead(ready ? 200 : 503, {
        date: new Date(Date.now() + hour).toUTCString(),
        'content-type': ready ? 'application/json' : 'application/problem+json',
      });
      const notReady = { 'event-store': 'the disk is full' };
      response.end(
        JSON.stringify(ready ? { status: 'ok' } : { code: 'store-unavailable', detail: 'Not ready', notReady }),
      );
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const found = await examined({ ...variables, PORTARIA_URL: `http://127.0.0.1:${String(port)}` });
      expect(found.code).toBe(1);
      expect(bad(found)).toContainEqual(
        expect.objectContaining({ check: 'clock', level: 'problem', finding: expect.stringMatching(/by 60 min/) }),
      );
      expect(bad(found)).toContainEqual(
        expect.objectContaining({ check: 'ready', finding: 'event-store: the disk is full' }),
      );
      expect(bad(found)).toContainEqual(
        expect.objectContaining({ check: 'read models', finding: expect.stringMatching(/PORTARIA_TOKEN is not set/) }),
      );
    } finally {
      server.close();
    }
  });
});
