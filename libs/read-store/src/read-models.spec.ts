import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { integer, json, text, type Position } from '#kernel';
import { sql } from 'kysely';
import {
  createReadModels,
  emptyCheckpoint,
  LIVE,
  NotYetVisible,
  openSqliteReadSource,
  openSqliteRowStore,
  Rebuilding,
  type ReadModels,
  type RowStore,
  type Seat,
} from '#read-store';

type Tables = {
  inbox: { tenant: string; id: string; size: number; tags: string[] };
  card: { tenant: string; id: string; name: string };
  ghost: { id: string };
};
const folder = mkdtempSync(join(tmpdir(), 'portaria-models-'));
let files = 0;
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const inbox = (generation: number) => ({
  name: `inbox__g${String(generation)}`,
  spec: { key: ['id'], columns: { size: integer, tags: json<string[]>() }, indexes: [] },
});
const card = { name: 'card__g1', spec: { key: ['id'], columns: { name: text }, indexes: [] } };

describe('queries over the read models', () => {
  let store: RowStore;
  let models: ReadModels<Tables>;
  let seat: Seat;
  let at: Position | null = null;
  const step = (to: string) =>
    store.write(async ({ system }) => {
      await system.own(seat);
      await system.advance(LIVE, at, {
        position: to as Position,
        eventId: 'e',
        before: null,
        recordedAt: 't',
        events: 1,
      });
      at = to as Position;
    });

  beforeEach(async () => {
    at = null;
    const path = join(folder, `${String(++files)}.db`);
    store = openSqliteRowStore(path);
    await store.migrate();
    seat = { name: LIVE, epoch: 1 };
    await store.write(async (tx) => {
      await tx.system.takeSeat({ name: LIVE, holder: 'h', code: 'c', ms: 60_000 });
      await tx.system.putCheckpoint(emptyCheckpoint(LIVE, LIVE, 'l'));
      for (const table of [inbox(1), inbox(2), card]) await tx.createTable(table);
      for (const [projection, generation, state] of [
        ['inbox', 1, 'live'],
        ['inbox', 2, 'building'],
        ['card', 1, 'live'],
      ] as const) {
        await tx.system.addGeneration({
          projection,
          generation,
          version: 1,
          state,
          cohort: state === 'live' ? LIVE : 'r',
          rebuild_id: null,
          error: null,
          retire_at: null,
        });
      }
      await tx.upsert(inbox(1), [{ key: ['t', 'a'], row: { size: 1, tags: ['x'] } }]);
      await tx.upsert(inbox(2), [{ key: ['t', 'a'], row: { size: 2, tags: [] } }]);
      await tx.upsert(card, [{ key: ['t', 'a'], row: { name: 'Ana' } }]);
    });
    models = createReadModels<Tables>(openSqliteReadSource(path, 2), [
      { name: 'inbox', version: 1 },
      { name: 'card', version: 1 },
      { name: 'ghost', version: 1 },
    ]);
  });
  afterEach(async () => {
    await models.close();
    await store.close();
  });

  it('name tables by their projections, in joins, references, aliases, sub-queries and raw SQL; json comes parsed', async () => {
    const { value } = await models.query((db) =>
      db
        .selectFrom('inbox')
        .innerJoin('card as c', 'c.id', 'inbox.id')
        .select(['inbox.size', 'inbox.tags', 'c.name'])
        .where('inbox.tenant', '=', 't')
        .execute(),
    );
    expect(value).toEqual([{ size: 1, tags: ['x'], name: 'Ana' }]);
    const sub = await models.query((db) =>
      db
        .selectFrom('card')
        .selectAll('card')
        .where('card.id', 'in', (eb) => eb.selectFrom('inbox as card').select('card.id'))
        .execute(),
    );
    expect(sub.value).toEqual([{ tenant: 't', id: 'a', name: 'Ana' }]);
    const cte = await models.query((db) =>
      db
        .with('ghost', (inner) => inner.selectFrom('inbox').select('inbox.id'))
        .selectFrom('ghost')
        .select('ghost.id')
        .execute(),
    );
    expect(cte.value).toEqual([{ id: 'a' }]);
    const raw = await models.query((db) =>
      sql<{ n: number }>`select count(*) as n from ${sql.table('inbox')} as i`.execute(db),
    );
    expect(raw.value.rows).toEqual([{ n: 1 }]);
    const exists = await models.query((db) =>
      db
        .selectFrom('card')
        .select('card.id')
        .where((eb) => eb.exists(eb.selectFrom('inbox').select('inbox.id').whereRef('inbox.id', '=', 'card.id')))
        .orderBy('card.id')
        .execute(),
    );
    expect(exists.value).toEqual([{ id: 'a' }]);
  });

  it('refuse a projection that has no live generation of this version', async () => {
    await expect(models.query((db) => db.selectFrom('ghost').selectAll().execute())).rejects.toThrow(Rebuilding);
  });

  it('see the other table after a swap, without an error while it happens', async () => {
    const size = async () => (await models.query((db) => db.selectFrom('inbox').select('size').execute())).value;
    expect(await size()).toEqual([{ size: 1 }]);
    const before = models.query(async (db) => {
      await store.write(async ({ system }) => {
        await system.setGeneration({ projection: 'inbox', generation: 1 }, { state: 'dropping', cohort: 'dropping' });
        await system.setGeneration({ projection: 'inbox', generation: 2 }, { state: 'live', cohort: LIVE });
        await system.countSwap();
      });
      await store.write((tx) => tx.dropTable('inbox__g1'));
      return db.selectFrom('inbox').select('size').execute();
    });
    expect((await before).value).toEqual([{ size: 1 }]);
    expect(await size()).toEqual([{ size: 2 }]);
  });

  it('wait for a position: woken by a notification, found by polling, refused in time', async () => {
    const started = performance.now();
    const waiting = models.query(() => Promise.resolve('seen'), { after: '2' as Position });
    await step('1');
    models.notify('1' as Position);
    await step('2');
    models.notify('2' as Position);
    expect(await waiting).toEqual({ value: 'seen', at: '2' });
    expect(performance.now() - started).toBeLessThan(90);
    const polled = models.query(() => Promise.resolve(1), { after: '3' as Position });
    await step('3');
    expect((await polled).at).toBe('3');
    await expect(models.query(() => Promise.resolve(1), { after: '4' as Position, waitMs: 30 })).rejects.toThrow(
      NotYetVisible,
    );
    await expect(models.query(() => Promise.resolve(1), { after: '4' as Position, waitMs: 0 })).rejects.toThrow(
      NotYetVisible,
    );
    expect((await models.query(() => Promise.resolve(1), { after: '3' as Position, waitMs: 0 })).at).toBe('3');
  });

  it('do not starve while others wait', async () => {
    const waiting = Array.from({ length: 20 }, () =>
      models.query(() => Promise.resolve(1), { after: '9' as Position, waitMs: 200 }).catch(() => 'late'),
    );
    expect((await models.query((db) => db.selectFrom('inbox').select('size').execute())).value).toHaveLength(1);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['late']));
  });
});
