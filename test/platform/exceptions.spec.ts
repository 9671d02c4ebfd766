// Exceptions of the other rooms, which the platform knows by their names only: the very classes, so that none is renamed away.
import { describe, expect, it } from '@jest/globals';
import {
  AppendOutcomeUnknown,
  Busy,
  CodeTooOld,
  KeyDestroyed,
  KeyMissing,
  MalformedEvent,
  SealBroken,
  StoreUnavailable,
  StreamTruncated,
  UnknownEventType,
} from '#event-store';
import { EventStoreDbRefused } from '#event-store/eventstoredb/index';
import { type Position, UnheardEvent } from '#kernel';
import { toProblem } from '#platform';
import { NotYetVisible, Rebuilding } from '#read-store';

describe('an exception of a store', () => {
  it.each([
    [new Busy('s'), 'busy', 1, /Nothing was stored/],
    [new StoreUnavailable('s3cret'), 'store-unavailable', 2, /same Idempotency-Key/],
    [new AppendOutcomeUnknown('s'), 'store-unavailable', 2, /Whether it was stored may be unknown/],
    [new EventStoreDbRefused('s3cret'), 'store-unavailable', 30, /operator must correct its user .* try again/],
    [new StreamTruncated('s'), 'store-unavailable', 30, /operator must restore it from its backup, then try again/],
    [new KeyMissing('s3cret'), 'store-unavailable', 30, /operator must restore the vault .* try again/],
    [
      new MalformedEvent({ type: 'T', stream: 's3cret', revision: 1 }, 'w'),
      'store-unavailable',
      30,
      /changed from outside: .* restore it .* try again/,
    ],
    [
      new SealBroken({ $enc: 'v1', k: 's3cret', f: 'f', n: '', c: '' }),
      'store-unavailable',
      30,
      /changed from outside: .* restore it/,
    ],
    [new UnknownEventType('s3cret'), 'code-too-old', 30, /newer version/],
    [new CodeTooOld('s', 2), 'code-too-old', 30, /newer version/],
    [new UnheardEvent('s'), 'code-too-old', 30, /newer version/],
    [new NotYetVisible('7' as Position), 'not-yet-visible', 1, /ask again/],
    [new Rebuilding('s'), 'rebuilding', 5, /ask again/],
  ])('is a 503 with a time and a sentence: %s', (exception, code, retryAfterSeconds, says) => {
    const problem = toProblem(exception);
    expect(problem).toMatchObject({ status: 503, code, retryAfterSeconds });
    expect(problem.message).toMatch(says);
    expect(problem.message).not.toContain('s3cret');
  });

  it('of an erased subject is told as such', () => {
    expect(toProblem(new KeyDestroyed('contact:1'))).toMatchObject({ status: 409, code: 'contact-erased' });
  });
});
