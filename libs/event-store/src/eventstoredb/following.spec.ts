import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SubscriptionItem } from '#event-store';
import type { Position } from '#kernel';
import { aFact, aStream, collect } from '../../../../test/conformance/event-store.suite.js';
import { FakeEventStoreDb } from '../../../../test/fakes/eventstoredb/index.js';
import { fill, follow, numbers, revisions, until, World } from '../../../../test/fixtures/event-store-db-world.js';
import { EventStoreDbRefused } from './index.js';
import { positionOf } from './stored-event.js';

describe('following EventStoreDB', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.close());

  const headOf = async (store: ReturnType<World['open']>): Promise<Position | null> =>
    (await store.head())?.position ?? null;

  it('gives checkpoints and the catching up behind the facts that they cover, however slow its consumer [pitfall 1]', async () => {
    const store = world.open();
    const stream = aStream();
    await fill(store, stream, 3_000);
    let last = '';
    let checkpoints = 0;
    const seen = await follow(store, { after: null, pageSize: 10 }, async (item, so_far) => {
      await pause(1);
      if (item.kind === 'events') last = item.events.at(-1)!.position;
      if (item.kind === 'checkpoint' && so_far.length < 3_000) {
        checkpoints += 1;
        expect(item.at <= last).toBe(false);
        // Nothing that it covers may still come.
        last = item.at;
      }
      if (item.kind === 'caughtUp') expect(so_far).toHaveLength(3_000);
      return item.kind === 'caughtUp';
    });
    expect(revisions(seen)).toEqual(numbers(3_000));
    expect(checkpoints).toBeGreaterThanOrEqual(0);
  });

  it('goes on behind its last fact when the connection breaks, without loss or repetition, and logs it once [pitfalls 2 4]', async () => {
    const store = world.open();
    const stream = aStream();
    await fill(store, stream, 600);
    world.fake.misbehaviour.dropSubscriptionsAfter = 100;
    world.fake.misbehaviour.repeatsAtSeam = 7;
    const seen = await follow(store, { after: null }, (_, so_far) => so_far.length >= 600);
    expect(revisions(seen)).toEqual(numbers(600));
    expect(store.metrics().resubscriptions).toBeGreaterThanOrEqual(5);
  });

  it('drops what a server gives again at the seam [pitfall 4]', async () => {
    const store = world.open();
    const stream = aStream();
    const first = await fill(store, stream, 10);
    await fill(store, stream, 10, 10);
    world.fake.misbehaviour.repeatsAtSeam = 5;
    const seen = await follow(store, { after: first }, (item) => item.kind === 'caughtUp');
    expect(revisions(seen)).toEqual(numbers(20).slice(10));
  });

  it('loses nothing where a scavenge took the event at which a consumer stood [pitfall 7]', async () => {
    const store = world.open();
    const stream = aStream();
    await fill(store, stream, 3);
    const commit = world.fake.log.foreign('order-2', 'OrderPlaced', '{}');
    const after = positionOf({ commit, prepare: commit });
    await fill(store, stream, 3, 3);
    world.fake.log.foreign('order-2', 'OrderShipped', '{}');
    world.fake.log.delete('order-2');
    const records = world.fake.log.records.length;
    world.fake.scavenge();
    expect(world.fake.log.records.length).toBe(records - 1);
    expect(revisions(await collect(store.readAll({ after })))).toEqual([3, 4, 5]);
    const seen = await follow(store, { after }, (item) => item.kind === 'caughtUp');
    expect(revisions(seen)).toEqual([3, 4, 5]);
  });

  it('takes a restart for an ordinary event: waits, logs once, comes back [pitfall 4]', async () => {
    const store = world.open();
    const stream = aStream();
    await fill(store, stream, 5);
    let restarted = false;
    const kinds: string[] = [];
    const seen = await follow(store, { after: null }, async (item, so_far) => {
      if (item.kind !== 'events') kinds.push(item.kind);
      if (item.kind === 'caughtUp' && !restarted) {
        restarted = true;
        void world.fake.restart(500).then(async () => {
          for (;;) {
            try {
              await fill(store, stream, 5, 5);
              return;
            } catch {
              // The client's old connection.
            }
          }
        });
      }
      return Promise.resolve(so_far.length >= 10);
    });
    expect(revisions(seen)).toEqual(numbers(10));
    expect(kinds.filter((kind) => kind !== 'checkpoint').slice(0, 2)).toEqual(['caughtUp', 'fellBehind']);
    expect(world.log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    expect(store.health().status).toBe('up');
  });

  it('may be begun before the server is there [pitfall 4]', async () => {
    await world.fake.shut();
    const store = world.open({ readPatienceMs: 50 });
    setTimeout(() => void world.fake.reopen(), 700);
    let caughtUp = false;
    await follow(store, { after: null }, (item) => (caughtUp = item.kind === 'caughtUp'));
    expect(caughtUp).toBe(true);
    expect(world.log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it('comes back when it was cut as too slow [pitfall 4]', async () => {
    const store = world.open();
    const stream = aStream();
    await fill(store, stream, 5);
    let cut = false;
    const seen = await follow(store, { after: null }, async (item, so_far) => {
      if (item.kind === 'caughtUp' && !cut) {
        cut = true;
        world.fake.cutConsumers();
        await fill(store, stream, 5, 5);
      }
      return so_far.length >= 10;
    });
    expect(revisions(seen)).toEqual(numbers(10));
    expect(world.log.lines[0]).toMatchObject({ level: 'warn', reason: 'the server cut a consumer that was too slow' });
    expect(world.log.lines).toHaveLength(2);
  });

  it('is cut when it does not keep up, and still gets every fact', async () => {
    const store = world.open();
    const stream = aStream();
    world.fake.misbehaviour.liveBuffer = 50;
    let filled = false;
    const seen = await follow(
      store,
      { after: await headOf(store), pageSize: 20, limitMs: 20_000 },
      async (item, so_far) => {
        if (item.kind === 'caughtUp' && !filled) {
          filled = true;
          await fill(store, stream, 1_000);
        }
        return so_far.length >= 1_000;
      },
    );
    expect(revisions(seen)).toEqual(numbers(1_000));
  });

  it('goes on where the leader has gone [pitfall 12]', async () => {
    const store = world.open();
    const stream = aStream();
    await fill(store, stream, 5);
    const leader = await FakeEventStoreDb.start(world.fake.log);
    let moved = false;
    const seen = await follow(store, { after: null }, async (item, so_far) => {
      if (item.kind === 'caughtUp' && !moved) {
        moved = true;
        world.fake.misbehaviour.leader = { host: '127.0.0.1', port: leader.port };
        world.fake.drop();
        world.fake.log.foreign('x-1', 'X', '{}');
        const metadata = JSON.stringify(aFact().metadata);
        for (const i of numbers(5)) world.fake.log.foreign(stream, 'SomethingHappened', `{"i":${String(i)}}`, metadata);
      }
      return Promise.resolve(so_far.length >= 10);
    });
    expect(revisions(seen)).toEqual(numbers(10));
    expect(leader.openSubscriptions + leader.counts.subscriptions).toBeGreaterThan(0);
    expect(world.log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    await store.close();
    await leader.stop();
  });

  it('notices a server that keeps the connection but stopped sending [pitfall 4]', async () => {
    const store = world.open();
    const stream = aStream();
    await fill(store, stream, 5);
    let silenced = false;
    const seen = await follow(store, { after: null }, async (item, so_far) => {
      if (item.kind === 'caughtUp' && !silenced) {
        silenced = true;
        world.fake.muteConsumers();
        await fill(store, stream, 5, 5);
      }
      return so_far.length >= 10;
    });
    expect(revisions(seen)).toEqual(numbers(10));
    expect(world.log.lines[0]).toMatchObject({ reason: 'the server stopped sending' });
  });

  it('leaves a quiet subscription alone [pitfalls 4 13]', async () => {
    const store = world.open({ watchdogMs: 50, watchdogGraceMs: 50 });
    await fill(store, aStream(), 5);
    let until_then = Number.POSITIVE_INFINITY;
    let at = '' as Position;
    await follow(store, { after: null }, (item) => {
      if (item.kind === 'caughtUp') {
        // The server's head moves on without any fact of ours.
        for (const i of numbers(10))
          at = String(world.fake.log.foreign('$stats-x', '$statsCollected', `{"i":${String(i)}}`)).padStart(
            20,
            '0',
          ) as Position;
        until_then = performance.now() + 400;
      }
      // And the watchdog's look moves the consumer over it.
      if (item.kind === 'checkpoint' && item.at.startsWith(at) && at !== '') return true;
      return performance.now() > until_then + 5_000;
    });
    expect(store.metrics()).toMatchObject({ resubscriptions: 0, silentSubscriptions: 0 });
    expect(world.log.lines).toEqual([]);
  });

  it('ends only where an operator must act [pitfall 4]', async () => {
    const store = world.open();
    world.fake.misbehaviour.read = (kind) => (kind === 'subscription' ? 'access-denied' : 'ok');
    await expect(follow(store, { after: null }, () => false)).rejects.toBeInstanceOf(EventStoreDbRefused);
    world.fake.misbehaviour.read = () => 'unauthenticated';
    await expect(follow(store, { after: null }, () => false)).rejects.toBeInstanceOf(EventStoreDbRefused);
    await expect(follow(store, { after: '0000000000000007' as Position }, () => false)).rejects.toThrow(
      /not of this log/,
    );
  });

  it('stops the server’s sending when its consumer stops [pitfall 3]', async () => {
    const store = world.open();
    const stream = aStream();
    await fill(store, stream, 5_000);
    await follow(store, { after: null }, (item) => item.kind === 'caughtUp');
    for await (const item of store.subscribe({ after: null, signal: new AbortController().signal })) {
      if (item.kind === 'events') break;
    }
    for await (const page of store.readAll({ after: null, pageSize: 10 })) {
      if (page.length > 0) break;
    }
    await until(() => world.fake.openSubscriptions === 0);
    // A call that was left without being read to its end would be waited for, and kept for ever before that.
    for await (const page of store.readStream(stream)) {
      await pause(500);
      if (page.length > 0) break;
    }
    const closing = performance.now();
    await store.close();
    expect(performance.now() - closing).toBeLessThan(1_500);
  });

  it('reads no further ahead than a page and what lies in the pipes [pitfall 4]', async () => {
    const store = world.open();
    const stream = aStream();
    const text = 'x'.repeat(5_000);
    for (const i of numbers(10)) {
      const facts = numbers(150).map(() => aFact({ text }));
      await store.append(stream, i === 0 ? 'no_stream' : { revision: i * 150 - 1 }, facts);
    }
    const signal = new AbortController().signal;
    const iterator = store.subscribe({ after: null, signal, pageSize: 20 })[Symbol.asyncIterator]();
    let given = 0;
    let level = false;
    while (!level) {
      const { value } = (await iterator.next()) as IteratorYieldResult<SubscriptionItem>;
      level = value.kind === 'caughtUp';
      if (value.kind !== 'events') continue;
      expect(value.events.length).toBeLessThanOrEqual(20);
      // While the consumer thinks, the server waits.
      if (given === 0) {
        for (let sent = -1; sent !== world.fake.counts.eventsSent;) {
          sent = world.fake.counts.eventsSent;
          await pause(500);
        }
        expect(world.fake.counts.eventsSent).toBeLessThan(1_000);
      }
      given += value.events.length;
    }
    expect(given).toBe(1_500);
    await iterator.return?.();
  });
});
