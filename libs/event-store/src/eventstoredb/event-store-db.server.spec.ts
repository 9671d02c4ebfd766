import { randomBytes } from 'node:crypto';
import { it } from '@jest/globals';
import { eventStoreDbTruths } from '../../../../test/conformance/event-store-db.suite.js';
import { eventStoreConformance } from '../../../../test/conformance/event-store.suite.js';
import { openEventStoreDb } from './index.js';

const connectionString = process.env['EVENTSTORE_URL'] ?? '';

if (connectionString === '') {
  // POSTGRES_URL alone was given: what is not asked for is said, not passed over.
  it.skip('a real EventStoreDB (EVENTSTORE_URL is not set)', () => undefined);
} else {
  eventStoreConformance('EventStoreDB', () => {
    const prefix = `t${randomBytes(6).toString('hex')}`;
    const store = openEventStoreDb({ connectionString, categories: ['suite'], prefix });
    return Promise.resolve({ store, close: () => store.close() });
  });
  eventStoreDbTruths('real', () => Promise.resolve({ connectionString, stop: () => Promise.resolve() }));
}
