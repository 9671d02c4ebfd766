import { it } from '@jest/globals';
import { postgresUrl, postgresWorld } from '../fixtures/postgres-world.js';
import { crashMatrix } from './matrix.suite.js';

if (postgresUrl === '') it.skip('kill -9 of a projector over PostgreSQL (POSTGRES_URL is not set)', () => undefined);
else
  crashMatrix('PostgreSQL', 3, () => {
    const world = postgresWorld();
    return { read: { kind: 'postgres', url: world.url }, close: world.drop };
  });
