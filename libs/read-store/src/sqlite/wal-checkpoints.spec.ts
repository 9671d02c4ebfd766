import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openReadDatabase } from './database.js';
import { WalCheckpoints } from './wal-checkpoints.js';

const folder = mkdtempSync(join(tmpdir(), 'portaria-wal-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('checkpoints beside the writer', () => {
  it('keep the WAL short while writes go on, and wait for nobody who reads', async () => {
    const path = join(folder, 'a.db');
    const writer = openReadDatabase(path, 'write');
    const checkpoints = new WalCheckpoints(path, writer, 100);
    writer.exec('create table x (y text)');
    const write = async (): Promise<void> => {
      await checkpoints.open();
      writer.exec(`insert into x values (hex(randomblob(4000)))`);
      checkpoints.committed();
      await new Promise(setImmediate);
    };
    const pages = (): number => Math.ceil(statSync(`${path}-wal`).size / 8192);
    let rows = 0;
    for (; rows < 3000; rows++) await write();
    // 3,000 writes of at least one page each; the backstop of four times the length was not met either.
    expect(pages()).toBeLessThan(2000); // how soon the other thread comes is up to the machine
    const reader = openReadDatabase(path, 'read');
    reader.exec('begin');
    const seen = Number(reader.prepare('select count(*) as n from x').statement.get()?.['n']);
    for (; rows < 3500; rows++) await write();
    expect(reader.prepare('select count(*) as n from x').statement.get()?.['n']).toBe(seen);
    reader.close();
    await checkpoints.close();
    writer.close();
    const again = openReadDatabase(path, 'read');
    expect(again.prepare('select count(*) as n from x').statement.get()?.['n']).toBe(rows);
    again.close();
  });

  it('that fail are tried again, and keep the WAL short when what was in the way has gone', async () => {
    const home = join(folder, 'home');
    mkdirSync(home);
    const writer = openReadDatabase(join(home, 'b.db'), 'write');
    const checkpoints = new WalCheckpoints(join(home, 'b.db'), writer, 50);
    writer.exec('create table x (y text)');
    const state = (): { readonly log: number; readonly checkpointed: number } =>
      writer.prepare('pragma wal_checkpoint(noop)').statement.get() as never;
    const write = async (): Promise<void> => {
      await checkpoints.open();
      writer.exec(`insert into x values (hex(randomblob(4000)))`);
      checkpoints.committed();
      await new Promise((resolve) => setTimeout(resolve, 2));
    };
    // Whoever opens the file by its name finds none; who has it open goes on.
    renameSync(home, `${home}-away`);
    for (let rows = 0; rows < 120; rows++) await write();
    expect(state().checkpointed).toBe(0);
    renameSync(`${home}-away`, home);
    for (let rows = 0; rows < 2000 && state().checkpointed === 0; rows++) await write();
    // By the helper: the writer itself would have begun at four times the length only.
    expect(state().checkpointed).toBeGreaterThan(0);
    expect(Object.values(writer.prepare('pragma wal_autocheckpoint').statement.get() ?? {})).toEqual([200]);
    await checkpoints.close();
    writer.close();
  });
});
