import { mkdirSync } from 'node:fs';
import {
  createCodec,
  createCommandRunner,
  LogTail,
  ensureLogStarted,
  readLogId,
  lockDataFolder,
  type Codec,
  type KeyVault,
  type EventReader,
} from '#event-store';
import type { Configuration, Logger } from '#platform';
import { isProblemCode, PROBLEMS } from '#platform/problem-codes';
import { createReadModels, type ReadModels, type ReadSource, type RowStore } from '#read-store';
import { openLog, placeOf, type Log } from '../event-store.js';
import { keyPlaceName, keyPlaceOf, openKeys } from '../key-vault.js';
import { awaitReadStore, openRows, openSource, readPlaceOf, type ReadPlace } from '../read-store.js';
import { projections, storedTypes } from '../registry.js';
import { projectorElsewhere, startProjectorThread, type ProjectorPort } from './projector-thread.js';

/** The stores of one process, opened in the order in which they depend on each other. */
export type Stores = {
  readonly store: Log;
  readonly vault: KeyVault;
  readonly codec: Codec;
  readonly runner: ReturnType<typeof createCommandRunner>;
  readonly source: ReadSource;
  readonly models: ReadModels<unknown>;
  readonly projector: ProjectorPort;
  readonly logId: string;
  close(): Promise<void>;
};

/** `projector`: whether this process has one, whatever the configuration of the api says. */
export type StoresOptions = { readonly projector?: Configuration['projector'] };

/** Throws DataFolderError, ReadStoreUnusable or PostgresUnusable with one sentence for the operator; nothing is damaged then. */
export const openStores = async (
  configuration: Configuration,
  logger: Logger,
  { projector: wanted = configuration.projector }: StoresOptions = {},
): Promise<Stores> => {
  const { dataDir, keyEncryptionKey, keyEncryptionKeyPrevious } = configuration;
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const [place, keys, read] = [placeOf(configuration), keyPlaceOf(configuration), readPlaceOf(configuration)];
    // Servers are shared by several processes; a folder has one.
    if (configuration.usesDataFolder) {
      const lock = lockDataFolder(dataDir);
      closers.push(() => {
        lock.release();
      });
      mkdirSync(dataDir, { recursive: true });
    }
    await awaitReadStore(read, logger);
    const store = await openLog(place, logger, endProcess(logger, 'log'));
    closers.push(() => store.close());
    const vault = await openKeys(keys, configuration, { onBroken: endProcess(logger, 'keys') });
    closers.push(() => vault.close());
    await refuseForeignVault(store, vault, keyPlaceName(keys));
    const codec = createCodec(storedTypes, vault);
    const tail = place.kind === 'sqlite' ? null : new LogTail(store, logger);
    if (tail !== null) {
      await tail.start();
      closers.push(() => tail.stop());
    }
    const runner = createCommandRunner({
      store,
      codec,
      log: logger,
      outranksStale,
      ...(tail === null ? { soleWriter: true } : { tail }),
    });
    if ((await readLogId(store)) === null && !(await vault.isEmpty()))
      throw new LogMissing(place.kind === 'sqlite' ? place.path : 'on the server');
    const logId = await ensureLogStarted(store);

    let notify: ReadModels<unknown>['notify'] = () => undefined;
    const projector =
      wanted === 'off'
        ? projectorElsewhere(await migratedRows(read, logger))
        : await startProjectorThread(
            { place, end: store.end, keys, read, logId, keyEncryptionKey, keyEncryptionKeyPrevious },
            logger,
            (position) => {
              notify(position);
            },
          );
    closers.push(() => projector.stop());
    store.onAppended((position) => {
      projector.appended(position);
    });
    const source = await openSource(read, (position) => {
      notify(position);
    });
    closers.push(() => source.close());
    const models = createReadModels<unknown>(source, projections);
    notify = (position) => {
      models.notify(position);
    };
    if (keyEncryptionKeyPrevious !== null) rewrapKeys(vault, logger);
    return { store, vault, codec, runner, source, models, projector, logId, close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** Beside everything else: keys open under either key-encryption key meanwhile. Cut off, it begins again at the next start. */
const rewrapKeys = (vault: KeyVault, logger: Logger): void => {
  vault.rewrap().then(
    (count) => {
      logger.info({ count }, 'all keys are wrapped by the present key-encryption key');
    },
    (error: unknown) => {
      logger.warn({ err: error }, 'keys that the previous key-encryption key wraps are left: the next start goes on');
    },
  );
};

/** Whichever process comes first makes the tables. */
const migratedRows = async (read: ReadPlace, logger: Logger): Promise<RowStore> => {
  const rows = await openRows(read, (level, message) => {
    logger[level](message);
  });
  try {
    await rows.migrate();
    return rows;
  } catch (error) {
    await rows.close();
    throw error;
  }
};

/** After a failed flush only a restart, which reads the file anew, knows what was stored. */
const endProcess =
  (logger: Logger, what: 'log' | 'keys') =>
  (error: Error): void => {
    logger.fatal(
      { err: error },
      `the disk failed under the ${what}: the process ends, acknowledged facts are safe; check the disk, then start again`,
    );
    process.exit(1);
  };

/** 404, 403 and 422 are said before 412, other conflicts behind it (source: spec/http-api.md, "Habits"). */
const outranksStale = (code: string): boolean =>
  isProblemCode(code) && [400, 403, 404, 422].includes(PROBLEMS[code][0]);

/** Facts without the keys that open them mean that another vault, or none, was restored. */
const refuseForeignVault = async (store: EventReader, vault: KeyVault, place: string): Promise<void> => {
  if (!(await vault.isEmpty())) return;
  for await (const page of store.readAll({ after: null })) {
    if (
      page.some((event) =>
        Object.values(event.data).some((value) => typeof value === 'object' && value !== null && '$enc' in value),
      )
    ) {
      throw new VaultMissing(place);
    }
  }
};

/** The message is one sentence for the operator. */
export class LogMissing extends Error {
  constructor(path: string) {
    super(
      `The key vault has keys, but the log ${path} is empty: restore the log that belongs to them, or empty the whole data folder to begin anew.`,
    );
    this.name = 'LogMissing';
  }
}

/** The message is one sentence for the operator. */
export class VaultMissing extends Error {
  constructor(path: string) {
    super(
      `The log holds sealed values, but the key vault ${path} is empty: restore the vault that belongs to this log.`,
    );
    this.name = 'VaultMissing';
  }
}
