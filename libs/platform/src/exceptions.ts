import { HttpException } from '@nestjs/common';
import type { ProblemCode } from './problem-codes.js';
import { Problem } from './problem.js';

/**
 * Exceptions of other rooms by their name, since the platform imports none of them.
 * A missing name is a bug to its client: 500, logged with its stack.
 */
const codes = new Map<string, ProblemCode>([
  ['Busy', 'busy'],
  ['StoreUnavailable', 'store-unavailable'],
  ['ReadStoreUnusable', 'store-unavailable'],
  ['AppendOutcomeUnknown', 'store-unavailable'],
  ['CodeTooOld', 'code-too-old'],
  ['UnheardEvent', 'code-too-old'],
  ['NotYetVisible', 'not-yet-visible'],
  ['Rebuilding', 'rebuilding'],
  ['KeyDestroyed', 'contact-erased'],
]);

/** Says how an exception named `errorName` is answered. Called by apps before they listen. */
export const problemFor = (errorName: string, code: ProblemCode): void => {
  codes.set(errorName, code);
};

/** What Fastify and Nest themselves throw for requests that they cannot read, by status. */
const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  400: 'invalid-request',
  404: 'not-found',
  405: 'not-found',
  408: 'invalid-request',
  413: 'body-too-large',
  414: 'not-found',
  415: 'unsupported-media-type',
  429: 'rate-limited',
  431: 'invalid-request',
};

/** Any exception as an answer. The texts of unknown exceptions never reach a client: they may hold what a log may not. */
export const toProblem = (exception: unknown): Problem => {
  if (exception instanceof Problem) return exception;
  // Not by Error.isError: those of Fastify are made by a plain function.
  if (typeof exception !== 'object' || exception === null) return new Problem('internal');
  const name = 'name' in exception ? codes.get(String(exception.name)) : undefined;
  const code = name ?? codes.get(exception.constructor.name) ?? BY_STATUS[statusOf(exception)];
  return new Problem(code ?? 'internal');
};

const statusOf = (exception: object): number => {
  if (exception instanceof HttpException) return exception.getStatus();
  return 'statusCode' in exception && typeof exception.statusCode === 'number' ? exception.statusCode : 0;
};
