import { createHttpApp, makeLogger, readConfiguration, runMain } from '#platform';
import { ApiModule } from './api.module.js';
import { openGatehouse } from './gatehouse.js';
import { introduce, preparePeople } from './development.js';

/** Starts the api: configuration, stores, projections and policies, then the door. */
export const start = (): Promise<void> =>
  runMain(async () => {
    const configuration = readConfiguration();
    const logger = await makeLogger(configuration);
    const gatehouse = await openGatehouse(configuration, logger);
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
  }, [
    'DataFolderError',
    'ReadStoreUnusable',
    'VaultMissing',
    'LogMissing',
    'EventStoreUnusable',
    'EventStoreDbMisconfigured',
  ]);
