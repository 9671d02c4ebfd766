// Pairs of contacts that were found to have an address in common, or to be one sender's; whichever of them was told [K9].
import { projection, text, type Recorded } from '#kernel';
import type { ContactEvent } from './contact.js';

type Detected = Extract<ContactEvent, { type: 'DuplicateContactDetected' }>;

export const duplicates = projection<Detected>()({
  name: 'duplicates',
  version: 1,
  table: {
    key: ['contact_id', 'other_id'],
    columns: { kind: text, detected_at: text },
    indexes: [['detected_at desc', 'contact_id desc', 'other_id desc'], ['other_id']],
  },
  // One row whichever side detected the other.
  keyOf: ({ data: { contactId, otherContactId } }: Recorded<Detected>) =>
    contactId < otherContactId
      ? { contact_id: contactId, other_id: otherContactId }
      : { contact_id: otherContactId, other_id: contactId },
  on: {
    DuplicateContactDetected: (row, { data, metadata }) => row ?? { kind: data.kind, detected_at: metadata.occurredAt },
  },
});
