// What the company may begin: consents, the gate, what was refused and why. Acceptance 8, I11, I12, and the rows of requirements K.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contactDecider, RevokeConsent } from '#contacts';
import type { Schemas } from '#client';
import { until } from '../fixtures/until.js';
import { clock, invite, openDoor, TENANT, type Answer, type Door, type Json, type Who } from './door.js';
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

const UNSET = { state: 'unset', source: null, at: null };
const puts = (who: Who, contactId: string, channel: string, body: Json): Promise<Answer> =>
  door.call(who, 'PUT', `/v1/contacts/${contactId}/consents/${channel}`, body);
const grants = (contactId: string, channel = 'whatsapp'): Promise<Answer> =>
  puts('supervisor', contactId, channel, { state: 'granted' });
const revokes = (contactId: string, channel = 'whatsapp'): Promise<Answer> =>
  puts('supervisor', contactId, channel, { state: 'revoked' });
const starts = (contactId: string, channel = 'whatsapp'): Promise<Answer> =>
  door.call('agent', 'POST', '/v1/conversations', { contactId, channel });
const says = (who: Who, conversationId: string, body: Json = {}, key = randomUUID()): Promise<Answer> =>
  door.call(
    who,
    'POST',
    `/v1/conversations/${conversationId}/messages`,
    { content: { text: 'Your order is ready' }, ...body },
    { key },
  );
const handsOver = (conversationId: string, messageId: string): Promise<Answer> =>
  door.call('integration', 'POST', `/v1/messages/${messageId}/hand-over`, { conversationId });
const refusals = async (contactId: string, who: Who = 'agent'): Promise<readonly Schemas['RefusalAnswer'][]> =>
  ((await door.get(who, `/v1/contacts/${contactId}/refusals`)).body as Schemas['RefusalListAnswer']).items;
const contactable = async (contactId: string, channel = 'whatsapp'): Promise<Json> =>
  (await door.get('integration', `/v1/contacts/${contactId}/contactability`)).body.channels[channel];
const told = ({ status, code, body }: Answer): readonly unknown[] => [status, code, body.reasons];
const NOTIFICATION = { purpose: 'notification' };
/** A contact with a whatsapp conversation in which it never wrote. */
const silent = async (): Promise<{ contactId: string; conversationId: string; identityId: string }> => {
  const { contactId, identityId } = await town.contact();
  return { contactId, identityId, conversationId: (await starts(contactId)).body.conversationId as string };
};

describe('the defaults of the tenant', () => {
  it('8: give new contacts three consents, leave e-mail unset, and change nobody who exists, switched on or off [K2 K3 K11 I11] [consent.defaultPhone=true,false] [consent.defaultEmail=false]', async () => {
    const before = await town.contact();
    await town.set('consent.defaultPhone', true);
    const made = await door.added(async () => {
      await town.contact({ identities: [] });
    });
    expect(made).toEqual(['ContactRegistered', 'ConsentGranted', 'ConsentGranted', 'ConsentGranted']);
    const { contactId } = await town.contact({ identities: [] });
    const { contactId: wrote } = await town.customer();
    const given = { state: 'granted', source: 'org_default', at: expect.any(String) };
    for (const id of [contactId, wrote]) {
      expect((await town.card(id)).consents).toEqual({ whatsapp: given, viber: given, sms: given, email: UNSET });
    }
    expect((await town.card(before.contactId)).consents).toEqual({
      whatsapp: UNSET,
      viber: UNSET,
      sms: UNSET,
      email: UNSET,
    });
    // An explicit word beats it.
    expect((await revokes(contactId, 'viber')).body).toMatchObject({
      channel: 'viber',
      state: 'revoked',
      source: 'manual',
    });
    await town.set('consent.defaultPhone', false);
    const { consents } = await town.card(contactId);
    expect([consents.whatsapp.state, consents.viber.state, consents.sms.state]).toEqual([
      'granted',
      'revoked',
      'granted',
    ]);
    expect((await town.card((await town.contact()).contactId)).consents.sms).toEqual(UNSET);
    await door.rebuild('contact_card');
    expect((await town.card(contactId)).consents).toEqual(consents);
  });

  it('speak of e-mail by a setting of its own, for inbound too [K6] [consent.defaultEmail=true]', async () => {
    await town.set('consent.defaultEmail', true);
    const { contactId } = await town.customer();
    expect((await town.card(contactId)).consents).toMatchObject({ sms: UNSET, email: { source: 'org_default' } });
    await town.set('consent.defaultEmail', false);
  });
});

describe('a consent', () => {
  it('is changed by supervisors and administrators, with its evidence sealed [K4 K5 K8]', async () => {
    const { contactId } = await town.contact();
    const evidence = 'Signed form seven';
    const granted = await puts('supervisor', contactId, 'email', {
      state: 'granted',
      source: 'customer',
      evidence,
      wordingVersion: '2026-01',
    });
    expect([granted.status, granted.body]).toEqual([
      200,
      { channel: 'email', state: 'granted', source: 'customer', at: expect.any(String) },
    ]);
    expect(JSON.stringify(await door.facts())).not.toContain(evidence);
    expect((await town.card(contactId)).consents.email).toMatchObject({ state: 'granted', source: 'customer' });
    for (const who of ['agent', 'limited', 'auditor', 'ops'] as const) {
      expect((await puts(who, contactId, 'email', { state: 'revoked' })).status).toBe(403);
    }
    expect((await puts('admin', contactId, 'email', { state: 'revoked' })).body.state).toBe('revoked');
  });

  it('is only ever taken back by an integration, in the name of the customer [K5]', async () => {
    const { contactId } = await town.contact();
    for (const source of ['customer', 'manual', 'import']) {
      expect((await puts('integration', contactId, 'sms', { state: 'granted', source })).code).toBe('forbidden');
    }
    expect((await puts('integration', contactId, 'sms', { state: 'revoked', source: 'manual' })).code).toBe(
      'forbidden',
    );
    const kept = await puts('integration', contactId, 'sms', { state: 'revoked', source: 'opt_out_keyword' });
    expect(kept.body).toMatchObject({ state: 'revoked', source: 'opt_out_keyword' });
    expect((await puts('integration', contactId, 'viber', { state: 'revoked' })).body.source).toBe('customer');
  });

  it('has no channel but four, and no source that is computed', async () => {
    const { contactId } = await town.contact();
    expect((await puts('admin', contactId, 'webchat', { state: 'granted' })).status).toBe(404);
    for (const body of [
      { state: 'granted', source: 'org_default' },
      { state: 'granted', source: 'merge' },
      { state: 'granted', source: 'opt_out_keyword' },
      { state: 'revoked', source: 'import' },
      { state: 'unset' },
      { state: 'granted', wordingVersion: 'as agreed' },
    ]) {
      expect((await puts('admin', contactId, 'sms', body)).status).toBe(400);
    }
  });

  it('is stored once, however often it is said at once [I11 I17]', async () => {
    const { contactId } = await town.contact();
    const added = await door.added(() => Promise.all(Array.from({ length: 10 }, () => grants(contactId))));
    expect(added).toEqual(['ConsentGranted']);
  });
});

describe('what the company begins', () => {
  it('goes out by the consent, is refused without it, and the refusal is on record [K1 K7 K12 I12]', async () => {
    const { contactId, conversationId } = await silent();
    const refused = await says('integration', conversationId, NOTIFICATION);
    expect(told(refused)).toEqual([409, 'consent-missing', ['consent-unset']]);
    expect(refused.body.detail).toContain('/consents/');
    expect(await contactable(contactId)).toEqual({ allowed: false, reasons: ['consent-unset'] });
    expect(await refusals(contactId)).toEqual([
      {
        at: expect.any(String),
        channel: 'whatsapp',
        purpose: 'notification',
        reasons: ['consent-unset'],
        requestedBy: 'gateway',
      },
    ]);
    await grants(contactId);
    expect(await contactable(contactId)).toEqual({ allowed: true, reasons: [] });
    expect((await says('integration', conversationId, NOTIFICATION)).status).toBe(201);
    expect((await says('agent', conversationId)).status).toBe(201);
    await revokes(contactId);
    expect(told(await says('agent', conversationId))).toEqual([409, 'consent-missing', ['consent-revoked']]);
    expect((await refusals(contactId)).map(({ purpose, reasons }) => [purpose, reasons])).toEqual([
      ['reply', ['consent-revoked']],
      ['notification', ['consent-unset']],
    ]);
  });

  it('follows the consent, not the setting [K7]', async () => {
    const { contactId, conversationId } = await silent();
    await town.set('consent.defaultPhone', true);
    expect((await says('agent', conversationId, NOTIFICATION)).code).toBe('consent-missing');
    await grants(contactId);
    await town.set('consent.defaultPhone', false);
    expect((await says('agent', conversationId, NOTIFICATION)).status).toBe(201);
  });

  it('is a notification where the customer wrote, and nothing more, unless all is gated [K12] [consent.gates=notifications,allOutbound]', async () => {
    const { contactId, conversationId } = await town.customer();
    expect((await says('agent', conversationId)).status).toBe(201);
    expect(told(await says('agent', conversationId, NOTIFICATION))).toEqual([
      409,
      'consent-missing',
      ['consent-unset'],
    ]);
    await town.set('consent.gates', 'allOutbound');
    expect(told(await says('agent', conversationId))).toEqual([409, 'consent-missing', ['consent-unset']]);
    expect((await says('integration', conversationId, { viaDevice: true })).status).toBe(201);
    await town.set('consent.gates', 'notifications');
    expect(await refusals(contactId)).toHaveLength(2);
  });

  it('needs no consent on other channels', async () => {
    const { contactId } = await town.contact({ identities: [{ kind: 'telegram', value: `@${randomUUID()}` }] });
    expect(await contactable(contactId, 'telegram')).toEqual({ allowed: true, reasons: [] });
    const { conversationId } = (await starts(contactId, 'telegram')).body as { conversationId: string };
    expect((await says('integration', conversationId, NOTIFICATION)).status).toBe(201);
  });

  it('is told and recorded with every reason, the block before the address before the consent [K1 I12 R4]', async () => {
    const { contactId, conversationId, identityId } = await silent();
    await town.block(contactId);
    expect(told(await says('agent', conversationId))).toEqual([409, 'contact-blocked', ['consent-unset', 'blocked']]);
    expect(told(await starts(contactId, 'email'))).toEqual([
      409,
      'contact-blocked',
      ['no-address', 'consent-unset', 'blocked'],
    ]);
    expect(await contactable(contactId, 'email')).toEqual({
      allowed: false,
      reasons: ['no-address', 'consent-unset', 'blocked'],
    });
    expect(await contactable(contactId)).toEqual({ allowed: false, reasons: ['consent-unset', 'blocked'] });
    expect(await contactable(contactId, 'telegram')).toEqual({ allowed: false, reasons: ['no-address', 'blocked'] });
    await town.unblock(contactId);
    await town.does('agent', 'DELETE', `/v1/contacts/${contactId}/identities/${identityId}`);
    expect(told(await says('agent', conversationId))).toEqual([409, 'no-address', ['no-address', 'consent-unset']]);
    expect(told(await starts(contactId))).toEqual([409, 'no-address', ['no-address', 'consent-unset']]);
    expect((await refusals(contactId)).map(({ channel, purpose, reasons }) => [channel, purpose, reasons])).toEqual(
      expect.arrayContaining([
        ['whatsapp', 'reply', ['consent-unset', 'blocked']],
        ['email', 'start', ['no-address', 'consent-unset', 'blocked']],
        ['whatsapp', 'reply', ['no-address', 'consent-unset']],
        ['whatsapp', 'start', ['no-address', 'consent-unset']],
      ]),
    );
  });

  it('is recorded once for a repeat, and decided anew [K1 I17]', async () => {
    const { contactId, conversationId } = await silent();
    const key = randomUUID();
    for (let time = 0; time < 3; time++) {
      expect((await says('agent', conversationId, NOTIFICATION, key)).code).toBe('consent-missing');
    }
    expect(await refusals(contactId)).toHaveLength(1);
    await grants(contactId);
    expect((await says('agent', conversationId, NOTIFICATION, key)).status).toBe(201);
  });

  it('shows its refusals to whoever sees the contact, page by page', async () => {
    const { contactId, conversationId } = await silent();
    for (let time = 0; time < 3; time++) {
      clock.pass(1000);
      await says('agent', conversationId, NOTIFICATION);
    }
    const path = `/v1/contacts/${contactId}/refusals`;
    const all = await refusals(contactId, 'auditor');
    const first = (await door.get('integration', `${path}?limit=2`)).body;
    const second = (await door.get('integration', `${path}?limit=2&cursor=${first.nextCursor as string}`)).body;
    expect([...first.items, ...second.items]).toEqual(all);
    expect(all.map(({ at }) => at)).toEqual(
      all
        .map(({ at }) => at)
        .toSorted()
        .toReversed(),
    );
    expect((await door.get('limited', path)).status).toBe(404);
    expect((await door.get('limited', `/v1/contacts/${contactId}/contactability`)).status).toBe(404);
    await door.rebuild('refusals');
    expect(await refusals(contactId)).toEqual(all);
  });
});

/** As a process leaves it that dies behind its append. */
const revokesAndDies = async (contactId: string): Promise<void> => {
  const commandId = randomUUID();
  const metadata = {
    commandId,
    correlationId: commandId,
    causationId: commandId,
    tenant: TENANT,
    caller: { id: 'sol', kind: 'staff', role: 'supervisor', access: 'all' },
    now: clock.now(),
    requestHash: 'crash',
  } as const;
  const command = new RevokeConsent(
    { contactId, mine: true, channel: 'whatsapp', source: 'manual', evidence: null, wordingVersion: null },
    metadata,
  );
  await door.gatehouse.stores.runner.execute(contactDecider, contactId, command, metadata);
};

describe('a consent that is taken back', () => {
  const queued = async (): Promise<{ contactId: string; conversationId: string; messageId: string }> => {
    const { contactId, conversationId } = await town.customer();
    await grants(contactId);
    const { messageId } = (await says('integration', conversationId, NOTIFICATION)).body as { messageId: string };
    return { contactId, conversationId, messageId };
  };
  const waiting = async (): Promise<readonly string[]> =>
    ((await door.get('integration', '/v1/messages/outbound?limit=200')).body.items as Json[]).map(
      ({ messageId }) => messageId as string,
    );

  it('cancels what waits before it is answered, and leaves replies [K12 I12]', async () => {
    const { contactId, conversationId, messageId } = await queued();
    const reply = await town.sends('agent', conversationId, 'You asked?');
    const added = await door.added(() =>
      puts('integration', contactId, 'whatsapp', { state: 'revoked', source: 'opt_out_keyword' }),
    );
    expect(added).toEqual(['ConsentRevoked', 'MessageCancelled']);
    expect(await waiting()).not.toContain(messageId);
    expect(await waiting()).toContain(reply.messageId);
    const gone = await handsOver(conversationId, messageId);
    expect([gone.status, gone.code]).toEqual([409, 'message-cancelled']);
    expect((await handsOver(conversationId, reply.messageId)).status).toBe(200);
  });

  it('speaks of its channel only, and not of what was handed over [K4]', async () => {
    const { contactId, conversationId, messageId } = await queued();
    expect(await door.added(() => revokes(contactId, 'sms'))).toEqual(['ConsentRevoked']);
    expect((await handsOver(conversationId, messageId)).status).toBe(200);
    expect(await door.added(() => revokes(contactId))).toEqual(['ConsentRevoked']);
  });

  it('is met again at the hand-over by what the revocation did not see, and a repeat is told the same [I12]', async () => {
    const { contactId, conversationId, messageId } = await queued();
    await revokesAndDies(contactId);
    const key = randomUUID();
    const hand = (): Promise<Answer> =>
      door.call('integration', 'POST', `/v1/messages/${messageId}/hand-over`, { conversationId }, { key });
    expect((await hand()).code).toBe('message-cancelled');
    expect((await hand()).code).toBe('message-cancelled');
    const cancelled = (await door.facts()).filter(
      ({ type, data }) => type === 'MessageCancelled' && data['messageId'] === messageId,
    );
    expect(cancelled).toHaveLength(1);
  });

  it('is finished by the policy where a crash came between [K12]', async () => {
    const { contactId, messageId } = await queued();
    await revokesAndDies(contactId);
    await until(async () => !(await waiting()).includes(messageId));
  });

  it('never lets a message out that raced it [I12]', async () => {
    for (let round = 0; round < 5; round++) {
      const { contactId, conversationId } = await silent();
      await grants(contactId);
      const [sent] = await Promise.all([
        Promise.all(Array.from({ length: 5 }, () => says('integration', conversationId, NOTIFICATION))),
        revokes(contactId),
      ]);
      for (const { status, body } of sent) {
        if (status === 409) expect(body.code).toBe('consent-missing');
        else expect((await handsOver(conversationId, body.messageId as string)).code).toBe('message-cancelled');
      }
    }
  });
});

describe('a message that waits for an address that is no more', () => {
  const waiting = async (): Promise<readonly string[]> =>
    ((await door.get('integration', '/v1/messages/outbound?limit=200')).body.items as Json[]).map(
      ({ messageId }) => messageId as string,
    );
  const detaches = ({ contactId, identityId }: { contactId: string; identityId: string }): Promise<unknown> =>
    town.does('agent', 'DELETE', `/v1/contacts/${contactId}/identities/${identityId}`);

  it('is fetched by no gateway, and handed over to none [I2]', async () => {
    const customer = await town.customer();
    const { messageId } = await town.sends('agent', customer.conversationId, 'Bom dia');
    expect(await waiting()).toContain(messageId);
    await detaches(customer);
    expect(await waiting()).not.toContain(messageId);
    const refused = await handsOver(customer.conversationId, messageId);
    expect(told(refused)).toEqual([409, 'no-address', ['no-address']]);
    expect(refused.body.detail).toContain('detached');
    // The same number again is another address: what was meant for the first one goes nowhere.
    await town.does('agent', 'POST', `/v1/contacts/${customer.contactId}/identities`, {
      kind: 'whatsapp',
      value: customer.phone,
    });
    expect((await handsOver(customer.conversationId, messageId)).code).toBe('no-address');
    expect(await waiting()).not.toContain(messageId);
  });

  it('was handed over before: the repeat says so, and nobody else is given it', async () => {
    const customer = await town.customer();
    const { messageId } = await town.sends('agent', customer.conversationId, 'Bom dia');
    const key = randomUUID();
    const hand = () =>
      door.call(
        'integration',
        'POST',
        `/v1/messages/${messageId}/hand-over`,
        { conversationId: customer.conversationId },
        { key },
      );
    const first = await hand();
    expect([first.status, first.body.to]).toEqual([200, customer.phone]);
    await detaches(customer);
    const again = await hand();
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect((await handsOver(customer.conversationId, messageId)).code).toBe('no-address');
  });

  it('goes with the erasure of whom it was for, also by a repeat, and leaves the others’ [R4]', async () => {
    const [gone, other] = [await town.customer(), await town.customer()];
    const [asked, queued, others] = [
      await town.sends('agent', gone.conversationId, 'Handed over before'),
      await town.sends('agent', gone.conversationId, 'Never handed over'),
      await town.sends('agent', other.conversationId, 'To somebody else'),
    ];
    const key = randomUUID();
    const hand = () =>
      door.call(
        'integration',
        'POST',
        `/v1/messages/${asked.messageId}/hand-over`,
        { conversationId: gone.conversationId },
        { key },
      );
    expect((await hand()).status).toBe(200);
    const erasureId = await town.erase(gone.contactId);
    const listed = await waiting();
    expect([listed.includes(queued.messageId), listed.includes(others.messageId)]).toEqual([false, true]);
    const refused = async (): Promise<readonly unknown[]> => [
      (await handsOver(gone.conversationId, queued.messageId)).code,
      (await hand()).code,
    ];
    expect(await refused()).toEqual(['contact-erased', 'contact-erased']);
    await until(async () => (await town.certificate(erasureId)).status === 'completed', 60_000);
    expect(await refused()).toEqual(['contact-erased', 'contact-erased']);
    expect((await handsOver(other.conversationId, others.messageId)).status).toBe(200);
  }, 60_000);
});

it('lets the last word of a block pass without a consent [H10]', async () => {
  const { contactId, conversationId } = await silent();
  const { noticeMessageId } = await town.block(contactId, { notice: { text: 'Goodbye' }, conversationId });
  expect((await handsOver(conversationId, noticeMessageId ?? '')).status).toBe(200);
});

it('keeps consents to one tenant [I19]', async () => {
  const other = townOf(door, 'other');
  await invite(door, 'other');
  await town.set('consent.defaultPhone', true);
  const phone = newPhone();
  const { contactId } = await other.customer(phone);
  expect((await other.card(contactId)).consents.sms).toEqual(UNSET);
  expect((await grants(contactId)).status).toBe(404);
  await town.set('consent.defaultPhone', false);
});
