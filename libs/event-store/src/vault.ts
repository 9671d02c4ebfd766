/** A data key: what seals the personal values of one subject (`contact:…`, `staff:…`). `key` has 32 bytes. */
export type DataKey = { readonly keyId: string; readonly key: Buffer };

/** The subject was erased: nothing can be sealed for it any more. */
export class KeyDestroyed extends Error {
  constructor(readonly subject: string) {
    super('the data key of this subject was destroyed');
    this.name = 'KeyDestroyed';
  }
}

/** A key that should be there is neither present nor destroyed, or cannot be unwrapped: the vault or its key is not the one that belongs to the log. */
export class KeyMissing extends Error {
  constructor(
    readonly keyId: string,
    isWrapped = false,
  ) {
    super(
      isWrapped
        ? `the key ${keyId} of the vault is wrapped by another key-encryption key: give that one as KEY_ENCRYPTION_KEY_PREVIOUS`
        : `the key vault has no key ${keyId}: restore the vault that belongs to this log`,
    );
    this.name = 'KeyMissing';
  }
}

/** How long an unwrapped key may outlive its destruction in a process, in milliseconds. */
export const KEY_CACHE_MS = 5_000;

/** A tombstone. `destroyedAt` is RFC 3339 UTC with milliseconds. */
export type DestroyedKey = { readonly subject: string; readonly keyId: string; readonly destroyedAt: string };

/** Where the data keys live, wrapped by the key-encryption key of the configuration. Apart from the log, so that its backups hold no keys. */
export interface KeyVault {
  /** The subjects' keys, each made by one insert-if-absent and durable before this answers. Throws KeyDestroyed. Same order. */
  dataKeys(tenant: string, subjects: readonly string[]): Promise<readonly DataKey[]>;
  /** The key that a sealed value names; `destroyed` after an erasure. Throws KeyMissing. Cached 5 s at most. */
  openingKey(keyId: string): Promise<Buffer | 'destroyed'>;
  /**
   * Destroys the subjects' keys, durable before this answers: what they sealed opens for nobody any more, here at once and in other processes
   * after KEY_CACHE_MS, and nothing is sealed for them again. Leaves tombstones, also for subjects that never had a key.
   * Destroyed again, a key keeps its first time. Same order.
   */
  destroy(tenant: string, subjects: readonly string[]): Promise<readonly DestroyedKey[]>;
  /** Subjects that have a key, or had one, whose name begins so. In order of their names. */
  subjects(tenant: string, prefix: string): Promise<readonly string[]>;
  /** Takes what destroyed keys have left off the disk, as far as the store can. False: somebody reads it just now, try again. */
  purge(): Promise<boolean>;
  /** Wraps anew what the previous key-encryption key wrapped. Says how many; begun again after an end in the middle. */
  rewrap(): Promise<number>;
  /** 32 random bytes per tenant, made at first use, never rotated: for HMACs of addresses and requests. */
  tenantSecret(tenant: string): Promise<Buffer>;
  isEmpty(): Promise<boolean>;
  close(): Promise<void>;
}
