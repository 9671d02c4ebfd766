import { eventStoreDbTruths } from '../../../../test/conformance/event-store-db.suite.js';
import { eventStoreConformance } from '../../../../test/conformance/event-store.suite.js';
import { FakeEventStoreDb } from '../../../../test/fakes/eventstoredb/index.js';
import { openEventStoreDb } from './index.js';

eventStoreConformance('EventStoreDB, faked', async () => {
  const fake = await FakeEventStoreDb.start();
  const store = openEventStoreDb({ connectionString: fake.connectionString, categories: ['suite'], prefix: 'run1' });
  return {
    store,
    close: async () => {
      await store.close();
      await fake.stop();
    },
  };
});

eventStoreDbTruths('fake', async () => {
  const fake = await FakeEventStoreDb.start();
  return { connectionString: fake.connectionString, stop: () => fake.stop() };
});
