import { atOnce, lend, type Pool, type PooledClient } from '#postgres';
import { told } from './writer.js';

const BEGIN = 'begin isolation level repeatable read read only';

/** What `work` makes of one snapshot, on a connection of the pool that nobody else uses meanwhile. Rejects as `told` says. */
export const inSnapshot = async <T>(pool: Pool, work: (client: PooledClient) => Promise<T>): Promise<T> => {
  try {
    const { client } = await lend(pool, (lent) => lent.query(atOnce(BEGIN)));
    let whole = false;
    try {
      return await work(client);
    } finally {
      await client.query(atOnce('rollback')).then(
        () => (whole = true),
        () => undefined,
      );
      client.release(!whole);
    }
  } catch (error) {
    throw told(error);
  }
};
