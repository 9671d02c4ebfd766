import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { integer, nullable, projection, text, type Projection } from '#kernel';
import { createReadModels, openSqliteReadSource, type RowStore } from '#read-store';
import { MemoryEventStore } from '../../../test/doubles/memory-event-store.js';
import type { Toy } from '../../../test/doubles/toy-projections.js';
import { done, fresh, liveAt, start, until } from '../../../test/fixtures/engine.js';
import { SAME_RUNS } from '../../../test/fixtures/same-runs.js';

/** Rows come, go, and move between groups, some of them without a name. */
const desks = projection<Toy>()({
  name: 'desks',
  version: 1,
  counts: { by: ['owner', 'size'] },
  table: { key: ['id'], columns: { owner: nullable(text), size: integer, words: text }, indexes: [] },
  keyOf: (event) => ({ id: event.data.id }),
  on: {
    Told: (row, { data: { to, amount, words } }) => {
      if (amount === -1) throw new Error('cannot bear it');
      return { owner: to === 'p0' ? null : to, size: (row?.size ?? 0) + (amount % 2), words };
    },
    Erased: () => null,
  },
});
type Tables = {
  desks: { tenant: string; owner: string | null; size: number };
  desks_counts: { tenant: string; owner: string | null; size: number; n: number };
};
const projections = [desks as unknown as Projection];

const act = fc.record({
  id: fc.nat(6),
  to: fc.nat(3),
  amount: fc.integer({ min: -1, max: 5 }),
  tenant: fc.constantFrom('acme', 'beta'),
  erases: fc.nat(4),
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
const add = (events: MemoryEventStore, { id, to, amount, tenant, erases }: Act) => {
  const data = { id: `s${String(id)}`, from: 'x', to: `p${String(to)}`, amount, words: '' };
  return events.add(`talk-${tenant}.1`, erases === 0 ? 'Erased' : 'Told', data);
};
const place = async (events: MemoryEventStore) => (await events.head())?.position ?? null;
const level = async (events: MemoryEventStore, rows: RowStore) => until(liveAt(rows, await place(events)));
/** As a query sees them, beside what they should be. */
const counted = async (path: string) => {
  const models = createReadModels<Tables>(openSqliteReadSource(path), projections);
  const { value } = await models.query(async (db) => ({
    kept: await db
      .selectFrom('desks_counts as c')
      .select(['c.tenant', 'c.owner', 'c.size', 'c.n'])
      .where('c.n', '!=', 0)
      .execute(),
    anew: await db
      .selectFrom('desks')
      .select((eb) => ['tenant', 'owner', 'size', eb.fn.countAll<number>().as('n')])
      .groupBy(['tenant', 'owner', 'size'])
      .execute(),
  }));
  await models.close();
  return {
    kept: value.kept.map((row) => JSON.stringify(row)).sort(),
    anew: value.anew.map((row) => JSON.stringify(row)).sort(),
  };
};

describe('group counts', () => {
  it('are what counting would give, live, killed, parked, retried and rebuilt', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(act, { minLength: 1, maxLength: 60 }),
        fc.nat(9),
        fc.nat(40),
        async (acts, cut, kill) => {
          const events = new MemoryEventStore();
          const path = fresh();
          let run = start(events, path, { projections, cacheRows: 2, bulkRows: 5 });
          await run.engine.started;
          for (const [n, one] of acts.entries()) {
            await add(events, one);
            if (n % (cut + 1) === 0) await level(events, run.rows);
            if (n === kill) {
              await run.stop();
              run = start(events, path, { projections, cacheRows: 2, bulkRows: 5 });
              await run.engine.started;
            }
          }
          await level(events, run.rows);
          const { kept, anew } = await counted(path);
          expect(kept).toEqual(anew);
          const { rebuildId } = await run.engine.ask('rebuild', 'all', { park: true });
          await until(done(run.rows, rebuildId));
          const result = (await run.rows.snapshot(({ system }) => system.rebuild(rebuildId)))?.result ?? '';
          expect(JSON.parse(result)).toMatchObject({ equal: true });
          expect((await counted(path)).kept).toEqual(kept);
          await run.stop();
        },
      ),
      { numRuns: 20, ...SAME_RUNS },
    );
  });

  it('that went wrong are found by a comparison and mended by a rebuild; their tables go with their generations', async () => {
    const events = new MemoryEventStore();
    for (let id = 0; id < 6; id++) await add(events, { id, to: id % 3, amount: 1, tenant: 'acme', erases: 1 });
    const path = fresh();
    const run = start(events, path, { projections, standbyMs: 0 });
    await run.engine.started;
    await level(events, run.rows);
    const file = new DatabaseSync(path);
    file.exec('update desks__g1__counts set n = n + 1');
    const { rebuildId } = await run.engine.ask('rebuild', 'all');
    await until(done(run.rows, rebuildId));
    const result = (await run.rows.snapshot(({ system }) => system.rebuild(rebuildId)))?.result ?? '';
    expect(JSON.parse(result)).toMatchObject({ equal: false });
    const { kept, anew } = await counted(path);
    expect(kept).toEqual(anew);
    const tables = (): unknown[] =>
      file
        .prepare("select name from sqlite_schema where type = 'table' and name like 'desks%' order by name")
        .all()
        .map(({ name }) => name);
    await until(() => Promise.resolve(!tables().includes('desks__g1__counts')));
    expect(tables()).toEqual(['desks__g2', 'desks__g2__counts']);
    file.close();
    await run.stop();
  });
});
