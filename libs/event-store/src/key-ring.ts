import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { deriveKey, unwrap, wrap } from './key-wrapping.js';

/** Key-encryption keys, of 32 bytes. `previous`: the one that a rotation replaces, as long as values may be wrapped by it. */
export type KeyEncryptionKeys = { readonly current: Buffer; readonly previous: Buffer | null };

/** Wraps with the present key-encryption key and unwraps with either. A `purpose` derives a key of its own. */
export class KeyRing {
  private readonly derived = new LRUCache<string, Buffer>({ max: 2_000 });

  constructor(private readonly keys: KeyEncryptionKeys) {}

  get isRotating(): boolean {
    return this.keys.previous !== null;
  }

  wrap(purpose: string, plain: Buffer, context: string): Buffer {
    return wrap(this.keyFor('current', purpose), plain, context);
  }

  /** 32 random bytes, wrapped. */
  wrapNew(purpose: string, context: string): Buffer {
    return this.wrap(purpose, randomBytes(32), context);
  }

  /** Null where neither key wrapped it. */
  unwrap(purpose: string, wrapped: Uint8Array, context: string): Buffer | null {
    return this.tried('current', purpose, wrapped, context) ?? this.tried('previous', purpose, wrapped, context);
  }

  /** The same value under the present key; null where it is under it already, or neither key opens it. */
  rewrapped(purpose: string, wrapped: Uint8Array, context: string): Buffer | null {
    if (this.tried('current', purpose, wrapped, context) !== null) return null;
    const plain = this.tried('previous', purpose, wrapped, context);
    return plain === null ? null : this.wrap(purpose, plain, context);
  }

  private tried(which: keyof KeyEncryptionKeys, purpose: string, wrapped: Uint8Array, context: string): Buffer | null {
    if (this.keys[which] === null) return null;
    try {
      return unwrap(this.keyFor(which, purpose), wrapped, context);
    } catch {
      return null;
    }
  }

  private keyFor(which: keyof KeyEncryptionKeys, purpose: string): Buffer {
    const name = `${which} ${purpose}`;
    const known = this.derived.get(name);
    if (known !== undefined) return known;
    const key = deriveKey(this.keys[which] ?? Buffer.alloc(0), purpose);
    this.derived.set(name, key);
    return key;
  }
}

/** Values that say which key-encryption keys a vault needs: `made` always, `rewrapping` while a rotation is under way. */
export type Marks = { readonly made: Uint8Array; readonly rewrapping: Uint8Array | null };
export const MARK = { made: 'key-encryption-key', rewrapping: 'rewrapping' } as const;

const PURPOSE = 'verification';

/** A known value under the present key. */
export const markOf = (ring: KeyRing): Buffer => ring.wrap(PURPOSE, Buffer.from('portaria'), PURPOSE);

/**
 * Why these keys do not open a vault, one sentence; null if they do. A wrong key shows at the start, not at the first erased-looking name.
 * `place` names the vault.
 */
export const mistakeOfKeys = (ring: KeyRing, marks: Marks, place: string): string | null => {
  if (ring.unwrap(PURPOSE, marks.made, PURPOSE) === null)
    return `The key-encryption key is not the one that ${place} was made with: give that one (as KEY_ENCRYPTION_KEY_PREVIOUS if another replaces it), or restore the vault that belongs to this key.`;
  if (marks.rewrapping !== null && ring.unwrap(PURPOSE, marks.rewrapping, PURPOSE) === null)
    return `A change of the key-encryption key of ${place} was begun and not finished: give the other key as KEY_ENCRYPTION_KEY_PREVIOUS and start again.`;
  return null;
};

/** A key of the wrong length, said in one sentence; null if there is none. */
export const mistakeOfLength = ({ current, previous }: KeyEncryptionKeys): string | null => {
  const wrong = [current, previous ?? current].find((key) => key.length !== 32);
  return wrong === undefined ? null : `The key-encryption key has ${String(wrong.length)} bytes: give one of 32 bytes.`;
};
