// Read models that are rebuilt under those who write and read.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { projections } from '#apps/registry';
import { FreshFold } from '../fixtures/fresh-fold.js';
import { clock, openDoor, type Answer, type Door } from './door.js';
import { newPhone } from './town.js';

const CONVERSATIONS = 400;
const READERS = 8;
/** The inbox is rebuilt again and again until each reader has read so often what it wrote. */
const READS = 10;

let door: Door;
beforeAll(async () => {
  clock.start('2026-03-10T08:00:00Z');
  door = await openDoor();
});
afterAll(async () => {
  await door.close();
  clock.stop();
});

const message = (phone: string, text: string): object => ({
  channel: 'whatsapp',
  from: { kind: 'whatsapp', value: phone, displayName: 'Maria' },
  providerMessageId: randomUUID(),
  content: { text },
});
const ok = async (asked: Promise<Answer>): Promise<Answer> => {
  const answer = await asked;
  if (answer.status !== 200) throw new Error(`answered ${answer.text}`);
  return answer;
};
const writes = (phone: string, text: string): Promise<Answer> =>
  ok(door.call('integration', 'POST', '/v1/messages/inbound', message(phone, text)));

/** Writes, and reads what it wrote behind its own token, again and again. */
const reader = async (isOver: () => boolean, onRead: () => void): Promise<void> => {
  const phone = newPhone();
  let written = 0;
  while (!isOver()) {
    const text = `message ${String(++written)} of ${phone}`;
    const { headers, body } = await writes(phone, text);
    const after = `after=${headers.get('consistency-token') ?? ''}&wait=20000`;
    const behind = (path: string): Promise<Answer> =>
      ok(door.call('agent', 'GET', `${path}${path.includes('?') ? '&' : '?'}${after}`));
    const row = await behind(`/v1/conversations/${body.conversationId as string}`);
    expect(row.body).toMatchObject({ lastMessagePreview: text, unread: written });
    const list = await behind('/v1/conversations?limit=50');
    expect(list.body.items).toHaveLength(50);
    const counts = await behind('/v1/conversations/counts');
    expect(counts.body.all.open).toBeGreaterThan(CONVERSATIONS);
    onRead();
  }
};

describe('acceptance', () => {
  it('12: the inbox is rebuilt while messages arrive and eight read what they write, without an error, a gap or an old row', async () => {
    const phones = Array.from({ length: CONVERSATIONS }, newPhone);
    const lines = phones.map((phone) => JSON.stringify(message(phone, 'Oi'))).join('\n');
    const headers = { 'content-type': 'application/x-ndjson' };
    await ok(door.call('integration', 'POST', '/v1/messages/inbound/batch', lines, { headers }));

    const over = new AbortController();
    const isOver = (): boolean => over.signal.aborted;
    const arriving = (async (): Promise<void> => {
      for (let n = 0; !isOver(); n++) await writes(phones[n % phones.length] ?? '', `message ${String(n)}`);
    })();
    const reads = new Array<number>(READERS).fill(0);
    const reading = reads.map((_, n) => reader(isOver, () => (reads[n]! += 1)));
    const working = Promise.all([arriving, ...reading]);
    const rebuilding = (async (): Promise<void> => {
      while (reads.some((n) => n < READS))
        expect(await door.rebuild('inbox')).toMatchObject({ phase: 'done', error: null, result: { equal: true } });
    })();
    try {
      // Whoever fails first ends it.
      await Promise.race([rebuilding, working]);
    } finally {
      over.abort();
    }
    await Promise.all([rebuilding, working]);

    const facts = await door.facts();
    const fold = new FreshFold(
      projections.filter(({ name }) => name === 'inbox'),
      door.gatehouse.stores.codec,
    );
    await fold.add(facts);
    const { result } = await door.rebuild('inbox');
    expect(result).toMatchObject({ equal: true, parked: 0, ...fold.contents()['inbox'] });
    expect((await door.rebuild('inbox')).result).toEqual(result);
  }, 120_000);
});
