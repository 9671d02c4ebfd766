// How many messages a conversation does not show. A number, for supervisors, administrators and auditors [I4].
import { integer, projection, type Recorded } from '#kernel';
import type { IgnoredEvent } from '#contacts';
import type { ConversationEvent } from '#conversations';

type HiddenEvent = IgnoredEvent | Extract<ConversationEvent, { type: 'MessageHidden' }>;

export const hiddenMessages = projection<HiddenEvent>()({
  name: 'hidden_messages',
  version: 1,
  table: { key: ['conversation_id'], columns: { hidden_count: integer } },
  keyOf: (event: Recorded<HiddenEvent>) => ({
    conversation_id: event.type === 'MessageHidden' ? event.subject : event.data.conversationId,
  }),
  on: {
    BlockedMessageIgnored: (row) => ({ hidden_count: (row?.hidden_count ?? 0) + 1 }),
    MessageHidden: (row) => ({ hidden_count: (row?.hidden_count ?? 0) + 1 }),
  },
});
