import { it } from '@jest/globals';
import { quoted } from '#postgres';
import { postgresUrl, postgresWorld } from '../fixtures/postgres-world.js';
import { lostReadModels } from './lost.suite.js';

if (postgresUrl === '') it.skip('read models in PostgreSQL (POSTGRES_URL is not set)', () => undefined);
else
  lostReadModels('PostgreSQL', () => {
    const world = postgresWorld();
    return {
      environment: { READ_STORE: 'postgres', POSTGRES_URL: world.url },
      lose: async () => {
        await world.ask(`drop schema ${quoted(world.schema)} cascade`);
      },
      close: world.drop,
    };
  });
