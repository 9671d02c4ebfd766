// Who owned the conversation, from when to when, and why it ended [B22].
import { json, nullable, projection, text, type Recorded } from '#kernel';
import type { ConversationEvent } from './conversation.js';

type AssignmentEvent = Extract<
  ConversationEvent,
  { type: 'ConversationAssigned' | 'ConversationUnassigned' | 'AssigneeEngaged' }
>;

/** Padded, so that text order is number order. */
const no = (assignmentNo: number): string => String(assignmentNo).padStart(10, '0');

export const assignmentHistory = projection<AssignmentEvent>()({
  name: 'assignment_history',
  version: 1,
  table: {
    key: ['conversation_id', 'assignment_no'],
    columns: {
      assignee_id: text,
      assigned_by: text,
      method: text,
      assigned_at: text,
      engaged_at: nullable(text),
      ended_at: nullable(text),
      end_reason: nullable(text),
      /** Sealed. */
      note: nullable(json<unknown>()),
    },
  },
  keyOf: (event: Recorded<AssignmentEvent>) => {
    const key = (assignmentNo: number) => ({ conversation_id: event.subject, assignment_no: no(assignmentNo) });
    const own = key(event.data.assignmentNo);
    // A new assignee ends the assignment before.
    return event.type === 'ConversationAssigned' && event.data.previousAssigneeId !== null
      ? [key(event.data.assignmentNo - 1), own]
      : own;
  },
  on: {
    ConversationAssigned: (row, { data }, key) =>
      key.assignment_no === no(data.assignmentNo)
        ? {
            assignee_id: data.assigneeId,
            assigned_by: data.assignedBy,
            method: data.method,
            assigned_at: data.assignedAt,
            engaged_at: null,
            ended_at: null,
            end_reason: null,
            note: data.note,
          }
        : row && { ...row, ended_at: data.assignedAt, end_reason: 'reassigned' },
    ConversationUnassigned: (row, { data }) => row && { ...row, ended_at: data.unassignedAt, end_reason: data.reason },
    AssigneeEngaged: (row, { data }) => row && { ...row, engaged_at: data.engagedAt },
  },
});
