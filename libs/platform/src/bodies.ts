import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseBytes, parseLines } from './json.js';
import { problem } from './problem.js';

export const MAX_BODY_BYTES = 2 * 1024 * 1024;
export const MAX_NDJSON_BYTES = 32 * 1024 * 1024;
/** A body that is too large is read to its end up to this size, since a client that still writes would not read the answer. */
const MAX_DRAINED_BYTES = 64 * 1024 * 1024;

const NDJSON = 'application/x-ndjson';

/** JSON and NDJSON, and nothing else: our parsers replace those of Fastify. */
export const registerBodies = (fastify: FastifyInstance): void => {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) => Promise.resolve(parseBytes(body)),
  );
  fastify.addContentTypeParser(
    NDJSON,
    { parseAs: 'buffer', bodyLimit: MAX_NDJSON_BYTES },
    async (_request: FastifyRequest, body: Buffer) => Promise.resolve(parseLines(body)),
  );
  fastify.addHook('preParsing', async (request) => {
    if (request.is404) return;
    await checkBody(request);
  });
};

/** 413 and 415 before the body is read. */
const checkBody = async (request: FastifyRequest): Promise<void> => {
  const { ndjson } = request.routeOptions.config.portaria ?? {};
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > (ndjson === true ? MAX_NDJSON_BYTES : MAX_BODY_BYTES)) {
    if (length <= MAX_DRAINED_BYTES) await drain(request);
    throw problem('body-too-large');
  }
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  // Lines must call themselves so; a command without a body needs no type.
  const fits = ndjson === true ? type === NDJSON : type !== NDJSON;
  if (!fits) throw problem('unsupported-media-type');
  // Nothing is unpacked, so that what is small on the way is small here.
  if ((request.headers['content-encoding'] ?? 'identity').trim().toLowerCase() !== 'identity') {
    throw problem('unsupported-media-type', 'Send the body as it is, without a Content-Encoding');
  }
};

const drain = async (request: FastifyRequest): Promise<void> => {
  await new Promise<void>((resolve) => {
    request.raw.once('end', resolve).once('close', resolve).resume();
  });
};
