import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqliteEventReader, openSqliteEventStore, type SqliteEventStore, StoreUnavailable } from '#event-store';
import type { Position } from '#kernel';
import { openDataFile } from './data-folder.js';
import { End } from './end.js';
import { SqliteLogReader } from './sqlite-log-reader.js';
import { serialise, SqliteLogWriter } from './sqlite-log-writer.js';
import { aFact, aStream, collect, eventStoreConformance } from '../../../../test/conformance/event-store.suite.js';

eventStoreConformance('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-'));
  const store = openSqliteEventStore({ path: join(folder, 'events.db') });
  const close = async (): Promise<void> => {
    await store.close();
    rmSync(folder, { recursive: true });
  };
  return Promise.resolve({ store, close });
});

describe('the log in a file', () => {
  let folder: string;
  let path: string;
  const open: SqliteEventStore[] = [];
  const opened = (options: Partial<Parameters<typeof openSqliteEventStore>[0]> = {}): SqliteEventStore => {
    const store = openSqliteEventStore({ path, ...options });
    open.push(store);
    return store;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portaria-'));
    path = join(folder, 'events.db');
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((store) => store.close()));
    rmSync(folder, { recursive: true });
  });

  it('writes nothing by itself', async () => {
    expect(await opened().head()).toBeNull();
    expect(await collect(opened().readAll({ after: null }))).toEqual([]);
  });

  it('stands after a restart and goes on behind its end', async () => {
    const stream = aStream();
    const first = opened();
    const { position } = await first.append(stream, 'no_stream', [aFact()]);
    await first.close();
    const second = opened();
    expect((await second.head())?.position).toBe(position);
    const next = await second.append(stream, { revision: 0 }, [aFact()]);
    expect(next.position > position).toBe(true);
  });

  it('writes what a killed process left in the WAL into the file, before anything is told to stand behind it', async () => {
    const first = opened();
    const { position } = await first.append(aStream(), 'no_stream', [aFact()]);
    const left = join(folder, 'left.db');
    for (const file of ['', '-wal']) copyFileSync(`${path}${file}`, `${left}${file}`);
    expect(statSync(`${left}-wal`).size).toBeGreaterThan(0);
    const second = openSqliteEventStore({ path: left });
    expect(statSync(`${left}-wal`).size).toBe(0);
    expect((await second.head())?.position).toBe(position);
    await second.close();
  });

  it('never records a time before the last one, whatever the clock does', async () => {
    let now = 1_800_000_000_000;
    const first = opened({ now: () => now });
    await first.append(aStream(), 'no_stream', [aFact()]);
    now -= 60_000;
    await first.append(aStream(), 'no_stream', [aFact()]);
    await first.close();
    const second = opened({ now: () => now });
    await second.append(aStream(), 'no_stream', [aFact()]);
    const times = (await collect(second.readAll({ after: null }))).map((event) => event.recordedAt);
    expect(new Set(times)).toEqual(new Set(['2027-01-15T08:00:00.000Z']));
  });

  it('sees the entries of one group in their order', async () => {
    const store = opened();
    const stream = aStream();
    const event = aFact();
    const results = await Promise.allSettled([
      store.append(stream, 'no_stream', [event]),
      store.append(stream, { revision: 0 }, [aFact()]),
      store.append(stream, 'no_stream', [aFact()]),
      store.append(stream, 'no_stream', [event]),
    ]);
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value.revision : 'refused'))).toEqual([
      0,
      1,
      'refused',
      0,
    ]);
  });

  it('shares one flush among appends that come together', async () => {
    const store = opened();
    const flushes: string[] = [];
    const stop = store.onAppended((position) => flushes.push(position));
    await Promise.all(Array.from({ length: 50 }, () => store.append(aStream(), 'no_stream', [aFact()])));
    expect(flushes).toEqual([(await store.head())?.position]);
    stop();
    await store.append(aStream(), 'no_stream', [aFact()]);
    expect(flushes).toHaveLength(1);
  });

  it('refuses an id that stands elsewhere, and stores the rest of the group', async () => {
    const store = opened();
    const event = aFact();
    await store.append(aStream(), 'no_stream', [event]);
    const [good, bad] = [aStream(), aStream()];
    const results = await store.appendMany([
      { stream: bad, expected: 'no_stream', events: [aFact(), event] },
      { stream: good, expected: 'no_stream', events: [aFact()] },
    ]);
    expect(results[0]).toBeInstanceOf(Error);
    expect(results[1]).toMatchObject({ revision: 0 });
    expect(await collect(store.readStream(bad))).toEqual([]);
    expect(await collect(store.readStream(good))).toHaveLength(1);
  });

  it('fails the whole group on a full disk, keeps nothing of it, and goes on when there is room', async () => {
    const store = opened({ maxPages: 40 });
    const [small, large] = [aStream(), aStream()];
    const results = await Promise.allSettled([
      store.append(small, 'no_stream', [aFact()]),
      store.append(large, 'no_stream', [aFact({ text: 'x'.repeat(400_000) })]),
    ]);
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { name: 'StoreUnavailable', message: expect.stringMatching(/full: free some space/) },
      });
    }
    expect(await store.head()).toBeNull();
    await store.append(small, 'no_stream', [aFact()]);
    expect(await collect(store.readAll({ after: null }))).toHaveLength(1);
  });

  it('takes nothing more where a failed write could not be undone, and says so once', async () => {
    const store = opened();
    const broken: string[] = [];
    const { DatabaseSync } = await import('node:sqlite');
    const db = new DatabaseSync(path);
    const exec = db.exec.bind(db);
    db.exec = (sql) => {
      if (sql === 'commit' || sql === 'rollback') throw Object.assign(new Error('full'), { errcode: 13 });
      exec(sql);
    };
    const writer = new SqliteLogWriter(
      db,
      path,
      new End(),
      () => undefined,
      Date.now,
      ({ message }) => broken.push(message),
    );
    const append = () => writer.append([serialise({ stream: aStream(), expected: 'no_stream', events: [aFact()] })]);
    for (let tries = 0; tries < 2; tries++)
      expect(await append()).toEqual([expect.objectContaining({ name: 'StoreUnavailable' })]);
    expect(broken).toEqual([expect.stringMatching(/full: free some space/)]);
    db.close();
    expect(await store.head()).toBeNull();
  });

  describe('on a disk that takes its time', () => {
    const written = () => {
      const db = openDataFile({ path, readOnly: false, applicationId: 0x506f4576, version: 1, schema: '' });
      const flush = Promise.withResolvers<undefined>();
      const broken: string[] = [];
      const end = new End();
      const writer = new SqliteLogWriter(
        db,
        path,
        end,
        () => undefined,
        Date.now,
        ({ message }) => broken.push(message),
        { flush: () => flush.promise, close: () => undefined },
      );
      const stream = aStream();
      const append = () => writer.append([serialise({ stream, expected: 'no_stream', events: [aFact()] })]);
      const elsewhere = openSqliteEventReader(path, end.memory);
      const readers = [new SqliteLogReader(db, path, end), elsewhere];
      const seen = async (): Promise<readonly unknown[]> => {
        const all: unknown[] = [];
        for (const reader of readers) {
          const abort = new AbortController();
          all.push(await reader.head(), ...(await collect(reader.readAll({ after: null }))));
          all.push(...(await collect(reader.readAll({ after: null, until: '0000000000000009' as Position }))));
          all.push(...(await collect(reader.readStream(stream))));
          all.push(...(await collect(reader.readStream(stream, { direction: 'backwards' }))));
          for await (const item of reader.subscribe({ after: null, signal: abort.signal })) {
            if (item.kind === 'events') all.push(...item.events);
            abort.abort();
          }
        }
        return all.filter((one) => one !== null);
      };
      const close = async (): Promise<void> => {
        await Promise.all([writer.close(), elsewhere.close()]);
        db.close();
      };
      return { append, seen, flush, broken, close };
    };
    beforeEach(() => opened().close());

    it('answers, and shows the fact to readers in this thread and others, when the disk has it; others are served meanwhile', async () => {
      const { append, seen, flush, close } = written();
      let answered = false;
      const answer = append().finally(() => (answered = true));
      for (let turns = 0; turns < 5; turns++) await pause(5);
      expect([answered, await seen()]).toEqual([false, []]);
      flush.resolve(undefined);
      expect(await answer).toEqual([{ revision: 0, position: '0000000000000001', deduplicated: false }]);
      expect(await seen()).toHaveLength(12);
      await close();
    });

    it('refuses all from the first flush that failed on, shows nothing of it, and says so once', async () => {
      const { append, seen, flush, broken, close } = written();
      flush.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
      for (let tries = 0; tries < 2; tries++)
        expect(await append()).toEqual([expect.objectContaining({ name: 'StoreUnavailable' })]);
      expect(broken).toEqual([expect.stringMatching(/failed: check the disk, then restart the process/)]);
      expect(await seen()).toEqual([]);
      await close();
    });
  });

  it('says that it was closed', async () => {
    const store = opened();
    const pending = store.append(aStream(), 'no_stream', [aFact()]);
    await store.close();
    await expect(pending).resolves.toMatchObject({ revision: 0 });
    await expect(store.append(aStream(), 'no_stream', [aFact()])).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.head()).rejects.toThrow(/closed/);
  });

  it('hands out text that is not JSON as it is, for the codec to refuse', async () => {
    const store = opened();
    const { DatabaseSync } = await import('node:sqlite');
    await store.append(aStream(), 'no_stream', [aFact()]);
    const db = new DatabaseSync(path);
    db.exec(`update events set data = '{broken'`);
    db.close();
    const [event] = await collect(store.readAll({ after: null }));
    expect(event?.data).toBe('{broken');
  });

  it('is followed by a reader of the same file that is told to look', async () => {
    const store = opened();
    const reader = openSqliteEventReader(path);
    store.onAppended(() => {
      reader.wake();
    });
    const abort = new AbortController();
    const event = aFact();
    for await (const item of reader.subscribe({ after: null, signal: abort.signal })) {
      if (item.kind === 'caughtUp') void store.append(aStream(), 'no_stream', [event]);
      if (item.kind === 'events') {
        expect(item.events[0]?.id).toBe(event.id);
        abort.abort();
      }
    }
    await reader.close();
    expect.assertions(1);
  });

  it('is followed from another thread', async () => {
    const store = opened();
    const worker = new Worker(new URL('../../../../test/fixtures/event-reader.worker.js', import.meta.url), {
      workerData: { path },
    });
    const heard: unknown[] = [];
    const event = aFact();
    await new Promise<void>((resolve, fail) => {
      worker.on('error', fail);
      worker.on('exit', () => {
        resolve();
      });
      worker.on('message', (message: unknown) => {
        heard.push(message);
        if (message === 'caughtUp') {
          void store.append(aStream(), 'no_stream', [event]).then(() => {
            worker.postMessage('wake');
          });
        } else {
          worker.postMessage('stop');
        }
      });
    });
    expect(heard).toEqual(['caughtUp', [event.id]]);
  });
});
