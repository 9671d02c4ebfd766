import { describe, expect, it } from '@jest/globals';
import type { Position, Projection } from '#kernel';
import { LIVE, tableName, type RowStore } from '#read-store';
import { MemoryEventStore } from '../../../test/doubles/memory-event-store.js';
import { pairs, people, toys } from '../../../test/doubles/toy-projections.js';
import {
  contents,
  contentsOf,
  done,
  fresh,
  liveAt,
  openRows,
  start,
  tell,
  until,
} from '../../../test/fixtures/engine.js';

const states = (rows: RowStore, projection: string) =>
  rows.snapshot(async ({ system }) =>
    (await system.generations())
      .filter((row) => row.projection === projection)
      .map(({ generation, state }) => `g${String(generation)} ${state}`),
  );
const rebuildOf = (rows: RowStore, id: string) => rows.snapshot(({ system }) => system.rebuild(id));
const phase = (rows: RowStore, id: string, wanted: string) => async () => (await rebuildOf(rows, id))?.phase === wanted;
const isRebuild = (value: unknown): boolean => typeof value === 'object' && value !== null && 'rebuildId' in value;
const damaged = async (rows: RowStore, generation: number): Promise<void> => {
  const table = { name: tableName('pairs', generation), spec: pairs.table };
  await rows.write((tx) => tx.remove(table, [['acme', 'p0', 'p0']]));
};

const opened = async (over: Parameters<typeof start>[2] = {}) => {
  const events = new MemoryEventStore();
  const at = await tell(events, 0, 200);
  const path = fresh();
  const run = start(events, path, over);
  await run.engine.started;
  await until(liveAt(run.rows, at));
  return { events, path, run, at };
};

describe('a rebuild', () => {
  it('leaves what it replaced standing by, which follows and comes back with a rollback, as often as one likes', async () => {
    const { events, run } = await opened();
    await damaged(run.rows, 1);
    const { rebuildId } = await run.engine.ask('rebuild', ['pairs']);
    await until(done(run.rows, rebuildId));
    expect(await states(run.rows, 'pairs')).toEqual(['g1 standby', 'g2 live']);
    const models = await run.read();
    const count = async (after: Position) =>
      (await models.query((db) => db.selectFrom('pairs').select('count').execute(), { after })).value.length;
    const whole = await count(await tell(events, 200, 230));
    expect(await run.engine.ask('rollback', 'pairs')).toEqual({ generation: 1 });
    // It has seen what came meanwhile, and lacks the row that was taken from it.
    expect(await count(await tell(events, 230, 231))).toBe(whole - 1);
    expect(await run.engine.ask('rollback', 'pairs')).toEqual({ generation: 2 });
    expect(await count(await tell(events, 231, 232))).toBe(whole);
    await run.stop();
  });

  it('goes on although the rows could not be read again behind the request', async () => {
    const path = fresh();
    const rows = openRows(path);
    const cut = { soon: false };
    const shaky: RowStore = {
      ...rows,
      write: async (work) => {
        const value = await rows.write(work);
        if (isRebuild(value)) cut.soon = true;
        return value;
      },
      aside: (work) => {
        if (!cut.soon) return rows.aside(work);
        cut.soon = false;
        return Promise.reject(Object.assign(new Error('Connection terminated'), { code: 'ECONNRESET' }));
      },
    };
    const events = new MemoryEventStore();
    const at = await tell(events, 0, 200);
    const run = start(events, path, { rows: shaky });
    await run.engine.started;
    await until(liveAt(rows, at));
    await expect(run.engine.ask('rebuild', ['pairs'])).rejects.toThrow('Connection terminated');
    await until(async () => (await states(rows, 'pairs')).join() === 'g1 standby,g2 live');
    await run.stop();
    await rows.close();
  });

  it('drops what stands by after its time, or when the next one begins', async () => {
    const { run } = await opened({ standbyMs: 3000 });
    const first = await run.engine.ask('rebuild', ['people']);
    await until(done(run.rows, first.rebuildId));
    expect(await states(run.rows, 'people')).toEqual(['g1 standby', 'g2 live']);
    const second = await run.engine.ask('rebuild', ['people'], { autoPromote: false });
    await until(async () => (await states(run.rows, 'people'))[0] === 'g2 live');
    await run.engine.ask('promote', second.rebuildId);
    await until(done(run.rows, second.rebuildId));
    expect(await states(run.rows, 'people')).toEqual(['g2 standby', 'g3 live']);
    await until(async () => (await states(run.rows, 'people')).join() === 'g3 live');
    await expect(run.engine.ask('rollback', 'people')).rejects.toThrow('No earlier generation of people stands by');
    await run.stop();
  });

  it('waits, compared and following, where it is not to go live by itself', async () => {
    const { events, run } = await opened();
    const { rebuildId } = await run.engine.ask('rebuild', ['people', 'pairs'], { autoPromote: false });
    await until(phase(run.rows, rebuildId, 'ready'));
    expect(JSON.parse((await rebuildOf(run.rows, rebuildId))?.result ?? '')).toMatchObject({ equal: true });
    expect(await states(run.rows, 'people')).toEqual(['g1 live', 'g2 verifying']);
    const at = await tell(events, 200, 240);
    await until(async () => (await run.rows.snapshot(({ system }) => system.checkpoint(LIVE)))?.position === at);
    await run.engine.ask('promote', rebuildId);
    await until(done(run.rows, rebuildId));
    expect(await contents(run.rows)).toEqual(await contentsOf(events));
    await expect(run.engine.ask('promote', rebuildId)).rejects.toThrow('has ended (done)');
    await run.stop();
  });

  it('stands still while it is paused, over restarts too, and goes on where it was', async () => {
    const events = new MemoryEventStore();
    const at = await tell(events, 0, 20_000);
    const path = fresh();
    let run = start(events, path, { cacheRows: 50 });
    await run.engine.started;
    await until(liveAt(run.rows, at));
    const { rebuildId } = await run.engine.ask('rebuild', ['sayings']);
    await run.engine.ask('pause', rebuildId);
    const { done: before = -1 } = (await rebuildOf(run.rows, rebuildId)) ?? {};
    expect(before).toBeLessThan(20_000);
    await run.stop();
    run = start(events, path, { cacheRows: 50 });
    await run.engine.started;
    const later = await tell(events, 20_000, 20_050);
    await until(async () => (await run.rows.snapshot(({ system }) => system.checkpoint(LIVE)))?.position === later);
    expect(await rebuildOf(run.rows, rebuildId)).toMatchObject({ done: before, paused: 1, finished_at: null });
    await run.engine.ask('resume', rebuildId);
    await until(done(run.rows, rebuildId));
    expect(await rebuildOf(run.rows, rebuildId)).toMatchObject({ phase: 'done', error: null });
    expect(await contents(run.rows)).toEqual(await contentsOf(events));
    await run.stop();
  });

  it('can be paused and ended while the log is away', async () => {
    const { events, run } = await opened();
    const { rebuildId } = await run.engine.ask('rebuild', ['people'], { autoPromote: false });
    await until(phase(run.rows, rebuildId, 'ready'));
    const away = (): Promise<never> => Promise.reject(new Error('the log is away'));
    Object.assign(events, { head: away, readStream: away });
    await run.engine.ask('pause', rebuildId);
    await run.engine.ask('resume', rebuildId);
    await run.engine.ask('abort', rebuildId);
    expect(await rebuildOf(run.rows, rebuildId)).toMatchObject({ phase: 'aborted' });
    await expect(run.engine.ask('rebuild', ['people'])).rejects.toThrow('the log is away');
    await run.stop();
  });

  it('is gone with its tables when it is aborted; what answers queries cannot be', async () => {
    const events = new MemoryEventStore();
    await tell(events, 0, 20_000);
    const run = start(events, fresh());
    await run.engine.started;
    const [first] = await run.rows.snapshot(({ system }) => system.runningRebuilds());
    if (first !== undefined)
      await expect(run.engine.ask('abort', first.id)).rejects.toThrow('this rebuild is needed to answer queries');
    await until(liveAt(run.rows, (await events.head())?.position ?? null));
    for (const wait of [null, 'ready']) {
      const { rebuildId } = await run.engine.ask('rebuild', 'all', { autoPromote: false });
      if (wait !== null) await until(phase(run.rows, rebuildId, wait));
      await run.engine.ask('abort', rebuildId);
      await run.engine.ask('abort', rebuildId);
      expect(await rebuildOf(run.rows, rebuildId)).toMatchObject({ phase: 'aborted', error: null });
      await until(async () => (await states(run.rows, 'people')).join() === 'g1 live');
    }
    expect(await contents(run.rows)).toEqual(await contentsOf(events));
    await expect(run.engine.ask('abort', 'none')).rejects.toMatchObject({ reason: 'unknown' });
    await run.stop();
  });

  it('is the same one where it is asked for again, by its id or while it overlaps', async () => {
    const { run } = await opened();
    const id = '11111111-1111-4111-8111-111111111111';
    const options = { id, autoPromote: false };
    expect(await run.engine.ask('rebuild', ['people'], options)).toEqual({ rebuildId: id });
    expect(await run.engine.ask('rebuild', 'all')).toEqual({ rebuildId: id });
    await expect(run.engine.ask('rebuild', ['people'], { id, autoPromote: true })).rejects.toMatchObject({
      reason: 'reused',
    });
    await expect(run.engine.ask('compare', 'people')).rejects.toThrow('is under way for this read model');
    await run.engine.ask('promote', id);
    await until(done(run.rows, id));
    expect(await run.engine.ask('rebuild', ['people'], options)).toEqual({ rebuildId: id });
    expect(await run.rows.snapshot(({ system }) => system.runningRebuilds())).toEqual([]);
    await run.stop();
  });

  it('says what it would cost, and leaves nothing', async () => {
    const { run, path } = await opened({ ordinalOf: Number });
    const { events, rows, seconds } = await run.engine.ask('estimate', 'all');
    const found = await contents(run.rows);
    expect({ events, rows }).toEqual({
      events: 200,
      rows: Object.values(found).reduce((sum, content) => sum + content.rows, 0),
    });
    expect(seconds).toBe(1);
    await expect(run.engine.ask('estimate', ['nothing'])).rejects.toThrow('There is no read model nothing.');
    expect(await run.rows.snapshot(({ system }) => system.rebuilds())).toHaveLength(1);
    expect(path).toBeTruthy();
    await run.stop();
  });
});

describe('a comparison', () => {
  it('tells whether what is live equals a fresh fold, and leaves nothing', async () => {
    const { run, at } = await opened();
    const result = async (id: string) => JSON.parse((await rebuildOf(run.rows, id))?.result ?? '{}') as object;
    const before = await run.engine.ask('rebuild', ['pairs']);
    await until(done(run.rows, before.rebuildId));
    const first = await run.engine.ask('compare', 'pairs');
    await until(done(run.rows, first.rebuildId));
    expect(await result(first.rebuildId)).toMatchObject({ equal: true });
    // The way back stays open.
    await until(async () => (await states(run.rows, 'pairs')).join() === 'g1 standby,g2 live');
    await damaged(run.rows, 2);
    const second = await run.engine.ask('compare', 'pairs');
    await expect(run.engine.ask('promote', second.rebuildId)).rejects.toThrow('never goes live');
    await until(done(run.rows, second.rebuildId));
    expect(await result(second.rebuildId)).toMatchObject({ equal: false });
    await until(async () => (await states(run.rows, 'pairs')).join() === 'g1 standby,g2 live');
    await until(liveAt(run.rows, at));
    await run.stop();
  });
});

describe('versions', () => {
  it('keep the table of an older version for an hour after the new one went live', async () => {
    const { events, run, path, at } = await opened();
    await run.stop();
    const newer = [{ ...people, version: 2 }, ...toys.slice(1)] as unknown as Projection[];
    const next = start(events, path, { projections: newer, standbyMs: 200 });
    await next.engine.started;
    await until(async () => (await states(next.rows, 'people')).join() === 'g1 live,g2 live');
    await until(async () => (await states(next.rows, 'people')).join() === 'g2 live');
    await until(liveAt(next.rows, at));
    await next.stop();
  });
});
