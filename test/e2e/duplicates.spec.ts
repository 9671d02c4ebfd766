// One customer, one contact: prevention under concurrency, detection where it is off. Acceptance 9, I13, K9, K10.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#client';
import { contactDecider, NOTHING_PREVENTED, RegisterContact } from '#contacts';
import type { CommandMetadata } from '#kernel';
import { until } from '../fixtures/until.js';
import { clock, openDoor, TENANT, type Answer, type Door, type Json } from './door.js';
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

const creates = (identities: readonly { kind: string; value: string }[], key?: string): Promise<Answer> =>
  door.call('agent', 'POST', '/v1/contacts', { displayName: 'Carla', identities }, key === undefined ? {} : { key });
const attaches = (contactId: string, kind: string, value: string): Promise<Answer> =>
  door.call('agent', 'POST', `/v1/contacts/${contactId}/identities`, { kind, value });
const holding = async (value: string): Promise<readonly string[]> =>
  ((await door.get('agent', `/v1/contacts?search=${encodeURIComponent(value)}`)).body.items as Json[]).map(
    ({ contactId }) => contactId as string,
  );
const pairs = async (): Promise<readonly Schemas['DuplicateAnswer'][]> =>
  ((await door.get('supervisor', '/v1/duplicates?limit=200')).body as Schemas['DuplicateListAnswer']).items;
const pairOf = async (one: string, other: string) =>
  (await pairs()).find(({ contactIds }) => contactIds.toSorted().join() === [one, other].toSorted().join());

describe('with prevention on', () => {
  beforeAll(async () => {
    await town.set('duplicates.preventPhone', true);
    await town.set('duplicates.preventEmail', true);
  });

  it('9: two simultaneous creations with both forms of a number leave one contact, and inbound attaches to it [K10 I13]', async () => {
    const answers = await Promise.all([
      creates([{ kind: 'phone', value: '+55 88 99999-0000' }]),
      creates([{ kind: 'whatsapp', value: '+55 88 9999-0000' }]),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    const won = answers.find(({ status }) => status === 201)?.body;
    const lost = answers.find(({ status }) => status === 409);
    expect([lost?.code, lost?.body.contactId]).toEqual(['duplicate-contact', won.contactId]);
    expect(lost?.body.detail).toContain('contactId');
    expect(await holding('+5588999990000')).toEqual([won.contactId]);
    for (const phone of ['+55 88 9999-0000', '+55 88 99999-0000']) {
      expect(await town.writes(phone, 'Oi')).toMatchObject({ disposition: 'displayed', contactId: won.contactId });
    }
  });

  it('lets one of twenty through, however many addresses they share in whatever order [K10 I13]', async () => {
    const phone = newPhone();
    const identities = [
      { kind: 'phone', value: phone },
      { kind: 'email', value: `crowd${phone.slice(1)}@example.org` },
    ];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => creates(n % 2 === 0 ? identities : identities.toReversed())),
    );
    const won = answers.filter(({ status }) => status === 201);
    expect(won).toHaveLength(1);
    const { contactId } = won[0]?.body;
    for (const { status, body } of answers.filter((answer) => answer !== won[0])) {
      expect([status, body.code, body.contactId]).toEqual([409, 'duplicate-contact', contactId]);
    }
    expect(await holding(phone)).toEqual([contactId]);
  });

  it('lets one of many attach an address, and the others are told who has it [K10 I13]', async () => {
    const email = `shared-${randomUUID()}@example.org`;
    const contacts = await Promise.all(Array.from({ length: 8 }, () => town.contact()));
    const answers = await Promise.all(
      contacts.map(({ contactId }) => attaches(contactId, 'email', email.toUpperCase())),
    );
    const index = answers.findIndex(({ status }) => status === 201);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array.from({ length: 7 }, () => 409)]);
    const winner = contacts[index]?.contactId;
    expect(answers.filter(({ status }) => status === 409).map(({ body }) => body.contactId as string)).toEqual(
      Array.from({ length: 7 }, () => winner),
    );
    expect(await holding(email)).toEqual([winner]);
    // Said again by who has it: nothing new.
    expect((await attaches(winner ?? '', 'email', email)).status).toBe(201);
  });

  it('never refuses an inbound message, whoever races it [K10 R6]', async () => {
    const phone = newPhone();
    const [created, written] = await Promise.all([
      creates([{ kind: 'phone', value: phone }]),
      town.writes(phone, 'Oi'),
    ]);
    expect(written.disposition).toBe('displayed');
    expect([201, 409]).toContain(created.status);
    expect(created.body.contactId).toBe(written.contactId);
    expect(await holding(phone)).toEqual([written.contactId]);
  });

  it('answers a repeat as at first, and a refusal anew [K10]', async () => {
    const phone = newPhone();
    const [key, other] = [randomUUID(), randomUUID()];
    const first = await creates([{ kind: 'phone', value: phone }], key);
    expect((await creates([{ kind: 'phone', value: phone }], other)).code).toBe('duplicate-contact');
    const added = await door.added(async () => {
      const again = await creates([{ kind: 'phone', value: phone }], key);
      expect([again.status, again.body]).toEqual([201, first.body]);
      expect((await creates([{ kind: 'phone', value: phone }], other)).code).toBe('duplicate-contact');
    });
    expect(added).toEqual([]);
    const { contactId, identities } = first.body;
    await town.does(
      'agent',
      'DELETE',
      `/v1/contacts/${contactId as string}/identities/${identities[0].identityId as string}`,
    );
    expect((await creates([{ kind: 'phone', value: phone }], other)).status).toBe(201);
  });

  it('claims nothing for who is refused: the free address stays free', async () => {
    const [taken, free] = [await town.contact(), newPhone()];
    const refused = await creates([
      { kind: 'phone', value: free },
      { kind: 'phone', value: taken.phone },
    ]);
    expect([refused.code, refused.body.contactId]).toEqual(['duplicate-contact', taken.contactId]);
    expect((await creates([{ kind: 'phone', value: free }])).status).toBe(201);
  });

  it('says nothing of addresses that are neither phone nor e-mail', async () => {
    const value = `@${randomUUID()}`;
    expect((await creates([{ kind: 'telegram', value }])).status).toBe(201);
    expect((await creates([{ kind: 'telegram', value }])).status).toBe(201);
  });

  it('holds for phones and e-mails by settings of their own [K10]', async () => {
    const phone = newPhone();
    const email = `own-${randomUUID()}@example.org`;
    const both = [
      { kind: 'phone', value: phone },
      { kind: 'email', value: email },
    ];
    expect((await creates(both)).status).toBe(201);
    await town.set('duplicates.preventPhone', false);
    expect((await creates([{ kind: 'phone', value: phone }])).status).toBe(201);
    expect((await creates([{ kind: 'email', value: email }])).code).toBe('duplicate-contact');
    await town.set('duplicates.preventPhone', true);
  });

  it('takes an address from who attached it after its claim had run out, and reports it [I13]', async () => {
    const phone = newPhone();
    const { runner } = door.gatehouse.stores;
    const { book } = door.gatehouse.write;
    const located = await book.locate(TENANT, 'phone', phone);
    if (located === null) throw new Error('no phone');
    const [contactId, identityId, commandId] = [randomUUID(), randomUUID(), randomUUID()];
    const metadata: CommandMetadata = {
      commandId,
      correlationId: commandId,
      causationId: commandId,
      tenant: TENANT,
      caller: { id: 'ana', kind: 'staff', role: 'agent', access: 'all' },
      now: new Date().toISOString(),
      requestHash: 'late',
    };
    await book.claim(metadata, { key: located.key, contactId, identityId, unlessHeldBy: 'another' });
    // A creation that hangs between its claim and its fact holds the address for a minute, and no longer.
    const refused = await creates([{ kind: 'phone', value: phone }]);
    expect([refused.code, refused.body.contactId]).toEqual(['duplicate-contact', contactId]);
    clock.pass(61_000);
    const winner = (await creates([{ kind: 'phone', value: phone }])).body.contactId as string;
    await runner.execute(
      contactDecider,
      contactId,
      new RegisterContact(
        {
          contactId,
          displayName: 'Late',
          source: 'manual',
          identities: [{ identityId, kind: 'phone', value: located.value, verified: false }],
          tags: [],
          others: [],
          consents: [],
          prevents: NOTHING_PREVENTED,
        },
        metadata,
      ),
      metadata,
    );
    const ofLate = async (): Promise<readonly string[]> =>
      (await door.facts()).filter(({ stream }) => stream === `contact-${TENANT}.${contactId}`).map(({ type }) => type);
    await until(async () => (await ofLate()).length > 1);
    expect(await ofLate()).toEqual(['ContactRegistered', 'ContactIdentityDetached', 'DuplicateContactDetected']);
    const { state } = await runner.load(contactDecider, TENANT, contactId);
    expect(state).toMatchObject({ duplicates: [winner], identities: [{ detachedAt: expect.any(String) }] });
    // One person all the same, whoever has the address now.
    await until(async () => (await pairOf(contactId, winner)) !== undefined);
  });
});

describe('with prevention off', () => {
  beforeEach(async () => {
    await town.set('duplicates.preventPhone', false);
    await town.set('duplicates.preventEmail', false);
  });

  it('reports a second contact, and shows it where a send is in question and in the list [K9]', async () => {
    const phone = newPhone();
    const first = (await creates([{ kind: 'phone', value: phone }])).body;
    expect(first.duplicates).toEqual([]);
    const second = (await creates([{ kind: 'whatsapp', value: phone }])).body;
    expect(second.duplicates).toEqual([first.contactId]);
    for (const [one, other] of [
      [first.contactId, second.contactId],
      [second.contactId, first.contactId],
    ] as [string, string][]) {
      const { body } = await door.get('integration', `/v1/contacts/${one}/contactability`);
      expect(body.duplicates).toEqual([other]);
    }
    expect(await pairOf(first.contactId as string, second.contactId as string)).toMatchObject({
      kind: 'whatsapp',
      detectedAt: expect.any(String),
    });
    // Prevention that is switched on later leaves the pair, and lists it.
    await town.set('duplicates.preventPhone', true);
    expect(await pairOf(first.contactId as string, second.contactId as string)).toBeDefined();
    expect(await holding(phone)).toHaveLength(2);
  });

  it('reports an address that another contact has when it is attached [K9]', async () => {
    const [one, other] = [await town.contact(), await town.contact()];
    expect((await attaches(other.contactId, 'sms', one.phone)).status).toBe(201);
    expect(await pairOf(one.contactId, other.contactId)).toMatchObject({ kind: 'sms' });
    const { body } = await door.get('agent', `/v1/contacts/${one.contactId}/contactability`);
    expect(body.duplicates).toEqual([other.contactId]);
  });

  it('lists a pair no more once one of it was merged, and again when that is undone [K9]', async () => {
    const [one, other] = [await town.contact(), await town.contact()];
    await attaches(other.contactId, 'sms', one.phone);
    const duplicatesOf = async (contactId: string): Promise<unknown> =>
      (await door.get('agent', `/v1/contacts/${contactId}/contactability`)).body.duplicates;
    expect(await pairOf(one.contactId, other.contactId)).toBeDefined();
    const body = { absorbedId: other.contactId, confirm: true };
    const { mergeId } = await town.does('supervisor', 'POST', `/v1/contacts/${one.contactId}/merge`, body);
    expect(await pairOf(one.contactId, other.contactId)).toBeUndefined();
    expect([await duplicatesOf(one.contactId), await duplicatesOf(other.contactId)]).toEqual([[], []]);
    await town.does('supervisor', 'POST', `/v1/merges/${mergeId as string}/undo`, {});
    expect(await pairOf(one.contactId, other.contactId)).toBeDefined();
    expect(await duplicatesOf(one.contactId)).toEqual([other.contactId]);
  });

  it('lists a pair no more once they have no address in common, and again when they have [K9]', async () => {
    const [one, other] = [await town.contact(), await town.contact()];
    const email = `pair-${randomUUID()}@example.org`;
    const asDuplicate = async (): Promise<unknown> => {
      const { body } = await door.get('agent', `/v1/contacts/${one.contactId}/contactability`);
      const listed = (await pairOf(one.contactId, other.contactId)) !== undefined;
      expect(body.duplicates).toEqual(listed ? [other.contactId] : []);
      return listed;
    };
    const detaches = (contactId: string, identityId: string): Promise<unknown> =>
      town.does('agent', 'DELETE', `/v1/contacts/${contactId}/identities/${identityId}`);
    const phone = (await attaches(other.contactId, 'sms', one.phone)).body.identityId as string;
    await attaches(one.contactId, 'email', email);
    const mail = (await attaches(other.contactId, 'email', email)).body.identityId as string;
    expect(await asDuplicate()).toBe(true);
    await detaches(other.contactId, phone);
    expect(await asDuplicate()).toBe(true);
    await detaches(other.contactId, mail);
    expect(await asDuplicate()).toBe(false);
    // Whichever of them had it reported.
    await attaches(one.contactId, 'sms', other.phone);
    expect(await asDuplicate()).toBe(true);
    await detaches(other.contactId, other.identityId);
    expect(await asDuplicate()).toBe(false);
  });

  it('lists a pair no more once one of it was erased [K9]', async () => {
    const [one, other] = [await town.contact(), await town.contact()];
    await attaches(other.contactId, 'sms', one.phone);
    expect(await pairOf(one.contactId, other.contactId)).toBeDefined();
    await town.erase(other.contactId);
    expect(await pairOf(one.contactId, other.contactId)).toBeUndefined();
  });

  it('keeps listing one sender’s two contacts, which never had an address in common [K9 H18]', async () => {
    const known = await town.contact();
    const visitor = `visitor-${randomUUID()}`;
    const chats = (also: readonly object[]) =>
      town.does('integration', 'POST', '/v1/messages/inbound', {
        channel: 'webchat',
        from: { kind: 'webchat', value: visitor, displayName: 'Visitor', also },
        providerMessageId: randomUUID(),
        content: { text: 'Oi' },
      });
    const { contactId } = await chats([]);
    await chats([{ kind: 'phone', value: known.phone, verified: true }]);
    expect(await pairOf(known.contactId, contactId as string)).toBeDefined();
    await town.does('agent', 'DELETE', `/v1/contacts/${known.contactId}/identities/${known.identityId}`);
    expect(await pairOf(known.contactId, contactId as string)).toBeDefined();
  });

  it('reports nothing where nothing is shared', async () => {
    const { contactId } = await town.contact();
    expect((await door.get('agent', `/v1/contacts/${contactId}/contactability`)).body.duplicates).toEqual([]);
    expect((await pairs()).some(({ contactIds }) => contactIds.includes(contactId))).toBe(false);
  });

  it('lists page by page, each pair once, and the same behind a rebuild', async () => {
    const whole = await pairs();
    expect(whole.length).toBeGreaterThan(2);
    const paged: Json[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await door.get('auditor', `/v1/duplicates?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
      paged.push(...(body.items as Json[]));
      cursor = body.nextCursor as string | null;
    }
    expect(paged).toEqual(whole);
    await door.rebuild('duplicates');
    expect(await pairs()).toEqual(whole);
  });
});
