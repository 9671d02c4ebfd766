export * from './event.js';
export * from './command.js';
export * from './rejection.js';
export * from './decider.js';
export * from './projection.js';
export * from './policy.js';
export * from './stream.js';
export * from './time.js';
