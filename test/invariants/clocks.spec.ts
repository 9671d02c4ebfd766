// Processes' clocks differ by seconds: what one recorded ahead of another holds for the other too.
import { describe, expect, it } from '@jest/globals';
import type { Wish } from '../reference-model/index.js';
import { TENANT, withGatehouse } from './run.js';

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
