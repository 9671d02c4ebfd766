/** Apart from the room's door, so that an embedded installation does not load the client: `import('#event-store/eventstoredb/index')`. */
export { checkEventStoreDb, type EventStoreDbCheck } from './check.js';
export type { Counters as EventStoreDbCounters } from './counters.js';
export { EventStoreDbMisconfigured, EventStoreDbRefused } from './errors.js';
export {
  type EventStoreDb,
  type EventStoreDbHealth,
  type EventStoreDbOptions,
  openEventStoreDb,
} from './event-store-db.js';
export type { EventStoreDbLog } from './supervised-subscription.js';
