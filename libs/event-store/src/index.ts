export * from './port.js';
export * from './registry.js';
export * from './codec.js';
export * from './vault.js';
export * from './runner.js';
export { createCodec } from './json-codec.js';
export { type ReadingOptions, Streams } from './streams.js';
export { isSealed } from './sealing.js';
export { LogTail } from './log-tail.js';
export { createCommandRunner, type CommandRunnerOptions } from './command-runner.js';
export { ensureLogStarted, logEvents, type LogStarted, logStream, readLogId } from './log-identity.js';
export { DataFolderError, type DataFolderLock, lockDataFolder } from './sqlite/data-folder.js';
export {
  openSqliteEventReader,
  openSqliteEventStore,
  type SqliteEventReader,
  type SqliteEventStore,
  type SqliteEventStoreOptions,
} from './sqlite/sqlite-event-store.js';
export { openSqliteKeyVault, type SqliteKeyVaultOptions } from './sqlite/sqlite-key-vault.js';
export { type Closing, exportLog, importLog, NotAnExport, TargetTaken, verifyExport } from './log-transfer.js';
export { copyDataFile, damageOf } from './sqlite/file-copy.js';
export { fitOf, type VaultFit } from './vault-fit.js';
