import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqliteKeyVault } from '#event-store';
import { openDataFile } from './data-folder.js';
import { SqliteKeyRows } from './sqlite-key-vault.js';
import { until } from '../../../../test/fixtures/until.js';
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

describe('keys on a disk that takes its time', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portaria-'));
    path = join(folder, 'keys.db');
    await openSqliteKeyVault({ path, keyEncryptionKey: Buffer.alloc(32, 1) }).close();
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const row = { keyId: 'k1', tenant: 'acme', subject: 'contact:1', wrapped: Buffer.from('w'), destroyedAt: null };
  const opened = () => {
    const db = openDataFile({ path, readOnly: false, applicationId: 0x506f4b79, version: 1, schema: '' });
    const flush = Promise.withResolvers<undefined>();
    const broken: string[] = [];
    const wal = { flush: () => flush.promise, close: () => undefined };
    const rows = new SqliteKeyRows(db, path, wal, ({ message }) => broken.push(message));
    const answered: string[] = [];
    const asked = (name: string, answer: Promise<unknown>): Promise<unknown> =>
      answer.then(
        (value) => (answered.push(name), value),
        (error: unknown) => (answered.push(name), error),
      );
    const all = async (): Promise<readonly unknown[]> => {
      const insert = asked('insert', rows.insert([row]));
      for (let turns = 0; turns < 5; turns++) await pause(5);
      // Whoever asks now finds the row in the file already.
      const read = [
        asked('by subject', rows.bySubjects('acme', ['contact:1'])),
        asked('by id', rows.byId('k1')),
        asked('empty', rows.isEmpty()),
      ];
      for (let turns = 0; turns < 5; turns++) await pause(5);
      expect(answered).toEqual([]);
      return [insert, ...read];
    };
    return { all, flush, broken, rows };
  };

  it('are handed out when the disk has them, not before', async () => {
    const { all, flush, rows } = opened();
    const answers = await all();
    flush.resolve(undefined);
    expect(await Promise.all(answers)).toEqual([
      undefined,
      [expect.objectContaining({ keyId: 'k1' })],
      expect.objectContaining({ keyId: 'k1' }),
      false,
    ]);
    await rows.close();
  });

  it('are not handed out between one flush and the next, and a purge comes to its end while others go on inserting', async () => {
    const db = openDataFile({ path, readOnly: false, applicationId: 0x506f4b79, version: 1, schema: '' });
    const flushes: (() => void)[] = [];
    const flush = (): Promise<void> =>
      new Promise((resolve) => {
        flushes.push(resolve);
      });
    const rows = new SqliteKeyRows(db, path, { flush, close: () => undefined });
    const insert = (n: number): Promise<void> =>
      rows.insert([{ ...row, keyId: `k${String(n)}`, subject: `contact:${String(n)}` }]);
    const first = insert(1);
    await until(() => flushes.length === 1);
    const [second, read, purged] = [insert(2), rows.bySubjects('acme', ['contact:2']), rows.purge()];
    flushes[0]?.();
    await first;
    expect(await read).toEqual([]);
    const ended: unknown[] = [];
    void purged.finally(() => ended.push('purged'));
    for (let n = 3; ended.length === 0 && n < 100; n++) {
      void insert(n);
      await pause(1);
      for (const done of flushes.splice(0)) done();
    }
    expect(ended).toEqual(['purged']);
    expect(await purged).toBe(true);
    const more = setInterval(() => {
      for (const done of flushes.splice(0)) done();
    }, 1);
    await Promise.all([second, rows.close()]);
    clearInterval(more);
  });

  it('are handed out no more from the first flush that failed on, which is said once', async () => {
    const { all, flush, broken, rows } = opened();
    const answers = await all();
    flush.reject(new Error('EIO'));
    const unavailable = expect.objectContaining({ name: 'StoreUnavailable' });
    expect(await Promise.all(answers)).toEqual(answers.map(() => unavailable));
    await expect(rows.insert([{ ...row, keyId: 'k2', subject: 'contact:2' }])).rejects.toEqual(unavailable);
    expect(broken).toEqual([expect.stringMatching(/keys\.db failed: check the disk, then restart the process/)]);
    await rows.close();
  });
});
