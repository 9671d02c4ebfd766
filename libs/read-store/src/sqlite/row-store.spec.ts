import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from '@jest/globals';
import { json, text } from '#kernel';
import { openSqliteRowStore, ReadStoreUnusable } from '#read-store';
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
