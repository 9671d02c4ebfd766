import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { isUuid } from './ids.js';
import { isStorableText } from './json.js';
import { invalid, type FieldError } from './problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Taken over from `X-Correlation-Id` or made. */
    correlationId: string;
  }
}

/** `X-Correlation-Id` where it has the form, else a new one (source: spec/http-api.md, "Habits"). */
export const correlationIdOf = (headers: FastifyRequest['headers']): string => {
  const given = headers['x-correlation-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
};

/** A well-formed `traceparent` of W3C Trace Context, else nothing: a broken one is no reason to refuse. */
export const traceparentOf = (request: FastifyRequest): string | undefined => {
  const given = request.headers['traceparent'];
  return typeof given === 'string' &&
    /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(given)
    ? given
    : undefined;
};

/** The command id that the client chose, in lower case. */
export const idempotencyKeyOf = (request: FastifyRequest): string | undefined => {
  const given = request.headers['idempotency-key'];
  return typeof given === 'string' ? given.toLowerCase() : undefined;
};

/** `If-Match: "<revision>"`, for the runner's `expectedRevision`. */
export const expectedRevision = (request: FastifyRequest): number | undefined => {
  const given = request.headers['if-match'];
  return given === undefined ? undefined : Number(given.slice(1, -1));
};

/** `{ expectedRevision }` where the client asks for one: the runner's options. */
export const runOptions = (request: FastifyRequest): { readonly expectedRevision?: number } => {
  const revision = expectedRevision(request);
  return revision === undefined ? {} : { expectedRevision: revision };
};

/** Headers, path and query string that no route has to check itself. Throws Problem 400. */
export const checkHabits = (request: FastifyRequest): void => {
  const errors: FieldError[] = [];
  const key = request.headers['idempotency-key'];
  if (key !== undefined && !(typeof key === 'string' && isUuid(key))) {
    errors.push({ path: 'Idempotency-Key', message: 'must be a UUID' });
  }
  const match = request.headers['if-match'];
  if (match !== undefined && !/^"\d{1,15}"$/.test(match)) {
    errors.push({ path: 'If-Match', message: 'must be a revision in quotes: "7"' });
  }
  if (!isDecodable(request.raw.url ?? '')) errors.push({ path: 'query', message: 'is not percent-encoded UTF-8' });
  for (const part of ['params', 'query'] as const) {
    for (const [name, value] of Object.entries((request[part] ?? {}) as Record<string, unknown>)) {
      const texts = [name, ...(Array.isArray(value) ? (value as unknown[]) : [value])];
      if (!texts.every((text) => typeof text !== 'string' || isStorableText(text))) {
        errors.push({ path: isStorableText(name) ? name : part, message: 'has U+0000 or a lone surrogate' });
      }
    }
  }
  if (errors.length > 0) throw invalid(errors);
};

/** Fastify's parser leaves what it cannot decode as it came; storing that would be a lie. */
const isDecodable = (url: string): boolean => {
  if (!url.includes('%')) return true;
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
};
