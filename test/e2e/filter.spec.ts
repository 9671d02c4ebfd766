// The block filter for other teams: the snapshot, its changes, and the example gateway that stands on both.
import { createServer, connect as dial, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listen, type Listening } from '../fixtures/listening.js';
import { until } from '../fixtures/until.js';
import { clock, openDoor, tokenOf, type Door } from './door.js';
import { newPhone, townOf, type Town } from './town.js';

let door: Door;
let town: Town;
beforeAll(async () => {
  clock.start('2026-03-10T08:00:00Z');
  door = await openDoor({ environment: { LIVE_HEARTBEAT_SECONDS: '1' } });
  town = townOf(door);
});
afterAll(async () => {
  await door.close();
  clock.stop();
});

type Line = {
  readonly addresses: readonly string[];
  readonly identityId: string;
  readonly contactId: string;
  readonly channels: readonly string[];
  readonly from: string;
  readonly to: string | null;
  readonly blockId: string;
};

const snapshot = async (tenant?: string): Promise<{ readonly lines: readonly Line[]; readonly token: string }> => {
  const { text } = await door.get('integration', '/v1/block-filter/snapshot', tenant === undefined ? {} : { tenant });
  const all = text.trimEnd().split('\n');
  const { token } = JSON.parse(all.pop() ?? '') as { token: string };
  return { lines: all.map((line) => JSON.parse(line) as Line), token };
};
const follow = async (token: string | null): Promise<Listening> => {
  const one = await listen(
    `${door.base}/v1/block-filter/live${token === null ? '' : `?after=${token}`}`,
    await tokenOf('integration'),
  );
  await until(() => one.lastId() !== null);
  return one;
};
const keyOf = ({ identityId, blockId, from, channels }: Line): string =>
  [identityId, blockId, from, ...channels].join(' ');
const sorted = (lines: Iterable<Line>): readonly Line[] => [...lines].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

describe('the snapshot', () => {
  it('holds an interval a line with every spelling of its address, and a token at the end [H3]', async () => {
    const { contactId, identityId, phone } = await town.contact();
    const before = clock.now();
    const { blockId } = await town.block(contactId);
    const { lines, token } = await snapshot();
    const own = lines.filter((line) => line.contactId === contactId);
    const short = `+5511${phone.slice(6)}`;
    expect(own).toEqual([
      {
        addresses: [phone, phone.slice(1), short, short.slice(1)],
        kind: 'phone',
        identityId,
        contactId,
        channels: ['whatsapp', 'viber', 'sms'],
        from: expect.any(String),
        to: null,
        blockId,
      },
    ]);
    expect((own[0]?.from ?? '') >= before).toBe(true);
    expect(token).toEqual(expect.any(String));
  });

  it('holds what ended with its end, and nothing of another tenant [R9]', async () => {
    const { contactId } = await town.contact();
    await town.block(contactId);
    await town.unblock(contactId);
    const { lines } = await snapshot();
    expect(lines.filter((line) => line.contactId === contactId).map(({ to }) => to)).toEqual([expect.any(String)]);
    expect((await snapshot('other')).lines).toEqual([]);
  });

  it('is empty of contacts that were never blocked', async () => {
    const { contactId } = await town.contact();
    expect((await snapshot()).lines.filter((line) => line.contactId === contactId)).toEqual([]);
  });

  it('is one of two at a time; others are asked to come again', async () => {
    const path = '/v1/block-filter/snapshot';
    const answers = await Promise.all(Array.from({ length: 12 }, () => door.call('integration', 'GET', path)));
    for (const { status, code, text } of answers) {
      if (status === 200) expect(text).toMatch(/\{"token":"[^"]+"\}\n$/);
      else expect([status, code]).toEqual([503, 'busy']);
    }
    expect((await door.call('integration', 'GET', path)).status).toBe(200);
  });
});

describe('the question whether a message may be shown', () => {
  const path = (value: string, kind = 'whatsapp'): string =>
    `/v1/block-filter/check?channel=whatsapp&kind=${kind}&value=${encodeURIComponent(value)}`;

  it('is answered to each what it asked where many ask at once, those of two tenants too [R3 R9]', async () => {
    const [blocked, free] = [await town.customer(), await town.customer()];
    const elsewhere = await townOf(door, 'other').customer(blocked.phone);
    const { blockId } = await town.block(blocked.contactId);
    await door.get('integration', path(blocked.phone));
    await door.get('integration', path(blocked.phone), { tenant: 'other' });
    const hidden = { verdict: 'hide', blockId, blockedAt: expect.any(String), contactId: blocked.contactId };
    const questions = [
      { value: blocked.phone, verdict: hidden },
      { value: free.phone, verdict: { verdict: 'display', contactId: free.contactId } },
      { value: newPhone(), verdict: { verdict: 'display' } },
      { value: blocked.phone, tenant: 'other', verdict: { verdict: 'display', contactId: elsewhere.contactId } },
      { value: 'no number', verdict: expect.objectContaining({ code: 'invalid-request' }) },
    ];
    const asked = Array.from({ length: 8 }, () => questions).flat();
    const answers = await Promise.all(
      asked.map(({ value, tenant }) =>
        door.call('integration', 'GET', path(value), undefined, tenant === undefined ? {} : { tenant }),
      ),
    );
    expect(answers.map(({ body }) => body)).toEqual(asked.map(({ verdict }) => verdict));
    for (const { status, headers } of answers)
      if (status === 200) expect(headers.get('consistency-token')).toEqual(expect.any(String));
  });

  it('sees the write whose token it brings, also beside others that bring none [R3]', async () => {
    const { contactId, phone } = await town.customer();
    for (const verdict of ['hide', 'display', 'hide']) {
      if (verdict === 'hide') await town.block(contactId);
      else await town.unblock(contactId);
      const [seen] = await Promise.all([
        door.get('integration', path(phone)),
        ...Array.from({ length: 5 }, () => door.call('integration', 'GET', path(phone))),
      ]);
      expect(seen.body).toMatchObject({ verdict, contactId });
      // What was seen once is not unseen by who asks later.
      expect((await door.call('integration', 'GET', path(phone))).body).toMatchObject({ verdict, contactId });
    }
  });

  it('may name an address twice, in two spellings and of two kinds, and says which one is none', async () => {
    const { contactId, phone } = await town.customer();
    const { blockId } = await town.block(contactId);
    await door.get('integration', path(phone));
    const ask = (value: string, kind = 'whatsapp'): object => ({ channel: 'whatsapp', kind, value });
    const post = (body: readonly object[]) => door.call('integration', 'POST', '/v1/block-filter/check', body);
    const spelt = [
      ask(phone),
      ask(phone),
      ask(`+55 (11) ${phone.slice(5)}`),
      ask(phone, 'phone'),
      ask(phone, 'telegram'),
    ];
    const { body } = await post(spelt);
    const hidden = expect.objectContaining({ verdict: 'hide', blockId, contactId });
    expect(body).toEqual([hidden, hidden, hidden, hidden, { verdict: 'display' }]);
    expect((await post([])).body).toEqual([]);
    expect(await post([ask(phone), ask('no number'), ask(phone)])).toMatchObject({
      status: 400,
      body: { errors: [{ path: '[1].value', message: 'is not an address of kind whatsapp' }] },
    });
    expect(await post([{ ...ask(phone), kind: 'pigeon' }])).toMatchObject({
      status: 400,
      body: { errors: [{ path: '[0].kind' }] },
    });
  });
});

describe('the stream of changes', () => {
  it('tells of a merge and of its undoing what a new snapshot says: no covered address is lost [I14 R3]', async () => {
    for (const side of ['survivor', 'absorbed', 'both'] as const) {
      const [survivor, absorbed] = [await town.contact(), await town.contact()];
      const ids = [survivor.identityId, absorbed.identityId];
      if (side !== 'absorbed') await town.block(survivor.contactId);
      if (side !== 'survivor') await town.block(absorbed.contactId);
      const { lines, token } = await snapshot();
      const one = await follow(token);
      const known = (): readonly Line[] => {
        const state = new Map(lines.map((line) => [keyOf(line), line]));
        for (const { data } of one.heard) {
          const line = data as Line;
          if (line.addresses.length === 0) state.delete(keyOf(line));
          else state.set(keyOf(line), line);
        }
        return sorted([...state.values()].filter(({ identityId }) => ids.includes(identityId)));
      };
      const covered = (now = known()): readonly string[] =>
        [...new Set(now.filter(({ to }) => to === null).map(({ identityId }) => identityId))].sort();
      const body = { absorbedId: absorbed.contactId, confirm: true };
      const merge = await town.does('supervisor', 'POST', `/v1/contacts/${survivor.contactId}/merge`, body);
      const fresh = async (): Promise<readonly Line[]> =>
        sorted((await snapshot()).lines.filter(({ identityId }) => ids.includes(identityId)));
      const asTold = async (): Promise<void> => {
        const expected = JSON.stringify(await fresh());
        await until(() => JSON.stringify(known()) === expected);
      };
      await asTold();
      expect(covered()).toEqual([...ids].sort());
      await town.does('supervisor', 'POST', `/v1/merges/${merge.mergeId as string}/undo`, {});
      await asTold();
      const blocked = { survivor: ids.slice(0, 1), absorbed: ids.slice(1), both: ids }[side];
      expect(covered()).toEqual([...blocked].sort());
      one.leave();
    }
  });

  it('tells of a block, a narrower scope, a new identity, its removal, an expiry that is set and the end [R3 H1 H3]', async () => {
    await town.set('block.allowExpiry', true);
    const { contactId, identityId } = await town.contact();
    const one = await follow((await snapshot()).token);
    const own = (): readonly Line[] =>
      one.heard.map(({ data }) => data as Line).filter((line) => line.contactId === contactId);
    const state = (): readonly Line[] => sorted(new Map(own().map((line) => [keyOf(line), line])).values());

    const { blockId } = await town.block(contactId);
    await one.hears(({ data }) => data.blockId === blockId && data.to === null);

    await town.does('admin', 'PATCH', `/v1/contacts/${contactId}/block`, { scope: { channels: ['whatsapp'] } });
    await one.hears(({ data }) => data.blockId === blockId && data.channels.length === 1);
    expect(
      own()
        .filter(({ channels }) => channels.length === 3)
        .at(-1),
    ).toMatchObject({
      identityId,
      to: expect.any(String),
    });

    const value = newPhone();
    const added = await town.does('agent', 'POST', `/v1/contacts/${contactId}/identities`, { kind: 'phone', value });
    await one.hears(({ data }) => data.identityId === added.identityId && (data as Line).addresses.includes(value));

    await town.does('admin', 'DELETE', `/v1/contacts/${contactId}/identities/${added.identityId as string}`);
    await one.hears(({ data }) => data.identityId === added.identityId && data.addresses.length === 0);

    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    await town.does('admin', 'PATCH', `/v1/contacts/${contactId}/block`, { expiresAt });
    await one.hears(({ data }) => data.blockId === blockId && data.to === expiresAt);

    await town.unblock(contactId);
    await until(() => state().every(({ to }) => to !== null && to < expiresAt));
    const { lines } = await snapshot();
    expect(state().filter(({ addresses }) => addresses.length > 0)).toEqual(
      sorted(lines.filter((line) => line.contactId === contactId)),
    );
    one.leave();
  });

  it('tells of nothing that only a contact who was never blocked has', async () => {
    const one = await follow(null);
    const { contactId } = await town.contact();
    await town.does('agent', 'PATCH', `/v1/contacts/${contactId}`, { displayName: 'Another' });
    const other = await town.contact();
    const { blockId } = await town.block(other.contactId);
    await one.hears(({ data }) => data.blockId === blockId);
    expect(one.heard.filter(({ data }) => data.contactId === contactId)).toEqual([]);
    one.leave();
  });

  it('goes on behind the place that was reached, without a gap [R3]', async () => {
    const { token } = await snapshot();
    const [first, second] = [await town.contact(), await town.contact()];
    const one = await follow(token);
    const a = await town.block(first.contactId);
    const { id } = await one.hears(({ data, id: place }) => data.blockId === a.blockId && place !== null);
    one.leave();
    const b = await town.block(second.contactId);
    const again = await follow(id);
    await again.hears(({ data }) => data.blockId === b.blockId);
    expect(again.heard.filter(({ data }) => data.blockId === a.blockId)).toEqual([]);
    again.leave();
  });

  it('and the snapshot with all that followed are what a new snapshot says', async () => {
    const { lines, token } = await snapshot();
    const state = new Map(lines.map((line) => [keyOf(line), line]));
    for (let count = 0; count < 5; count++) {
      const { contactId } = await town.contact();
      await town.block(contactId, count % 2 === 0 ? {} : { scope: { channels: ['sms'] } });
      if (count > 2) await town.unblock(contactId);
    }
    const after = await snapshot();
    const one = await follow(token);
    const same = (): boolean => {
      for (const { data } of one.heard) state.set(keyOf(data as Line), data as Line);
      return JSON.stringify(sorted(state.values())) === JSON.stringify(sorted(after.lines));
    };
    await until(same);
    one.leave();
  });
});

type Filter = {
  readonly ready: Promise<void>;
  readonly verdict: (channel: string, address: string, at?: number) => 'display' | 'hide';
  readonly age: () => number;
  readonly isFresh: () => boolean;
  readonly size: () => number;
  readonly stop: () => Promise<void>;
};
type Gateway = { readonly createFilter: (options: Record<string, unknown>) => Filter };

describe('the example gateway', () => {
  const open = new Set<Socket>();
  let between: Server;
  let filter: Filter;
  let url = '';
  let token = '';
  let createFilter: Gateway['createFilter'];
  beforeAll(async () => {
    const { hostname, port } = new URL(door.base);
    // Stands between the two, and can cut them off from each other.
    between = createServer((near) => {
      const far = dial(Number(port), hostname);
      for (const socket of [near, far]) {
        open.add(socket);
        socket.on('error', () => undefined).on('close', () => open.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${String((between.address() as AddressInfo).port)}`;
    token = await tokenOf('integration');
    const path = join(import.meta.dirname, '../../../docs/how-to/filter-gateway.mjs');
    ({ createFilter } = (await import(pathToFileURL(path).href)) as Gateway);
    filter = createFilter({ url, token });
    await filter.ready;
  });
  afterAll(async () => {
    await filter.stop();
    for (const socket of open) socket.destroy();
    between.close();
  });

  it('follows a block and an unblock, in every spelling of the address [R3 R9 H1]', async () => {
    const { contactId, phone } = await town.contact();
    expect(filter.verdict('whatsapp', phone)).toBe('display');
    await town.block(contactId);
    const during = Date.now();
    clock.pass(1_000);
    await until(() => filter.verdict('whatsapp', phone.slice(1)) === 'hide');
    await town.unblock(contactId);
    await until(() => filter.verdict('whatsapp', phone) === 'display');
    expect(filter.verdict('whatsapp', phone, during)).toBe('hide');
    expect(filter.verdict('email', phone, during)).toBe('display');
    expect(filter.isFresh()).toBe(true);
  });

  it('misses nothing while it is cut off', async () => {
    const { contactId, phone } = await town.contact();
    for (const socket of open) socket.destroy();
    await town.block(contactId);
    await until(() => filter.verdict('whatsapp', phone) === 'hide');
    expect(filter.isFresh()).toBe(true);
  });

  it('fails closed or open, as it was told, when nothing is heard any more; what is known to be covered stays hidden', async () => {
    const { contactId, phone } = await town.contact();
    await town.block(contactId);
    const stranger = newPhone();
    const [closed, opened] = [
      createFilter({ url, token, staleAfterMs: 3_000 }),
      createFilter({ url, token, staleAfterMs: 3_000, whenStale: 'display' }),
    ];
    await Promise.all([closed.ready, opened.ready]);
    const verdicts = () => [closed, opened].map((one) => [one.verdict('sms', phone), one.verdict('sms', stranger)]);
    await until(() => verdicts().every(([known]) => known === 'hide'));
    expect(verdicts()).toEqual([
      ['hide', 'display'],
      ['hide', 'display'],
    ]);
    await Promise.all([closed.stop(), opened.stop()]);
    await until(() => !closed.isFresh() && !opened.isFresh());
    expect(verdicts()).toEqual([
      ['hide', 'hide'],
      ['hide', 'display'],
    ]);
  });

  it('answers in less than a microsecond', () => {
    const phone = newPhone();
    const runs = Array.from({ length: 5 }, () => {
      const began = performance.now();
      for (let count = 0; count < 100_000; count++) filter.verdict('whatsapp', phone, 0);
      return (performance.now() - began) / 100;
    });
    expect(Math.min(...runs)).toBeLessThan(1);
  });
});
