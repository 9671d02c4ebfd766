import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import {
  ensureLogStarted,
  exportLog,
  importLog,
  openSqliteEventStore,
  verifyExport,
  type EventStore,
} from '#event-store';
import { aFact, collect } from '../../../../test/conformance/event-store.suite.js';
import { World } from '../../../../test/fixtures/event-store-db-world.js';

const folder = mkdtempSync(join(tmpdir(), 'portaria-move-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const exported = async (log: Pick<EventStore, 'readAll'>): Promise<string> => {
  const parts: string[] = [];
  for await (const part of exportLog(log)) parts.push(part);
  return parts.join('');
};
const linesOf = async function* (text: string): AsyncGenerator<string> {
  for (const line of text.trimEnd().split('\n')) yield await Promise.resolve(line);
};

describe('an installation that moves', () => {
  it('to EventStoreDB and back keeps ids, metadata, revisions, order and recorded times', async () => {
    const world = await World.start();
    const [source, back] = ['source', 'back'].map((name) =>
      openSqliteEventStore({ path: join(folder, `${name}.db`), now: () => 1_700_000_000_000 }),
    );
    if (source === undefined || back === undefined) throw new Error('no stores');
    try {
      await ensureLogStarted(source);
      for (let i = 0; i < 40; i++) {
        const revision = Math.floor(i / 4);
        await source.append(`talk-acme.${String(i % 4)}`, revision === 0 ? 'no_stream' : { revision: revision - 1 }, [
          aFact(),
        ]);
      }
      const text = await exported(source);
      const server = world.open({ categories: ['talk', 'ops'] });
      await importLog(linesOf(text), server);
      // Once more, as after an interruption: what stands is recognised.
      await importLog(linesOf(text), server);
      const there = await exported(server);
      expect(there).toBe(text);
      await verifyExport(linesOf(there));
      await importLog(linesOf(there), back);
      expect(await exported(back)).toBe(text);
      expect((await collect(back.readStream('talk-acme.1'))).map((event) => event.recordedAt)).toEqual(
        (await collect(source.readStream('talk-acme.1'))).map((event) => event.recordedAt),
      );
    } finally {
      await source.close();
      await back.close();
      await world.close();
    }
  });
});
