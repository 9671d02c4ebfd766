import { StoreUnavailable } from '../port.js';

/** The connection string cannot be used. The message is one sentence for the operator and holds nothing of the string's secrets. */
export class EventStoreDbMisconfigured extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EventStoreDbMisconfigured';
  }
}

/** The server refuses us for good: credentials or rights. Trying again does not help; an operator must act. */
export class EventStoreDbRefused extends StoreUnavailable {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EventStoreDbRefused';
  }
}

/** What became of a call that failed, in the words that matter to us. */
export type Failure =
  'wrong-version' | 'not-found' | 'refused' | 'too-slow' | 'not-leader' | 'stream-deleted' | 'unreachable' | 'other';

type ClientError = {
  readonly type?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
};

/** gRPC's numbers (the library itself stays inside the client). */
const unavailable = 14;
const permissionDenied = 7;
const unauthenticated = 16;

/** Goes by `type` and `code`: messages may be empty, and the client's classes differ between realms. */
export const failureOf = (error: unknown): Failure => {
  if (typeof error !== 'object' || error === null) return 'other';
  const { type, code, message } = error as ClientError;
  if (type === 'wrong-expected-version') return 'wrong-version';
  if (type === 'stream-not-found') return 'not-found';
  if (type === 'access-denied' || code === permissionDenied || code === unauthenticated) return 'refused';
  if (type === 'not-leader') return 'not-leader';
  if (type === 'stream-deleted') return 'stream-deleted';
  if (typeof message === 'string' && message.includes('too slow')) return 'too-slow';
  // While the server is down an append rejects with the plain gRPC error, which has no type.
  if (type === 'unavailable' || code === unavailable) return 'unreachable';
  return 'other';
};

/** Whether the server asked who we are (16), rather than denied what we asked for. */
export const isUnauthenticated = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && (error as ClientError).code === unauthenticated;

/** For a log line: what happened, without anything that the connection string says. */
export const lossOf = (error: unknown): string => {
  switch (failureOf(error instanceof StoreUnavailable ? error.cause : error)) {
    case 'too-slow':
      return 'the server cut a consumer that was too slow';
    case 'not-leader':
      return 'the leader changed';
    case 'unreachable':
      return 'the server cannot be reached';
    default:
      return 'the server broke the call off';
  }
};
