import { atOnce, lend, openPool } from '#postgres';
import type { Position } from '#kernel';
import { notReadyBy } from '../not-ready.js';
import type { ReadSource } from '../port.js';
import type { SystemTables } from '../system-tables.js';
import { followMoves } from './moves.js';
import { kyselyOver, systemOver, told } from './writer.js';

const STATEMENT_MS = 10_000;
const BEGIN = 'begin isolation level repeatable read read only';

/**
 * The queries' side: up to `connections` snapshots at a time, the others wait in line, and so long as a connection may take to be made.
 * `moved` is called when the live checkpoint moves in whatever process.
 */
export const openPostgresReadSource = (
  url: string,
  { connections = 8, moved }: { readonly connections?: number; readonly moved?: (position: Position) => void } = {},
): ReadSource => {
  const pool = openPool(url, { name: 'queries', statementMs: STATEMENT_MS }, connections);
  const moves = moved === undefined ? null : followMoves(url, moved);

  const source: ReadSource = {
    snapshot: async (work) => {
      try {
        const { client } = await lend(pool, (lent) => lent.query(atOnce(BEGIN)));
        let whole = false;
        try {
          return await work(kyselyOver<SystemTables>(client), systemOver(client));
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
    },
    notReady: () => notReadyBy(source),
    close: async () => {
      await moves?.close();
      if (!pool.ended) await pool.end();
    },
  };
  return source;
};
