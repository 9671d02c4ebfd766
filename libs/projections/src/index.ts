export * from './engine.js';
export * from './options.js';
export { FoldFailed } from './generation.js';
export * from './content-hash.js';
export * from './policies.js';
export * from './worker.js';
export * from './status.js';
export * from './ops-facts.js';
