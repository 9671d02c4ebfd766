import { describe, expect, it } from '@jest/globals';
import { asked, at, callers, given } from '#kernel/given';
import {
  AddWalletContact,
  RemoveWalletContact,
  unitedWallets,
  walletContactDecider,
  type WalletContactEvent,
} from './wallet-contact.js';

const pair = { walletId: 'w1', contactId: 'carla' };
const by = callers.agent.id;
const now = at('10:00');
const metadata = asked(callers.agent, now);
const add = (data: Partial<AddWalletContact['data']> = {}) =>
  new AddWalletContact(
    { ...pair, via: 'selection', conversationId: null, bulkId: 'b1', perContact: 'many', obstacle: null, ...data },
    metadata,
  );
const remove = (data: Partial<RemoveWalletContact['data']> = {}) =>
  new RemoveWalletContact({ ...pair, conversationId: null, movedToWalletId: null, ...data }, metadata);
const added = (
  data: Partial<Extract<WalletContactEvent, { type: 'WalletContactAdded' }>['data']> = {},
): WalletContactEvent => ({
  type: 'WalletContactAdded',
  data: {
    ...pair,
    addedBy: by,
    addedAt: now,
    via: 'selection',
    conversationId: null,
    bulkId: 'b1',
    perContact: 'many',
    ...data,
  },
});
const removed = (
  data: Partial<Extract<WalletContactEvent, { type: 'WalletContactRemoved' }>['data']> = {},
): WalletContactEvent => ({
  type: 'WalletContactRemoved',
  data: { ...pair, removedBy: by, removedAt: now, conversationId: null, movedToWalletId: null, ...data },
});

describe('a contact', () => {
  it('is added to a wallet, and adding again changes nothing [W6 I17]', () => {
    given(walletContactDecider).when(add()).then(added());
    given(walletContactDecider, added()).when(add()).thenNothing();
    given(walletContactDecider, added(), removed()).when(add()).then(added());
  });
  it('is added from a conversation, which is recorded [W11]', () => {
    given(walletContactDecider)
      .when(add({ via: 'conversation', conversationId: 'conv-1' }))
      .then(added({ via: 'conversation', conversationId: 'conv-1' }));
  });
  it.each(['not-found', 'contact-merged', 'contact-erased'] as const)('is not added: %s [W6]', (obstacle) => {
    given(walletContactDecider).when(add({ obstacle })).thenRejected(obstacle);
  });
  it('is removed, from a conversation too; of one who is not in it nothing changes [W7 W12 I17]', () => {
    given(walletContactDecider, added()).when(remove()).then(removed());
    given(walletContactDecider, added())
      .when(remove({ conversationId: 'conv-1' }))
      .then(removed({ conversationId: 'conv-1' }));
    given(walletContactDecider).when(remove()).thenNothing();
    given(walletContactDecider, added(), removed()).when(remove()).thenNothing();
  });
  it('that moved on leaves what it was in then, and not what it came back into since [W14]', () => {
    given(walletContactDecider, added())
      .when(remove({ movedToWalletId: 'w2', addedAt: now }))
      .then(removed({ movedToWalletId: 'w2' }));
    given(walletContactDecider, added(), removed(), added({ addedAt: at('11:00') }))
      .when(remove({ movedToWalletId: 'w2', addedAt: now }))
      .thenNothing();
  });
  it('that a merge brought in is taken out with it, and not whom a person added since', () => {
    const byMerge = added({ via: 'merge', bulkId: null });
    given(walletContactDecider, byMerge)
      .when(remove({ via: 'merge' }))
      .then(removed());
    given(walletContactDecider, byMerge, removed(), added())
      .when(remove({ via: 'merge' }))
      .thenNothing();
    given(walletContactDecider, added())
      .when(remove({ via: 'merge' }))
      .thenNothing();
  });
});

describe('the wallets of two contacts that are merged', () => {
  const sides = { survivorId: 'ada', absorbedId: 'eva' };
  const of = (contactId: string, ...walletIds: readonly string[]) =>
    walletIds.map((walletId) => ({ walletId, contactId, archived: walletId === 'archived' }));
  it('are united: the survivor comes into those that it is not in', () => {
    expect(unitedWallets([...of('eva', 'w2', 'w1'), ...of('ada', 'w2', 'w3')], sides, 'many')).toEqual([
      { walletId: 'w2', added: false },
      { walletId: 'w1', added: true },
    ]);
    expect(unitedWallets(of('ada', 'w1'), sides, 'many')).toEqual([]);
  });
  it('leave the survivor out of those that are archived', () => {
    expect(unitedWallets(of('eva', 'archived'), sides, 'many')).toEqual([{ walletId: 'archived', added: false }]);
  });
  it('are one where one is all that a contact may have: the survivor keeps its own, else it gets the last of the other [W14]', () => {
    const theirs = of('eva', 'w1', 'w2', 'archived');
    const added = (memberships: Parameters<typeof unitedWallets>[0]): readonly string[] =>
      unitedWallets(memberships, sides, 'one')
        .filter((one) => one.added)
        .map((one) => one.walletId);
    expect(added([...theirs, ...of('ada', 'w3')])).toEqual([]);
    expect(added([...theirs, ...of('ada', 'archived')])).toEqual(['w2']);
    expect(added([...theirs, ...of('ada', 'w2')])).toEqual([]);
    expect(added(theirs)).toEqual(['w2']);
  });
});
