// One row a conversation: All Chats, My Chats and Unassigned are conditions over it. Ignored messages and state lines never move a row.
import { integer, json, nullable, projection, text, type Recorded } from '#kernel';
import { messageTime, type ConversationEvent } from '#conversations';

/** A displayed message; what it says stands in the timeline, once. */
type LatestMessage = {
  readonly messageId: string;
  readonly at: string;
  readonly ordinal: number;
};

/** So many are kept, so that a message that raced a block can be taken back from preview and order. */
const KEPT = 5;

type Messages = {
  readonly opened_at: string;
  readonly older_at: string | null;
  readonly latest: readonly LatestMessage[];
  readonly last_displayed_at: string;
  readonly last_message_id: string | null;
};

const isNewer = (a: LatestMessage, b: LatestMessage): boolean => (a.at === b.at ? a.ordinal > b.ordinal : a.at > b.at);

/** Takes its place among the latest, which nearly always is the first. */
const shown = <R extends Messages>(row: R, message: LatestMessage): R => {
  const { latest } = row;
  let at = 0;
  for (let next = latest[0]; next !== undefined && !isNewer(message, next); next = latest[at]) at++;
  const all = [...latest.slice(0, at), message, ...latest.slice(at)];
  const dropped = all.length > KEPT ? (all.pop()?.at ?? null) : null;
  const older = dropped !== null && (row.older_at === null || dropped > row.older_at) ? dropped : row.older_at;
  return dated(row, all, older);
};

/** The greatest time of displayed messages, the opening if there is none; and which message is shown. */
const dated = <R extends Messages>(row: R, latest: readonly LatestMessage[], older: string | null): R => {
  const newest = latest[0]?.at ?? older;
  return {
    ...row,
    latest,
    older_at: older,
    last_displayed_at: newest !== null && newest > row.opened_at ? newest : row.opened_at,
    last_message_id: latest[0]?.messageId ?? null,
  };
};

export const inbox = projection<ConversationEvent>()({
  name: 'inbox',
  version: 4,
  counts: { by: ['assignee_id', 'status'] },
  table: {
    key: ['conversation_id'],
    columns: {
      contact_id: text,
      identity_id: text,
      channel: text,
      status: text,
      assignee_id: nullable(text),
      assignment_no: integer,
      session_no: integer,
      automation: text,
      opened_at: text,
      /** Greatest time of the displayed messages that are not kept in `latest`. */
      older_at: nullable(text),
      last_displayed_at: text,
      last_message_id: nullable(text),
      latest: json<readonly LatestMessage[]>(),
      inbound_count: integer,
      last_inbound_ordinal: integer,
      revision: integer,
    },
    indexes: [
      ['last_displayed_at desc', 'conversation_id desc'],
      ['assignee_id', 'last_displayed_at desc', 'conversation_id desc'],
      ['assignee_id', 'status'],
      ['contact_id'],
    ],
  },
  revisionOf: 'conversation',
  keyOf: (event: Recorded<ConversationEvent>) => ({ conversation_id: event.subject }),
  on: {
    ConversationOpened: (_row, { data, revision }) => ({
      contact_id: data.contactId,
      identity_id: data.identityId,
      channel: data.channel,
      status: 'open',
      assignee_id: null,
      assignment_no: 0,
      session_no: 1,
      automation: 'running',
      opened_at: data.openedAt,
      older_at: null,
      last_displayed_at: data.openedAt,
      last_message_id: null,
      latest: [],
      inbound_count: 0,
      last_inbound_ordinal: 0,
      revision,
    }),
    MessageReceived: (row, { data }) =>
      row && {
        ...shown(row, {
          messageId: data.messageId,
          at: messageTime(data.sentAt, data.receivedAt),
          ordinal: data.ordinal,
        }),
        inbound_count: row.inbound_count + 1,
        last_inbound_ordinal: data.ordinal,
      },
    MessageSendRequested: (row, { data }) =>
      row &&
      shown(row, {
        messageId: data.messageId,
        at: data.requestedAt,
        ordinal: data.ordinal,
      }),
    MessageHidden: (row, { data }) =>
      row && {
        ...dated(
          row,
          row.latest.filter((message) => message.messageId !== data.messageId),
          row.older_at,
        ),
        inbound_count: row.inbound_count - 1,
      },
    MessageHandedOver: (row) => row,
    MessageCancelled: (row) => row,
    MessageDelivered: (row) => row,
    MessageFailed: (row) => row,
    AssigneeEngaged: (row) => row,
    ConversationReopened: (row, { data }) => row && { ...row, status: 'open', session_no: data.sessionNo },
    ConversationAssigned: (row, { data }) =>
      row && { ...row, assignee_id: data.assigneeId, assignment_no: data.assignmentNo },
    ConversationUnassigned: (row) => row && { ...row, assignee_id: null },
    AutomationPaused: (row) => row && { ...row, automation: 'paused' },
    AutomationResumed: (row) => row && { ...row, automation: 'running' },
    ConversationConcluded: (row) => row && { ...row, status: 'concluded' },
    ConversationContactRelinked: (row, { data }) => row && { ...row, contact_id: data.to },
  },
});
