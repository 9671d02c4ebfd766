import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from '@jest/globals';
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
