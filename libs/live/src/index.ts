export * from './log-feed.js';
