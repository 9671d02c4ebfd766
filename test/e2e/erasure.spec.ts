// A person asks to be forgotten: nothing of them stays readable or on the disk, and what was done to them and for them stays provable.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { StoredEvent } from '#event-store';
import { until } from '../fixtures/until.js';
import { clock, LOOKED_AT, openDoor, type Door, type Json } from './door.js';
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

const completed = async (erasureId: string): Promise<Json> => {
  await until(async () => (await town.certificate(erasureId)).status === 'completed', 60_000);
  return town.certificate(erasureId);
};
const isOf =
  (contactId: string) =>
  ({ stream, type }: StoredEvent): boolean =>
    stream.endsWith(`.${contactId}`) && /block|ignored/i.test(type);
const commands = (customer: Customer): readonly [string, string, object][] => {
  const contact = `/v1/contacts/${customer.contactId}`;
  return [
    ['PATCH', contact, { displayName: 'Somebody' }],
    ['POST', `${contact}/identities`, { kind: 'email', value: 'new@example.org' }],
    ['DELETE', `${contact}/identities/${customer.identityId}`, {}],
    ['POST', `${contact}/block`, { confirm: true }],
    ['PATCH', `${contact}/block`, { reasonCode: 'other' }],
    ['POST', `${contact}/unblock`, { confirm: true, requestedBy: 'customer' }],
    ['PUT', `${contact}/consents/sms`, { state: 'granted' }],
    ['POST', `/v1/conversations/${customer.conversationId}/messages`, { content: { text: 'Hello?' } }],
    ['POST', '/v1/conversations', { contactId: customer.contactId, channel: 'whatsapp' }],
  ];
};

describe('a contact that was erased', () => {
  const email = 'maria.secreta@example.org';
  const name = 'Maria Aparecida Secreta';
  const words = {
    first: 'The first text of a person',
    answer: 'The answer to a person',
    hidden: 'The hidden text of a person',
    reason: 'The reason about a person',
    unblocking: 'The excuse of a person',
    note: 'The note on a person',
  };
  const provider = `wamid.${randomUUID()}`;
  let maria: Customer;
  let joana: Customer;
  let erasureId: string;
  let history: readonly StoredEvent[];
  let certificate: Json;

  /** In clear, in UTF-16 as other programs write it, and as numbers are searched for. */
  const traces = (): readonly Buffer[] => {
    const digits = maria.phone.slice(1);
    const values = [name, name.toLowerCase(), email, digits, digits.slice(-8), provider, ...Object.values(words)];
    return values.flatMap((value) => [
      Buffer.from(value),
      Buffer.from(value, 'utf16le'),
      Buffer.from(encodeURIComponent(value)),
    ]);
  };
  const found = async (): Promise<readonly string[]> => {
    const bytes = await door.bytes();
    return [
      ...new Set(
        traces()
          .filter((trace) => bytes.includes(trace))
          .map(String),
      ),
    ];
  };

  beforeAll(async () => {
    const phone = newPhone();
    joana = await town.customer();
    const first = await town.writes(phone, words.first, {
      from: { kind: 'whatsapp', value: phone, displayName: name },
      providerMessageId: provider,
    });
    maria = { phone, ...first, conversationId: first.conversationId ?? '' };
    await town.does('agent', 'POST', `/v1/contacts/${maria.contactId}/identities`, { kind: 'email', value: email });
    await town.does('agent', 'PATCH', `/v1/contacts/${maria.contactId}`, { addTags: ['late'] });
    await town.assign(maria.conversationId, 'bia', { note: words.note });
    await town.sends('agent', maria.conversationId, words.answer);
    await town.block(maria.contactId, { reasonCode: 'abuse', reasonText: words.reason });
    await town.writes(phone, words.hidden);
    await town.does('admin', 'POST', `/v1/contacts/${maria.contactId}/unblock`, {
      confirm: true,
      requestedBy: 'customer',
      reason: words.unblocking,
    });
    await town.block(maria.contactId, { reasonText: words.reason });
    // The read models hold her.
    expect(await town.card(maria.contactId)).toMatchObject({ displayName: name, block: { reasonText: words.reason } });
    expect(await found()).toEqual([name, name.toLowerCase(), email, maria.phone.slice(1), maria.phone.slice(-8)]);
    history = (await door.facts()).filter(isOf(maria.contactId));
    expect(history.map(({ type }) => type)).toEqual([
      'ContactBlocked',
      'BlockedMessageIgnored',
      'ContactUnblocked',
      'ContactBlocked',
    ]);

    erasureId = await town.erase(maria.contactId, 'GDPR Art. 17(1)(b)');
    // From the answer on, whatever is still to be done.
    expect(await town.card(maria.contactId)).toMatchObject({ displayName: null, erased: true });
    expect(await town.certificate(erasureId)).toMatchObject({
      erasureId,
      contactId: maria.contactId,
      status: 'pending',
      requestedBy: 'adm',
      legalBasis: 'GDPR Art. 17(1)(b)',
      keyId: null,
      destroyedAt: null,
      completedAt: null,
      steps: [{ step: 'requested' }],
    });
    certificate = await completed(erasureId);
  }, 60_000);

  it('has a certificate that tells each step with its time and its place in the log', () => {
    expect(certificate).toMatchObject({
      status: 'completed',
      keyId: expect.any(String),
      destroyedAt: expect.any(String),
      completedAt: expect.any(String),
    });
    const steps = certificate.steps as readonly { step: string; at: string; position: string }[];
    expect(steps.map(({ step }) => step.replace('tables-vacuumed-remains-left-to-retention', 'files-purged'))).toEqual([
      'requested',
      'keys-destroyed',
      'caches-expired',
      'read-models-cleared',
      'recorded',
      'files-purged',
      'block-filter-ended',
    ]);
    for (const part of ['at', 'position'] as const) {
      const all = steps.map((one) => one[part]);
      expect(all).toEqual([...all].sort());
      expect(all.every((one) => one !== '')).toBe(true);
    }
  });

  it('is shown as nulls', async () => {
    expect(await town.card(maria.contactId, 'supervisor')).toMatchObject({
      contactId: maria.contactId,
      displayName: null,
      tags: [],
      identities: [
        { identityId: maria.identityId, kind: 'whatsapp', value: null },
        { kind: 'email', value: null },
      ],
      block: null,
      conversations: [{ conversationId: maria.conversationId }],
      erased: true,
    });
    expect(await town.row(maria.conversationId)).toMatchObject({
      contactName: null,
      lastMessagePreview: null,
      contactBlocked: false,
    });
    const { items } = await town.timeline(maria.conversationId, 'supervisor');
    const messages = items.filter((item) => item.kind === 'message');
    expect(messages.map(({ content }) => content)).toEqual([null, null]);
    expect((await town.card(joana.contactId)).displayName).toBe(`Maria ${joana.phone}`);
  });

  it('is found by nothing, and stands in no list of people', async () => {
    for (const search of [name, 'maria.secreta', maria.phone.slice(1)]) {
      const query = `search=${encodeURIComponent(search)}`;
      expect((await door.get('agent', `/v1/contacts?${query}`)).body.items).toEqual([]);
      expect((await door.get('agent', `/v1/conversations?${query}`)).body.items).toEqual([]);
    }
    const listed = (await door.get('admin', '/v1/contacts?limit=200')).body.items as { contactId: string }[];
    expect(listed.map(({ contactId }) => contactId)).toEqual([joana.contactId]);
    expect(await town.blocked('admin')).toEqual([]);
  });

  it('hears no command any more', async () => {
    const types = await door.added(async () => {
      for (const [method, path, body] of commands(maria)) {
        const answer = await door.call('admin', method, path, method === 'DELETE' ? undefined : body);
        expect([path, answer.status, answer.code]).toEqual([path, 409, 'contact-erased']);
      }
      // What depends on the caller is said first.
      const unblock = `/v1/contacts/${maria.contactId}/unblock`;
      expect((await door.call('agent', 'POST', unblock, { confirm: true, requestedBy: 'customer' })).code).toBe(
        'administrator-required',
      );
      const block = `/v1/contacts/${maria.contactId}/block`;
      expect((await door.call('agent', 'POST', block, {})).code).toBe('confirmation-required');
    });
    expect(types).toEqual([]);
  });

  it('is not erased twice: the first erasure is answered', async () => {
    const types = await door.added(async () => {
      expect(await town.erase(maria.contactId, 'LGPD Art. 18')).toBe(erasureId);
    });
    expect(types).toEqual([]);
  });

  it('leaves the history of its blocks as it was, provable and without a word of the person', async () => {
    expect((await door.facts()).filter(isOf(maria.contactId))).toEqual(history);
    const { codec } = door.gatehouse.stores;
    type Said = Partial<
      Record<'reasonCode' | 'blockedBy' | 'reasonText' | 'reason' | 'providerMessageId', string | null>
    >;
    const opened = await Promise.all(history.map(async (fact) => (await codec.open(codec.decode(fact))).data as Said));
    expect(
      opened.map(({ reasonCode, blockedBy, reasonText, reason, providerMessageId }) => [
        reasonCode ?? null,
        blockedBy ?? null,
        reasonText ?? reason ?? providerMessageId ?? null,
      ]),
    ).toEqual([
      ['abuse', 'ana', null],
      [null, null, null],
      [null, null, null],
      [null, 'ana', null],
    ]);
  });

  it(`has left no byte in the stores (${LOOKED_AT})`, async () => {
    expect(await found()).toEqual([]);
  });

  it('comes out of a rebuild in the same rows', async () => {
    const before = await town.card(maria.contactId);
    expect((await town.rebuilt('all')).result).toMatchObject({ equal: true });
    expect(await town.card(maria.contactId)).toEqual(before);
    expect(await found()).toEqual([]);
  }, 60_000);

  it('is somebody new when they write again, and no block stands between', async () => {
    const again = await town.writes(maria.phone, 'Hello again');
    expect(again.disposition).toBe('displayed');
    expect(again.contactId).not.toBe(maria.contactId);
    expect(again.identityId).not.toBe(maria.identityId);
    expect(again.conversationId).not.toBe(maria.conversationId);
    expect(await town.texts(again.conversationId ?? '')).toEqual(['Hello again']);
    // A late redelivery of what the erased contact wrote is new to a new person.
    expect((await town.writes(maria.phone, words.first, { providerMessageId: provider })).contactId).toBe(
      again.contactId,
    );
  });
});

describe('an erasure', () => {
  const asked = (contactId: string, body: Json, key?: string) =>
    door.call('admin', 'POST', `/v1/contacts/${contactId}/erase`, body, key === undefined ? {} : { key });

  it('must be confirmed and have a ground, and finds nobody under an id that nobody has', async () => {
    const { contactId } = await town.contact();
    const types = await door.added(async () => {
      expect((await asked(contactId, { legalBasis: 'GDPR' })).code).toBe('confirmation-required');
      expect((await asked(contactId, { confirm: false, legalBasis: 'GDPR' })).code).toBe('confirmation-required');
      expect((await asked(contactId, { confirm: true })).code).toBe('invalid-request');
      expect((await asked(randomUUID(), { confirm: true, legalBasis: 'GDPR' })).code).toBe('not-found');
      expect((await door.get('admin', `/v1/erasures/${randomUUID()}`)).code).toBe('not-found');
    });
    expect(types).toEqual([]);
  });

  it('is the same under the same key, and another contact’s registration still answers as it did', async () => {
    const registering = { displayName: 'Carla Prado', identities: [{ kind: 'email', value: 'carla@example.org' }] };
    const registerKey = randomUUID();
    const registered = await door.call('agent', 'POST', '/v1/contacts', registering, { key: registerKey });
    const path = `/v1/contacts/${registered.body.contactId as string}/identities`;
    const attaching = { kind: 'phone', value: newPhone() };
    const attachKey = randomUUID();
    const attached = await door.call('agent', 'POST', path, attaching, { key: attachKey });
    const key = randomUUID();
    const body = { confirm: true, legalBasis: 'GDPR' };
    const first = await asked(registered.body.contactId as string, body, key);
    expect(first.status).toBe(202);
    await completed(first.body.erasureId as string);
    const second = await asked(registered.body.contactId as string, body, key);
    expect([second.status, second.body, second.etag]).toEqual([202, first.body, first.etag]);
    expect((await asked(registered.body.contactId as string, { ...body, legalBasis: 'LGPD' }, key)).code).toBe(
      'idempotency-key-reused',
    );
    for (const [one, other] of [
      [registered, await door.call('agent', 'POST', '/v1/contacts', registering, { key: registerKey })],
      [attached, await door.call('agent', 'POST', path, attaching, { key: attachKey })],
    ] as const)
      expect([other.status, other.body, other.etag]).toEqual([one.status, one.body, one.etag]);
  }, 60_000);

  it('loses no message of a person who goes on writing: behind it they are somebody new', async () => {
    const before = await town.customer();
    const written: { contactId: string; conversationId: string; text: string }[] = [];
    let over = false;
    const writing = Promise.all(
      [1, 2, 3].map(async (lane) => {
        for (let n = 1; !over; n++) {
          const text = `Message ${String(n)} in lane ${String(lane)}`;
          const { contactId, conversationId = '', disposition } = await town.writes(before.phone, text);
          expect(disposition).toBe('displayed');
          written.push({ contactId, conversationId, text });
        }
      }),
    );
    await until(() => written.length > 5);
    const erasureId = await town.erase(before.contactId);
    await completed(erasureId);
    over = true;
    await writing;
    const contacts = new Set(written.map(({ contactId }) => contactId));
    expect([...contacts]).toHaveLength(2);
    const newer = written.filter(({ contactId }) => contactId !== before.contactId);
    const shown = new Set<string>();
    for (let cursor = ''; ;) {
      const path = `/v1/conversations/${newer[0]?.conversationId ?? ''}/timeline?limit=200${cursor}`;
      const { items, nextCursor } = (await door.get('agent', path)).body;
      for (const { content } of items as Json[]) shown.add((content as { text: string } | null)?.text ?? '');
      if (nextCursor === null) break;
      cursor = `&cursor=${nextCursor as string}`;
    }
    expect(newer.filter(({ text }) => !shown.has(text))).toEqual([]);
    const old = await town.timeline(before.conversationId);
    expect(old.items.every(({ content }) => (content ?? null) === null)).toBe(true);
  }, 60_000);
});

describe('the erasure of a merged contact', () => {
  const merge = async (survivorId: string, absorbedId: string): Promise<string> =>
    (await town.does('supervisor', 'POST', `/v1/contacts/${survivorId}/merge`, { absorbedId, confirm: true }))
      .mergeId as string;
  const stepsOf = ({ steps }: Json): readonly string[] =>
    (steps as readonly { step: string }[]).map(({ step }) => step);
  const named = (phone: string, displayName: string) =>
    town.writes(phone, `The text of ${displayName}`, { from: { kind: 'whatsapp', value: phone, displayName } });

  it('is that of all whom it absorbed, also through others, and no byte of any is left', async () => {
    const people = ['Silvia Survivor', 'Abel Absorbed', 'Berta Before'].map((name) => ({ name, phone: newPhone() }));
    const ids: string[] = [];
    const conversations: string[] = [];
    for (const { name, phone } of people) {
      const { contactId, conversationId = '' } = await named(phone, name);
      ids.push(contactId);
      conversations.push(conversationId);
    }
    const [survivor = '', absorbed = '', before = ''] = ids;
    await merge(absorbed, before);
    const mergeId = await merge(survivor, absorbed);
    await town.block(survivor, { reasonText: 'The reason of all' });
    const wallet = await town.does('admin', 'POST', '/v1/wallets', { name: 'Erased people' });
    const certificate = await completed(await town.erase(survivor));
    expect(stepsOf(certificate)).toEqual(
      expect.arrayContaining(['absorbed-contacts-included', 'keys-destroyed', 'read-models-cleared']),
    );
    expect(stepsOf(certificate)).not.toContain('survivor-keeps-what-it-took-in');
    for (const contactId of ids) {
      const card = await town.card(contactId, 'supervisor');
      expect([card.displayName, card.erased, card.block]).toEqual([null, true, null]);
      expect(card.identities.every(({ value }) => value === null)).toBe(true);
    }
    for (const id of conversations)
      expect((await town.timeline(id, 'supervisor')).items.every(({ content }) => (content ?? null) === null)).toBe(
        true,
      );
    // Each has a certificate of its own.
    const requests = (await door.facts()).filter(({ type }) => type === 'ErasureRequested');
    for (const contactId of [absorbed, before]) {
      const erasureId = requests.find(({ stream }) => stream.endsWith(contactId))?.data['erasureId'] as string;
      expect(await completed(erasureId)).toMatchObject({ contactId, requestedBy: 'adm', legalBasis: 'GDPR Art. 17' });
    }
    const bytes = await door.bytes();
    const left = [...people.flatMap(({ name, phone }) => [name, phone.slice(1)]), 'The reason of all'];
    expect(left.filter((value) => bytes.includes(Buffer.from(value)))).toEqual([]);
    const refusals = [
      await door.call('supervisor', 'POST', `/v1/merges/${mergeId}/undo`, {}),
      await door.call('supervisor', 'POST', `/v1/contacts/${(await town.contact()).contactId}/merge`, {
        absorbedId: survivor,
        confirm: true,
      }),
    ];
    expect(refusals.map(({ status, code }) => [status, code])).toEqual([
      [409, 'contact-erased'],
      [409, 'contact-erased'],
    ]);
    const added = await town.does('supervisor', 'POST', `/v1/wallets/${wallet.walletId as string}/contacts`, {
      contactIds: [survivor, absorbed],
    });
    expect(added).toMatchObject({
      added: 0,
      failed: [survivor, absorbed].map((contactId) => ({ contactId, code: 'contact-erased' })),
    });
    for (const { phone } of people) {
      const again = await town.writes(phone, 'Hello again');
      expect([again.disposition, ids.includes(again.contactId)]).toEqual(['displayed', false]);
    }
  }, 90_000);

  it('works on one that was absorbed: the survivor goes on without its addresses', async () => {
    const [kept, gone] = [newPhone(), newPhone()];
    const survivor = await named(kept, 'Kept Person');
    const absorbed = await named(gone, 'Gone Person');
    const mergeId = await merge(survivor.contactId, absorbed.contactId);
    const certificate = await completed(await town.erase(absorbed.contactId));
    expect(stepsOf(certificate)).toContain('survivor-keeps-what-it-took-in');
    expect(await town.card(absorbed.contactId)).toMatchObject({ displayName: null, erased: true });
    const card = await town.card(survivor.contactId);
    expect([card.displayName, card.erased]).toEqual(['Kept Person', undefined]);
    expect(card.identities.map(({ value }) => value)).toEqual([kept]);
    const again = await town.writes(gone, 'Hello again');
    expect(again.disposition).toBe('displayed');
    expect([survivor.contactId, absorbed.contactId]).not.toContain(again.contactId);
    expect((await town.writes(kept, 'Still here')).contactId).toBe(survivor.contactId);
    expect((await door.call('supervisor', 'POST', `/v1/merges/${mergeId}/undo`, {})).code).toBe('contact-erased');
    const bytes = await door.bytes();
    expect(['Gone Person', gone.slice(1)].filter((value) => bytes.includes(Buffer.from(value)))).toEqual([
      // Of whoever wrote again.
      gone.slice(1),
    ]);
  }, 60_000);
});
