import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyDestroyed, KeyMissing, type KeyVault, StoreUnavailable } from '#event-store';

const keyEncryptionKey = Buffer.alloc(32, 7);

/** An empty place for a vault, which may be opened as often as one likes. */
export type VaultPlace = {
  readonly open: (options: {
    readonly keyEncryptionKey: Buffer;
    readonly previousKey?: Buffer;
    readonly readOnly?: boolean;
  }) => Promise<KeyVault>;
  /** Changes rows behind the vault's back; `data_keys` as the table's name. */
  readonly tamper: (sql: string) => Promise<void>;
  /** The wrapped keys that there are, as they are stored. */
  readonly wrapped: () => Promise<readonly Buffer[]>;
  /** Everything that is stored, as one run of bytes. */
  readonly bytes: () => Promise<Buffer>;
  readonly clear: () => Promise<void>;
};

/** What every adapter of KeyVault must do. */
export const keyVaultSuite = (name: string, prepare: () => VaultPlace): void => {
  describe(`key vault: ${name}`, () => {
    let place: VaultPlace;
    const vaults: KeyVault[] = [];
    const opened = async (
      options: { keyEncryptionKey?: Buffer; previousKey?: Buffer; readOnly?: boolean } = {},
    ): Promise<KeyVault> => {
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

    it('tells a destroyed key from one that it never had, here at once and wherever it is opened', async () => {
      const vault = await opened();
      const [key, other] = await vault.dataKeys('t', ['contact:1', 'contact:2']);
      const [destroyed] = await vault.destroy('t', ['contact:1']);
      expect(destroyed).toMatchObject({ subject: 'contact:1', keyId: key?.keyId });
      for (const one of [vault, await opened()]) {
        expect(await one.openingKey(key?.keyId ?? '')).toBe('destroyed');
        await expect(one.dataKeys('t', ['contact:2', 'contact:1'])).rejects.toBeInstanceOf(KeyDestroyed);
        await expect(one.openingKey('unknown')).rejects.toBeInstanceOf(KeyMissing);
        expect(await one.dataKeys('t', ['contact:2'])).toEqual([other]);
      }
    });

    it('destroys a key once: it keeps its id and its time', async () => {
      const vault = await opened();
      await vault.dataKeys('t', ['contact:1']);
      const first = await vault.destroy('t', ['contact:1']);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await (await opened()).destroy('t', ['contact:1'])).toEqual(first);
    });

    it('leaves a tombstone for who never had a key, and touches no other tenant', async () => {
      const vault = await opened();
      const [other] = await vault.dataKeys('other', ['contact:1']);
      const [one] = await vault.destroy('t', ['contact:1']);
      expect(await vault.openingKey(one?.keyId ?? '')).toBe('destroyed');
      await expect(vault.dataKeys('t', ['contact:1'])).rejects.toBeInstanceOf(KeyDestroyed);
      expect(await vault.dataKeys('other', ['contact:1'])).toEqual([other]);
    });

    it('names the subjects that begin so, the destroyed among them', async () => {
      const vault = await opened();
      await vault.dataKeys('t', ['day:1.b', 'day:1.a', 'day:10.a', 'contact:1']);
      await vault.dataKeys('other', ['day:1.c']);
      await vault.destroy('t', ['day:1.a']);
      expect(await vault.subjects('t', 'day:1.')).toEqual(['day:1.a', 'day:1.b']);
      expect(await vault.subjects('t', 'day:2.')).toEqual([]);
    });

    it('keeps no byte of a destroyed key where the store can do that', async () => {
      const vault = await opened();
      await vault.dataKeys('t', ['contact:1']);
      const [wrapped] = await place.wrapped();
      expect((await place.bytes()).includes(wrapped ?? '')).toBe(true);
      await vault.destroy('t', ['contact:1']);
      while (!(await vault.purge())) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await place.wrapped()).toEqual([]);
      expect((await place.bytes()).includes(wrapped ?? '')).toBe(false);
    });

    describe('whose key-encryption key is replaced', () => {
      const next = Buffer.alloc(32, 9);
      const rotated = { keyEncryptionKey: next, previousKey: keyEncryptionKey };

      it('opens with either, and with the new one alone once everything is wrapped anew', async () => {
        const before = await opened();
        const keys = await before.dataKeys('t', ['contact:1', 'contact:2']);
        const secret = await before.tenantSecret('t');
        await before.destroy('t', ['contact:2']);
        const both = await opened(rotated);
        expect(await both.dataKeys('t', ['contact:1'])).toEqual([keys[0]]);
        const reader = await opened({ ...rotated, readOnly: true });
        expect(await both.rewrap()).toBe(2);
        // Opened before, it still opens what was wrapped anew meanwhile.
        expect(await reader.openingKey(keys[0]?.keyId ?? '')).toEqual(keys[0]?.key);
        const alone = await opened({ keyEncryptionKey: next });
        expect(await alone.dataKeys('t', ['contact:1'])).toEqual([keys[0]]);
        expect(await alone.tenantSecret('t')).toEqual(secret);
        expect(await alone.openingKey(keys[1]?.keyId ?? '')).toBe('destroyed');
        await expect(opened()).rejects.toThrow(/give that one/);
      });

      it('has nothing to do when it is asked again, or where nothing is replaced', async () => {
        const before = await opened();
        await before.dataKeys('t', ['contact:1']);
        expect(await before.rewrap()).toBe(0);
        expect(await (await opened(rotated)).rewrap()).toBe(1);
        expect(await (await opened(rotated)).rewrap()).toBe(0);
      });

      it('goes on where it was cut off, and needs both keys until then', async () => {
        const subjects = Array.from({ length: 500 }, (_, at) => `contact:${String(at)}`);
        const keys = await (await opened()).dataKeys('t', subjects);
        const cut = await opened(rotated);
        const cutting = cut.rewrap().catch(() => 'cut off');
        await new Promise((resolve) => setImmediate(resolve));
        await cut.close();
        expect(await cutting).toBe('cut off');
        await expect(opened({ keyEncryptionKey: next })).rejects.toThrow(/KEY_ENCRYPTION_KEY_PREVIOUS/);
        const again = await opened(rotated);
        expect(await again.dataKeys('t', subjects)).toEqual(keys);
        await again.rewrap();
        expect(await (await opened({ keyEncryptionKey: next })).dataKeys('t', subjects)).toEqual(keys);
      });

      it('loses nothing to several processes at once, nor to keys made and destroyed meanwhile', async () => {
        const subjects = Array.from({ length: 300 }, (_, at) => `contact:${String(at)}`);
        const keys = await (await opened()).dataKeys('t', subjects);
        const [one, two] = [await opened(rotated), await opened(rotated)];
        const [, , made, [gone]] = await Promise.all([
          one.rewrap(),
          two.rewrap(),
          one.dataKeys('t', ['contact:new']),
          two.destroy('t', ['contact:7']),
        ]);
        const alone = await opened({ keyEncryptionKey: next });
        const rest = subjects.filter((subject) => subject !== 'contact:7');
        expect(await alone.dataKeys('t', rest)).toEqual(keys.filter((_, at) => at !== 7));
        expect(await alone.dataKeys('t', ['contact:new'])).toEqual(made);
        expect(await alone.openingKey(gone?.keyId ?? '')).toBe('destroyed');
      });

      it('says which key is missing where only some values need it', async () => {
        const vault = await opened();
        const [key] = await vault.dataKeys('t', ['contact:1']);
        await vault.tenantSecret('t');
        await place.tamper('update data_keys set wrapped = tenant_secrets.wrapped from tenant_secrets');
        await expect((await opened()).openingKey(key?.keyId ?? '')).rejects.toThrow(/KEY_ENCRYPTION_KEY_PREVIOUS/);
      });
    });

    it('does not open a row that was moved to another subject', async () => {
      await (await opened()).dataKeys('t', ['contact:1']);
      await place.tamper(`update data_keys set subject = 'contact:2'`);
      await expect((await opened()).dataKeys('t', ['contact:2'])).rejects.toThrow();
    });
  });
};
