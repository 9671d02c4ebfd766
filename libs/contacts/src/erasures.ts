// Certificates of erasure: what was done for each, when, and where the log stood. Nothing of the person stands here.
import { json, nullable, projection, text, type Recorded } from '#kernel';
import type { ContactEvent, ErasureStep } from './contact.js';

type ErasureEvent = Extract<ContactEvent, { data: { erasureId: string } }>;

export const erasures = projection<ErasureEvent>()({
  name: 'erasures',
  version: 1,
  table: {
    key: ['erasure_id'],
    columns: {
      contact_id: text,
      status: text,
      requested_by: text,
      legal_basis: text,
      requested_at: text,
      key_id: nullable(text),
      destroyed_at: nullable(text),
      completed_at: nullable(text),
      steps: json<readonly ErasureStep[]>(),
    },
    indexes: [['status', 'requested_at']],
  },
  keyOf: ({ data }: Recorded<ErasureEvent>) => ({ erasure_id: data.erasureId }),
  on: {
    ErasureRequested: (_row, { data, position }) => ({
      contact_id: data.contactId,
      status: 'pending',
      requested_by: data.requestedBy,
      legal_basis: data.legalBasis,
      requested_at: data.requestedAt,
      key_id: null,
      destroyed_at: null,
      completed_at: null,
      steps: [{ step: 'requested', at: data.requestedAt, position }],
    }),
    ContactErased: (row, { data }) => row && { ...row, key_id: data.keyId, destroyed_at: data.destroyedAt },
    ErasureCompleted: (row, { data }) =>
      row && { ...row, status: 'completed', completed_at: data.completedAt, steps: data.steps },
  },
});
