import { killedApi } from './kill.suite.js';

killedApi('SQLite', () => ({ environment: {}, close: () => Promise.resolve() }));
