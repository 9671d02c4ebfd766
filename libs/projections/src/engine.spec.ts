import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Codec } from '#event-store/codec';
import { StoreUnavailable, type EventReader } from '#event-store/port';
import { KeyMissing } from '#event-store/vault';
import type { Projection, Position } from '#kernel';
import { foldAll } from '#kernel/projected';
import { LIVE, ReadStoreUnusable, Rebuilding, type RowStore } from '#read-store';
import { MemoryEventStore } from '../../../test/doubles/memory-event-store.js';
import { pairs, people, sayings, type Toy } from '../../../test/doubles/toy-projections.js';
import {
  codec,
  contents,
  contentsOf,
  done,
  fresh,
  liveAt,
  start,
  tell,
  told,
  until,
  onPostgres,
  openRows,
} from '../../../test/fixtures/engine.js';
import { SAME_RUNS } from '../../../test/fixtures/same-runs.js';

describe('the engine', () => {
  it('goes live at once on an empty log, then follows it', async () => {
    const events = new MemoryEventStore();
    const run = start(events, fresh());
    await run.engine.started;
    await until(liveAt(run.rows, null));
    const at = await tell(events, 0, 30);
    const models = await run.read();
    const { value } = await models.query(
      (db) => db.selectFrom('people').selectAll().orderBy('tenant').orderBy('person').execute(),
      { after: at },
    );
    const expected = foldAll<Toy>(
      people,
      events.log.map(({ type, data, stream }) => ({ type, data, stream }) as never),
    );
    expect(value).toEqual(expected);
    await run.stop();
  });

  it('waits for a log that is away when it takes its seat', async () => {
    const events = new MemoryEventStore();
    const at = await tell(events, 0, 50);
    const there = events.head.bind(events);
    let away = 2;
    events.head = () => (away-- > 0 ? Promise.reject(new StoreUnavailable('the log is gone')) : there());
    const run = start(events, fresh());
    await run.engine.started;
    await until(liveAt(run.rows, at));
    expect(away).toBeLessThan(0);
    await run.stop();
  });

  it('makes the same rows however the log is cut into batches, live or in bulk', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        async (cuts, cacheRows, bulkRows) => {
          const events = new MemoryEventStore();
          const run = start(events, fresh(), { cacheRows, bulkRows });
          await run.engine.started;
          let n = 0;
          let at: Position | null = null;
          for (const cut of cuts) {
            at = await tell(events, n, n + cut);
            n += cut;
            if (cut % 3 !== 0) await until(liveAt(run.rows, at));
          }
          await until(liveAt(run.rows, at));
          const live = await contents(run.rows);
          await run.stop();
          expect(live).toEqual(await contentsOf(events));
          expect(live).toEqual(await contentsOf(events, { cacheRows, bulkRows }));
        },
      ),
      { numRuns: onPostgres ? 3 : 12, ...SAME_RUNS },
    );
  });

  it('resumes a replay that was killed, and ends with the same hash', async () => {
    const events = new MemoryEventStore();
    const at = await tell(events, 0, 30_000);
    const path = fresh();
    let kills = 0;
    for (; kills < 20; kills++) {
      const run = start(events, path, { cacheRows: 5, bulkRows: 40 });
      await run.engine.started;
      const before = run.engine.counters.applied;
      const over = liveAt(run.rows, at);
      await until(async () => run.engine.counters.applied > before || (await over()));
      const finished = await over();
      await run.stop();
      if (finished) break;
    }
    const run = start(events, path);
    await run.engine.started;
    await until(liveAt(run.rows, at));
    expect(run.engine.counters.applied).toBeLessThan(30_000);
    expect(await contents(run.rows)).toEqual(await contentsOf(events));
    await run.stop();
  });

  it('rebuilds beside the live generation while facts arrive and readers ask, and finds equal content', async () => {
    const events = new MemoryEventStore();
    await tell(events, 0, 5000);
    const run = start(events, fresh());
    const models = await run.read();
    await until(liveAt(run.rows, (await events.head())?.position ?? null));
    const { rebuildId } = await run.engine.ask('rebuild', 'all');
    expect(await run.engine.ask('rebuild', ['people'])).toEqual({ rebuildId });
    let asked = 0;
    const state = { over: false };
    const reader = async (): Promise<void> => {
      while (!state.over) {
        const after = (await events.head())?.position ?? null;
        const { value, at } = await models.query(
          async (db) => ({
            people: await db
              .selectFrom('people')
              .select((eb) => eb.fn.countAll<number>().as('n'))
              .execute(),
            sayings: await db
              .selectFrom('sayings')
              .select((eb) => eb.fn.countAll<number>().as('n'))
              .execute(),
          }),
          { after, waitMs: 5000 },
        );
        expect(value.sayings[0]?.n).toBeGreaterThan(0);
        expect(at !== null && after !== null && at >= after).toBe(true);
        asked++;
        await new Promise(setImmediate); // All of this runs in one thread here.
      }
    };
    const readers = [reader(), reader(), reader()];
    const finished = done(run.rows, rebuildId);
    for (let n = 5000; !(await finished()); n += 5) {
      await tell(events, n, n + 5);
      await new Promise(setImmediate);
    }
    state.over = true;
    await Promise.all(readers);
    expect(asked).toBeGreaterThan(3);
    const row = await run.rows.snapshot(({ system }) => system.rebuild(rebuildId));
    expect(row).toMatchObject({ phase: 'done', error: null });
    expect(JSON.parse(row?.result ?? '')).toMatchObject({ equal: true });
    await until(liveAt(run.rows, (await events.head())?.position ?? null));
    expect(await contents(run.rows)).toEqual(await contentsOf(events));
    await run.stop();
  });

  it('answers queries after a first build although the log grows whenever it is looked at', async () => {
    const events = new MemoryEventStore();
    await tell(events, 0, 100);
    let n = 100;
    const growing: EventReader = {
      readStream: (stream) => events.readStream(stream),
      subscribe: (options) => events.subscribe(options),
      head: () => events.head(),
      close: () => events.close(),
      readAll: async function* (options) {
        await tell(events, n, ++n);
        yield* events.readAll(options);
      },
    };
    const run = start(events, fresh(), { events: growing });
    await run.engine.started;
    await until(async () => {
      const generations = await run.rows.snapshot(({ system }) => system.generations());
      return generations.every(({ state }) => state === 'live');
    });
    await until(liveAt(run.rows, (await events.head())?.position ?? null));
    expect(await contents(run.rows)).toEqual(await contentsOf(events));
    await run.stop();
  });

  (onPostgres ? it.skip : it)(
    'makes the indexes of a first build at its end, and those of a table beside live ones at once',
    async () => {
      const events = new MemoryEventStore();
      const at = await tell(events, 0, 40);
      const path = fresh();
      const run = start(events, path);
      await run.engine.started;
      await until(liveAt(run.rows, at));
      const { rebuildId } = await run.engine.ask('rebuild', ['people']);
      await until(done(run.rows, rebuildId));
      await run.stop();
      const database = new DatabaseSync(path);
      const names = database
        .prepare(`select name from sqlite_schema where name like '%\\_\\_i_' escape '\\' order by name`)
        .all();
      database.close();
      expect(names.map(({ name }) => name)).toEqual(['people__g1__i0', 'people__g2__i0', 'sayings__g1__i0']);
    },
  );

  it('stands still, and says so, where a key is missing that the log needs', async () => {
    const events = new MemoryEventStore();
    const missing: Codec = {
      ...codec,
      open: (event) => (event.id.endsWith('02') ? Promise.reject(new KeyMissing('k2')) : Promise.resolve(event)),
    };
    const opening = [{ ...people, opens: ['Told'] }, sayings] as unknown as Projection[];
    const first = start(events, fresh(), { projections: opening, codec: missing });
    const models = await first.read();
    await until(liveAt(first.rows, null));
    const at = await events.add('talk-acme.1', 'Told', told(1).data);
    await events.add('talk-acme.1', 'Told', told(2).data);
    await events.add('talk-acme.1', 'Told', told(3).data);
    await models.query((db) => db.selectFrom('people').selectAll().execute(), { after: at });
    const place = (rows: RowStore, name: string) => rows.snapshot(({ system }) => system.checkpoint(name));
    await until(
      async () =>
        (await place(first.rows, LIVE))?.paused ===
        'key-missing: the key vault has no key k2: restore the vault that belongs to this log',
    );
    expect((await place(first.rows, LIVE))?.position).toBe(at);
    await first.stop();

    // In a first build too, and with the right vault it goes on.
    const path = fresh();
    const build = start(events, path, { projections: opening, codec: missing });
    await build.engine.started;
    await until(async () =>
      (await build.rows.snapshot(({ system }) => system.checkpoints())).some(
        ({ paused, position }) => paused !== null && position === at,
      ),
    );
    await build.stop();
    const again = start(events, path, { projections: opening });
    await again.engine.started;
    await until(liveAt(again.rows, (await events.head())?.position ?? null));
    expect(await contents(again.rows)).toMatchObject(await contentsOf(events, { projections: opening }));
    await again.stop();
  });

  it('ends where the store cannot be trusted any more, and tries again where something is only in the way', async () => {
    const events = new MemoryEventStore();
    await tell(events, 0, 20);
    for (const final of [true, false]) {
      const path = fresh();
      const rows = openRows(path);
      const state = { fail: false, failures: 0 };
      const run = start(events, path, {
        rows: {
          ...rows,
          write: (work) => {
            if (!state.fail || state.failures > 1) return rows.write(work);
            state.failures++;
            return Promise.reject(new ReadStoreUnusable('the disk', { final }));
          },
        },
      });
      await run.engine.started;
      await until(liveAt(rows, (await events.head())?.position ?? null));
      state.fail = true;
      const at = await events.add('talk-acme.1', 'Told', told(100).data);
      if (final) await expect(run.running).rejects.toThrow('the disk');
      else await until(liveAt(rows, at));
      expect(state.failures).toBe(final ? 1 : 2);
      await run.stop();
      await rows.close();
    }
  });

  it('takes its seat again when a store that could not be written for longer than its lease can be written again', async () => {
    const events = new MemoryEventStore();
    await tell(events, 0, 20);
    const path = fresh();
    const rows = openRows(path);
    const state = { full: false };
    const lines: string[] = [];
    const refusing =
      <W, T>(work: (of: W) => Promise<T>) =>
      (of: W): Promise<T> =>
        state.full ? Promise.reject(new ReadStoreUnusable('the disk is full')) : work(of);
    const run = start(events, path, {
      rows: { ...rows, write: (work) => rows.write(refusing(work)), aside: (work) => rows.aside(refusing(work)) },
      leaseMs: 300,
      log: (_level, message) => void lines.push(message),
    });
    await run.engine.started;
    state.full = true;
    const at = await events.add('talk-acme.1', 'Told', told(100).data);
    run.engine.appended(at);
    await until(() => lines.some((line) => line.startsWith('the seat live is lost')));
    // Without a seat, and still without one when it has asked again.
    await until(() => lines.some((line) => line.startsWith('the disk is full; tried again')));
    await expect(run.engine.ask('rebuild', ['pairs'])).rejects.toBeInstanceOf(ReadStoreUnusable);
    state.full = false;
    await until(liveAt(rows, at));
    // In the midst of a rebuild too, which goes on where it was.
    const { rebuildId } = await run.engine.ask('rebuild', ['pairs']);
    lines.length = 0;
    state.full = true;
    await until(() => lines.some((line) => line.includes('tried again')));
    state.full = false;
    await until(done(rows, rebuildId));
    expect(await contents(rows)).toMatchObject(await contentsOf(events));
    await run.stop();
    await rows.close();
  });

  it('finds and replaces a live table that is not what the log says', async () => {
    const events = new MemoryEventStore();
    const at = await tell(events, 0, 100);
    const run = start(events, fresh());
    await run.engine.started;
    await until(liveAt(run.rows, at));
    await run.rows.write((tx) =>
      tx.remove({ name: 'pairs__g1', spec: pairs.table }, [
        ['acme', 'p0', 'p0'],
        ['acme', 'p2', 'p6'],
      ]),
    );
    const { rebuildId } = await run.engine.ask('rebuild', ['pairs']);
    await until(done(run.rows, rebuildId));
    const row = await run.rows.snapshot(({ system }) => system.rebuild(rebuildId));
    expect(JSON.parse(row?.result ?? '')).toMatchObject({ equal: false });
    await until(liveAt(run.rows, at));
    expect(await contents(run.rows)).toEqual(await contentsOf(events));
    await run.stop();
  });

  it('goes on with a rebuild after a restart in any phase', async () => {
    const events = new MemoryEventStore();
    const at = await tell(events, 0, 6000);
    const path = fresh();
    let run = start(events, path);
    await run.engine.started;
    await until(liveAt(run.rows, at));
    const { rebuildId } = await run.engine.ask('rebuild', ['people', 'sayings']);
    for (let kills = 0; kills < 30 && !(await done(run.rows, rebuildId)()); kills++) {
      await new Promise((resolve) => setTimeout(resolve, kills * 2));
      await run.stop();
      run = start(events, path);
      await run.engine.started;
    }
    await until(done(run.rows, rebuildId));
    expect(await run.rows.snapshot(({ system }) => system.rebuild(rebuildId))).toMatchObject({ phase: 'done' });
    await until(liveAt(run.rows, at));
    expect(await contents(run.rows)).toEqual(await contentsOf(events));
    await run.stop();
  });

  it('keeps all live read models at one position', async () => {
    const events = new MemoryEventStore();
    const run = start(events, fresh());
    const models = await run.read();
    await until(liveAt(run.rows, null));
    for (let n = 0; n < 200; n += 3) {
      const at = n % 10 === 9 ? null : await events.add('talk-acme.1', 'Told', told(n).data);
      const { value } = await models.query(
        async (db) => [
          await db
            .selectFrom('sayings')
            .select((eb) => eb.fn.countAll<number>().as('n'))
            .execute(),
          await db
            .selectFrom('pairs')
            .select((eb) => eb.fn.sum<number>('count').as('n'))
            .execute(),
        ],
        { after: at },
      );
      expect(value[0]).toEqual(value[1]);
    }
    await run.stop();
  });

  it('rebuilds everything when the log is another one, by its id or by the event at the checkpoint', async () => {
    const first = new MemoryEventStore();
    const at = await tell(first, 0, 40);
    const path = fresh();
    const run = start(first, path);
    await run.engine.started;
    await until(liveAt(run.rows, at));
    await run.stop();
    const other = new MemoryEventStore();
    await other.append(
      'talk-acme.1',
      'no_stream',
      Array.from({ length: 60 }, (_, n) => ({
        id: `other-${String(n)}`,
        ...told(n),
        schemaVersion: 1,
        metadata: {} as never,
      })),
    );
    const again = start(other, path);
    await again.engine.started;
    await until(liveAt(again.rows, (await other.head())?.position ?? null));
    expect(await contents(again.rows)).toEqual(await contentsOf(other));
    await again.stop();
    const renamed = start(other, path, { logId: 'log-2' });
    await renamed.engine.started;
    await until(liveAt(renamed.rows, (await other.head())?.position ?? null));
    expect(await contents(renamed.rows)).toEqual(await contentsOf(other));
    await renamed.stop();
  });

  it('builds a new version beside the old one, and says that it is rebuilding until then', async () => {
    const events = new MemoryEventStore();
    const at = await tell(events, 0, 40);
    const path = fresh();
    const run = start(events, path);
    await run.engine.started;
    await until(liveAt(run.rows, at));
    await run.stop();
    const newer = [people, { ...sayings, version: 2 }, pairs] as unknown as Projection[];
    const next = start(events, path, { projections: newer });
    const models = await next.read();
    const early = await models
      .query((db) => db.selectFrom('sayings').selectAll().execute())
      .catch((error: unknown) => error);
    expect(early instanceof Rebuilding || 'value' in (early as object)).toBe(true);
    await until(liveAt(next.rows, at));
    const generations = await next.rows.snapshot(({ system }) => system.generations());
    expect(generations.map(({ projection, generation, version }) => [projection, generation, version])).toEqual([
      ['pairs', 1, 1],
      ['people', 1, 1],
      ['sayings', 1, 1],
      ['sayings', 2, 2],
    ]);
    await next.stop();
  });

  it('skips and counts unknown types, and stands still before an event of newer code', async () => {
    const events = new MemoryEventStore();
    const run = start(events, fresh());
    const models = await run.read();
    await until(liveAt(run.rows, null));
    await events.add('talk-acme.1', 'Sung', {});
    const at = await events.add('talk-acme.1', 'Told', told(1).data);
    await events.add('talk-acme.1', 'Told', told(2).data, 9);
    await models.query((db) => db.selectFrom('people').selectAll().execute(), { after: at });
    expect(run.engine.counters.unknown).toBe(1);
    await until(
      async () =>
        (await run.rows.snapshot(({ system }) => system.checkpoint(LIVE)))?.paused?.startsWith('code-too-old') === true,
    );
    expect((await run.rows.snapshot(({ system }) => system.checkpoint(LIVE)))?.position).toBe(at);
    await run.stop();
  });
});
