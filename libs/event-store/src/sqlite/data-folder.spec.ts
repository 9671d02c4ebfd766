import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  DataFolderError,
  lockDataFolder,
  openSqliteEventReader,
  openSqliteEventStore,
  openSqliteKeyVault,
} from '#event-store';
import { aFact, aStream } from '../../../../test/conformance/event-store.suite.js';

describe('the data folder', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portaria-'));
    path = join(folder, 'events.db');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const refusal = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      expect(error).toBeInstanceOf(DataFolderError);
      return (error as Error).message;
    }
    throw new Error('it was not refused');
  };

  it('has one writer at a time', () => {
    const lock = lockDataFolder(join(folder, 'new'));
    expect(refusal(() => lockDataFolder(join(folder, 'new'), { waitMs: 0 }))).toMatch(
      new RegExp(`in use by another process \\(pid ${String(process.pid)}\\): stop that process`),
    );
    lock.release();
    lockDataFolder(join(folder, 'new')).release();
  });

  it('is free again when its writer was killed', async () => {
    const script = fileURLToPath(new URL('../../../../test/fixtures/lock-holder.js', import.meta.url));
    const child = spawn(process.execPath, [script, folder], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(refusal(() => lockDataFolder(folder, { waitMs: 0 }))).toContain(`pid ${String(child.pid)}`);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    lockDataFolder(folder).release();
  });

  it('cannot lie where nothing can be written', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(refusal(() => lockDataFolder(join(file, 'data')))).toMatch(/cannot be written/);
    expect(refusal(() => openSqliteEventStore({ path: join(folder, 'absent', 'events.db') }))).toMatch(
      /cannot be opened/,
    );
  });

  it('refuses a file that is not a database, and leaves it as it is', () => {
    const text = 'a letter to grandmother\n'.repeat(100);
    writeFileSync(path, text);
    expect(refusal(() => openSqliteEventStore({ path }))).toMatch(/is not a file of Portaria: move it away/);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('refuses the database of another program, and leaves it as it is', () => {
    const db = new DatabaseSync(path);
    db.exec('create table recipes (name text)');
    db.close();
    const before = readFileSync(path);
    expect(refusal(() => openSqliteEventStore({ path }))).toMatch(/another program: move it away/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('tells the log from the key vault', async () => {
    await openSqliteEventStore({ path }).close();
    expect(refusal(() => openSqliteKeyVault({ path, keyEncryptionKey: Buffer.alloc(32) }))).toMatch(/another program/);
  });

  it('refuses a file that newer code wrote', async () => {
    await openSqliteEventStore({ path }).close();
    const db = new DatabaseSync(path);
    db.exec('pragma user_version = 99');
    db.close();
    expect(refusal(() => openSqliteEventStore({ path }))).toMatch(/newer version of Portaria/);
  });

  it('refuses a log that was cut off', async () => {
    const store = openSqliteEventStore({ path });
    await store.append(
      aStream(),
      'no_stream',
      Array.from({ length: 500 }, () => aFact({ text: 'x'.repeat(500) })),
    );
    await store.close();
    truncateSync(path, 20_000);
    expect(refusal(() => openSqliteEventStore({ path }))).toMatch(/is damaged: .* restore the file from its backup/);
  });

  it('reads nothing where nobody wrote', () => {
    expect(refusal(() => openSqliteEventReader(path))).toMatch(/cannot be opened/);
    writeFileSync(path, '');
    expect(refusal(() => openSqliteEventReader(path))).toMatch(/start the process that writes it first/);
  });
});
