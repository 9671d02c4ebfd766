// What the model says of contacts that are one person.
import { describe, expect, it } from '@jest/globals';
import { emptyWorld, observed, perform, type Fact, type Wish, type World } from './index.js';

const at = (minute: number): string => new Date(Date.UTC(2026, 2, 10, 10, minute)).toISOString();
const ask = (world: World, minute: number, wish: Wish): Readonly<Record<string, unknown>> => {
  const outcome = perform(world, { by: 'founder', now: at(minute), wish });
  if (!outcome.accepted) throw new Error(outcome.code);
  return outcome.answer;
};
const phone = (key: string) => ({ kind: 'phone', value: key.slice('phone:'.length), key, verified: true });
const two = (world: World): readonly [string, string] => {
  const registered = (key: string): string =>
    ask(world, 0, { do: 'register', addresses: [phone(key)], tags: [] })['contactId'] as string;
  return [registered('phone:+5511912345678'), registered('phone:+5588999990000')];
};
const factOf = (subject: string, type: string, data: Fact['data']): Fact => ({
  ...{ type, data, subject, category: 'contact', stream: `contact-acme.${subject}`, revision: 0 },
  ...{ commandId: type, commandType: type, actor: 'ana', actorKind: 'staff', occurredAt: at(0) },
});

describe('a block that comes with a contact, leaves with it and comes again', () => {
  it('goes on as the episode that it was, with what it covered before [I14]', () => {
    const world = emptyWorld();
    const [survivorId, absorbedId] = two(world);
    const scope = { channels: ['sms'] };
    const said = { reasonCode: null, conversationId: null, notice: false, expiresAt: null };
    const { blockId } = ask(world, 1, { do: 'block', contactId: absorbedId, confirm: true, scope, ...said });
    const merge: Wish = { do: 'merge', survivorId, absorbedId, confirm: true };
    const { mergeId } = ask(world, 2, merge);
    ask(world, 3, { do: 'undoMerge', mergeId: mergeId as string });
    ask(world, 4, merge);
    const { episodes = [], identities = [] } = world.contacts.get(survivorId) ?? {};
    expect(episodes.map((one) => [one.blockId, one.endedAt])).toEqual([[blockId, null]]);
    const [own, others] = identities.map(({ identityId }) =>
      episodes.flatMap(({ coverage }) =>
        coverage.filter((one) => one.identityId === identityId).map(({ from, to }) => [from, to]),
      ),
    );
    expect(own).toEqual([
      [at(2), at(3)],
      [at(4), null],
    ]);
    expect(others).toEqual([[at(1), null]]);
  });
});

describe('two blocks that become one', () => {
  it('reach with it the cookies that neither reached, as long as it is one [I14]', () => {
    const world = emptyWorld();
    const [survivorId, absorbedId] = two(world);
    const said = { do: 'block', confirm: true, scope: null, conversationId: null, notice: false } as const;
    const cookies = [survivorId, absorbedId].map((contactId) => {
      ask(world, 1, { ...said, contactId, reasonCode: null, expiresAt: null });
      const key = `webchat:of ${contactId}`;
      const address = { kind: 'webchat', value: key, key, verified: false };
      return ask(world, 2, { do: 'attach', contactId, address })['identityId'];
    });
    const covers = (contactId: string, identityId: unknown) =>
      world.contacts
        .get(contactId)
        ?.episodes.flatMap(({ coverage }) => coverage)
        .filter((one) => one.identityId === identityId && one.channel === 'webchat')
        .map(({ from, to }) => [from, to]);
    const { mergeId } = ask(world, 3, { do: 'merge', survivorId, absorbedId, confirm: true });
    expect(cookies.map((one) => covers(survivorId, one))).toEqual([[[at(3), null]], [[at(3), null]]]);
    ask(world, 4, { do: 'undoMerge', mergeId: mergeId as string });
    expect(covers(survivorId, cookies[0])).toEqual([[at(3), at(4)]]);
    expect(world.contacts.get(absorbedId)?.episodes.flatMap(({ identityIds }) => identityIds)).not.toContain(
      cookies[1],
    );
  });
});

describe('a cookie that shows who it is behind the end of a block', () => {
  it('joins, and what it sent during the block stays hidden [I4 H18]', () => {
    const world = emptyWorld();
    const [contactId] = two(world);
    const said = { do: 'block', confirm: true, scope: null, conversationId: null, notice: false } as const;
    ask(world, 1, { ...said, contactId, reasonCode: null, expiresAt: null });
    ask(world, 3, { do: 'unblock', contactId, confirm: true });
    const from = { kind: 'webchat', value: 'cookie', key: 'webchat:cookie', verified: false };
    const also = [phone('phone:+5511912345678')];
    const message = { do: 'receive', channel: 'webchat', from, also } as const;
    const writes = (providerMessageId: string, sentAt: string) =>
      perform(world, { by: 'gateway', now: at(4), wish: { ...message, providerMessageId, sentAt } });
    expect(writes('p1', at(2))).toMatchObject({ accepted: true, answer: { disposition: 'ignored' } });
    expect(writes('p2', at(3))).toMatchObject({ accepted: true, answer: { disposition: 'displayed' } });
    expect(world.contacts.get(contactId)?.identities).toHaveLength(2);
  });
});

describe('an address that two had who are one', () => {
  it('is covered by what covered it of either, whoever had it first [I14]', () => {
    const world = emptyWorld();
    const [survivorId, absorbedId] = two(world);
    const from = phone('phone:+5588999990000');
    ask(world, 1, { do: 'attach', contactId: survivorId, address: from });
    const said = { do: 'block', confirm: true, scope: null, conversationId: null, notice: false } as const;
    ask(world, 2, { ...said, contactId: survivorId, reasonCode: null, expiresAt: null });
    ask(world, 4, { do: 'merge', survivorId, absorbedId, confirm: true });
    const message = { channel: 'sms', from, also: [], providerMessageId: 'p1', sentAt: at(3) };
    const outcome = perform(world, { by: 'gateway', now: at(5), wish: { do: 'receive', ...message } });
    expect(outcome).toMatchObject({ accepted: true, answer: { disposition: 'ignored' } });
  });
});

describe('a refusal that a merge brought and somebody repeats', () => {
  it('is the own word of whoever survived, and stays when the merge is undone [I14 K11]', () => {
    const world = emptyWorld();
    const [survivorId, absorbedId] = two(world);
    const revoked = { do: 'consent', channel: 'whatsapp', state: 'revoked' } as const;
    ask(world, 1, { ...revoked, contactId: absorbedId });
    const { mergeId } = ask(world, 2, { do: 'merge', survivorId, absorbedId, confirm: true });
    ask(world, 3, { ...revoked, contactId: survivorId });
    ask(world, 4, { do: 'undoMerge', mergeId: mergeId as string });
    expect(world.contacts.get(survivorId)?.consents.get('whatsapp')).toEqual({ state: 'revoked', source: 'manual' });
  });
});

describe('a wallet that was archived since', () => {
  it('has again, when a merge is undone, whom the merge took out of it [I16]', () => {
    const world = emptyWorld();
    const [survivorId, absorbedId] = two(world);
    const said = { name: 'Gold', code: null, responsibleId: null };
    const walletId = ask(world, 1, { do: 'createWallet', ...said })['walletId'] as string;
    ask(world, 2, { do: 'addToWallet', walletId, contactIds: [absorbedId], fromConversation: null });
    const { mergeId } = ask(world, 3, { do: 'merge', survivorId, absorbedId, confirm: true });
    ask(world, 4, { do: 'archiveWallet', walletId });
    ask(world, 5, { do: 'undoMerge', mergeId: mergeId as string });
    expect([...(world.wallets.get(walletId)?.contacts.keys() ?? [])]).toEqual([absorbedId]);
  });
});

describe('whoever was blocked when a merge took them in', () => {
  it('is refused as merged, whatever else another block would need [I14]', () => {
    const world = emptyWorld();
    const [survivorId, contactId] = two(world);
    const said = { do: 'block', contactId, confirm: true, scope: null, conversationId: null, notice: false } as const;
    ask(world, 1, { ...said, reasonCode: null, expiresAt: null });
    ask(world, 2, { do: 'merge', survivorId, absorbedId: contactId, confirm: true });
    // No setting allows an end.
    const wish: Wish = { ...said, reasonCode: null, expiresAt: at(9) };
    expect(perform(world, { by: 'founder', now: at(3), wish })).toEqual({ accepted: false, code: 'contact-merged' });
  });
});

describe('a block that ended because the other side of a merge had one too', () => {
  it('covers nothing for whom it was, as the facts say it [I14]', () => {
    const policy = { closeOpen: true, inboundMode: 'ignore' };
    const blocked = { scope: { channels: ['sms'] }, reasonCode: null, expiresAt: null, policy, blockedAt: at(1) };
    const block = { ...blocked, blockId: 'b1', closeOpen: true, inboundMode: 'ignore' };
    const ofBoth = (['own', 'other'] as const).flatMap((contactId, index) => [
      factOf(contactId, 'ContactRegistered', { contactId, identities: [], source: 'manual', registeredAt: at(0) }),
      factOf(contactId, 'ContactBlocked', {
        ...{ ...blocked, contactId, blockId: `b${String(index + 1)}`, coveredIdentityIds: [`${contactId} identity`] },
      }),
    ]);
    const { contacts } = observed([
      ...ofBoth,
      factOf('other', 'ContactAbsorbed', { contactId: 'other', mergeId: 'm', intoId: 'own', absorbedAt: at(2) }),
      factOf('own', 'ContactsMerged', {
        ...{ contactId: 'own', mergeId: 'm', absorbedId: 'other', block, coverage: [], consentOutcome: [] },
        ...{ blockOutcome: { keptBlockId: 'b1', endedBlockId: 'b2', endedAt: at(2) }, mergedAt: at(2) },
      }),
    ]);
    const [episode] = contacts.get('other')?.episodes ?? [];
    expect(episode?.coverage.map(({ from, to }) => [from, to])).toEqual([[at(1), at(2)]]);
  });
});
