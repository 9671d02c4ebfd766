// A process that dies at any moment: what was answered stands, once, and a rebuild goes on where it was.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi, type Api, type Answer, type Json } from './process.js';

const SENDERS = 800;
const ROUNDS = 4;
const inbound = (sender: number, id: string): object => ({
  channel: 'whatsapp',
  from: { kind: 'whatsapp', value: `+55119${String(70_000_000 + sender)}`, displayName: `Sender ${String(sender)}` },
  providerMessageId: id,
  content: { text: `Message ${id}` },
});

/** `open`: a read store that holds nothing yet. */
export const killedApi = (
  store: string,
  open: () => { readonly environment: Readonly<Record<string, string>>; close: () => Promise<void> },
): void => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-kill-'));
  const { environment, close } = open();
  let api: Api;

  beforeAll(async () => {
    api = await startApi(folder, environment);
    const lines = Array.from({ length: 2 * SENDERS }, (_, n) =>
      JSON.stringify(inbound(n % SENDERS, `seed-${String(n)}`)),
    );
    const { status } = await api.call('integration', 'POST', '/v1/messages/inbound/batch', lines.join('\n'));
    expect(status).toBe(200);
  });
  afterAll(async () => {
    await api.kill('SIGKILL');
    await close();
    rmSync(folder, { recursive: true, force: true });
  });

  const finished = async (rebuildId: string): Promise<Json> => {
    for (;;) {
      const { status, body } = await api.call('ops', 'GET', `/v1/ops/rebuilds/${rebuildId}`);
      expect(status).toBe(200);
      expect(body.error).toBeNull();
      if (body.phase === 'done') return body;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const request = async (): Promise<string> => {
    const { status, body } = await api.call('ops', 'POST', '/v1/ops/projections/all/rebuild', {});
    expect(status).toBe(202);
    return body.rebuildId as string;
  };

  describe(`kill -9 of an api over ${store}`, () => {
    it('at any moment of a rebuild leaves one that resumes, finishes, and holds the same rows, four times', async () => {
      const began = Date.now();
      const { result } = await finished(await request());
      const whole = Date.now() - began;
      expect(result).toMatchObject({ rows: expect.any(Number), hash: expect.any(String), equal: true });
      expect(result.rows).toBeGreaterThan(2 * SENDERS);
      let interrupted = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const rebuildId = await request();
        await new Promise((resolve) => setTimeout(resolve, Math.random() * whole));
        const { body } = await api.call('ops', 'GET', `/v1/ops/rebuilds/${rebuildId}`);
        if (body.phase !== 'done') interrupted++;
        await api.kill('SIGKILL');
        api = await startApi(folder, environment);
        expect((await finished(rebuildId)).result).toEqual(result);
      }
      // Moments evenly over the time that a rebuild takes: were all too late, this would prove nothing.
      expect(interrupted).toBeGreaterThan(0);
    }, 300_000);

    it('in a burst of writes loses none that was answered and doubles none', async () => {
      const wishes = Array.from({ length: 600 }, (_, n) => ({
        key: randomUUID(),
        body: inbound(SENDERS + (n % 40), `burst-${String(n)}`),
      }));
      const answered = new Map<string, Answer>();
      const queue = [...wishes];
      const lane = async (): Promise<void> => {
        for (let wish = queue.shift(); wish !== undefined; wish = queue.shift()) {
          const answer = await api
            .call('integration', 'POST', '/v1/messages/inbound', wish.body, wish.key)
            .catch(() => null);
          if (answer === null) return;
          answered.set(wish.key, answer);
        }
      };
      const lanes = Array.from({ length: 16 }, lane);
      while (answered.size < 60 + Math.random() * 200) await new Promise((resolve) => setTimeout(resolve, 2));
      await api.kill('SIGKILL');
      await Promise.all(lanes);
      expect(answered.size).toBeLessThan(wishes.length);
      expect(new Set([...answered.values()].map(({ status }) => status))).toEqual(new Set([200]));

      api = await startApi(folder, environment);
      for (const { key, body } of wishes) {
        const first = answered.get(key);
        const again = await api.call('integration', 'POST', '/v1/messages/inbound', body, key);
        expect([again.status, again.body.disposition]).toEqual([200, 'displayed']);
        if (first !== undefined) expect([again.text, again.etag]).toEqual([first.text, first.etag]);
      }
      const counted = await burstMessages();
      expect(counted).toEqual({ conversations: 40, messages: wishes.length });
    }, 120_000);

    it('is not needed: SIGTERM drains what runs and exits with 0', async () => {
      const running = Array.from({ length: 20 }, (_, n) =>
        api.call('integration', 'POST', '/v1/messages/inbound', inbound(n, `last-${String(n)}`)).then(
          ({ status }) => status,
          () => 0,
        ),
      );
      // Those that are under way are answered; those that come too late are refused, not cut.
      await Promise.race(running);
      const code = await api.kill('SIGTERM');
      expect(code).toBe(0);
      const statuses = await Promise.all(running);
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
      expect(statuses.every((status) => [200, 503, 0].includes(status))).toBe(true);
    });
  });
  /** What the lists hold of the burst, behind everything that was answered. */
  const burstMessages = async (): Promise<Json> => {
    const { token } = await api.call('admin', 'POST', '/v1/contacts', { displayName: 'The last' });
    const conversations: Json[] = [];
    for (let sender = SENDERS; sender < SENDERS + 40; sender++) {
      // The search is by the number: one contact, one conversation each.
      const { body } = await api.call(
        'admin',
        'GET',
        `/v1/conversations?search=${String(70_000_000 + sender)}&wait=20000&after=${token ?? ''}`,
      );
      conversations.push(...(body.items as Json[]));
    }
    return {
      conversations: conversations.length,
      messages: conversations.reduce((sum: number, row) => sum + Number(row.unread), 0),
    };
  };
};
