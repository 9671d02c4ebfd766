import { HttpException } from '@nestjs/common';
import type { ProblemCode } from './problem-codes.js';
import { Problem } from './problem.js';

/** What only an operator mends is not asked for again every second; said again under its key, a command is stored once. */
const mendedByOperator = (what: string) => (): Problem =>
  new Problem('store-unavailable', `${what}, then try again with the same Idempotency-Key`, {}, 30);

const DAMAGED = 'The log holds a fact that was changed from outside: an operator must restore it from its backup';

/**
 * Exceptions of other rooms by their `name`, since the platform imports none of them.
 * A missing name is a bug to its client: 500, logged with its stack.
 */
const BY_NAME: ReadonlyMap<string, () => Problem> = new Map([
  ['Busy', () => new Problem('busy')],
  ['StoreUnavailable', () => new Problem('store-unavailable')],
  ['ReadStoreUnusable', () => new Problem('store-unavailable')],
  ['AppendOutcomeUnknown', () => new Problem('store-unavailable')],
  [
    'EventStoreDbRefused',
    mendedByOperator('EventStoreDB refuses this process: an operator must correct its user or its rights'),
  ],
  ['StreamTruncated', mendedByOperator('The log lacks a part: an operator must restore it from its backup')],
  ['MalformedEvent', mendedByOperator(DAMAGED)],
  ['SealBroken', mendedByOperator(DAMAGED)],
  [
    'KeyMissing',
    mendedByOperator('The key vault lacks a key: an operator must restore the vault that belongs to this log'),
  ],
  ['CodeTooOld', () => new Problem('code-too-old')],
  ['UnknownEventType', () => new Problem('code-too-old')],
  ['UnheardEvent', () => new Problem('code-too-old')],
  ['NotYetVisible', () => new Problem('not-yet-visible')],
  ['Rebuilding', () => new Problem('rebuilding')],
  ['KeyDestroyed', () => new Problem('contact-erased')],
]);

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
  const name = 'name' in exception ? String(exception.name) : '';
  return BY_NAME.get(name)?.() ?? new Problem(BY_STATUS[statusOf(exception)] ?? 'internal');
};

const statusOf = (exception: object): number => {
  if (exception instanceof HttpException) return exception.getStatus();
  return 'statusCode' in exception && typeof exception.statusCode === 'number' ? exception.statusCode : 0;
};
