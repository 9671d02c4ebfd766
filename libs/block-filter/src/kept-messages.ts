// What blocked customers sent while the mode was `receive`: kept in the conversation, marked, with no other effect. No list, preview,
// count or search joins it; the timeline alone does [I4].
import { json, nullable, projection, text, type Recorded } from '#kernel';
import type { IgnoredEvent } from '#contacts';
import { messageIdOf, messageTime } from '#conversations';

export const keptMessages = projection<IgnoredEvent>()({
  name: 'kept_messages',
  version: 1,
  table: {
    key: ['conversation_id', 'item_id'],
    columns: {
      /** The line's place in time. */
      at: text,
      position: text,
      sent_at: text,
      /** Sealed. */
      content: nullable(json<unknown>()),
    },
    indexes: [['conversation_id', 'at', 'position']],
  },
  keyOf: ({ data }: Recorded<IgnoredEvent>) =>
    data.mode === 'receive'
      ? {
          conversation_id: data.conversationId,
          item_id: messageIdOf(data.conversationId, data.providerMessageKey),
        }
      : null,
  on: {
    BlockedMessageIgnored: (_row, { data, position }) => ({
      at: messageTime(data.sentAt, data.receivedAt),
      position,
      sent_at: messageTime(data.sentAt, data.receivedAt),
      content: data.content,
    }),
  },
});
