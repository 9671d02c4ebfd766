// What was not sent to a contact, and why [K1].
import { json, projection, text, type Recorded } from '#kernel';
import type { Reason } from './gate.js';
import type { RefusedEvent } from './refused-sends.js';

export const refusals = projection<RefusedEvent>()({
  name: 'refusals',
  version: 1,
  table: {
    key: ['refusal_id'],
    columns: {
      contact_id: text,
      refused_at: text,
      channel: text,
      purpose: text,
      reasons: json<readonly Reason[]>(),
      requested_by: text,
    },
    indexes: [['contact_id', 'refused_at desc', 'refusal_id desc']],
  },
  keyOf: ({ data }: Recorded<RefusedEvent>) => ({ refusal_id: data.refusalId }),
  on: {
    SendRefused: (_row, { data }) => ({
      contact_id: data.contactId,
      refused_at: data.refusedAt,
      channel: data.channel,
      purpose: data.purpose,
      reasons: data.reasons,
      requested_by: data.requestedBy,
    }),
  },
});
