// Said twice, stored once: the same key gives the first answer again. And which refusal is told when several hold.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { clock, NOWHERE, openDoor, type Answer, type Door, type Who } from './door.js';
import { methodOf, routes, type Made, type Route } from './routes.js';
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

const storing = routes.filter(({ stores }) => stores === true).map((route) => [route.route, route] as const);
const able = ({ roles, told = {} }: Route): Who => roles.find((role) => told[role] === undefined) ?? 'admin';
const ask = (route: Route, made: Made, more: Parameters<Door['call']>[4]): Promise<Answer> =>
  door.call(able(route), methodOf(route), made.path, made.body, {
    ...more,
    headers: route.route.endsWith('/batch') ? { 'content-type': 'application/x-ndjson' } : {},
  });

describe('the same key with the same body', () => {
  it.each(storing)('gives the first answer of %s again, and stores nothing', async (_name, route) => {
    const made = await route.make(town);
    const key = randomUUID();
    const before = await door.stored();
    const first = await ask(route, made, { key });
    expect([first.status, first.text]).toEqual([route.status ?? 200, expect.any(String)]);
    const stored = await door.stored();
    expect(stored).not.toBe(before);
    // Later, from another clock, in upper case: the command is the same.
    clock.pass(3_600_000);
    for (const again of [key, key.toUpperCase()]) {
      const repeat = await ask(route, made, { key: again });
      expect([repeat.status, repeat.text, repeat.etag]).toEqual([first.status, first.text, first.etag]);
      expect(repeat.headers.get('consistency-token')).not.toBeNull();
    }
    expect(await door.stored()).toBe(stored);
  });

  it.each(storing)('gives the first answer of %s again when it stands behind the times', async (_name, route) => {
    if (route.route.endsWith('/batch') || route.route.startsWith('POST /v1/staff ')) return;
    const made = await route.make(town);
    const key = randomUUID();
    const first = await ask(route, made, { key });
    // Others have changed the same thing since.
    const other: Made = made.other === undefined ? made : { ...made, body: made.other };
    await ask(route, other, { key: randomUUID() });
    const stored = await door.stored();
    const repeat = await ask(route, made, { key });
    expect([repeat.status, repeat.text, repeat.etag]).toEqual([first.status, first.text, first.etag]);
    expect(await door.stored()).toBe(stored);
  });

  it('is answered before one asks whether the caller still sees the thing', async () => {
    const { conversationId } = await town.customer();
    await town.assign(conversationId, 'lia');
    const key = randomUUID();
    const path = `/v1/conversations/${conversationId}/assign`;
    const first = await door.call('limited', 'POST', path, { assigneeId: 'bia' }, { key });
    expect(first.status).toBe(200);
    expect((await door.call('limited', 'POST', path, { assigneeId: 'bia' })).status).toBe(404);
    const repeat = await door.call('limited', 'POST', path, { assigneeId: 'bia' }, { key });
    expect([repeat.status, repeat.text, repeat.etag]).toEqual([first.status, first.text, first.etag]);
  });

  it('starts a conversation once, whatever became of its address and its starter', async () => {
    const { contactId, identityId } = await town.contact();
    const key = randomUUID();
    const start = (): Promise<Answer> =>
      door.call('agent', 'POST', '/v1/conversations', { contactId, channel: 'sms' }, { key });
    const first = await start();
    expect(first.status).toBe(201);
    await town.does('admin', 'DELETE', `/v1/contacts/${contactId}/identities/${identityId}`);
    const repeat = await start();
    expect([repeat.status, repeat.text, repeat.etag]).toEqual([first.status, first.text, first.etag]);
  });

  it('is another command on another thing', async () => {
    const [one, other] = [await town.customer(), await town.customer()];
    const key = randomUUID();
    for (const { contactId } of [one, other]) {
      const answer = await door.call('agent', 'POST', `/v1/contacts/${contactId}/block`, { confirm: true }, { key });
      expect([answer.status, answer.body.alreadyBlocked]).toEqual([200, false]);
    }
  });

  it('decides anew what stored nothing: a refusal, and what was so already', async () => {
    const { conversationId } = await town.customer();
    await town.assign(conversationId, 'bia');
    const key = randomUUID();
    const claim = (): Promise<Answer> =>
      door.call('agent', 'POST', `/v1/conversations/${conversationId}/assign-to-me`, {}, { key });
    expect((await claim()).code).toBe('already-assigned');
    await town.does('agent', 'POST', `/v1/conversations/${conversationId}/unassign`, {});
    expect((await claim()).body).toEqual({ assigneeId: 'ana', assignmentNo: 2 });
  });
});

describe('the same key', () => {
  it.each(storing.filter(([name]) => !name.endsWith('/batch')))(
    'with another body, or on another route of the thing, is refused: %s',
    async (_name, route) => {
      const made = await route.make(town);
      const key = randomUUID();
      expect((await ask(route, made, { key })).status).toBe(route.status ?? 200);
      const stored = await door.stored();
      if (made.other !== undefined && !['POST /v1/staff', 'POST /v1/conversations'].includes(route.route)) {
        const reused = await ask(route, { ...made, body: made.other }, { key });
        expect([reused.status, reused.code]).toEqual([422, 'idempotency-key-reused']);
      }
      const conversation = /\/v1\/conversations\/[0-9a-f-]{36}/.exec(made.path)?.[0];
      const contact = /\/v1\/contacts\/[0-9a-f-]{36}/.exec(made.path)?.[0];
      const elsewhere: readonly [Who, string, string, object] | null =
        conversation !== undefined && !made.path.endsWith('/read')
          ? ['admin', 'POST', `${conversation}/${made.path.endsWith('/conclude') ? 'unassign' : 'conclude'}`, {}]
          : contact !== undefined
            ? ['admin', 'PATCH', contact, { displayName: 'Reused' }]
            : null;
      if (elsewhere !== null) {
        const [who, method, path, body] = elsewhere;
        const reused = await door.call(who, method, path, body, { key });
        expect([reused.status, reused.code]).toEqual([422, 'idempotency-key-reused']);
      }
      expect(await door.stored()).toBe(stored);
    },
  );
});

describe('If-Match', () => {
  const withRevision = storing.filter(
    ([, route]) =>
      route.about !== 'nothing' && route.route.includes('{') && !route.route.startsWith('POST /v1/messages/'),
  );

  it.each(withRevision)(
    'that is stale refuses %s, and stores nothing; the present one passes',
    async (_name, route) => {
      const made = await route.make(town);
      const before = await door.stored();
      const stale = await ask(route, made, { ifMatch: '"99"' });
      expect([stale.status, stale.code]).toEqual([412, 'revision-stale']);
      expect(await door.stored()).toBe(before);
    },
  );

  it('of a row is that of its stream', async () => {
    const { conversationId, contactId } = await town.customer();
    const row = await door.get('agent', `/v1/conversations/${conversationId}`);
    const claimed = await door.call(
      'agent',
      'POST',
      `/v1/conversations/${conversationId}/assign-to-me`,
      {},
      { ifMatch: row.etag ?? '' },
    );
    expect(claimed.status).toBe(200);
    const again = await door.call(
      'agent',
      'POST',
      `/v1/conversations/${conversationId}/unassign`,
      {},
      { ifMatch: row.etag ?? '' },
    );
    expect(again.code).toBe('revision-stale');
    expect((await door.get('agent', `/v1/conversations/${conversationId}`)).etag).toBe(claimed.etag);
    const card = await door.get('agent', `/v1/contacts/${contactId}`);
    const edited = await door.call(
      'agent',
      'PATCH',
      `/v1/contacts/${contactId}`,
      { addTags: ['x'] },
      { ifMatch: card.etag ?? '' },
    );
    expect(edited.status).toBe(200);
    expect((await door.get('agent', `/v1/contacts/${contactId}`)).etag).toBe(edited.etag);
  });
});

describe('of several refusals', () => {
  const stale = { ifMatch: '"99"' };

  it('the role comes before the body, the body before the object, the object before the key, the key before the revision, the revision before conflicts', async () => {
    const { conversationId, contactId } = await town.customer();
    await town.assign(conversationId, 'bia');
    const path = `/v1/conversations/${conversationId}`;
    const told = async (who: Who, target: string, body: unknown, more: object): Promise<unknown> => {
      const { status, code } = await door.call(who, 'POST', target, body, more);
      return [status, code];
    };
    expect(await told('auditor', `${path}/assign-to-me`, { surplus: 1 }, stale)).toEqual([403, 'forbidden']);
    expect(await told('limited', `${path}/assign`, { surplus: 1 }, stale)).toEqual([400, 'invalid-request']);
    expect(await told('limited', `${path}/assign-to-me`, {}, stale)).toEqual([404, 'not-found']);
    expect(await told('agent', `/v1/conversations/${NOWHERE}/assign-to-me`, {}, stale)).toEqual([404, 'not-found']);
    expect(await told('agent', `/v1/contacts/${NOWHERE}/block`, { confirm: true }, stale)).toEqual([404, 'not-found']);
    expect(await told('agent', `/v1/contacts/${contactId}/block`, {}, stale)).toEqual([422, 'confirmation-required']);
    expect(await told('agent', `/v1/contacts/${contactId}/block`, { confirm: true }, stale)).toEqual([
      412,
      'revision-stale',
    ]);
    expect(await told('agent', `/v1/contacts/${contactId}/unblock`, { requestedBy: 'customer' }, stale)).toEqual([
      403,
      'administrator-required',
    ]);
    expect(await told('admin', `/v1/contacts/${contactId}/unblock`, { requestedBy: 'customer' }, stale)).toEqual([
      422,
      'confirmation-required',
    ]);
    expect(
      await told('admin', `/v1/contacts/${contactId}/unblock`, { confirm: true, requestedBy: 'customer' }, stale),
    ).toEqual([412, 'revision-stale']);
    expect(await told('agent', `${path}/assign-to-me`, {}, stale)).toEqual([412, 'revision-stale']);
    expect(await told('agent', `${path}/assign-to-me`, {}, {})).toEqual([409, 'already-assigned']);
    const key = randomUUID();
    await door.call('agent', 'POST', `${path}/unassign`, {}, { key });
    expect(await told('agent', `${path}/assign-to-me`, {}, { key, ...stale })).toEqual([422, 'idempotency-key-reused']);
    await town.block(contactId);
    expect(await told('agent', `${path}/assign`, { assigneeId: 'gone', expectedAssigneeId: 'ana' }, {})).toEqual([
      409,
      'contact-blocked',
    ]);
    expect(await told('agent', `${path}/assign`, { assigneeId: 'gone', expectedAssigneeId: 'ana' }, stale)).toEqual([
      412,
      'revision-stale',
    ]);
  });

  it('a notice whose block would be refused is not sent', async () => {
    const { contactId, conversationId } = await town.customer();
    const before = await door.head();
    const body = { confirm: true, notice: { text: 'Bye' } };
    expect((await door.call('agent', 'POST', `/v1/contacts/${contactId}/block`, body, stale)).code).toBe(
      'revision-stale',
    );
    expect((await door.call('agent', 'POST', `/v1/contacts/${contactId}/block`, { notice: body.notice })).code).toBe(
      'confirmation-required',
    );
    const silent = await town.contact();
    const nowhere = await door.call('agent', 'POST', `/v1/contacts/${silent.contactId}/block`, body);
    expect([nowhere.status, nowhere.code]).toEqual([422, 'notice-impossible']);
    // Policies may still be about the stories before this one.
    const own = [contactId, conversationId, silent.contactId];
    expect(
      (await door.facts(before))
        .filter(({ stream }) => own.some((id) => stream.endsWith(id)))
        .map(({ type }) => type)
        .filter((type) => type !== 'ContactRegistered' && type !== 'IdentityClaimed'),
    ).toEqual([]);
  });

  it('a registration that expects a revision is stale, and claims no address', async () => {
    const body = { displayName: 'Nuno', identities: [{ kind: 'email', value: 'nuno.stale@example.org' }] };
    const before = await door.head();
    expect((await door.call('agent', 'POST', '/v1/contacts', body, stale)).code).toBe('revision-stale');
    expect((await door.facts(before)).map(({ type }) => type)).toEqual([]);
    expect((await door.call('agent', 'POST', '/v1/contacts', body)).status).toBe(201);
  });
});
