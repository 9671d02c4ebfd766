export * from './client.js';
export * from './errors.js';
export * from './schema.js';
export * from './server.js';
