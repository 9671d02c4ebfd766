import { isTransient as passes } from '#postgres/errors';
import { ReadStoreUnusable } from './port.js';

/** SQLITE_BUSY and SQLITE_LOCKED. */
const IN_USE: ReadonlySet<number> = new Set([5, 6]);

/**
 * Passes when tried again, by nobody's doing, on whatever store: connection, conflict, deadlock, time-out, a lack of resources of the server.
 * Everything else (a fold that throws, a row that fits no column, a newer holder, a file of no use) comes out the same on every try.
 */
export const isTransient = (error: unknown): boolean => {
  if (error instanceof ReadStoreUnusable) return !error.final && isTransient(error.cause);
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return (typeof code === 'number' && IN_USE.has(code & 0xff)) || passes(error);
};
