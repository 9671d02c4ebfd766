import { it } from '@jest/globals';
import { postgresUrl, postgresWorld } from '../fixtures/postgres-world.js';
import { killedApi } from './kill.suite.js';

if (postgresUrl === '') it.skip('kill -9 of an api over PostgreSQL (POSTGRES_URL is not set)', () => undefined);
else
  killedApi('PostgreSQL', () => {
    const world = postgresWorld();
    return { environment: { READ_STORE: 'postgres', POSTGRES_URL: world.url }, close: world.drop };
  });
