// Copies the WAL back into the file, on a connection and in a thread of its own: the writer's thread waits for no disk.
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const { path } = workerData as { readonly path: string };
const database = new DatabaseSync(path, { timeout: 5000 });
database.exec('pragma synchronous = normal; pragma wal_autocheckpoint = 0');
const passive = database.prepare('pragma wal_checkpoint(passive)');
const state = database.prepare('pragma wal_checkpoint(noop)');

parentPort?.on('message', () => {
  passive.get();
  // Asked once more: a checkpoint knows only of what the WAL held when it began.
  const row = state.get();
  parentPort?.postMessage(Number(row?.['log'] ?? 0) - Number(row?.['checkpointed'] ?? 0));
});
