export * from './as-of.js';
export * from './inbox.js';
