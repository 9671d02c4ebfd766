// Read models that are gone, or are of a log that is not there any more, when a process starts: it says so, folds them anew, and shows nothing else.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../fixtures/until.js';
import { startApi, type Answer, type Api, type Json } from './process.js';

const SENDERS = 1500;
/** So often a start is looked at whose read models might be there before anybody has asked. */
const TRIES = 5;

/** What the test does to the read store of an api over `folder`, which does not run. */
export type Lost = {
  readonly environment: Readonly<Record<string, string>>;
  lose(folder: string): Promise<void>;
  close(): Promise<void>;
};

/** `open`: a read store that holds nothing yet. */
export const lostReadModels = (store: string, open: () => Lost): void => {
  describe(`read models in ${store}`, () => {
    let folder: string;
    let place: Lost;
    let api: Api;

    const start = async (): Promise<void> => {
      api = await startApi(folder, place.environment);
    };
    const ask = async (role: string, method: string, path: string, body?: unknown): Promise<Answer> => {
      const answer = await api.call(role, method, path, body);
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
      return answer;
    };
    const inbound = (sender: number, text: string): object => ({
      channel: 'whatsapp',
      from: {
        kind: 'whatsapp',
        value: `+55119${String(70_000_000 + sender)}`,
        displayName: `Sender ${String(sender)}`,
      },
      providerMessageId: `${text} of ${String(sender)}`,
      content: { text },
    });
    /** The end of what is shown, behind a token. */
    const shown = async (token: string | null): Promise<Json> => {
      const behind = `wait=20000&after=${token ?? ''}`;
      const list = await ask('admin', 'GET', `/v1/conversations?limit=100&${behind}`);
      const counts = await ask('admin', 'GET', `/v1/conversations/counts?${behind}`);
      return { list: list.body.items, counts: counts.body };
    };
    /** Somebody takes over a conversation and leaves the staff: a policy releases it, and has seen everything before that then. */
    const leaves = async (staffId: string, { conversationId }: { readonly conversationId: string }): Promise<void> => {
      const staff = { staffId, name: staffId, role: 'agent', conversationAccess: 'all' };
      await ask('admin', 'POST', '/v1/staff', staff);
      await ask('admin', 'POST', `/v1/conversations/${conversationId}/assign`, { assigneeId: staffId });
      await ask('admin', 'POST', `/v1/staff/${staffId}/deactivate`, {});
      const path = `/v1/conversations/${conversationId}/assignments`;
      const last = async (): Promise<Json> => ((await ask('admin', 'GET', path)).body.items as Json[]).at(-1);
      await until(async () => (await last())?.endReason === 'staff_deactivated', 60_000);
    };
    const unaware = async (): Promise<Json> => {
      const list = await api.call('admin', 'GET', '/v1/conversations?limit=100');
      if (list.status !== 200) return list;
      const counts = await api.call('admin', 'GET', '/v1/conversations/counts');
      return counts.status === 200 ? { list: list.body.items, counts: counts.body } : counts;
    };
    /** Asks from the start on until there is an answer. Returns how often the question was refused, each time for the one reason there is. */
    const refusedUntil = async (expected: Json): Promise<number> => {
      for (let refused = 0; ; refused++) {
        const answer = await unaware();
        if (answer.status === undefined) {
          expect(answer).toEqual(expected);
          return refused;
        }
        expect([answer.status, answer.body.code, answer.retryAfter]).toEqual([503, 'rebuilding', '5']);
        const [ready, live] = [
          await api.call('ops', 'GET', '/health/ready'),
          await api.call('ops', 'GET', '/health/live'),
        ];
        expect(live.status).toBe(200);
        // It may be done by now.
        if (ready.status !== 200) expect(ready.status).toBe(503);
      }
    };
    /** Each harm is followed by a start; the answer is `expected`, and was refused before at least once. */
    const recovers = async (harm: () => Promise<void>, expected: Json): Promise<void> => {
      let refused = 0;
      for (let tries = 0; tries < TRIES && refused === 0; tries++) {
        await harm();
        await start();
        refused = await refusedUntil(expected);
      }
      expect(refused).toBeGreaterThan(0);
      for (;;) {
        if ((await api.call('ops', 'GET', '/health/ready')).status === 200) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const { body } = await ask('ops', 'GET', '/v1/ops/projections');
      for (const projection of body.items as Json[])
        expect(projection).toMatchObject({ state: 'live', lagSeconds: 0, parkedSequences: 0, rebuild: null });
    };

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'portaria-lost-'));
      place = open();
      await start();
      const lines = Array.from({ length: SENDERS }, (_, n) => JSON.stringify(inbound(n, 'Oi')));
      await ask('integration', 'POST', '/v1/messages/inbound/batch', lines.join('\n'));
    }, 120_000);
    afterAll(async () => {
      await api.kill('SIGKILL');
      await place.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('that were lost are folded anew, and queries are refused until then', async () => {
      const { token } = await ask('integration', 'POST', '/v1/messages/inbound', inbound(0, 'before the loss'));
      const before = await shown(token);
      expect(before.list).toHaveLength(100);
      await recovers(async () => {
        await api.kill('SIGKILL');
        await place.lose(folder);
      }, before);
    }, 300_000);

    it('of a log that was put back to an earlier state are folded anew, and what follows is reacted to', async () => {
      const log = join(folder, 'events.db');
      const { token } = await ask('integration', 'POST', '/v1/messages/inbound', inbound(1, 'before the copy'));
      const before = await shown(token);
      expect(await api.kill('SIGTERM')).toBe(0);
      copyFileSync(log, `${log}.earlier`);
      await start();
      await recovers(async () => {
        for (let sender = 0; sender < 20; sender++)
          await ask('integration', 'POST', '/v1/messages/inbound', inbound(sender, 'what is lost'));
        const last = await ask('integration', 'POST', '/v1/messages/inbound', inbound(SENDERS, 'who is lost'));
        await leaves('ana', before.list[0]);
        expect((await shown(last.token)).counts.all.open).toBe(Number(before.counts.all.open) + 1);
        expect(await api.kill('SIGTERM')).toBe(0);
        for (const ending of ['', '-wal', '-shm']) rmSync(log + ending, { force: true });
        copyFileSync(`${log}.earlier`, log);
      }, before);

      // Fewer facts than were lost: a policy whose place is still that of the lost ones would pass over them.
      await leaves('bia', before.list[0]);
    }, 300_000);
  });
};
