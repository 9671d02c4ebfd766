import type { JSONEventData } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AppendOutcomeUnknown, type EventToStore, StoreUnavailable, WrongExpectedRevision } from '#event-store';
import { aFact, aStream, collect } from '../../../../test/conformance/event-store.suite.js';
import { numbers, until, World } from '../../../../test/fixtures/event-store-db-world.js';
import { FakeEventStoreDb } from '../../../../test/fakes/eventstoredb/index.js';
import { appendSurely } from '../append-surely.js';
import { AppendLane } from './append-lane.js';
import { connectionSettingsOf } from './connection-settings.js';
import { EventStoreDbMisconfigured } from './index.js';

const jsonEventOf = ({ id, type, data, metadata }: EventToStore): JSONEventData => ({
  id,
  type,
  data,
  metadata,
  contentType: 'application/json',
});

describe('appending to EventStoreDB', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.close());

  it('goes over the batch path, sixty-four at a time [pitfall 5]', async () => {
    const store = world.open();
    // As long as a busy machine takes to send so many.
    world.fake.misbehaviour.append = () => ({ answerAfterMs: 500 });
    const results = await store.appendMany(
      numbers(100).map(() => ({ stream: aStream(), expected: 'no_stream' as const, events: [aFact()] })),
    );
    expect(results.every((result) => !(result instanceof Error) && result.revision === 0)).toBe(true);
    expect(world.fake.counts).toMatchObject({ batchAppends: 100, unaryAppends: 0, mostAtOnce: 64 });
  });

  it('does not know what became of an append whose connection broke, and finds out by its ids [pitfall 5]', async () => {
    const store = world.open();
    const [kept, lost] = [aStream(), aStream()];
    const faults = new Map([
      [kept, 'commit-and-drop' as const],
      [lost, 'drop' as const],
    ]);
    world.fake.misbehaviour.append = (stream) => {
      const fault = faults.get(stream) ?? 'ok';
      faults.delete(stream);
      return fault;
    };
    const events = [aFact(), aFact()];
    await expect(store.append(kept, 'no_stream', events)).rejects.toBeInstanceOf(AppendOutcomeUnknown);
    expect(await appendSurely({ store }, kept, -1, events)).toMatchObject({ revision: 1 });
    expect(await appendSurely({ store }, lost, -1, events)).toMatchObject({ revision: 1 });
    expect(await collect(store.readStream(kept))).toHaveLength(2);
    expect(await collect(store.readStream(lost))).toHaveLength(2);
    expect(store.metrics().unknownOutcomes).toBeGreaterThanOrEqual(2);
  });

  it('takes the error of one append for nobody’s answer: all that were on their way are unknown [pitfall 5]', async () => {
    const store = world.open();
    const [breaking, written] = [aStream(), aStream()];
    await store.append(aStream(), 'no_stream', [aFact()]);
    world.fake.misbehaviour.append = (stream) => (stream === breaking ? 'drop' : 'commit-silently');
    const results = await store.appendMany([
      { stream: written, expected: 'no_stream', events: [aFact()] },
      { stream: breaking, expected: 'no_stream', events: [aFact()] },
    ]);
    expect(results.map((result) => result instanceof AppendOutcomeUnknown)).toEqual([true, true]);
    expect(await collect(store.readStream(written))).toHaveLength(1);
  });

  it('survives a connection that breaks under many appends [pitfall 5]', async () => {
    const store = world.open();
    await store.append(aStream(), 'no_stream', [aFact()]);
    const large = 'x'.repeat(20_000);
    let left = 20;
    world.fake.misbehaviour.append = () => (left-- === 0 ? 'drop' : 'ok');
    const results = await store.appendMany(
      numbers(200).map(() => ({ stream: aStream(), expected: 'no_stream' as const, events: [aFact({ large })] })),
    );
    expect(results.some((result) => result instanceof AppendOutcomeUnknown)).toBe(true);
    expect(results.filter((result) => !(result instanceof Error)).length).toBeGreaterThan(100);
  });

  it('has a limit of its own where the server is silent, and goes on over a new connection [pitfall 5]', async () => {
    const store = world.open({ appendTimeoutMs: 400 });
    await store.append(aStream(), 'no_stream', [aFact()]);
    world.fake.misbehaviour.append = () => 'forget';
    const started = performance.now();
    const results = await Promise.allSettled(numbers(70).map(() => store.append(aStream(), 'no_stream', [aFact()])));
    expect(performance.now() - started).toBeLessThan(5_000);
    const reasons = results.map((result) => (result.status === 'rejected' ? (result.reason as unknown) : null));
    // What waited for its turn behind sixty-four others was perhaps never sent, and then says so.
    expect(reasons.filter((reason) => reason instanceof AppendOutcomeUnknown).length).toBeGreaterThanOrEqual(64);
    expect(
      reasons.every((reason) => reason instanceof AppendOutcomeUnknown || reason instanceof StoreUnavailable),
    ).toBe(true);
    world.fake.misbehaviour.append = () => 'ok';
    expect(await appendSurely({ store }, aStream(), -1, [aFact()])).toMatchObject({ revision: 0 });
    expect(store.metrics().silentConnections).toBeGreaterThanOrEqual(1);
  });

  it('loses one append without losing the others or its place [pitfall 5]', async () => {
    const store = world.open({ appendTimeoutMs: 2_000 });
    const forgotten = aStream();
    world.fake.misbehaviour.append = (stream) => (stream === forgotten ? 'commit-silently' : { answerAfterMs: 20 });
    const lost = store.append(forgotten, 'no_stream', [aFact()]).catch((error: unknown) => error);
    const others = await Promise.all(numbers(100).map(() => store.append(aStream(), 'no_stream', [aFact()])));
    expect(others).toHaveLength(100);
    expect(await lost).toBeInstanceOf(AppendOutcomeUnknown);
    expect(store.metrics().silentConnections).toBe(0);
  });

  it('survives the answer to an append that another server’s error had rejected [pitfall 5]', async () => {
    const other = await FakeEventStoreDb.start();
    const lanes = [world.fake, other].map(
      ({ connectionString }) => new AppendLane(connectionSettingsOf(connectionString), () => undefined),
    );
    const entry = () => ({ stream: aStream(), expectedRevision: 'no_stream' as const, events: [jsonEventOf(aFact())] });
    world.fake.misbehaviour.append = () => ({ answerAfterMs: 300 });
    other.misbehaviour.append = () => 'drop';
    const [late] = await Promise.allSettled(lanes.map((lane) => lane.append(entry(), 5_000)));
    expect(late?.status).toBe('rejected');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await lanes[0]!.append(entry(), 5_000)).toMatchObject({ revision: 0n });
    await Promise.all(lanes.map((lane) => lane.close()));
    await other.stop();
  });

  it('is not held up by a server that does not introduce itself [pitfall 5]', async () => {
    world.fake.misbehaviour.introductionGoesSilent = true;
    const store = world.open({ appendTimeoutMs: 400 });
    await expect(store.append(aStream(), 'no_stream', [aFact()])).rejects.toBeInstanceOf(AppendOutcomeUnknown);
    world.fake.misbehaviour.introductionGoesSilent = false;
    expect(await appendSurely({ store }, aStream(), -1, [aFact()])).toMatchObject({ revision: 0 });
  });

  it('refuses a second server in one thread [pitfall 5]', async () => {
    world.open();
    const other = await FakeEventStoreDb.start();
    expect(() => world.open({ connectionString: other.connectionString })).toThrow(EventStoreDbMisconfigured);
    await other.stop();
  });

  it('reports a conflict with the revision that stands there [pitfall 6]', async () => {
    const store = world.open();
    const stream = aStream();
    await store.append(stream, 'no_stream', [aFact(), aFact(), aFact()]);
    const error = await store.append(stream, { revision: 0 }, [aFact()]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WrongExpectedRevision);
    expect(error).toMatchObject({ actual: 2, stream });
    const connectionString = `${world.fake.connectionString}&throwOnAppendFailure=false`;
    expect(() => world.open({ connectionString })).toThrow(/throwOnAppendFailure/);
  });

  it('sends nothing above 1 MiB, nothing empty and nothing that nobody would hear [pitfall 11]', async () => {
    const store = world.open();
    const before = world.fake.counts.batchAppends;
    const large = aFact({ text: 'x'.repeat(600_000) });
    await expect(store.append(aStream(), 'no_stream', [large, { ...large, id: aFact().id }])).rejects.toThrow(/1 MiB/);
    await expect(store.append(aStream(), 'no_stream', [])).rejects.toBeInstanceOf(TypeError);
    await expect(store.append('other-t.1', 'no_stream', [aFact()])).rejects.toBeInstanceOf(TypeError);
    expect(world.fake.counts.batchAppends).toBe(before);
    const many = await store.appendMany(
      numbers(5).map(() => ({
        stream: aStream(),
        expected: 'no_stream' as const,
        events: [aFact({ text: large.data['text'] })],
      })),
    );
    expect(many.every((result) => !(result instanceof Error))).toBe(true);
  });

  it('tells listeners of its appends, its health, and its totals', async () => {
    const store = world.open();
    expect(store.health().status).toBe('unknown');
    const heard: string[] = [];
    const stop = store.onAppended((position) => heard.push(position));
    const { position } = await store.append(aStream(), 'no_stream', [aFact(), aFact()]);
    stop();
    await store.append(aStream(), 'no_stream', [aFact()]);
    expect(heard).toEqual([position]);
    expect(store.health()).toMatchObject({ status: 'up', reason: null });
    expect(store.metrics()).toMatchObject({ appends: 2, appendedEvents: 3, conflicts: 0 });
    await world.fake.shut();
    await expect(store.append(aStream(), 'no_stream', [aFact()])).rejects.toBeInstanceOf(AppendOutcomeUnknown);
    expect(store.health()).toMatchObject({ status: 'down', reason: 'the server cannot be reached' });
    await world.fake.reopen();
    await until(() => world.fake.port > 0);
  });

  it('goes on where the leader has gone', async () => {
    const store = world.open();
    const stream = aStream();
    await store.append(stream, 'no_stream', [aFact()]);
    const leader = await FakeEventStoreDb.start(world.fake.log);
    world.fake.misbehaviour.leader = { host: '127.0.0.1', port: leader.port };
    world.fake.drop();
    expect(await appendSurely({ store }, stream, 0, [aFact()])).toMatchObject({ revision: 1 });
    expect(leader.counts.batchAppends).toBeGreaterThan(0);
    expect(await collect(store.readStream(stream))).toHaveLength(2);
    await store.close();
    await leader.stop();
  });
});
