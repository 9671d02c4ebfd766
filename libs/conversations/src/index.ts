export * from './assignment-history.js';
export * from './conversation.js';
export * from './cover.js';
export * from './outbound.js';
export * from './read-marker.js';
export * from './read-markers.js';
export * from './timeline.js';
export * from './ids.js';
