import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import {
  type AppendResult,
  type EventStore,
  type EventToStore,
  type StoredEvent,
  type SubscriptionItem,
  WrongExpectedRevision,
} from '#event-store';
import type { Position } from '#kernel';

export const aFact = (data: Readonly<Record<string, unknown>> = {}, id: string = uuidv7()): EventToStore => ({
  id,
  type: 'SomethingHappened',
  schemaVersion: 1,
  data,
  metadata: {
    $correlationId: id,
    $causationId: id,
    commandId: id,
    commandType: 'MakeItHappen',
    actor: 'staff-1',
    actorKind: 'staff',
    tenant: 'suite',
    schemaVersion: '1',
    occurredAt: '2026-01-01T00:00:00.000Z',
    requestHash: 'h',
  },
});

/** A name that no earlier run used: the server may hold data already. */
export const aStream = (): string => `suite-suite.${randomUUID()}`;
const facts = (n: number): EventToStore[] => Array.from({ length: n }, (_, i) => aFact({ i }));
const ids = (events: readonly { readonly id: string }[]): string[] => events.map((event) => event.id);

export const collect = async (pages: AsyncIterable<readonly StoredEvent[]>): Promise<StoredEvent[]> => {
  const all: StoredEvent[] = [];
  for await (const page of pages) all.push(...page);
  return all;
};

/** What every adapter of the log promises. Other writers may be at work on the same server: only our own streams are looked at. */
export const eventStoreConformance = (
  name: string,
  open: () => Promise<{ store: EventStore; close(): Promise<void> }>,
): void => {
  describe(`the log (${name})`, () => {
    let store: EventStore;
    let opened: Awaited<ReturnType<typeof open>>;
    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(async () => {
      await opened.close();
    });

    const headPosition = async (): Promise<Position | null> => (await store.head())?.position ?? null;
    const mine = async (after: Position | null, streams: readonly string[], until?: Position): Promise<StoredEvent[]> =>
      (await collect(store.readAll(until === undefined ? { after } : { after, until }))).filter((e) =>
        streams.includes(e.stream),
      );

    describe('appending', () => {
      it('begins a stream at revision 0 and continues it without gaps', async () => {
        const stream = aStream();
        const first = await store.append(stream, 'no_stream', facts(2));
        expect(first).toMatchObject({ revision: 1, deduplicated: false });
        const second = await store.append(stream, { revision: 1 }, facts(1));
        expect(second.revision).toBe(2);
        expect(second.position > first.position).toBe(true);
        expect((await collect(store.readStream(stream))).map((e) => e.revision)).toEqual([0, 1, 2]);
      });

      it('refuses what expects another state, and says which it found', async () => {
        const stream = aStream();
        await expect(store.append(stream, { revision: 0 }, facts(1))).rejects.toMatchObject({
          name: 'WrongExpectedRevision',
          actual: null,
        });
        await store.append(stream, 'no_stream', facts(2));
        await expect(store.append(stream, 'no_stream', facts(1))).rejects.toMatchObject({ actual: 1, stream });
        await expect(store.append(stream, { revision: 0 }, facts(2))).rejects.toBeInstanceOf(WrongExpectedRevision);
        await expect(store.append(stream, { revision: 2 }, facts(1))).rejects.toBeInstanceOf(WrongExpectedRevision);
        expect(await collect(store.readStream(stream))).toHaveLength(2);
      });

      it('lets one of eight writers at the same revision win', async () => {
        const stream = aStream();
        const outcomes = await Promise.allSettled(
          Array.from({ length: 8 }, () => store.append(stream, 'no_stream', facts(1))),
        );
        expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(WrongExpectedRevision);
        }
        expect(await collect(store.readStream(stream))).toHaveLength(1);
      });

      it('answers a retry of the same ids as at first, also when the stream has gone on', async () => {
        const stream = aStream();
        const events = facts(3);
        const first = await store.append(stream, 'no_stream', events);
        await store.append(stream, { revision: 2 }, facts(1));
        const again = await store.append(stream, 'no_stream', events);
        expect(again).toMatchObject({ revision: 2, position: first.position });
        expect(await collect(store.readStream(stream))).toHaveLength(4);
      });

      it('refuses a retry that brings a further fact', async () => {
        const stream = aStream();
        const events = facts(2);
        await store.append(stream, 'no_stream', events);
        await expect(store.append(stream, 'no_stream', [...events, ...facts(1)])).rejects.toBeInstanceOf(
          WrongExpectedRevision,
        );
      });

      it('appends to many streams, each with its own outcome', async () => {
        const [a, b, c] = [aStream(), aStream(), aStream()];
        await store.append(b, 'no_stream', facts(1));
        const results = await store.appendMany([
          { stream: a, expected: 'no_stream', events: facts(2) },
          { stream: b, expected: 'no_stream', events: facts(1) },
          { stream: c, expected: 'no_stream', events: facts(1) },
        ]);
        expect(results).toHaveLength(3);
        expect((results[0] as AppendResult).revision).toBe(1);
        expect(results[1]).toBeInstanceOf(WrongExpectedRevision);
        expect((results[2] as AppendResult).revision).toBe(0);
        expect(await collect(store.readStream(b))).toHaveLength(1);
      });
    });

    describe('reading', () => {
      it('gives back what was stored', async () => {
        const stream = aStream();
        const event = aFact({ text: 'olá 🙂 "quoted" \u2028 \u0000 日本', n: 1.5, list: [1, { a: null }], flag: true });
        const { position } = await store.append(stream, 'no_stream', [event]);
        const [stored] = await collect(store.readStream(stream));
        expect(stored?.data).toEqual(event.data);
        expect(stored?.metadata).toEqual(event.metadata);
        expect(stored).toMatchObject({
          id: event.id,
          type: event.type,
          schemaVersion: 1,
          stream,
          revision: 0,
          position,
        });
        expect(stored?.recordedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      });

      it('holds large facts', async () => {
        const stream = aStream();
        const text = 'ção'.repeat(60_000);
        await store.append(stream, 'no_stream', [aFact({ text })]);
        expect((await collect(store.readStream(stream)))[0]?.data['text']).toBe(text);
      });

      it('finds nothing in a stream that does not exist', async () => {
        expect(await collect(store.readStream(aStream()))).toEqual([]);
        expect(await collect(store.readStream(aStream(), { direction: 'backwards' }))).toEqual([]);
      });

      it('reads a stream from a revision, in both directions, up to a limit', async () => {
        const stream = aStream();
        await store.append(stream, 'no_stream', facts(10));
        const revisions = async (options: Parameters<EventStore['readStream']>[1]): Promise<number[]> =>
          (await collect(store.readStream(stream, options))).map((e) => e.revision);
        expect(await revisions({ from: 7 })).toEqual([7, 8, 9]);
        expect(await revisions({ from: 10 })).toEqual([]);
        expect(await revisions({ from: 2, limit: 2 })).toEqual([2, 3]);
        expect(await revisions({ direction: 'backwards', limit: 3 })).toEqual([9, 8, 7]);
        expect(await revisions({ direction: 'backwards', from: 1 })).toEqual([1, 0]);
      });

      it('reads long streams in pages without losing any', async () => {
        const stream = aStream();
        for (let at = 0; at < 5; at += 1) {
          await store.append(stream, at === 0 ? 'no_stream' : { revision: at * 900 - 1 }, facts(900));
        }
        const forwards = await collect(store.readStream(stream));
        expect(forwards.map((e) => e.revision)).toEqual(Array.from({ length: 4500 }, (_, i) => i));
        expect(ids(await collect(store.readStream(stream, { direction: 'backwards' })))).toEqual(
          ids(forwards).reverse(),
        );
      });

      it('reads the log in its order, after a position, up to another one', async () => {
        const start = await headPosition();
        const [a, b] = [aStream(), aStream()];
        const one = await store.append(a, 'no_stream', facts(2));
        const two = await store.append(b, 'no_stream', facts(2));
        const three = await store.append(a, { revision: 1 }, facts(1));
        const all = await mine(start, [a, b]);
        expect(all.map((e) => [e.stream, e.revision])).toEqual([
          [a, 0],
          [a, 1],
          [b, 0],
          [b, 1],
          [a, 2],
        ]);
        expect(all.map((e) => e.position)).toEqual(all.map((e) => e.position).sort());
        expect(new Set(all.map((e) => e.position)).size).toBe(5);
        expect((await mine(one.position, [a, b])).map((e) => e.stream)).toEqual([b, b, a]);
        expect((await mine(one.position, [a, b], two.position)).map((e) => e.stream)).toEqual([b, b]);
        expect(await mine(three.position, [a, b])).toEqual([]);
      });

      it('keeps to the page size', async () => {
        const start = await headPosition();
        const stream = aStream();
        await store.append(stream, 'no_stream', facts(25));
        let count = 0;
        for await (const page of store.readAll({ after: start, pageSize: 10 })) {
          expect(page.length).toBeLessThanOrEqual(10);
          count += page.filter((e) => e.stream === stream).length;
        }
        expect(count).toBe(25);
      });

      it('ends a read of the log at the head of its beginning', async () => {
        const start = await headPosition();
        const stream = aStream();
        await store.append(stream, 'no_stream', facts(20));
        let seen = 0;
        for await (const page of store.readAll({ after: start, pageSize: 5 })) {
          seen += page.filter((e) => e.stream === stream).length;
          if (seen <= 20) await store.append(aStream(), 'no_stream', facts(5));
        }
        expect(seen).toBe(20);
      });

      it('knows its head', async () => {
        const event = aFact();
        const { position } = await store.append(aStream(), 'no_stream', [event]);
        const head = await store.head();
        expect(head !== null && head.position >= position).toBe(true);
        expect(head?.recordedAt).toMatch(/Z$/);
      });

      it('never records a time before that of an earlier fact', async () => {
        const start = await headPosition();
        const streams = Array.from({ length: 20 }, aStream);
        await Promise.all(streams.map((stream) => store.append(stream, 'no_stream', facts(2))));
        const times = (await mine(start, streams)).map((e) => e.recordedAt);
        expect(times).toHaveLength(40);
        expect(times).toEqual([...times].sort());
      });
    });

    describe('following', () => {
      const follow = async (
        options: { readonly after: Position | null; readonly pageSize?: number; readonly signal?: AbortSignal },
        each: (item: SubscriptionItem) => boolean | Promise<boolean>,
      ): Promise<void> => {
        const abort = new AbortController();
        for await (const item of store.subscribe({ signal: abort.signal, ...options })) {
          if (await each(item)) abort.abort();
        }
      };

      it('gives what stands after a position, then what is appended meanwhile, once each and in order', async () => {
        const start = await headPosition();
        const stream = aStream();
        await store.append(stream, 'no_stream', facts(30));
        const seen: number[] = [];
        let appended = 30;
        await follow({ after: start, pageSize: 7 }, async (item) => {
          if (item.kind === 'events')
            seen.push(...item.events.filter((e) => e.stream === stream).map((e) => e.revision));
          if (appended < 60 && seen.length >= appended - 10) {
            await store.append(stream, { revision: appended - 1 }, facts(10));
            appended += 10;
          }
          return seen.length >= 60;
        });
        expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => i));
      });

      it('says that it caught up only behind the facts that stood there', async () => {
        const start = await headPosition();
        const stream = aStream();
        await store.append(stream, 'no_stream', facts(50));
        let seen = 0;
        await follow({ after: start, pageSize: 20 }, (item) => {
          if (item.kind === 'events') seen += item.events.filter((e) => e.stream === stream).length;
          if (item.kind === 'caughtUp') expect(seen).toBe(50);
          return item.kind === 'caughtUp';
        });
        expect.assertions(1);
      });

      it('catches up where there is nothing to give', async () => {
        let caughtUp = false;
        await follow({ after: await headPosition() }, (item) => (caughtUp = item.kind === 'caughtUp'));
        expect(caughtUp).toBe(true);
      });

      it('gives checkpoints only behind the facts that they cover', async () => {
        const start = await headPosition();
        const stream = aStream();
        const { position } = await store.append(stream, 'no_stream', facts(10));
        let last = start ?? '';
        let seen = 0;
        await follow({ after: start, pageSize: 3 }, (item) => {
          if (item.kind === 'events') {
            seen += item.events.filter((e) => e.stream === stream).length;
            for (const event of item.events) {
              expect(event.position > last).toBe(true);
              last = event.position;
            }
          }
          if (item.kind === 'checkpoint' && item.at >= position) expect(seen).toBe(10);
          return item.kind === 'caughtUp';
        });
        expect(seen).toBe(10);
      });

      it('hears a fact soon after it was appended', async () => {
        const stream = aStream();
        let appendedAt = 0;
        let took = Number.POSITIVE_INFINITY;
        await follow({ after: await headPosition() }, async (item) => {
          if (item.kind === 'caughtUp') {
            setTimeout(() => {
              appendedAt = performance.now();
              void store.append(stream, 'no_stream', facts(1));
            }, 20);
          }
          const heard = item.kind === 'events' && item.events.some((e) => e.stream === stream);
          if (heard) took = performance.now() - appendedAt;
          return Promise.resolve(heard);
        });
        expect(took).toBeLessThan(2_000);
      });

      it('ends when aborted, also while it waits', async () => {
        const abort = new AbortController();
        const kinds: string[] = [];
        for await (const item of store.subscribe({ after: await headPosition(), signal: abort.signal })) {
          kinds.push(item.kind);
          if (item.kind === 'caughtUp')
            setTimeout(() => {
              abort.abort();
            }, 20);
        }
        expect(kinds).toContain('caughtUp');
      });
    });
  });
};
