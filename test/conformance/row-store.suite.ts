import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { integer, json, nullable, text, type Position, type TableSpec } from '#kernel';
import {
  Fenced,
  emptyCheckpoint,
  LIVE,
  UnfitRow,
  type KeyedRow,
  type RowStore,
  type Seat,
  type Table,
} from '#read-store';

const spec: TableSpec = {
  key: ['id', 'part'],
  columns: { name: text, size: integer, note: nullable(text), tags: json<unknown>(), order: integer },
  indexes: [['size desc', 'id'], ['name']],
};
const table: Table = { name: 'things__g1', spec };
const thing = (id: string, over: Record<string, unknown> = {}, tenant = 'acme'): KeyedRow => ({
  key: [tenant, id, 'p'],
  row: { name: `n${id}`, size: 1, note: null, tags: { b: [1, null, 'x'], a: '1' }, order: 3, ...over },
});

/** What every adapter of RowStore must do. `open` gives an empty store. */
export const rowStoreSuite = (
  name: string,
  open: () => Promise<{ readonly store: RowStore; readonly close: () => Promise<void> }>,
): void => {
  describe(`row store: ${name}`, () => {
    let store: RowStore;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ store, close } = await open());
      await store.migrate();
      await store.write((tx) => tx.createTable(table));
    });
    afterEach(() => close());
    const load = (...keys: string[][]) => store.load(table, keys);
    const all = () =>
      store.snapshot(async (view) => {
        const rows: KeyedRow[] = [];
        for await (const page of view.scan(table, 7)) rows.push(...page);
        return rows;
      });

    it('migrates twice without harm', async () => {
      await store.migrate();
      await store.migrate();
    });

    it('gives rows back as they were put, in the order of the keys asked for', async () => {
      const a = thing('a', { tags: '12' });
      const b = thing('b', { note: 'it\u2019s "x"', tags: null, size: -(2 ** 53 - 1) });
      await expect(store.write((tx) => tx.upsert(table, [a, b]))).rejects.toThrow(UnfitRow);
      const c = { ...b, row: { ...b.row, tags: 12 } };
      await store.write((tx) => tx.upsert(table, [a, c]));
      expect(await load(['acme', 'b', 'p'], ['acme', 'x', 'p'], ['acme', 'a', 'p'], ['other', 'a', 'p'])).toEqual([
        c.row,
        null,
        a.row,
        null,
      ]);
    });

    it('takes every text and number there is', async () => {
      const texts = ['', 'a\tb\nc\rd\\e\\n\\.', '\\N', 'NULL', '{"a","b"}', '"', "'", 'Zo\u00eb \u{1f600}', ' x '];
      const rows = texts.map((text, at) =>
        thing(`k${String(at)}`, { name: text, note: text, tags: { [text]: `\u0000${text}` }, size: at - 3 }),
      );
      // In bulk and by few, as new and as changed.
      const many = Array.from({ length: 300 }, (_, at) => ({ ...thing(`m${String(at)}`), fresh: at % 2 === 0 }));
      const all = [...rows.map((row) => ({ ...row, fresh: true })), ...many];
      await store.write((tx) => tx.upsert(table, all));
      await store.write((tx) => tx.upsert(table, rows));
      expect(await load(...all.map(({ key }) => [...key]))).toEqual(all.map(({ row }) => row));
      const odd = thing('k', {}, 'a"b\\c,{}');
      await store.write((tx) => tx.upsert(table, [odd]));
      expect(await load([...odd.key])).toEqual([odd.row]);
      await store.write((tx) => tx.remove(table, [odd.key]));
      expect(await load([...odd.key])).toEqual([null]);
    });

    it('keeps every row when it takes what was deleted off the disk', async () => {
      const rows = ['a', 'b', 'c'].map((id) => thing(id));
      await store.write((tx) => tx.upsert(table, rows));
      await store.write((tx) => tx.remove(table, [rows[1]?.key ?? []]));
      expect(await store.purge([table.name])).toBe(true);
      expect((await all()).map(({ key }) => key[1])).toEqual(['a', 'c']);
    });

    it('names the row also among many new ones', async () => {
      const rows = Array.from({ length: 300 }, (_, at) => ({ ...thing(String(at)), fresh: true }));
      const error = await store
        .write((tx) => tx.upsert(table, [...rows, { ...thing('bad', { size: 1.5 }), fresh: true }]))
        .catch((caught: unknown) => caught);
      expect((error as UnfitRow).row).toBe(300);
      expect(await all()).toEqual([]);
    });

    it('takes any number of rows, replaces and removes many', async () => {
      const rows = Array.from({ length: 123 }, (_, at) => thing(String(at)));
      await store.write((tx) => tx.upsert(table, rows));
      await store.write((tx) =>
        tx.upsert(
          table,
          rows.map((row) => ({ ...row, row: { ...row.row, size: 2 } })),
        ),
      );
      await store.write((tx) =>
        tx.remove(
          table,
          rows.slice(0, 100).map(({ key }) => key),
        ),
      );
      const left = await all();
      expect(left.map(({ key }) => key)).toEqual(
        rows
          .slice(100)
          .map(({ key }) => key)
          .sort(),
      );
      expect(left.every(({ row }) => row['size'] === 2)).toBe(true);
    });

    it('keeps tenants apart and scans in the order of the keys', async () => {
      await store.write((tx) =>
        tx.upsert(table, [thing('a', {}, 'zeta'), thing('b'), thing('a'), thing('Z'), thing('é')]),
      );
      expect((await all()).map(({ key }) => `${String(key[0])} ${String(key[1])}`)).toEqual([
        'acme Z',
        'acme a',
        'acme b',
        'acme é',
        'zeta a',
      ]);
    });

    it('refuses what a column cannot hold, and names the row', async () => {
      for (const bad of [
        { name: undefined },
        { name: 4 },
        { size: 1.5 },
        { size: 2 ** 53 },
        { size: '1' },
        { name: null },
        { tags: undefined },
        { name: new Date() },
        { name: 'a\u0000b' },
      ]) {
        const error = await store
          .write((tx) => tx.upsert(table, [thing('ok'), thing('bad', bad)]))
          .catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(UnfitRow);
        expect((error as UnfitRow).row).toBe(1);
      }
      expect(await all()).toEqual([]);
    });

    it('undoes all of a transaction that throws, and only the savepoint that throws', async () => {
      await expect(
        store.write(async (tx) => {
          await tx.upsert(table, [thing('a')]);
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      await store.write(async (tx) => {
        await tx.upsert(table, [thing('b')]);
        await tx
          .savepoint(async () => {
            await tx.upsert(table, [thing('c')]);
            throw new Error('only this');
          })
          .catch(() => undefined);
        await tx.savepoint(() => tx.upsert(table, [thing('d')]));
      });
      expect((await all()).map(({ key }) => key[1])).toEqual(['b', 'd']);
    });

    it('gives a snapshot that stays as it was while the writer goes on', async () => {
      await store.write((tx) => tx.upsert(table, [thing('a')]));
      await store.snapshot(async (view) => {
        await store.write((tx) => tx.upsert(table, [thing('b')]));
        let seen = 0;
        for await (const page of view.scan(table, 10)) seen += page.length;
        expect(seen).toBe(1);
      });
      expect(await all()).toHaveLength(2);
    });

    it('lets writes queue', async () => {
      await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          store.write(async (tx) => {
            await tx.upsert(table, [thing(String(at))]);
            await new Promise(setImmediate);
          }),
        ),
      );
      expect(await all()).toHaveLength(20);
    });

    it('moves a checkpoint only from where its owner left it', async () => {
      const to = (position: string) => ({
        position: position as Position,
        eventId: 'e',
        before: null,
        recordedAt: 't',
        events: 2,
      });
      const bid = { name: LIVE, holder: 'a', code: 'c', ms: 60_000, seize: true };
      const take = () => store.aside((system) => system.takeSeat(bid));
      const first = await take();
      if (first === null) throw new Error('the seat is free');
      const advance = (seat: Seat, from: string | null, position: string) =>
        store.write(async ({ system }) => {
          await system.own(seat);
          await system.advance(LIVE, from, to(position));
        });
      await store.write(({ system }) => system.putCheckpoint(emptyCheckpoint(LIVE, LIVE, 'l')));
      await advance(first, null, '1');
      await expect(advance(first, null, '2')).rejects.toThrow(Fenced);
      const second = await take();
      if (second === null) throw new Error('a seat can be seized');
      await expect(advance(first, '1', '2')).rejects.toThrow(Fenced);
      await advance(second, '1', '2');
      expect(await store.snapshot(({ system }) => system.checkpoint(LIVE))).toMatchObject({ position: '2', events: 4 });
    });

    it('gives a seat to one holder at a time, until its lease runs out or it is left', async () => {
      const bid = (holder: string, ms: number) => ({ name: 'side:x', holder, code: 'c', ms });
      const take = (holder: string, ms: number) => store.aside((system) => system.takeSeat(bid(holder, ms)));
      const both = await Promise.all([take('a', 60_000), take('b', 60_000)]);
      const [held] = both.filter((seat) => seat !== null);
      expect(both.filter((seat) => seat === null)).toHaveLength(1);
      if (held === undefined) throw new Error('one of them has it');
      expect(await take('c', 60_000)).toBeNull();
      expect(await store.aside((system) => system.renewSeat(held, 60_000))).toBe(true);
      await store.aside((system) => system.leaveSeat(held));
      const next = await take('c', -1);
      expect(next).toEqual({ name: 'side:x', epoch: held.epoch + 1 });
      expect(await store.aside((system) => system.renewSeat(held, 60_000))).toBe(false);
      expect((await store.aside((system) => system.seats())).find(({ name }) => name === 'side:x')).toMatchObject({
        holder: 'c',
        held: false,
      });
      expect(await take('d', 60_000)).toEqual({ name: 'side:x', epoch: held.epoch + 2 });
    });

    it('counts rows, and adds what its own tables lack as often as it is asked', async () => {
      await store.write((tx) => tx.upsert(table, [thing('a'), thing('b')]));
      await store.migrate();
      expect(await store.snapshot((view) => view.count(table))).toBe(2);
    });

    it('makes indexes later, as often as asked', async () => {
      const late: Table = { name: 'things__g2', spec };
      await store.write((tx) => tx.createTable(late, { indexes: 'later' }));
      expect(await store.write((tx) => tx.upsert(late, [thing('a')]))).toBeGreaterThan(10);
      await store.write((tx) => tx.createIndexes(late));
      await store.write((tx) => tx.createIndexes(late));
      expect(await store.load(late, [['acme', 'a', 'p']])).toEqual([thing('a').row]);
    });

    it('loads what is committed', async () => {
      const writing = store.write(async (tx) => {
        await tx.upsert(table, [thing('a')]);
        await new Promise(setImmediate);
        throw new Error('no');
      });
      const loading = load(['acme', 'a', 'p']);
      await expect(writing).rejects.toThrow('no');
      expect(await loading).toEqual([null]);
    });

    it('empties a table in slices and drops it', async () => {
      await store.write((tx) =>
        tx.upsert(
          table,
          ['a', 'b', 'c'].map((id) => thing(id)),
        ),
      );
      expect(await store.write((tx) => tx.empty(table.name, 2))).toBe(2);
      expect(await store.write((tx) => tx.empty(table.name, 2))).toBe(1);
      await store.write((tx) => tx.dropTable(table.name));
      await store.write((tx) => tx.dropTable(table.name));
      expect(await store.write((tx) => tx.empty(table.name, 2))).toBe(0);
    });

    it('adds to group counts, whose groups may have no value', async () => {
      const counts: Table = {
        name: 'things__g1__counts',
        spec: { key: ['grouped'], columns: { note: nullable(text), size: integer, n: integer }, indexes: [] },
      };
      const delta = (note: string | null, size: number, n: number, tenant = 'acme') => ({
        key: [tenant, JSON.stringify([note, size])],
        row: { note, size, n },
      });
      await store.write((tx) => tx.createTable(counts));
      await store.write(async ({ system }) => {
        await system.addToCounts(counts, [delta('a', 1, 2), delta(null, 1, 5), delta(null, 1, 7, 'beta')]);
        await system.addToCounts(counts, [delta(null, 1, -5), delta('a', 1, 3)]);
      });
      const many = Array.from({ length: 450 }, (_, size) => delta('z', size, 1));
      await store.write(({ system }) => system.addToCounts(counts, many));
      const rows: KeyedRow[] = [];
      await store.snapshot(async (view) => {
        for await (const page of view.scan(counts, 1000)) rows.push(...page);
      });
      expect(rows).toHaveLength(453);
      expect(rows.filter(({ row }) => row['note'] !== 'z')).toEqual([
        delta('a', 1, 5),
        delta(null, 1, 0),
        delta(null, 1, 7, 'beta'),
      ]);
    });

    it('keeps what is parked by generation and sequence, in the order of the log', async () => {
      const place = { projection: 'things', generation: 1 };
      const row = (sequence: string, first: string, events: number) => ({
        ...place,
        sequence,
        kind: 'key' as const,
        key: '["acme","a","p"]',
        first_event_id: `e${first}`,
        first_position: first,
        error: 'no',
        events,
        parked_at: 't',
      });
      const event = (sequence: string, position: string, stream: string) => ({
        ...place,
        sequence,
        position,
        event_id: `e${position}`,
        stream,
        revision: 2,
      });
      const early = [event('k1', '03', 's1'), event('k1', '02', 's2'), event('k2', '01', 's2')];
      await store.write(({ system }) => system.parking.hold([row('k1', '02', 2), row('k2', '01', 1)], early));
      const later = Array.from({ length: 600 }, (_, at) => event('k1', `1${String(at).padStart(3, '0')}`, 's1'));
      await store.write(async ({ system }) => {
        await system.parking.hold([row('k1', '02', 602)], later);
        await system.parking.hold([{ ...row('k1', '05', 1), generation: 2 }], []);
      });
      await store.snapshot(async ({ system: { parking } }) => {
        expect((await parking.sequences(place)).map((one) => [one.sequence, one.events])).toEqual([
          ['k2', 1],
          ['k1', 602],
        ]);
        const events = await parking.events(place, 'k1');
        expect(events).toHaveLength(602);
        expect(events.slice(0, 3).map((one) => one.position)).toEqual(['02', '03', '1000']);
        expect(events[0]).toEqual(early[1]);
        expect([...(await parking.touchedBy(place, 's2'))].sort()).toEqual(['k1', 'k2']);
        expect([...(await parking.counts())].sort((a, b) => a.generation - b.generation)).toEqual([
          { ...place, sequences: 2 },
          { ...place, generation: 2, sequences: 1 },
        ]);
      });
      expect(await store.write(({ system }) => system.parking.empty(place))).toBe(true);
      expect(await store.write(({ system }) => system.parking.empty(place))).toBe(true);
      expect(await store.write(({ system }) => system.parking.empty(place))).toBe(false);
      await store.snapshot(async ({ system: { parking } }) => {
        expect(await parking.events(place, 'k1')).toEqual([]);
        expect(await parking.sequence({ ...place, generation: 2 }, 'k1')).toMatchObject({ first_position: '05' });
      });
    });

    it('keeps a policy\u2019s place per log', async () => {
      await store.write(({ system }) => system.savePolicy('p', 'log-1', '5' as Position));
      expect(await store.write(({ system }) => system.policy('p', 'log-1'))).toBe('5');
      expect(await store.write(({ system }) => system.policy('p', 'log-2'))).toBeUndefined();
    });

    it('keeps the furthest place of a policy, though one who lost the seat saves late', async () => {
      const saved = (logId: string, position: string | null) =>
        store.write(async ({ system }) => {
          await system.savePolicy('q', logId, position as Position | null);
          return system.policy('q', logId);
        });
      expect(await saved('log-1', null)).toBeNull();
      expect(await saved('log-1', '7')).toBe('7');
      expect(await saved('log-1', '5')).toBe('7');
      expect(await saved('log-1', null)).toBe('7');
      expect(await saved('log-1', '8')).toBe('8');
      expect(await saved('log-2', '2')).toBe('2');
    });
  });
};
