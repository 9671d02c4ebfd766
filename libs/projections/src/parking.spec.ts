import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openSqliteEventReader, openSqliteEventStore } from '#event-store';
import { MalformedEvent, SealBroken, type Codec } from '#event-store/codec';
import { json, nullable, projection, text, type Position, type Projection } from '#kernel';
import { foldAll } from '#kernel/projected';
import { createEngine, discardParked, parkedSequences, projectionStatuses, retryParked } from '#projections';
import type { EngineOptions, ParkedSequence } from '#projections';
import { createReadModels, LIVE, type RowStore } from '#read-store';
import { MemoryEventStore, passthrough } from '../../../test/doubles/memory-event-store.js';
import { sayings, type Toy } from '../../../test/doubles/toy-projections.js';
import {
  fresh,
  freshFile,
  held,
  onPostgres,
  openRows,
  openSource,
  start,
  until,
} from '../../../test/fixtures/engine.js';
import { SAME_RUNS } from '../../../test/fixtures/same-runs.js';

/** What is wrong with the code at the moment. */
const bug = { throwsOn: new Set<number>(), unfitOn: new Set<number>(), unreadable: new Set<number>() };
beforeEach(() => {
  for (const set of Object.values(bug)) set.clear();
});

/** One row a person: what was told, in its order; `note` is what an erasure takes away. */
const tally = projection<Toy>()({
  name: 'tally',
  version: 1,
  passesParking: ['Erased'],
  table: { key: ['person'], columns: { amounts: json<number[]>(), note: nullable(text) }, indexes: [] },
  keyOf: (event) =>
    event.type === 'Told' ? [{ person: event.data.from }, { person: event.data.to }] : { person: event.data.from },
  on: {
    Told: (row, { data: { amount, words, from } }, { person }) => {
      if (bug.throwsOn.has(amount) && person === from) throw new Error(`cannot bear ${String(amount)}`);
      const wrong = 7 as unknown as string;
      const note = (bug.unfitOn.has(amount) && person === from) || row?.note === wrong ? wrong : words;
      return { amounts: [...(row?.amounts ?? []), amount], note };
    },
    Erased: (row) => row && { ...row, note: null },
  },
});
const plain = passthrough('Told', 'Erased');
const codec: Codec = {
  ...plain,
  decode: (stored) => {
    if (bug.unreadable.has(stored.data['amount'] as number)) throw new MalformedEvent(stored, 'for now');
    return plain.decode(stored);
  },
};

const headOf = async (events: MemoryEventStore): Promise<Position | null> => (await events.head())?.position ?? null;
const tell = (events: MemoryEventStore, amount: number, from: string, to: string, stream = from) =>
  events.add(`talk-acme.${stream}`, 'Told', { id: `s${String(amount)}`, from, to, amount, words: `secret ${from}` });
const erase = (events: MemoryEventStore, from: string) =>
  events.add(`talk-acme.${from}`, 'Erased', { id: 'none', from });

type Rows = Record<'tally' | 'sayings', { person: string; amounts: number[]; note: string | null }>;
const running = async (events: MemoryEventStore, path: string, over: Partial<EngineOptions> = {}) => {
  const failed: string[] = [];
  const projections = over.projections ?? ([tally, sayings] as unknown as Projection[]);
  const onFailed = (_name: string, error: Error) => failed.push(error.message);
  const { engine, rows, stop } = start(events, path, { codec, projections, onFailed, ...over });
  await engine.started;
  const source = openSource(path);
  const models = createReadModels<Rows>(source, projections);
  const own = projections[0] ?? (tally as unknown as Projection);
  let acts = 0;
  const operator = () => ({ id: 'olga', commandId: `c${String(++acts)}` });
  const desk = { events, source, retry: (name: string, sequence: string) => engine.ask('retry', name, sequence) };
  return {
    engine,
    rows,
    source,
    failed,
    level: () =>
      until(async () =>
        rows.snapshot(async ({ system }) => {
          const at = (await system.checkpoint(LIVE))?.position ?? null;
          const states = (await system.generations()).map(({ state }) => state);
          return (
            at === (await headOf(events)) && states.every((state) => state !== 'building' && state !== 'verifying')
          );
        }),
      ),
    /** Amounts by person. */
    tally: async () => {
      const { value } = await models.query((db) => db.selectFrom('tally').selectAll().execute());
      return Object.fromEntries(value.map(({ person, amounts, note }) => [person, { amounts, note }]));
    },
    parked: () => parkedSequences(source, own, { after: null, limit: 50 }),
    retry: (sequence: string) => retryParked(desk, own.name, { sequence, operator: operator(), at: 'now' }),
    discard: (sequence: string, reason: string) =>
      discardParked(desk, own, { sequence, reason, operator: operator(), at: 'now' }),
    state: async () => {
      const all = await projectionStatuses(source, projections, { head: await events.head(), now: Date.now() });
      return Object.fromEntries(all.map(({ name, state, parkedSequences: n }) => [name, `${state} ${String(n)}`]));
    },
    rebuilt: async (park = false) => {
      const { rebuildId } = await engine.ask('rebuild', [own.name], { park });
      const row = () => rows.snapshot(({ system }) => system.rebuild(rebuildId));
      await until(async () => typeof (await row())?.finished_at === 'string');
      const { phase, error, result } = (await row()) ?? { phase: '', error: '', result: null };
      return { phase, error, ...(JSON.parse(result ?? '{}') as { equal?: boolean; parked?: number }) };
    },
    stop: async () => {
      await stop();
      await models.close();
    },
  };
};
/** What a fold without any bug makes of the log. */
const right = (events: MemoryEventStore) =>
  Object.fromEntries<Pick<Rows['tally'], 'amounts' | 'note'>>(
    foldAll<Toy>(
      tally,
      events.log
        .filter(({ stream }) => stream.startsWith('talk-'))
        .map(({ type, data, stream }) => ({ type, data, stream }) as never),
    ).map((row) => [String(row['person']), { amounts: row['amounts'] as number[], note: row['note'] as string }]),
  );
const brief = (parked: readonly ParkedSequence[]) =>
  parked.map(({ key, events, error }) => `${key}: ${String(events)}, ${error}`);
const amountsOf = (rows: Readonly<Record<string, { amounts: number[] }>>) =>
  Object.fromEntries(Object.entries(rows).map(([person, { amounts }]) => [person, amounts]));

describe('an event that cannot be folded', () => {
  it('parks its key and what comes after it for that key, in order, and nothing else', async () => {
    const events = new MemoryEventStore();
    const path = fresh();
    const run = await running(events, path);
    await run.level();
    bug.throwsOn.add(2);
    await tell(events, 1, 'ana', 'bob');
    await tell(events, 2, 'ana', 'bob');
    await tell(events, 3, 'ana', 'cid');
    await tell(events, 4, 'dan', 'ana', 'elsewhere');
    await run.level();
    expect(amountsOf(await run.tally())).toEqual({ ana: [1], bob: [1, 2], cid: [3], dan: [4] });
    const [parked, ...others] = await run.parked();
    expect(others).toEqual([]);
    expect(parked).toMatchObject({
      sequence: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown,
      key: 'ana',
      tenant: 'acme',
      firstEventId: events.log[1]?.id,
      firstPosition: events.log[1]?.position,
      events: 3,
      error: 'cannot bear 2',
    });
    expect(run.failed).toEqual([]);
    expect(await run.state()).toEqual({ tally: 'live 1', sayings: 'live 0' });

    const still = await run.retry(parked?.sequence ?? '');
    expect(still).toEqual({ applied: 0, left: 3, error: 'cannot bear 2' });
    bug.throwsOn.clear();
    bug.throwsOn.add(3);
    expect(await run.retry(parked?.sequence ?? '')).toEqual({ applied: 1, left: 2, error: 'cannot bear 3' });
    expect((await run.tally())['ana']?.amounts).toEqual([1, 2]);
    expect(await run.parked()).toMatchObject([{ sequence: parked?.sequence, firstEventId: events.log[2]?.id }]);
    bug.throwsOn.clear();
    expect(await run.retry(parked?.sequence ?? '')).toEqual({ applied: 2, left: 0, error: null });
    expect(await run.parked()).toEqual([]);
    expect(await run.retry(parked?.sequence ?? '')).toBeNull();
    await tell(events, 5, 'ana', 'bob');
    await run.level();
    expect(await run.tally()).toEqual(right(events));
    expect(events.log.filter(({ type }) => type === 'ParkedEventsRetried').map(({ data }) => data['left'])).toEqual([
      3, 2, 0,
    ]);
    await run.stop();
  });

  it('leaves in the store where it stands, and nothing of what it says', async () => {
    const events = new MemoryEventStore();
    const path = fresh();
    const run = await running(events, path);
    bug.throwsOn.add(1);
    bug.unreadable.add(2);
    await tell(events, 1, 'ana', 'bob');
    await tell(events, 2, 'cid', 'bob');
    await run.level();
    expect(await run.parked()).toHaveLength(2);
    await run.stop();
    const stored = [await held(path, 'portaria_parked'), await held(path, 'portaria_parked_event')].join();
    // In `sayings` the first is there and the second is not heard of: it is parked for both projections.
    expect(stored).toContain(events.log[0]?.id);
    expect(stored).not.toContain('secret');
  });

  it('stays parked through a restart, as do those that follow', async () => {
    const events = new MemoryEventStore();
    const path = fresh();
    bug.throwsOn.add(2);
    for (let kills = 0; kills < 4; kills++) {
      const run = await running(events, path);
      await tell(events, 1 + kills, 'ana', 'bob');
      await tell(events, 11 + kills, 'bob', 'ana');
      await run.level();
      await run.stop();
    }
    const run = await running(events, path);
    expect(brief(await run.parked())).toEqual(['ana: 6, cannot bear 2']);
    bug.throwsOn.clear();
    await run.retry((await run.parked())[0]?.sequence ?? '');
    expect(await run.tally()).toEqual(right(events));
    await run.stop();
  });

  it('is no matter of the store: what may pass is tried again and parks nothing', async () => {
    const events = new MemoryEventStore();
    const path = fresh();
    const store = openRows(path);
    const failing = { loads: 2, writes: 2 };
    const lost = (): Promise<never> => Promise.reject(new Error('the connection was lost'));
    const rows: RowStore = {
      ...store,
      load: (...asked) => (failing.loads-- > 0 ? lost() : store.load(...asked)),
      write: (work) => (events.log.length > 0 && failing.writes-- > 0 ? lost() : store.write(work)),
    };
    const run = await running(events, path, { rows });
    await run.level();
    await tell(events, 1, 'ana', 'bob');
    await run.level();
    await tell(events, 2, 'ana', 'bob');
    await run.level();
    expect(failing.writes).toBeLessThan(1);
    expect(await run.parked()).toEqual([]);
    expect(await run.tally()).toEqual(right(events));
    await run.stop();
    await store.close();
  });

  it('is found among the others where its row does not fit the table', async () => {
    const events = new MemoryEventStore();
    for (let n = 0; n < 50; n++) await tell(events, n, `p${String(n % 5)}`, 'all');
    const path = fresh();
    bug.unfitOn.add(21);
    bug.unfitOn.add(33);
    // The first build has nobody to ask: it parks too.
    const run = await running(events, path);
    await run.level();
    for (let n = 50; n < 90; n++) {
      if (n === 60) bug.unfitOn.add(77);
      await tell(events, n, `p${String(n % 5)}`, 'all');
    }
    await run.level();
    const parked = await run.parked();
    expect(parked.map(({ key, firstEventId }) => [key, firstEventId])).toEqual([
      ['p1', events.log[21]?.id],
      ['p3', events.log[33]?.id],
      ['p2', events.log[77]?.id],
    ]);
    expect(parked[0]?.error).toMatch(/^column note of tally__g1 cannot hold a value of the type number$/);
    const rows = amountsOf(await run.tally());
    expect(rows['p1']).toEqual([1, 6, 11, 16]);
    expect(rows['all']).toHaveLength(90);
    expect(rows['p4']).toHaveLength(18);
    expect(await run.retry(parked[0]?.sequence ?? '')).toMatchObject({ applied: 0, left: 14 });
    bug.unfitOn.clear();
    for (const { sequence } of parked) await run.retry(sequence);
    expect(await run.tally()).toEqual(right(events));
    await run.stop();
  });

  it('parks its stream where it cannot be read, and the keys that later events of that stream name', async () => {
    const events = new MemoryEventStore();
    const run = await running(events, fresh());
    bug.unreadable.add(2);
    await tell(events, 1, 'ana', 'bob', 'one');
    await tell(events, 2, 'ana', 'bob', 'one');
    await tell(events, 3, 'eve', 'bob', 'two');
    await tell(events, 4, 'bob', 'cid', 'one');
    await tell(events, 5, 'bob', 'eve', 'two');
    await run.level();
    const [stream, ...keys] = await run.parked();
    expect(stream).toMatchObject({ key: 'stream talk-acme.one', events: 1, tenant: 'acme' });
    expect(stream?.error).toMatch(/malformed: for now$/);
    expect(keys.map(({ key, events: n }) => [key, n]).sort()).toEqual([
      ['bob', 2],
      ['cid', 1],
    ]);
    expect(amountsOf(await run.tally())).toEqual({ ana: [1], bob: [1, 3], eve: [3, 5] });
    // A key cannot go on before its stream can.
    const bob = keys.find(({ key }) => key === 'bob')?.sequence ?? '';
    expect(await run.retry(bob)).toMatchObject({ applied: 0, left: 2 });
    expect((await run.retry(stream?.sequence ?? ''))?.error).toMatch(/malformed/);
    bug.unreadable.clear();
    expect(await run.retry(stream?.sequence ?? '')).toMatchObject({ left: 0, error: null });
    expect(await run.parked()).toEqual([]);
    // What the unreadable one said to those whom nobody knew of comes late, but comes.
    expect(amountsOf(await run.tally())).toEqual({
      ana: [1, 2],
      bob: [1, 3, 2, 4, 5],
      cid: [4],
      eve: [3, 5],
    });
    await run.stop();
  });

  it('parks the keys that it names where only its sealed values cannot be opened', async () => {
    const events = new MemoryEventStore();
    const sealed = { $enc: 'v1', k: 'k1', f: 'words', n: '', c: '' } as const;
    const broken: Codec = {
      ...codec,
      open: (event) =>
        (event.data as { amount: number }).amount === 2
          ? Promise.reject(new SealBroken(sealed))
          : Promise.resolve(event),
    };
    const opening = { ...tally, opens: ['Told'] } as unknown as Projection;
    const run = await running(events, fresh(), { projections: [opening], codec: broken });
    for (let n = 1; n <= 3; n++) await tell(events, n, 'ana', 'bob', 'one');
    await tell(events, 4, 'cid', 'dan', 'one');
    await run.level();
    expect(brief(await run.parked()).sort()).toEqual([
      'ana: 2, the value of words cannot be opened with its key k1',
      'bob: 2, the value of words cannot be opened with its key k1',
    ]);
    expect(amountsOf(await run.tally())).toEqual({ ana: [1], bob: [1], cid: [4], dan: [4] });
    await run.stop();
  });

  it('does not keep an erasure waiting', async () => {
    const events = new MemoryEventStore();
    const run = await running(events, fresh());
    bug.throwsOn.add(2);
    await tell(events, 1, 'ana', 'bob');
    await tell(events, 2, 'ana', 'bob');
    await run.level();
    expect((await run.tally())['ana']).toEqual({ amounts: [1], note: 'secret ana' });
    await erase(events, 'ana');
    await run.level();
    expect((await run.tally())['ana']).toEqual({ amounts: [1], note: null });
    bug.throwsOn.clear();
    await run.retry((await run.parked())[0]?.sequence ?? '');
    expect((await run.tally())['ana']).toEqual({ amounts: [1, 2], note: null });
    await run.stop();
  });

  it('makes the right rows in the end, however the log was cut, whatever was parked, and in whatever order it is retried', async () => {
    const told = fc.record({ from: fc.nat(3), to: fc.nat(5), stream: fc.nat(2), bad: fc.nat(9), erases: fc.nat(9) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(told, { minLength: 5, maxLength: 60 }),
        fc.nat(7),
        fc.boolean(),
        async (all, cut, kill) => {
          for (const set of Object.values(bug)) set.clear();
          const events = new MemoryEventStore();
          const path = fresh();
          let run = await running(events, path, { cacheRows: 3 });
          for (const [n, { from, to, stream, bad, erases }] of all.entries()) {
            if (bad === 0) bug.throwsOn.add(n);
            if (bad === 1) bug.unfitOn.add(n);
            if (erases === 0) await erase(events, `p${String(from)}`);
            else await tell(events, n, `p${String(from)}`, `q${String(to)}`, `s${String(stream)}`);
            if (n % (cut + 1) === 0) await run.level();
            if (kill && n % 20 === 10) {
              await run.stop();
              run = await running(events, path, { cacheRows: 3 });
            }
          }
          await run.level();
          for (const set of Object.values(bug)) set.clear();
          const parked = await run.parked();
          for (const { sequence } of cut % 2 === 0 ? parked : parked.toReversed())
            expect(await run.retry(sequence)).toMatchObject({ left: 0, error: null });
          expect(await run.tally()).toEqual(right(events));
          expect(await run.rebuilt()).toMatchObject({ phase: 'done', equal: true, parked: 0 });
          await run.stop();
        },
      ),
      { numRuns: onPostgres ? 3 : 15, ...SAME_RUNS },
    );
  });
});

describe('too much that cannot be folded', () => {
  it.each([
    ['keys', { sequences: 2 }, /3 keys and streams would be parked/],
    ['events of one key', { events: 3 }, /[4-8] events of p1 would be parked/],
    ['failures', { failures: 2, window: 20 }, /3 of the last \d+ events could not be folded/],
  ])('pauses the projection, and lets the others go on: %s', async (what, parking, reason) => {
    const events = new MemoryEventStore();
    const path = fresh();
    let run = await running(events, path, { parking });
    await tell(events, 0, 'p0', 'all');
    await run.level();
    const bad = what === 'events of one key' ? [1] : [1, 2, 3];
    for (const n of bad) bug.throwsOn.add(n);
    for (let n = 1; n < 9; n++) await tell(events, n, bad.length === 1 ? 'p1' : `p${String(n)}`, 'all');
    await run.level();
    await until(async () => (await run.state())['tally']?.startsWith('paused') === true);
    expect(await run.state()).toMatchObject({ sayings: 'live 0' });
    expect(run.failed).toEqual([expect.stringMatching(reason)]);
    // Nothing is lost: code that can fold them goes on from where it stood, after a start
    await run.stop();
    bug.throwsOn.clear();
    run = await running(events, path, { parking });
    for (const { sequence } of await run.parked()) await run.retry(sequence);
    await until(async () => (await run.state())['tally'] === 'live 0');
    await run.level();
    expect(await run.tally()).toEqual(right(events));
    await run.stop();
  });

  it('is paused again by the next start that changes nothing, and ended by a retry that helps', async () => {
    const events = new MemoryEventStore();
    const path = fresh();
    const parking = { sequences: 1 };
    let run = await running(events, path, { parking });
    await run.level();
    bug.throwsOn.add(1).add(2);
    await tell(events, 1, 'p1', 'all');
    await run.level();
    await tell(events, 2, 'p2', 'all');
    await until(async () => (await run.state())['tally'] === 'paused 1');
    await run.stop();
    run = await running(events, path, { parking });
    await until(async () => (await run.state())['tally'] === 'paused 1');
    bug.throwsOn.clear();
    const [one] = await run.parked();
    expect(await run.retry(one?.sequence ?? '')).toEqual({ applied: 1, left: 0, error: null });
    await until(async () => (await run.state())['tally'] === 'live 0');
    await run.level();
    expect(await run.tally()).toEqual(right(events));
    await run.stop();
  });

  it('does not count what only waits behind, nor failures of long ago', async () => {
    const events = new MemoryEventStore();
    const run = await running(events, fresh(), { parking: { failures: 1, window: 10 } });
    await run.level();
    for (const n of [1, 20, 40]) bug.throwsOn.add(n);
    for (let n = 1; n < 60; n++) await tell(events, n, n < 15 ? 'p1' : `p${String(n)}`, 'all');
    await run.level();
    expect(await run.state()).toMatchObject({ tally: 'live 3' });
    await run.stop();
  });
});

describe('a rebuild', () => {
  it('ends at the first event that cannot be folded, and names it; told to park it finishes, and compares the rest', async () => {
    const events = new MemoryEventStore();
    const run = await running(events, fresh());
    await run.level();
    bug.throwsOn.add(3);
    for (let n = 1; n < 9; n++) await tell(events, n, `p${String(n % 2)}`, 'all');
    await run.level();
    expect(await run.rebuilt()).toMatchObject({
      phase: 'failed',
      error: `tally cannot fold the event ${events.log[2]?.id ?? ''}: cannot bear 3`,
    });
    expect(await run.rebuilt(true)).toMatchObject({ phase: 'done', equal: true, parked: 1 });
    await run.level();
    expect(brief(await run.parked())).toEqual(['p1: 3, cannot bear 3']);
    bug.throwsOn.clear();
    await run.retry((await run.parked())[0]?.sequence ?? '');
    expect(await run.tally()).toEqual(right(events));
    await run.stop();
  });

  it('without parked keys finds a difference elsewhere', async () => {
    const events = new MemoryEventStore();
    const run = await running(events, fresh());
    await run.level();
    bug.throwsOn.add(3);
    for (let n = 1; n < 9; n++) await tell(events, n, `p${String(n % 2)}`, 'all');
    await run.level();
    await run.rows.write((tx) => tx.remove({ name: 'tally__g1', spec: tally.table }, [['acme', 'p0']]));
    expect(await run.rebuilt(true)).toMatchObject({ phase: 'done', equal: false, parked: 1 });
    await run.stop();
  });

  it('skips what was discarded, as the live one did, for that key and in that version only', async () => {
    const events = new MemoryEventStore();
    const path = fresh();
    const run = await running(events, path);
    await run.level();
    bug.throwsOn.add(3);
    bug.unreadable.add(5);
    for (let n = 1; n < 4; n++) await tell(events, n, 'ana', 'all', 'one');
    await tell(events, 5, 'cid', 'all', 'two');
    await tell(events, 6, 'cid', 'all', 'two');
    await tell(events, 7, 'ana', 'dan', 'one');
    await run.level();
    const parked = await run.parked();
    const find = (key: string) => parked.find((one) => one.key === key)?.sequence ?? '';
    await expect(run.discard(find('ana'), ' ')).rejects.toThrow('for a reason');
    expect(await run.discard('nothing', 'x')).toBeNull();
    expect(await run.discard(find('ana'), 'a test')).toEqual({ applied: 2, left: 0, error: null });
    await run.discard(find('stream talk-acme.two'), 'a test');
    expect(await run.parked()).toEqual([]);
    expect(amountsOf(await run.tally())).toEqual({ ana: [1, 2, 7], all: [1, 2, 3, 6], cid: [6], dan: [7] });
    await run.level();
    expect(await run.rebuilt()).toMatchObject({ phase: 'done', equal: true, parked: 0 });
    await run.stop();
    expect(events.log.filter(({ type }) => type === 'ParkedEventDiscarded').map(({ data }) => data)).toMatchObject([
      { projection: 'tally', version: 1, sequence: find('ana'), eventId: events.log[2]?.id, reason: 'a test' },
      { projection: 'tally', version: 1, sequence: find('stream talk-acme.two'), eventId: events.log[3]?.id },
    ]);
    // The next version was made to fold it.
    for (const set of Object.values(bug)) set.clear();
    const next = { ...tally, version: 2 } as unknown as Projection;
    const newer = await running(events, path, { projections: [next, sayings as unknown as Projection] });
    await newer.level();
    await until(async () => (await newer.state())['tally'] === 'live 0');
    expect(await newer.tally()).toEqual(right(events));
    await newer.stop();
  });
});

it('applies every event of eight writers at once', async () => {
  const path = freshFile();
  const store = openSqliteEventStore({ path });
  const events = openSqliteEventReader(path);
  const rows = openRows(fresh());
  const abort = new AbortController();
  const engine = createEngine({
    events,
    codec: plain,
    rows,
    projections: [tally as unknown as Projection],
    logId: 'log-1',
  });
  const run = engine.run(abort.signal);
  await engine.started;
  const metadata = { tenant: 'acme' } as never;
  const EACH = 150;
  await Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      const stream = `talk-acme.w${String(writer)}`;
      for (let n = 0; n < EACH; n++) {
        const amount = writer * EACH + n;
        const id = `00000000-0000-7000-8000-${String(amount).padStart(12, '0')}`;
        const data = { id, from: `w${String(writer)}`, to: 'all', amount, words: '' };
        const { position } = await store.append(stream, n === 0 ? 'no_stream' : { revision: n - 1 }, [
          { id, type: 'Told', schemaVersion: 1, data, metadata },
        ]);
        engine.appended(position);
      }
    }),
  );
  const table = { name: 'tally__g1', spec: tally.table };
  const amounts = async (person: string) =>
    ((await rows.load(table, [['acme', person]]))[0]?.['amounts'] ?? []) as number[];
  await until(async () => (await amounts('all')).length === 8 * EACH);
  expect(new Set(await amounts('all')).size).toBe(8 * EACH);
  for (let writer = 0; writer < 8; writer++)
    expect(await amounts(`w${String(writer)}`)).toEqual(Array.from({ length: EACH }, (_, n) => writer * EACH + n));
  abort.abort();
  await run;
  await rows.close();
  await events.close();
  await store.close();
});
