// Processes' clocks differ by seconds: what one recorded ahead of another holds for the other too.
import { describe, expect, it } from '@jest/globals';
import { oneHolder, oneHolderAtLast, type Wish } from '../reference-model/index.js';
import type { Intent } from './plans.js';
import { historyOf, TENANT, withGatehouse } from './run.js';

const AHEAD_MS = 9000;

describe('a block that a process whose clock is ahead did not finish', () => {
  it('is finished at once by the policies of another: what waits is cancelled, what is open is concluded [I2 I3]', () =>
    withGatehouse(7, 2, async (gatehouse) => {
      const ask = async (by: string, wish: Wish, skew = 0) => {
        const now = new Date(gatehouse.clock.now() + skew).toISOString();
        return gatehouse.ask(TENANT, { by, now, wish });
      };
      const from = { kind: 'whatsapp', value: '+5511912345678', key: 'phone:+5511912345678', verified: true };
      const message = { channel: 'whatsapp', from, also: [], providerMessageId: 'p1', sentAt: null } as const;
      await ask('gateway', { do: 'receive', ...message });
      const [conversation] = (await gatehouse.world(TENANT)).conversations.values();
      const { conversationId = '', contactId = '' } = conversation ?? {};
      gatehouse.clock.pass(1000);
      await ask('ana', { do: 'send', conversationId, purpose: 'reply', viaDevice: false });
      await gatehouse.settle();
      const said = { scope: null, reasonCode: null, conversationId: null, notice: false, expiresAt: null };
      gatehouse.failAfter(1);
      expect(await ask('ana', { do: 'block', contactId, confirm: true, ...said }, AHEAD_MS)).toBeNull();
      await gatehouse.settle();
      const after = (await gatehouse.world(TENANT)).conversations.get(conversationId);
      expect(after?.messages.map(({ state }) => state)).toEqual(['displayed', 'cancelled']);
      expect(after?.status).toBe('concluded');
    }));
});

describe('a claim that a process whose clock is ahead takes for dead', () => {
  it('is taken over, and who attached the address meanwhile loses it again and is reported [I13]', async () => {
    const intent = (what: Intent['do'], by: string, skew: number, first = 0): Intent => ({
      ...{ do: what, by, skew, process: 0 },
      picks: [first, 0, 0, 0, 0, 0, 0, 0],
    });
    const step = (wait: number, crashAfter: number | null, ...intents: readonly Intent[]) => ({
      ...{ wait, crashAfter, intents },
      ...{ focus: 0, timer: false },
    });
    const plan = {
      seed: 0,
      steps: [
        step(1000, null, intent('register', 'ana', 0)),
        // Claims the address and dies.
        step(1000, 1, intent('attach', 'ana', AHEAD_MS)),
        // By the one clock the claim is a minute old, by the other it is not.
        step(60_000, null, intent('register', 'ana', AHEAD_MS, 29), intent('receive', 'gateway', 0)),
      ],
    };
    const history = await historyOf(plan, { 'duplicates.preventPhone': true, 'duplicates.preventEmail': true });
    expect(oneHolder(history)).toHaveLength(1);
    expect(oneHolderAtLast(history)).toEqual([]);
    expect(history.facts.slice(-2).map(({ type, data }) => [type, data.reason as unknown])).toEqual([
      ['ContactIdentityDetached', 'claim_lost'],
      ['DuplicateContactDetected', undefined],
    ]);
  });
});
