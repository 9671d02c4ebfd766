// The projections' thread of the embedded mode: a rebuild never blocks HTTP.
import { parentPort, workerData } from 'node:worker_threads';
import { createCodec, openSqliteEventReader, openSqliteKeyVault } from '#event-store';
import { createEngine, reportsTo, serveProjector, type Port } from '#projections';
import { openSqliteRowStore } from '#read-store';
import { projections, storedTypes } from '../registry.js';
import type { ProjectorData } from './projector-thread.js';

if (parentPort === null) throw new Error('this file runs as a worker thread');
const port: Port = parentPort;
const { eventsPath, keysPath, readPath, logId, keyEncryptionKey } = workerData as ProjectorData;

const open = () => {
  try {
    const events = openSqliteEventReader(eventsPath);
    const vault = openSqliteKeyVault({
      path: keysPath,
      keyEncryptionKey: Buffer.from(keyEncryptionKey),
      readOnly: true,
    });
    return { events, vault, rows: openSqliteRowStore(readPath) };
  } catch (error) {
    // Said, not thrown: an error's message does not come through the border of the thread.
    port.postMessage({
      kind: 'failed',
      projection: null,
      message: Error.isError(error) ? error.message : String(error),
    });
    process.exit(1);
  }
};
const { events, vault, rows } = open();
const engine = createEngine({
  events,
  codec: createCodec(storedTypes, vault),
  rows,
  projections,
  logId,
  ordinalOf: (position) => Number(position),
  ...reportsTo(port),
});
await serveProjector(port, {
  ...engine,
  appended: (position) => {
    events.wake();
    engine.appended(position);
  },
});
await Promise.all([rows.close(), events.close(), vault.close()]);
