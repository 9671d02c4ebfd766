// Pairs of contacts that were found to have an address in common, or to be one sender's; whichever of them was told [K9].
import { integer, projection, text, type Recorded } from '#kernel';
import type { ContactEvent } from './contact.js';

type Detected = Extract<ContactEvent, { type: 'DuplicateContactDetected' }>;

/** Reported by these, both hold the address. One sender's (`ReportDuplicate`), or one whose claim was lost (`DetachIdentity`), never did. */
const holdBoth: ReadonlySet<string> = new Set(['RegisterContact', 'AttachIdentity']);

/** `by_address`: the pair is one as long as both hold an address in common; else until one of them is merged or erased. */
export const duplicates = projection<Detected>()({
  name: 'duplicates',
  version: 2,
  table: {
    key: ['contact_id', 'other_id'],
    columns: { kind: text, detected_at: text, by_address: integer },
    indexes: [['detected_at desc', 'contact_id desc', 'other_id desc'], ['other_id']],
  },
  // One row whichever side detected the other.
  keyOf: ({ data: { contactId, otherContactId } }: Recorded<Detected>) =>
    contactId < otherContactId
      ? { contact_id: contactId, other_id: otherContactId }
      : { contact_id: otherContactId, other_id: contactId },
  on: {
    DuplicateContactDetected: (row, { data, metadata }) => {
      const by_address = holdBoth.has(metadata.commandType) ? 1 : 0;
      return row === null
        ? { kind: data.kind, detected_at: metadata.occurredAt, by_address }
        : { ...row, by_address: Math.min(row.by_address, by_address) };
    },
  },
});
