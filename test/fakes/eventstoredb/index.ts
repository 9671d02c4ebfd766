export { FakeEventStoreDb } from './fake-event-store-db.js';
export { FakeLog } from './fake-log.js';
export type { AppendFault, Misbehaviour, ReadFault } from './misbehaviour.js';
