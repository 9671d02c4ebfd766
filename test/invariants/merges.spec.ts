// What a merge and its undoing do to what waits to go out, to blocks, and to wallets that changed since.
import { describe, expect, it } from '@jest/globals';
import type { Wish } from '../reference-model/index.js';
import { TENANT, withGatehouse } from './run.js';

type Answer = Readonly<Record<string, string>>;
type Two = {
  readonly ask: (by: string, wish: Wish) => Promise<Answer>;
  /** Who wrote first and consented to WhatsApp, and who did neither; with their conversations there. */
  readonly granted: Answer;
  readonly other: Answer;
  /** The merge of the first into the second. */
  readonly merge: () => Promise<Answer>;
  readonly notify: (conversationId?: string) => Promise<Answer>;
  readonly latestIn: (conversationId?: string) => Promise<string | undefined>;
  readonly wait: (ms: number) => void;
  /** Lets the policies hear what was stored. */
  readonly settle: () => Promise<void>;
  readonly blocksOf: (contactId?: string) => Promise<number>;
  readonly contactsOf: (walletId: string) => Promise<readonly string[]>;
};

const withTwo = (work: (two: Two) => Promise<void>): Promise<void> =>
  withGatehouse(7, 1, async (gatehouse) => {
    const ask: Two['ask'] = async (by, wish) => {
      gatehouse.clock.pass(1000);
      const now = new Date(gatehouse.clock.now()).toISOString();
      const outcome = await gatehouse.ask(TENANT, { by, now, wish });
      if (outcome?.accepted !== true) throw new Error(`${wish.do}: ${JSON.stringify(outcome)}`);
      return outcome.answer as Answer;
    };
    const receive = (value: string): Promise<Answer> => {
      const from = { kind: 'whatsapp', value, key: `phone:${value}`, verified: true };
      return ask('gateway', {
        ...{ do: 'receive', channel: 'whatsapp', from, also: [], providerMessageId: value, sentAt: null },
      });
    };
    const [granted, other] = [await receive('+5511912345678'), await receive('+5588999990000')];
    const [survivorId = '', absorbedId = ''] = [other['contactId'], granted['contactId']];
    await ask('founder', { do: 'consent', contactId: absorbedId, channel: 'whatsapp', state: 'granted' });
    await work({
      ask,
      granted,
      other,
      merge: () => ask('founder', { do: 'merge', survivorId, absorbedId, confirm: true }),
      notify: (conversationId = '') =>
        ask('founder', { do: 'send', conversationId, purpose: 'notification', viaDevice: false }),
      latestIn: async (conversationId = '') =>
        (await gatehouse.world(TENANT)).conversations.get(conversationId)?.messages.at(-1)?.state,
      wait: (ms) => {
        gatehouse.clock.pass(ms);
      },
      settle: () => gatehouse.settle(),
      blocksOf: async (contactId = '') => (await gatehouse.world(TENANT)).contacts.get(contactId)?.episodes.length ?? 0,
      contactsOf: async (walletId) => [
        ...((await gatehouse.world(TENANT)).wallets.get(walletId)?.contacts.keys() ?? []),
      ],
    });
  });

describe('a message that waits by a consent', () => {
  it('is cancelled when its contact becomes one with somebody who refused [I14]', () =>
    withTwo(async ({ ask, granted, other: { contactId = '' }, merge, notify, latestIn }) => {
      await ask('founder', { do: 'consent', contactId, channel: 'whatsapp', state: 'revoked' });
      await notify(granted['conversationId']);
      expect(await latestIn(granted['conversationId'])).toBe('requested');
      await merge();
      expect(await latestIn(granted['conversationId'])).toBe('cancelled');
    }));

  it('stays when its contact becomes one with somebody who said nothing [I14]', () =>
    withTwo(async ({ granted, merge, notify, latestIn }) => {
      await notify(granted['conversationId']);
      await merge();
      expect(await latestIn(granted['conversationId'])).toBe('requested');
    }));

  it('is cancelled when the merge that brought the consent is undone [I14]', () =>
    withTwo(async ({ ask, other, merge, notify, latestIn }) => {
      const { mergeId = '' } = await merge();
      await notify(other['conversationId']);
      expect(await latestIn(other['conversationId'])).toBe('requested');
      await ask('founder', { do: 'undoMerge', mergeId });
      expect(await latestIn(other['conversationId'])).toBe('cancelled');
    }));
});

describe('a cookie that came during a block', () => {
  it('is reached when its contact becomes one with somebody who is blocked too, until that is undone [I14]', () =>
    withTwo(async ({ ask, granted, other: { contactId = '' }, merge }) => {
      const key = 'webchat:cookie';
      const from = { kind: 'webchat', value: 'cookie', key, verified: false };
      const said = { scope: null, conversationId: null, reasonCode: null, notice: false, expiresAt: null };
      for (const one of [contactId, granted['contactId'] ?? ''])
        await ask('founder', { do: 'block', contactId: one, confirm: true, ...said });
      await ask('founder', { do: 'attach', contactId, address: from });
      const writes = async (providerMessageId: string): Promise<string | undefined> => {
        const message = { from, also: [], providerMessageId, sentAt: null };
        return (await ask('gateway', { do: 'receive', channel: 'webchat', ...message }))['disposition'];
      };
      expect(await writes('before')).toBe('displayed');
      const { mergeId = '' } = await merge();
      expect(await writes('as one')).toBe('ignored');
      await ask('founder', { do: 'undoMerge', mergeId });
      expect(await writes('behind')).toBe('displayed');
    }));
});

describe('a block with a notice in a conversation that left with its contact', () => {
  it('blocks nobody else when the policies hear of the notice behind that [I14]', () =>
    withTwo(async ({ ask, granted, other: { contactId = '' }, merge, settle, blocksOf }) => {
      const { mergeId = '' } = await merge();
      const said = { scope: null, reasonCode: null, notice: true, expiresAt: null, confirm: true };
      const conversationId = granted['conversationId'] ?? '';
      await ask('founder', { do: 'block', contactId, conversationId, ...said });
      await ask('founder', { do: 'undoMerge', mergeId });
      await settle();
      expect([await blocksOf(contactId), await blocksOf(granted['contactId'])]).toEqual([1, 0]);
    }));
});

describe('an undone merge', () => {
  it('is undone once more, a day later and while its survivor is blocked, as before [I14]', () =>
    withTwo(async ({ ask, other: { contactId = '' }, merge, wait }) => {
      const { mergeId = '' } = await merge();
      const undone = await ask('founder', { do: 'undoMerge', mergeId });
      // The block's fact is the first behind which the stream forgets whose steps the day before brought.
      wait(25 * 3_600_000);
      const said = { scope: null, conversationId: null, reasonCode: null, notice: false, expiresAt: null };
      const [again] = await Promise.all([
        ask('founder', { do: 'undoMerge', mergeId }),
        ask('founder', { do: 'block', contactId, confirm: true, ...said }),
      ]);
      expect(again).toEqual(undone);
    }));
});
