// Two processes over one EventStoreDB, each with its own read models and caches, and one key vault: neither overwrites, doubles or misses what the other did.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeEventStoreDb } from '../fakes/eventstoredb/index.js';
import { runApi, startApi, type Answer, type Api, type Json } from './process.js';

const root = mkdtempSync(join(tmpdir(), 'portaria-two-'));
const at = (name: string): string => join(root, name);
let server: FakeEventStoreDb;
let environment: Readonly<Record<string, string>>;
let apis: [Api, Api];

beforeAll(async () => {
  server = await FakeEventStoreDb.start();
  environment = { EVENT_STORE: 'eventstoredb', EVENTSTORE_URL: server.connectionString };
  const first = await startApi(at('a'), environment);
  // One vault for both, as a server's will be: an address has one name, and what one seals the other opens.
  mkdirSync(at('b'));
  symlinkSync(join(at('a'), 'keys.db'), join(at('b'), 'keys.db'));
  apis = [first, await startApi(at('b'), environment)];
  for (const staffId of ['ana', 'bia']) {
    const member = { staffId, name: staffId, role: 'agent', conversationAccess: 'all' };
    expect((await ask(0, 'admin', 'POST', '/v1/staff', member)).status).toBe(201);
  }
  // What the other process knows of the staff is half a second old at most.
  await new Promise((resolve) => setTimeout(resolve, 600));
});
afterAll(async () => {
  await Promise.all(apis.map((api) => api.kill('SIGKILL')));
  await server.stop();
  rmSync(root, { recursive: true, force: true });
});

/** As a client asks: what is busy is asked again under the same key. Anything else of the kind "500" is a failure. */
const ask = async (
  process: number,
  role: string,
  method: string,
  path: string,
  body?: unknown,
  key: string = randomUUID(),
): Promise<Answer> => {
  for (;;) {
    const answer = await apis[process % 2]!.call(role, method, path, body, method === 'GET' ? undefined : key);
    if (answer.status === 503 && answer.body.code === 'busy') continue;
    if (answer.status >= 500) throw new Error(`${method} ${path}: ${answer.text}`);
    return answer;
  }
};

let phones = 0;
const newPhone = (): string => `+55119${String(70_000_000 + phones++)}`;
const message = (phone: string, id: string = randomUUID()): object => ({
  channel: 'whatsapp',
  from: { kind: 'whatsapp', value: phone, displayName: 'Maria' },
  providerMessageId: id,
  content: { text: `Message ${id}` },
});
const writes = async (process: number, phone: string, id?: string): Promise<Json> =>
  (await ask(process, 'integration', 'POST', '/v1/messages/inbound', message(phone, id))).body;
const block = (process: number, contactId: string): Promise<Answer> =>
  ask(process, 'admin', 'POST', `/v1/contacts/${contactId}/block`, { confirm: true });
const unblock = (process: number, contactId: string): Promise<Answer> =>
  ask(process, 'admin', 'POST', `/v1/contacts/${contactId}/unblock`, { confirm: true, requestedBy: 'customer' });

type Fact = Readonly<Record<'assigneeId' | 'messageId' | 'receivedAt' | 'blockedAt', string>>;
/** Facts of a type in the stream of an id, as the log holds them. */
const facts = (id: string, type: string): readonly Fact[] =>
  server.log.records
    .filter((record) => record.stream.endsWith(`.${id}`) && record.type === type)
    .map((record) => JSON.parse(Buffer.from(record.data).toString()) as Fact);

const ten = Array.from({ length: 10 }, (_, i) => i);

describe('two processes', () => {
  it('make one contact and one conversation of a customer who writes to both at once, and take each message once', async () => {
    await Promise.all(
      ten.map(async () => {
        const phone = newPhone();
        const ids = Array.from({ length: 6 }, () => randomUUID());
        // Each message is delivered to both.
        const answers = await Promise.all(ids.flatMap((id) => [writes(0, phone, id), writes(1, phone, id)]));
        expect(new Set(answers.map(({ contactId }) => contactId as string)).size).toBe(1);
        expect(new Set(answers.map(({ conversationId }) => conversationId as string)).size).toBe(1);
        for (const i of ids.keys()) {
          const [one, other] = [answers[2 * i], answers[2 * i + 1]];
          expect([one.disposition, other.disposition].toSorted()).toEqual(['displayed', 'duplicate']);
          expect(one.messageId).toBe(other.messageId);
        }
        expect(facts(answers[0].contactId as string, 'ContactRegistered')).toHaveLength(1);
        expect(facts(answers[0].conversationId as string, 'MessageReceived')).toHaveLength(6);
      }),
    );
  });

  it('give a conversation to one of two who claim it at once', async () => {
    await Promise.all(
      ten.map(async (i) => {
        const { conversationId } = await writes(i, newPhone());
        const claim = (process: number, who: string) =>
          ask(process, `staff:${who}`, 'POST', `/v1/conversations/${conversationId as string}/assign-to-me`);
        const answers = await Promise.all([claim(0, 'ana'), claim(1, 'bia')]);
        expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
        const assigned = facts(conversationId as string, 'ConversationAssigned');
        expect(assigned).toHaveLength(1);
        for (const { body } of answers) expect(body.assigneeId).toBe(assigned[0]?.assigneeId);
      }),
    );
  });

  it('lose no change of one contact, and store what is said to both under one key once', async () => {
    const { contactId } = await writes(0, newPhone());
    const path = `/v1/contacts/${contactId as string}`;
    await Promise.all(ten.map((i) => ask(i, 'admin', 'PATCH', path, { addTags: [`tag-${String(i)}`] })));
    const said = await Promise.all(
      ten.map(async (i) => {
        const key = randomUUID();
        const body = { addTags: [`twice-${String(i)}`] };
        return Promise.all([0, 1].map((process) => ask(process, 'admin', 'PATCH', path, body, key)));
      }),
    );
    for (const [one, other] of said)
      expect([one?.status, one?.text, one?.etag]).toEqual([200, other?.text, other?.etag]);
    expect(facts(contactId as string, 'ContactTagged')).toHaveLength(20);
  });

  it('hide what comes to one behind a block that the other answered, and show what comes behind its end', async () => {
    await Promise.all(
      ten.map(async (i) => {
        const phone = newPhone();
        const { contactId, conversationId } = await writes(0, phone);
        await writes(1, phone);
        for (const round of [i, i + 1]) {
          expect((await block(round, contactId as string)).status).toBe(200);
          const late = randomUUID();
          expect(await writes(round + 1, phone, late)).toMatchObject({ disposition: 'ignored' });
          expect((await unblock(round, contactId as string)).status).toBe(200);
          // Nothing is shown that was hidden once, wherever it is said again.
          expect(await writes(round, phone, late)).toMatchObject({ disposition: 'duplicate' });
          expect(await writes(round + 1, phone, late)).toMatchObject({ disposition: 'duplicate' });
          expect(await writes(round + 1, phone)).toMatchObject({ disposition: 'displayed' });
        }
        // Not taken in and hidden afterwards: a block that stands is seen before anything is stored.
        expect(facts(conversationId as string, 'MessageReceived')).toHaveLength(4);
        expect(facts(conversationId as string, 'MessageHidden')).toEqual([]);
      }),
    );
  });

  it('leave nothing shown where a block in one races with messages and claims in the other', async () => {
    await Promise.all(
      ten.map(async (i) => {
        const phone = newPhone();
        const first = await writes(i, phone);
        const { contactId, conversationId } = first;
        const [blocked, , ...raced] = await Promise.all([
          block(i, contactId as string),
          ask(i + 1, 'staff:ana', 'POST', `/v1/conversations/${conversationId as string}/assign-to-me`),
          ...Array.from({ length: 5 }, () => writes(i + 1, phone)),
        ]);
        expect(blocked.status).toBe(200);
        const hidden = new Set(facts(conversationId as string, 'MessageHidden').map(({ messageId }) => messageId));
        const received = facts(conversationId as string, 'MessageReceived');
        const blockedAt = facts(contactId as string, 'ContactBlocked')[0]?.blockedAt ?? '';
        const late = received.filter(({ receivedAt }) => receivedAt >= blockedAt);
        expect(late.map(({ messageId }) => messageId).toSorted()).toEqual([...hidden].toSorted());
        // What is shown was answered so. What was answered so just before the block may be hidden by it.
        const displayed = raced.filter(({ disposition }) => disposition === 'displayed');
        const shown = received.map(({ messageId }) => messageId).filter((id) => !hidden.has(id));
        const answered = [first, ...displayed].map(({ messageId }) => messageId as string);
        expect(shown.filter((id) => !answered.includes(id))).toEqual([]);
        for (const { disposition } of raced) expect(['displayed', 'ignored']).toContain(disposition);
        // Stored behind all of it.
        const { token } = await ask(0, 'admin', 'POST', '/v1/contacts', { displayName: 'The last' });
        const row = `/v1/conversations/${conversationId as string}?wait=20000&after=${token ?? ''}`;
        const { body } = await ask(0, 'admin', 'GET', row);
        expect([body.status, body.assigneeId]).toEqual(['concluded', null]);
      }),
    );
  });

  it('fold the same rows', async () => {
    const results = await Promise.all(
      [0, 1].map(async (process) => {
        const { body } = await ask(process, 'ops', 'POST', '/v1/ops/projections/all/rebuild', {});
        for (;;) {
          const rebuild = await ask(process, 'ops', 'GET', `/v1/ops/rebuilds/${body.rebuildId as string}`);
          if (rebuild.body.phase === 'done') return rebuild.body.result as object;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }),
    );
    expect(results[0]).toMatchObject({ equal: true });
    expect(results[1]).toEqual(results[0]);
  });

  it('are ready, and give tokens that queries reach, where the log ends with what somebody else wrote', async () => {
    const foreign = (): unknown => server.log.foreign('$stats-127.0.0.1:2113', '$statsCollected', '{}');
    foreign();
    // Changes nothing, in a stream that does not exist: the token covers the log as it is.
    const same = await ask(0, 'admin', 'PUT', '/v1/settings/block.reason', { value: 'optional' });
    expect([same.status, same.token]).toEqual([200, expect.any(String)]);
    expect((await ask(0, 'admin', 'GET', `/v1/contacts?after=${same.token ?? ''}`)).status).toBe(200);
    await apis[1].kill('SIGTERM');
    foreign();
    apis[1] = await startApi(at('b'), environment);
    for (;;) {
      const ready = await apis[1].call('ops', 'GET', '/health/ready');
      if (ready.status === 200) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { body } = await ask(1, 'ops', 'GET', '/v1/ops/projections');
    for (const projection of body.items as Json[]) expect(projection).toMatchObject({ state: 'live', lagSeconds: 0 });
  });

  it('say what an operator must do where the server refuses them, and go on when it is done', async () => {
    const key = randomUUID();
    const says = () => apis[0].call('admin', 'POST', '/v1/contacts', { displayName: 'Joana' }, key);
    server.misbehaviour.read = (kind) => (kind === 'stream' ? 'access-denied' : 'ok');
    const refused = await says();
    expect([refused.status, refused.body.code, refused.retryAfter]).toEqual([503, 'store-unavailable', '30']);
    expect(refused.body.detail).toMatch(/an operator must correct its user or its rights/);
    server.misbehaviour.read = () => 'ok';
    expect((await says()).status).toBe(201);
  });

  it('are no more than two: one without the vault does not start', async () => {
    const { code, error } = await runApi(at('c'), environment);
    expect([code, error]).toEqual([1, expect.stringMatching(/restore the vault that belongs to this log/)]);
  });
});
