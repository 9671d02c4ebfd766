import { join } from 'node:path';
import { openSqliteKeyVault, type KeyVault } from '#event-store';
import type { Configuration, PostgresOrFile } from '#platform';

/** Where a thread finds the keys; may hold credentials. */
export type KeyPlace =
  { readonly kind: 'sqlite'; readonly path: string } | Extract<PostgresOrFile, { kind: 'postgres' }>;

export const keyPlaceOf = ({ keyVault, dataDir }: Configuration): KeyPlace =>
  keyVault.kind === 'sqlite' ? { kind: 'sqlite', path: join(dataDir, 'keys.db') } : keyVault;

/** For sentences. */
export const keyPlaceName = (place: KeyPlace): string => (place.kind === 'sqlite' ? place.path : 'on PostgreSQL');

/** The configured keys that unwrap what the vault holds, of 32 bytes each. */
export type KeyEncryption = Pick<Configuration, 'keyEncryptionKey' | 'keyEncryptionKeyPrevious'>;

type KeyOptions = {
  readonly readOnly?: boolean;
  /** The disk failed under the keys: the process has to end. */
  readonly onBroken?: (error: Error) => void;
};

/** Throws DataFolderError or PostgresUnusable, also for a wrong key-encryption key. */
export const openKeys = async (
  place: KeyPlace,
  { keyEncryptionKey, keyEncryptionKeyPrevious: previousKey }: KeyEncryption,
  { readOnly = false, onBroken = () => undefined }: KeyOptions = {},
): Promise<KeyVault> => {
  const options = { keyEncryptionKey, previousKey, readOnly };
  return place.kind === 'sqlite'
    ? openSqliteKeyVault({ path: place.path, onBroken, ...options })
    : (await import('#event-store/postgres/index')).openPostgresKeyVault({ url: place.url, ...options });
};
