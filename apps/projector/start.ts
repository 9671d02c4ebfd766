import { readConfiguration, ConfigurationError } from '#platform/configuration';
import { createHttpApp } from '#platform/http-app';
import { makeLogger } from '#platform/logging';
import { runMain } from '#platform/shutdown';
import { openGatehouse } from '../api/gatehouse.js';
import { EXPECTED } from '../api/start.js';
import { openStores } from '../api/stores.js';
import { ProjectorModule } from './projector.module.js';

/** Starts the production process of read models and policies, with health and metrics on its own address. Several stand by for one another. */
export const start = (): Promise<void> =>
  runMain(async () => {
    const configuration = readConfiguration();
    if (configuration.eventStore.kind === 'sqlite' || configuration.readStore.kind === 'sqlite') {
      throw new ConfigurationError([
        'a projector process needs EVENT_STORE=eventstoredb and READ_STORE=postgres: with embedded stores the api does its work (npm start)',
      ]);
    }
    const logger = await makeLogger(configuration);
    const gatehouse = await openGatehouse(
      configuration,
      logger,
      openStores(configuration, logger, { projector: 'embedded' }),
    );
    try {
      const app = await createHttpApp(ProjectorModule.over(gatehouse), { configuration, logger, signals: true });
      await app.listen(configuration.port, configuration.host);
      logger.info({ address: await app.getUrl() }, 'the projector works; health and metrics are here');
    } catch (error) {
      await gatehouse.close();
      throw error;
    }
  }, EXPECTED);
