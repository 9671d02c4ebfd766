// The production form: api processes and projector processes over servers that they share.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeEventStoreDb } from '../fakes/eventstoredb/index.js';
import { postgresUrl, postgresWorld } from '../fixtures/postgres-world.js';
import { until } from '../fixtures/until.js';
import { runApi, startApi, type Api, type App, type Json } from './process.js';

const suite = postgresUrl === '' ? describe.skip : describe;

suite('several processes over one log and one PostgreSQL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-processes-'));
  const open: Api[] = [];
  let server: FakeEventStoreDb;
  let world: ReturnType<typeof postgresWorld>;
  let environment: Record<string, string>;
  const start = async (app: App, name: string): Promise<Api> => {
    const one = await startApi(
      join(folder, name),
      { ...environment, ...(app === 'api' ? { PROJECTOR: 'off' } : {}) },
      app,
    );
    open.push(one);
    return one;
  };
  beforeAll(async () => {
    server = await FakeEventStoreDb.start();
    world = postgresWorld();
    environment = {
      EVENT_STORE: 'eventstoredb',
      EVENTSTORE_URL: server.connectionString,
      READ_STORE: 'postgres',
      POSTGRES_URL: world.url,
    };
  });
  afterAll(async () => {
    for (const one of open) await one.kill('SIGKILL');
    await server.stop();
    await world.drop();
    rmSync(folder, { recursive: true, force: true });
  });
  const role = (one: Api): string | undefined => [...one.said().matchAll(/"role":"(\w+)"/g)].at(-1)?.[1];
  const message = (n: number) => ({
    channel: 'whatsapp',
    from: { kind: 'whatsapp', value: `+55119${String(70_000_000 + n)}`, displayName: `Sender ${String(n)}` },
    providerMessageId: `m-${String(n)}`,
    content: { text: `Message ${String(n)}` },
  });
  /** Says something through one api and sees it through the other. */
  const roundTrip = async (by: Api, seenBy: Api, n: number): Promise<void> => {
    const said = await by.call('integration', 'POST', '/v1/messages/inbound', message(n), randomUUID());
    expect([said.status, said.body.disposition]).toEqual([200, 'displayed']);
    const path = `/v1/conversations/${said.body.conversationId as string}?wait=20000&after=${said.token ?? ''}`;
    const seen = await seenBy.call('admin', 'GET', path);
    expect([seen.status, seen.body.unread]).toEqual([200, 1]);
  };

  it('one projector works, the other takes over within 5 s of a kill -9, and no api notices', async () => {
    const [first, second] = [await start('projector', 'p1'), await start('projector', 'p2')];
    const [left, right] = [await start('api', 'a1'), await start('api', 'a2')];
    await until(() => role(first) === 'live', 30_000);
    expect(role(second)).not.toBe('live');
    await roundTrip(left, right, 1);
    await roundTrip(right, left, 2);
    expect(await first.kill('SIGKILL')).toBeNull();
    const from = performance.now();
    await until(() => role(second) === 'live', 30_000);
    expect(performance.now() - from).toBeLessThan(5000);
    await roundTrip(left, right, 3);

    // Policies run where the projector is: a block in one process assigns nobody in the other.
    const contact = (await left.call('admin', 'GET', '/v1/contacts?search=Sender')).body.items[0].contactId as string;
    const blocked = await left.call('admin', 'POST', `/v1/contacts/${contact}/block`, { confirm: true });
    expect(blocked.status).toBe(200);
    const list = await right.call('admin', 'GET', `/v1/blocked-contacts?wait=20000&after=${blocked.token ?? ''}`);
    expect(list.body.items).toHaveLength(1);

    // What operators ask of any api is done by the projector.
    const asked = await right.call('ops', 'POST', '/v1/ops/projections/all/rebuild', {});
    expect(asked.status).toBe(202);
    const status = async (): Promise<Json> =>
      (await left.call('ops', 'GET', `/v1/ops/rebuilds/${asked.body.rebuildId as string}`)).body;
    await until(async () => (await status()).phase === 'done', 30_000);
    expect(await status()).toMatchObject({ error: null, result: { equal: true } });
    expect((await left.call('ops', 'POST', '/v1/ops/projections/inbox/rollback', {})).status).toBe(200);
    await roundTrip(right, left, 4);
    for (const one of [second, left, right]) expect((await fetch(`${one.base}/health/ready`)).status).toBe(200);

    // One that comes back stands by; one that is told to stop hands over.
    const third = await start('projector', 'p3');
    expect(role(third)).not.toBe('live');
    // At the first question, though nothing has told it yet where the read models stand.
    expect((await fetch(`${third.base}/health/ready`)).status).toBe(200);
    expect(await second.kill('SIGTERM')).toBe(0);
    await until(() => role(third) === 'live', 30_000);
    await roundTrip(left, right, 5);
  }, 120_000);

  it('no projector at all: what is asked of it is refused, with what to do, and nothing of it is done later', async () => {
    for (const one of open.splice(0)) await one.kill('SIGKILL');
    const api = await start('api', 'a3');
    const asked = await api.call('ops', 'POST', '/v1/ops/projections/inbox/rebuild', {});
    expect([asked.status, asked.body.code]).toEqual([503, 'store-unavailable']);
    expect(asked.body.detail).toContain('No projector answered');
    await start('projector', 'p4');
    await roundTrip(api, api, 6);
    const { body } = await api.call('ops', 'GET', '/v1/ops/projections');
    expect((body.items as { rebuild: unknown }[]).every(({ rebuild }) => rebuild === null)).toBe(true);
  }, 60_000);

  it('a projector with embedded stores is refused in one sentence', async () => {
    const { code, error } = await runApi(join(folder, 'none'), {}, 'projector');
    expect(code).toBe(1);
    expect(error).toContain('a projector process needs EVENT_STORE=eventstoredb and READ_STORE=postgres');
  });
});
