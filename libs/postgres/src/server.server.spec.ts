import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  atOnce,
  awaitServer,
  checkServer,
  connect,
  isDisconnection,
  isSilence,
  lend,
  openPool,
  ownSchema,
} from '#postgres';
import { wayTo } from '../../../test/fixtures/gone-server.js';
import { cuttingProxy, postgresUrl, postgresWorld, type World } from '../../../test/fixtures/postgres-world.js';

if (postgresUrl === '') it.skip('the way to PostgreSQL (POSTGRES_URL is not set)', () => undefined);
else {
  const changed = (change: (url: URL) => void): string => {
    const url = new URL(postgresUrl);
    change(url);
    return url.href;
  };

  describe('the way to PostgreSQL', () => {
    let world: World;
    beforeEach(() => {
      world = postgresWorld();
    });
    afterEach(() => world.drop());

    it('is looked at before anything is begun', async () => {
      expect(await checkServer(world.url)).toMatch(/^1[5-9]|^[2-9]\d/);
      await expect(checkServer(changed((url) => (url.password = 'wrong')))).rejects.toThrow(
        'PostgreSQL refuses the user or the password: correct them in the connection string.',
      );
      await expect(checkServer(changed((url) => (url.pathname = '/no_such_database')))).rejects.toThrow(
        'The database does not exist on this PostgreSQL: create it, or correct the connection string.',
      );
      await expect(
        checkServer(
          changed((url) => {
            url.searchParams.set('sslmode', 'verify-full');
          }),
        ),
      ).rejects.toThrow(/TLS|certificate/);
    });

    it('is waited for, and said once, until it is there', async () => {
      const lines: string[] = [];
      const log = {
        info: (_: object, message: string) => void lines.push(message),
        warn: (_: object, message: string) => void lines.push(message),
      };
      const proxy = await cuttingProxy(world.url, 'nothing that is said', true);
      await proxy.close();
      const waiting = awaitServer(proxy.url, log);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(lines).toEqual([
        'PostgreSQL cannot be reached: start it, or correct the connection string. The start waits for it.',
      ]);
      await proxy.open();
      await waiting;
      expect(lines[1]).toBe('PostgreSQL answers');
      await proxy.close();
    });

    it('leads to the schema that the connection string names, and bounds what may take long', async () => {
      const client = await connect(world.url, { name: 'test', statementMs: 1234 });
      expect(await ownSchema(client)).toEqual({ name: world.schema, exists: false });
      const { rows } = await client.query<Record<string, string>>(
        `select current_setting('statement_timeout') as s, current_setting('lock_timeout') as l, current_setting('idle_in_transaction_session_timeout') as i`,
      );
      expect(rows).toEqual([{ s: '1234ms', l: '10s', i: '1min' }]);
      await expect(client.query('select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' });
      await client.end();
    });

    it('gives numbers as numbers and json parsed, sets each connection up, and is no error while it lies idle', async () => {
      const pool = openPool(world.url, { name: 'test', statementMs: 5000, setUp: "set timezone = 'UTC'" }, 2);
      const { rows } = await pool.query(
        `select count(*) as n, sum(x) as s, '{"a":1}'::json as j, current_setting('timezone') as z from generate_series(1, 3) x`,
      );
      expect(rows).toEqual([{ n: 3, s: 6, j: { a: 1 }, z: 'UTC' }]);
      await world.cut();
      const first = await pool.query('select 1').catch((error: unknown) => error);
      if (Error.isError(first)) expect(isDisconnection(first)).toBe(true);
      expect((await pool.query('select 1 as x')).rows).toEqual([{ x: 1 }]);
      await pool.end();
    });

    it('passes over the connections that were cut while they lay idle', async () => {
      const pool = openPool(world.url, { name: 'test', statementMs: 5000 }, 3);
      await Promise.all([1, 2, 3].map(() => pool.query('select pg_sleep(0.1)')));
      await world.cut();
      const { client, value } = await lend(pool, (lent) => lent.query(atOnce('select 1 as x')));
      expect(value.rows).toEqual([{ x: 1 }]);
      client.release();
      await pool.end();
    });

    it('may break under a connection that is lent, and the process lives', async () => {
      const way = await wayTo(world.url);
      const pool = openPool(way.url, { name: 'test', statementMs: 5000 }, 1);
      const client = await pool.connect();
      await client.query('select 1');
      const ended = new Promise((resolve) => client.once('end', resolve));
      await way.refuse();
      await ended;
      await expect(client.query('select 1')).rejects.toThrow();
      client.release(true);
      await expect(pool.query('select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      await way.open();
      expect((await pool.query('select 1 as x')).rows).toEqual([{ x: 1 }]);
      await pool.end();
      await way.close();
    });

    it('is given up where nobody answers, once and not by each connection in turn', async () => {
      const way = await wayTo(world.url);
      const client = await connect(way.url, { name: 'test', statementMs: 100 });
      const pool = openPool(way.url, { name: 'test', statementMs: 100 }, 3);
      await Promise.all([1, 2, 3].map(() => pool.query('select pg_sleep(0.05)')));
      way.hang();
      let tries = 0;
      const errors = await Promise.all(
        [
          client.query('select 1'),
          lend(pool, (lent) => {
            tries++;
            return lent.query('select 1');
          }),
        ].map((asked) => asked.catch((error: unknown) => error)),
      );
      expect(errors.map((error) => [isSilence(error), isDisconnection(error)])).toEqual([
        [true, true],
        [true, true],
      ]);
      expect(tries).toBe(1);
      await client.end();
      await way.close();
    }, 30_000);
  });
}
