import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Position } from '#kernel';
import { aFact, aStream, collect, eventStoreConformance } from '../../../../test/conformance/event-store.suite.js';
import { fill, follow, numbers, revisions } from '../../../../test/fixtures/event-store-db-world.js';
import { checkEventStoreDb, type EventStoreDb, openEventStoreDb } from './index.js';

const connectionString = process.env['EVENTSTORE_URL'] ?? '';
/** Its own in every run: what earlier runs left is nobody's. */
const prefix = `t${randomBytes(6).toString('hex')}`;
const open = (): EventStoreDb => openEventStoreDb({ connectionString, categories: ['suite'], prefix });

if (connectionString === '') {
  // POSTGRES_URL alone was given: what is not asked for is said, not passed over.
  it.skip('a real EventStoreDB (EVENTSTORE_URL is not set)', () => undefined);
} else {
  eventStoreConformance('EventStoreDB', () => {
    const store = open();
    return Promise.resolve({ store, close: () => store.close() });
  });

  describe('a real EventStoreDB', () => {
    let store: EventStoreDb;
    let start: Position | null;
    beforeAll(async () => {
      store = open();
      start = (await store.head())?.position ?? null;
    });
    afterAll(() => store.close());

    it('passes the check', async () => {
      expect(await checkEventStoreDb({ connectionString })).toMatchObject({ ok: true });
    });

    it('answers retries as the fake does', async () => {
      const stream = aStream();
      const events = [aFact(), aFact()];
      const first = await store.append(stream, 'no_stream', events);
      expect(await store.append(stream, 'no_stream', events)).toEqual({ ...first, deduplicated: true });
      expect(await store.append(stream, 'no_stream', [{ ...events[0]!, data: { other: 1 } }])).toMatchObject({
        revision: 0,
      });
      await expect(store.append(stream, 'no_stream', [...events, aFact()])).rejects.toMatchObject({ actual: 1 });
      // Written again, at the end of the stream.
      expect(await store.append(stream, { revision: 1 }, [events[1]!])).toMatchObject({
        revision: 2,
        deduplicated: false,
      });
      const twice = aFact();
      expect(await store.append(aStream(), 'no_stream', [twice, twice])).toMatchObject({ revision: 1 });
    });

    it('holds an append of nearly 1 MiB', async () => {
      const stream = aStream();
      const text = 'x'.repeat(1_000_000);
      await store.append(stream, 'no_stream', [aFact({ text })]);
      expect((await collect(store.readStream(stream)))[0]?.data['text']).toHaveLength(1_000_000);
    });

    it('gives a long catching up in order and once, then lives on', async () => {
      const stream = aStream();
      await fill(store, stream, 5_000);
      let level = false;
      const seen = await follow(store, { after: start, pageSize: 100, limitMs: 30_000 }, async (item, so_far) => {
        if (item.kind === 'caughtUp' && !level) {
          level = true;
          await fill(store, stream, 500, 5_000);
        }
        return so_far.filter((event) => event.stream === stream).length >= 5_500;
      });
      expect(revisions(seen.filter((event) => event.stream === stream))).toEqual(numbers(5_500));
    });
  });
}
