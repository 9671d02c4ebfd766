// Runs the statements of queries that may look at every row, on a connection and in a thread of its own: HTTP waits for none of them.
import { parentPort, workerData } from 'node:worker_threads';
import { openReadDatabase, rowsOf, type Connection } from './database.js';
import type { Answer, Question } from './scan-lane.js';

const { path } = workerData as { readonly path: string };
/** Opened by the first question: that it cannot be is an answer like another. */
let connection: Connection | null = null;

type Coded = { readonly errcode?: unknown };

const answerTo = ({ sql, parameters }: Question): Answer => {
  try {
    connection ??= openReadDatabase(path, 'read');
    return { rows: rowsOf(connection.prepare(sql), parameters) };
  } catch (error) {
    const { message, errcode, cause } = error as Error & Coded;
    return { message, errcode: errcode ?? (cause as Coded | undefined)?.errcode };
  }
};

parentPort?.on('message', (question: Question) => {
  parentPort?.postMessage(answerTo(question));
});
