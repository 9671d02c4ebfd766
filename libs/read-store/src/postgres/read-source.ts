import { openPool } from '#postgres';
import type { Position } from '#kernel';
import { notReadyBy } from '../not-ready.js';
import type { ReadSource } from '../port.js';
import type { SystemTables } from '../system-tables.js';
import { followMoves } from './moves.js';
import { inSnapshot } from './snapshot.js';
import { kyselyOver, systemOver } from './writer.js';

const STATEMENT_MS = 10_000;

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
    snapshot: (work) => inSnapshot(pool, (client) => work(kyselyOver<SystemTables>(client), systemOver(client))),
    notReady: () => notReadyBy(source),
    close: async () => {
      await moves?.close();
      if (!pool.ended) await pool.end();
    },
  };
  return source;
};
