// Wallets from the door to the lists: acceptance 10 and 11, and what each row of requirements W promises.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { NOTHING_PREVENTED, RegisterContact } from '#contacts';
import { asked, callers } from '#kernel/given';
import { clock, NOWHERE, openDoor, type Answer, type Call, type Door, type Json, type Who } from './door.js';
import { until } from '../fixtures/until.js';
import { townOf, type Town } from './town.js';

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

/** What a test looks at of an item of a list. */
type Row = { readonly contactId: string; readonly name: string; readonly code: string | null };
let last = 0;
const newName = (): string => `Carteira ${String(++last)}`;
const create = (body: Json, call?: Call, who: Who = 'supervisor'): Promise<Answer> =>
  door.call(who, 'POST', '/v1/wallets', body, call);
const wallet = async (body: Json = {}): Promise<{ walletId: string; code: string | null; path: string }> => {
  const { walletId, code } = await town.does('supervisor', 'POST', '/v1/wallets', { name: newName(), ...body });
  return { walletId, code, path: `/v1/wallets/${walletId as string}` };
};
const shown = async (path: string, who: Who = 'supervisor'): Promise<Json> => (await door.get(who, path)).body;
const add = (path: string, contactIds: readonly string[], more: Json = {}, who: Who = 'supervisor', call?: Call) =>
  door.call(who, 'POST', `${path}/contacts`, { contactIds, ...more }, call);
const contactsOf = async (path: string, query = '', who: Who = 'supervisor'): Promise<readonly string[]> =>
  ((await shown(`${path}/contacts?limit=200${query}`, who)).items as Row[]).map((one) => one.contactId);
const typesSince = async (before: string | null): Promise<readonly string[]> =>
  (await door.facts(before)).map(({ type }) => type);

/** A time of the tests' week, in São Paulo. */
const local = (day: string, time: string): string => new Date(`${day}T${time}:00-03:00`).toISOString();

/** A contact as an import would leave it: thousands of calls would test the door, not wallets. */
const register = (contactId: string) =>
  door.gatehouse.write.contacts.execute(
    new RegisterContact(
      {
        ...{ contactId, displayName: 'Bulk', source: 'import', identities: [], tags: [], others: [] },
        ...{ consents: [], prevents: NOTHING_PREVENTED },
      },
      asked(callers.admin, clock.now(), { commandId: randomUUID() }),
    ),
  );

/** The whole number where a contact costs no calls to a server: there it is the same code, slowly. */
const SELECTED = (globalThis as { readonly eventStore?: string }).eventStore === 'sqlite' ? 10_000 : 1_000;

describe('acceptance', () => {
  it('10: of 10,000 selected contacts with 3 already in and 2 unknown 9,995 are added, 3 skipped, 2 fail; again nothing [W6]', async () => {
    const known: string[] = [];
    while (known.length < SELECTED - 2) {
      const some = Array.from({ length: 500 }, () => randomUUID()).slice(0, SELECTED - 2 - known.length);
      await Promise.all(some.map((contactId) => register(contactId)));
      known.push(...some);
    }
    const { path } = await wallet();
    expect((await add(path, known.slice(0, 3))).body).toMatchObject({ added: 3, skipped: 0, failed: [] });

    const unknown = [randomUUID(), randomUUID()];
    const selection = [...known, ...unknown];
    const key = randomUUID();
    const first = await add(path, selection, {}, 'supervisor', { key });
    expect([first.status, first.body]).toEqual([
      200,
      {
        bulkId: expect.any(String),
        added: SELECTED - 5,
        skipped: 3,
        failed: unknown.map((contactId) => ({ contactId, code: 'contact-not-found' })),
      },
    ]);
    expect((await shown(path)).contactCount).toBe(SELECTED - 2);
    const before = await door.head();
    const again = await add(path, selection, {}, 'supervisor', { key });
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(await door.head()).toBe(before);

    expect((await add(path, selection)).body).toMatchObject({ added: 0, skipped: SELECTED - 2 });
    expect((await typesSince(before)).filter((type) => type === 'WalletContactAdded')).toEqual([]);
    const tooMany = Array.from({ length: 10_001 }, () => NOWHERE);
    expect((await add(path, tooMany)).status).toBe(400);
  }, 120_000);

  it('11: hours over midnight, on a closed day and across a change of clocks [W3]', async () => {
    const office = [
      ['08:00', '12:00'],
      ['13:30', '18:00'],
    ];
    const weekly = { mon: office, tue: office, wed: office, thu: office, fri: [...office, ['22:00', '02:00']] };
    const { path } = await wallet({ hours: { timeZone: 'America/Sao_Paulo', weekly, closed: ['2026-12-25'] } });
    const at = async (time: string): Promise<Json> => shown(`${path}/hours?at=${encodeURIComponent(time)}`, 'agent');
    expect(await at('2026-03-14T01:30:00-03:00')).toEqual({ open: true, nextChangeAt: local('2026-03-14', '02:00') });
    expect(await at('2026-03-14T02:00:00-03:00')).toEqual({ open: false, nextChangeAt: local('2026-03-16', '08:00') });
    expect(await at('2026-12-25T10:00:00-03:00')).toEqual({ open: false, nextChangeAt: local('2026-12-28', '08:00') });
    expect(await at('2026-12-26T01:30:00-03:00')).toMatchObject({ open: false });

    const sunday = { timeZone: 'America/New_York', weekly: { sun: [['02:30', '17:00']] } };
    const { path: abroad } = await wallet({ hours: sunday });
    // The clocks skip from 02:00 to 03:00.
    expect(await shown(`${abroad}/hours?at=2026-03-08T06:30:00Z`)).toEqual({
      open: false,
      nextChangeAt: '2026-03-08T07:00:00.000Z',
    });
    expect((await shown(`${abroad}/hours?at=2026-03-08T12:00:00Z`)).nextChangeAt).toBe('2026-03-08T21:00:00.000Z');
  });
});

describe('creating a wallet', () => {
  it('needs a name, which no other active wallet has, ignoring case [W1]', async () => {
    const name = newName();
    const made = await create({ name });
    expect([made.status, made.body]).toEqual([201, { walletId: expect.any(String), code: null }]);
    for (const taken of [name, name.toUpperCase(), ` ${name.toLowerCase()}  `]) {
      const refused = await create({ name: taken });
      expect([refused.status, refused.code]).toEqual([409, 'wallet-name-taken']);
    }
    await town.does('supervisor', 'POST', `/v1/wallets/${made.body.walletId as string}/archive`, {});
    expect((await create({ name })).status).toBe(201);
  });

  it('stores one fact with name, code, hours and responsible, beside the claims [W4]', async () => {
    const hours = { timeZone: 'UTC', weekly: { mon: [['08:00', '12:00']] }, closed: [] };
    const body = { name: newName(), code: 'VIP-1', hours, responsibleId: 'bia' };
    const before = await door.head();
    const made = await create(body);
    expect(await typesSince(before)).toEqual(['WalletNameClaimed', 'WalletCodeClaimed', 'WalletCreated']);
    expect(await shown(`/v1/wallets/${made.body.walletId as string}`, 'auditor')).toEqual({
      walletId: made.body.walletId,
      name: body.name,
      code: 'VIP-1',
      hours,
      archived: false,
      responsibleId: 'bia',
      responsibles: [{ staffId: 'bia', from: expect.any(String), to: null }],
      members: ['bia'],
      contactCount: 0,
    });
  });

  it('with a responsible who left, or whom nobody knows, is refused and claims nothing [W4]', async () => {
    const before = await door.head();
    for (const responsibleId of ['gone', 'nobody']) {
      const refused = await create({ name: newName(), responsibleId });
      expect([refused.status, refused.code]).toEqual([409, 'assignee-not-eligible']);
    }
    expect(await door.head()).toBe(before);
  });

  it('with a code that another has is refused; generated ones differ; without one there is none [W2]', async () => {
    const { code } = await wallet({ code: { generate: true } });
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{8}$/);
    expect((await wallet({ code: { generate: true } })).code).not.toBe(code);
    // What is refused claims no name either.
    const before = await door.head();
    expect((await create({ name: newName(), code })).code).toBe('wallet-code-taken');
    expect(await door.head()).toBe(before);
  });

  it('said again with its key gives the same wallet and generated code; another body is refused [W2 W4]', async () => {
    const key = randomUUID();
    const body = { name: newName(), code: { generate: true } };
    const made = await create(body, { key });
    const before = await door.head();
    const again = await create(body, { key });
    expect([again.status, again.text, again.etag]).toEqual([201, made.text, made.etag]);
    expect((await create({ name: newName() }, { key })).code).toBe('idempotency-key-reused');
    expect(await door.head()).toBe(before);
  });

  it('is done by one of 20 who want the same name, or the same code, at once [W1 W2 I16]', async () => {
    const name = newName();
    const named = await Promise.all(Array.from({ length: 20 }, () => create({ name })));
    const coded = await Promise.all(Array.from({ length: 20 }, () => create({ name: newName(), code: 'RACE' })));
    for (const [answers, code] of [
      [named, 'wallet-name-taken'],
      [coded, 'wallet-code-taken'],
    ] as const) {
      expect(answers.filter(({ status }) => status === 201).length).toBe(1);
      expect(answers.filter((answer) => answer.code === code).length).toBe(19);
    }
    const items = (await shown('/v1/wallets?limit=200')).items as Row[];
    expect(items.filter((one) => one.name === name).length).toBe(1);
    expect(items.filter((one) => one.code === 'RACE').length).toBe(1);
  });

  it('that a crash stopped behind its claims leaves name and code free after a minute, and for its own repeat at once [W1 W2 I16]', async () => {
    const { runner } = door.gatehouse.stores;
    const made = (): { name: string; code: string } => ({ name: newName(), code: `CRASH-${String(last)}` });
    const [body, key] = [made(), randomUUID()];
    const atOnce = { body: made(), key: randomUUID() };
    const execute = runner.execute.bind(runner);
    runner.execute = (async (...given: Parameters<typeof execute>) => {
      if (given[0].category === 'wallet') throw new Error('the process dies here');
      return execute(...given);
    }) as typeof runner.execute;
    try {
      expect((await create(body, { key })).status).toBe(500);
      expect((await create(atOnce.body, { key: atOnce.key })).status).toBe(500);
    } finally {
      runner.execute = execute;
    }
    expect((await create(body)).code).toBe('wallet-name-taken');
    expect((await create(atOnce.body, { key: atOnce.key })).body.code).toBe(atOnce.body.code);
    clock.pass(61_000);
    const other = await create(body);
    expect(other.status).toBe(201);
    expect((await create(body, { key })).code).toBe('wallet-name-taken');
    await town.does('supervisor', 'POST', `/v1/wallets/${other.body.walletId as string}/archive`, {});
    const late = await create(body, { key });
    expect([late.status, late.body.code]).toEqual([201, body.code]);
  });
});

it('a wallet whose process stood still gives back the name and the code that another took meanwhile [W1 W2 I16]', async () => {
  const body = { name: newName(), code: `LATE-${String(last)}` };
  const { runner } = door.gatehouse.stores;
  const execute = runner.execute.bind(runner);
  let other: Answer | null = null;
  runner.execute = (async (...given: Parameters<typeof execute>) => {
    if (given[0].category === 'wallet' && other === null) {
      runner.execute = execute;
      clock.pass(61_000);
      other = await create(body);
    }
    return execute(...given);
  }) as typeof runner.execute;
  const late = await create(body);
  expect([(other as Answer | null)?.status, late.status]).toEqual([201, 201]);
  const path = `/v1/wallets/${late.body.walletId as string}`;
  await until(async () => (await shown(path)).code === null);
  expect((await shown(path)).name).toBe(`${body.name} (${late.body.walletId as string})`);
  expect(await shown(`/v1/wallets/${(other as Answer | null)?.body.walletId as string}`)).toMatchObject(body);
});

describe('a wallet', () => {
  it('changes its name, code and hours at any time, and frees what it had [W10]', async () => {
    const [one, other] = [await wallet({ code: 'OLD-1' }), await wallet()];
    const { name } = await shown(one.path);
    const renamed = newName();
    const changed = await door.call('admin', 'PATCH', one.path, { name: renamed, code: 'NEW-1' });
    expect([changed.status, changed.body]).toEqual([200, { walletId: one.walletId, code: 'NEW-1' }]);
    const row = await door.get('agent', one.path);
    expect(row.body).toMatchObject({ name: renamed, code: 'NEW-1' });
    expect(row.etag).toBe(changed.etag);
    expect((await door.call('admin', 'PATCH', other.path, { name: renamed.toUpperCase() })).code).toBe(
      'wallet-name-taken',
    );
    expect((await door.call('admin', 'PATCH', other.path, { code: 'NEW-1' })).code).toBe('wallet-code-taken');
    // At once, not after a minute.
    await town.does('admin', 'PATCH', other.path, { name, code: 'OLD-1' });
    await town.does('admin', 'PATCH', one.path, { code: null, hours: null });
    expect((await shown(one.path)).code).toBeNull();
    const before = await door.head();
    await town.does('admin', 'PATCH', one.path, { code: null, name: renamed });
    expect(await door.head()).toBe(before);
    // The same name in other letters is its own.
    await town.does('admin', 'PATCH', one.path, { name: renamed.toUpperCase() });
  });

  it('answers an instant of the past by the hours of then [W10]', async () => {
    const hours = (from: string, to: string): Json => ({
      timeZone: 'UTC',
      weekly: { tue: [[from, to]], wed: [[from, to]] },
    });
    clock.at('2026-03-17T09:00:00Z');
    const { path } = await wallet({ hours: hours('08:00', '12:00') });
    clock.at('2026-03-17T10:00:00Z');
    await town.does('supervisor', 'PATCH', path, { hours: hours('18:00', '22:00') });
    const at = async (time: string): Promise<boolean> => (await shown(`${path}/hours?at=${time}`)).open === true;
    expect(await at('2026-03-17T09:30:00Z')).toBe(true);
    expect(await at('2026-03-17T10:30:00Z')).toBe(false);
    expect(await at('2026-03-18T09:30:00Z')).toBe(false);
    expect(await at('2026-03-18T19:00:00Z')).toBe(true);
  });

  it('without hours keeps those of the tenant, and is always open without any [W3] [hours.default=null,hours]', async () => {
    const { path } = await wallet();
    expect(await shown(`${path}/hours`)).toEqual({ open: true, nextChangeAt: null });
    await town.set('hours.default', { timeZone: 'UTC', weekly: { mon: [['08:00', '12:00']] }, closed: [] });
    expect((await shown(`${path}/hours?at=2026-03-18T09:00:00Z`)).open).toBe(false);
    expect((await shown(`${path}/hours?at=2026-03-23T09:00:00Z`)).open).toBe(true);
    await town.set('hours.default', null);
  });

  it('keeps the history of its responsibles, one at a time [W8]', async () => {
    const { path } = await wallet({ responsibleId: 'ana' });
    await town.does('supervisor', 'PUT', `${path}/responsible`, { staffId: 'bia' });
    await town.does('supervisor', 'PUT', `${path}/responsible`, { staffId: 'bia' });
    await town.does('supervisor', 'PUT', `${path}/responsible`, { staffId: null });
    const { responsibles, responsibleId, members } = await shown(path);
    expect([responsibleId, members]).toEqual([null, []]);
    expect(responsibles).toEqual([
      { staffId: 'ana', from: expect.any(String), to: expect.any(String) },
      { staffId: 'bia', from: responsibles[0].to, to: expect.any(String) },
    ]);
    expect((await door.call('supervisor', 'PUT', `${path}/responsible`, { staffId: 'gone' })).code).toBe(
      'assignee-not-eligible',
    );
  });

  it('has members, of whom the responsible cannot be removed [W9 I16]', async () => {
    const { path } = await wallet({ responsibleId: 'ana' });
    expect(await town.does('supervisor', 'PUT', `${path}/members/bia`, {})).toMatchObject({ members: ['bia', 'ana'] });
    const refused = await door.call('supervisor', 'DELETE', `${path}/members/ana`);
    expect([refused.status, refused.code]).toEqual([409, 'responsible-cannot-be-removed']);
    await town.does('supervisor', 'DELETE', `${path}/members/bia`);
    expect((await shown(path)).members).toEqual(['ana']);
    await town.does('supervisor', 'PUT', `${path}/responsible`, { staffId: 'bia' });
    await town.does('supervisor', 'DELETE', `${path}/members/ana`);
    expect((await shown(path)).members).toEqual(['bia']);
  });

  it('archived adds nothing, routes nothing and leaves the card [W14]', async () => {
    const { contactId } = await town.customer();
    const { path, code, walletId } = await wallet({ code: { generate: true } });
    await add(path, [contactId]);
    expect((await town.card(contactId)).wallets.map((one) => one.walletId)).toEqual([walletId]);
    await town.does('supervisor', 'POST', `${path}/archive`, {});
    expect((await town.card(contactId)).wallets).toEqual([]);
    expect((await shown(path)).archived).toBe(true);
    const before = await door.head();
    for (const refused of [
      await add(path, [(await town.contact()).contactId]),
      await door.call('supervisor', 'PATCH', path, { name: newName() }),
      await door.call('supervisor', 'PUT', `${path}/members/bia`, {}),
    ]) {
      expect([refused.status, refused.code]).toEqual([409, 'wallet-archived']);
    }
    const routed = await door.call('integration', 'POST', '/v1/wallets/route', { code, contactId });
    expect([routed.status, routed.code]).toEqual([404, 'wallet-code-unknown']);
    expect((await typesSince(before)).filter((type) => type.startsWith('Wallet'))).toEqual([]);
  });
});

describe('the contacts of a wallet', () => {
  it('are listed in pages, searched by name and tag, within the caller\u2019s sight [W5 W6]', async () => {
    const { path, walletId } = await wallet();
    const ids: string[] = [];
    for (const [displayName, tags] of [
      ['Zélia Reis', ['vip']],
      ['Abel Reis', []],
      ['Bento Luz', ['vip']],
    ] as const) {
      ids.push((await town.contact({ displayName, tags: [...tags] })).contactId);
    }
    const [zelia, abel, bento] = ids;
    const { contactId, conversationId } = await town.customer();
    await add(path, [...ids, contactId]);
    expect(await contactsOf(path, '&search=reis')).toEqual([abel, zelia]);
    expect(await contactsOf(path, '&tag=vip')).toEqual([bento, zelia]);
    const first = await shown(`${path}/contacts?limit=3`);
    const second = await shown(`${path}/contacts?limit=3&cursor=${first.nextCursor as string}`);
    expect(([...first.items, ...second.items] as Row[]).map((one) => one.contactId)).toEqual([
      abel,
      bento,
      contactId,
      zelia,
    ]);
    expect(second.nextCursor).toBeNull();
    expect((await shown(`/v1/contacts?walletId=${walletId}&limit=200`)).items.length).toBe(4);
    expect((await shown(`/v1/contacts?walletId=${NOWHERE}`)).items).toEqual([]);
    expect((await door.get('supervisor', `/v1/wallets/${NOWHERE}/contacts`)).code).toBe('not-found');
    expect(await contactsOf(path, '', 'limited')).toEqual([]);
    await town.assign(conversationId, 'lia');
    expect(await contactsOf(path, '', 'limited')).toEqual([contactId]);
  });

  it('have a result each: what a list repeats is skipped, who is unknown fails [W6]', async () => {
    const { path } = await wallet();
    const [one, other] = [(await town.contact()).contactId, (await town.contact()).contactId];
    expect((await add(path, [one, one, other, NOWHERE, NOWHERE])).body).toMatchObject({
      added: 2,
      skipped: 2,
      failed: [{ contactId: NOWHERE, code: 'contact-not-found' }],
    });
    expect((await add(path, [])).body).toMatchObject({ added: 0, skipped: 0, failed: [] });
  });

  it('that a crash stopped in the middle are finished by the repeat, with the numbers of the whole [W6]', async () => {
    const { path } = await wallet();
    const ids = await Promise.all(Array.from({ length: 12 }, async () => (await town.contact()).contactId));
    await add(path, ids.slice(0, 2));
    const { runner } = door.gatehouse.stores;
    const execute = runner.execute.bind(runner);
    let left = 5;
    runner.execute = (async (...given: Parameters<typeof execute>) => {
      if (given[0].category === 'walletcontact' && left-- <= 0) throw new Error('the process dies here');
      return execute(...given);
    }) as typeof runner.execute;
    const key = randomUUID();
    const selection = [...ids, NOWHERE];
    try {
      expect((await add(path, selection, {}, 'supervisor', { key })).status).toBe(500);
    } finally {
      runner.execute = execute;
    }
    const whole = await add(path, selection, {}, 'supervisor', { key });
    expect(whole.body).toMatchObject({ added: 10, skipped: 2, failed: [{ contactId: NOWHERE }] });
    expect((await shown(path)).contactCount).toBe(12);
    expect((await add(path, selection, {}, 'supervisor', { key })).text).toBe(whole.text);
    const reused = await add(path, ids, {}, 'supervisor', { key });
    expect([reused.status, reused.code]).toEqual([422, 'idempotency-key-reused']);
    const elsewhere = await door.call('supervisor', 'PATCH', path, { name: newName() }, { key });
    expect([elsewhere.status, elsewhere.code]).toEqual([422, 'idempotency-key-reused']);
  });

  it('added by several at once are added once [W6 I17]', async () => {
    const { path } = await wallet();
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await town.contact()).contactId));
    const answers = await Promise.all(Array.from({ length: 5 }, () => add(path, ids)));
    expect(answers.reduce((sum, { body }) => sum + (body.added as number), 0)).toBe(20);
    expect((await shown(path)).contactCount).toBe(20);
  });

  it('are removed; removing who is not in it changes nothing [W7]', async () => {
    const { path } = await wallet();
    const { contactId } = await town.contact();
    await add(path, [contactId]);
    expect(await town.does('supervisor', 'DELETE', `${path}/contacts/${contactId}`)).toMatchObject({ removed: true });
    expect([await contactsOf(path), (await shown(path)).contactCount]).toEqual([[], 0]);
    const before = await door.head();
    expect(await town.does('supervisor', 'DELETE', `${path}/contacts/${contactId}`)).toMatchObject({ removed: false });
    expect(await door.head()).toBe(before);
  });

  it('come from a conversation that an agent can read, and go the same way; the conversation is recorded [W11 W12]', async () => {
    const { path, walletId } = await wallet();
    const { contactId, conversationId } = await town.customer();
    const other = await town.customer();
    expect((await add(path, [contactId], {}, 'agent')).code).toBe('forbidden');
    expect((await door.call('agent', 'DELETE', `${path}/contacts/${contactId}`)).code).toBe('forbidden');
    for (const [who, conversation] of [
      ['agent', other.conversationId],
      ['agent', NOWHERE],
      ['limited', conversationId],
    ] as const) {
      expect((await add(path, [contactId], { conversationId: conversation }, who)).code).toBe('not-found');
    }
    const before = await door.head();
    expect((await add(path, [contactId], { conversationId }, 'agent')).body).toMatchObject({ added: 1 });
    const added = (await door.facts(before)).find(({ type }) => type === 'WalletContactAdded');
    expect(added?.data).toMatchObject({ walletId, contactId, via: 'conversation', conversationId, addedBy: 'ana' });
    expect((await town.card(contactId)).wallets).toEqual([{ walletId, name: (await shown(path)).name }]);
    await town.assign(conversationId, 'lia');
    const removal = `${path}/contacts/${contactId}?conversationId=${conversationId}`;
    expect(await town.does('limited', 'DELETE', removal)).toMatchObject({ removed: true });
    expect((await town.card(contactId)).wallets).toEqual([]);
  });

  it('may be in many wallets; where one is allowed, adding moves, and also two at once leave one [W14] [wallet.perContact=many,one]', async () => {
    const [one, two, three] = [await wallet(), await wallet(), await wallet()];
    const { contactId } = await town.contact();
    await add(one.path, [contactId]);
    await add(two.path, [contactId]);
    expect((await town.card(contactId)).wallets.length).toBe(2);
    await town.set('wallet.perContact', 'one');
    const before = await door.head();
    expect((await add(three.path, [contactId])).body).toMatchObject({ added: 1 });
    expect((await town.card(contactId)).wallets.map((w) => w.walletId)).toEqual([three.walletId]);
    expect(await typesSince(before)).toEqual([
      'BulkStarted',
      'WalletContactAdded',
      'WalletContactRemoved',
      'WalletContactRemoved',
      'BulkCompleted',
    ]);
    expect((await shown(one.path)).contactCount).toBe(0);
    await Promise.all([add(one.path, [contactId]), add(two.path, [contactId])]);
    expect((await town.card(contactId)).wallets.length).toBe(1);
    await town.set('wallet.perContact', 'many');
  });

  it('that a crash left in two wallets where one is allowed leave the first by themselves [W14]', async () => {
    const [one, two] = [await wallet(), await wallet()];
    const { contactId } = await town.contact();
    await add(one.path, [contactId]);
    await town.set('wallet.perContact', 'one');
    const { walletContacts } = door.gatehouse.write;
    const leave = walletContacts.leave.bind(walletContacts);
    let died = false;
    walletContacts.leave = async (...given) => {
      if (died) return leave(...given);
      died = true;
      throw new Error('the process dies here');
    };
    expect((await add(two.path, [contactId])).status).toBe(500);
    await until(async () => (await contactsOf(one.path)).length === 0);
    expect((await town.card(contactId)).wallets.map((w) => w.walletId)).toEqual([two.walletId]);
    walletContacts.leave = leave;
    await town.set('wallet.perContact', 'many');
  });

  it('filter the inbox, as their wallet does the list of contacts [W13]', async () => {
    const { path, walletId } = await wallet();
    const [mine, other] = [await town.customer(), await town.customer()];
    await add(path, [mine.contactId]);
    const ids = await town.ids('agent', { walletId });
    expect(ids).toEqual([mine.conversationId]);
    expect(await town.ids('agent', { walletId, view: 'mine' })).toEqual([]);
    await town.assign(mine.conversationId, 'ana');
    expect(await town.ids('agent', { walletId, view: 'mine' })).toEqual([mine.conversationId]);
    expect(await town.ids('limited', { walletId })).toEqual([]);
    expect(await town.ids('agent')).toContain(other.conversationId);
  });
});

describe('routing by code', () => {
  const route = (body: Json, call?: Call): Promise<Answer> =>
    door.call('integration', 'POST', '/v1/wallets/route', body, call);
  const assignee = async (conversationId: string): Promise<string | null> =>
    (await town.row(conversationId)).assigneeId;

  it('said again with its key is answered as at first, whoever has the code since [W2 W14]', async () => {
    const { contactId } = await town.contact();
    const { path, code, walletId } = await wallet({ code: { generate: true } });
    const key = randomUUID();
    const routed = await route({ code, contactId }, { key });
    expect(routed.body).toEqual({ walletId });
    await town.does('supervisor', 'POST', `${path}/archive`, {});
    const archived = await route({ code, contactId }, { key });
    expect([archived.status, archived.text]).toEqual([200, routed.text]);
    const heir = await wallet({ code });
    const before = await door.head();
    expect((await route({ code, contactId }, { key })).text).toBe(routed.text);
    expect(await typesSince(before)).toEqual([]);
    expect((await route({ code, contactId })).body).toEqual({ walletId: heir.walletId });
  });

  it('adds the contact, and assigns nobody by default [W2] [wallet.onCode=addContact]', async () => {
    const { walletId, code, path } = await wallet({ code: { generate: true }, responsibleId: 'bia' });
    const { contactId, conversationId } = await town.customer();
    const before = await door.head();
    expect((await route({ code, contactId, conversationId })).body).toEqual({ walletId });
    expect(await contactsOf(path)).toEqual([contactId]);
    expect(await assignee(conversationId)).toBeNull();
    expect((await door.facts(before)).map(({ type, data }) => [type, data['via']])).toEqual([
      ['WalletContactAdded', 'routing_code'],
    ]);
    expect((await route({ code, contactId })).body).toEqual({ walletId });
  });

  it('answers clearly what it does not know: code, contact, conversation [W2]', async () => {
    const { code } = await wallet({ code: { generate: true } });
    const [one, other] = [await town.customer(), await town.customer()];
    const before = await door.head();
    const unknown = await route({ code: 'NO-SUCH', contactId: one.contactId });
    expect([unknown.status, unknown.code]).toEqual([404, 'wallet-code-unknown']);
    for (const body of [
      { code, contactId: NOWHERE },
      { code, contactId: one.contactId, conversationId: other.conversationId },
    ]) {
      expect((await route(body)).code).toBe('not-found');
    }
    expect(await door.head()).toBe(before);
  });

  it('does nothing for a blocked contact [W2 R5]', async () => {
    const { code } = await wallet({ code: { generate: true } });
    const { contactId, conversationId } = await town.customer();
    await town.block(contactId);
    const before = await door.head();
    const refused = await route({ code, contactId, conversationId });
    expect([refused.status, refused.code]).toEqual([409, 'contact-blocked']);
    expect(await door.head()).toBe(before);
  });

  it('assigns to the responsible where the tenant wants that, and never replaces an assignee [W2 B21 I6] [wallet.onCode=addAndAssignResponsible]', async () => {
    await town.set('wallet.onCode', 'addAndAssignResponsible');
    const { walletId, code, path } = await wallet({ code: { generate: true }, responsibleId: 'bia' });
    const { contactId, conversationId } = await town.customer();
    const key = randomUUID();
    const routed = await route({ code, contactId, conversationId }, { key });
    expect(routed.body).toEqual({ walletId, assigneeId: 'bia' });
    expect(await shown(`/v1/conversations/${conversationId}/assignments`)).toMatchObject({
      items: [{ assignmentNo: 1, assigneeId: 'bia', method: 'wallet' }],
    });
    const fact = (await door.facts()).findLast(({ type }) => type === 'ConversationAssigned');
    expect(fact?.data).toMatchObject({ method: 'wallet', walletId, conversationId });
    // Said again it is theirs already; with another's conversation nothing is assigned.
    expect((await route({ code, contactId, conversationId })).body).toEqual({ walletId, assigneeId: 'bia' });
    const taken = await town.customer();
    await town.assign(taken.conversationId, 'ana');
    expect((await route({ code, contactId: taken.contactId, conversationId: taken.conversationId })).body).toEqual({
      walletId,
    });
    expect(await assignee(taken.conversationId)).toBe('ana');
    // A new responsible changes no running assignment, and the repeat answers as at first.
    await town.does('supervisor', 'PUT', `${path}/responsible`, { staffId: 'ana' });
    await town.block(contactId);
    const before = await door.head();
    expect((await route({ code, contactId, conversationId }, { key })).text).toBe(routed.text);
    expect(await door.head()).toBe(before);
    await town.set('wallet.onCode', 'addContact');
  });

  it('assigns nobody without a responsible who works here, nor out of hours unless the tenant wants that [W2 W3] [wallet.outOfHours=unassigned,assignAnyway]', async () => {
    await town.set('wallet.onCode', 'addAndAssignResponsible');
    await town.does('admin', 'POST', '/v1/staff', {
      staffId: 'leaver',
      name: 'L',
      role: 'agent',
      conversationAccess: 'all',
    });
    const left = await wallet({ code: { generate: true }, responsibleId: 'leaver' });
    await town.does('admin', 'POST', '/v1/staff/leaver/deactivate', {});
    const closed = await wallet({
      code: { generate: true },
      responsibleId: 'bia',
      hours: { timeZone: 'UTC', weekly: {} },
    });
    const { contactId, conversationId } = await town.customer();
    for (const { code, walletId } of [left, closed]) {
      expect((await route({ code, contactId, conversationId })).body).toEqual({ walletId });
    }
    expect(await assignee(conversationId)).toBeNull();
    await town.set('wallet.outOfHours', 'assignAnyway');
    expect((await route({ code: closed.code, contactId, conversationId })).body).toEqual({
      walletId: closed.walletId,
      assigneeId: 'bia',
    });
    await town.set('wallet.outOfHours', 'unassigned');
    await town.set('wallet.onCode', 'addContact');
  });
});

it('the read models of wallets are the same built anew [W5 R13]', async () => {
  const before = [await shown('/v1/wallets?limit=200'), await shown('/v1/contacts?limit=200')];
  for (const name of ['wallets', 'wallet_contacts']) {
    expect(await door.rebuild(name)).toMatchObject({ phase: 'done', error: null, result: { equal: true } });
  }
  expect([await shown('/v1/wallets?limit=200'), await shown('/v1/contacts?limit=200')]).toEqual(before);
});
