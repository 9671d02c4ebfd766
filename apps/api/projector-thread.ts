import { Worker } from 'node:worker_threads';
import type { Logger } from '#platform';
import { connectProjector, type Projector } from '#projections';
import { ReadStoreUnusable } from '#read-store';
import type { Position } from '#kernel';

/** What the worker thread is started with. */
export type ProjectorData = {
  readonly eventsPath: string;
  readonly keysPath: string;
  readonly readPath: string;
  readonly logId: string;
  readonly keyEncryptionKey: Uint8Array;
};

export type ProjectorThread = Projector & { readonly failed: () => string | null };

/** Starts the projections in their thread. Rejects with one sentence where the read store cannot be used. */
export const startProjectorThread = async (
  data: ProjectorData,
  logger: Logger,
  onCheckpoint: (position: Position) => void,
): Promise<ProjectorThread> => {
  const worker = new Worker(new URL('./projector.worker.js', import.meta.url), { workerData: data, name: 'projector' });
  let failure: string | null = null;
  const projector = connectProjector(worker, {
    onCheckpoint,
    onFailed: (projection, message) => {
      failure = projection === null ? message : `${projection}: ${message}`;
      logger.error({ projection }, `projection failed: ${message}`);
    },
    log: (level, message, fields) => {
      logger[level](fields ?? {}, message);
    },
  });
  await projector.started().catch((error: unknown) => {
    throw failure === null ? error : new ReadStoreUnusable(failure);
  });
  return {
    ...projector,
    failed: () => failure,
    stop: async () => {
      await projector.stop().catch(() => undefined);
      await worker.terminate();
    },
  };
};
