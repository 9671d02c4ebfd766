export { openPostgresRowStore } from './row-store.js';
export { openPostgresReadSource } from './read-source.js';
