export * from './staff-list.js';
export * from './staff-member.js';
