// PostgreSQL is gone under load, and comes back: nobody is left without an answer, nothing that was acknowledged is lost, nothing is stored twice.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi, type Answer, type Api } from '../crash/process.js';
import { FakeEventStoreDb } from '../fakes/eventstoredb/index.js';
import { wayTo, type Way } from '../fixtures/gone-server.js';
import { postgresUrl, postgresWorld, type World } from '../fixtures/postgres-world.js';
import { until } from '../fixtures/until.js';

const suite = postgresUrl === '' ? describe.skip : describe;

const CLIENTS = 24;
/** Of an api with its projector: 21 of them, and as many that end while others are made. */
const CONNECTIONS = 42;
const MIB = 1024 * 1024;

suite('PostgreSQL, with read models and keys,', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-postgres-gone-'));
  let log: FakeEventStoreDb;
  let world: World;
  let way: Way;
  let api: Api;
  beforeAll(async () => {
    log = await FakeEventStoreDb.start();
    world = postgresWorld();
    way = await wayTo(world.url);
    // Given up sooner than it would be, so that the test need not wait.
    const url = new URL(way.url);
    url.searchParams.set('query_timeout', '2000');
    api = await startApi(folder, {
      EVENT_STORE: 'eventstoredb',
      EVENTSTORE_URL: log.connectionString,
      READ_STORE: 'postgres',
      POSTGRES_URL: url.href,
    });
    await until(async () => (await ready())[0] === 200, 60_000);
  });
  afterAll(async () => {
    await api.kill('SIGKILL');
    await way.close();
    await log.stop();
    await world.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ready = async (): Promise<readonly [status: number, body: string]> => {
    const response = await fetch(`${api.base}/health/ready`);
    return [response.status, await response.text()];
  };
  const residentBytes = async (): Promise<number> => {
    const text = await (await fetch(`${api.base}/metrics`)).text();
    return Number(/^\w*process_resident_memory_bytes (\S+)/m.exec(text)?.[1]);
  };

  /** Half of the clients register contacts, whose keys are made, and say each again under its key until it is acknowledged; half ask. */
  const load = () => {
    const acknowledged: string[] = [];
    const refusals: Answer[] = [];
    let seen = 0;
    let connections = 0;
    let ending = false;
    const refused = async (answer: Answer): Promise<void> => {
      refusals.push(answer);
      connections = Math.max(connections, way.connections());
      // As `Retry-After` would have it, in a tenth of the time.
      await new Promise((resolve) => setTimeout(resolve, 100 * Number(answer.retryAfter)));
    };
    const writer = async (): Promise<void> => {
      while (!ending) {
        const key = randomUUID();
        for (;;) {
          const answer = await api.call('admin', 'POST', '/v1/contacts', { displayName: `Maria ${key}` }, key);
          if (answer.status === 201) {
            acknowledged.push(answer.body.contactId as string);
            break;
          }
          await refused(answer);
        }
      }
    };
    const reader = async (): Promise<void> => {
      while (!ending) {
        const answer = await api.call('admin', 'GET', '/v1/contacts?limit=5');
        if (answer.status === 200) seen++;
        else await refused(answer);
      }
    };
    const clients = Promise.all(Array.from({ length: CLIENTS }, (_, n) => (n % 2 === 0 ? writer() : reader())));
    return {
      acknowledged,
      refusals,
      seen: () => seen,
      connections: () => connections,
      end: async (): Promise<void> => {
        ending = true;
        await clients;
      },
    };
  };
  const contactsInTheLog = (): readonly string[] =>
    log.log.records.filter(({ type }) => type === 'ContactRegistered').map(({ stream }) => stream);

  it.each<[string, () => Promise<void> | void]>([
    ['refuses', () => way.refuse()],
    [
      'never answers',
      () => {
        way.hang();
      },
    ],
  ])(
    'that %s under load: 503 with Retry-After, and all goes on when it is back',
    async (_what, leave) => {
      const already = contactsInTheLog().length;
      const { acknowledged, refusals, seen, connections, end } = load();
      await until(() => acknowledged.length >= CLIENTS && seen() >= CLIENTS);
      const before = await residentBytes();
      await leave();
      await until(() => refusals.length >= 3 * CLIENTS, 60_000);
      const [status, reason] = await ready();
      expect([status, reason]).toEqual([503, expect.stringContaining('PostgreSQL cannot be reached')]);
      expect((await fetch(`${api.base}/health/live`)).status).toBe(200);
      expect((await residentBytes()) - before).toBeLessThan(256 * MIB);
      const [written, read] = [acknowledged.length, seen()];
      await way.open();
      await until(() => acknowledged.length >= written + 2 * CLIENTS && seen() >= read + 2 * CLIENTS, 60_000);
      await end();
      for (const { status: refused, body, retryAfter } of refusals)
        expect([refused, body.code, retryAfter]).toEqual([503, 'store-unavailable', '2']);
      expect(connections()).toBeLessThanOrEqual(CONNECTIONS);

      // Once each, and no other.
      const stored = contactsInTheLog().slice(already);
      expect(stored.map((stream) => stream.slice(stream.lastIndexOf('.') + 1)).sort()).toEqual(
        [...acknowledged].sort(),
      );
      // The projector has come back by itself.
      const last = await api.call('admin', 'POST', '/v1/contacts', { displayName: 'Joana' });
      await until(
        async () => (await api.call('admin', 'GET', `/v1/contacts?after=${last.token ?? ''}`)).status === 200,
        60_000,
      );
      await until(async () => (await ready())[0] === 200);
    },
    180_000,
  );
});
