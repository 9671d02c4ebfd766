import { exec } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Position, Projection } from '#kernel';
import { createEngine, type Content } from '#projections';
import { LIVE, openSqliteRowStore, type RowStore } from '#read-store';
import { openPostgresRowStore } from '#read-store/postgres/index';
import { MemoryEventStore, passthrough } from '../../../test/doubles/memory-event-store.js';
import { toys } from '../../../test/doubles/toy-projections.js';
import { liveContents } from '../../../test/fixtures/fresh-fold.js';
import { postgresUrl, postgresWorld, type World } from '../../../test/fixtures/postgres-world.js';

const restart = process.env['POSTGRES_RESTART'] ?? '';

const tell = async (events: MemoryEventStore, from: number, to: number): Promise<Position> => {
  let position = '' as Position;
  for (let n = from; n < to; n++) {
    const stream = `talk-${n % 2 === 0 ? 'acme' : 'beta'}.${String(n % 7)}`;
    position =
      n % 10 === 9
        ? await events.add('talk-acme.1', 'Erased', { id: `s${String(n - 3)}`, from: `p${String(n % 7)}` })
        : await events.add(stream, 'Told', {
            id: `s${String(n)}`,
            from: `p${String(n % 97)}`,
            to: `p${String((n * 3) % 11)}`,
            amount: n,
            words: `w${String(n)}`,
          });
  }
  return position;
};

const start = (events: MemoryEventStore, rows: RowStore) => {
  const abort = new AbortController();
  const engine = createEngine({
    events,
    codec: passthrough('Told', 'Erased'),
    rows,
    projections: toys as unknown as Projection[],
    logId: 'log-1',
    // So that a little log takes many writes.
    bulkRows: 20,
    leaseMs: 1000,
    cacheRows: 50,
  });
  const running = engine.run(abort.signal);
  running.catch(() => undefined);
  return {
    engine,
    stop: async () => {
      abort.abort();
      await running;
      await rows.close();
    },
  };
};

const patiently = async <T>(ask: () => Promise<T | null>): Promise<T> => {
  const end = Date.now() + 100_000;
  for (;;) {
    // The connections are cut all the time.
    const answer = await ask().catch(() => null);
    if (answer !== null) return answer;
    if (Date.now() > end) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** The contents once all read models are live at the position. */
const contentsAt = (rows: RowStore, position: Position): Promise<Readonly<Record<string, Content>>> =>
  patiently(() =>
    rows.snapshot(async (view) => {
      const generations = await view.system.generations();
      const level = (await view.system.checkpoint(LIVE))?.position === position;
      const live = generations.filter(({ state }) => state === 'live');
      if (!level || live.length < toys.length) return null;
      return liveContents(view, toys);
    }),
  );

if (postgresUrl === '') it.skip('the engine over PostgreSQL (POSTGRES_URL is not set)', () => undefined);
else {
  describe('the engine over PostgreSQL', () => {
    const EVENTS = 4000;
    const folder = mkdtempSync(join(tmpdir(), 'portaria-engine-'));
    let events: MemoryEventStore;
    let head: Position;
    /** Folded anew, undisturbed, on the other store. */
    let expected: Readonly<Record<string, Content>>;
    let world: World;
    let rows: RowStore;
    let run: ReturnType<typeof start>;

    beforeAll(async () => {
      events = new MemoryEventStore();
      await tell(events, 0, EVENTS / 2);
      // What later tests add.
      const whole = new MemoryEventStore();
      head = await tell(whole, 0, EVENTS);
      const other = openSqliteRowStore(join(folder, 'read.db'));
      const fold = start(whole, other);
      expected = await contentsAt(other, head);
      await fold.stop();
    });
    afterAll(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    beforeEach(() => {
      world = postgresWorld();
      rows = openPostgresRowStore(world.url);
    });
    afterEach(async () => {
      await run.stop();
      await world.drop();
    });

    /** Does `harm` again and again while the work goes on. */
    const meanwhile = async <T>(harm: () => Promise<unknown>, everyMs: number, work: () => Promise<T>): Promise<T> => {
      const end = new AbortController();
      const harming = (async () => {
        while (!end.signal.aborted) {
          await harm();
          // Now at once, now after a while: so every step is met, and none never ends.
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 * everyMs));
        }
      })();
      try {
        return await work();
      } finally {
        end.abort();
        await harming;
      }
    };
    /** First build, live following and a rebuild of all, of the whole log; rebuilt until `enough`, however fast that goes. */
    const wholeLife = async (enough: () => boolean = () => true): Promise<void> => {
      const log = new MemoryEventStore();
      await tell(log, 0, EVENTS / 2);
      run = start(log, rows);
      await run.engine.started;
      let told = EVENTS / 2;
      while (told < EVENTS) {
        const next = Math.min(EVENTS, told + 100);
        const at = await tell(log, told, next);
        told = next;
        run.engine.appended(at);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      // The first build is a rebuild too: another one is wanted.
      await contentsAt(rows, head);
      do {
        const { rebuildId } = await patiently(() => run.engine.ask('rebuild', 'all', {}));
        const rebuild = await patiently(async () => {
          const row = await rows.snapshot(({ system }) => system.rebuild(rebuildId));
          return row?.finished_at === null ? null : (row ?? null);
        });
        expect(rebuild).toMatchObject({ phase: 'done', error: null });
        expect(JSON.parse(rebuild.result ?? '')).toMatchObject({ equal: true });
      } while (!enough());
    };

    it('makes the rows that the embedded store has, and makes them again', async () => {
      await wholeLife();
      expect(await contentsAt(rows, head)).toEqual(expected);
    });

    it('loses and doubles nothing while its connections are cut', async () => {
      let cuts = 0;
      await rows.migrate();
      await meanwhile(
        async () => (cuts += await world.cut()),
        300,
        () => wholeLife(() => cuts > 10),
      );
      expect(await contentsAt(rows, head)).toEqual(expected);
    }, 120_000);

    (restart === '' ? it.skip : it)(
      'nor while the server crashes and comes back (POSTGRES_RESTART)',
      async () => {
        let restarts = 0;
        await rows.migrate();
        await meanwhile(
          async () => {
            if (restarts >= 4) return;
            await promisify(exec)(restart);
            restarts++;
          },
          1500,
          () => wholeLife(() => restarts > 2),
        );
        expect(await contentsAt(rows, head)).toEqual(expected);
      },
      120_000,
    );
  });
}
