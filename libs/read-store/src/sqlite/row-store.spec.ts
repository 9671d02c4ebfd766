import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from '@jest/globals';
import { json, text } from '#kernel';
import { sql } from 'kysely';
import { openSqliteReadSource, openSqliteRowStore, ReadStoreUnusable } from '#read-store';
import { ScanLane } from './scan-lane.js';
import { rowStoreSuite } from '../../../../test/conformance/row-store.suite.js';

const folder = mkdtempSync(join(tmpdir(), 'portaria-read-'));
let files = 0;
const fresh = (): string => join(folder, `${String(++files)}.db`);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

rowStoreSuite('SQLite', () => {
  const store = openSqliteRowStore(fresh());
  return Promise.resolve({ store, close: () => store.close() });
});

it('keeps no byte of what was overwritten, deleted and dropped, in the file or beside it', async () => {
  const path = fresh();
  const store = openSqliteRowStore(path);
  await store.migrate();
  const spec = { key: ['id'], columns: { name: text, note: json<string[]>() }, indexes: [['name', 'id']] };
  const [table, other] = ['people__g1', 'people__g2'].map((name) => ({ name, spec }));
  if (table === undefined || other === undefined) throw new Error('two tables');
  const ids = Array.from({ length: 400 }, (_, at) => String(at));
  const named = (word: string) =>
    ids.map((id) => ({ key: ['acme', id], row: { name: `${word} ${id}`, note: [word] } }));
  const bytes = (): Buffer => Buffer.concat([path, `${path}-wal`].map((file) => readFileSync(file)));
  await store.write(async (tx) => {
    for (const one of [table, other]) {
      await tx.createTable(one);
      await tx.upsert(one, named('Secreta'));
    }
  });
  await store.purge([]);
  expect(bytes().includes('Secreta')).toBe(true);
  await store.write((tx) => tx.upsert(table, named('Outra')));
  await store.write((tx) =>
    tx.remove(
      other,
      ids.slice(0, 200).map((id) => ['acme', id]),
    ),
  );
  await store.write((tx) => tx.dropTable(other.name));
  expect(await store.purge([])).toBe(true);
  expect(bytes().includes('Outra')).toBe(true);
  expect(bytes().includes('Secreta')).toBe(false);
  await store.close();
});

describe('a query that scans', () => {
  it('keeps no other query waiting, reads one moment, and gives what others are given', async () => {
    const path = fresh();
    const store = openSqliteRowStore(path);
    await store.migrate();
    const table = { name: 'notes__g1', spec: { key: ['id'], columns: { note: json<string[]>() }, indexes: [] } };
    await store.write(async (tx) => {
      await tx.createTable(table);
      await tx.upsert(table, [{ key: ['acme', '1'], row: { note: ['a'] } }]);
    });
    const source = openSqliteReadSource(path, 1);
    const rows = sql<{ readonly note: readonly string[] }>`select note from notes__g1 order by id`;
    const answered: string[] = [];
    let began: () => void = () => undefined;
    const underWay = new Promise<void>((resolve) => (began = resolve));
    let go: () => void = () => undefined;
    const written = new Promise<void>((resolve) => (go = resolve));
    const scan = source.snapshot(
      async (db) => {
        const before = await rows.execute(db);
        began();
        await written;
        // Counts for so long that whoever had to wait for it would be seen to.
        const counting = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000) select count(*) from n`;
        await counting.execute(db);
        answered.push('scan');
        return [before.rows, (await rows.execute(db)).rows];
      },
      { scans: true },
    );
    await underWay;
    await store.write((tx) => tx.upsert(table, [{ key: ['acme', '2'], row: { note: ['b'] } }]));
    go();
    const other = await source.snapshot((db) => rows.execute(db));
    answered.push('other');
    expect(other.rows).toEqual([{ note: ['a'] }, { note: ['b'] }]);
    expect(await scan).toEqual([[{ note: ['a'] }], [{ note: ['a'] }]]);
    expect(answered).toEqual(['other', 'scan']);
    await source.close();
    await store.close();
  });

  it('that fails fails alone', async () => {
    const path = fresh();
    const store = openSqliteRowStore(path);
    await store.migrate();
    const source = openSqliteReadSource(path);
    const ask = (table: string) =>
      source.snapshot((db) => sql`select count(*) as n from ${sql.table(table)}`.execute(db), { scans: true });
    await expect(ask('nowhere')).rejects.toThrow('no such table');
    expect((await ask('portaria_generation')).rows).toEqual([{ n: 0 }]);
    await source.close();
    rmSync(path);
    const without = openSqliteReadSource(path);
    const missing = without.snapshot((db) => sql`select 1`.execute(db), { scans: true });
    await expect(missing).rejects.toThrow(ReadStoreUnusable);
    await expect(missing).rejects.toThrow('cannot be opened');
    await without.close();
    await store.close();
  });
});

it('gives nobody the rows of another question, where the thread of the scans dies and another takes its place', async () => {
  // Answers with what it was asked, and dies of one question.
  const program = `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ sql }) => {
      if (sql === 'die') throw new Error('dead');
      parentPort.postMessage({ rows: [{ sql }] });
    });`;
  const lane = new ScanLane('nowhere', new URL(`data:text/javascript,${encodeURIComponent(program)}`));
  const ask = (text: string) =>
    lane.snapshot(async (db) => (await sql<{ readonly sql: string }>`${sql.raw(text)}`.execute(db)).rows);
  const [died, first, second] = await Promise.allSettled([ask('die'), ask('first'), ask('second')]);
  expect(died).toMatchObject({ status: 'rejected' });
  expect(first).toEqual({ status: 'fulfilled', value: [{ sql: 'first' }] });
  expect(second).toEqual({ status: 'fulfilled', value: [{ sql: 'second' }] });
  await lane.close();
});

describe('a read store file that cannot be used', () => {
  it('is refused in one sentence when it is another database', () => {
    const path = fresh();
    const other = new DatabaseSync(path);
    other.exec('create table x (y)');
    other.close();
    expect(() => openSqliteRowStore(path)).toThrow(ReadStoreUnusable);
  });
  it('is refused when it is no database, and says that it may be deleted', () => {
    const path = fresh();
    writeFileSync(path, 'hello '.repeat(1000));
    expect(() => openSqliteRowStore(path)).toThrow(/may be deleted at any time/);
  });
  it('is refused when its folder is missing', () => {
    expect(() => openSqliteRowStore(join(folder, 'no', 'x.db'))).toThrow(/its folder must exist/);
  });
  // Root writes everywhere.
  (process.getuid?.() === 0 ? it.skip : it)('is refused when it is read-only', async () => {
    const path = fresh();
    await openSqliteRowStore(path).close();
    chmodSync(path, 0o400);
    expect(() => openSqliteRowStore(path)).toThrow(ReadStoreUnusable);
  });
});
