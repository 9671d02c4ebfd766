import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { keyObjectOf } from './key-objects.js';

const nonceBytes = 12;
const tagBytes = 16;

/** AES-256-GCM: nonce, ciphertext, tag. `context` is bound to the result, not stored. */
export const wrap = (key: Buffer, plain: Buffer, context: string): Buffer => {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', keyObjectOf(key), nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
};

/**
 * Throws where the key, the context or the bytes are not those of `wrap`. What it returns has memory of its own: small buffers share a pool
 * of 64 KiB, which a key that is kept would keep too.
 */
export const unwrap = (key: Buffer, wrapped: Uint8Array, context: string): Buffer => {
  const bytes = Buffer.from(wrapped);
  const decipher = createDecipheriv('aes-256-gcm', keyObjectOf(key), bytes.subarray(0, nonceBytes))
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(-tagBytes));
  const pooled = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  const plain = Buffer.alloc(pooled.length);
  pooled.copy(plain);
  pooled.fill(0);
  return plain;
};

/** A key for one purpose, derived (HKDF-SHA-256) from the key-encryption key of the configuration. */
export const deriveKey = (keyEncryptionKey: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', keyEncryptionKey, Buffer.alloc(0), `portaria/${purpose}`, 32));
