export * from './addresses.js';
export * from './consents.js';
export * from './contact.js';
export * from './contact-card.js';
export * from './coverage.js';
export * from './identity-claim.js';
export * from './ignored-messages.js';
export * from './search-text.js';
