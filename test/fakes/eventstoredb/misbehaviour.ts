import { Metadata, status, type ServiceError } from '@grpc/grpc-js';

/** What becomes of one append. */
export type AppendFault =
  | 'ok'
  /** Neither written nor answered. */
  | 'forget'
  /** Written, never answered. */
  | 'commit-silently'
  /** Written, then the connection is gone. */
  | 'commit-and-drop'
  /** Not written, the connection is gone. */
  | 'drop'
  | { readonly answerAfterMs: number }
  | { readonly commitAfterMs: number };

/** What becomes of a read or of a subscription when it begins. */
export type ReadFault = 'ok' | 'silent' | 'access-denied' | 'unauthenticated' | 'unavailable';

/** How the fake misbehaves; all of it can be changed while it runs. */
export type Misbehaviour = {
  append: (stream: string) => AppendFault;
  read: (kind: 'stream' | 'all' | 'subscription') => ReadFault;
  /** A subscription is dropped behind so many events of its own. */
  dropSubscriptionsAfter: number | null;
  /** A subscription begins so many records before the position that it was given. */
  repeatsAtSeam: number;
  /** Live events that a consumer may be behind before it is cut. */
  liveBuffer: number;
  /** This node is a follower: calls that require the leader are sent there. */
  leader: { readonly host: string; readonly port: number } | null;
  /** Whoever does not say to be this user (`name:password`) is not known here. `null`: nobody is asked. */
  user: string | null;
  /** The introduction is never answered. */
  introductionGoesSilent: boolean;
  /** Before 20.10 there is no introduction at all. */
  serverVersion: string | null;
};

export const behaves = (): Misbehaviour => ({
  append: () => 'ok',
  read: () => 'ok',
  dropSubscriptionsAfter: null,
  repeatsAtSeam: 0,
  liveBuffer: 5_000,
  leader: null,
  user: null,
  introductionGoesSilent: false,
  serverVersion: '23.10.8',
});

const serviceError = (code: status, details: string, trailers: Readonly<Record<string, string>> = {}): ServiceError => {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata });
};

export const errors = {
  accessDenied: () => serviceError(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' }),
  unauthenticated: () => serviceError(status.UNAUTHENTICATED, 'Bad HTTP status code: 401'),
  unavailable: () => serviceError(status.UNAVAILABLE, 'Server Is Not Ready'),
  tooSlow: () =>
    serviceError(
      status.ABORTED,
      'Operation was aborted: Consumer too slow to handle event while live. Client resubscription required.',
    ),
  notLeader: ({ host, port }: { readonly host: string; readonly port: number }) =>
    serviceError(status.NOT_FOUND, 'Leader info available', {
      exception: 'not-leader',
      'leader-endpoint-host': host,
      'leader-endpoint-port': String(port),
    }),
  invalidPosition: () => serviceError(status.UNKNOWN, 'Unexpected ReadAllResult: Error'),
  invalidStart: () => serviceError(status.UNKNOWN, 'Exception was thrown by handler.'),
  invalidRead: () => serviceError(status.UNKNOWN, 'Unexpected ReadStreamResult: Error'),
  noStream: () => serviceError(status.FAILED_PRECONDITION, 'Delete failed due to WrongExpectedVersion.'),
  streamDeleted: (stream: string) =>
    serviceError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
      exception: 'stream-deleted',
      'stream-name': stream,
    }),
  tooLarge: (limit: number) =>
    serviceError(status.INVALID_ARGUMENT, `Maximum Append Size of ${String(limit)} Exceeded.`, {
      exception: 'maximum-append-size-exceeded',
      'maximum-append-size': String(limit),
    }),
  unimplemented: () => serviceError(status.UNIMPLEMENTED, 'Service is unimplemented.'),
};

/** What a call meets before it is looked at: 401 for a stranger, the leader's address where it asks for the leader. */
export const refusalOf = ({ user, leader }: Misbehaviour, metadata: Metadata): ServiceError | null => {
  const says = metadata.get('authorization')[0];
  if (user !== null && says !== `Basic ${Buffer.from(user).toString('base64')}`) return errors.unauthenticated();
  return leader !== null && metadata.get('requires-leader').length > 0 ? errors.notLeader(leader) : null;
};
