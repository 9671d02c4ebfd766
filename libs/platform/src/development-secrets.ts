import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY_FILE = 'development-key-encryption-key';

/** The secrets of a development installation, made at its first start and kept in `dataDir`, readable by their owner only. */
export const developmentSecrets = (
  dataDir: string,
): { readonly authJwtSecret: string; readonly keyEncryptionKey: string } => ({
  authJwtSecret: kept(dataDir, 'development-jwt-secret'),
  keyEncryptionKey: kept(dataDir, KEY_FILE),
});

/** The key of a development installation, for who only looks at it. Throws where there is none, and makes nothing. */
export const developmentKey = (dataDir: string): string => readFileSync(join(dataDir, KEY_FILE), 'utf8').trim();

const kept = (dataDir: string, name: string): string => {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, name);
  const draft = `${path}.${String(process.pid)}`;
  writeFileSync(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  try {
    // A link appears whole or not at all, and of two first starts at once only one makes it.
    linkSync(draft, path);
  } catch (error) {
    if (!(Error.isError(error) && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(draft);
  }
  chmodSync(path, 0o600);
  return readFileSync(path, 'utf8').trim();
};
