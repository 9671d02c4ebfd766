import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createCodec, ensureLogStarted, logEvents, openSqliteEventStore, readLogId } from '#event-store';
import { collect } from '../../../test/conformance/event-store.suite.js';
import { memoryKeyVault } from '../../../test/fixtures/memory-key-vault.js';

it('gives a log one identity, whoever asks first', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-'));
  const store = openSqliteEventStore({ path: join(folder, 'events.db') });
  expect(await readLogId(store)).toBeNull();
  const answers = await Promise.all([ensureLogStarted(store), ensureLogStarted(store), ensureLogStarted(store)]);
  expect(new Set([...answers, await ensureLogStarted(store), await readLogId(store)]).size).toBe(1);
  const events = await collect(store.readAll({ after: null }));
  expect(events.map((event) => createCodec([logEvents], memoryKeyVault()).decode(event).type)).toEqual(['LogStarted']);
  await store.close();
  rmSync(folder, { recursive: true });
});
