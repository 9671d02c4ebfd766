import { randomBytes } from 'node:crypto';
import {
  type AppendToStreamOptions,
  EventStoreDBClient,
  type JSONEventData,
  type ReadAllOptions,
  START,
} from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AppendOutcomeUnknown } from '#event-store';
import { checkEventStoreDb, type EventStoreDb, openEventStoreDb } from '#event-store/eventstoredb/index';
import type { Position } from '#kernel';
import { endOf } from '../fixtures/event-store-db-end.js';
import { fill, follow, numbers, revisions } from '../fixtures/event-store-db-world.js';
import { aFact, aStream, collect } from './event-store.suite.js';

/**
 * What a server of EventStoreDB does beside the port's promises. Held against the fake in every run and against a real one in
 * `npm run test:servers`, so that the fake cannot be kinder than what it stands for.
 */
export const eventStoreDbTruths = (
  name: string,
  start: () => Promise<{ readonly connectionString: string; stop(): Promise<void> }>,
): void => {
  describe(`what a server does (${name})`, () => {
    /** Its own in every run: what earlier runs left is nobody's. */
    const prefix = `t${randomBytes(6).toString('hex')}`;
    let server: Awaited<ReturnType<typeof start>>;
    let store: EventStoreDb;
    let begin: Position | null;
    /** Whoever else has rights on the server; names streams as the server does. */
    let operator: EventStoreDBClient;
    const named = (stream: string): string => `${prefix}${stream}`;
    beforeAll(async () => {
      server = await start();
      const { connectionString } = server;
      store = openEventStoreDb({ connectionString, categories: ['suite'], prefix });
      begin = await endOf(connectionString);
      operator = EventStoreDBClient.connectionString(connectionString);
    });
    afterAll(async () => {
      await operator.dispose();
      await store.close();
      await server.stop();
    });

    const three = async (): Promise<string> => {
      const stream = aStream();
      await store.append(stream, 'no_stream', [aFact(), aFact(), aFact()]);
      return stream;
    };
    const readRevisions = async (stream: string, direction: 'forwards' | 'backwards' = 'forwards') =>
      revisions(await collect(store.readStream(stream, { direction })));
    /** A deleted stream comes back a moment behind the append that continues it. */
    const continued = async (stream: string): Promise<readonly number[]> => {
      for (let left = 100; left > 0; left -= 1) {
        const there = await readRevisions(stream);
        if (there.length > 0) return there;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return [];
    };
    const inLog = async (stream: string) =>
      revisions((await collect(store.readAll({ after: begin }))).filter((event) => event.stream === stream));
    const appendRaw = (stream: string, events: JSONEventData[], options: AppendToStreamOptions) =>
      operator.appendToStream(named(stream), events, options);

    it('passes the check', async () => {
      expect(await checkEventStoreDb(server)).toMatchObject({ ok: true });
    });

    it('answers retries by ids and places', async () => {
      const stream = aStream();
      const events = [aFact(), aFact()];
      const first = await store.append(stream, 'no_stream', events);
      expect(first.deduplicated).toBe(false);
      expect(await store.append(stream, 'no_stream', events)).toEqual({ ...first, deduplicated: true });
      // Also a part of it, and with another body.
      const again = await store.append(stream, 'no_stream', [{ ...events[0]!, data: { other: 1 } }]);
      expect(again).toMatchObject({ revision: 0, deduplicated: true });
      await expect(store.append(stream, 'no_stream', [...events, aFact()])).rejects.toMatchObject({ actual: 1 });
      // Written again, at the end of the stream: the command id in the stream is the truth, not this.
      const tail = await store.append(stream, { revision: 1 }, [events[1]!]);
      expect(tail).toMatchObject({ revision: 2, deduplicated: false });
      const twice = aFact();
      expect(await store.append(aStream(), 'no_stream', [twice, twice])).toMatchObject({ revision: 1 });
    });

    it('takes an append of nearly 1 MiB', async () => {
      const stream = aStream();
      const text = 'x'.repeat(1_000_000);
      await store.append(stream, 'no_stream', [aFact({ text })]);
      expect((await collect(store.readStream(stream)))[0]?.data['text']).toHaveLength(1_000_000);
    });

    it('counts the data alone against the limit of an append', async () => {
      const event = (bytes: number): JSONEventData => ({
        id: aFact().id,
        type: 'SomethingHappened',
        contentType: 'application/json',
        data: 'x'.repeat(bytes - 2),
        metadata: { some: 'metadata' },
      });
      const options = { expectedRevision: 'no_stream' } as const;
      await expect(appendRaw(aStream(), [event(1024 * 1024)], options)).resolves.toMatchObject({ success: true });
      await expect(appendRaw(aStream(), [event(1024 * 1024 + 1)], options)).rejects.toMatchObject({
        type: 'maximum-append-size-exceeded',
      });
    });

    it('compares deadlines with its own clock, which ours does not depend on', async () => {
      const yearAgo = jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 400 * 86_400_000);
      try {
        expect(await store.append(aStream(), 'no_stream', [aFact()])).toMatchObject({ revision: 0 });
        const event: JSONEventData = { ...aFact(), contentType: 'application/json' };
        const late = appendRaw(aStream(), [event], { expectedRevision: 'no_stream', deadline: 10_000 });
        await expect(late).rejects.toMatchObject({ type: 'deadline-exceeded' });
      } finally {
        yearAgo.mockRestore();
      }
    });

    it('takes an append of nothing', async () => {
      const options = { expectedRevision: 'no_stream' } as const;
      expect(await appendRaw(aStream(), [], options)).toMatchObject({ success: true, nextExpectedRevision: 0n });
      expect(await appendRaw(await three(), [], { expectedRevision: 2n })).toMatchObject({ nextExpectedRevision: 2n });
    });

    it('does not answer a read of nothing, and refuses places where nothing stands', async () => {
      const stream = await three();
      const end = async (read: AsyncIterable<unknown>): Promise<void> => {
        for await (const event of read) expect(event).toBeDefined();
      };
      await expect(end(operator.readStream(named(stream), { maxCount: 0 }))).rejects.toMatchObject({ code: 2 });
      const [head] = await collect(store.readStream(stream));
      const commit = BigInt(head!.position.split(':')[0]!) - 3n;
      const nowhere = { fromPosition: { commit, prepare: commit }, maxCount: 1 } satisfies ReadAllOptions;
      await expect(end(operator.readAll(nowhere))).rejects.toMatchObject({ type: 'unknown' });
      await expect(end(operator.subscribeToAll(nowhere))).rejects.toMatchObject({ code: 2 });
      const silent = operator.readAll({ fromPosition: START, maxCount: 0 });
      const answer = await Promise.race([
        end(silent).then(() => 'answered'),
        new Promise((resolve) => setTimeout(resolve, 300, 'silent')),
      ]);
      expect(answer).toBe('silent');
      await silent.cancel();
    });

    it('continues the revisions of a deleted stream, whose facts stay in the log', async () => {
      const stream = await three();
      await operator.deleteStream(named(stream));
      expect(await readRevisions(stream)).toEqual([]);
      expect(await readRevisions(stream, 'backwards')).toEqual([]);
      await expect(store.append(stream, { revision: 1 }, [aFact()])).rejects.toMatchObject({ actual: 2 });
      expect(await store.append(stream, 'no_stream', [aFact()])).toMatchObject({ revision: 3 });
      await expect(store.append(stream, 'no_stream', [aFact()])).rejects.toMatchObject({ actual: 3 });
      expect(await store.append(stream, { revision: 3 }, [aFact()])).toMatchObject({ revision: 4 });
      expect(await continued(stream)).toEqual([3, 4]);
      expect(await inLog(stream)).toEqual([0, 1, 2, 3, 4]);
    });

    it('keeps a deleted stream deleted when its old facts are said again', async () => {
      const stream = aStream();
      const events = [aFact(), aFact()];
      await store.append(stream, 'no_stream', events);
      await operator.deleteStream(named(stream));
      // The answer is a success without a position: only a read tells what it is worth, and the stream cannot be read any more.
      await expect(store.append(stream, 'no_stream', events)).rejects.toBeInstanceOf(AppendOutcomeUnknown);
      await expect(store.append(stream, 'no_stream', [events[0]!, aFact()])).rejects.toMatchObject({ actual: 1 });
      expect(await readRevisions(stream)).toEqual([]);
      expect(await store.append(stream, { revision: 1 }, [aFact()])).toMatchObject({ revision: 2 });
      expect(await continued(stream)).toEqual([2]);
    });

    it('reads a truncated stream from its new beginning, also where that is past its end', async () => {
      const [cut, emptied] = [await three(), await three()];
      await operator.setStreamMetadata(named(cut), { truncateBefore: 2 });
      await operator.setStreamMetadata(named(emptied), { truncateBefore: 100 });
      expect(await readRevisions(cut)).toEqual([2]);
      expect(await readRevisions(cut, 'backwards')).toEqual([2]);
      expect(await readRevisions(emptied)).toEqual([]);
      for (const stream of [cut, emptied]) {
        await expect(store.append(stream, 'no_stream', [aFact()])).rejects.toMatchObject({ actual: 2 });
        expect(await store.append(stream, { revision: 2 }, [aFact()])).toMatchObject({ revision: 3 });
        expect(await inLog(stream)).toEqual([0, 1, 2, 3]);
      }
      expect(await readRevisions(cut)).toEqual([2, 3]);
      expect(await readRevisions(emptied)).toEqual([]);
    });

    it('cannot continue a tombstoned stream; the log goes on over the tombstone', async () => {
      const stream = await three();
      const { foreignEvents } = store.metrics();
      await operator.tombstoneStream(named(stream));
      await operator.tombstoneStream(named(aStream()));
      for (const expected of ['no_stream', { revision: 2 }] as const) {
        await expect(store.append(stream, expected, [aFact()])).rejects.toBeInstanceOf(AppendOutcomeUnknown);
      }
      await expect(collect(store.readStream(stream))).rejects.toThrow(/tombstoned/);
      const behind = await three();
      expect(await inLog(stream)).toEqual([0, 1, 2]);
      expect(await inLog(behind)).toEqual([0, 1, 2]);
      expect(store.metrics().foreignEvents).toBeGreaterThan(foreignEvents);
      const seen = await follow(store, { after: begin }, (item) => item.kind === 'caughtUp');
      expect(seen.filter((event) => event.stream === behind)).toHaveLength(3);
    });

    it('gives a long catching up in order and once, then lives on', async () => {
      const stream = aStream();
      await fill(store, stream, 5_000);
      let level = false;
      const seen = await follow(store, { after: begin, pageSize: 100, limitMs: 30_000 }, async (item, so_far) => {
        if (item.kind === 'caughtUp' && !level) {
          level = true;
          await fill(store, stream, 500, 5_000);
        }
        return so_far.filter((event) => event.stream === stream).length >= 5_500;
      });
      expect(revisions(seen.filter((event) => event.stream === stream))).toEqual(numbers(5_500));
    });
  });
};
