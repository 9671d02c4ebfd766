import codes from '@eventstore/db-client/generated/code_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import statusMessages from '@eventstore/db-client/generated/status_pb.js';
import streams, { type BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import anyMessages from 'google-protobuf/google/protobuf/any_pb.js';
import emptyMessages from 'google-protobuf/google/protobuf/empty_pb.js';
import {
  type FakeExpected,
  type FakeOutcome,
  type FakeRecord,
  lastRevision,
  type Proposed,
  tombstoneType,
} from './fake-log.js';

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const streamNameOf = (identifier: shared.StreamIdentifier | undefined): string =>
  Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');

const identifierOf = (stream: string): shared.StreamIdentifier =>
  new shared.StreamIdentifier().setStreamName(base64(Buffer.from(stream, 'utf8')));

/** Both paths' messages carry the same fields. */
export const proposedOf = (message: BatchAppendReq.ProposedMessage | streams.AppendReq.ProposedMessage): Proposed => ({
  id: message.getId()?.getString() ?? '',
  type: message.getMetadataMap().get('type') ?? '',
  isJson: message.getMetadataMap().get('content-type') === 'application/json',
  data: message.getData_asU8(),
  metadata: message.getCustomMetadata_asU8(),
});

export const batchExpected = (options: BatchAppendReq.Options): FakeExpected => {
  if (options.hasNoStream()) return 'no_stream';
  if (options.hasStreamExists()) return 'stream_exists';
  return options.hasStreamPosition() ? Number(options.getStreamPosition()) : 'any';
};

export const unaryExpected = (options: streams.AppendReq.Options): FakeExpected => {
  if (options.hasNoStream()) return 'no_stream';
  if (options.hasStreamExists()) return 'stream_exists';
  return options.hasRevision() ? Number(options.getRevision()) : 'any';
};

export const eventMessage = (record: FakeRecord): streams.ReadResp => {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(record.id))
    .setStreamIdentifier(identifierOf(record.stream))
    .setStreamRevision(String(record.type === tombstoneType ? lastRevision : record.revision))
    .setCommitPosition(String(record.position))
    .setPreparePosition(String(record.position))
    .setData(base64(record.data))
    .setCustomMetadata(base64(record.metadata));
  const metadata = recorded.getMetadataMap();
  metadata.set('type', record.type);
  metadata.set('content-type', record.isJson ? 'application/json' : 'application/octet-stream');
  metadata.set('created', String(BigInt(record.created) * 10_000n));
  const event = new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(String(record.position));
  return new streams.ReadResp().setEvent(event);
};

export const confirmationMessage = (): streams.ReadResp =>
  new streams.ReadResp().setConfirmation(
    new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(crypto.randomUUID()),
  );

export const checkpointMessage = (position: bigint): streams.ReadResp =>
  new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint().setCommitPosition(String(position)).setPreparePosition(String(position)),
  );

export const caughtUpMessage = (): streams.ReadResp =>
  new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());

export const notFoundMessage = (stream: string): streams.ReadResp =>
  new streams.ReadResp().setStreamNotFound(
    new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(stream)),
  );

/** `timeout`: the deadline had passed when the append arrived. */
type BatchOutcome = FakeOutcome | { readonly kind: 'timeout' };

export const batchAnswer = (
  correlationId: shared.UUID | undefined,
  stream: string,
  outcome: BatchOutcome,
): streams.BatchAppendResp => {
  const answer = new streams.BatchAppendResp().setStreamIdentifier(identifierOf(stream));
  if (correlationId !== undefined) answer.setCorrelationId(correlationId);
  if (outcome.kind === 'success') {
    const success = new streams.BatchAppendResp.Success().setCurrentRevision(String(outcome.revision));
    if (outcome.position === null) return answer.setSuccess(success.setNoPosition(new emptyMessages.Empty()));
    const at = String(outcome.position);
    return answer.setSuccess(
      success.setPosition(new shared.AllStreamPosition().setCommitPosition(at).setPreparePosition(at)),
    );
  }
  const [detail, name] = detailOf(stream, outcome);
  const any = new anyMessages.Any();
  any.pack(detail, `event_store.client.${name}`);
  // The message of a wrong version is empty on the batch path.
  return answer.setError(new statusMessages.Status().setCode(codes.Code.UNKNOWN).setMessage('').setDetails(any));
};

const detailOf = (stream: string, outcome: Exclude<BatchOutcome, { kind: 'success' }>): [Uint8Array, string] => {
  switch (outcome.kind) {
    case 'stream-deleted':
      return [new shared.StreamDeleted().setStreamIdentifier(identifierOf(stream)).serializeBinary(), 'StreamDeleted'];
    case 'timeout':
      return [new shared.Timeout().serializeBinary(), 'Timeout'];
    case 'too-large':
      return [
        new shared.MaximumAppendSizeExceeded().setMaxappendsize(outcome.limit).serializeBinary(),
        'MaximumAppendSizeExceeded',
      ];
    case 'wrong-version': {
      const wrong = new shared.WrongExpectedVersion();
      if (outcome.current === null) wrong.setCurrentNoStream(new emptyMessages.Empty());
      else wrong.setCurrentStreamRevision(String(outcome.current));
      return [wrong.serializeBinary(), 'WrongExpectedVersion'];
    }
  }
};

export const unaryAnswer = (
  outcome: Extract<FakeOutcome, { kind: 'success' | 'wrong-version' }>,
): streams.AppendResp => {
  const answer = new streams.AppendResp();
  if (outcome.kind === 'success') {
    const success = new streams.AppendResp.Success().setCurrentRevision(String(outcome.revision));
    if (outcome.position === null) return answer.setSuccess(success.setNoPosition(new shared.Empty()));
    const at = String(outcome.position);
    return answer.setSuccess(
      success.setPosition(new streams.AppendResp.Position().setCommitPosition(at).setPreparePosition(at)),
    );
  }
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (outcome.current === null) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(String(outcome.current));
  return answer.setWrongExpectedVersion(wrong);
};
