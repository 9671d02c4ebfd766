export * from './port.js';
export * from './code.js';
export * from './system.js';
export * from './system-tables.js';
export type { ParkedEventRow, ParkedRow } from './parking-tables.js';
export * from './read-models.js';
export * from './rewrite-tables.js';
export { openSqliteReadSource, openSqliteRowStore } from './sqlite/row-store.js';
