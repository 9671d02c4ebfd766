import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Position, Projection } from '#kernel';
import {
  connectProjector,
  createEngine,
  OpsRefused,
  projectionStatuses,
  rebuildStatus,
  reportsTo,
  serveProjector,
} from '#projections';
import { createReadModels, openSqliteReadSource, openSqliteRowStore } from '#read-store';
import { MemoryEventStore, passthrough } from '../../../test/doubles/memory-event-store.js';
import { toys } from '../../../test/doubles/toy-projections.js';

const folder = mkdtempSync(join(tmpdir(), 'portaria-worker-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the projector behind a message port', () => {
  it('reports checkpoints, takes wake-ups, rebuilds, policies\u2019 places and the stop', async () => {
    const path = join(folder, 'read.db');
    const events = new MemoryEventStore();
    const { port1, port2 } = new MessageChannel();
    const rows = openSqliteRowStore(path);
    const engine = createEngine({
      events,
      rows,
      codec: passthrough('Told', 'Erased'),
      projections: toys as unknown as Projection[],
      logId: 'log-1',
      ...reportsTo(port2),
    });
    const serving = serveProjector(port2, engine);
    const models: { notify: (position: Position) => void } = { notify: () => undefined };
    const projector = connectProjector(port1, {
      onCheckpoint: (position) => {
        models.notify(position);
      },
    });
    await projector.started();
    const source = openSqliteReadSource(path);
    const read = createReadModels<Record<'sayings', { id: string }>>(source, toys);
    models.notify = (position) => {
      read.notify(position);
    };

    const at = await events.add('talk-acme.1', 'Told', { id: 's1', from: 'a', to: 'b', amount: 1, words: 'hi' });
    projector.appended(at);
    const seen = await read.query((db) => db.selectFrom('sayings').select('id').execute(), { after: at });
    expect(seen).toEqual({ value: [{ id: 's1' }], at });

    await expect(projector.ask('rebuild', ['nothing'])).rejects.toThrow(OpsRefused);
    const { rebuildId } = await projector.ask('rebuild', 'all');
    let status = await rebuildStatus(source, rebuildId);
    for (let turn = 0; turn < 2000 && status?.phase !== 'done'; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      status = await rebuildStatus(source, rebuildId);
    }
    expect(status).toMatchObject({
      rebuildId,
      kind: 'rebuild',
      paused: false,
      projections: ['people', 'sayings', 'pairs'],
      phase: 'done',
      done: 1,
      result: { equal: true, rows: 4 },
      error: null,
    });
    expect(await rebuildStatus(source, 'none')).toBeNull();
    const [people] = await projectionStatuses(source, toys, { head: await events.head(), now: Date.now() });
    expect(people).toEqual({
      name: 'people',
      version: 1,
      state: 'live',
      checkpoint: at,
      lagSeconds: 0,
      lagEvents: 0,
      parkedSequences: 0,
      generation: 2,
      rebuild: null,
    });

    expect(await projector.loadPolicyCheckpoint('p')).toBeUndefined();
    await projector.savePolicyCheckpoint('p', at);
    expect(await projector.loadPolicyCheckpoint('p')).toBe(at);
    await projector.stop();
    await serving;
    await read.close();
    await rows.close();
    port1.close();
  });
});
