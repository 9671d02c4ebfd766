import { setTimeout as pause } from 'node:timers/promises';
import {
  AppendOutcomeUnknown,
  type AppendResult,
  type EventStore,
  type EventToStore,
  type StoredEvent,
  WrongExpectedRevision,
} from './port.js';

/** As pino takes it. */
export type Log = { readonly warn: (detail: Readonly<Record<string, unknown>>, message: string) => void };

const maxAttempts = 5;

/**
 * Appends behind `revision` (-1 = no stream). Where the answer was lost it reads the stream for the facts' ids, and appends the
 * same ids at the same expectation again if nothing stands there. A conflict is an answer, not an exception.
 * Throws StoreUnavailable, or AppendOutcomeUnknown after five attempts.
 */
export const appendSurely = async (
  { store, log }: { readonly store: EventStore; readonly log?: Log },
  stream: string,
  revision: number,
  events: readonly EventToStore[],
): Promise<AppendResult | WrongExpectedRevision> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await store.append(stream, revision === -1 ? 'no_stream' : { revision }, events);
    } catch (error) {
      if (error instanceof WrongExpectedRevision) return error;
      if (!(error instanceof AppendOutcomeUnknown) || attempt === maxAttempts) throw error;
      log?.warn({ stream, attempt }, 'the outcome of an append is unknown: reading the stream');
      await pause(Math.random() * 20 * 2 ** attempt);
      const found = await find(store, stream, revision, events);
      if (found !== null) return found;
    }
  }
};

/** Whether these facts stand behind the revision; `null` = nothing does. */
const find = async (
  store: EventStore,
  stream: string,
  revision: number,
  events: readonly EventToStore[],
): Promise<AppendResult | WrongExpectedRevision | null> => {
  const there: StoredEvent[] = [];
  for await (const page of store.readStream(stream, { from: revision + 1, limit: events.length })) there.push(...page);
  const last = there.at(-1);
  if (last === undefined) return null;
  const ours = there.length === events.length && events.every((event, i) => there[i]?.id === event.id);
  if (ours) return { revision: last.revision, position: last.position, deduplicated: true };
  return new WrongExpectedRevision(stream, revision === -1 ? 'no_stream' : { revision }, last.revision);
};
