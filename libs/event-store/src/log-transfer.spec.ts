import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import {
  ensureLogStarted,
  exportLog,
  importLog,
  NotAnExport,
  openSqliteEventStore,
  TargetTaken,
  verifyExport,
  type SqliteEventStore,
} from '#event-store';
import { aFact, collect } from '../../../test/conformance/event-store.suite.js';

const folder = mkdtempSync(join(tmpdir(), 'portaria-transfer-'));
const open: SqliteEventStore[] = [];
const aStore = (name: string): SqliteEventStore => {
  const store = openSqliteEventStore({ path: join(folder, `${name}.db`) });
  open.push(store);
  return store;
};
afterAll(async () => {
  for (const store of open) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const linesOf = async function* (text: string): AsyncGenerator<string> {
  for (const line of text.split('\n')) if (line !== '') yield await Promise.resolve(line);
};
const exported = async (store: SqliteEventStore): Promise<string> => (await collectText(exportLog(store))).join('');
const collectText = async (parts: AsyncIterable<string>): Promise<string[]> => {
  const all: string[] = [];
  for await (const part of parts) all.push(part);
  return all;
};

const seeded = async (name: string): Promise<SqliteEventStore> => {
  const store = aStore(name);
  await ensureLogStarted(store);
  for (let i = 0; i < 30; i++) {
    const stream = `talk-acme.${String(i % 4)}`;
    const revision = Math.floor(i / 4);
    await store.append(stream, revision === 0 ? 'no_stream' : { revision: revision - 1 }, [aFact()]);
  }
  return store;
};

describe('a log that moves', () => {
  it('keeps ids, metadata, revisions, order and recorded times, and gets an identity of its own', async () => {
    const source = await seeded('source');
    const text = await exported(source);
    await verifyExport(linesOf(text));
    const target = aStore('target');
    await importLog(linesOf(text), target);
    expect(await exported(target)).toBe(text);
    expect(await ensureLogStarted(target)).not.toBe(await ensureLogStarted(source));
    const facts = (await collect(target.readAll({ after: null }))).map((event) => event.recordedAt);
    expect(facts).toEqual(facts.toSorted());
  });

  it('goes on where an interruption stopped it', async () => {
    const text = await exported(await seeded('long'));
    const target = aStore('half');
    const half = text.split('\n').slice(0, 14).join('\n');
    await importLog(linesOf(half), target);
    await importLog(linesOf(text), target);
    await importLog(linesOf(text), target);
    expect(await exported(target)).toBe(text);
  });

  it('touches nothing where other facts stand', async () => {
    const text = await exported(await seeded('mine'));
    const target = aStore('theirs');
    await target.append('talk-acme.0', 'no_stream', [aFact()]);
    await expect(importLog(linesOf(text), target)).rejects.toBeInstanceOf(TargetTaken);
    expect(await collect(target.readStream('talk-acme.0'))).toHaveLength(1);
  });

  it.each([
    ['cut off', (lines: string[]) => lines.slice(0, -1), /no closing line/],
    ['a fact missing', (lines: string[]) => lines.toSpliced(5, 1), /29 facts/],
    ['two facts swapped', (lines: string[]) => lines.toSpliced(5, 2, lines[6] ?? '', lines[5] ?? ''), /checksum/],
    [
      'a changed byte',
      (lines: string[]) => lines.with(5, (lines[5] ?? '').replace('talk-acme', 'talk-acmf')),
      /checksum/,
    ],
    ['garbage', (lines: string[]) => lines.with(5, '{'), /line 6 is not JSON/],
    ['another file', () => ['{"name":"package"}'], /does not begin/],
  ])('is refused before anything is stored: %s', async (name, spoil, message) => {
    const text = await exported(await seeded(name.replaceAll(' ', '-')));
    const spoilt = spoil(text.trimEnd().split('\n')).join('\n');
    const refusal = verifyExport(linesOf(spoilt));
    await expect(refusal).rejects.toBeInstanceOf(NotAnExport);
    await expect(refusal).rejects.toThrow(message);
  });
});
