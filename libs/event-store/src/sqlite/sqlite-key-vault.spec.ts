import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyDestroyed, KeyMissing, type KeyVault, openSqliteKeyVault, StoreUnavailable } from '#event-store';

const keyEncryptionKey = Buffer.alloc(32, 7);

describe('the key vault in a file', () => {
  let folder: string;
  let path: string;
  const vaults: KeyVault[] = [];
  const opened = (options: Partial<Parameters<typeof openSqliteKeyVault>[0]> = {}): KeyVault => {
    const vault = openSqliteKeyVault({ path, keyEncryptionKey, ...options });
    vaults.push(vault);
    return vault;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portaria-'));
    path = join(folder, 'keys.db');
  });
  afterEach(async () => {
    await Promise.all(vaults.splice(0).map((vault) => vault.close()));
    rmSync(folder, { recursive: true });
  });

  it('makes one key per subject and keeps it over a restart', async () => {
    const first = opened();
    expect(await first.isEmpty()).toBe(true);
    const [a, b, again] = await first.dataKeys('t', ['contact:1', 'contact:2', 'contact:1']);
    expect(a?.key).toHaveLength(32);
    expect(again).toEqual(a);
    expect(b?.key.equals(a?.key ?? Buffer.alloc(0))).toBe(false);
    const secret = await first.tenantSecret('t');
    await first.close();
    const second = opened();
    expect(await second.isEmpty()).toBe(false);
    expect(await second.dataKeys('t', ['contact:2', 'contact:1'])).toEqual([b, a]);
    expect(await second.openingKey(a?.keyId ?? '')).toEqual(a?.key);
    expect(await second.tenantSecret('t')).toEqual(secret);
  });

  it('keeps tenants apart', async () => {
    const vault = opened();
    const [[a], [b]] = [await vault.dataKeys('t1', ['contact:1']), await vault.dataKeys('t2', ['contact:1'])];
    expect(a?.keyId).not.toBe(b?.keyId);
    expect(await vault.tenantSecret('t1')).not.toEqual(await vault.tenantSecret('t2'));
  });

  it('gives callers that come together, and a second process, the same key', async () => {
    const [one, two] = [opened(), opened()];
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, () => one.dataKeys('t', ['contact:1'])),
      ...Array.from({ length: 20 }, () => two.dataKeys('t', ['contact:1'])),
    ]);
    expect(new Set(answers.map(([key]) => key?.keyId)).size).toBe(1);
  });

  it('refuses a wrong key-encryption key with a sentence', () => {
    opened();
    expect(() => opened({ keyEncryptionKey: Buffer.alloc(32, 8) })).toThrow(
      /is not the one that .* was made with: give that one/,
    );
    expect(() => opened({ keyEncryptionKey: Buffer.alloc(31) })).toThrow(/31 bytes: give one of 32/);
  });

  it('holds no key in clear', async () => {
    const vault = opened();
    const [key] = await vault.dataKeys('t', ['contact:1']);
    for (const file of readdirSync(folder)) {
      expect(readFileSync(join(folder, file)).includes(key?.key ?? '')).toBe(false);
    }
  });

  it('opens, but makes nothing, when opened for reading', async () => {
    const [key] = await opened().dataKeys('t', ['contact:1']);
    const reader = opened({ readOnly: true });
    expect(await reader.openingKey(key?.keyId ?? '')).toEqual(key?.key);
    expect(await reader.dataKeys('t', ['contact:1'])).toEqual([key]);
    await expect(reader.dataKeys('t', ['contact:2'])).rejects.toBeInstanceOf(StoreUnavailable);
  });

  it('tells a destroyed key from one that it never had', async () => {
    const [key] = await opened().dataKeys('t', ['contact:1']);
    const db = new DatabaseSync(path);
    db.exec(`update data_keys set wrapped = null, destroyed_at = 1`);
    db.close();
    const vault = opened();
    expect(await vault.openingKey(key?.keyId ?? '')).toBe('destroyed');
    await expect(vault.dataKeys('t', ['contact:1'])).rejects.toBeInstanceOf(KeyDestroyed);
    await expect(vault.openingKey('unknown')).rejects.toBeInstanceOf(KeyMissing);
  });

  it('does not open a row that was moved to another subject', async () => {
    await opened().dataKeys('t', ['contact:1']);
    const db = new DatabaseSync(path);
    db.exec(`update data_keys set subject = 'contact:2'`);
    db.close();
    await expect(opened().dataKeys('t', ['contact:2'])).rejects.toThrow();
  });
});
