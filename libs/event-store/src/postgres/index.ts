export { openPostgresKeyVault, type PostgresKeyVaultOptions } from './postgres-key-vault.js';
