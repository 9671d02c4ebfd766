// Two contacts that are one person: merged, and separated again. A merge never weakens a block or a refusal, and answers go where the customer wrote.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { answerOf, type Schemas } from '#client';
import { clock, openDoor, type Answer, type Door, type Json, type Who } from './door.js';
import { until } from '../fixtures/until.js';
import { newPhone, townOf, type Customer, type Town } from './town.js';

let door: Door;
let town: Town;
beforeAll(async () => {
  clock.start('2026-03-10T08:00:00Z');
  door = await openDoor();
  town = townOf(door);
});
afterAll(async () => {
  await door.close();
  clock.stop();
});

const merge = async (survivorId: string, absorbedId: string): Promise<string> => {
  const body = { absorbedId, confirm: true };
  return (await town.does('supervisor', 'POST', `/v1/contacts/${survivorId}/merge`, body)).mergeId as string;
};
const tries = (survivorId: string, absorbedId: string, key?: string): Promise<Answer> =>
  door.call(
    'supervisor',
    'POST',
    `/v1/contacts/${survivorId}/merge`,
    { absorbedId, confirm: true },
    key === undefined ? {} : { key },
  );
const undo = (mergeId: string): Promise<Json> => town.does('supervisor', 'POST', `/v1/merges/${mergeId}/undo`, {});
const two = async (): Promise<[Customer, Customer]> => [await town.customer(), await town.customer()];
const verdict = async ({ phone }: Customer, sentAt?: string): Promise<Json> =>
  (
    await door.get(
      'integration',
      `/v1/block-filter/check?channel=whatsapp&kind=phone&value=${encodeURIComponent(phone)}${sentAt === undefined ? '' : `&sentAt=${sentAt}`}`,
    )
  ).body;
const blockedIds = async (): Promise<readonly string[]> =>
  (await town.blocked('supervisor')).map((one: Schemas['BlockedContactAnswer']) => one.contactId);
/** What a rebuild must not change. */
const shown = async (...customers: readonly Customer[]): Promise<Json> => ({
  cards: await Promise.all(customers.map(({ contactId }) => town.card(contactId, 'supervisor'))),
  rows: await Promise.all(customers.map(({ conversationId }) => town.row(conversationId))),
  timelines: await Promise.all(customers.map(({ conversationId }) => town.timeline(conversationId, 'supervisor'))),
  blocked: await town.blocked('supervisor'),
  counts: (await door.get('supervisor', '/v1/conversations/counts')).body,
  contacts: (await door.get('supervisor', '/v1/contacts?limit=200')).body,
  verdicts: await Promise.all(customers.map((customer) => verdict(customer))),
});

describe('a merge', () => {
  it('moves addresses and conversations to the survivor; the conversations stay themselves, and answers go where the customer wrote [I15]', async () => {
    const [survivor, absorbed] = await two();
    const before = await town.timeline(absorbed.conversationId);
    const mergeId = await merge(survivor.contactId, absorbed.contactId);
    const card = await town.card(survivor.contactId);
    expect(card.identities.map((one) => one.identityId)).toEqual([survivor.identityId, absorbed.identityId]);
    expect(new Set(card.conversations.map((one) => one.conversationId))).toEqual(
      new Set([survivor.conversationId, absorbed.conversationId]),
    );
    expect(card.mergedInto).toBeUndefined();
    expect(await town.row(absorbed.conversationId)).toMatchObject({
      contactId: survivor.contactId,
      contactName: card.displayName,
      identityId: absorbed.identityId,
    });
    expect(await town.timeline(absorbed.conversationId)).toEqual(before);
    const again = await town.writes(absorbed.phone, 'Still here');
    expect(again).toMatchObject({
      disposition: 'displayed',
      contactId: survivor.contactId,
      identityId: absorbed.identityId,
      conversationId: absorbed.conversationId,
    });
    const { messageId } = await town.sends('agent', absorbed.conversationId, 'Hello');
    const out = await town.does('integration', 'POST', `/v1/messages/${messageId}/hand-over`, {
      conversationId: absorbed.conversationId,
    });
    expect(out.to).toBe(absorbed.phone);
    const facts = (await door.facts()).filter(({ data }) => data['mergeId'] === mergeId).map(({ type }) => type);
    // The policy that looks after conversations just opened may be quicker than the merge's last step.
    const relinked = (type: string): boolean => type === 'ConversationContactRelinked';
    expect(facts.filter((type) => !relinked(type))).toEqual(['MergeRequested', 'ContactAbsorbed', 'ContactsMerged']);
    expect(facts.filter(relinked)).toHaveLength(1);
    expect(facts.findIndex(relinked)).toBeGreaterThan(facts.indexOf('ContactAbsorbed'));
  });

  it('brings addresses that attaching again does not change, but verifies where they were not [I17]', async () => {
    const [survivor, absorbed] = await two();
    const typed = { kind: 'email', value: `typed-${randomUUID()}@example.org` };
    const attaches = (contactId: string, address: object) =>
      town.does('agent', 'POST', `/v1/contacts/${contactId}/identities`, address);
    const { identityId } = await attaches(absorbed.contactId, typed);
    await merge(survivor.contactId, absorbed.contactId);
    const before = await town.card(survivor.contactId);
    const phone = { kind: 'phone', value: absorbed.phone };
    expect(await attaches(survivor.contactId, phone)).toMatchObject({ identityId: absorbed.identityId });
    expect((await town.card(survivor.contactId)).identities).toEqual(before.identities);
    expect(await attaches(survivor.contactId, { ...typed, verified: true })).toMatchObject({ identityId });
    const verified = before.identities.map((one) => (one.identityId === identityId ? { ...one, verified: true } : one));
    expect((await town.card(survivor.contactId)).identities).toEqual(verified);
    const attached = (await door.facts()).filter(
      ({ type, data }) => type === 'ContactIdentityAttached' && data['contactId'] === survivor.contactId,
    );
    expect(attached.map(({ data }) => data['identityId'])).toEqual([identityId]);
  });

  it('leaves a card that says where the person is now, and refuses commands on it', async () => {
    const [end, survivor, absorbed] = [await town.contact(), await town.contact(), await town.contact()];
    await merge(survivor.contactId, absorbed.contactId);
    expect((await town.card(absorbed.contactId)).mergedInto).toBe(survivor.contactId);
    await merge(end.contactId, survivor.contactId);
    expect((await town.card(absorbed.contactId)).mergedInto).toBe(end.contactId);
    expect((await town.card(end.contactId)).identities).toHaveLength(3);
    const path = `/v1/contacts/${absorbed.contactId}`;
    const before = await door.head();
    for (const [who, method, rest, body] of [
      ['agent', 'PATCH', '', { displayName: 'New' }],
      ['agent', 'POST', '/identities', { kind: 'phone', value: newPhone() }],
      ['agent', 'DELETE', `/identities/${absorbed.identityId}`, undefined],
      ['agent', 'POST', '/block', { confirm: true }],
      ['admin', 'POST', '/unblock', { confirm: true, requestedBy: 'customer' }],
      ['supervisor', 'PUT', '/consents/sms', { state: 'granted' }],
      ['supervisor', 'POST', '/merge', { absorbedId: end.contactId, confirm: true }],
    ] as const) {
      const answer = await door.call(who, method, `${path}${rest}`, body);
      expect([method, rest, answer.status, answer.code]).toEqual([method, rest, 409, 'contact-merged']);
    }
    const start = { contactId: absorbed.contactId, channel: 'sms' };
    expect((await door.call('agent', 'POST', '/v1/conversations', start)).code).toBe('contact-merged');
    // What is wrong with the request, or with who asks, is said first.
    const unblock = await door.call('agent', 'POST', `${path}/unblock`, { confirm: true, requestedBy: 'customer' });
    expect([unblock.status, unblock.code]).toEqual([403, 'administrator-required']);
    expect((await door.call('agent', 'POST', `${path}/block`, {})).code).toBe('confirmation-required');
    expect(await door.head()).toBe(before);
    const { items } = (await door.get('agent', `/v1/contacts?search=${absorbed.phone.slice(1)}`)).body;
    expect(items).toMatchObject([{ contactId: end.contactId }]);
  });

  it('is said once, confirmed, of two contacts that exist, and absorbs nobody twice', async () => {
    const [survivor, absorbed, other] = [await town.contact(), await town.contact(), await town.contact()];
    const path = `/v1/contacts/${survivor.contactId}/merge`;
    const refused = async (body: Json, who: Who = 'supervisor'): Promise<unknown> => {
      const { status, code } = await door.call(who, 'POST', path, body);
      return [status, code];
    };
    const before = await door.head();
    expect(await refused({ absorbedId: absorbed.contactId })).toEqual([422, 'confirmation-required']);
    expect(await refused({ absorbedId: survivor.contactId, confirm: true })).toEqual([400, 'invalid-request']);
    expect(await refused({ absorbedId: randomUUID(), confirm: true })).toEqual([404, 'not-found']);
    expect(await refused({ absorbedId: absorbed.contactId, confirm: true }, 'agent')).toEqual([403, 'forbidden']);
    expect(await door.head()).toBe(before);
    const key = randomUUID();
    const first = await tries(survivor.contactId, absorbed.contactId, key);
    const stored = await door.head();
    const repeat = await tries(survivor.contactId, absorbed.contactId, key);
    expect([repeat.status, repeat.text, repeat.etag]).toEqual([first.status, first.text, first.etag]);
    expect((await tries(survivor.contactId, absorbed.contactId)).body).toEqual(first.body);
    expect((await tries(other.contactId, absorbed.contactId)).code).toBe('contact-merged');
    expect((await tries(absorbed.contactId, survivor.contactId)).code).toBe('contact-merged');
    expect(await door.head()).toBe(stored);
    const { etag } = await door.get('supervisor', `/v1/contacts/${survivor.contactId}`);
    expect(first.etag).toBe(etag);
  });

  it('keeps the episode of whoever was blocked, for all addresses of both [I14 H3 H21]', async () => {
    for (const side of ['survivor', 'absorbed'] as const) {
      const customers = await two();
      const [survivor, absorbed] = customers;
      const blockedOne = side === 'survivor' ? survivor : absorbed;
      const { blockId } = await town.block(blockedOne.contactId, { reasonCode: 'abuse', reasonText: 'Insults' });
      const blockedAt = (await town.card(blockedOne.contactId)).block?.blockedAt;
      await town.writes(blockedOne.phone, 'ignored before');
      await merge(survivor.contactId, absorbed.contactId);
      const { block } = await town.card(survivor.contactId);
      expect(block).toMatchObject({ blockId, blockedAt, reasonCode: 'abuse', reasonText: 'Insults' });
      expect(await blockedIds()).toContain(survivor.contactId);
      expect(await blockedIds()).not.toContain(absorbed.contactId);
      for (const customer of customers) {
        expect(await town.row(customer.conversationId)).toMatchObject({ status: 'concluded', contactBlocked: true });
        expect(await town.writes(customer.phone, 'hidden')).toMatchObject({
          disposition: 'ignored',
          contactId: survivor.contactId,
          identityId: customer.identityId,
          blockId,
        });
        expect(await verdict(customer)).toMatchObject({ verdict: 'hide', blockId, contactId: survivor.contactId });
        expect(await town.texts(customer.conversationId)).toEqual(['Oi']);
        const reply = await door.call('agent', 'POST', `/v1/conversations/${customer.conversationId}/messages`, {
          content: { text: 'no' },
        });
        expect(reply.code).toBe('contact-blocked');
      }
      expect(await town.blocked('supervisor')).toContainEqual(
        expect.objectContaining({ contactId: survivor.contactId, blockId, ignoredCount: 3 }),
      );
      // An address that was blocked keeps its start: what was sent then stays hidden.
      const then = new Date(Date.parse(blockedAt ?? '') + 1).toISOString();
      expect((await verdict(blockedOne, then)).verdict).toBe('hide');
      expect((await verdict(side === 'survivor' ? absorbed : survivor, then)).verdict).toBe('display');
      const before = await shown(survivor, absorbed);
      await door.rebuild();
      expect(await shown(survivor, absorbed)).toEqual(before);
      await town.unblock(survivor.contactId);
      for (const { phone } of customers) expect((await town.writes(phone, 'after')).disposition).toBe('displayed');
    }
  });

  it('unites the scopes where both were blocked, and ends the absorbed episode [I14 I1]', async () => {
    const [survivor, absorbed] = await two();
    const { blockId } = await town.block(survivor.contactId, { scope: { channels: ['sms'] } });
    await town.block(absorbed.contactId, { scope: { channels: ['whatsapp'] } });
    await merge(survivor.contactId, absorbed.contactId);
    const { block } = await town.card(survivor.contactId);
    expect(block).toMatchObject({ blockId, scope: { channels: ['sms', 'whatsapp'] } });
    expect((await blockedIds()).filter((id) => id === survivor.contactId || id === absorbed.contactId)).toEqual([
      survivor.contactId,
    ]);
    for (const { phone } of [survivor, absorbed]) {
      expect(await town.writes(phone, 'hidden')).toMatchObject({ disposition: 'ignored', blockId });
    }
  });

  it('keeps a refusal, and the explicit word before the default [I14 K11]', async () => {
    const [survivor, absorbed] = [await town.contact(), await town.contact()];
    const consents = async (contactId: string, channel: string, state: string): Promise<void> => {
      await town.does('supervisor', 'PUT', `/v1/contacts/${contactId}/consents/${channel}`, { state });
    };
    await consents(survivor.contactId, 'whatsapp', 'granted');
    await consents(absorbed.contactId, 'whatsapp', 'revoked');
    await consents(absorbed.contactId, 'sms', 'granted');
    await consents(survivor.contactId, 'email', 'revoked');
    await consents(absorbed.contactId, 'email', 'granted');
    const mergeId = await merge(survivor.contactId, absorbed.contactId);
    expect((await town.card(survivor.contactId)).consents).toMatchObject({
      whatsapp: { state: 'revoked', source: 'merge' },
      sms: { state: 'granted', source: 'merge' },
      email: { state: 'revoked', source: 'manual' },
      viber: { state: 'unset' },
    });
    await consents(survivor.contactId, 'sms', 'revoked');
    await undo(mergeId);
    expect((await town.card(survivor.contactId)).consents).toMatchObject({
      whatsapp: { state: 'granted', source: 'manual' },
      sms: { state: 'revoked', source: 'manual' },
    });
    expect((await town.card(absorbed.contactId)).consents).toMatchObject({
      whatsapp: { state: 'revoked' },
      sms: { state: 'granted' },
    });
  });

  it('answers for the absorbed contact whether its survivor may be spoken to [K11 I14]', async () => {
    const [survivor, absorbed] = [await town.contact(), await town.contact()];
    const may = async (contactId: string): Promise<Json> =>
      (await door.get('integration', `/v1/contacts/${contactId}/contactability`)).body;
    await town.does('supervisor', 'PUT', `/v1/contacts/${absorbed.contactId}/consents/sms`, { state: 'granted' });
    await town.does('supervisor', 'PUT', `/v1/contacts/${survivor.contactId}/consents/sms`, { state: 'revoked' });
    expect((await may(absorbed.contactId)).channels.sms.allowed).toBe(true);
    const mergeId = await merge(survivor.contactId, absorbed.contactId);
    expect((await may(absorbed.contactId)).channels.sms).toEqual({ allowed: false, reasons: ['consent-revoked'] });
    expect(await may(absorbed.contactId)).toEqual(await may(survivor.contactId));
    expect((await door.get('integration', `/v1/contacts/${absorbed.contactId}/refusals`)).status).toBe(200);
    await undo(mergeId);
    expect((await may(absorbed.contactId)).channels.sms.allowed).toBe(true);
  });

  it('is no new message of what was ignored before it', async () => {
    const [survivor, absorbed] = await two();
    await town.block(absorbed.contactId);
    const first = await town.writes(absorbed.phone, 'hidden', { providerMessageId: 'before-the-merge' });
    await merge(survivor.contactId, absorbed.contactId);
    const again = await town.writes(absorbed.phone, 'hidden', { providerMessageId: 'before-the-merge' });
    expect(again).toMatchObject({ disposition: 'duplicate', blockId: first.blockId });
  });
});

describe('undoing a merge', () => {
  it('gives each side back what it had, blocks too; hidden messages stay hidden [I4 I14]', async () => {
    const [survivor, absorbed] = await two();
    const { blockId } = await town.block(absorbed.contactId, { reasonText: 'Insults' });
    const mergeId = await merge(survivor.contactId, absorbed.contactId);
    await town.writes(survivor.phone, 'hidden while merged');
    await town.writes(absorbed.phone, 'hidden while merged');
    expect(await undo(mergeId)).toEqual({ mergeId });
    const [one, other] = [await town.card(survivor.contactId), await town.card(absorbed.contactId)];
    expect([one.block, one.identities.map((identity) => identity.identityId)]).toEqual([null, [survivor.identityId]]);
    expect(other).toMatchObject({ block: { blockId, reasonText: 'Insults' } });
    expect([other.mergedInto, other.identities.map((identity) => identity.identityId)]).toEqual([
      undefined,
      [absorbed.identityId],
    ]);
    expect((await town.row(absorbed.conversationId)).contactId).toBe(absorbed.contactId);
    expect(await blockedIds()).toContain(absorbed.contactId);
    expect(await town.writes(survivor.phone, 'shown again')).toMatchObject({
      disposition: 'displayed',
      contactId: survivor.contactId,
    });
    expect(await town.writes(absorbed.phone, 'hidden still')).toMatchObject({
      disposition: 'ignored',
      contactId: absorbed.contactId,
      blockId,
    });
    expect(await town.texts(survivor.conversationId)).toEqual(['Oi', 'shown again']);
    expect(await town.texts(absorbed.conversationId)).toEqual(['Oi']);
    const before = await shown(survivor, absorbed);
    await door.rebuild();
    expect(await shown(survivor, absorbed)).toEqual(before);
    const stored = await door.head();
    expect(await undo(mergeId)).toEqual({ mergeId });
    expect(await door.head()).toBe(stored);
    // It can be done again.
    await merge(survivor.contactId, absorbed.contactId);
    expect((await town.card(survivor.contactId)).block).toMatchObject({ blockId });
  });

  it('gives both their own episodes back where both were blocked', async () => {
    const [survivor, absorbed] = await two();
    const { blockId: own } = await town.block(survivor.contactId, { scope: { channels: ['sms'] } });
    const { blockId: other } = await town.block(absorbed.contactId);
    await undo(await merge(survivor.contactId, absorbed.contactId));
    expect((await town.card(survivor.contactId)).block).toMatchObject({
      blockId: own,
      scope: { channels: ['sms'] },
    });
    expect((await town.card(absorbed.contactId)).block).toMatchObject({ blockId: other, scope: { all: true } });
    expect((await town.writes(survivor.phone, 'shown')).disposition).toBe('displayed');
    expect((await town.writes(absorbed.phone, 'hidden')).disposition).toBe('ignored');
  });

  it('does not bring back what somebody unblocked since: that ended both', async () => {
    const [survivor, absorbed] = await two();
    await town.block(survivor.contactId);
    await town.block(absorbed.contactId);
    const mergeId = await merge(survivor.contactId, absorbed.contactId);
    await town.unblock(survivor.contactId);
    await undo(mergeId);
    for (const { contactId, phone } of [survivor, absorbed]) {
      expect((await town.card(contactId)).block).toBeNull();
      expect(await town.writes(phone, 'shown')).toMatchObject({ disposition: 'displayed', contactId });
    }
  });

  it('leaves what else was done since with the survivor', async () => {
    const [survivor, absorbed] = await two();
    const mergeId = await merge(survivor.contactId, absorbed.contactId);
    const { blockId } = await town.block(survivor.contactId);
    await town.does('agent', 'PATCH', `/v1/contacts/${survivor.contactId}`, { addTags: ['since'] });
    const phone = newPhone();
    const during = clock.now();
    await town.does('agent', 'POST', `/v1/contacts/${survivor.contactId}/identities`, { kind: 'phone', value: phone });
    await undo(mergeId);
    const card = await town.card(survivor.contactId);
    expect([card.block?.blockId, card.tags, card.identities.map((one) => one.value)]).toEqual([
      blockId,
      ['since'],
      [survivor.phone, phone],
    ]);
    expect((await town.card(absorbed.contactId)).block).toBeNull();
    expect((await town.writes(absorbed.phone, 'shown')).disposition).toBe('displayed');
    // What was sent while that block covered it stays hidden.
    expect((await verdict(absorbed, during)).verdict).toBe('hide');
    expect((await town.writes(absorbed.phone, 'late', { sentAt: during })).disposition).toBe('ignored');
  });

  it('is refused while a later merge builds on it', async () => {
    const [first, second, third] = [await town.contact(), await town.contact(), await town.contact()];
    const earlier = await merge(second.contactId, third.contactId);
    const later = await merge(first.contactId, second.contactId);
    const refused = await door.call('supervisor', 'POST', `/v1/merges/${earlier}/undo`, {});
    expect([refused.status, refused.code]).toEqual([409, 'merge-superseded']);
    await undo(later);
    await undo(earlier);
    for (const { contactId, identityId } of [first, second, third]) {
      const card = await town.card(contactId);
      expect([card.mergedInto, card.identities.map((one) => one.identityId)]).toEqual([undefined, [identityId]]);
    }
    expect((await door.call('supervisor', 'POST', `/v1/merges/${randomUUID()}/undo`, {})).code).toBe('not-found');
  });
});

describe('wallets of merged contacts', () => {
  const wallet = async (name: string): Promise<string> =>
    (await town.does('supervisor', 'POST', '/v1/wallets', { name: `${name} ${randomUUID()}` })).walletId as string;
  const put = async (walletId: string, contactId: string): Promise<void> => {
    await town.does('supervisor', 'POST', `/v1/wallets/${walletId}/contacts`, { contactIds: [contactId] });
  };
  const takeOut = (walletId: string, contactId: string): Promise<Json> =>
    town.does('supervisor', 'DELETE', `/v1/wallets/${walletId}/contacts/${contactId}`);
  const walletsOf = async (contactId: string): Promise<readonly string[]> =>
    (await town.card(contactId)).wallets.map((one) => one.walletId).sort();
  // Policies of other tests write meanwhile.
  const saidOf = async (after: string | null, ...ids: readonly string[]): Promise<readonly string[]> =>
    (await door.facts(after))
      .filter(({ stream, data }) => ids.some((id) => `${stream} ${JSON.stringify(data)}`.includes(id)))
      .map(({ type }) => type);
  const contactsIn = async (walletId: string): Promise<readonly string[]> => {
    const { items } = (await door.get('supervisor', `/v1/wallets/${walletId}/contacts`)).body;
    const ids = (items as readonly Json[]).map((one) => one.contactId as string);
    const filtered = (await door.get('supervisor', `/v1/contacts?walletId=${walletId}`)).body.items as readonly Json[];
    expect(filtered.map((one) => one.contactId as string).sort()).toEqual([...ids].sort());
    expect((await door.get('supervisor', `/v1/wallets/${walletId}`)).body.contactCount).toBe(ids.length);
    return ids;
  };

  it('are united, and separated again; what somebody did since stays', async () => {
    const [survivor, absorbed] = await two();
    const [theirs, shared, own, touched] = [
      await wallet('Theirs'),
      await wallet('Shared'),
      await wallet('Own'),
      await wallet('Touched'),
    ];
    for (const id of [theirs, shared, touched]) await put(id, absorbed.contactId);
    for (const id of [shared, own]) await put(id, survivor.contactId);
    const before = clock.now();
    clock.pass(1);
    const mergeId = await merge(survivor.contactId, absorbed.contactId);
    expect(await walletsOf(survivor.contactId)).toEqual([theirs, shared, own, touched].sort());
    expect(await walletsOf(absorbed.contactId)).toEqual([]);
    for (const id of [theirs, shared, own, touched]) expect(await contactsIn(id)).toEqual([survivor.contactId]);
    const facts = (await door.facts()).filter(
      ({ type, data }) => type === 'ContactsMerged' && data['mergeId'] === mergeId,
    );
    expect(facts[0]?.data['walletOutcome']).toEqual([
      { walletId: theirs, added: true },
      { walletId: shared, added: false },
      { walletId: touched, added: true },
    ]);
    const then = (await door.get('supervisor', `/v1/contacts/${absorbed.contactId}?at=${before}`)).body;
    expect((then.wallets as readonly Json[]).map((one) => one.walletId as string).sort()).toEqual(
      [theirs, shared, touched].sort(),
    );
    await takeOut(touched, survivor.contactId);
    await put(touched, survivor.contactId);
    await undo(mergeId);
    expect(await walletsOf(survivor.contactId)).toEqual([shared, own, touched].sort());
    expect(await walletsOf(absorbed.contactId)).toEqual([theirs, shared, touched].sort());
    const head = await door.head();
    await undo(mergeId);
    expect(await saidOf(head, mergeId, survivor.contactId, absorbed.contactId)).toEqual([]);
  });

  it('are not given again when the merge is said again, to whom somebody took out since', async () => {
    const [survivor, absorbed] = [await town.contact(), await town.contact()];
    const id = await wallet('Once');
    await put(id, absorbed.contactId);
    const key = randomUUID();
    await tries(survivor.contactId, absorbed.contactId, key);
    await takeOut(id, survivor.contactId);
    const head = await door.head();
    expect((await tries(survivor.contactId, absorbed.contactId, key)).status).toBe(200);
    expect((await tries(survivor.contactId, absorbed.contactId)).status).toBe(200);
    expect(await saidOf(head, survivor.contactId, absorbed.contactId, id)).toEqual([]);
    expect(await contactsIn(id)).toEqual([]);
  });

  it('that are archived are left, and nobody comes into them', async () => {
    const [survivor, absorbed] = [await town.contact(), await town.contact()];
    const id = await wallet('Archived');
    await put(id, absorbed.contactId);
    await town.does('supervisor', 'POST', `/v1/wallets/${id}/archive`, {});
    const mergeId = await merge(survivor.contactId, absorbed.contactId);
    expect(await contactsIn(id)).toEqual([]);
    await undo(mergeId);
    expect(await contactsIn(id)).toEqual([absorbed.contactId]);
  });

  it("are the survivor's own where one is all that a contact may have, else the other's [W14]", async () => {
    await town.set('wallet.perContact', 'one');
    const [survivor, absorbed, bare] = [await town.contact(), await town.contact(), await town.contact()];
    const [own, theirs] = [await wallet('Own'), await wallet('Theirs')];
    await put(own, survivor.contactId);
    await put(theirs, absorbed.contactId);
    const mergeId = await merge(survivor.contactId, absorbed.contactId);
    expect([await walletsOf(survivor.contactId), await contactsIn(theirs)]).toEqual([[own], []]);
    await undo(mergeId);
    expect([await walletsOf(survivor.contactId), await walletsOf(absorbed.contactId)]).toEqual([[own], [theirs]]);
    const other = await merge(bare.contactId, absorbed.contactId);
    expect([await walletsOf(bare.contactId), await contactsIn(theirs)]).toEqual([[theirs], [bare.contactId]]);
    await undo(other);
    expect([await walletsOf(bare.contactId), await walletsOf(absorbed.contactId)]).toEqual([[], [theirs]]);
    await town.set('wallet.perContact', 'many');
  });

  it('hold the survivor alone, whoever was added while the merge ran [W14]', async () => {
    const [survivor, absorbed] = [await town.contact(), await town.contact()];
    const ids = await Promise.all(Array.from({ length: 8 }, (_, n) => wallet(`At once ${String(n)}`)));
    const answers = Promise.all(
      ids.map((id) =>
        town.does('supervisor', 'POST', `/v1/wallets/${id}/contacts`, { contactIds: [absorbed.contactId] }),
      ),
    );
    await merge(survivor.contactId, absorbed.contactId);
    const added = (await answers).map((one) => one.added === 1);
    await until(async () => (await walletsOf(absorbed.contactId)).length === 0);
    expect(await walletsOf(survivor.contactId)).toEqual(ids.filter((_, n) => added[n]).sort());
  });
});

describe('at once', () => {
  it('merges of a ring of contacts never make a cycle: one is left, and every chain leads to it', async () => {
    const ring = await Promise.all(Array.from({ length: 20 }, () => town.contact()));
    const answers = await Promise.all(
      ring.map(({ contactId }, n) => tries(ring[(n + 1) % ring.length]?.contactId ?? '', contactId)),
    );
    for (const { status, code } of answers) expect([200, 409]).toContain(code === undefined ? status : 409);
    expect(answers.filter(({ code }) => code !== undefined).every(({ code }) => code === 'contact-merged')).toBe(true);
    const cards = await Promise.all(ring.map(({ contactId }) => town.card(contactId)));
    const ends = new Map<string, number>();
    for (const [n, card] of cards.entries()) {
      const end = card.mergedInto ?? ring[n]?.contactId ?? '';
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    for (const [end, members] of ends) {
      const card = await town.card(end);
      expect([card.mergedInto, card.identities.length]).toEqual([undefined, members]);
    }
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(ring.length - ends.size);
  });

  it('nothing that a blocked contact sends is shown while it is merged, whichever side was blocked [I4 I14]', async () => {
    for (const side of ['survivor', 'absorbed'] as const) {
      const [survivor, absorbed] = await two();
      const blockedOne = side === 'survivor' ? survivor : absorbed;
      await town.block(blockedOne.contactId);
      let merged = false;
      const sent: Schemas['ReceivedAnswer'][] = [];
      const writing = Array.from({ length: 4 }, async (_, writer) => {
        for (let n = 0; n < 100 && !(merged && n > 5); n++)
          sent.push(await town.writes(blockedOne.phone, `${String(writer)} ${String(n)}`));
      });
      await merge(survivor.contactId, absorbed.contactId);
      merged = true;
      await Promise.all(writing);
      expect(sent.length).toBeGreaterThan(8);
      expect(sent.every(({ disposition }) => disposition === 'ignored')).toBe(true);
      expect(await town.texts(blockedOne.conversationId)).toEqual(['Oi']);
      for (const { phone } of [survivor, absorbed])
        expect((await town.writes(phone, 'hidden')).disposition).toBe('ignored');
    }
  });
});

describe('a returning customer', () => {
  type Also = { kind: 'email' | 'phone'; value: string; verified: boolean };
  const visits = async (guest: string, text: string, also: readonly Also[], verified = false) =>
    (
      await answerOf(
        door.as('integration').POST('/v1/messages/inbound', {
          body: {
            channel: 'webchat',
            from: { kind: 'webchat', value: guest, verified, also: [...also] },
            providerMessageId: randomUUID(),
            content: { text },
          },
        }),
      )
    ).body;

  it('is recognised by a verified address behind a merge too, and is not attached while blocked [H18 H19]', async () => {
    const [survivor, absorbed] = await two();
    await merge(survivor.contactId, absorbed.contactId);
    const { blockId } = await town.block(survivor.contactId);
    const guest = `cookie-${randomUUID()}`;
    const also: Also = { kind: 'phone', value: absorbed.phone, verified: true };
    expect(await visits(guest, 'hello', [also])).toMatchObject({
      disposition: 'ignored',
      contactId: survivor.contactId,
      identityId: absorbed.identityId,
      blockId,
    });
    expect((await town.card(survivor.contactId)).identities).toHaveLength(2);
    await town.unblock(survivor.contactId);
    expect(await visits(guest, 'hello again', [also])).toMatchObject({
      disposition: 'displayed',
      contactId: survivor.contactId,
    });
    expect((await town.card(survivor.contactId)).identities).toHaveLength(3);
  });

  it('is a stranger while the address is not verified [H19]', async () => {
    const { contactId, phone } = await town.customer();
    await town.block(contactId);
    const answer = await visits(`cookie-${randomUUID()}`, 'hello', [{ kind: 'phone', value: phone, verified: false }]);
    expect(answer.disposition).toBe('displayed');
    expect(answer.contactId).not.toBe(contactId);
  });

  it('whose weak address joined late is hidden from the message on that verifies it [H18 H19]', async () => {
    const { contactId } = await town.customer();
    const guest = `cookie-${randomUUID()}`;
    await town.block(contactId);
    await town.does('agent', 'POST', `/v1/contacts/${contactId}/identities`, { kind: 'webchat', value: guest });
    expect((await visits(guest, 'weak', [])).disposition).toBe('displayed');
    expect((await visits(guest, 'strong', [], true)).disposition).toBe('ignored');
    expect((await visits(guest, 'verified once', [])).disposition).toBe('ignored');
  });

  it('keeps the address of a contact that another holds; both are reported as duplicates [K9 H18]', async () => {
    const [one, other] = await two();
    const guest = `cookie-${randomUUID()}`;
    const first = await visits(guest, 'hello', []);
    const before = await door.head();
    const answer = await visits(guest, 'me', [{ kind: 'phone', value: one.phone, verified: true }]);
    expect(answer).toMatchObject({ disposition: 'displayed', contactId: first.contactId });
    expect((await door.facts(before)).map(({ type }) => type)).toContain('DuplicateContactDetected');
    await town.block(one.contactId);
    const hidden = await visits(guest, 'me', [{ kind: 'phone', value: one.phone, verified: true }]);
    expect(hidden).toMatchObject({ disposition: 'ignored', contactId: one.contactId, identityId: one.identityId });
    expect((await town.writes(other.phone, 'nobody')).disposition).toBe('displayed');
  });

  it('keeps a blocked address until somebody with the right to unblock takes it away [H16]', async () => {
    const { contactId, identityId } = await town.customer();
    await town.block(contactId);
    const path = `/v1/contacts/${contactId}/identities/${identityId}`;
    for (const who of ['agent', 'supervisor', 'integration'] as const) {
      const refused = await door.call(who, 'DELETE', path);
      expect([refused.status, refused.code]).toEqual([403, 'administrator-required']);
    }
    expect((await door.call('admin', 'DELETE', path)).status).toBe(200);
    expect((await town.card(contactId)).identities).toEqual([]);
  });
});
