// What can be proved through the door: who blocked, when, why and who undid it; what was so then; and that nobody changed the log.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { answerOf } from '#client';
import { seal } from '#event-store/sealing';
import { runHere, type Variables } from '../ops/command-line.js';
import { until } from '../fixtures/until.js';
import { clock, invite, NOWHERE, openDoor, tokenOf, type Answer, type Door, type Json } from './door.js';
import { newPhone, townOf, type Town } from './town.js';
import { SAME_RUNS } from '../fixtures/same-runs.js';

let door: Door;
let town: Town;
let folder: string;
let auditor: Variables;
beforeAll(async () => {
  clock.start('2026-03-10T08:00:00Z');
  folder = mkdtempSync(join(tmpdir(), 'portaria-audit-'));
  door = await openDoor();
  town = townOf(door);
  await invite(door, 'other');
  auditor = { PORTARIA_URL: door.base, PORTARIA_TOKEN: await tokenOf('auditor') };
});
afterAll(async () => {
  await door.close();
  rmSync(folder, { recursive: true, force: true });
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

const linesOf = (text: string): readonly Record<string, Json>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, Json>);
const historyOf = async (contactId: string): Promise<Json> =>
  (
    await answerOf(
      door.as('auditor').GET('/v1/audit/contacts/{id}/block-history', { params: { path: { id: contactId } } }),
    )
  ).body;

describe('the history of blocks', () => {
  it('goes on through a merge: the survivor tells what came along, each row of the report stands once [R12]', async () => {
    onANewDay();
    const [survivor, absorbed] = [await town.customer(), await town.customer()];
    const { blockId: own } = await town.block(survivor.contactId);
    const { blockId: theirs } = await town.block(absorbed.contactId, { reasonText: 'Insults' });
    await town.writes(absorbed.phone, 'hidden');
    const body = { absorbedId: absorbed.contactId, confirm: true };
    const before = clock.now();
    clock.pass(1_000);
    await town.does('supervisor', 'POST', `/v1/contacts/${survivor.contactId}/merge`, body);
    const ends = async (contactId: string): Promise<unknown> =>
      ((await historyOf(contactId)).episodes as Json[]).map(
        (one) => [one.blockId, one.endedHow, one.reasonText] as unknown,
      );
    expect(await ends(survivor.contactId)).toEqual([
      [own, null, null],
      [theirs, 'merged', 'Insults'],
    ]);
    expect(await ends(absorbed.contactId)).toEqual([[theirs, 'merged', 'Insults']]);
    const [, brought] = (await historyOf(survivor.contactId)).episodes as Json[];
    expect(brought).toMatchObject({
      ignored: { whatsapp: 1 },
      concludedConversationIds: [absorbed.conversationId],
      endedBy: 'sol',
    });
    const report = await door.get('auditor', '/v1/audit/blocked-conversations.csv');
    expect(report.text.split('\r\n').filter((line) => line.includes(theirs))).toHaveLength(1);
    // As of an instant before the merge both are as they were, behind it one has all.
    const then = async (contactId: string, time: string): Promise<unknown> => {
      const { identities, block, conversations } = (await door.get('auditor', `/v1/contacts/${contactId}?at=${time}`))
        .body;
      return [(identities as Json[]).length, block?.blockId ?? null, (conversations as Json[]).length];
    };
    expect(await then(survivor.contactId, before)).toEqual([1, own, 1]);
    expect(await then(absorbed.contactId, before)).toEqual([1, theirs, 1]);
    clock.pass(1_000);
    expect(await then(survivor.contactId, clock.now())).toEqual([2, own, 2]);
    expect((await then(absorbed.contactId, clock.now())) as unknown[]).toMatchObject([1, null, 0]);
  });

  it('tells who blocked this customer, when, why, who undid it, and what it did [R12 R10 R11 H7 H8 H14 H15]', async () => {
    const at = onANewDay();
    const { contactId, phone, conversationId } = await town.customer();
    const blockedAt = at('10:00');
    const { blockId } = await town.block(contactId, {
      kind: 'protection',
      reasonCode: 'abuse',
      reasonText: 'Insults, twice',
      conversationId,
      notice: { text: 'Good bye' },
    });
    at('10:02');
    await town.does('supervisor', 'PATCH', `/v1/contacts/${contactId}/block`, { reasonCode: 'threats' });
    at('10:05');
    await town.writes(phone, 'Hello?');
    await town.writes(phone, 'Hello??', { channel: 'sms', from: { kind: 'sms', value: phone } });
    const unblockedAt = at('10:10');
    await town.unblock(contactId);
    at('10:15');
    await town.block(contactId, { reasonCode: 'again' });

    const answer = await door.get('auditor', `/v1/audit/contacts/${contactId}/block-history`);
    const { episodes, ...rest } = answer.body;
    const revision = Number(answer.etag?.slice(1, -1));
    expect(rest).toEqual({ contactId, revision, streams: expect.any(Array) });
    expect(rest.streams).toContainEqual({ stream: `contact-acme.${contactId}`, revision });
    expect(rest.streams).toContainEqual({ stream: `ignored-acme.${contactId}`, revision: 1 });
    expect(episodes).toHaveLength(2);
    const [first, second] = episodes;
    const { facts, changes, ...said } = first;
    expect(said).toEqual({
      blockId,
      kind: 'protection',
      scope: { all: true },
      reasonCode: 'abuse',
      reasonText: 'Insults, twice',
      blockedBy: 'ana',
      blockedAt,
      expiresAt: null,
      originConversationId: conversationId,
      noticeMessageId: expect.any(String),
      endedAt: unblockedAt,
      endedBy: 'adm',
      endedHow: 'unblocked',
      requestedBy: 'customer',
      unblockReason: null,
      durationMs: 600_000,
      ignored: { whatsapp: 1, sms: 1 },
      concludedConversationIds: [conversationId],
    });
    expect(changes).toEqual([
      { reasonCode: 'threats', changedBy: 'sol', changedAt: expect.stringContaining('T10:02') },
    ]);
    expect((facts as readonly { type: string }[]).map(({ type }) => type)).toEqual([
      'ContactBlocked',
      'ConversationConcluded',
      'ContactBlockChanged',
      'ContactUnblocked',
    ]);
    const stored = new Map((await door.facts()).map((fact) => [fact.id, fact]));
    for (const fact of facts) {
      const { type, stream, revision: at_, recordedAt, metadata } = stored.get(fact.eventId)!;
      const { actor, commandId, $correlationId: correlationId } = metadata;
      expect(fact).toEqual({
        eventId: fact.eventId,
        type,
        stream,
        revision: at_,
        recordedAt,
        actor,
        commandId,
        correlationId,
      });
    }
    expect(second).toMatchObject({ reasonCode: 'again', endedAt: null, endedHow: null, durationMs: null, ignored: {} });
  });

  it('comes as lines and as CSV too, with the same episodes', async () => {
    const { contactId } = await town.customer();
    await town.block(contactId, { reasonCode: 'abuse', reasonText: '=HYPERLINK("x")' });
    await town.unblock(contactId);
    await town.block(contactId);
    const { episodes } = await historyOf(contactId);
    const lines = await door.get('admin', `/v1/audit/contacts/${contactId}/block-history?format=ndjson`);
    expect(lines.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(linesOf(lines.text)).toEqual((episodes as readonly object[]).map((episode) => ({ contactId, ...episode })));
    const csv = await door.get('supervisor', `/v1/audit/contacts/${contactId}/block-history?format=csv`);
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [head, row] = csv.text.split('\r\n');
    expect(head).toMatch(/^contactId,blockId,kind,scope,reasonCode,reasonText,blockedBy,blockedAt,/);
    expect(row).toContain(`${contactId},${episodes[0].blockId as string},protection,"{""all"":true}",abuse,`);
    expect(row).toContain(`'=HYPERLINK`);
    expect(csv.text.split('\r\n')).toHaveLength(4);
    expect(lines.etag).toBe(csv.etag);
  });

  it('is empty for a contact that was never blocked, and there for nobody else\u2019s', async () => {
    const { contactId } = await town.contact();
    expect((await historyOf(contactId)).episodes).toEqual([]);
    const theirs = await townOf(door, 'other').contact();
    for (const id of [NOWHERE, theirs.contactId, 'no-id'])
      for (const what of ['block-history', 'replay'])
        expect((await door.get('auditor', `/v1/audit/contacts/${id}/${what}`)).code).toBe('not-found');
  });

  it('shows an end by time at its instant, before the timer has said so [H16]', async () => {
    const at = onANewDay();
    await town.set('block.allowExpiry', true);
    const { contactId } = await town.customer();
    at('10:00');
    const expiresAt = `2026-03-${String(day)}T11:00:00.000Z`;
    await town.block(contactId, { expiresAt });
    expect((await historyOf(contactId)).episodes[0]).toMatchObject({ endedAt: null, expiresAt });
    at('11:00');
    expect((await historyOf(contactId)).episodes[0]).toMatchObject({
      endedAt: expiresAt,
      endedHow: 'expired',
      endedBy: null,
      durationMs: 3_600_000,
    });
    await town.set('block.allowExpiry', false);
  });
});

describe('a replay', () => {
  it('gives the facts one by one, each with the contact behind it, in pages that join', async () => {
    const { contactId } = await town.contact({ displayName: 'Carla' });
    await town.does('agent', 'PATCH', `/v1/contacts/${contactId}`, { displayName: 'Clara', addTags: ['vip'] });
    await town.block(contactId, { reasonText: 'insults' });
    await town.unblock(contactId);
    const all: Json[] = [];
    let cursor = '';
    do {
      const { body } = await door.get('auditor', `/v1/audit/contacts/${contactId}/replay?limit=2${cursor}`);
      all.push(...body.items);
      expect(body.revision).toBe(4);
      cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor as string}`;
    } while (cursor !== '');
    expect(
      all.map(({ type, revision, state }): readonly unknown[] => [
        type,
        revision,
        state.displayName,
        state.tags,
        state.block?.reasonText,
      ]),
    ).toEqual([
      ['ContactRegistered', 0, 'Carla', [], undefined],
      ['ContactDetailsChanged', 1, 'Clara', [], undefined],
      ['ContactTagged', 2, 'Clara', ['vip'], undefined],
      ['ContactBlocked', 3, 'Clara', ['vip'], 'insults'],
      ['ContactUnblocked', 4, 'Clara', ['vip'], undefined],
    ]);
    expect(all[3].data).toMatchObject({ blockedBy: 'ana', reasonText: 'insults' });
    const lines = await door.get('auditor', `/v1/audit/contacts/${contactId}/replay?format=ndjson`);
    expect(linesOf(lines.text)).toEqual(all);
    expect(lines.text).not.toContain('$enc');
  });

  it('of a range folds from the first fact all the same', async () => {
    const at = onANewDay();
    const { contactId } = await town.contact();
    const from = at('10:00');
    await town.block(contactId);
    const to = at('10:30');
    await town.unblock(contactId);
    const { body } = await door.get('auditor', `/v1/audit/contacts/${contactId}/replay?from=${from}&to=${to}`);
    expect((body.items as readonly Json[]).map((item): unknown => [item.type, item.state.displayName])).toEqual([
      ['ContactBlocked', 'Carla Prado'],
    ]);
    const other = await door.get('auditor', `/v1/audit/contacts/${contactId}/replay?limit=1`);
    const stale = `/v1/audit/contacts/${contactId}/replay?from=${from}&cursor=${other.body.nextCursor as string}`;
    expect((await door.get('auditor', stale)).code).toBe('cursor-invalid');
  });
});

describe('as of an instant', () => {
  it('a contact is what it was, with the block and the conversations of then', async () => {
    const at = onANewDay();
    const { contactId, phone, conversationId } = await town.customer();
    const before = at('09:00');
    at('09:30');
    await town.does('agent', 'PATCH', `/v1/contacts/${contactId}`, { displayName: 'Nova', addTags: ['vip'] });
    await town.assign(conversationId, 'bia');
    at('10:00');
    const { blockId } = await town.block(contactId, { reasonCode: 'abuse', reasonText: 'insults' });
    at('10:30');
    await town.unblock(contactId);
    at('11:00');
    await town.writes(phone, 'Back');
    const card = async (time: string): Promise<Answer> => door.get('auditor', `/v1/contacts/${contactId}?at=${time}`);

    const first = await card(before);
    expect(first.body).toMatchObject({
      displayName: `Maria ${phone}`,
      tags: [],
      block: null,
      conversations: [{ conversationId, status: 'open', assigneeId: null }],
      asOf: { at: before, revision: 0 },
    });
    expect(first.etag).toBe('"0"');
    const then = (await card(`2026-03-${String(day)}T10:15:00%2B00:00`)).body;
    expect(then).toMatchObject({
      displayName: 'Nova',
      tags: ['vip'],
      block: { blockId, reasonCode: 'abuse', reasonText: 'insults', blockedBy: 'ana', mayUnblock: false },
      conversations: [{ conversationId, status: 'concluded', assigneeId: null }],
      asOf: { at: `2026-03-${String(day)}T10:15:00.000Z` },
    });
    const { asOf, ...now } = (await card(clock.now())).body;
    expect(now).toEqual(await town.card(contactId, 'auditor'));
    expect(asOf.revision).toBe(Number((await door.get('auditor', `/v1/contacts/${contactId}`)).etag?.slice(1, -1)));
    expect((await card('2026-03-01T00:00:00Z')).code).toBe('not-found');
  });

  it('a conversation is what it was: who owned it, and whether it was covered [B22]', async () => {
    const at = onANewDay();
    const { contactId, conversationId } = await town.customer();
    at('09:00');
    await town.assign(conversationId, 'bia');
    at('09:30');
    await town.assign(conversationId, 'ana');
    await town.sends('agent', conversationId, 'Olá');
    at('10:00');
    await town.block(contactId);
    at('10:30');
    await town.unblock(contactId);
    const on = async (time: string): Promise<Json> =>
      (await door.get('supervisor', `/v1/conversations/${conversationId}?at=2026-03-${String(day)}T${time}Z`)).body;
    expect(await on('08:30:00')).toMatchObject({ assigneeId: null, assignmentNo: 0, contactBlocked: false, unread: 1 });
    expect(await on('09:15:00')).toMatchObject({ assigneeId: 'bia', automation: 'running', lastMessagePreview: 'Oi' });
    expect(await on('09:45:00')).toMatchObject({ assigneeId: 'ana', automation: 'paused', lastMessagePreview: 'Olá' });
    expect(await on('10:15:00')).toMatchObject({ assigneeId: null, status: 'concluded', contactBlocked: true });
    const { asOf, ...now } = await on('10:45:00');
    expect(now).toEqual(await town.row(conversationId, 'supervisor'));
    expect(asOf).toEqual({ at: `2026-03-${String(day)}T10:45:00.000Z`, revision: expect.any(Number) });
    expect((await door.get('admin', `/v1/conversations/${conversationId}?at=2026-03-01T00:00:00Z`)).code).toBe(
      'not-found',
    );
  });

  it('is for supervisors, administrators and auditors; others see the present only', async () => {
    const { contactId, conversationId } = await town.customer();
    for (const path of [`/v1/contacts/${contactId}`, `/v1/conversations/${conversationId}`]) {
      for (const who of ['supervisor', 'admin', 'auditor'] as const)
        expect((await door.get(who, `${path}?at=${clock.now()}`)).status).toBe(200);
      for (const who of ['agent', 'integration'] as const)
        expect((await door.get(who, `${path}?at=${clock.now()}`)).code).toBe('forbidden');
      expect((await door.get('admin', `${path}?at=yesterday`)).code).toBe('invalid-request');
      expect((await door.get('admin', path)).body.asOf).toBeUndefined();
    }
  });
});

describe('blocked conversations as CSV', () => {
  const csv = async (query: string): Promise<readonly string[]> => {
    const answer = await door.get('auditor', `/v1/audit/blocked-conversations.csv?${query}`);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.text.endsWith('\r\n')).toBe(true);
    return answer.text.split('\r\n').slice(0, -1);
  };

  it('has a row for each conversation and block, with what was ignored in it [H4 W13]', async () => {
    const at = onANewDay();
    const { contactId, phone, conversationId } = await town.customer();
    const from = at('10:00');
    const { blockId } = await town.block(contactId, { kind: 'do_not_contact', reasonCode: '-formula' });
    await town.writes(phone, 'one');
    await town.writes(phone, 'two');
    // A channel on which there is no conversation: what was hidden is counted all the same.
    const other = await town.writes(phone, 'three', { channel: 'sms', from: { kind: 'sms', value: phone } });
    expect(other.disposition).toBe('ignored');
    const endedAt = at('10:10');
    await town.unblock(contactId);
    const silent = await town.contact();
    await town.block(silent.contactId);
    const to = at('11:00');
    await town.block(contactId, { reasonCode: 'later' });

    const [head, ...rows] = await csv(`from=${from}&to=${to}`);
    expect(head).toBe(
      'conversationId,channel,contactId,blockId,kind,reasonCode,blockedBy,blockedAt,endedAt,endedHow,requestedBy,durationMs,ignoredCount',
    );
    const cells = rows.map((row) => row.split(','));
    expect(cells.map(([, channel]) => channel).sort()).toEqual(['sms', 'whatsapp']);
    expect(cells.find(([id]) => id === conversationId)).toEqual([
      conversationId,
      'whatsapp',
      contactId,
      blockId,
      'do_not_contact',
      `'-formula`,
      'ana',
      from,
      endedAt,
      'unblocked',
      'customer',
      '600000',
      '2',
    ]);
    expect(cells.find(([, channel]) => channel === 'sms')?.at(-1)).toBe('1');
    const later = (await csv(`from=${to}`)).slice(1).map((row) => row.split(','));
    expect(later.map((row) => [row[0], row[5], row[8], row[11]])).toEqual([[conversationId, 'later', '', '']]);
    const theirs = await door.get('auditor', '/v1/audit/blocked-conversations.csv', { tenant: 'other' });
    expect(theirs.text.split('\r\n')).toHaveLength(2);
  });
});

describe('with wallets', () => {
  it('blocked conversations are filtered by one, and a card as of an instant names those of then [W13]', async () => {
    const at = onANewDay();
    const { contactId, conversationId } = await town.customer();
    const other = await town.customer();
    const before = at('09:00');
    at('09:30');
    const { walletId } = await town.does('admin', 'POST', '/v1/wallets', { name: 'North' });
    const path = `/v1/wallets/${walletId as string}`;
    await town.does('admin', 'POST', `${path}/contacts`, { contactIds: [contactId] });
    const then = at('10:00');
    await town.does('admin', 'PATCH', path, { name: 'South' });
    await town.block(contactId);
    await town.block(other.contactId);
    const csv = (query: string): Promise<Answer> =>
      door.get('auditor', `/v1/audit/blocked-conversations.csv?from=${then}&${query}`);
    const { text } = await csv(`walletId=${walletId as string}`);
    expect(text).toContain(conversationId);
    expect(text).not.toContain(other.conversationId);
    expect((await csv('')).text).toContain(other.conversationId);
    expect((await csv(`walletId=${NOWHERE}`)).code).toBe('not-found');

    const walletsAt = async (time: string): Promise<Json> =>
      (await door.get('auditor', `/v1/contacts/${contactId}?at=${time}`)).body.wallets;
    expect(await walletsAt(before)).toEqual([]);
    expect(await walletsAt(`2026-03-${String(day)}T09:59:59Z`)).toEqual([{ walletId, name: 'North' }]);
    expect(await walletsAt(clock.now())).toEqual([{ walletId, name: 'South' }]);
    at('11:00');
    await town.does('admin', 'DELETE', `${path}/contacts/${contactId}`);
    expect(await walletsAt(clock.now())).toEqual([]);
    expect((await csv(`walletId=${walletId as string}`)).text).not.toContain(conversationId);
  });
});

describe('the export', () => {
  const take = async (query = ''): Promise<readonly string[]> => {
    const { status, text } = await door.get('auditor', `/v1/audit/export?${query}`);
    expect(status).toBe(200);
    return text.split('\n').slice(0, -1);
  };
  const file = (name: string, lines: readonly string[]): string => {
    const path = join(folder, name);
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
    return path;
  };
  const verified = async (...words: readonly string[]): Promise<number> =>
    (await runHere({}, ['audit', 'verify', ...words])).code;

  it('holds the tenant\u2019s facts as they are stored, and nobody else\u2019s, and is itself a fact with its head [I19]', async () => {
    await townOf(door, 'other').customer();
    const before = await door.facts();
    const { text } = await door.get('auditor', '/v1/audit/export');
    const all = linesOf(text);
    const lines = all.slice(0, -1);
    const { head, count, sha256 } = all.at(-1)!;
    const own = before.filter(({ stream }) => /^[a-z]+-acme(\.|$)/.test(stream));
    expect(own.length).toBeLessThan(before.length);
    expect(lines.map((line): unknown => line['eventId'])).toEqual(own.map(({ id }) => id));
    for (const [index, { position, type, stream, revision, recordedAt, metadata, data }] of own.entries())
      expect(lines[index]).toMatchObject({ position, type, stream, revision, recordedAt, metadata, data });
    expect(text).toContain('"$enc"');
    expect(text).not.toContain('Maria');
    expect([head, count]).toEqual([lines.at(-1)?.['hash'], own.length]);
    const [fact, ...more] = (await door.facts()).slice(before.length);
    expect(more).toEqual([]);
    expect(fact).toMatchObject({
      stream: 'access-acme',
      type: 'AuditExported',
      data: { head, count, sha256, from: null, to: null, exportedBy: 'aud' },
    });
  });

  it('is of the range that is asked for, by recorded time, and may be empty', async () => {
    const before = await door.head();
    const at = onANewDay();
    for (const time of ['10:00', '10:30', '11:00', '11:30']) {
      at(time);
      await town.contact();
    }
    // A log on a server has a clock of its own: what it recorded says what the range is.
    const own = (await door.facts(before)).filter(({ stream }) => stream.startsWith('contact-'));
    const [from = '', to = ''] = [own[1]?.recordedAt, own[3]?.recordedAt];
    const within = (await door.facts()).filter(
      ({ stream, recordedAt }) => /^[a-z]+-acme(\.|$)/.test(stream) && recordedAt >= from && recordedAt < to,
    );
    const lines = await take(`from=${from}&to=${to}`);
    expect(lines.slice(0, -1).map((line) => (JSON.parse(line) as { eventId: string }).eventId)).toEqual(
      within.map(({ id }) => id),
    );
    const empty = await take('to=2020-01-01T00:00:00Z');
    expect(JSON.parse(empty[0]!)).toEqual({ head: '0'.repeat(64), count: 0, sha256: expect.any(String) });
    expect(await verified(file('empty.ndjson', empty))).toBe(0);
  });

  it('is recorded each time, also under the same key', async () => {
    const key = '6a1b3a51-5d5d-4c4b-8f57-8f3a0a5a1c11';
    const added = await door.added(async () => {
      await door.get('auditor', '/v1/audit/export?to=2026-03-01T00:00:00Z', { key });
      await door.get('auditor', '/v1/audit/export?to=2026-03-01T00:00:00Z', { key });
    });
    expect(added).toEqual(['AuditExported', 'AuditExported']);
  });

  it('verifies without a server, and any harm is found: exit code 4', async () => {
    const lines = await take();
    const whole = file('whole.ndjson', lines);
    const ok = await runHere({}, ['audit', 'verify', whole, '--json']);
    const { head } = JSON.parse(lines.at(-1)!) as { head: string };
    expect(ok.last()).toMatchObject({ ok: true, exitCode: 0, result: { facts: lines.length - 1, head, faults: [] } });
    expect(await verified(whole, '--head', head)).toBe(0);
    expect(await verified(whole, '--head', '0'.repeat(64))).toBe(4);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(lines.length - 2),
        fc.constantFrom('change', 'remove', 'twice', 'swap'),
        async (at, harm) => {
          const line = lines[at]!;
          const next = lines[at + 1]!;
          const harmed =
            harm === 'change'
              ? lines.with(at, line.replace('"tenant":"acme"', '"tenant":"acne"'))
              : harm === 'remove'
                ? lines.toSpliced(at, 1)
                : harm === 'twice'
                  ? lines.toSpliced(at, 0, line)
                  : lines.with(at, next).with(at + 1, line);
          const { code, err } = await runHere({}, ['audit', 'verify', file('harmed.ndjson', harmed)]);
          expect(code).toBe(4);
          expect(err).toMatch(new RegExp(`: line ${String(harm === 'twice' ? at + 2 : at + 1)} `));
        },
      ),
      { numRuns: 40, ...SAME_RUNS },
    );
    expect(await verified(join(folder, 'nothing.ndjson'))).toBe(2);
  });

  it('verifies before and after an erasure, which changes no fact of before', async () => {
    const { contactId: erased, phone } = await town.customer();
    await town.block(erased, { reasonText: 'insults' });
    await town.writes(phone, 'ignored');
    const before = await take();
    const erasureId = await town.erase(erased);
    await until(async () => (await town.certificate(erasureId)).status === 'completed', 60_000);
    const after = await take();
    expect(await verified(file('before-erasure.ndjson', before))).toBe(0);
    expect(await verified(file('after-erasure.ndjson', after))).toBe(0);
    expect(after.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
    const added = after.slice(before.length - 1, -1).map((line) => (JSON.parse(line) as { type: string }).type);
    expect(added).toEqual(expect.arrayContaining(['ErasureRequested', 'ContactErased', 'ErasureCompleted']));
  }, 60_000);

  it('of one range is the same twice, and one that was made anew from changed facts is told by the other', async () => {
    const to = (await door.facts()).at(-1)?.recordedAt ?? '';
    const first = file('first.ndjson', await take(`to=${to}`));
    const second = file('second.ndjson', await take(`to=${to}`));
    expect(readFileSync(first, 'utf8')).toBe(readFileSync(second, 'utf8'));
    expect(await verified(first, '--against', second)).toBe(0);
    const longer = file('longer.ndjson', await take());
    const apart = await runHere({}, ['audit', 'verify', first, '--against', longer]);
    expect([apart.code, apart.err]).toEqual([4, expect.stringContaining('part at line')]);
  });

  it('goes to a file by the command line, which verifies it first', async () => {
    const path = join(folder, 'cli.ndjson');
    const taken = await runHere(auditor, ['audit', 'export', path, '--to', clock.now()]);
    expect([taken.code, taken.err]).toEqual([0, '']);
    expect(await verified(path)).toBe(0);
    expect((await runHere(auditor, ['audit', 'export', path])).code).toBe(2);
    const ops = { ...auditor, PORTARIA_TOKEN: await tokenOf('ops') };
    const refused = await runHere(ops, ['audit', 'export', `${path}2`]);
    expect([refused.code, refused.err]).toEqual([3, expect.stringContaining('an auditor')]);
  });
});

describe('the quarantine', () => {
  /** As a block in the mode quarantine leaves it. */
  const quarantined = async (contactId: string, text: string): Promise<string> => {
    const { store, vault } = door.gatehouse.stores;
    const [key] = await vault.dataKeys('acme', [`contact:${contactId}:2026-03-10`]);
    const ignored = (await door.facts()).findLast(({ type }) => type === 'BlockedMessageIgnored')!;
    const { id, stream, revision, type, schemaVersion, data, metadata } = ignored;
    const eventId = id.replace(/.{12}$/, randomBytes(6).toString('hex'));
    const kept = { ...data, mode: 'quarantine', content: { ...seal({ text }, key!, eventId, 'content'), e: eventId } };
    await store.append(stream, { revision }, [{ id: eventId, type, schemaVersion, data: kept, metadata }]);
    return eventId;
  };

  it('shows what was kept, to supervisors, administrators and auditors, and records the look before it answers', async () => {
    const { contactId, phone } = await town.customer();
    await town.block(contactId);
    await town.writes(phone, 'forgotten');
    const before = await door.head();
    const added = (): Promise<readonly string[]> => door.facts(before).then((facts) => facts.map(({ type }) => type));
    const path = `/v1/audit/contacts/${contactId}/quarantine`;
    expect((await door.get('auditor', `${path}?reason=complaint`)).body).toEqual({ items: [], nextCursor: null });
    expect(await added()).toEqual(['HiddenContentViewed']);
    expect((await door.get('agent', path)).code).toBe('forbidden');
    expect((await door.get('auditor', `/v1/audit/contacts/${NOWHERE}/quarantine`)).code).toBe('not-found');
    expect(await added()).toEqual(['HiddenContentViewed']);
  });

  it('gives its messages in pages, each of which is a look with its reason, sealed', async () => {
    const { contactId, phone } = await town.customer();
    await town.block(contactId);
    await town.writes(phone, 'not kept');
    const first = await quarantined(contactId, 'one');
    const second = await quarantined(contactId, 'two');
    const path = `/v1/audit/contacts/${contactId}/quarantine?reason=complaint%20of%20Ada&limit=1`;
    const page = await door.get('supervisor', path);
    expect(page.body.items).toMatchObject([{ eventId: first, content: { text: 'one' } }]);
    const rest = await door.get('supervisor', `${path}&cursor=${page.body.nextCursor as string}`);
    expect(rest.body).toMatchObject({ items: [{ eventId: second, content: { text: 'two' } }], nextCursor: null });
    const looks = (await door.facts()).filter(
      ({ type, data }) => type === 'HiddenContentViewed' && data['contactId'] === contactId,
    );
    expect(looks.map(({ data }) => [data['viewedBy'], data['eventIds']])).toEqual([
      ['sol', [first]],
      ['sol', [second]],
    ]);
    expect(JSON.stringify(looks.map(({ data }) => data))).not.toContain('Ada');
    const anywhere = await door.get('auditor', '/v1/audit/export');
    expect(anywhere.text).not.toContain('"one"');
  });
});

describe('the command line', () => {
  it('shows histories and replays as the API gives them', async () => {
    const { contactId } = await town.customer(newPhone());
    await town.block(contactId);
    const history = await runHere(auditor, ['audit', 'block-history', contactId]);
    expect(JSON.parse(history.out)).toEqual(await historyOf(contactId));
    const csv = await runHere(auditor, ['audit', 'block-history', contactId, '--format', 'csv']);
    expect(csv.out).toMatch(/^contactId,.*\r\n/);
    const json = await runHere(auditor, ['audit', 'block-history', contactId, '--json']);
    expect(json.last()).toMatchObject({ command: 'audit block-history', result: { contactId } });
    const replay = await runHere(auditor, ['audit', 'replay', contactId]);
    expect(replay.out.trimEnd().split('\n')).toHaveLength(2);
    expect((await runHere(auditor, ['audit', 'replay', contactId, '--json'])).lines()).toHaveLength(2);
    expect((await runHere(auditor, ['audit', 'replay', NOWHERE])).code).toBe(3);
  });
});
