export * from './address-claims.js';
export * from './block-filter.js';
export * from './blocked-contacts.js';
export * from './hidden-messages.js';
export * from './kept-messages.js';
export * from './quarantined-days.js';
