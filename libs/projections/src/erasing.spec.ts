import { describe, expect, it } from '@jest/globals';
import type { Position, Projection } from '#kernel';
import { emptyCheckpoint, LIVE, type GenerationRow, type RowStore } from '#read-store';
import { MemoryEventStore } from '../../../test/doubles/memory-event-store.js';
import { people, toys } from '../../../test/doubles/toy-projections.js';
import { done, fresh, held, liveAt, onPostgres, openRows, start, tell, until } from '../../../test/fixtures/engine.js';
import { behindErasure } from './erasing.js';
import { OpsRefused } from './options.js';

/** The one that holds what stands sealed in the log in clear. */
const clear = { ...people, opens: ['Told'] };
const projections = [clear, ...toys.slice(1)] as unknown as Projection[];
const at = (place: number): Position => String(place).padStart(20, '0') as Position;

describe('the tables that an erasure waits for', () => {
  const generation = (over: Partial<GenerationRow>): GenerationRow => ({
    projection: 'people',
    generation: 1,
    version: 1,
    state: 'live',
    cohort: LIVE,
    rebuild_id: null,
    error: null,
    retire_at: null,
    ...over,
  });
  /** What is behind place 5, and the states after that was asked; `places`: where the cohorts stand. */
  const asked = async (
    rows: readonly GenerationRow[],
    places: Readonly<Record<string, number | null>>,
    { seat = LIVE, abort }: { seat?: string; abort?: (id: string) => Promise<unknown> } = {},
  ): Promise<{ behind: readonly string[]; states: readonly string[] }> => {
    const store: RowStore = openRows(fresh());
    await store.migrate();
    const result = await store.write(async (tx) => {
      for (const name of [LIVE, 'other code'])
        await tx.system.takeSeat({ name, holder: 'somebody', code: '', ms: 60_000 });
      for (const row of rows) {
        await tx.system.addGeneration(row);
        if (row.rebuild_id !== null)
          await tx.system.addRebuild({
            id: row.rebuild_id,
            projections: '["people"]',
            phase: 'replay',
            kind: 'rebuild',
            auto_promote: 1,
            park: 0,
            paused: 1,
            target: null,
            total: null,
            done: 0,
            rate: null,
            result: null,
            error: null,
            requested_at: '2026-03-10T10:00:00.000Z',
            finished_at: null,
          });
      }
      for (const [name, place] of Object.entries(places))
        await tx.system.putCheckpoint({
          ...emptyCheckpoint(name, name === LIVE ? LIVE : seat, 'log'),
          position: place === null ? null : at(place),
        });
      const behind = await behindErasure(tx, projections, at(5), abort ?? (() => Promise.resolve()));
      const states = (await tx.system.generations()).map((row) => `g${String(row.generation)} ${row.state}`);
      return { behind, states };
    });
    await store.close();
    return result;
  };

  it('are none where all have passed the place', async () => {
    const rows = [generation({}), generation({ generation: 2, state: 'standby' })];
    expect(await asked(rows, { [LIVE]: 5 })).toEqual({ behind: [], states: ['g1 live', 'g2 standby'] });
  });
  it('are those that are on their way there, which stay', async () => {
    const rows = [generation({}), generation({ generation: 2, state: 'building', cohort: 'b' })];
    expect(await asked(rows, { [LIVE]: 5, b: 4 })).toEqual({
      behind: ['people__g2'],
      states: ['g1 live', 'g2 building'],
    });
    expect((await asked(rows, { [LIVE]: 4, b: null })).behind).toEqual(['people__g1', 'people__g2']);
  });
  it('are never those without clear text', async () => {
    const rows = [generation({ projection: 'sayings' }), generation({ projection: 'pairs', state: 'failed' })];
    expect(await asked(rows, { [LIVE]: 1 })).toEqual({ behind: [], states: ['g1 failed', 'g1 live'] });
  });
  it('are dropped where nobody moves them: failed ones, and those of code that does not run', async () => {
    for (const row of [
      generation({ state: 'failed' }),
      generation({ state: 'live', version: 7, cohort: 'left:people__g1' }),
      generation({ projection: 'gone', cohort: 'left:gone__g1' }),
    ]) {
      const { behind, states } = await asked(
        [row],
        { [LIVE]: 9, 'left:people__g1': 3, 'left:gone__g1': 3 },
        { seat: 'nobody' },
      );
      expect([behind.length, states]).toEqual([1, ['g1 dropping']]);
    }
  });
  it('are dropped where the code that runs does not follow their version any more, though their place is its own', async () => {
    const row = generation({ version: 0, cohort: 'left:people__g1' });
    expect((await asked([row], { 'left:people__g1': 3 })).states).toEqual(['g1 dropping']);
    expect((await asked([row], { 'left:people__g1': 9 })).states).toEqual(['g1 dropping']);
  });
  it('are waited for while other code moves them, wherever they stand', async () => {
    const row = generation({ version: 0, cohort: 'side' });
    for (const place of [3, 9])
      expect(await asked([row], { side: place }, { seat: 'other code' })).toEqual({
        behind: ['people__g1'],
        states: ['g1 live'],
      });
  });
  it('are waited for while they are being dropped', async () => {
    const { behind } = await asked([generation({ state: 'dropping', cohort: 'dropping' })], { [LIVE]: 9 });
    expect(behind).toEqual(['people__g1']);
  });
  it('stay where they answer queries, however long they stand still', async () => {
    for (const state of ['live', 'paused'] as const) {
      const row = generation({ state, cohort: 'left:people__g1' });
      expect(await asked([row], { 'left:people__g1': 3 }, { seat: 'nobody' })).toEqual({
        behind: ['people__g1'],
        states: [`g1 ${state}`],
      });
    }
  });
  it('end with the rebuild that an operator paused, unless it is needed', async () => {
    const row = generation({ state: 'building', cohort: 'r1', rebuild_id: 'r1' });
    const aborted: string[] = [];
    const abort = (id: string): Promise<unknown> => Promise.resolve(aborted.push(id));
    expect((await asked([row], { r1: 3 }, { abort })).behind).toEqual(['people__g1']);
    expect(aborted).toEqual(['r1']);
    const needed = (): Promise<unknown> => Promise.reject(new OpsRefused('conflict', 'needed'));
    expect((await asked([row], { r1: 3 }, { abort: needed })).states).toEqual(['g1 building']);
  });
});

describe('an engine', () => {
  it('says what is behind a place of the log, and takes what was deleted off the disk', async () => {
    const events = new MemoryEventStore();
    const path = fresh();
    const run = start(events, path, { projections });
    const place = await tell(events, 0, 50);
    await run.engine.started;
    await until(liveAt(run.rows, place));
    expect(await run.engine.ask('behind', place)).toEqual([]);
    expect(await run.engine.ask('behind', `${place}9` as Position)).toEqual(['people__g1']);
    const { rebuildId } = await run.engine.ask('rebuild', ['people']);
    await until(done(run.rows, rebuildId));
    expect(await run.engine.ask('behind', place)).toEqual([]);
    await until(() => run.engine.ask('purge'));
    expect(JSON.parse(await held(path, 'people__g2'))).not.toEqual([]);
    await run.stop();
  });

  if (!onPostgres)
    it('is told to ask again where somebody reads', async () => {
      const path = fresh();
      const rows = openRows(path);
      await rows.migrate();
      await rows.snapshot(async ({ system }) => {
        await system.seats();
        await rows.write((tx) => tx.system.countSwap());
        await rows.write((tx) => tx.system.putCheckpoint(emptyCheckpoint('more', LIVE, 'log')));
        expect(await rows.purge([])).toBe(false);
      });
      expect(await rows.purge([])).toBe(true);
      await rows.close();
    });
});
