export * from './access.js';
export * from './block-history.js';
