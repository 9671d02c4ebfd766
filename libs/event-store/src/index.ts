export * from './port.js';
export * from './vault.js';
export * from './codec.js';
export * from './runner.js';
