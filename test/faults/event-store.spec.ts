// EventStoreDB is gone under load, and comes back: nobody is left without an answer, nothing that was acknowledged is lost, nothing is stored twice.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi, type Answer, type Api } from '../crash/process.js';
import { FakeEventStoreDb } from '../fakes/eventstoredb/index.js';
import { until } from '../fixtures/until.js';

const root = mkdtempSync(join(tmpdir(), 'portaria-gone-'));
let server: FakeEventStoreDb;
let api: Api;
beforeAll(async () => {
  server = await FakeEventStoreDb.start();
  api = await startApi(root, { EVENT_STORE: 'eventstoredb', EVENTSTORE_URL: server.connectionString });
});
afterAll(async () => {
  await api.kill('SIGKILL');
  await server.stop();
  rmSync(root, { recursive: true, force: true });
});

const CLIENTS = 32;
const health = async (): Promise<readonly [status: number, body: string]> => {
  const response = await fetch(`${api.base}/health/ready`);
  return [response.status, await response.text()];
};

/** Clients that register contacts one after the other, and say each again under its key until it is acknowledged. */
const load = () => {
  const acknowledged: string[] = [];
  const refusals: Answer[] = [];
  let ending = false;
  const client = async (): Promise<void> => {
    while (!ending) {
      const key = randomUUID();
      for (;;) {
        const answer = await api.call('admin', 'POST', '/v1/contacts', { displayName: `Maria ${key}` }, key);
        if (answer.status === 201) {
          acknowledged.push(answer.body.contactId as string);
          break;
        }
        refusals.push(answer);
        // As `Retry-After` would have it, in a tenth of the time.
        await new Promise((resolve) => setTimeout(resolve, 100 * Number(answer.retryAfter)));
      }
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  return {
    acknowledged,
    refusals,
    end: async (): Promise<void> => {
      ending = true;
      await clients;
    },
  };
};

const contactsInTheLog = (): readonly string[] =>
  server.log.records.filter(({ type }) => type === 'ContactRegistered').map(({ stream }) => stream);

/** A server that hangs is given up after 10 s: half a minute, in the run that is asked for by hand (CHAOS=1) only. */
const hanging: [string, () => void, () => void][] =
  process.env['CHAOS'] === undefined
    ? []
    : [
        [
          'hangs',
          () => {
            server.hold();
          },
          () => {
            server.release();
          },
        ],
      ];

describe('EventStoreDB', () => {
  it.each<[string, () => Promise<void> | void, () => Promise<void> | void]>([
    ['is gone', () => server.shut(), () => server.reopen()],
    ...hanging,
  ])(
    'that %s under load: 503 with Retry-After, and all goes on when it is back',
    async (_what, leave, comeBack) => {
      const already = contactsInTheLog().length;
      const { acknowledged, refusals, end } = load();
      await until(() => acknowledged.length >= CLIENTS);
      await leave();
      // Refused, though nothing can be asked of the server.
      await until(() => refusals.length > 0, 60_000);
      const [status, reason] = await health();
      expect([status, reason]).toEqual([503, expect.stringContaining('EventStoreDB cannot be reached')]);
      expect((await fetch(`${api.base}/health/live`)).status).toBe(200);
      const before = acknowledged.length;
      await comeBack();
      await until(() => acknowledged.length >= before + 2 * CLIENTS, 60_000);
      await end();
      for (const { status: refused, body, retryAfter } of refusals)
        expect([refused, body.code, retryAfter]).toEqual([503, 'store-unavailable', '2']);

      // Once each, and no other.
      const stored = contactsInTheLog().slice(already);
      expect(stored.map((stream) => stream.slice(stream.lastIndexOf('.') + 1)).sort()).toEqual(
        [...acknowledged].sort(),
      );
      const last = await api.call('admin', 'POST', '/v1/contacts', { displayName: 'Joana' });
      const seen = await api.call('admin', 'GET', `/v1/contacts?wait=20000&after=${last.token ?? ''}`);
      expect([last.status, seen.status]).toEqual([201, 200]);
      await until(async () => (await health())[0] === 200);
    },
    120_000,
  );
});
