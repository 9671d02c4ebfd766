import type { AllStreamRecordedEvent, RecordedEvent } from '@eventstore/db-client';
import type { EventMetadata, Position } from '#kernel';
import type { EventToStore, StoredEvent } from '../port.js';

type ServerPosition = { readonly commit: bigint; readonly prepare: bigint };

/** 2^64 has 20 digits: padded, so that string order is log order. */
const digits = 20;

export const positionOf = ({ commit, prepare }: ServerPosition): Position =>
  `${commit.toString().padStart(digits, '0')}:${prepare.toString().padStart(digits, '0')}` as Position;

/** @throws RangeError for a position that is not of this adapter */
export const serverPositionOf = (position: Position): ServerPosition => {
  const match = /^(\d{20}):(\d{20})$/.exec(position);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new RangeError('a position is not of this log: it was kept from another store');
  }
  return { commit: BigInt(match[1]), prepare: BigInt(match[2]) };
};

/** Where the time of an imported event stands in its metadata; the server sets `created` itself. */
const importedAt = 'recordedAt';

/** The event as an import stores it: with the time at which it was recorded in the log that it comes from. */
export const withRecordedAt = (event: EventToStore, recordedAt: string): EventToStore => ({
  ...event,
  metadata: { ...event.metadata, [importedAt]: recordedAt } as EventMetadata,
});

/** `null` if it is not an event of ours: its metadata lacks the tenant or the version. */
export const ownEventOf = (
  event: AllStreamRecordedEvent | RecordedEvent,
  prefix: string,
  position: ServerPosition,
): StoredEvent | null => {
  const metadata: unknown = event.metadata;
  if (typeof metadata !== 'object' || metadata === null) return null;
  const { tenant, schemaVersion } = metadata as Record<string, unknown>;
  if (typeof tenant !== 'string' || typeof schemaVersion !== 'string') return null;
  return storedEventOf(event, prefix, position);
};

/** Whatever stands there, as the port gives it; what is not a fact of ours is for the codec to refuse. */
export const storedEventOf = (
  event: AllStreamRecordedEvent | RecordedEvent,
  prefix: string,
  position: ServerPosition,
): StoredEvent => {
  const { recordedAt, metadata } = metadataOf(event);
  const version = Number(metadata.schemaVersion);
  return {
    id: event.id,
    type: event.type,
    schemaVersion: Number.isInteger(version) ? version : 0,
    stream: event.streamId.startsWith(prefix) ? event.streamId.slice(prefix.length) : event.streamId,
    revision: Number(event.revision),
    position: positionOf(position),
    // Bytes would pass for an object: as text the codec sees that they are none. Malformed JSON is text already.
    data: (event.data instanceof Uint8Array
      ? Buffer.from(event.data).toString('base64')
      : event.data) as StoredEvent['data'],
    metadata,
    recordedAt: recordedAt ?? event.created.toISOString(),
  };
};

const metadataOf = (
  event: AllStreamRecordedEvent | RecordedEvent,
): { readonly recordedAt: string | null; readonly metadata: EventMetadata } => {
  const all: unknown = event.metadata;
  if (typeof all !== 'object' || all === null || all instanceof Uint8Array) {
    return { recordedAt: null, metadata: {} as EventMetadata };
  }
  const { [importedAt]: recordedAt, ...metadata } = all as Record<string, unknown>;
  return {
    recordedAt: typeof recordedAt === 'string' ? recordedAt : null,
    metadata: metadata as unknown as EventMetadata,
  };
};
