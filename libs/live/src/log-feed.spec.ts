import { describe, expect, it } from '@jest/globals';
import type { EventReader } from '#event-store';
import type { Position } from '#kernel';
import { NotYetVisible } from '#read-store';
import type { EventStream } from '#platform';
import { MemoryEventStore } from '../../../test/doubles/memory-event-store.js';
import { until } from '../../../test/fixtures/until.js';
import { LogFeed, type Listener, type Topic } from './log-feed.js';

const TENANT = 'acme';
const LOG = 'the-log';

type Ear = Listener & { readonly sent: string[]; place: string };
const ear = (): Ear => {
  const one: { sent: string[]; place: string } = { sent: [], place: '' };
  const stream = {
    isOpen: true,
    identity: { tenant: TENANT },
    send: (text: string) => one.sent.push(text),
    reached: (id: string) => (one.place = id),
    beat: () => undefined,
  };
  return Object.assign(one, { stream: stream as unknown as EventStream });
};

const world = (most = { kept: 100, readAgain: 5 }) => {
  const store = new MemoryEventStore();
  let readings = 0;
  const reader: EventReader = {
    readStream: (stream) => store.readStream(stream),
    readAll: (options) => {
      readings++;
      return store.readAll(options);
    },
    subscribe: (options) => store.subscribe(options),
    head: () => store.head(),
    close: () => store.close(),
  };
  const fails: Error[] = [];
  const topic: Topic<string, Ear> = {
    changesOf: ({ stored, category }) => (category === 'thing' ? [stored.type] : []),
    tell: (_tenant, changes, listeners) => {
      const failure = fails.pop();
      if (failure !== undefined) return Promise.reject(failure);
      for (const { sent } of listeners) sent.push(...changes.map(({ change }) => change));
      return Promise.resolve();
    },
  };
  const logged: string[] = [];
  const logger = {
    warn: (_fields: unknown, line: string) => logged.push(line),
    error: (_fields: unknown, line: string) => logged.push(line),
  };
  const feed = new LogFeed(reader, LOG, topic, logger as never, most);
  return {
    feed,
    fails,
    logged,
    readings: () => readings,
    happens: (type: string, stream = `thing-${TENANT}.1`): Promise<Position> => store.add(stream, type, {}),
  };
};
const at = (position: Position | null, logId = LOG) => ({ logId, position });
const RESET = expect.stringMatching(/^event: reset\n/);

describe('the feed of the log', () => {
  it('tells what happens from now on, to the tenant that it happens to', async () => {
    const { feed, happens } = world();
    const one = ear();
    await happens('before');
    feed.join(one, null);
    await until(() => one.place !== '');
    await happens('theirs', 'thing-other.1');
    await happens('of no interest', `other-${TENANT}.1`);
    await happens('after');
    await until(() => one.sent.length > 0);
    expect(one.sent).toEqual(['after']);
    feed.leave(one);
  });

  it('tells whoever comes back what came since, read again once for all of them', async () => {
    const { feed, happens, readings } = world();
    const place = await happens('seen');
    for (const type of ['a', 'b', 'c']) await happens(type);
    const [one, other] = [ear(), ear()];
    feed.join(one, at(place));
    feed.join(other, at(place));
    await until(() => other.place !== '');
    expect([one.sent, other.sent, readings()]).toEqual([['a', 'b', 'c'], ['a', 'b', 'c'], 1]);
    feed.leave(one);
    feed.leave(other);
  });

  it('asks those who were away for too long to begin anew, and does not read for the next one of them', async () => {
    const { feed, happens, readings } = world();
    const place = await happens('seen');
    for (let more = 0; more < 6; more++) await happens('missed');
    const [one, other, foreign] = [ear(), ear(), ear()];
    feed.join(one, at(place));
    feed.join(other, at(place));
    feed.join(foreign, at(place, 'another-log'));
    await until(() => foreign.place !== '');
    expect([one.sent, other.sent, foreign.sent, readings()]).toEqual([[RESET], [RESET], [RESET], 1]);
    await happens('next');
    await until(() => foreign.sent.length > 1);
    expect(one.sent).toEqual([RESET, 'next']);
    for (const each of [one, other, foreign]) feed.leave(each);
  });

  it('keeps so many changes and no more', async () => {
    const { feed, happens } = world({ kept: 2, readAgain: 1 });
    const one = ear();
    feed.join(one, null);
    await until(() => one.place !== '');
    const places: Position[] = [];
    for (const type of ['a', 'b', 'c', 'd', 'e']) {
      places.push(await happens(type));
      await until(() => one.sent.includes(type));
    }
    const [near, far] = [ear(), ear()];
    feed.join(near, at(places[3] ?? null));
    feed.join(far, at(places[0] ?? null));
    await until(() => far.place !== '');
    expect([near.sent, far.sent]).toEqual([['e'], [RESET]]);
    for (const each of [one, near, far]) feed.leave(each);
  });

  it('waits for read models that lag, and nobody misses anything', async () => {
    const { feed, happens, fails, logged } = world();
    const one = ear();
    feed.join(one, null);
    await until(() => one.place !== '');
    fails.push(new NotYetVisible('1' as Position), new NotYetVisible('1' as Position));
    await happens('late');
    await until(() => one.sent.length > 0);
    expect([one.sent, logged]).toEqual([['late'], ['the live streams wait for a store']]);
    feed.leave(one);
  });

  it('does not stand still for a bug: those concerned begin anew', async () => {
    const { feed, happens, fails } = world();
    const one = ear();
    feed.join(one, null);
    await until(() => one.place !== '');
    fails.push(new TypeError('a bug'));
    await happens('poison');
    await happens('next');
    await until(() => one.sent.length > 1);
    expect(one.sent).toEqual([RESET, 'next']);
    feed.leave(one);
  });
});
