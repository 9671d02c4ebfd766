import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
} from '@grpc/grpc-js';
import streams, {
  type AppendReq,
  type AppendResp,
  type BatchAppendReq,
  type BatchAppendResp,
  type DeleteReq,
  type DeleteResp,
  type ReadReq,
  type TombstoneReq,
  type TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import type { FakeExpected, FakeLog, FakeOutcome, Proposed } from './fake-log.js';
import {
  batchAnswer,
  batchExpected,
  eventMessage,
  notFoundMessage,
  proposedOf,
  streamNameOf,
  unaryAnswer,
  unaryExpected,
} from './messages.js';
import { errors, type Misbehaviour, refusalOf } from './misbehaviour.js';
import { FakeSubscription, type ReadCall } from './subscription.js';

export type FakeServerParts = {
  readonly log: FakeLog;
  readonly misbehaviour: Misbehaviour;
  /** Cuts the TCP connections, as a crash does. */
  readonly drop: () => void;
  readonly subscriptions: Set<FakeSubscription>;
  readonly counts: {
    batchAppends: number;
    unaryAppends: number;
    mostAtOnce: number;
    subscriptions: number;
    eventsSent: number;
  };
};

/** Answers one append as the fault of the moment wants it; `answer` is not called where nothing is answered. */
const perform = (
  { log, misbehaviour, drop }: FakeServerParts,
  stream: string,
  expected: FakeExpected,
  events: readonly Proposed[],
  answer: (outcome: FakeOutcome) => void,
): void => {
  const fault = misbehaviour.append(stream);
  const commit = (): FakeOutcome => log.append(stream, expected, events);
  if (typeof fault === 'object') {
    if ('commitAfterMs' in fault)
      setTimeout(() => {
        answer(commit());
      }, fault.commitAfterMs);
    else {
      const outcome = commit();
      setTimeout(() => {
        answer(outcome);
      }, fault.answerAfterMs);
    }
    return;
  }
  switch (fault) {
    case 'ok':
      answer(commit());
      return;
    case 'forget':
      return;
    case 'commit-silently':
      commit();
      return;
    case 'commit-and-drop':
      commit();
      drop();
      return;
    case 'drop':
      drop();
  }
};

/** The server's own clock, which a test that sets `Date` does not set. */
const timeOfDay = (): number => performance.timeOrigin + performance.now();

export const batchAppend =
  (parts: FakeServerParts): handleBidiStreamingCall<BatchAppendReq, BatchAppendResp> =>
  (call) => {
    const refusal = refusalOf(parts.misbehaviour, call.metadata);
    if (refusal !== null) {
      call.emit('error', refusal);
      return;
    }
    const open = new Map<string, { stream: string; expected: FakeExpected; events: Proposed[] }>();
    let unanswered = 0;
    call.on('data', (request: BatchAppendReq) => {
      const correlation = request.getCorrelationId()?.getString() ?? '';
      const options = request.getOptions();
      if (options !== undefined) {
        const stream = streamNameOf(options.getStreamIdentifier());
        if ((options.getDeadline()?.toDate().getTime() ?? Infinity) <= timeOfDay()) {
          call.write(batchAnswer(request.getCorrelationId(), stream, { kind: 'timeout' }));
          return;
        }
        open.set(correlation, { stream, expected: batchExpected(options), events: [] });
      }
      const entry = open.get(correlation);
      if (entry === undefined) return;
      entry.events.push(...request.getProposedMessagesList().map(proposedOf));
      if (!request.getIsFinal()) return;
      open.delete(correlation);
      parts.counts.batchAppends += 1;
      unanswered += 1;
      parts.counts.mostAtOnce = Math.max(parts.counts.mostAtOnce, unanswered);
      perform(parts, entry.stream, entry.expected, entry.events, (outcome) => {
        unanswered -= 1;
        if (isOpen(call)) call.write(batchAnswer(request.getCorrelationId(), entry.stream, outcome));
      });
    });
    call.on('end', () => {
      call.end();
    });
  };

const isOpen = (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): boolean =>
  !call.cancelled && !call.destroyed;

export const unaryAppend =
  (parts: FakeServerParts): handleClientStreamingCall<AppendReq, AppendResp> =>
  (call, callback) => {
    let options: AppendReq.Options | undefined;
    const events: Proposed[] = [];
    call.on('data', (request: AppendReq) => {
      options ??= request.getOptions();
      const message = request.getProposedMessage();
      if (message !== undefined) events.push(proposedOf(message));
    });
    call.on('end', () => {
      if (options === undefined) return;
      parts.counts.unaryAppends += 1;
      const stream = streamNameOf(options.getStreamIdentifier());
      perform(parts, stream, unaryExpected(options), events, (outcome) => {
        if (outcome.kind === 'too-large') callback(errors.tooLarge(outcome.limit));
        else if (outcome.kind === 'stream-deleted') callback(errors.streamDeleted(stream));
        else callback(null, unaryAnswer(outcome));
      });
    });
  };

/** What an operator may do to a stream, whatever its revision. */
export const deleteStream =
  ({ log }: FakeServerParts): handleUnaryCall<DeleteReq, DeleteResp> =>
  ({ request }, callback) => {
    const position = log.delete(streamNameOf(request.getOptions()?.getStreamIdentifier()));
    if (position === null) callback(errors.noStream());
    else callback(null, new streams.DeleteResp().setPosition(positioned(new streams.DeleteResp.Position(), position)));
  };

export const tombstoneStream =
  ({ log }: FakeServerParts): handleUnaryCall<TombstoneReq, TombstoneResp> =>
  ({ request }, callback) => {
    const position = log.tombstone(streamNameOf(request.getOptions()?.getStreamIdentifier()));
    callback(null, new streams.TombstoneResp().setPosition(positioned(new streams.TombstoneResp.Position(), position)));
  };

const positioned = <T extends DeleteResp.Position | TombstoneResp.Position>(message: T, position: bigint): T => {
  message.setCommitPosition(String(position)).setPreparePosition(String(position));
  return message;
};

export const read =
  (parts: FakeServerParts) =>
  (call: ReadCall): void => {
    const options = call.request.getOptions();
    if (options === undefined) return;
    const refusal = refusalOf(parts.misbehaviour, call.metadata);
    if (refusal !== null) {
      call.emit('error', refusal);
      return;
    }
    const kind = options.hasSubscription() ? 'subscription' : options.hasAll() ? 'all' : 'stream';
    switch (parts.misbehaviour.read(kind)) {
      case 'silent':
        return;
      case 'access-denied':
        call.emit('error', errors.accessDenied());
        return;
      case 'unauthenticated':
        call.emit('error', errors.unauthenticated());
        return;
      case 'unavailable':
        call.emit('error', errors.unavailable());
        return;
      case 'ok':
        break;
    }
    if (kind === 'subscription') subscribe(parts, call, options);
    else if (kind === 'all') readAll(parts, call, options);
    else readStream(parts, call, options);
  };

/** Subscriptions begin after a position. */
const subscribe = (parts: FakeServerParts, call: ReadCall, options: ReadReq.Options): void => {
  const all = options.getAll();
  const position = all?.getPosition();
  let cursor = all?.hasEnd() === true ? parts.log.records.length : 0;
  if (position !== undefined) cursor = parts.log.indexOf(BigInt(position.getCommitPosition()), false);
  if (cursor === -1) {
    call.emit('error', errors.invalidStart());
    return;
  }
  cursor = Math.max(0, cursor - parts.misbehaviour.repeatsAtSeam);
  const subscription = new FakeSubscription(call, parts.log, parts.misbehaviour, cursor, parts.drop, () => {
    parts.counts.eventsSent += 1;
  });
  parts.subscriptions.add(subscription);
  parts.counts.subscriptions += 1;
  void subscription.run().finally(() => parts.subscriptions.delete(subscription));
};

/** Reads begin at a position. */
const readAll = ({ log }: FakeServerParts, call: ReadCall, options: ReadReq.Options): void => {
  const count = Number(options.getCount());
  // A read of nothing is never answered.
  if (count === 0) return;
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  const position = options.getAll()?.getPosition();
  let from = options.getAll()?.hasEnd() === true ? log.records.length : 0;
  if (position !== undefined) from = log.indexOf(BigInt(position.getCommitPosition()), true);
  if (from === -1) {
    call.emit('error', errors.invalidPosition());
    return;
  }
  const page = backwards
    ? log.records.slice(Math.max(0, from - count), from).reverse()
    : log.records.slice(from, from + count);
  for (const record of page) call.write(eventMessage(record));
  call.end();
};

const readStream = ({ log }: FakeServerParts, call: ReadCall, options: ReadReq.Options): void => {
  const where = options.getStream();
  const stream = streamNameOf(where?.getStreamIdentifier());
  const count = Number(options.getCount());
  // Unlike a read of nothing of the whole log.
  if (count === 0) {
    call.emit('error', errors.invalidRead());
    return;
  }
  const records = log.read(stream);
  if (records === null) {
    call.write(notFoundMessage(stream));
    call.end();
    return;
  }
  if (records === 'tombstoned') {
    call.emit('error', errors.streamDeleted(stream));
    return;
  }
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  const revision = where?.hasRevision() === true ? Number(where.getRevision()) : null;
  const from = revision ?? (where?.hasEnd() === true ? Number.MAX_SAFE_INTEGER : 0);
  const page = backwards
    ? records.filter((record) => record.revision <= from).reverse()
    : records.filter((record) => record.revision >= from);
  for (const record of page.slice(0, count)) call.write(eventMessage(record));
  call.end();
};
