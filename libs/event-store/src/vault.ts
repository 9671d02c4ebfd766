/** A data key: what seals the personal values of one subject (`contact:…`, `staff:…`). `key` has 32 bytes. */
export type DataKey = { readonly keyId: string; readonly key: Buffer };

/** The subject was erased: nothing can be sealed for it any more. */
export class KeyDestroyed extends Error {
  constructor(readonly subject: string) {
    super('the data key of this subject was destroyed');
    this.name = 'KeyDestroyed';
  }
}

/** A key that should be there is neither present nor destroyed: the vault is not the one that belongs to the log. */
export class KeyMissing extends Error {
  constructor(readonly keyId: string) {
    super(`the key vault has no key ${keyId}: restore the vault that belongs to this log`);
    this.name = 'KeyMissing';
  }
}

/** Where the data keys live, wrapped by the key-encryption key of the configuration. Apart from the log, so that its backups hold no keys. */
export interface KeyVault {
  /** The subjects' keys, each made by one insert-if-absent and durable before this answers. Throws KeyDestroyed. Same order. */
  dataKeys(tenant: string, subjects: readonly string[]): Promise<readonly DataKey[]>;
  /** The key that a sealed value names; `destroyed` after an erasure. Throws KeyMissing. Cached 5 s at most. */
  openingKey(keyId: string): Promise<Buffer | 'destroyed'>;
  /** 32 random bytes per tenant, made at first use, never rotated: for HMACs of addresses and requests. */
  tenantSecret(tenant: string): Promise<Buffer>;
  isEmpty(): Promise<boolean>;
  close(): Promise<void>;
}
