// A claim stands before its contact: whoever made it may die in between.
import { describe, expect, it } from '@jest/globals';
import type { Address, Wish } from '../reference-model/index.js';
import { TENANT, withGatehouse } from './run.js';

const email: Address = {
  kind: 'email',
  value: 'joana@example.com',
  key: 'email:joana@example.com',
  verified: true,
};
const cookie: Address = { kind: 'webchat', value: 'cookie-1', key: 'webchat:cookie-1', verified: false };

describe('an address that was claimed for a contact that is not there yet', () => {
  it('makes who also writes from another one that contact, and the first message finds it when it comes again [H18 I14]', () =>
    withGatehouse(7, 1, async (gatehouse) => {
      const receive = async (channel: string, from: Address, also: readonly Address[], providerMessageId: string) => {
        gatehouse.clock.pass(1000);
        const wish: Wish = { do: 'receive', channel, from, also, providerMessageId, sentAt: null };
        return gatehouse.ask(TENANT, { by: 'gateway', now: new Date(gatehouse.clock.now()).toISOString(), wish });
      };
      gatehouse.failAfter(1);
      expect((await receive('email', email, [], 'p1'))?.accepted).toBe(false);
      await gatehouse.settle();
      expect((await gatehouse.world(TENANT)).contacts.size).toBe(0);
      expect((await receive('webchat', cookie, [email], 'p2'))?.accepted).toBe(true);
      expect((await receive('email', email, [], 'p1'))?.accepted).toBe(true);
      await gatehouse.settle();
      const { contacts, conversations } = await gatehouse.world(TENANT);
      const [contact] = contacts.values();
      expect(contacts.size).toBe(1);
      expect(contact?.identities.map(({ key, attached }) => [key, attached])).toEqual([
        [cookie.key, true],
        [email.key, true],
      ]);
      expect([...conversations.values()].map(({ contactId, channel }) => [contactId, channel])).toEqual([
        [contact?.contactId, 'webchat'],
        [contact?.contactId, 'email'],
      ]);
    }));
});

describe('an address that a blocked contact was given by somebody who died before the block reached it', () => {
  it('is under the block for those who hold it too: their conversation is concluded [I3]', () =>
    withGatehouse(7, 1, async (gatehouse) => {
      const ask = async (by: string, wish: Wish) => {
        gatehouse.clock.pass(1000);
        return gatehouse.ask(TENANT, { by, now: new Date(gatehouse.clock.now()).toISOString(), wish });
      };
      const receive = (channel: string, from: Address) =>
        ask('gateway', { do: 'receive', channel, from, also: [], providerMessageId: 'p1', sentAt: null });
      await receive('email', email);
      const other: Address = { ...email, value: 'ana@example.com', key: 'email:ana@example.com' };
      await receive('email', other);
      const { contacts } = await gatehouse.world(TENANT);
      const contactId =
        [...contacts.values()].find(({ identities }) => identities[0]?.key === other.key)?.contactId ?? '';
      const said = { scope: null, reasonCode: null, conversationId: null, notice: false, expiresAt: null };
      expect((await ask('ana', { do: 'block', contactId, confirm: true, ...said }))?.accepted).toBe(true);
      gatehouse.failAfter(2);
      expect(await ask('ana', { do: 'attach', contactId, address: email })).toBeNull();
      await gatehouse.settle();
      const { conversations } = await gatehouse.world(TENANT);
      expect([...conversations.values()].map(({ status }) => status)).toEqual(['concluded', 'concluded']);
    }));
});
