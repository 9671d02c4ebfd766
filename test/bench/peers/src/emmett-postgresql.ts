// Emmett over PostgreSQL: the facts in its own event store, the inbox as a collection of Pongo, rebuilt by rebuildPostgreSQLProjections.
import {
  getPostgreSQLEventStore,
  pongoMultiStreamProjection,
  rebuildPostgreSQLProjections,
} from '@event-driven-io/emmett-postgresql';
import type { Event } from '@event-driven-io/emmett';
import { pongoClient } from '@event-driven-io/pongo';
import { type Fact, pagesOf, timed, type InboxRow, type Run } from './facts.js';

type Conversation<T extends string, D> = Event<T, D & { readonly conversationId: string }>;
type ConversationEvent =
  | Conversation<'ConversationOpened', { contactId: string; channel: string; openedAt: string }>
  | Conversation<'MessageReceived', { messageId: string; sentAt: string; receivedAt: string }>
  | Conversation<'MessageSendRequested', { messageId: string; requestedAt: string }>
  | Conversation<'ConversationAssigned', { assigneeId: string }>
  | Conversation<'ConversationUnassigned', object>
  | Conversation<'ConversationConcluded', object>
  | Conversation<'ConversationReopened', object>;

const handled: ConversationEvent['type'][] = [
  'ConversationOpened',
  'MessageReceived',
  'MessageSendRequested',
  'ConversationAssigned',
  'ConversationUnassigned',
  'ConversationConcluded',
  'ConversationReopened',
];
const COLLECTION = 'inbox';

const shown = (row: InboxRow, messageId: string, at: string): InboxRow =>
  at >= row.last_displayed_at ? { ...row, last_message_id: messageId, last_displayed_at: at } : row;

const evolve = (row: InboxRow | null, { type, data }: ConversationEvent): InboxRow | null => {
  if (type === 'ConversationOpened') {
    return {
      conversation_id: data.conversationId,
      contact_id: data.contactId,
      channel: data.channel,
      status: 'open',
      assignee_id: null,
      last_displayed_at: data.openedAt,
      last_message_id: null,
      inbound_count: 0,
    };
  }
  if (row === null) return null;
  switch (type) {
    case 'MessageReceived': {
      const at = data.sentAt < data.receivedAt ? data.sentAt : data.receivedAt;
      return { ...shown(row, data.messageId, at), inbound_count: row.inbound_count + 1 };
    }
    case 'MessageSendRequested':
      return shown(row, data.messageId, data.requestedAt);
    case 'ConversationAssigned':
      return { ...row, assignee_id: data.assigneeId };
    case 'ConversationUnassigned':
      return { ...row, assignee_id: null };
    case 'ConversationConcluded':
      return { ...row, status: 'concluded' };
    case 'ConversationReopened':
      return { ...row, status: 'open' };
  }
};

const inbox = pongoMultiStreamProjection<InboxRow, ConversationEvent>({
  collectionName: COLLECTION,
  canHandle: handled,
  getDocumentId: ({ data }) => data.conversationId,
  evolve,
});

/**
 * Puts the facts into Emmett's event store, which is not measured. One append behind the other: of what was appended side by side, its
 * reader passed over facts at the ends of its pages (0.42.0 orders by transaction and goes on by position).
 */
const fill = async (url: string, path: string): Promise<number> => {
  // Nothing that is measured depends on whether these commits are on the disk.
  const at = new URL(url);
  at.searchParams.set('options', '-csynchronous_commit=off');
  const store = getPostgreSQLEventStore(at.href);
  await store.schema.migrate();
  let count = 0;
  for await (const page of pagesOf(path, 2000)) {
    for (const [stream, facts] of Map.groupBy(page, (fact) => fact.stream))
      await store.appendToStream(stream, facts.map(stored));
    count += page.length;
  }
  await store.close();
  return count;
};

const stored = ({ type, data, metadata, subject, stream }: Fact): Event & { metadata: Fact['metadata'] } => ({
  type,
  data: stream.startsWith('conversation-') ? { ...data, conversationId: subject } : data,
  metadata,
});

/** Its own are pages of 100 with 50 ms between them, which is what a rebuild would wait for most. */
const PULLING = { batchSize: 2000, pullingFrequencyInMs: 1 };

export const emmettPostgresql = async (
  url: string,
  path: string,
  runs: number,
): Promise<{ readonly events: number; readonly runs: readonly Run[]; readonly rows: readonly InboxRow[] }> => {
  const events = await fill(url, path);
  const taken: Run[] = [];
  for (let run = 0; run < runs; run++) {
    taken.push(
      await timed(async () => {
        const consumer = rebuildPostgreSQLProjections({
          connectionString: url,
          // A name of its own for each run: under the same one it begins where the last one ended, on what it has emptied.
          projections: [{ projection: inbox, processorId: `rebuild-${run.toString()}`, truncateOnStart: true }],
          pulling: PULLING,
        });
        await consumer.start();
        await consumer.close();
      }),
    );
  }
  const pongo = pongoClient(url);
  const rows = await pongo.db().collection<InboxRow>(COLLECTION).find();
  await pongo.close();
  return { events, runs: taken, rows };
};
