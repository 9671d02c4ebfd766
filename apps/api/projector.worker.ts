// The projections' thread of the embedded mode: a rebuild never blocks HTTP.
import { parentPort, workerData } from 'node:worker_threads';
import { createCodec } from '#event-store';
import { createEngine, reportsTo, serveProjector, type Port } from '#projections';
import { viewLog, type LogLines } from '../event-store.js';
import { openKeys } from '../key-vault.js';
import { openRows } from '../read-store.js';
import { projections, storedTypes } from '../registry.js';
import type { ProjectorData, StartFailed } from './projector-thread.js';

const project = async (port: Port, data: ProjectorData): Promise<void> => {
  const { place, end, keys, read, logId, keyEncryptionKey, keyEncryptionKeyPrevious: previous } = data;
  const reports = reportsTo(port);
  const lines: LogLines = {
    info: (detail, message) => {
      reports.log('info', message, detail);
    },
    warn: (detail, message) => {
      reports.log('warn', message, detail);
    },
  };
  const events = await viewLog(place, lines, end);
  const vault = await openKeys(
    keys,
    {
      keyEncryptionKey: Buffer.from(keyEncryptionKey),
      keyEncryptionKeyPrevious: previous === null ? null : Buffer.from(previous),
    },
    { readOnly: true },
  );
  const rows = await openRows(read, reports.log);
  const engine = createEngine({
    events,
    codec: createCodec(storedTypes, vault),
    rows,
    projections,
    logId,
    // The embedded log's positions count its facts; a server's are byte offsets.
    ...(place.kind === 'sqlite' ? { ordinalOf: Number } : {}),
    ...reports,
  });
  await serveProjector(port, {
    ...engine,
    appended: (position) => {
      events.wake();
      engine.appended(position);
    },
  });
  await Promise.all([rows.close(), events.close(), vault.close()]);
};

if (parentPort === null) throw new Error('this file runs as a worker thread');
try {
  await project(parentPort, workerData as ProjectorData);
} catch (error) {
  // An exception loses its class on the way to the other thread: its sentence goes as a message.
  const { name, message } = Error.isError(error) ? error : new Error(String(error));
  parentPort.postMessage({ kind: 'start-failed', name, message } satisfies StartFailed);
}
