import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyDestroyed, KeyMissing, type KeyVault, StoreUnavailable } from '#event-store';

const keyEncryptionKey = Buffer.alloc(32, 7);

/** An empty place for a vault, which may be opened as often as one likes. */
export type VaultPlace = {
  readonly open: (options: { readonly keyEncryptionKey: Buffer; readonly readOnly?: boolean }) => Promise<KeyVault>;
  /** Changes rows behind the vault's back; `data_keys` as the table's name. */
  readonly tamper: (sql: string) => Promise<void>;
  /** Everything that is stored, as one run of bytes. */
  readonly bytes: () => Promise<Buffer>;
  readonly clear: () => Promise<void>;
};

/** What every adapter of KeyVault must do. */
export const keyVaultSuite = (name: string, prepare: () => VaultPlace): void => {
  describe(`key vault: ${name}`, () => {
    let place: VaultPlace;
    const vaults: KeyVault[] = [];
    const opened = async (options: { keyEncryptionKey?: Buffer; readOnly?: boolean } = {}): Promise<KeyVault> => {
      const vault = await place.open({ keyEncryptionKey, ...options });
      vaults.push(vault);
      return vault;
    };
    beforeEach(() => {
      place = prepare();
    });
    afterEach(async () => {
      await Promise.all(vaults.splice(0).map((vault) => vault.close()));
      await place.clear();
    });

    it('makes one key per subject and keeps it over a restart', async () => {
      const first = await opened();
      expect(await first.isEmpty()).toBe(true);
      const [a, b, again] = await first.dataKeys('t', ['contact:1', 'contact:2', 'contact:1']);
      expect(a?.key).toHaveLength(32);
      expect(again).toEqual(a);
      expect(b?.key.equals(a?.key ?? Buffer.alloc(0))).toBe(false);
      const secret = await first.tenantSecret('t');
      await first.close();
      const second = await opened();
      expect(await second.isEmpty()).toBe(false);
      expect(await second.dataKeys('t', ['contact:2', 'contact:3', 'contact:1'])).toEqual([b, expect.anything(), a]);
      expect(await second.openingKey(a?.keyId ?? '')).toEqual(a?.key);
      expect(await second.tenantSecret('t')).toEqual(secret);
    });

    it('keeps tenants apart', async () => {
      const vault = await opened();
      const [[a], [b]] = [await vault.dataKeys('t1', ['contact:1']), await vault.dataKeys('t2', ['contact:1'])];
      expect(a?.keyId).not.toBe(b?.keyId);
      expect(await vault.tenantSecret('t1')).not.toEqual(await vault.tenantSecret('t2'));
    });

    it('gives callers that come together, and a second process, the same keys and secret', async () => {
      const both = await Promise.all([opened(), opened()]);
      const subjects = Array.from({ length: 20 }, (_, at) => `contact:${String(at)}`);
      const answers = await Promise.all(
        Array.from({ length: 40 }, async (_, at) => {
          const vault = both[at % 2]!;
          const keys = await vault.dataKeys('t', at % 3 === 0 ? subjects.toReversed() : subjects);
          return [
            ...keys.map(({ keyId, key }) => `${keyId} ${key.toString('hex')}`).sort(),
            (await vault.tenantSecret('t')).toString('hex'),
          ].join();
        }),
      );
      expect(new Set(answers).size).toBe(1);
    });

    it('refuses a wrong key-encryption key with a sentence', async () => {
      await opened();
      await expect(opened({ keyEncryptionKey: Buffer.alloc(32, 8) })).rejects.toThrow(
        /is not the one that .* was made with: give that one/,
      );
      await expect(opened({ keyEncryptionKey: Buffer.alloc(31) })).rejects.toThrow(/31 bytes: give one of 32/);
    });

    it('holds no key in clear', async () => {
      const vault = await opened();
      const [key] = await vault.dataKeys('t', ['contact:1']);
      const bytes = await place.bytes();
      expect(bytes.includes(key?.keyId ?? '')).toBe(true);
      expect(bytes.includes(key?.key ?? '')).toBe(false);
    });

    it('opens, but makes nothing, when opened for reading', async () => {
      const [key] = await (await opened()).dataKeys('t', ['contact:1']);
      const reader = await opened({ readOnly: true });
      expect(await reader.openingKey(key?.keyId ?? '')).toEqual(key?.key);
      expect(await reader.dataKeys('t', ['contact:1'])).toEqual([key]);
      await expect(reader.dataKeys('t', ['contact:2'])).rejects.toBeInstanceOf(StoreUnavailable);
    });

    it('tells a destroyed key from one that it never had', async () => {
      const [key] = await (await opened()).dataKeys('t', ['contact:1']);
      await place.tamper('update data_keys set wrapped = null, destroyed_at = 1');
      const vault = await opened();
      expect(await vault.openingKey(key?.keyId ?? '')).toBe('destroyed');
      await expect(vault.dataKeys('t', ['contact:1'])).rejects.toBeInstanceOf(KeyDestroyed);
      await expect(vault.openingKey('unknown')).rejects.toBeInstanceOf(KeyMissing);
    });

    it('does not open a row that was moved to another subject', async () => {
      await (await opened()).dataKeys('t', ['contact:1']);
      await place.tamper(`update data_keys set subject = 'contact:2'`);
      await expect((await opened()).dataKeys('t', ['contact:2'])).rejects.toThrow();
    });
  });
};
