import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

const known = new WeakMap<Buffer, KeyObject>();

/** HMAC-SHA-256. The secret's key object is kept while the buffer is: making it costs 8 of 10 µs. */
export const keyedHash = (secret: Buffer, text: string, encoding: 'hex' | 'base64url'): string => {
  let key = known.get(secret);
  if (key === undefined) known.set(secret, (key = createSecretKey(secret)));
  return createHmac('sha256', key).update(text).digest(encoding);
};
