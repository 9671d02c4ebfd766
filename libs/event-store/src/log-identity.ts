import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Event } from '#kernel';
import { type EventStore, WrongExpectedRevision } from './port.js';
import { defineEvents } from './registry.js';

/** The log's first fact: its identity, by which checkpoints and vaults know that they belong to it. */
export type LogStarted = Event<'LogStarted', { readonly logId: string }>;

export const logEvents = defineEvents<LogStarted>()({ LogStarted: { version: 1 } });

export const logStream = 'ops-log';

/** The log's identity, written by the first process that asks. Two that ask at once get the same one. */
export const ensureLogStarted = async (store: EventStore): Promise<string> => {
  const standing = await readLogId(store);
  if (standing !== null) return standing;
  const logId = randomUUID();
  const id = uuidv7();
  const occurredAt = new Date().toISOString();
  const metadata = {
    $correlationId: id,
    $causationId: id,
    commandId: id,
    commandType: 'StartLog',
    actor: 'portaria',
    actorKind: 'system' as const,
    tenant: '_installation',
    schemaVersion: '1',
    occurredAt,
    requestHash: '',
  };
  try {
    await store.append(logStream, 'no_stream', [
      { id, type: 'LogStarted', schemaVersion: 1, data: { logId }, metadata },
    ]);
    return logId;
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision)) throw error;
    return (await readLogId(store)) ?? logId;
  }
};

/** The log's identity, `null` if the log was never started. */
export const readLogId = async (store: Pick<EventStore, 'readStream'>): Promise<string | null> => {
  for await (const [first] of store.readStream(logStream, { limit: 1 })) {
    const logId = first?.data['logId'];
    if (typeof logId === 'string') return logId;
  }
  return null;
};
