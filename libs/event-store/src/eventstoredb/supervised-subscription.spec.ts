import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { rememberingLog } from '../../../../test/fixtures/event-store-db-world.js';
import { noCounts } from './counters.js';
import { type Feed, Mark } from './feed.js';
import type { LogReads } from './log-reads.js';
import { SupervisedSubscription } from './supervised-subscription.js';
import { backoff, usualBackoff } from './within.js';

describe('the time before an attempt to subscribe again', () => {
  const least = (failures: number): number => backoff(failures, usualBackoff, () => 0);
  const most = (failures: number): number => backoff(failures, usualBackoff, () => 1);

  it('doubles from 0.2 s up to 30 s, and no further', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(most)).toEqual([
      200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000,
    ]);
    for (const failures of [30, 31, 1_024, 1e9]) expect(most(failures)).toBe(30_000);
  });

  it('is spread by chance over its upper half, at the ceiling too', () => {
    for (const failures of [0, 5, 8, 1_024]) expect(least(failures)).toBe(most(failures) / 2);
    const drawn = Array.from({ length: 50 }, () => backoff(1_024, usualBackoff));
    expect(new Set(drawn).size).toBeGreaterThan(40);
    expect(drawn.every((ms) => ms >= 15_000 && ms <= 30_000)).toBe(true);
  });
});

/** What the client says of a server that is away, of one that is no leader any more, and of one that cuts. */
const unreachable = Object.assign(new Error('14 UNAVAILABLE: s3cret'), { code: 14 });
const notLeader = Object.assign(new Error('s3cret'), { type: 'not-leader' });
const tooSlow = new Error('10 ABORTED: Consumer too slow to handle event while live.');

describe('a supervised subscription', () => {
  /** `null`: the server is there. */
  let trouble: Error | null;
  let attempts: number[];
  let cut: ((error: Error) => void) | null;
  const log = rememberingLog();
  let ending: AbortController;
  let caughtUp: number;
  let done: Promise<void>;

  /** A feed that has caught up, and then waits until it is cut. */
  const aFeed = (): Feed => {
    let marks = [new Mark('caughtUp', null)];
    const feed = {
      wait: (_: number, signal?: AbortSignal) =>
        marks.length > 0
          ? Promise.resolve('ready')
          : new Promise((resolve, reject) => {
              cut = reject;
              signal?.addEventListener('abort', () => {
                resolve('aborted');
              });
            }),
      take: () => marks.splice(0),
      close: () => {
        marks = [];
      },
    };
    return feed as unknown as Feed;
  };

  const begin = (): void => {
    const reads = {
      head: () => {
        attempts.push(Date.now());
        return trouble === null ? Promise.resolve(null) : Promise.reject(trouble);
      },
      openFeed: aFeed,
      items: (feed: Feed) => feed.take(10).map((mark) => ({ kind: 'mark', mark })),
    } as unknown as LogReads;
    const subscription = new SupervisedSubscription(
      {
        reads,
        log,
        counters: noCounts(),
        onState: () => undefined,
        backoff: usualBackoff,
        watchdogMs: 30_000,
        graceMs: 2_000,
      },
      { after: null, signal: ending.signal, pageSize: 10 },
    );
    done = (async () => {
      for await (const item of subscription.items()) if (item.kind === 'caughtUp') caughtUp += 1;
    })();
  };
  const gaps = (): number[] => attempts.slice(1).map((at, i) => at - attempts[i]!);

  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Math, 'random').mockReturnValue(1);
    [trouble, attempts, cut, caughtUp, ending] = [null, [], null, 0, new AbortController()];
    log.lines.length = 0;
  });
  afterEach(async () => {
    ending.abort();
    await done;
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  it('asks a server that is not there yet less and less often, and tells it once', async () => {
    trouble = unreachable;
    begin();
    await jest.advanceTimersByTimeAsync(180_000);
    expect(gaps().slice(0, 10)).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
    expect(log.lines).toEqual([
      {
        level: 'warn',
        message: 'a subscription to EventStoreDB broke: it is begun again',
        reason: 'the server cannot be reached',
      },
    ]);
    trouble = null;
    await jest.advanceTimersByTimeAsync(30_000);
    expect(caughtUp).toBe(1);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it('leaves out what chance says', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
    trouble = unreachable;
    begin();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(gaps().slice(0, 10)).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000]);
  });

  it.each([
    ['a restart', unreachable, 'the server cannot be reached'],
    ['a change of the leader', notLeader, 'the leader changed'],
    ['a cut of the slow', tooSlow, 'the server cut a consumer that was too slow'],
  ])('tells %s once, however many attempts it takes, and the next one again', async (_name, error, reason) => {
    begin();
    await jest.advanceTimersByTimeAsync(0);
    for (const outage of [1, 2]) {
      trouble = error;
      const cutAt = Date.now();
      cut?.(error);
      await jest.advanceTimersByTimeAsync(20_000);
      // As eagerly as if there had been no outage before.
      expect(attempts.find((at) => at > cutAt)).toBe(cutAt + 200);
      const lines = outage * 2 - 1;
      expect(log.lines).toHaveLength(lines);
      expect(log.lines.at(-1)).toMatchObject({ level: 'warn', reason });
      trouble = null;
      await jest.advanceTimersByTimeAsync(30_000);
      expect(log.lines).toHaveLength(lines + 1);
      expect(log.lines.at(-1)).toMatchObject({ level: 'info', message: 'the subscription to EventStoreDB is back' });
      expect(caughtUp).toBe(1 + outage);
    }
  });

  it('ends its waiting at once when it is stopped', async () => {
    trouble = unreachable;
    begin();
    await jest.advanceTimersByTimeAsync(60_000);
    const { length } = attempts;
    ending.abort();
    await done;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(attempts).toHaveLength(length);
    expect(jest.getTimerCount()).toBe(0);
  });
});
