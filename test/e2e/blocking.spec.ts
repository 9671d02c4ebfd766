// Blocking from the door to the lists: acceptance 1 to 4, and what each row of requirements R and H promises.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { BodyOf } from '#client';
import { fold } from '#kernel';
import { contactDecider, type ContactEvent } from '#contacts';
import { clock, openDoor, type Door, type Json } from './door.js';
import { newPhone, townOf, type Town } from './town.js';

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

/** The tests' day begins anew: times of a story are its own. */
let day = 10;
const onANewDay = (): ((time: string) => string) => {
  day += 1;
  const at = (time: string): string => clock.at(`2026-03-${String(day)}T${time.length === 5 ? `${time}:00` : time}Z`);
  at('08:00');
  return at;
};

/** What must be the same however the read models came about. */
const everythingShown = async (conversationId: string): Promise<Json> => ({
  timeline: await town.timeline(conversationId, 'supervisor'),
  row: await town.row(conversationId),
  blocked: await town.blocked('supervisor'),
  list: (await door.get('supervisor', '/v1/conversations?limit=200')).body,
  contacts: (await door.get('supervisor', '/v1/contacts?limit=200')).body,
  counts: (await door.get('supervisor', '/v1/conversations/counts')).body,
});

describe('acceptance', () => {
  it('1: of messages sent before, while and after a block only the last is shown, also after a rebuild of all [H14 R6 R9]', async () => {
    const at = onANewDay();
    const { contactId, phone } = await town.contact();
    at('10:00');
    await town.block(contactId);
    at('10:05');
    const ignored = await town.writes(phone, 'at 10:05');
    expect(ignored.disposition).toBe('ignored');
    expect(await town.blocked('supervisor')).toMatchObject([
      { contactId, ignoredCount: 1, lastIgnoredAt: expect.stringContaining('T10:05:00') },
    ]);
    at('10:10');
    await town.unblock(contactId);
    at('10:15');
    const { conversationId = '', disposition } = await town.writes(phone, 'at 10:15');
    expect(disposition).toBe('displayed');
    // What the gateway delivers late was sent while blocked all the same.
    const late = await town.writes(phone, 'late, of 10:07', { sentAt: `2026-03-${String(day)}T10:07:00Z` });
    expect(late).toMatchObject({ disposition: 'ignored', contactId, conversationId });

    expect(await town.texts(conversationId)).toEqual(['at 10:15']);
    expect((await town.timeline(conversationId)).hiddenCount).toBeNull();
    const before = await everythingShown(conversationId);
    expect(before.timeline.hiddenCount).toBe(2);
    expect(before.row).toMatchObject({ lastMessagePreview: 'at 10:15', unread: 1, status: 'open' });

    const rebuild = await door.rebuild();
    expect(rebuild).toMatchObject({ phase: 'done', error: null, result: { equal: true } });
    expect(await everythingShown(conversationId)).toEqual(before);
    expect(await town.texts(conversationId)).toEqual(['at 10:15']);
  });

  it('1: at the moment of the end a message is displayed, a millisecond before it is not [H14]', async () => {
    const at = onANewDay();
    const { contactId, phone } = await town.customer();
    at('10:00');
    await town.block(contactId);
    const end = at('10:10');
    await town.unblock(contactId);
    at('10:20');
    const before = new Date(Date.parse(end) - 1).toISOString();
    expect((await town.writes(phone, 'just before', { sentAt: before })).disposition).toBe('ignored');
    expect((await town.writes(phone, 'at the end', { sentAt: end })).disposition).toBe('displayed');
  });

  it('2: what was sent before the block and delivered during it is displayed, opens nothing and is not answered [H13 R7]', async () => {
    const at = onANewDay();
    const { contactId, phone, conversationId } = await town.customer();
    const { contactId: silentId, phone: silentPhone } = await town.contact();
    at('10:00');
    await town.block(contactId);
    await town.block(silentId);
    at('10:00:03');
    const sentAt = `2026-03-${String(day)}T09:59:59Z`;
    const added = await door.added(async () => {
      expect(await town.writes(phone, 'from before', { sentAt })).toMatchObject({
        disposition: 'displayed',
        conversationId,
      });
    });
    expect(added).toEqual(['MessageReceived']);
    expect(await town.texts(conversationId)).toEqual(['Oi', 'from before']);
    expect(await town.row(conversationId)).toMatchObject({
      status: 'concluded',
      assigneeId: null,
      contactBlocked: true,
    });
    const bot = await door.call('integration', 'POST', `/v1/conversations/${conversationId}/messages`, {
      content: { text: 'I am a bot' },
    });
    expect([bot.status, bot.code, bot.body.reasons]).toEqual([409, 'contact-blocked', ['blocked']]);

    // The first word of all: the conversation comes into being concluded.
    const first = await town.writes(silentPhone, 'hello?', { sentAt });
    expect(first.disposition).toBe('displayed');
    expect(await town.row(first.conversationId!)).toMatchObject({ status: 'concluded' });
  });

  it('3: a block with a notice sends exactly one message, before the block; its failure is on record and the block stands [H10 H11]', async () => {
    const at = onANewDay();
    const { contactId, phone, conversationId } = await town.customer();
    at('10:00');
    const key = randomUUID();
    const body = { confirm: true, notice: { text: 'We end this conversation.' }, reasonCode: 'abuse' };
    const before = await door.head();
    const first = await door.call('agent', 'POST', `/v1/contacts/${contactId}/block`, body, { key });
    expect(first.status).toBe(200);
    const { blockId, noticeMessageId } = first.body;
    const facts = await door.facts(before);
    const types = facts.map(({ type }) => type);
    expect(types.filter((type) => type === 'MessageSendRequested')).toHaveLength(1);
    expect(types.indexOf('MessageSendRequested')).toBeLessThan(types.indexOf('ContactBlocked'));
    expect(facts.find(({ type }) => type === 'ContactBlocked')?.data).toMatchObject({ blockId, noticeMessageId });

    const waiting = (await door.get('integration', '/v1/messages/outbound')).body.items as Json[];
    expect(waiting.filter((item) => item.conversationId === conversationId)).toMatchObject([
      { messageId: noticeMessageId, purpose: 'block_notice' },
    ]);
    const handed = await town.does('integration', 'POST', `/v1/messages/${noticeMessageId as string}/hand-over`, {
      conversationId,
    });
    expect(handed).toEqual({ to: phone, channel: 'whatsapp', content: { text: 'We end this conversation.' } });
    await town.does('integration', 'POST', `/v1/messages/${noticeMessageId as string}/delivery`, {
      conversationId,
      status: 'failed',
      reason: 'number does not exist',
      at: clock.now(),
    });
    expect((await town.card(contactId)).block).toMatchObject({ blockId, reasonCode: 'abuse' });
    const { items } = await town.timeline(conversationId);
    expect((items as Json[]).filter((item) => item.messageId === noticeMessageId)).toMatchObject([
      { delivery: 'failed' },
    ]);

    at('10:30');
    const added = await door.added(async () => {
      const again = await door.call('agent', 'POST', `/v1/contacts/${contactId}/block`, body, { key });
      expect([again.status, again.text, again.etag]).toEqual([first.status, first.text, first.etag]);
    });
    expect(added).toEqual([]);
  });

  it('4: an agent is told to ask an administrator and nothing happens; an administrator ends one episode [H16 H17]', async () => {
    onANewDay();
    const { contactId } = await town.customer();
    const { blockId } = await town.block(contactId);
    const wish = { confirm: true, requestedBy: 'customer' };
    const added = await door.added(async () => {
      for (const who of ['agent', 'supervisor'] as const) {
        const refused = await door.call(who, 'POST', `/v1/contacts/${contactId}/unblock`, wish);
        expect([refused.status, refused.code]).toEqual([403, 'administrator-required']);
      }
      const unsure = await door.call('admin', 'POST', `/v1/contacts/${contactId}/unblock`, { requestedBy: 'customer' });
      expect([unsure.status, unsure.code]).toEqual([422, 'confirmation-required']);
    });
    expect(added).toEqual([]);
    expect((await town.card(contactId, 'agent')).block).toMatchObject({ blockId, mayUnblock: false });
    expect((await town.card(contactId, 'admin')).block).toMatchObject({ blockId, mayUnblock: true });
    const ended = await door.added(async () => {
      expect(await town.unblock(contactId)).toEqual({ blockId });
      const again = await door.call('admin', 'POST', `/v1/contacts/${contactId}/unblock`, wish);
      expect([again.status, again.code]).toEqual([409, 'contact-not-blocked']);
    });
    expect(ended).toEqual(['ContactUnblocked']);
    expect((await town.card(contactId)).block).toBeNull();
  });
});

describe('the blocked list', () => {
  it('lists, searches and counts in one place, at once, also contacts that never wrote [R1 R2 R3 H1 H20]', async () => {
    onANewDay();
    const { count: before } = (await door.get('agent', '/v1/blocked-contacts/count')).body;
    const { contactId, phone } = await town.contact({ displayName: 'Éder Núñez' });
    const found = (await door.get('agent', '/v1/contacts?search=eder%20nunez')).body.items as Json[];
    expect(found.map((row) => row.contactId as string)).toEqual([contactId]);
    const { blockId } = await town.block(contactId, {
      kind: 'do_not_contact',
      reasonCode: 'asked',
      reasonText: 'asked by phone',
    });
    const [newest] = await town.blocked();
    expect(newest).toMatchObject({
      contactId,
      displayName: 'Éder Núñez',
      blockId,
      kind: 'do_not_contact',
      scope: { all: true },
      reasonCode: 'asked',
      blockedBy: 'ana',
      expiresAt: null,
      ignoredCount: null,
      lastIgnoredAt: null,
    });
    expect((await door.get('agent', '/v1/blocked-contacts/count')).body).toEqual({ count: Number(before) + 1 });
    const ids = (rows: readonly Json[]): readonly string[] => rows.map((row) => row.contactId as string);
    expect(ids(await town.blocked('agent', { search: 'nune' }))).toEqual([contactId]);
    expect(ids(await town.blocked('agent', { search: phone.slice(3) }))).toEqual([contactId]);
    expect(ids(await town.blocked('agent', { search: 'nobody-of-this-name' }))).toEqual([]);
    expect(ids(await town.blocked('agent', { kind: 'protection' }))).not.toContain(contactId);
    expect(ids(await town.blocked('agent', { kind: 'do_not_contact' }))).toContain(contactId);
    expect((await door.get('agent', '/v1/contacts?blocked=true&search=nunez')).body.items).toMatchObject([
      { contactId, blocked: true },
    ]);
    expect((await door.get('agent', '/v1/contacts?blocked=false&search=nunez')).body.items).toEqual([]);
    expect((await town.card(contactId)).block).toMatchObject({ reasonText: 'asked by phone', kind: 'do_not_contact' });
  });

  it('has no contact any more that was unblocked, and shows one again whose second episode began [R8 R10 R11]', async () => {
    onANewDay();
    const { contactId } = await town.customer();
    const first = await town.block(contactId);
    await town.unblock(contactId);
    expect((await town.blocked()).map((row) => row.contactId)).not.toContain(contactId);
    const second = await town.block(contactId, { kind: 'do_not_contact' });
    expect(second.blockId).not.toBe(first.blockId);
    expect((await town.blocked()).filter((row) => row.contactId === contactId)).toMatchObject([
      { blockId: second.blockId },
    ]);
  });

  it('pages through all, newest first, each once', async () => {
    const all = await town.blocked('admin');
    expect(all.length).toBeGreaterThan(4);
    const times = all.map((row) => row.blockedAt);
    expect(times).toEqual([...times].sort().reverse());
    const paged: Json[] = [];
    let path: string | null = '/v1/blocked-contacts?limit=2';
    while (path !== null) {
      const { body }: Json = await door.get('admin', path);
      paged.push(...(body.items as Json[]));
      path = body.nextCursor === null ? null : `/v1/blocked-contacts?limit=2&cursor=${body.nextCursor as string}`;
    }
    expect(paged).toEqual(all);
  });

  it('always equals the fold of the events, live and built anew [R13]', async () => {
    await town.block((await town.contact()).contactId);
    const folded: { blockId: string; contactId: string; ignored: number }[] = [];
    const facts = await door.facts();
    for (const stream of new Set(
      facts.filter((fact) => fact.stream.startsWith('contact-acme.')).map((fact) => fact.stream),
    )) {
      const own = facts.filter((fact) => fact.stream === stream) as unknown as ContactEvent[];
      const state = fold(contactDecider.evolve, contactDecider.initial, own);
      if (state.status !== 'active' || state.block === null) continue;
      const { blockId } = state.block;
      const ignored = facts.filter(
        ({ type, data }) =>
          (type === 'BlockedMessageIgnored' || type === 'MessageHidden') && data['blockId'] === blockId,
      );
      folded.push({ blockId, contactId: state.contactId, ignored: ignored.length });
    }
    const listed = async (): Promise<unknown> =>
      (await town.blocked('admin'))
        .map(({ blockId, contactId, ignoredCount }) => ({ blockId, contactId, ignored: ignoredCount }))
        .sort(byBlock);
    expect(folded.length).toBeGreaterThan(3);
    expect(await listed()).toEqual(folded.sort(byBlock));
    const { result } = await door.rebuild();
    expect(result?.equal).toBe(true);
    expect(await listed()).toEqual(folded);
  });
});
const byBlock = (a: { blockId: string }, b: { blockId: string }): number => (a.blockId < b.blockId ? -1 : 1);

describe('a block', () => {
  it('is any agent\u2019s to make, alone and at once, with a reason and the conversation it came from [H2 H5 H6 H7 H8 H21]', async () => {
    onANewDay();
    const { contactId, conversationId } = await town.customer();
    const before = await door.head();
    await town.block(contactId, {
      conversationId,
      reasonCode: 'abuse',
      reasonText: 'insults',
      scope: { channels: ['whatsapp'] },
    });
    const blocked = (await door.facts(before)).find(({ type }) => type === 'ContactBlocked');
    expect(blocked).toMatchObject({
      stream: `contact-acme.${contactId}`,
      data: { originConversationId: conversationId, reasonCode: 'abuse', blockedBy: 'ana' },
    });
    expect(JSON.stringify(blocked?.data)).not.toContain('insults');
    expect((await town.card(contactId)).block).toMatchObject({
      reasonText: 'insults',
      scope: { channels: ['whatsapp'] },
    });
  });

  it('asks for confirmation [H9]', async () => {
    const { contactId } = await town.customer();
    for (const body of [{}, { confirm: false }]) {
      const refused = await door.call('agent', 'POST', `/v1/contacts/${contactId}/block`, body);
      expect([refused.status, refused.code]).toEqual([422, 'confirmation-required']);
    }
    expect((await town.card(contactId)).block).toBeNull();
  });

  it('spans the person\u2019s channels and addresses, not one thread [H3 H21]', async () => {
    onANewDay();
    const { contactId, phone, conversationId } = await town.customer();
    await town.does('agent', 'POST', `/v1/contacts/${contactId}/identities`, {
      kind: 'telegram',
      value: `t${phone}`,
      verified: true,
    });
    const telegram = (text: string): Promise<Json> =>
      town.writes(phone, text, { channel: 'telegram', from: { kind: 'telegram', value: `t${phone}` } });
    const other = await telegram('hi there');
    expect(other).toMatchObject({ contactId, disposition: 'displayed' });
    await town.block(contactId, { conversationId });
    expect((await telegram('and there')).disposition).toBe('ignored');
    expect((await town.writes(phone, 'sms', { channel: 'sms', from: { kind: 'sms', value: phone } })).disposition).toBe(
      'ignored',
    );
    expect(await town.row(other.conversationId as string)).toMatchObject({ status: 'concluded', contactBlocked: true });
    expect(await town.row(conversationId)).toMatchObject({ status: 'concluded', contactBlocked: true });
  });

  it('reaches what another contact with the same address has open, at once, also where the address is attached later [H3 R4]', async () => {
    onANewDay();
    const { phone, conversationId } = await town.customer();
    const { messageId } = await town.sends('agent', conversationId);
    const body = { displayName: 'The same phone', identities: [{ kind: 'phone', value: phone }] };
    const { contactId } = await town.does('agent', 'POST', '/v1/contacts', body);
    await town.block(contactId as string);
    expect(await town.row(conversationId)).toMatchObject({ status: 'concluded', contactBlocked: true });
    const handed = await door.call('integration', 'POST', `/v1/messages/${messageId}/hand-over`, { conversationId });
    expect([handed.status, handed.code]).toEqual([409, 'contact-blocked']);

    const later = await town.customer();
    const other = await town.contact();
    await town.block(other.contactId);
    await town.does('admin', 'POST', `/v1/contacts/${other.contactId}/identities`, {
      kind: 'phone',
      value: later.phone,
      verified: true,
    });
    expect(await town.row(later.conversationId)).toMatchObject({ status: 'concluded', contactBlocked: true });
  });

  it('sends nothing by itself [H11]', async () => {
    const { contactId } = await town.customer();
    const added = await door.added(() => town.block(contactId));
    expect(added).toEqual(['ContactBlocked', 'ConversationConcluded']);
  });

  it('lets nobody start, reopen, assign, transfer or write [R4 R5 H13 H15]', async () => {
    onANewDay();
    const { contactId, conversationId } = await town.customer();
    const queued = await town.sends('integration', conversationId, 'queued by the bot');
    const { messageId } = queued;
    const waiting = async (): Promise<readonly string[]> =>
      ((await door.get('integration', '/v1/messages/outbound?limit=200')).body.items as Json[]).map(
        (item) => item.messageId as string,
      );
    expect(await waiting()).toContain(messageId);
    await town.block(contactId);
    expect(await waiting()).not.toContain(messageId);
    const path = `/v1/conversations/${conversationId}`;
    const attempts: readonly (readonly [Parameters<Door['call']>[0], string, object])[] = [
      ['agent', `${path}/messages`, { content: { text: 'Hello' } }],
      ['admin', `${path}/messages`, { content: { text: 'Hello' }, purpose: 'notification' }],
      ['integration', `${path}/messages`, { content: { text: 'Hello' } }],
      ['integration', `${path}/messages`, { content: { text: 'Sale!' }, purpose: 'notification' }],
      ['integration', `/v1/messages/${messageId}/hand-over`, { conversationId }],
      ['agent', '/v1/conversations', { contactId, channel: 'whatsapp' }],
      ['integration', '/v1/conversations', { contactId, channel: 'sms' }],
      ['supervisor', `${path}/reopen`, {}],
      ['agent', `${path}/assign-to-me`, {}],
      ['admin', `${path}/assign`, { assigneeId: 'bia' }],
    ];
    const added = await door.added(async () => {
      for (const [who, target, body] of attempts) {
        const refused = await door.call(who, 'POST', target, body);
        expect([target, refused.status, refused.code]).toEqual([target, 409, 'contact-blocked']);
      }
    });
    // What the company would have begun, twice by notification and twice by a start, is on record and nothing else [K1].
    expect(added).toEqual(Array.from({ length: 4 }, () => 'SendRefused'));
    // It stays readable, with the word that was never handed over marked as such.
    expect(await town.texts(conversationId)).toContain('Oi');
  });

  it('makes what the customer writes cause nothing but a count [H12 R6 R7 B2]', async () => {
    const at = onANewDay();
    const { contactId, phone, conversationId } = await town.customer();
    const other = await town.customer();
    at('10:00');
    await town.block(contactId);
    const rows = async (): Promise<Json> => (await door.get('agent', '/v1/conversations?limit=200')).body.items;
    const counts = async (): Promise<Json> => (await door.get('agent', '/v1/conversations/counts')).body;
    const [before, counted] = [await rows(), await counts()];
    const added = await door.added(async () => {
      for (const [index, time] of ['10:01', '10:02', '10:03'].entries()) {
        at(time);
        const answer = await door.call('integration', 'POST', '/v1/messages/inbound', {
          channel: 'whatsapp',
          from: { kind: 'phone', value: phone },
          providerMessageId: `flood-${String(index)}`,
          content: { text: 'Let me in' },
        });
        expect([answer.status, answer.body.disposition]).toEqual([200, 'ignored']);
      }
      const again = await town.writes(phone, 'Let me in', { providerMessageId: 'flood-1' });
      expect(again.disposition).toBe('duplicate');
    });
    expect(added).toEqual(['BlockedMessageIgnored', 'BlockedMessageIgnored', 'BlockedMessageIgnored']);
    expect(await rows()).toEqual(before);
    expect(await counts()).toEqual(counted);
    expect((before as Json[]).map((row) => row.conversationId as string)).toContain(other.conversationId);
    expect(await town.row(conversationId)).toMatchObject({
      unread: 1,
      lastMessagePreview: 'Oi',
      lastDisplayedAt: expect.stringContaining('T08:'),
    });
    expect((await town.blocked('admin')).find((row) => row.contactId === contactId)).toMatchObject({ ignoredCount: 3 });
    expect((await door.get('agent', '/v1/conversations?search=Let%20me%20in')).body.items).toEqual([]);
  });

  it('leaves nothing behind when it ends: the next message opens the conversation and people may write at once [R9 R7]', async () => {
    onANewDay();
    const { contactId, phone, conversationId } = await town.customer();
    await town.assign(conversationId, 'ana');
    await town.block(contactId);
    await town.writes(phone, 'while blocked');
    const added = await door.added(() => town.unblock(contactId));
    expect(added).toEqual(['ContactUnblocked']);
    expect(await town.row(conversationId)).toMatchObject({ status: 'concluded', contactBlocked: false });
    expect(await town.writes(phone, 'thanks')).toMatchObject({ disposition: 'displayed', conversationId });
    expect(await town.row(conversationId)).toMatchObject({
      status: 'open',
      sessionNo: 2,
      assigneeId: null,
      automation: 'running',
      unread: 2,
    });
    await town.sends('agent', conversationId, 'Welcome back');
    await town.assign(conversationId, 'bia');
    expect(await town.texts(conversationId)).toEqual(['Oi', 'thanks', 'Welcome back']);
  });

  it('knows the person again on a new device as soon as a strong address shows [H18 H19]', async () => {
    onANewDay();
    const { contactId, phone } = await town.contact();
    await town.block(contactId);
    const cookie = randomUUID();
    const guest = { kind: 'webchat' as const, value: cookie, displayName: 'Guest' };
    type Also = NonNullable<BodyOf<'/v1/messages/inbound', 'post'>['from']['also']>[number];
    const from = (text: string, also?: Also) =>
      town.writes(phone, text, {
        channel: 'webchat',
        from: { ...guest, ...(also === undefined ? {} : { also: [also] }) },
      });
    expect((await from('who am I', { kind: 'phone', value: phone, verified: true })).disposition).toBe('ignored');
    // A number that nobody verified proves nothing.
    const unknown = await from('who am I', { kind: 'phone', value: phone, verified: false });
    expect(unknown.disposition).toBe('displayed');
    expect(unknown.contactId).not.toBe(contactId);
  });

  it('opens nothing by what was sent before the block, whichever address of the person is blocked [R7 H18]', async () => {
    const at = onANewDay();
    const [blockedOne, cookie, cookieOfAnother] = [await town.customer(), randomUUID(), randomUUID()];
    const writes = (value: string, more: Partial<BodyOf<'/v1/messages/inbound', 'post'>> = {}) =>
      town.writes('', 'hi', { channel: 'webchat', from: { kind: 'webchat', value }, ...more });
    const { conversationId: known = '' } = await writes(cookieOfAnother);
    await town.does('agent', 'POST', `/v1/conversations/${known}/conclude`, {});
    at('10:00');
    await town.block(blockedOne.contactId);
    at('10:05');
    const sentBefore = (value: string) =>
      writes(value, {
        from: { kind: 'webchat', value, also: [{ kind: 'phone', value: blockedOne.phone, verified: true }] },
        sentAt: `2026-03-${String(day)}T09:59:59Z`,
      });
    const types = await door.added(async () => {
      const answer = await sentBefore(cookie);
      expect(answer).toMatchObject({ disposition: 'displayed', contactId: blockedOne.contactId });
      expect(await town.row(answer.conversationId ?? '')).toMatchObject({ status: 'concluded', unread: 1 });
      expect(await sentBefore(cookieOfAnother)).toMatchObject({ disposition: 'displayed', conversationId: known });
    });
    expect(types).toEqual([
      'ConversationOpened',
      'MessageReceived',
      'ConversationConcluded',
      'DuplicateContactDetected',
      'MessageReceived',
    ]);
    expect(await town.row(known)).toMatchObject({ status: 'concluded', unread: 2 });
  });

  it('covers a new strong address of a blocked contact from its attachment on, and takes none away without the right [H3 H16]', async () => {
    onANewDay();
    const { contactId } = await town.contact();
    await town.block(contactId);
    const phone = newPhone();
    const attached = await town.does('agent', 'POST', `/v1/contacts/${contactId}/identities`, {
      kind: 'phone',
      value: phone,
    });
    expect(await town.writes(phone, 'from my other phone')).toMatchObject({ disposition: 'ignored', contactId });
    const path = `/v1/contacts/${contactId}/identities/${attached.identityId as string}`;
    expect((await door.call('agent', 'DELETE', path)).code).toBe('administrator-required');
    expect((await door.call('admin', 'DELETE', path)).status).toBe(200);
  });

  it('that was made temporary ends at its time, whenever the timer runs [R12 R9] [block.allowExpiry=true,false]', async () => {
    const at = onANewDay();
    await town.set('block.allowExpiry', true);
    const { contactId, phone, conversationId } = await town.customer();
    at('10:00');
    const expiresAt = `2026-03-${String(day)}T11:00:00.000Z`;
    await town.block(contactId, { expiresAt });
    at('10:59:59.990');
    expect((await town.writes(phone, 'too early')).disposition).toBe('ignored');
    expect((await town.card(contactId)).block).toMatchObject({ expiresAt });
    at('11:00');
    expect((await town.card(contactId)).block).toBeNull();
    expect((await town.blocked()).map((row) => row.contactId)).not.toContain(contactId);
    expect((await town.writes(phone, 'in time')).disposition).toBe('displayed');
    expect(await town.texts(conversationId)).toEqual(['Oi', 'in time']);
    await town.set('block.allowExpiry', false);
    const refused = await door.call('agent', 'POST', `/v1/contacts/${contactId}/block`, {
      confirm: true,
      expiresAt: `2026-03-${String(day)}T13:00:00Z`,
    });
    expect([refused.status, refused.code]).toEqual([422, 'expiry-not-allowed']);
  });

  it('of one channel leaves the others alone, and widening it is everybody\u2019s, narrowing is not [H3 H16]', async () => {
    onANewDay();
    const { contactId, phone } = await town.customer();
    await town.block(contactId, { scope: { channels: ['sms'] } });
    expect((await town.writes(phone, 'on whatsapp')).disposition).toBe('displayed');
    expect(
      (await town.writes(phone, 'on sms', { channel: 'sms', from: { kind: 'phone', value: phone } })).disposition,
    ).toBe('ignored');
    await town.does('agent', 'PATCH', `/v1/contacts/${contactId}/block`, { scope: { all: true } });
    expect((await town.writes(phone, 'on whatsapp')).disposition).toBe('ignored');
    const narrowed = await door.call('agent', 'PATCH', `/v1/contacts/${contactId}/block`, {
      scope: { channels: ['sms'] },
    });
    expect([narrowed.status, narrowed.code]).toEqual([403, 'administrator-required']);
  });
});

describe('the filter that other teams ask', () => {
  it('says of any time and address what the core itself would do [H1 H14 H20]', async () => {
    const at = onANewDay();
    const { contactId, phone } = await town.contact();
    at('10:00');
    const { blockId } = await town.block(contactId);
    at('10:10');
    await town.unblock(contactId);
    at('10:20');
    const on = (time: string): string => `2026-03-${String(day)}T${time}Z`;
    const ask = (sentAt: string): object => ({ channel: 'whatsapp', kind: 'whatsapp', value: phone, sentAt });
    const times = ['09:59:59.999', '10:00:00.000', '10:05:00.000', '10:09:59.999', '10:10:00.000', '10:15:00.000'];
    // Waits for the read models, as one that asks many at once does not.
    const single = await door.get(
      'integration',
      `/v1/block-filter/check?channel=whatsapp&kind=phone&value=${encodeURIComponent(phone)}&sentAt=${on('10:05:00')}`,
    );
    const { body } = await door.call(
      'integration',
      'POST',
      '/v1/block-filter/check',
      times.map((time) => ask(on(time))),
    );
    expect((body as Json[]).map((verdict) => verdict.verdict as string)).toEqual([
      'display',
      'hide',
      'hide',
      'hide',
      'display',
      'display',
    ]);
    expect(body[2]).toMatchObject({ blockId, contactId });
    expect(single.body).toEqual(body[2]);
    const now = await door.get(
      'integration',
      `/v1/block-filter/check?channel=whatsapp&kind=phone&value=${encodeURIComponent(phone)}`,
    );
    expect(now.body).toEqual({ verdict: 'display', contactId });
  });
});
