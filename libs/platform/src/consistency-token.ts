import type { Position } from '#kernel';
import { problem } from './problem.js';

/** What a client has seen: a place in a log. `position` is `null` for an empty log; `logId` tells logs apart after a move. */
export type ConsistencyToken = { readonly logId: string; readonly position: Position | null };

/** Opaque to clients. */
export const encodeToken = ({ logId, position }: ConsistencyToken): string =>
  Buffer.from(JSON.stringify([1, logId, position])).toString('base64url');

/** Throws Problem 400 `token-invalid` for what `encodeToken` did not make. */
export const decodeToken = (token: string): ConsistencyToken => {
  const parts = partsOf(token);
  if (parts?.[0] !== 1 || parts.length !== 3) throw problem('token-invalid');
  const [, logId, position] = parts;
  if (typeof logId !== 'string' || (position !== null && typeof position !== 'string')) throw problem('token-invalid');
  return { logId, position: position as Position | null };
};

/** The list inside base64url JSON, `null` if it is none. */
export const partsOf = (text: string): readonly unknown[] | null => {
  if (text.length > 4000 || !/^[A-Za-z0-9_-]+$/.test(text)) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
};
