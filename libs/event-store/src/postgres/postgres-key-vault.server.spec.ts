import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keysSchemaOf, PostgresUnusable } from '#postgres';
import { keyVaultSuite } from '../../../../test/conformance/key-vault.suite.js';
import { postgresUrl, postgresWorld, type World } from '../../../../test/fixtures/postgres-world.js';
import { openPostgresKeyVault } from './index.js';

if (postgresUrl === '') it.skip('the key vault on PostgreSQL (POSTGRES_URL is not set)', () => undefined);
else {
  keyVaultSuite('PostgreSQL', () => {
    const world = postgresWorld();
    const keys = keysSchemaOf(world.schema);
    return {
      open: (options) => openPostgresKeyVault({ url: world.url, ...options }),
      tamper: async (sql) => {
        await world.ask(`set search_path = ${keys}; ${sql}`);
      },
      wrapped: async () =>
        (await world.ask(`select wrapped from ${keys}.data_keys where wrapped is not null`)).map((row) =>
          Buffer.from(row['wrapped'] as Uint8Array),
        ),
      bytes: async () => {
        const parts: Buffer[] = [];
        for (const table of ['data_keys', 'tenant_secrets', 'verification']) {
          for (const row of await world.ask(`select * from ${keys}.${table}`)) {
            for (const value of Object.values(row))
              parts.push(value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value)));
          }
        }
        return Buffer.concat(parts);
      },
      clear: () => world.drop(),
    };
  });

  describe('the key vault on PostgreSQL', () => {
    const keyEncryptionKey = Buffer.alloc(32, 7);
    let world: World;
    beforeEach(() => {
      world = postgresWorld();
    });
    afterEach(() => world.drop());

    it('stands in a schema of its own, beside that of the read models', () => {
      expect([keysSchemaOf('public'), keysSchemaOf('acme')]).toEqual(['portaria_keys', 'acme_keys']);
    });

    it('goes on after its connections were cut', async () => {
      const vault = await openPostgresKeyVault({ url: world.url, keyEncryptionKey });
      const [key] = await vault.dataKeys('t', ['contact:1']);
      await Promise.all(['contact:2', 'contact:3', 'contact:4'].map((subject) => vault.dataKeys('t', [subject])));
      expect(await world.cut()).toBeGreaterThan(1);
      const other = await openPostgresKeyVault({ url: world.url, keyEncryptionKey, readOnly: true });
      expect(await other.dataKeys('t', ['contact:1'])).toEqual([key]);
      expect(await vault.dataKeys('t', ['contact:5'])).toHaveLength(1);
      await vault.close();
      await other.close();
      expect(await world.cut()).toBe(0);
    });

    it('is not made by whoever may only read', async () => {
      await expect(openPostgresKeyVault({ url: world.url, keyEncryptionKey, readOnly: true })).rejects.toThrow(
        /data_keys|verification/,
      );
      await expect(
        openPostgresKeyVault({ url: 'postgres://a:b@127.0.0.1:1/c', keyEncryptionKey }),
      ).rejects.toBeInstanceOf(PostgresUnusable);
    });
  });
}
