// What waits to be handed over to a provider, oldest first.
import { projection, text, type Recorded } from '#kernel';
import type { ConversationEvent } from './conversation.js';

type OutboundEvent = Extract<
  ConversationEvent,
  {
    type: 'MessageSendRequested' | 'MessageHandedOver' | 'MessageCancelled' | 'MessageDelivered' | 'MessageFailed';
  }
>;

export const outbound = projection<OutboundEvent>()({
  name: 'outbound',
  version: 1,
  table: {
    key: ['message_id'],
    columns: { conversation_id: text, requested_at: text, purpose: text, position: text },
    indexes: [['position']],
  },
  keyOf: (event: Recorded<OutboundEvent>) => ({ message_id: event.data.messageId }),
  on: {
    MessageSendRequested: (_row, { data, subject, position }) =>
      data.viaDevice
        ? null
        : {
            conversation_id: subject,
            requested_at: data.requestedAt,
            purpose: data.purpose,
            position: position,
          },
    MessageHandedOver: () => null,
    MessageCancelled: () => null,
    MessageDelivered: () => null,
    MessageFailed: () => null,
  },
});
