// Runs the statements of queries that may look at every row, on a connection and in a thread of its own: HTTP waits for none of them.
import { parentPort, workerData } from 'node:worker_threads';
import { openReadDatabase, rowsOf } from './database.js';
import type { Answer, Question } from './scan-lane.js';

const { path } = workerData as { readonly path: string };
const connection = openReadDatabase(path, 'read');

const answerTo = ({ sql, parameters }: Question): Answer => {
  try {
    return { rows: rowsOf(connection.prepare(sql), parameters) };
  } catch (error) {
    return { message: (error as Error).message, errcode: (error as { readonly errcode?: unknown }).errcode };
  }
};

parentPort?.on('message', (question: Question) => {
  parentPort?.postMessage(answerTo(question));
});
