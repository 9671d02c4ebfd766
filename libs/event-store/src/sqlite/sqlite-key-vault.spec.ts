import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteKeyVault } from '#event-store';
import { keyVaultSuite } from '../../../../test/conformance/key-vault.suite.js';

keyVaultSuite('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-'));
  const path = join(folder, 'keys.db');
  return {
    // As a promise, so that what opening throws is its rejection.
    open: (options) => Promise.resolve().then(() => openSqliteKeyVault({ path, ...options })),
    tamper: (sql) => {
      const db = new DatabaseSync(path);
      db.exec(sql);
      db.close();
      return Promise.resolve();
    },
    wrapped: () => {
      const db = new DatabaseSync(path, { readOnly: true });
      const rows = db.prepare('select wrapped from data_keys where wrapped is not null').all();
      db.close();
      return Promise.resolve(rows.map((row) => Buffer.from(row['wrapped'] as Uint8Array)));
    },
    bytes: () => Promise.resolve(Buffer.concat(readdirSync(folder).map((file) => readFileSync(join(folder, file))))),
    clear: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  };
});
