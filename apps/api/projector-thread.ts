import { Worker } from 'node:worker_threads';
import type { LogPlace } from '../event-store.js';
import type { KeyPlace } from '../key-vault.js';
import type { ReadPlace } from '../read-store.js';
import type { Logger } from '#platform';
import { askHolder, connectProjector, type OpsCall, type Projector, type Role } from '#projections';
import type { Position } from '#kernel';
import type { RowStore } from '#read-store';

/** What the worker thread is started with. */
export type ProjectorData = {
  readonly place: LogPlace;
  /** How far the embedded log reaches. */
  readonly end: SharedArrayBuffer | null;
  readonly keys: KeyPlace;
  readonly read: ReadPlace;
  readonly logId: string;
  readonly keyEncryptionKey: Uint8Array;
  readonly keyEncryptionKeyPrevious: Uint8Array | null;
};

/** The thread's last message where it cannot work: the exception's name and sentence. */
export type StartFailed = { readonly kind: 'start-failed'; readonly name: string; readonly message: string };

/** The projector as the rest of the process sees it. */
export type ProjectorPort = Pick<Projector, 'appended' | 'ask' | 'stop'> & {
  /** Null: another process has the projector. */
  readonly role: () => Role | null;
  /** What it has done since its start, by name. */
  readonly work: () => Promise<Readonly<Record<string, number>>>;
  /** Why it cannot go on; null while it can. */
  readonly failed: () => string | null;
  /** Where this process may move the live read models: the policies run where that is. Null: another process does both. */
  readonly seat:
    | (Pick<Projector, 'loadPolicyCheckpoint' | 'savePolicyCheckpoint'> & {
        /** Tells the present role at once, then every change. */
        readonly follow: (listener: (role: Role) => void) => void;
      })
    | null;
};

const STOP_MS = 5_000;
const patience = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds).unref());

/** Starts the projections in their thread. Rejects with one sentence where the read store cannot be used. */
export const startProjectorThread = async (
  data: ProjectorData,
  logger: Logger,
  onCheckpoint: (position: Position) => void,
): Promise<ProjectorPort> => {
  const worker = new Worker(new URL('./projector.worker.js', import.meta.url), {
    workerData: data,
    name: 'projector',
    // A rebuild keeps less than 100 MiB alive. Without a bound V8 lets ten times as much garbage stand. Three times 16 MiB for what is
    // young: twice as much is faster by a tenth and takes 30 MiB more, which would not leave a rebuild below 512. Events of a server wait
    // in memory while others are worked on, and then half as much is slower by a fifth.
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: data.place.kind === 'sqlite' ? 48 : 96 },
  });
  let failure: string | null = null;
  let role: Role = 'standby';
  let listener: (role: Role) => void = () => undefined;
  const ending: { told: StartFailed | null } = { told: null };
  worker.on('message', (message: { readonly kind: string }) => {
    if (message.kind === 'start-failed') ending.told = message as StartFailed;
  });
  const projector = connectProjector(worker, {
    onCheckpoint,
    onFailed: (projection, message) => {
      failure = projection === null ? message : `${projection}: ${message}`;
      logger.error({ projection }, `projection failed: ${message}`);
    },
    onRole: (next) => {
      role = next;
      logger.info({ role }, 'the projector has another role');
      listener(next);
    },
    log: (level, message, fields) => {
      logger[level](fields ?? {}, message);
    },
  });
  try {
    await projector.started();
  } catch (error) {
    await worker.terminate();
    if (ending.told === null) throw error;
    throw Object.assign(new Error(ending.told.message), { name: ending.told.name });
  }
  return {
    ...projector,
    failed: () => failure,
    role: () => role,
    work: () => projector.counters(),
    seat: {
      ...projector,
      follow: (told) => {
        listener = told;
        told(role);
      },
    },
    stop: async () => {
      // A store that does not answer must not keep the process: whatever is under way is undone by its store.
      await Promise.race([projector.stop().catch(() => undefined), patience(STOP_MS)]);
      await worker.terminate();
    },
  };
};

/** The projector of another process, asked through the read store. Its tables must be there: it is waited for. */
export const projectorElsewhere = (rows: RowStore): ProjectorPort => ({
  appended: () => undefined,
  ask: async (name, ...args) => (await askHolder(rows, { name, args } as OpsCall)) as never,
  failed: () => null,
  role: () => null,
  work: () => Promise.resolve({}),
  seat: null,
  stop: () => rows.close(),
});
