export * from './engine.js';
export * from './options.js';
export { FoldFailed } from './generation.js';
export * from './content-hash.js';
