import { postgresWorld } from '../fixtures/postgres-world.js';
import type { Figure } from './figures.js';
import { embedded, type Row } from './rows.js';

/** The same work with the read models on the PostgreSQL of POSTGRES_URL, in a schema of its own. */
const onPostgres =
  (row: Row, bounds: Pick<Figure, 'floor' | 'aim'>): Row =>
  async (plan) => {
    const world = postgresWorld();
    try {
      const figures = await row({ ...plan, environment: { READ_STORE: 'postgres', POSTGRES_URL: world.url } });
      return figures.map((figure, at) => ({ ...figure, row: `postgres-${figure.row}`, ...(at === 0 ? bounds : {}) }));
    } finally {
      await world.drop();
    }
  };

/** Needs POSTGRES_URL. */
export const postgresRows: Readonly<Record<string, Row>> = {
  'postgres-rebuild': onPostgres(embedded.rebuild, {}),
  'postgres-visible': onPostgres(embedded.visible, {}),
};
