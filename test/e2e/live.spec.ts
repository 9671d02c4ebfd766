// What people are told of their lists as it happens, over HTTP.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeToken, encodeToken } from '#platform';
import { listen, type Listening } from '../fixtures/listening.js';
import { until } from '../fixtures/until.js';
import { clock, openDoor, signed, TENANT, tokenOf, type Door, type Who } from './door.js';
import { townOf, type Town } from './town.js';

let door: Door;
let town: Town;
const open: Listening[] = [];
beforeAll(async () => {
  clock.start('2026-03-10T08:00:00Z');
  door = await openDoor({ environment: { LIVE_HEARTBEAT_SECONDS: '1', LIVE_STREAMS_PER_TENANT: '8' } });
  town = townOf(door);
});
afterEach(async () => {
  for (const one of open.splice(0)) one.leave();
  await until(async () => (await streams()) === 0);
});
afterAll(async () => {
  await door.close();
  clock.stop();
});

const streams = async (): Promise<number> => {
  const { text } = await door.call({ bearer: null }, 'GET', '/metrics');
  return Number(/portaria_event_streams\{state="open"\} (\d+)/.exec(text)?.[1]);
};
const listening = async (
  who: Who | { readonly token: string },
  lastEventId: string | null = null,
  tenant = TENANT,
): Promise<Listening> => {
  const token = typeof who === 'string' ? await tokenOf(who, tenant) : who.token;
  const one = await listen(`${door.base}/v1/conversations/live`, token, { lastEventId });
  open.push(one);
  // From its place on nothing is missed.
  if (one.status === 200) await until(() => one.lastId() !== null || one.heard.length > 0);
  return one;
};
const about = (conversationId: string, change: 'changed' | 'gone') => (one: { readonly data: unknown }) =>
  JSON.stringify(one.data) === JSON.stringify({ conversationId, change });
/** Somebody who sees everything has heard of what is done now: so of all that was done before, and whoever was to hear of it as well. */
const told = async (witness: Listening, conversationId: string): Promise<void> => {
  const path = `/v1/conversations/${conversationId}/automation`;
  await town.does('agent', 'POST', `${path}/pause`, {});
  const { headers } = await door.call('agent', 'POST', `${path}/resume`, {});
  const place = decodeToken(headers.get('consistency-token') ?? '').position ?? '';
  await until(() =>
    witness.heard.some(
      ({ id, data }) =>
        data.conversationId === conversationId && id !== null && (decodeToken(id).position ?? '') >= place,
    ),
  );
};
const mentions = (one: Listening, conversationId: string): readonly string[] =>
  one.heard.filter(({ data }) => data.conversationId === conversationId).map(({ data }) => data.change as string);

describe('the live stream of conversations', () => {
  it('answers at once with the headers of a stream and a comment [B14]', async () => {
    const one = await listening('agent');
    expect([one.status, one.headers['content-type'], one.headers['cache-control']]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      'no-store',
    ]);
    expect(one.comments()).toBeGreaterThan(0);
  });

  it('tells whoever sees a conversation that it changed, and the row it tells of can be read [B2 B14]', async () => {
    const one = await listening('supervisor');
    const { conversationId } = await town.customer();
    const { id } = await one.hears(about(conversationId, 'changed'));
    const row = await door.call('supervisor', 'GET', `/v1/conversations/${conversationId}?wait=0&after=${id ?? ''}`);
    expect(row.status).toBe(200);
  });

  it('tells an assigned-only agent of their own rows alone, and of one transferred away that it is gone [B10 B13 B14]', async () => {
    const [lia, all] = [await listening('limited'), await listening('agent')];
    const [own, other] = [await town.customer(), await town.customer()];
    await town.assign(own.conversationId, 'lia');
    await lia.hears(about(own.conversationId, 'changed'));
    await town.assign(own.conversationId, 'bia');
    await lia.hears(about(own.conversationId, 'gone'));
    const after = mentions(lia, own.conversationId).length;
    await town.writes(own.phone, 'Still me');
    await told(all, other.conversationId);
    expect(mentions(lia, own.conversationId)).toHaveLength(after);
    expect(mentions(lia, other.conversationId)).toEqual([]);
    expect(mentions(all, own.conversationId)).not.toContain('gone');
  });

  it('tells those who see the unassigned that a colleague claimed one [B8 B14]', async () => {
    const caio = await listening('claimer');
    const { conversationId } = await town.customer();
    await caio.hears(about(conversationId, 'changed'));
    await town.does('colleague', 'POST', `/v1/conversations/${conversationId}/assign-to-me`, {});
    await caio.hears(about(conversationId, 'gone'));
  });

  it('tells of a block and of its end, for the row shows it, and of no message that was sent while blocked [R7 H12]', async () => {
    const one = await listening('agent');
    const [customer, other] = [await town.customer(), await town.customer()];
    await town.block(customer.contactId);
    await told(one, other.conversationId);
    const blocked = mentions(one, customer.conversationId).length;
    expect(blocked).toBeGreaterThan(0);
    await town.writes(customer.phone, 'Hidden');
    await told(one, other.conversationId);
    expect(mentions(one, customer.conversationId)).toHaveLength(blocked);
    await town.unblock(customer.contactId);
    await until(() => mentions(one, customer.conversationId).length > blocked);
  });

  it('tells of the conversation of another holder of the address, which the block covers too, and of no other [R4 R9 B14]', async () => {
    const one = await listening('agent');
    const [customer, other, last] = [await town.customer(), await town.customer(), await town.customer()];
    const { contactId } = await town.contact();
    await town.does('agent', 'POST', `/v1/contacts/${contactId}/identities`, { kind: 'sms', value: customer.phone });
    await town.does('admin', 'PUT', '/v1/settings/block.closeOpen', { value: false });
    await told(one, last.conversationId);
    const shown = async () => (await town.row(customer.conversationId)).contactBlocked;
    const count = () => [customer, other].map(({ conversationId }) => mentions(one, conversationId).length);
    const [before = 0, beside] = count();
    await town.block(contactId);
    expect(await shown()).toBe(true);
    await until(() => (count()[0] ?? 0) > before);
    const [blocked = 0] = count();
    await town.unblock(contactId);
    expect(await shown()).toBe(false);
    await until(() => (count()[0] ?? 0) > blocked);
    // A name stands in the rows of its own contact alone.
    const [unblocked] = count();
    await town.does('agent', 'PATCH', `/v1/contacts/${contactId}`, { displayName: 'Somebody' });
    await told(one, last.conversationId);
    expect(count()).toEqual([unblocked, beside]);
    await town.does('admin', 'PUT', '/v1/settings/block.closeOpen', { value: true });
  });

  it('tells a reader alone that they have read', async () => {
    const [ana, bia] = [await listening('agent'), await listening('colleague')];
    const [customer, other] = [await town.customer(), await town.customer()];
    await told(bia, other.conversationId);
    await told(ana, other.conversationId);
    const before = [ana, bia].map((one) => mentions(one, customer.conversationId).length);
    await town.does('agent', 'POST', `/v1/conversations/${customer.conversationId}/read`, { upToOrdinal: 1 });
    await told(bia, other.conversationId);
    await told(ana, other.conversationId);
    expect([ana, bia].map((one) => mentions(one, customer.conversationId).length)).toEqual([
      (before[0] ?? 0) + 1,
      before[1],
    ]);
  });

  it('tells another tenant nothing [B14]', async () => {
    const [theirs, ours] = [await listening('auditor', null, 'other'), await listening('auditor')];
    const { conversationId } = await town.customer();
    await ours.hears(about(conversationId, 'changed'));
    await told(ours, conversationId);
    expect(theirs.heard).toEqual([]);
  });

  it('goes on where a reader left off, with nothing missed [B14]', async () => {
    const first = await listening('supervisor');
    const before = await town.customer();
    await first.hears(about(before.conversationId, 'changed'));
    // What opened the conversation may be told of in two pieces: behind what comes now there is no more of it.
    const between = await town.customer();
    const { id } = await first.hears(about(between.conversationId, 'changed'));
    first.leave();
    const missed = await town.customer();
    const again = await listening('supervisor', id);
    await again.hears(about(missed.conversationId, 'changed'));
    expect(mentions(again, before.conversationId)).toEqual([]);
  });

  it('tells whoever comes back what is gone since', async () => {
    const { conversationId } = await town.customer();
    const first = await listening('limited');
    await town.assign(conversationId, 'lia');
    const { id } = await first.hears(about(conversationId, 'changed'));
    first.leave();
    await town.assign(conversationId, 'bia');
    await (await listening('limited', id)).hears(about(conversationId, 'gone'));
  });

  it.each([
    ['of another log', () => encodeToken({ logId: 'elsewhere', position: null })],
    ['that nobody can read', () => 'yesterday'],
  ])('asks whoever comes with a place %s to load the list anew', async (_what, place) => {
    const one = await listening('agent', place());
    await one.hears(({ event }) => event === 'reset');
    const { conversationId } = await town.customer();
    await one.hears(about(conversationId, 'changed'));
  });

  it('goes by the rights of the moment: what comes into sight is told, what goes out of it is gone [B13 B14]', async () => {
    const { conversationId } = await town.customer();
    const caio = await listening('claimer');
    const access = (conversationAccess: string): Promise<unknown> =>
      town.does('admin', 'PUT', '/v1/staff/caio/access', { conversationAccess });
    await access('assigned_only');
    await caio.hears(about(conversationId, 'gone'));
    const later = await town.customer();
    const all = await listening('agent');
    await told(all, later.conversationId);
    expect(mentions(caio, later.conversationId)).toEqual([]);
    await access('assigned_and_unassigned');
    await caio.hears(about(conversationId, 'changed'));
    await caio.hears(about(later.conversationId, 'changed'));
  });

  it('ends for whoever is deactivated, saying why', async () => {
    await town.does('admin', 'POST', '/v1/staff', {
      staffId: 'leaver',
      name: 'Leaver',
      role: 'agent',
      conversationAccess: 'all',
    });
    const one = await listening({ token: await signed({ sub: 'leaver', tenant: TENANT }) });
    await town.does('admin', 'POST', '/v1/staff/leaver/deactivate', {});
    expect((await one.hears(({ event }) => event === 'end')).data).toMatchObject({ code: 'staff-inactive' });
    await one.ended;
  });

  it('ends when the token does', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const one = await listening({ token: await signed({ sub: 'aud', tenant: TENANT, role: 'auditor', exp }) });
    clock.pass(61_000);
    expect((await one.hears(({ event }) => event === 'end')).data).toMatchObject({ code: 'unauthenticated' });
    await one.ended;
  });

  it('says that it is there while nothing happens, and how far it is', async () => {
    const one = await listening('agent');
    const before = one.comments();
    await until(() => one.comments() > before + 1);
    expect(one.lastId()).not.toBeNull();
  });

  it('is refused beyond the tenant\u2019s limit, of which other tenants have their own', async () => {
    for (let count = 0; count < 8; count++) await listening('agent');
    const refused = await door.call('agent', 'GET', '/v1/conversations/live');
    expect([refused.status, refused.code]).toEqual([429, 'rate-limited']);
    expect((await listening('auditor', null, 'other')).status).toBe(200);
  });

  it('goes on through a rebuild, which tells nobody anything [B14]', async () => {
    const one = await listening('supervisor');
    const { conversationId } = await town.customer();
    // Of what opened it nothing comes any more behind what is told of another.
    const { conversationId: other } = await town.customer();
    await one.hears(about(other, 'changed'));
    const before = mentions(one, conversationId).length;
    await town.rebuilt('inbox');
    expect(mentions(one, conversationId)).toHaveLength(before);
    const later = await town.customer();
    await one.hears(about(later.conversationId, 'changed'));
  });
});

// A process has one connection to a server, and the suite's door has it.
const aSecondDoor = (globalThis as { readonly eventStore?: string }).eventStore === 'sqlite' ? it : it.skip;

describe('the end of the process', () => {
  aSecondDoor('ends every stream, saying so', async () => {
    const brief = await openDoor();
    const one = await listen(`${brief.base}/v1/conversations/live`, await tokenOf('auditor'));
    await until(() => one.lastId() !== null);
    await brief.close();
    await one.ended;
    expect(one.heard.at(-1)).toMatchObject({ event: 'end', data: { code: 'store-unavailable' } });
  });
});
