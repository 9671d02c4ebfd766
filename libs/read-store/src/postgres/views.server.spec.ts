import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { integer, json, text, type TableSpec } from '#kernel';
import { LIVE, tableName, type RowStore } from '#read-store';
import { connect, quoted } from '#postgres';
import { postgresUrl, postgresWorld, type World } from '../../../../test/fixtures/postgres-world.js';
import { openPostgresRowStore, readerSql } from './index.js';

const spec: TableSpec = { key: ['id'], columns: { name: text, tags: json<string[]>() }, indexes: [] };
const wider: TableSpec = { key: ['id'], columns: { size: integer, name: text }, indexes: [] };

if (postgresUrl === '') it.skip('the views on PostgreSQL (POSTGRES_URL is not set)', () => undefined);
else {
  describe('the views for other teams', () => {
    let world: World;
    let store: RowStore;
    let said: string[];
    const team = `team_${process.pid.toString()}_${Date.now().toString(36)}`;

    beforeEach(async () => {
      world = postgresWorld();
      said = [];
      store = openPostgresRowStore(world.url, (_level, message) => said.push(message));
      await store.migrate();
      await world.ask(`create role ${team} login password 'team'; grant portaria_reader to ${team}`);
      await world.ask(`insert into reader_tenants (role, tenant) values ('${team}', 'acme'), ('other', 'beta')`);
    });
    afterEach(async () => {
      await store.close();
      await world.drop();
      await world.ask(`drop role ${team}`);
    });

    /** A generation goes live, as the engine has it. */
    const goLive = (generation: number, shape: TableSpec): Promise<void> =>
      store.write(async (tx) => {
        const table = { name: tableName('cards', generation), spec: shape };
        await tx.createTable(table);
        await tx.upsert(
          table,
          ['acme', 'beta'].map((tenant) => ({
            key: [tenant, 'a'],
            row: { name: `${tenant} ${String(generation)}`, tags: [], size: generation },
          })),
        );
        for (const row of await tx.system.generations()) await tx.system.setGeneration(row, { state: 'standby' });
        await tx.system.addGeneration({
          projection: 'cards',
          generation,
          version: 1,
          state: 'live',
          cohort: LIVE,
          rebuild_id: null,
          error: null,
          retire_at: null,
        });
        await tx.system.countSwap();
      });
    const asTeam = async (sql: string): Promise<readonly Record<string, unknown>[]> => {
      const at = new URL(world.url);
      at.username = team;
      at.password = 'team';
      const client = await connect(at.href, { name: 'test', statementMs: 10_000 });
      try {
        return (await client.query<Record<string, unknown>>(sql)).rows;
      } finally {
        await client.end();
      }
    };
    const shows = async (name: string): Promise<void> => {
      const end = Date.now() + 30_000;
      for (;;) {
        const rows = await asTeam('select name from cards').catch(() => []);
        if (rows.length === 1 && rows[0]?.['name'] === name) return;
        if (Date.now() > end) throw new Error(`the view does not show ${name}: ${said.join()}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };

    it('show a team the rows of its tenants, in the live table, with their columns by name', async () => {
      await goLive(1, spec);
      await shows('acme 1');
      expect(await asTeam('select * from cards')).toEqual([{ tenant: 'acme', id: 'a', name: 'acme 1', tags: [] }]);
      // Nor is there another way in.
      expect(await asTeam('select tenant from cards__g1')).toEqual([{ tenant: 'acme' }]);
      expect(await asTeam('select role, tenant from reader_tenants')).toEqual([{ role: team, tenant: 'acme' }]);
      for (const sql of [
        'select * from portaria_checkpoint',
        'delete from cards',
        `insert into reader_tenants values ('${team}', 'beta')`,
      ])
        await expect(asTeam(sql)).rejects.toThrow(/permission denied|row-level security/);
    });

    it('follow a swap, also to other columns, and keep what a team built on them', async () => {
      await goLive(1, spec);
      await shows('acme 1');
      await world.ask('create view built as select name from cards');
      await goLive(2, spec);
      await shows('acme 2');
      await world.ask('drop view built');
      await goLive(3, wider);
      await shows('acme 3');
      expect(await asTeam('select * from cards')).toEqual([{ tenant: 'acme', id: 'a', size: 3, name: 'acme 3' }]);
    });

    it('are swapped while a team reads them without pause, and no query fails', async () => {
      await goLive(1, spec);
      await shows('acme 1');
      const at = new URL(world.url);
      at.username = team;
      at.password = 'team';
      const reader = await connect(at.href, { name: 'test', statementMs: 10_000 });
      const end = new AbortController();
      const seen = new Set<unknown>();
      const reading = (async () => {
        while (!end.signal.aborted) {
          const { rows } = await reader.query<{ name: string }>('select name from cards');
          expect(rows).toHaveLength(1);
          seen.add(rows[0]?.name);
        }
      })();
      for (let generation = 2; generation <= 8; generation++) {
        await goLive(generation, generation % 2 === 0 ? spec : wider);
        await shows(`acme ${String(generation)}`);
      }
      end.abort();
      await reading;
      await reader.end();
      expect(seen.size).toBeGreaterThan(3);
    });

    it('say who keeps them from following, keep nobody meanwhile, and follow when they can', async () => {
      await goLive(1, spec);
      await shows('acme 1');
      const slow = await connect(world.url, { name: 'slow', statementMs: 0 });
      await slow.query('begin; select * from cards');
      await goLive(2, wider);
      const end = Date.now() + 20_000;
      while (said.length === 0 && Date.now() < end) {
        expect(await asTeam('select name from cards')).toEqual([{ name: 'acme 1' }]);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(said[0]).toMatch(/^the view cards waits for pid \d+ \(\w+, t[0-9a-f]{12}\)/);
      await slow.query('rollback');
      await slow.end();
      await shows('acme 2');
    });

    it('come with SQL for somebody who may create roles', async () => {
      await world.ask(readerSql(world.schema));
      await world.ask(readerSql(world.schema));
      expect(readerSql('acme')).toContain(`grant usage on schema ${quoted('acme')} to portaria_reader;`);
    });
  });
}
