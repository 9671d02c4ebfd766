import { parentPort, workerData } from 'node:worker_threads';
import { viewLog } from '#apps/event-store';
import { silent, type Reading } from './event-store-db-reading.js';

// Reads a log for another thread: its pages, then `null`.
const { place, after } = workerData as Reading;
const log = await viewLog(place, silent);
for await (const page of log.readAll({ after })) parentPort?.postMessage(page);
parentPort?.postMessage(null);
await log.close();
