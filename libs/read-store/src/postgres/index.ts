export { openPostgresRowStore } from './row-store.js';
export { readerSql } from './views.js';
export { openPostgresReadSource } from './read-source.js';
