// What becomes of a blocked customer's message, by the setting block.inboundMode as it was when the block began.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Schemas } from '#client';
import type { KeyVault } from '#event-store';
import { QuarantinePurge } from '#policies/quarantine-purge.adapter';
import { until } from '../fixtures/until.js';
import { clock, openDoor, type Answer, type Door, type Who } from './door.js';
import { messageFrom, townOf, type Customer, type Town } from './town.js';

let door: Door;
let town: Town;
beforeAll(async () => {
  clock.start('2026-03-10T08:00:00Z');
  door = await openDoor();
  town = townOf(door);
});
afterEach(() => town.set('block.inboundMode', 'ignore'));
afterAll(async () => {
  await door.close();
  clock.stop();
});

const blockedIn = async (mode: string): Promise<Customer & { readonly blockId: string }> => {
  const customer = await town.customer();
  await town.set('block.inboundMode', mode);
  const { blockId } = await town.block(customer.contactId);
  return { ...customer, blockId };
};
/** All that could show a message, by whoever may see the most. */
const shown = async ({ conversationId, contactId, phone }: Customer): Promise<unknown> => ({
  row: await town.row(conversationId, 'supervisor'),
  counts: (await door.get('supervisor', '/v1/conversations/counts')).body,
  found: (await door.get('supervisor', '/v1/conversations?search=purple')).body.items,
  contacts: (await door.get('supervisor', '/v1/contacts?search=purple')).body.items,
  card: (await town.card(contactId, 'supervisor')).conversations,
  check: (
    await door.get(
      'integration',
      `/v1/block-filter/check?channel=whatsapp&kind=phone&value=${encodeURIComponent(phone)}`,
    )
  ).body,
});
const READERS: readonly Who[] = ['agent', 'supervisor', 'admin', 'auditor', 'integration'];
const hiddenCounts = async (conversationId: string): Promise<readonly (number | null)[]> => {
  const counts: (number | null)[] = [];
  for (const who of READERS) counts.push((await town.timeline(conversationId, who)).hiddenCount);
  return counts;
};
/** Of the blocked list: how much was ignored, and whether it says when. */
const listedCounts = async (phone: string): Promise<readonly (readonly [number | null, boolean])[]> => {
  const counts: (readonly [number | null, boolean])[] = [];
  for (const who of READERS) {
    const [row] = await town.blocked(who, { search: phone.slice(1) });
    counts.push([row?.ignoredCount ?? null, (row?.lastIgnoredAt ?? null) !== null]);
  }
  return counts;
};
const marked = async (conversationId: string): Promise<readonly (readonly [string, boolean | undefined])[]> =>
  (await town.timeline(conversationId)).items
    .filter(({ kind }) => kind === 'message')
    .map((item: Schemas['TimelineItemAnswer']) => [item.content?.text ?? '', item.sentWhileBlocked] as const);
const lastFact = async () => {
  const fact = (await door.facts()).findLast(({ type }) => type === 'BlockedMessageIgnored');
  if (fact === undefined) throw new Error('nothing was ignored');
  return fact;
};

describe('a message of a blocked customer', () => {
  it.each([
    ['ignore', 'ignored'],
    ['quarantine', 'quarantined'],
    ['receive', 'received_while_blocked'],
  ])(
    'in the mode %s is answered as %s, counted, and shown by nothing but the timeline of receive [R6 H12 I4] [block.inboundMode=ignore,quarantine,receive]',
    async (mode, disposition) => {
      const customer = await blockedIn(mode);
      const before = await shown(customer);
      const providerMessageId = `purple-${mode}`;
      const added = await door.added(async () => {
        const answer = await town.writes(customer.phone, 'purple rain', { providerMessageId });
        expect(answer).toEqual({
          disposition,
          contactId: customer.contactId,
          identityId: customer.identityId,
          conversationId: customer.conversationId,
          blockId: customer.blockId,
          ...(mode === 'receive' ? { messageId: expect.any(String) } : {}),
        });
      });
      expect(added).toEqual(['BlockedMessageIgnored']);
      expect(await shown(customer)).toEqual(before);
      expect(await hiddenCounts(customer.conversationId)).toEqual([null, 1, 1, 1, null]);
      const [unseen, seen] = [
        [null, false],
        [1, true],
      ];
      expect(await listedCounts(customer.phone)).toEqual([unseen, seen, seen, seen, unseen]);
      expect(await marked(customer.conversationId)).toEqual(
        mode === 'receive'
          ? [
              ['Oi', undefined],
              ['purple rain', true],
            ]
          : [['Oi', undefined]],
      );
      const again = await town.writes(customer.phone, 'purple rain', { providerMessageId });
      expect(again).toMatchObject({ disposition: 'duplicate', blockId: customer.blockId });
      expect(JSON.stringify(await lastFact())).not.toContain('purple rain');
    },
  );

  it('keeps no content in the mode ignore, and sealed content in the others: quarantined under a key of its own day [I4]', async () => {
    const keys: string[] = [];
    for (const mode of ['ignore', 'quarantine', 'receive']) {
      const customer = await blockedIn(mode);
      await town.writes(customer.phone, 'Hello?');
      const fact = await lastFact();
      const { data } = fact;
      expect([data['mode'], data['content'] !== null]).toEqual([mode, mode !== 'ignore']);
      if (mode === 'ignore') continue;
      const sealed = data['content'] as { readonly k: string };
      const { codec, vault } = door.gatehouse.stores;
      expect((await codec.open(codec.decode(fact))).data).toMatchObject({ content: { text: 'Hello?' } });
      const subjects = [`contact:${customer.contactId}`, `contact:${customer.contactId}:${clock.now().slice(0, 10)}`];
      const known = await vault.dataKeys('acme', subjects);
      keys.push(known.findIndex(({ keyId }) => keyId === sealed.k) === 0 ? 'contact' : 'day');
    }
    expect(keys).toEqual(['day', 'contact']);
  });

  it('goes by the mode that its episode began with, whatever the setting says since', async () => {
    const customer = await blockedIn('receive');
    await town.set('block.inboundMode', 'quarantine');
    expect((await town.writes(customer.phone, 'One')).disposition).toBe('received_while_blocked');
    await town.unblock(customer.contactId);
    await town.block(customer.contactId);
    expect((await town.writes(customer.phone, 'Two')).disposition).toBe('quarantined');
  });

  it('stays what it was after the unblocking, and nothing of it comes back in a rebuild [H14 R9]', async () => {
    const kept = await blockedIn('receive');
    await town.writes(kept.phone, 'During');
    await town.unblock(kept.contactId);
    clock.pass(1_000);
    await town.writes(kept.phone, 'After');
    const before = [await marked(kept.conversationId), await town.row(kept.conversationId)];
    expect(before[0]).toEqual([
      ['Oi', undefined],
      ['During', true],
      ['After', undefined],
    ]);
    expect(before[1]).toMatchObject({ lastMessagePreview: 'After', unread: 2 });
    await town.rebuilt('all');
    expect([await marked(kept.conversationId), await town.row(kept.conversationId)]).toEqual(before);
  });

  it('is paged through with all other lines, in both orders, each once', async () => {
    const { conversationId, contactId, phone } = await blockedIn('receive');
    for (const text of ['a', 'b', 'c']) await town.writes(phone, text);
    await town.unblock(contactId);
    clock.pass(1_000);
    await town.writes(phone, 'd');
    for (const order of ['asc', 'desc']) {
      const texts: string[] = [];
      let cursor = '';
      do {
        const path = `/v1/conversations/${conversationId}/timeline?limit=2&order=${order}${cursor}`;
        const { body } = await door.get('agent', path);
        texts.push(...(body.items as Schemas['TimelineItemAnswer'][]).flatMap((item) => item.content?.text ?? []));
        cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor as string}`;
      } while (cursor !== '');
      expect(texts).toEqual(order === 'asc' ? ['Oi', 'a', 'b', 'c', 'd'] : ['d', 'c', 'b', 'a', 'Oi']);
    }
  });

  it('in the mode receive names the conversation that there would be, and creates none [R7]', async () => {
    await town.set('block.inboundMode', 'receive');
    const { contactId, phone } = await town.contact();
    await town.block(contactId);
    const answer = await town.writes(phone, 'Hello?');
    expect(answer).toMatchObject({ disposition: 'received_while_blocked', conversationId: expect.any(String) });
    expect((await door.get('supervisor', `/v1/conversations/${answer.conversationId ?? ''}`)).status).toBe(404);
    await town.unblock(contactId);
    clock.pass(1_000);
    expect((await town.writes(phone, 'Now')).conversationId).toBe(answer.conversationId);
    expect(await marked(answer.conversationId ?? '')).toEqual([
      ['Hello?', true],
      ['Now', undefined],
    ]);
  });
});

describe('a message that races a block', () => {
  it.each([
    ['ignore', 'ignored', []],
    ['quarantine', 'quarantined', []],
    ['receive', 'received_while_blocked', [['raced', true]]],
  ] as const)('is hidden in the mode %s and answered as %s [I4 H12]', async (mode, disposition, kept) => {
    const customer = await town.customer();
    await town.set('block.inboundMode', mode);
    clock.pass(1_000);
    // The block stands between the two looks of the intake: it has decided to display when the block is appended.
    const { runner } = door.gatehouse.stores;
    const executeMany = runner.executeMany.bind(runner);
    let raced = false;
    runner.executeMany = (async (...args: Parameters<typeof executeMany>) => {
      const conversations = (args[0] as { readonly category: string }).category === 'conversation';
      if (conversations && !raced) {
        raced = true;
        clock.pass(-500);
        await town.block(customer.contactId, {}, 'agent');
        clock.pass(500);
      }
      return executeMany(...args);
    }) as never;
    const [key, body] = [randomUUID(), messageFrom(customer.phone, 'raced')];
    const send = (): Promise<Answer> => door.call('integration', 'POST', '/v1/messages/inbound', body, { key });
    const answer = await send().finally(() => {
      runner.executeMany = executeMany;
    });
    expect(answer.body).toMatchObject({ disposition });
    // The answer may have been lost on the way: whoever asks again is told the same.
    expect((await send()).text).toBe(answer.text);
    // The mark is the policy's, behind the answer.
    const lines = [['Oi', undefined], ...kept];
    await until(async () => JSON.stringify(await marked(customer.conversationId)) === JSON.stringify(lines));
    expect(await town.row(customer.conversationId)).toMatchObject({ lastMessagePreview: 'Oi', unread: 1 });
    expect(await hiddenCounts(customer.conversationId)).toEqual([null, 1, 1, 1, null]);
  });
});

/** The vault, to change a part of it. */
const bound = (vault: KeyVault): KeyVault => ({
  dataKeys: (tenant, subjects) => vault.dataKeys(tenant, subjects),
  openingKey: (keyId) => vault.openingKey(keyId),
  destroy: (tenant, subjects) => vault.destroy(tenant, subjects),
  subjects: (tenant, prefix) => vault.subjects(tenant, prefix),
  purge: () => vault.purge(),
  rewrap: () => vault.rewrap(),
  tenantSecret: (tenant) => vault.tenantSecret(tenant),
  isEmpty: () => vault.isEmpty(),
  close: () => vault.close(),
});

describe('what was quarantined', () => {
  const DAY_MS = 86_400_000;
  const kept = async (contactId: string): Promise<readonly unknown[]> => {
    const path = `/v1/audit/contacts/${contactId}/quarantine?reason=check&limit=200`;
    const { items } = (await door.get('auditor', path)).body as { items: { content: { text: string } | null }[] };
    return items.map(({ content }) => content?.text ?? null);
  };
  const keyOf = async (contactId: string, day: string): Promise<string> => {
    const [key] = await door.gatehouse.stores.vault.dataKeys('acme', [`contact:${contactId}:${day}`]);
    return key?.keyId ?? '';
  };
  /** The purge goes by a read model: behind this answer it has what was written. */
  const level = (): Promise<unknown> => town.blocked('supervisor', {});
  const purge = (): QuarantinePurge =>
    new QuarantinePurge({
      vault: door.gatehouse.stores.vault,
      models: door.gatehouse.stores.models,
      days: door.gatehouse.write.quarantineDays,
      warn: () => undefined,
    });

  it('goes with an erasure, whatever its day', async () => {
    const customer = await blockedIn('quarantine');
    await town.writes(customer.phone, 'before an erasure');
    const day = clock.now().slice(0, 10);
    const keyId = await keyOf(customer.contactId, day);
    clock.pass(DAY_MS);
    await town.writes(customer.phone, 'on the day of the erasure');
    expect(await kept(customer.contactId)).toEqual(['before an erasure', 'on the day of the erasure']);
    const erasureId = await town.erase(customer.contactId);
    await until(async () => (await town.certificate(erasureId)).status === 'completed', 60_000);
    expect(await kept(customer.contactId)).toEqual([null, null]);
    expect(await door.gatehouse.stores.vault.openingKey(keyId)).toBe('destroyed');
  }, 60_000);

  it('is purged day by day after block.quarantineDays, and is shown as nothing from then on [I4]', async () => {
    const customer = await blockedIn('quarantine');
    await town.writes(customer.phone, 'the first day');
    const first = clock.now().slice(0, 10);
    clock.pass(DAY_MS);
    await town.writes(customer.phone, 'the second day');
    const second = clock.now().slice(0, 10);
    const [early, late] = [await keyOf(customer.contactId, first), await keyOf(customer.contactId, second)];
    await level();
    await purge().run();
    expect(await kept(customer.contactId)).toEqual(['the first day', 'the second day']);
    await town.set('block.quarantineDays', 2);
    clock.pass(DAY_MS);
    const timer = purge();
    await timer.run();
    expect(await kept(customer.contactId)).toEqual([null, 'the second day']);
    const { vault } = door.gatehouse.stores;
    expect(await vault.openingKey(early)).toBe('destroyed');
    expect(await vault.openingKey(late)).toBeInstanceOf(Buffer);
    // What this customer writes now is kept all the same.
    expect((await town.writes(customer.phone, 'the third day')).disposition).toBe('quarantined');
    await level();
    clock.pass(DAY_MS);
    await timer.run();
    expect(await kept(customer.contactId)).toEqual([null, null, 'the third day']);
    expect((await door.bytes()).includes(Buffer.from('the first day'))).toBe(false);
    // The fact that there was a message stays.
    expect((await town.blocked('supervisor', { search: customer.phone.slice(1) }))[0]?.ignoredCount).toBe(3);
  });

  it('is purged by whoever runs next where a process ended in the middle', async () => {
    const customer = await blockedIn('quarantine');
    await town.writes(customer.phone, 'half purged');
    await level();
    clock.pass(DAY_MS);
    const { vault, models } = door.gatehouse.stores;
    const desk = { models, days: () => Promise.resolve(1), warn: () => undefined };
    const purges: string[] = [];
    const broken = new QuarantinePurge({
      ...desk,
      vault: { ...bound(vault), purge: () => Promise.reject(new Error('killed')) },
    });
    await expect(broken.run()).rejects.toThrow('killed');
    const next = new QuarantinePurge({
      ...desk,
      vault: {
        ...bound(vault),
        purge: () => {
          purges.push('purged');
          return vault.purge();
        },
      },
    });
    await next.run();
    await next.run();
    expect(purges).toEqual(['purged']);
    expect(await kept(customer.contactId)).toEqual([null]);
  });

  it('is kept for as many days as the tenant says, from one on [block.quarantineDays=1,90,3650]', async () => {
    const { vault } = door.gatehouse.stores;
    // A decade comes last: it takes the time of this file with it.
    for (const days of [1, 90, 3650]) {
      await town.set('block.quarantineDays', days);
      const { contactId, phone } = await blockedIn('quarantine');
      await town.writes(phone, 'for so many days');
      await level();
      const keyId = await keyOf(contactId, clock.now().slice(0, 10));
      clock.pass((days - 1) * DAY_MS);
      await purge().run();
      expect([days, await vault.openingKey(keyId)]).toEqual([days, expect.any(Buffer)]);
      clock.pass(DAY_MS);
      await purge().run();
      expect([days, await vault.openingKey(keyId)]).toEqual([days, 'destroyed']);
    }
  });
});
