export * from './bulk.js';
export * from './hours.js';
export * from './wallet.js';
export * from './wallet-claims.js';
export * from './wallet-contact.js';
export * from './wallet-contacts.js';
export * from './wallet-list.js';
