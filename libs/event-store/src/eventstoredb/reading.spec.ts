import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createCodec, defineEvents, MalformedEvent, StoreUnavailable } from '#event-store';
import type { Event, Position } from '#kernel';
import { aFact, aStream, collect } from '../../../../test/conformance/event-store.suite.js';
import { fill, follow, numbers, revisions, World } from '../../../../test/fixtures/event-store-db-world.js';
import { memoryKeyVault } from '../../../../test/fixtures/memory-key-vault.js';
import { EventStoreDbRefused } from './index.js';
import { positionOf, withRecordedAt } from './stored-event.js';

const ours = JSON.stringify(aFact().metadata);

describe('reading EventStoreDB', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.close());

  it('begins behind a position, whose text order is the log’s order [pitfall 7]', async () => {
    const store = world.open();
    const stream = aStream();
    const positions: Position[] = [];
    for (const i of numbers(12)) positions.push(await fill(store, stream, 1, i));
    expect(positions[0]).toMatch(/^\d{20}:\d{20}$/);
    expect([...positions].sort()).toEqual(positions);
    expect(revisions(await collect(store.readAll({ after: positions[4]! })))).toEqual([5, 6, 7, 8, 9, 10, 11]);
    const heard = await follow(store, { after: positions[4]! }, (item) => item.kind === 'caughtUp');
    expect(revisions(heard)).toEqual([5, 6, 7, 8, 9, 10, 11]);
    expect(await collect(store.readAll({ after: positions[11]! }))).toEqual([]);
    await expect(collect(store.readAll({ after: '17' as Position }))).rejects.toThrow(/not of this log/);
  });

  it('hands out what is not JSON for the codec to refuse [pitfall 8]', async () => {
    const store = world.open();
    const stream = aStream();
    world.fake.log.foreign(stream, 'SomethingHappened', '{broken', ours);
    world.fake.log.append(stream, 0, [
      {
        id: aFact().id,
        type: 'SomethingHappened',
        isJson: false,
        data: Buffer.from([1, 2]),
        metadata: Buffer.from(ours),
      },
    ]);
    const stored = await collect(store.readAll({ after: null }));
    expect(stored.map(({ data }) => typeof data)).toEqual(['string', 'string']);
    const codec = createCodec(
      [defineEvents<Event<'SomethingHappened'>>()({ SomethingHappened: { version: 1 } })],
      memoryKeyVault(),
    );
    for (const event of stored) expect(() => codec.decode(event)).toThrow(MalformedEvent);
  });

  it('reads only our categories under our prefix, and strips it [pitfalls 9 10]', async () => {
    const store = world.open({ prefix: 'here' });
    const stream = aStream();
    await fill(store, stream, 3);
    for (const name of [stream, `there${stream}`, 'herewallet-t.1'])
      world.fake.log.foreign(name, 'SomethingHappened', '{}', ours);
    expect(world.fake.log.read(`here${stream}`)).toHaveLength(3);
    expect((await collect(store.readAll({ after: null }))).map((event) => event.stream)).toEqual([
      stream,
      stream,
      stream,
    ]);
    expect(await collect(store.readStream(stream))).toHaveLength(3);
    expect(store.metrics().foreignEvents).toBe(0);
  });

  it('moves a consumer over what it does not hear [pitfall 10]', async () => {
    const store = world.open();
    const position = await fill(store, aStream(), 3);
    for (const i of numbers(3_000)) world.fake.log.foreign('order-2', 'OrderPlaced', `{"i":${String(i)}}`);
    const ats: Position[] = [];
    await follow(store, { after: null }, (item) => {
      if (item.kind === 'checkpoint') ats.push(item.at);
      return item.kind === 'caughtUp';
    });
    expect(ats.length).toBeGreaterThanOrEqual(2);
    expect(ats.at(-1)! > position).toBe(true);
    expect(ats).toEqual([...ats].sort());
  });

  it('skips and counts what is not ours among our streams [pitfall 12]', async () => {
    const store = world.open();
    const stream = aStream();
    await fill(store, stream, 2);
    world.fake.log.foreign(aStream(), 'Noise', '{}');
    world.fake.log.foreign(aStream(), 'Noise', '{}', '{"tenant":"t"}');
    world.fake.log.foreign(aStream(), 'Noise', '{}', 'not json');
    const last = world.fake.log.foreign(aStream(), 'Noise', '{}', '[]');
    const ats: string[] = [];
    const seen = await follow(store, { after: null }, (item) => {
      if (item.kind === 'checkpoint') ats.push(item.at);
      return item.kind === 'caughtUp';
    });
    expect(revisions(seen)).toEqual([0, 1]);
    expect(store.metrics().foreignEvents).toBe(4);
    expect(ats.at(-1)).toContain(String(last));
  });

  it('ends a bounded read at a place that is nobody’s fact [pitfall 13]', async () => {
    const store = world.open();
    const last = await fill(store, aStream(), 3);
    const place = world.fake.log.foreign('$stats-x', '$statsCollected', '{}');
    const until = positionOf({ commit: place, prepare: place });
    expect(await collect(store.readAll({ after: null }))).toHaveLength(3);
    expect(await collect(store.readAll({ after: null, until }))).toHaveLength(3);
    expect(await collect(store.readAll({ after: until }))).toEqual([]);
    expect((await store.head())?.position).toBe(last);
    const ats: string[] = [];
    await follow(store, { after: null }, (item) => {
      if (item.kind === 'checkpoint') ats.push(item.at);
      return item.kind === 'caughtUp';
    });
    expect(ats.at(-1)).toBe(until);
  });

  it('has the last fact of ours for its head, however much others write behind it [pitfall 13]', async () => {
    const store = world.open();
    const foreign = (count: number): void => {
      for (const i of numbers(count)) world.fake.log.foreign('$stats-x', '$statsCollected', `{"i":${String(i)}}`);
      // In a stream of ours, but no fact.
      world.fake.log.foreign('suite-by-hand', 'Scribbled', '{}');
    };
    foreign(10);
    expect(await store.head()).toBeNull();
    const stream = aStream();
    const first = await fill(store, stream, 2);
    foreign(2_500);
    expect(await store.head()).toMatchObject({ position: first, id: expect.any(String) });
    const cold = world.open();
    expect(await cold.head()).toMatchObject({ position: first, id: (await store.head())?.id });
    // A fact between others' is found again, and what was looked at is not looked at anew.
    const second = await fill(store, stream, 1, 2);
    foreign(2_500);
    const { subscriptions } = world.fake.counts;
    for (const reader of [store, cold, store, cold]) expect((await reader.head())?.position).toBe(second);
    expect(world.fake.counts.subscriptions).toBe(subscriptions + 2);
    expect(await store.head()).toEqual(await cold.head());
  });

  it('reads nothing without asking the server, which would not answer', async () => {
    const store = world.open();
    const stream = aStream();
    await fill(store, stream, 3);
    expect(await collect(store.readStream(stream, { limit: 0 }))).toEqual([]);
    expect(await collect(store.readStream(stream, { from: 3 }))).toEqual([]);
  });

  it('gives the time at which an imported event was recorded, and keeps it out of the metadata', async () => {
    const store = world.open();
    const stream = aStream();
    const fact = aFact();
    await store.append(stream, 'no_stream', [withRecordedAt(fact, '2020-02-02T02:02:02.002Z')]);
    const [stored] = await collect(store.readStream(stream));
    expect(stored?.recordedAt).toBe('2020-02-02T02:02:02.002Z');
    expect(stored?.metadata).toEqual(fact.metadata);
  });

  it('resumes a read where the connection broke [pitfall 2]', async () => {
    const store = world.open();
    const stream = aStream();
    await fill(store, stream, 2_500);
    world.fake.misbehaviour.dropSubscriptionsAfter = 700;
    world.fake.misbehaviour.repeatsAtSeam = 3;
    expect(revisions(await collect(store.readAll({ after: null, pageSize: 100 })))).toEqual(numbers(2_500));
    let first = true;
    const seen: number[] = [];
    for await (const page of store.readStream(stream)) {
      seen.push(...revisions(page));
      if (first) world.fake.drop();
      first = false;
    }
    expect(seen).toEqual(numbers(2_500));
    expect(store.metrics().readRetries).toBeGreaterThan(0);
  });

  it('says in a sentence that it cannot be read, within its limits [pitfalls 2 5]', async () => {
    const store = world.open({ readTimeoutMs: 100, readPatienceMs: 200 });
    const stream = aStream();
    await fill(store, stream, 2);
    world.fake.misbehaviour.read = () => 'silent';
    await expect(collect(store.readStream(stream))).rejects.toThrow(/cannot be read: the server broke/);
    world.fake.misbehaviour.read = () => 'access-denied';
    await expect(store.head()).rejects.toBeInstanceOf(EventStoreDbRefused);
    world.fake.misbehaviour.read = () => 'ok';
    await world.fake.shut();
    await expect(store.head()).rejects.toBeInstanceOf(StoreUnavailable);
    expect(store.health()).toMatchObject({ status: 'down', reason: 'the server cannot be reached' });
    await store.close();
    await expect(store.head()).rejects.toThrow(/closed/);
  });
});
