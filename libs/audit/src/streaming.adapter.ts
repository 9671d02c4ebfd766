import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

const ENOUGH = 64 * 1024;

/**
 * Answers with text that is made while it is sent: the next part is asked for when the client has taken those before. What fails before
 * the first part is a refusal like any other; later the answer is cut, so that nobody takes it for whole.
 */
export const sendText = async (reply: FastifyReply, type: string, parts: AsyncIterable<string>): Promise<void> => {
  const chunks = inChunks(parts);
  const first = await chunks.next();
  const all = async function* (): AsyncGenerator<string> {
    if (first.done === true) return;
    yield first.value;
    yield* chunks;
  };
  await reply
    .status(200)
    .type(type)
    .send(Readable.from(all(), { objectMode: false }));
};

/** Lines are short: as many as make a packet go together. */
const inChunks = async function* (parts: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let chunk = '';
  for await (const part of parts) {
    chunk += part;
    if (chunk.length < ENOUGH) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
};

export const NDJSON = 'application/x-ndjson; charset=utf-8';
export const CSV = 'text/csv; charset=utf-8';
