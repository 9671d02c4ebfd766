import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { text, type Position } from '#kernel';
import {
  createReadModels,
  emptyCheckpoint,
  LIVE,
  ReadStoreUnusable,
  UnfitRow,
  type RowStore,
  type Table,
} from '#read-store';
import { rowStoreSuite } from '../../../../test/conformance/row-store.suite.js';
import { wayTo } from '../../../../test/fixtures/gone-server.js';
import { cuttingProxy, postgresUrl, postgresWorld, type World } from '../../../../test/fixtures/postgres-world.js';
import { openPostgresReadSource, openPostgresRowStore } from './index.js';

if (postgresUrl === '') it.skip('the read store on PostgreSQL (POSTGRES_URL is not set)', () => undefined);
else {
  rowStoreSuite('PostgreSQL', () => {
    const world = postgresWorld();
    const store = openPostgresRowStore(world.url);
    return Promise.resolve({
      store,
      close: async () => {
        await store.close();
        await world.drop();
      },
    });
  });

  const table: Table = { name: 'cards__g1', spec: { key: ['id'], columns: { name: text }, indexes: [['name']] } };
  const card = (id: string, name = 'n') => ({ key: ['t', id], row: { name } });

  describe('the read store on PostgreSQL', () => {
    let world: World;
    let store: RowStore;
    beforeEach(async () => {
      world = postgresWorld();
      store = openPostgresRowStore(world.url);
      await store.migrate();
      await store.write((tx) => tx.createTable(table));
    });
    afterEach(async () => {
      await store.close();
      await world.drop();
    });

    it('makes its tables from two processes at once', async () => {
      const others = Array.from({ length: 4 }, () => openPostgresRowStore(world.url));
      await Promise.all(others.map((other) => other.migrate()));
      await Promise.all(others.map((other) => other.close()));
    });

    it.each([
      ['few rows', 1],
      ['many', 150],
    ])(
      'gives up a server that says nothing more amid %s, writes nothing of it, and goes on when it is back',
      async (_many, count) => {
        const way = await wayTo(world.url);
        const url = new URL(way.url);
        url.searchParams.set('query_timeout', '500');
        const behind = openPostgresRowStore(url.href);
        const cards = Array.from({ length: count }, (_, n) => card(`c${String(n)}`));
        const written = (hangs: boolean): Promise<void> =>
          behind.write(async (tx) => {
            await tx.upsert(table, [card('first')]);
            if (hangs) way.hang();
            await tx.upsert(table, cards);
          });
        await expect(written(true)).rejects.toThrow('the read store: PostgreSQL cannot be reached');
        await way.open();
        expect(await store.load(table, [['t', 'first']])).toEqual([null]);
        await written(false);
        expect(await behind.load(table, [['t', 'c0']])).toEqual([{ name: 'n' }]);
        await behind.close();
        await way.close();
      },
    );

    it('orders every text by its bytes', async () => {
      const collations = await world.ask(
        `select distinct collation_name as c from information_schema.columns where table_schema = current_schema() and data_type = 'text'`,
      );
      expect(collations).toEqual([{ c: 'C' }]);
    });

    it('names the row that only the server refuses, and goes on from the savepoint', async () => {
      const rows = ['a', 'b', 'c', 'd', 'e'].map((id) => card(id));
      // Too large for an index, and of no pattern that could be packed.
      rows[3] = card('d', randomBytes(6000).toString('base64'));
      await store.write(async (tx) => {
        await tx.upsert(table, [card('z')]);
        const error = await tx.savepoint(() => tx.upsert(table, rows)).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(UnfitRow);
        expect((error as UnfitRow).row).toBe(3);
      });
      expect(
        await store.load(table, [
          ['t', 'z'],
          ['t', 'a'],
        ]),
      ).toEqual([{ name: 'n' }, null]);
      await expect(
        store.write(async (tx) => {
          await tx.upsert(table, rows).catch(() => undefined);
          await tx.upsert(table, [card('a')]);
        }),
      ).rejects.toThrow();
      expect(await store.load(table, [['t', 'a']])).toEqual([null]);
    });

    it('goes on after its connections were cut, and fails only what was under way', async () => {
      await store.write((tx) => tx.upsert(table, [card('a')]));
      expect(await world.cut()).toBeGreaterThan(0);
      await store.write((tx) => tx.upsert(table, [card('b')])).catch(() => undefined);
      await store.write((tx) => tx.upsert(table, [card('c')]));
      const cut = store.write(async (tx) => {
        await tx.upsert(table, [card('d')]);
        await world.cut();
        await tx.upsert(table, [card('e')]);
      });
      await expect(cut).rejects.toThrow(ReadStoreUnusable);
      expect(
        await store.load(table, [
          ['t', 'c'],
          ['t', 'd'],
        ]),
      ).toEqual([{ name: 'n' }, null]);
    });

    it.each([
      ['is done', true],
      ['is not done', false],
    ])('knows that a commit %s whose answer never came', async (_, passes) => {
      const proxy = await cuttingProxy(world.url, 'commit\u0000', passes);
      const behind = openPostgresRowStore(proxy.url);
      const said = await behind
        .write((tx) => tx.upsert(table, [card('a')]))
        .then(
          () => true,
          () => false,
        );
      expect({ said, cuts: proxy.cuts() }).toEqual({ said: passes, cuts: 1 });
      expect(await behind.load(table, [['t', 'a']])).toEqual([passes ? { name: 'n' } : null]);
      await behind.close();
      await proxy.close();
    });

    it('says once that it cannot be reached', async () => {
      const nowhere = openPostgresRowStore('postgres://a:b@127.0.0.1:1/c');
      await expect(nowhere.migrate()).rejects.toThrow(
        'the read store: PostgreSQL cannot be reached: start it, or correct the connection string.',
      );
      await nowhere.close();
    });

    it('wakes readers in other processes by a notification', async () => {
      const heard: string[] = [];
      const moved = Promise.withResolvers<undefined>();
      const source = openPostgresReadSource(world.url, {
        moved: (position) => {
          heard.push(position);
          moved.resolve(undefined);
        },
      });
      const models = createReadModels<Record<string, never>>(source, []);
      await store.write(({ system }) => system.putCheckpoint(emptyCheckpoint(LIVE, LIVE, 'l')));
      // The listener comes up by itself, a little later than this.
      let from: string | null = null;
      for (let at = 1; heard.length === 0 && at < 200; at++) {
        const to = String(at).padStart(4, '0');
        await store.write(({ system }) =>
          system.advance(LIVE, from, {
            position: to as Position,
            eventId: 'e',
            before: null,
            recordedAt: 't',
            events: 1,
          }),
        );
        from = to;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await moved.promise;
      expect(await models.query(() => Promise.resolve(1))).toEqual({ value: 1, at: from });
      await models.close();
      expect(await world.cut()).toBe(1); // The writer's: nothing else is left open.
    });
  });
}
