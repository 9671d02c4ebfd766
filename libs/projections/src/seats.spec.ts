import { describe, expect, it } from '@jest/globals';
import type { Position, Projection } from '#kernel';
import { LIVE, type RowStore } from '#read-store';
import type { Role } from '#projections';
import { MemoryEventStore } from '../../../test/doubles/memory-event-store.js';
import { people, sayings, toys } from '../../../test/doubles/toy-projections.js';
import { contents, contentsOf, done, fresh, openRows, start, tell, until } from '../../../test/fixtures/engine.js';

const LEASE_MS = 300;

/** Engines of several processes over one store, as if others could write to it. */
const town = async () => {
  const path = fresh();
  const rows = openRows(path);
  const events = new MemoryEventStore();
  await tell(events, 0, 100);
  const open = (projections: readonly Projection[] = toys as unknown as Projection[], over: Partial<RowStore> = {}) => {
    const roles: Role[] = [];
    const shared: RowStore = { ...rows, exclusive: false, close: () => Promise.resolve(), ...over };
    const run = start(events, path, {
      rows: shared,
      projections,
      leaseMs: LEASE_MS,
      onRole: (role) => roles.push(role),
    });
    return { ...run, role: () => roles.at(-1), roles };
  };
  const live = (at: Position) => async () =>
    (await rows.snapshot(({ system }) => system.checkpoint(LIVE)))?.position === at;
  return { rows, events, open, live };
};

describe('several engines over one store', () => {
  it('have one that works, and another takes over when it stops or dies', async () => {
    const { rows, events, open, live } = await town();
    const first = open();
    await first.engine.started;
    const second = open();
    await second.engine.started;
    expect([first.role(), second.role()]).toEqual(['live', 'standby']);
    await until(live(await tell(events, 100, 130)));
    await first.stop();
    await until(() => Promise.resolve(second.role() === 'live'));
    await until(live(await tell(events, 130, 160)));
    // The next holder renews nothing and ends nothing: it is dead.
    const dead = { is: false, over: false, end: [] as (() => void)[] };
    const never = (): Promise<never> =>
      new Promise((_, reject) => {
        const end = (): void => {
          reject(new Error('dead'));
        };
        if (dead.over) end();
        else dead.end.push(end);
      });
    const third = open(undefined, {
      aside: (work) => (dead.is ? never() : rows.aside(work)),
      write: (work) => (dead.is ? never() : rows.write(work)),
    });
    await third.engine.started;
    await second.stop();
    await until(() => Promise.resolve(third.role() === 'live'));
    dead.is = true;
    const fourth = open();
    const from = performance.now();
    await until(() => Promise.resolve(fourth.role() === 'live'));
    expect(performance.now() - from).toBeLessThan(5000);
    await until(live(await tell(events, 160, 200)));
    expect(await contents(rows)).toEqual(await contentsOf(events));
    await fourth.stop();
    dead.over = true;
    const ended = third.stop();
    for (const end of dead.end) end();
    await ended;
    await rows.close();
  });

  it('fence an owner that comes back after another took over, and let it stand by', async () => {
    const { rows, events, open, live } = await town();
    const frozen = { gate: Promise.resolve(), free: (): void => undefined };
    const first = open(undefined, {
      aside: async (work) => {
        await frozen.gate;
        return rows.aside(work);
      },
      write: async (work) => {
        await frozen.gate;
        return rows.write(work);
      },
    });
    await first.engine.started;
    await until(live((await events.head())?.position ?? ('' as Position)));
    frozen.gate = new Promise((resolve) => (frozen.free = resolve));
    const second = open();
    await tell(events, 100, 110); // The first one has this in its hands when it wakes.
    await until(() => Promise.resolve(second.role() === 'live'));
    await until(live(await tell(events, 110, 150)));
    frozen.free();
    await until(() => Promise.resolve(first.role() === 'standby'));
    const at = await tell(events, 150, 180);
    await until(live(at));
    expect(await contents(rows)).toEqual(await contentsOf(events));
    await second.stop();
    await until(() => Promise.resolve(first.role() === 'live'));
    await until(live(await tell(events, 180, 190)));
    await first.stop();
    await rows.close();
  });

  it('pass on to the one that works what the others are asked', async () => {
    const { rows, open } = await town();
    const [first, second] = [open(), open()];
    await Promise.all([first.engine.started, second.engine.started]);
    const standby = first.role() === 'standby' ? first : second;
    await until(async () => (await rows.snapshot(({ system }) => system.runningRebuilds())).length === 0);
    const { rebuildId } = await standby.engine.ask('rebuild', ['people']);
    await until(done(rows, rebuildId));
    await expect(standby.engine.ask('rebuild', ['nothing'])).rejects.toMatchObject({ reason: 'unknown' });
    expect(await standby.engine.ask('rollback', 'people')).toEqual({ generation: 1 });
    await first.stop();
    await second.stop();
    await rows.close();
  });

  it('let two versions of the code answer side by side while a deployment rolls, forward and back', async () => {
    const { rows, events, open, live } = await town();
    const newer = [people, { ...sayings, version: 2 }, ...toys.slice(2)] as unknown as Projection[];
    const old = open();
    const oldModels = await old.read();
    await until(live((await events.head())?.position ?? ('' as Position)));
    const next = open(newer);
    await next.engine.started;
    const nextModels = await next.read();
    const both = async (after: Position): Promise<void> => {
      for (const models of [oldModels, nextModels]) {
        const { value, at } = await models.query(
          async (db) => [
            (await db.selectFrom('sayings').select('id').execute()).length,
            (await db.selectFrom('people').select('person').execute()).length,
          ],
          { after, waitMs: 10_000 },
        );
        expect(at !== null && at >= after).toBe(true);
        expect(value[0]).toBeGreaterThan(50);
      }
    };
    const ready = () =>
      nextModels
        .query((db) => db.selectFrom('sayings').select('id').execute())
        .then(
          () => true,
          () => false,
        );
    await until(ready);
    expect([old.role(), next.role()]).toEqual(['live', 'side']);
    await both(await tell(events, 100, 140));
    // The old projector stops: the new one follows everything, and the old code's api goes on reading what is there.
    await old.stop();
    await until(() => Promise.resolve(next.role() === 'live'));
    const at = await tell(events, 140, 170);
    const seen = await nextModels.query((db) => db.selectFrom('sayings').select('id').execute(), {
      after: at,
      waitMs: 10_000,
    });
    expect(seen.at).toBe(at);
    // Back again: the old code catches up beside, then takes over.
    const back = open();
    const backModels = await back.read();
    expect(back.role()).toBe('side');
    const later = await tell(events, 170, 200);
    const answer = await backModels.query((db) => db.selectFrom('sayings').select('id').execute(), {
      after: later,
      waitMs: 10_000,
    });
    expect(answer.at).toBe(later);
    await next.stop();
    await until(() => Promise.resolve(back.role() === 'live'));
    const last = await tell(events, 200, 220);
    await backModels.query((db) => db.selectFrom('people').select('person').execute(), { after: last, waitMs: 10_000 });
    const found = await rows.snapshot(({ system }) => system.generations());
    expect(found.filter(({ state, version }) => state === 'live' && version === 1).map(({ cohort }) => cohort)).toEqual(
      [LIVE, LIVE, LIVE],
    );
    await back.stop();
    await rows.close();
  });
});
