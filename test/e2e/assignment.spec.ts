// Whose conversation it is, who sees it, and when automation is silent: acceptance 5 to 7, and the rows of requirements B.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clock, openDoor, type Door, type Json, type Who } from './door.js';
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

const path = (conversationId: string): string => `/v1/conversations/${conversationId}`;

describe('acceptance', () => {
  it('5: of fifty simultaneous claims one wins and the others are told who won [B1 B7 B8]', async () => {
    const crowd = Array.from({ length: 50 }, (_, n) => `agent-${String(n)}`);
    for (const staffId of crowd) {
      await town.does('admin', 'POST', '/v1/staff', {
        staffId,
        name: staffId,
        role: 'agent',
        conversationAccess: 'all',
      });
    }
    const { conversationId } = await town.customer();
    const { signed, TENANT } = await import('./door.js');
    const bearers = await Promise.all(crowd.map((sub) => signed({ sub, tenant: TENANT })));
    let answers: readonly Json[] = [];
    const added = await door.added(async () => {
      answers = await Promise.all(
        bearers.map((bearer) => door.call({ bearer }, 'POST', `${path(conversationId)}/assign-to-me`, {})),
      );
    });
    expect(added).toEqual(['ConversationAssigned']);
    const won = answers.filter(({ status }) => status === 200);
    const lost = answers.filter(({ status }) => status === 409);
    expect([won.length, lost.length]).toEqual([1, 49]);
    const { assigneeId, assignmentNo } = won[0].body;
    expect(assignmentNo).toBe(1);
    expect(new Set(lost.map(({ code }) => code as string))).toEqual(new Set(['already-assigned']));
    expect(new Set(lost.map(({ body }) => body.assigneeId as string))).toEqual(new Set([assigneeId]));
    expect(await town.row(conversationId)).toMatchObject({ assigneeId });
  });

  it('6: only the assignee\u2019s first message engages and pauses [B15 B16 B17 B18]', async () => {
    const { conversationId } = await town.customer();
    await town.assign(conversationId, 'bia');
    expect(await town.row(conversationId)).toMatchObject({ assigneeId: 'bia', automation: 'running' });
    const byAnother = await door.added(async () => {
      expect(await town.sends('agent', conversationId)).toMatchObject({ engaged: false, automation: 'running' });
    });
    expect(byAnother).toEqual(['MessageSendRequested']);
    expect(await town.row(conversationId)).toMatchObject({ assigneeId: 'bia', automation: 'running' });
    const first = await door.added(async () => {
      expect(await town.sends('colleague', conversationId)).toMatchObject({ engaged: true, automation: 'paused' });
    });
    expect(first).toEqual(['MessageSendRequested', 'AssigneeEngaged', 'AutomationPaused']);
    const second = await door.added(async () => {
      expect(await town.sends('colleague', conversationId)).toMatchObject({ engaged: true, automation: 'paused' });
    });
    expect(second).toEqual(['MessageSendRequested']);
    const { items } = (await door.get('agent', `${path(conversationId)}/assignments`)).body;
    expect(items).toMatchObject([
      { assignmentNo: 1, assigneeId: 'bia', assignedBy: 'ana', engagedAt: expect.any(String), endedAt: null },
    ]);
    const bot = await door.call('integration', 'POST', `${path(conversationId)}/messages`, {
      content: { text: 'May I help?' },
    });
    expect([bot.status, bot.code]).toEqual([409, 'automation-paused']);
  });

  it('7: an assigned-only agent who gives a conversation away loses every sight of it [B10 B13 B14]', async () => {
    const { conversationId, contactId } = await town.customer();
    const mine = async (): Promise<Json> => (await door.get('limited', '/v1/conversations/counts')).body;
    const before = await mine();
    await town.assign(conversationId, 'lia');
    expect(await town.ids('limited')).toContain(conversationId);
    expect((await mine()).mine.open).toBe(Number(before.mine.open) + 1);
    expect(await town.row(conversationId, 'limited')).toMatchObject({ assigneeId: 'lia' });
    await town.assign(conversationId, 'bia', { expectedAssigneeId: 'lia', note: 'knows her' }, 'limited');
    for (const query of [
      {},
      { view: 'mine' },
      { view: 'unassigned' },
      { status: 'open' },
      { search: 'Maria' },
    ] as const) {
      expect(await town.ids('limited', query)).not.toContain(conversationId);
    }
    expect(await mine()).toEqual(before);
    for (const gone of [
      path(conversationId),
      `${path(conversationId)}/timeline`,
      `${path(conversationId)}/assignments`,
      `/v1/contacts/${contactId}`,
    ]) {
      expect([gone, (await door.get('limited', gone)).status]).toEqual([gone, 404]);
    }
    expect(await town.ids('colleague', { view: 'mine' })).toContain(conversationId);
    expect(await town.ids('agent')).toContain(conversationId);
  });
});

describe('the lists', () => {
  it('hold all conversations, most recent first and in a stable order, and mine and the unassigned are parts of it [B2 B3 B4 B5]', async () => {
    const times = ['09:00', '09:10', '09:10', '09:20'];
    for (const [index, time] of times.entries()) {
      clock.at(time);
      const { conversationId } = await town.customer();
      if (index % 2 === 0) await town.does('supervisor', 'POST', `${path(conversationId)}/assign-to-me`, {});
    }
    clock.at('12:00');
    const { body } = await door.get('supervisor', '/v1/conversations?limit=200');
    const all = body.items as Json[];
    const sorted = all.toSorted((a, b) =>
      a.lastDisplayedAt === b.lastDisplayedAt
        ? a.conversationId < b.conversationId
          ? 1
          : -1
        : a.lastDisplayedAt < b.lastDisplayedAt
          ? 1
          : -1,
    );
    expect(all).toEqual(sorted);
    const idsOf = (rows: readonly Json[]): readonly string[] => rows.map((row) => row.conversationId as string);
    expect(await town.ids('supervisor', { view: 'mine' })).toEqual(
      idsOf(all.filter((row) => row.assigneeId === 'sol')),
    );
    expect(await town.ids('supervisor', { view: 'unassigned' })).toEqual(
      idsOf(all.filter((row) => row.assigneeId === null)),
    );
    expect(idsOf(all.filter((row) => row.assigneeId === 'sol'))).toHaveLength(2);
    const paged: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Json = (
        await door.get('supervisor', `/v1/conversations?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
      ).body;
      paged.push(...idsOf(page.items as Json[]));
      cursor = page.nextCursor;
    }
    expect(paged).toEqual(idsOf(all));
  });

  it('count what they hold, for everybody [B3 B4 B5 B11 B14]', async () => {
    const { conversationId } = await town.customer();
    await town.does('agent', 'POST', `${path(conversationId)}/conclude`, {});
    for (const who of [
      'agent',
      'colleague',
      'limited',
      'claimer',
      'supervisor',
      'admin',
      'auditor',
      'integration',
    ] as const) {
      const counts: Json = {};
      for (const view of ['all', 'mine', 'unassigned'] as const) {
        counts[view] = {};
        for (const status of ['open', 'concluded'] as const)
          counts[view][status] = (await town.ids(who, { view, status })).length;
      }
      expect([who, (await door.get(who, '/v1/conversations/counts')).body]).toEqual([who, counts]);
    }
    const { items } = (await door.get('agent', '/v1/conversations?view=unassigned&limit=200')).body;
    expect(new Set((items as Json[]).map((row) => row.status as string))).toEqual(new Set(['open', 'concluded']));
  });

  it('show a conversation with the card of its contact [B6]', async () => {
    const { conversationId, contactId, phone } = await town.customer();
    await town.does('agent', 'PATCH', `/v1/contacts/${contactId}`, { displayName: 'Joana', addTags: ['vip'] });
    const row = await town.row(conversationId);
    expect(row).toMatchObject({
      contactId,
      contactName: 'Joana',
      channel: 'whatsapp',
      status: 'open',
      automation: 'running',
      unread: 1,
      contactBlocked: false,
    });
    expect(await town.card(row.contactId)).toEqual({
      contactId,
      displayName: 'Joana',
      tags: ['vip'],
      identities: [{ identityId: expect.any(String), kind: 'whatsapp', value: phone, verified: true }],
      block: null,
      consents: Object.fromEntries(
        ['whatsapp', 'viber', 'sms', 'email'].map((channel) => [channel, { state: 'unset', source: null, at: null }]),
      ),
      wallets: [],
      conversations: [{ conversationId, channel: 'whatsapp', status: 'open', assigneeId: null }],
    });
  });

  it('forget what was read, for the reader alone', async () => {
    const { conversationId, phone } = await town.customer();
    await town.writes(phone, 'second');
    expect((await town.row(conversationId)).unread).toBe(2);
    expect(await town.does('agent', 'POST', `${path(conversationId)}/read`, { upToOrdinal: 1 })).toEqual({
      upToOrdinal: 1,
    });
    expect((await town.row(conversationId)).unread).toBe(1);
    expect(await town.does('agent', 'POST', `${path(conversationId)}/read`, { upToOrdinal: 99 })).toEqual({
      upToOrdinal: 2,
    });
    expect((await town.row(conversationId)).unread).toBe(0);
    expect((await town.row(conversationId, 'colleague')).unread).toBe(2);
  });
});

describe('an assignment', () => {
  it('is made to a colleague of the active members, with a note, and its history is kept [B1 B9 B10 B22 B24]', async () => {
    const { conversationId } = await town.customer();
    const members = ((await door.get('agent', '/v1/staff?limit=200')).body.items as Json[]).filter((one) => one.active);
    expect(members.map((one) => one.staffId as string)).toEqual(
      expect.arrayContaining(['ana', 'bia', 'lia', 'caio', 'sol', 'adm']),
    );
    expect(members.map((one) => one.staffId as string)).not.toContain('gone');
    expect(await town.does('agent', 'POST', `${path(conversationId)}/assign-to-me`, {})).toEqual({
      assigneeId: 'ana',
      assignmentNo: 1,
    });
    expect(await town.does('agent', 'POST', `${path(conversationId)}/assign-to-me`, {})).toEqual({
      assigneeId: 'ana',
      assignmentNo: 1,
    });
    expect(await town.assign(conversationId, 'bia', { note: 'speaks Danish' })).toEqual({
      assigneeId: 'bia',
      assignmentNo: 2,
    });
    expect(await town.ids('agent', { view: 'mine' })).not.toContain(conversationId);
    expect(await town.ids('colleague', { view: 'mine' })).toContain(conversationId);
    expect(await town.ids('agent', { view: 'all' })).toContain(conversationId);
    for (const assigneeId of ['gone', 'nobody', 'gateway']) {
      const refused = await door.call('agent', 'POST', `${path(conversationId)}/assign`, { assigneeId });
      expect([refused.status, refused.code]).toEqual([409, 'assignee-not-eligible']);
    }
    const changed = await door.call('agent', 'POST', `${path(conversationId)}/assign`, {
      assigneeId: 'ana',
      expectedAssigneeId: null,
    });
    expect([changed.status, changed.code, changed.body.assigneeId]).toEqual([409, 'assignee-changed', 'bia']);
    await town.does('agent', 'POST', `${path(conversationId)}/unassign`, {});
    const { items } = (await door.get('agent', `${path(conversationId)}/assignments`)).body;
    expect(items).toMatchObject([
      {
        assignmentNo: 1,
        assigneeId: 'ana',
        assignedBy: 'ana',
        method: 'self',
        endedAt: expect.any(String),
        note: null,
      },
      {
        assignmentNo: 2,
        assigneeId: 'bia',
        assignedBy: 'ana',
        method: 'colleague',
        endReason: 'manual',
        note: 'speaks Danish',
      },
    ]);
    expect((await town.row(conversationId)).assigneeId).toBeNull();
  });

  it('may be claimed by whoever reads the unassigned before, and not by whoever does not [B12 B13 B14]', async () => {
    const { conversationId } = await town.customer();
    expect(await town.texts(conversationId, 'claimer')).toEqual(['Oi']);
    expect((await door.call('limited', 'POST', `${path(conversationId)}/assign-to-me`, {})).status).toBe(404);
    expect(await town.does('claimer', 'POST', `${path(conversationId)}/assign-to-me`, {})).toMatchObject({
      assigneeId: 'caio',
    });
  });

  it('ends with the conclusion, which carries an outcome and gives automation its voice back [B18 B19 B20 B21 B23]', async () => {
    const { conversationId, phone } = await town.customer();
    await town.assign(conversationId, 'bia');
    await town.sends('colleague', conversationId);
    const before = await door.head();
    const concluded = await town.does('colleague', 'POST', `${path(conversationId)}/conclude`, { outcome: 'sale.won' });
    expect(concluded).toEqual({ conversationId, status: 'concluded', assigneeId: null, automation: 'running' });
    const facts = await door.facts(before);
    expect(facts.map(({ type }) => type)).toEqual([
      'ConversationConcluded',
      'AutomationResumed',
      'ConversationUnassigned',
    ]);
    expect(facts[0]?.data).toMatchObject({
      by: 'bia',
      assigneeAtConclusion: 'bia',
      outcome: 'sale.won',
      cause: 'agent',
    });
    expect(await town.row(conversationId)).toMatchObject({
      status: 'concluded',
      assigneeId: null,
      automation: 'running',
    });
    expect(await town.does('claimer', 'POST', `${path(conversationId)}/assign-to-me`, {})).toMatchObject({
      assigneeId: 'caio',
      assignmentNo: 2,
    });
    await town.assign(conversationId, 'ana');
    await town.writes(phone, 'one more thing');
    expect(await town.row(conversationId)).toMatchObject({
      status: 'open',
      sessionNo: 2,
      assigneeId: 'ana',
      automation: 'running',
    });
  });

  it('is released when the colleague leaves, at once for the door and soon for the rows [B9 B22]', async () => {
    await town.does('admin', 'POST', '/v1/staff', {
      staffId: 'leaver',
      name: 'Leo',
      role: 'agent',
      conversationAccess: 'all',
    });
    const { conversationId } = await town.customer();
    await town.assign(conversationId, 'leaver');
    await town.does('admin', 'POST', '/v1/staff/leaver/deactivate', {});
    const refused = await door.call('agent', 'POST', `${path(conversationId)}/assign`, { assigneeId: 'leaver' });
    expect(refused.code).toBe('assignee-not-eligible');
    // A policy's act has no token: the facts are asked until it stands.
    const released = async (): Promise<boolean> =>
      (await door.facts()).some(
        ({ type, stream, data }) =>
          type === 'ConversationUnassigned' &&
          stream.endsWith(conversationId) &&
          data['reason'] === 'staff_deactivated',
      );
    while (!(await released())) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await door.call('agent', 'POST', `${path(conversationId)}/assign-to-me`, {})).body).toMatchObject({
      assigneeId: 'ana',
      assignmentNo: 2,
    });
  });
});

describe('limited access', () => {
  const others = new Set<string>();
  const own = new Set<string>();
  const free = new Set<string>();
  beforeAll(async () => {
    for (const [set, assignee] of [
      [own, 'lia'],
      [own, 'caio'],
      [others, 'bia'],
      [free, null],
    ] as const) {
      const { conversationId } = await town.customer();
      if (assignee !== null) await town.assign(conversationId, assignee);
      set.add(conversationId);
    }
  });

  const contactOf = async (conversationId: string): Promise<string> =>
    (await town.row(conversationId, 'admin')).contactId;

  it.each([
    ['limited', 'lia'],
    ['claimer', 'caio'],
  ] as const)(
    'of %s holds in lists, counts, search, single reads, timeline, contacts and commands [B13 B14]',
    async (who: Who, staffId: string) => {
      const everything = (await door.get('admin', '/v1/conversations?limit=200')).body.items as Json[];
      const visible = everything.filter(
        (row) => row.assigneeId === staffId || (who === 'claimer' && row.assigneeId === null),
      );
      const visibleIds = visible.map((row) => row.conversationId as string);
      expect(visibleIds.length).toBeGreaterThan(0);
      expect(visibleIds.length).toBeLessThan(everything.length);
      expect(await town.ids(who)).toEqual(visibleIds);
      expect(await town.ids(who, { search: 'Maria' })).toEqual(
        visible.filter((row) => String(row.contactName).includes('Maria')).map((row) => row.conversationId as string),
      );
      expect((await door.get(who, '/v1/conversations/counts')).body.all).toEqual({
        open: visible.filter((row) => row.status === 'open').length,
        concluded: visible.filter((row) => row.status === 'concluded').length,
      });
      const contacts = (await door.get(who, '/v1/contacts?limit=200')).body.items as Json[];
      expect(new Set(contacts.map((row) => row.contactId as string))).toEqual(
        new Set(visible.map((row) => row.contactId as string)),
      );

      for (const conversationId of [...others, ...(who === 'limited' ? free : [])]) {
        const contactId = await contactOf(conversationId);
        const reads = [
          path(conversationId),
          `${path(conversationId)}/timeline`,
          `${path(conversationId)}/assignments`,
          `/v1/contacts/${contactId}`,
        ];
        for (const read of reads) expect([read, (await door.get(who, read)).code]).toEqual([read, 'not-found']);
        expect(
          (await door.get(who, `/v1/contacts?search=${encodeURIComponent('Maria')}&limit=200`)).text,
        ).not.toContain(contactId);
        const commands: readonly (readonly [string, string, object])[] = [
          ['POST', `${path(conversationId)}/messages`, { content: { text: 'Hello' } }],
          ['POST', `${path(conversationId)}/assign-to-me`, {}],
          ['POST', `${path(conversationId)}/assign`, { assigneeId: staffId }],
          ['POST', `${path(conversationId)}/unassign`, {}],
          ['POST', `${path(conversationId)}/conclude`, {}],
          ['POST', `${path(conversationId)}/reopen`, {}],
          ['POST', `${path(conversationId)}/automation/pause`, {}],
          ['POST', `${path(conversationId)}/automation/resume`, {}],
          ['POST', `${path(conversationId)}/read`, { upToOrdinal: 1 }],
          ['POST', '/v1/conversations', { contactId, channel: 'whatsapp' }],
          ['PATCH', `/v1/contacts/${contactId}`, { displayName: 'Mine now' }],
          ['POST', `/v1/contacts/${contactId}/identities`, { kind: 'email', value: 'a@example.org' }],
          ['POST', `/v1/contacts/${contactId}/block`, { confirm: true }],
          ['PATCH', `/v1/contacts/${contactId}/block`, { reasonCode: 'x' }],
          ['POST', `/v1/contacts/${contactId}/unblock`, { confirm: true, requestedBy: 'company' }],
        ];
        const added = await door.added(async () => {
          for (const [method, target, body] of commands) {
            const refused = await door.call(who, method, target, body);
            expect([method, target, refused.status]).toEqual([method, target, 404]);
          }
        });
        expect(added).toEqual([]);
      }
      const { code } = await door.call(who, 'POST', '/v1/contacts', { displayName: 'New' });
      expect(code).toBe('forbidden');
    },
  );

  it('shows the blocked contacts of one\u2019s own conversations only, in list and count [B14 R1]', async () => {
    const { contactId, conversationId } = await town.customer();
    const stranger = await town.customer();
    await town.assign(conversationId, 'lia');
    await town.set('conclude.release', 'keep');
    await town.block(contactId, {}, 'limited');
    await town.block(stranger.contactId);
    await town.set('conclude.release', 'onConclude');
    const listed = (await town.blocked('limited')).map((row) => row.contactId);
    expect(listed).toEqual([contactId]);
    expect((await door.get('limited', '/v1/blocked-contacts/count')).body).toEqual({ count: 1 });
    expect((await town.card(contactId, 'limited')).block).toMatchObject({ mayUnblock: false });
    expect((await town.blocked('agent')).map((row) => row.contactId)).toEqual(
      expect.arrayContaining([contactId, stranger.contactId]),
    );
  });

  it('is changed at once, for the next request [B13]', async () => {
    const { conversationId } = await town.customer();
    expect((await door.get('limited', path(conversationId))).status).toBe(404);
    await town.does('admin', 'PUT', '/v1/staff/lia/access', { conversationAccess: 'all' });
    expect((await door.get('limited', path(conversationId))).status).toBe(200);
    await town.does('admin', 'PUT', '/v1/staff/lia/access', { conversationAccess: 'assigned_only' });
    expect((await door.get('limited', path(conversationId))).status).toBe(404);
  });
});
