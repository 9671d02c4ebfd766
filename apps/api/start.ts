import { readConfiguration } from '#platform/configuration';
import { makeLogger } from '#platform/logging';
import { runMain } from '#platform/shutdown';
import { openStores } from './stores.js';

/** Exceptions whose message is a sentence for the operator. */
export const EXPECTED = [
  'DataFolderError',
  'ReadStoreUnusable',
  'PostgresUnusable',
  'VaultMissing',
  'LogMissing',
  'EventStoreUnusable',
  'EventStoreDbMisconfigured',
];

/** Starts the api: configuration, stores, projections and policies, then the door. */
export const start = (): Promise<void> =>
  runMain(async () => {
    const configuration = readConfiguration();
    const logger = await makeLogger(configuration);
    const opening = openStores(configuration, logger);
    // Told below, by whoever waits for it.
    opening.catch(() => undefined);
    // While the projector's thread comes up, the application is loaded: half a second on two cores.
    const [{ createHttpApp }, { ApiModule }, { openGatehouse }, { introduce, preparePeople }] = await Promise.all([
      import('#platform/http-app'),
      import('./api.module.js'),
      import('./gatehouse.js'),
      import('./development.js'),
    ]);
    const gatehouse = await openGatehouse(configuration, logger, opening);
    try {
      const app = await createHttpApp(ApiModule.over(gatehouse), { configuration, logger, signals: true });
      const people = configuration.environment === 'development' ? await preparePeople(gatehouse, configuration) : null;
      await app.listen(configuration.port, configuration.host);
      const address = await app.getUrl();
      logger.info({ address }, 'listening');
      if (people !== null) process.stdout.write(introduce(address, people));
    } catch (error) {
      await gatehouse.close();
      throw error;
    }
  }, EXPECTED);
