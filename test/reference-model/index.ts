// The door of the reference model: worlds, operations, histories and what histories must keep. No I/O, no test framework.
export * from './world.js';
export * from './operations.js';
export * from './history.js';
export * from './blocking-invariants.js';
export * from './invariants.js';
export * from './merge-invariants.js';
export * from './wallet-invariants.js';
export { compare, compareOutcomes, pictured } from './compare.js';
export { observed, Observer } from './observe.js';
export { perform } from './perform.js';
