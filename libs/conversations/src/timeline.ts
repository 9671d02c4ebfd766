// What is shown of a conversation, line by line: displayed messages and changes of state. A hidden message is not a line.
import { integer, json, nullable, projection, text, type Recorded } from '#kernel';
import type { ConversationEvent } from './conversation.js';
import { messageTime } from './cover.js';

export type Delivery = 'requested' | 'handed_over' | 'cancelled' | 'delivered' | 'failed';

/** A change of state as the timeline names it; ids and codes only. */
export type StateLine = { readonly change: string; readonly [detail: string]: string | number | null };

type MessageEvent = Extract<ConversationEvent, { data: { messageId: string } }>;
const ITEM_IS_MESSAGE = new Set([
  'MessageReceived',
  'MessageHidden',
  'MessageSendRequested',
  'MessageHandedOver',
  'MessageCancelled',
  'MessageDelivered',
  'MessageFailed',
]);

const message = {
  kind: 'message',
  state: null,
  while_blocked: 0,
} as const;

const line = (event: Recorded<ConversationEvent>, at: string, state: StateLine) => ({
  kind: 'state',
  at,
  position: event.position as string,
  direction: null,
  author_id: null,
  sent_at: at,
  ordinal: null,
  inbound_ordinal: null,
  content: null,
  delivery: null,
  state,
  while_blocked: 0,
});

const delivered = <R extends { readonly delivery: string | null }>(row: R | null, delivery: Delivery): R | null =>
  row && { ...row, delivery };

export const timeline = projection<ConversationEvent>()({
  name: 'timeline',
  version: 2,
  table: {
    key: ['conversation_id', 'item_id'],
    columns: {
      kind: text,
      /** The line's place in time. */
      at: text,
      position: text,
      direction: nullable(text),
      author_id: nullable(text),
      sent_at: text,
      ordinal: nullable(integer),
      /** Set for displayed inbound messages only: what unread counts. */
      inbound_ordinal: nullable(integer),
      /** Sealed. */
      content: nullable(json<unknown>()),
      delivery: nullable(text),
      state: nullable(json<StateLine>()),
      /** 1: sent while blocked, and kept by the mode `receive`. */
      while_blocked: integer,
    },
    indexes: [
      ['conversation_id', 'at', 'position'],
      ['conversation_id', 'inbound_ordinal'],
    ],
  },
  keyOf: (event: Recorded<ConversationEvent>) => ({
    conversation_id: event.subject,
    item_id: ITEM_IS_MESSAGE.has(event.type) ? (event as MessageEvent).data.messageId : event.id,
  }),
  on: {
    ConversationOpened: (_row, event) =>
      line(event, event.data.openedAt, { change: 'opened', by: event.data.openedBy }),
    MessageReceived: (_row, { data, position }) => ({
      ...message,
      at: messageTime(data.sentAt, data.receivedAt),
      position: position,
      direction: 'inbound',
      author_id: null,
      sent_at: messageTime(data.sentAt, data.receivedAt),
      ordinal: data.ordinal,
      inbound_ordinal: data.ordinal,
      content: data.content,
      delivery: null,
    }),
    // Kept, it is a line like any other, and counts for nothing.
    MessageHidden: (row, { data }) =>
      data.mode === 'receive' ? row && { ...row, inbound_ordinal: null, while_blocked: 1 } : null,
    MessageSendRequested: (_row, { data, position }) => ({
      ...message,
      at: data.requestedAt,
      position: position,
      direction: 'outbound',
      author_id: data.authorId,
      sent_at: data.requestedAt,
      ordinal: data.ordinal,
      inbound_ordinal: null,
      content: data.content,
      delivery: data.viaDevice ? 'handed_over' : 'requested',
    }),
    MessageHandedOver: (row) => delivered(row, 'handed_over'),
    MessageCancelled: (row) => delivered(row, 'cancelled'),
    MessageDelivered: (row) => delivered(row, 'delivered'),
    MessageFailed: (row) => delivered(row, 'failed'),
    ConversationReopened: (_row, event) =>
      line(event, event.data.reopenedAt, { change: 'reopened', reason: event.data.reason, by: event.data.by }),
    ConversationAssigned: (_row, event) =>
      line(event, event.data.assignedAt, {
        change: 'assigned',
        assigneeId: event.data.assigneeId,
        previousAssigneeId: event.data.previousAssigneeId,
        by: event.data.assignedBy,
        method: event.data.method,
      }),
    ConversationUnassigned: (_row, event) =>
      line(event, event.data.unassignedAt, {
        change: 'unassigned',
        previousAssigneeId: event.data.previousAssigneeId,
        by: event.data.by,
        reason: event.data.reason,
      }),
    AssigneeEngaged: (_row, event) =>
      line(event, event.data.engagedAt, { change: 'engaged', assigneeId: event.data.assigneeId }),
    AutomationPaused: (_row, event) =>
      line(event, event.data.pausedAt, {
        change: 'automation_paused',
        cause: event.data.cause,
        by: event.data.byStaffId,
      }),
    AutomationResumed: (_row, event) =>
      line(event, event.data.resumedAt, { change: 'automation_resumed', cause: event.data.cause }),
    ConversationConcluded: (_row, event) =>
      line(event, event.data.concludedAt, {
        change: 'concluded',
        by: event.data.by,
        cause: event.data.cause,
        outcome: event.data.outcome,
      }),
    // Whose the conversation is now stands on the card; its own lines stay as they are.
    ConversationContactRelinked: () => null,
  },
});
