// What an operator reads where the data folder cannot be used: one sentence and exit code 1, and every file is as it was.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { until } from '../fixtures/until.js';
import { runApi, startApi, type Answer, type Api } from './process.js';

const root = mkdtempSync(join(tmpdir(), 'portaria-folder-'));
/** A folder in which the api ran and stored facts with sealed values. */
const used = join(root, 'used');
let running: Api;

beforeAll(async () => {
  running = await startApi(used);
  const { status } = await running.call('admin', 'POST', '/v1/contacts', { displayName: 'Maria' });
  expect(status).toBe(201);
  expect(await running.kill('SIGTERM')).toBe(0);
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const copied = (name: string): string => {
  const folder = join(root, name);
  cpSync(used, folder, { recursive: true });
  return folder;
};
const digest = (path: string): string =>
  existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'absent';
/** Every row of a database, whatever its write-ahead log holds. */
const rowsOf = (path: string): string => {
  const db = new DatabaseSync(path, { readOnly: true });
  const tables = db.prepare("select name from sqlite_schema where type = 'table' order by name").all();
  const rows = tables.map(({ name }) => db.prepare(`select * from "${String(name)}"`).all());
  db.close();
  return JSON.stringify([tables, rows]);
};
const FILES = ['events.db', 'keys.db', 'read.db'] as const;

/** Exit code 1, nothing on the way out, and one sentence that names the place. */
const refuses = async (folder: string, sentence: RegExp): Promise<void> => {
  const { code, error } = await runApi(folder);
  expect([code, error]).toEqual([1, expect.stringMatching(sentence)]);
  expect(error.trim().split('\n')).toHaveLength(1);
  expect(error).not.toMatch(/ at .*:\d+:\d+|Error:/);
};

describe('the api refuses a data folder', () => {
  it('that another process uses, which goes on', async () => {
    const folder = copied('busy');
    running = await startApi(folder);
    await refuses(folder, /busy is in use by another process \(pid \d+\)/);
    expect((await running.call('admin', 'GET', '/v1/contacts')).body.items).toHaveLength(1);
    expect(await running.kill('SIGTERM')).toBe(0);
  });

  it.each(FILES)('whose %s is no database, and leaves it alone', async (file) => {
    const folder = copied(`text-${file}`);
    for (const ending of ['', '-wal', '-shm']) rmSync(join(folder, file + ending), { force: true });
    writeFileSync(join(folder, file), 'My novel, chapter one. '.repeat(500));
    const before = digest(join(folder, file));
    await refuses(folder, new RegExp(`${file.replace('.', '\\.')} is not a `));
    expect(digest(join(folder, file))).toBe(before);
    if (file !== 'events.db') expect(rowsOf(join(folder, 'events.db'))).toBe(rowsOf(join(used, 'events.db')));
  });

  it.each(FILES)('whose %s is a database of somebody else, and leaves it alone', async (file) => {
    const folder = copied(`foreign-${file}`);
    for (const ending of ['', '-wal', '-shm']) rmSync(join(folder, file + ending), { force: true });
    const foreign = new DatabaseSync(join(folder, file));
    foreign.exec('create table recipes (name text); insert into recipes values (1)');
    foreign.close();
    const before = digest(join(folder, file));
    await refuses(folder, new RegExp(`${file.replace('.', '\\.')} is a database of `));
    expect(digest(join(folder, file))).toBe(before);
  });

  it('that is a file', async () => {
    const path = join(root, 'a-file');
    writeFileSync(path, 'not a folder');
    await refuses(path, /a-file/);
    expect(readFileSync(path, 'utf8')).toBe('not a folder');
  });

  it('whose vault is missing while the log holds sealed facts, each time, and takes it when the vault is back', async () => {
    const folder = copied('no-vault');
    for (const ending of ['', '-wal', '-shm']) rmSync(join(folder, `keys.db${ending}`), { force: true });
    await refuses(folder, /keys\.db is empty: restore the vault/);
    await refuses(folder, /keys\.db is empty: restore the vault/);
    expect(rowsOf(join(folder, 'events.db'))).toBe(rowsOf(join(used, 'events.db')));
    for (const ending of ['', '-wal', '-shm']) rmSync(join(folder, `keys.db${ending}`), { force: true });
    cpSync(join(used, 'keys.db'), join(folder, 'keys.db'));
    running = await startApi(folder);
    expect((await running.call('admin', 'GET', '/v1/contacts')).body.items).toMatchObject([{ displayName: 'Maria' }]);
    expect(await running.kill('SIGTERM')).toBe(0);
  });
});

/** Whether this user may mount; without that nobody can fill a disk here. */
const mounted = (folder: string, size: string): boolean => {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'portaria-test', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const small = join(root, 'small');
const large = join(root, 'large');
const canMount = mounted(small, '64k') && mounted(large, '3m');
const unmount = (): void => {
  for (const folder of [small, large]) {
    try {
      execFileSync('umount', [folder], { stdio: 'ignore' });
    } catch {
      // It never was mounted.
    }
  }
};

(canMount ? describe : describe.skip)('on a full disk (needs the right to mount)', () => {
  afterAll(unmount);

  it('the api says so at its start', async () => {
    await refuses(small, /full: free some space/);
  });

  it('a running api refuses writes until there is space, goes on reading, and loses nothing that it answered', async () => {
    running = await startApi(large);
    const stored: string[] = [];
    let refused: Answer | null = null;
    for (let n = 0; refused === null && n < 2000; n++) {
      const answer = await running.call('admin', 'POST', '/v1/contacts', {
        displayName: `Contact ${String(n)} ${'x'.repeat(150)}`,
      });
      if (answer.status === 201) stored.push(answer.body.contactId as string);
      else refused = answer;
    }
    expect([refused?.status, refused?.body.code, refused?.retryAfter]).toEqual([503, 'store-unavailable', '2']);
    expect(refused?.body.detail).toContain('try again with the same Idempotency-Key');
    await until(() => running.said().includes('is full: free some space, then try again.'));
    expect(stored.length).toBeGreaterThan(10);
    expect((await running.call('admin', 'GET', '/v1/contacts')).status).toBe(200);
    execFileSync('mount', ['-o', 'remount,size=16m', large]);
    const again = await running.call('admin', 'POST', '/v1/contacts', { displayName: 'There is space again' });
    expect(again.status).toBe(201);
    // The read models have followed by themselves.
    const seen = await running.call('admin', 'GET', `/v1/contacts?wait=20000&after=${again.token ?? ''}`);
    expect([seen.status, seen.body.items?.[0]?.contactId]).toEqual([200, expect.any(String)]);
    await running.kill('SIGKILL');
    running = await startApi(large);
    const one = await running.call('admin', 'PATCH', `/v1/contacts/${stored.at(-1) ?? ''}`, {
      displayName: 'Still here',
    });
    expect(one.status).toBe(200);
    for (const contactId of stored)
      expect((await running.call('admin', 'PATCH', `/v1/contacts/${contactId}`, {})).status).toBe(200);
    expect(await running.kill('SIGTERM')).toBe(0);
  });
});
