// What the filter knows of a contact: its identities and what their blocks cover. It is the write side's own fold, without names and addresses,
// so that the read model cannot come to another verdict.
import { json, projection, type Recorded } from '#kernel';
import { contactDecider, type ActiveContact, type Contact, type ContactEvent, type ErasedContact } from '#contacts';

type Known = ActiveContact | ErasedContact;

const evolved = (row: { readonly contact: Known } | null, event: Recorded<ContactEvent>): { contact: Known } | null => {
  const contact: Contact = contactDecider.evolve(row?.contact ?? contactDecider.initial, event);
  if (contact.status === 'unknown') return null;
  if (contact.status === 'erased') return { contact };
  const { block } = contact;
  return {
    contact: {
      ...contact,
      displayName: null,
      tags: [],
      identities: contact.identities.map((identity) => ({ ...identity, value: null })),
      block: block && { ...block, reasonText: null },
    },
  };
};

/** Rows only of contacts that were ever blocked need coverage, but a holder must be known as valid too: so one row each. */
export const blockFilter = projection<ContactEvent>()({
  name: 'block_filter',
  version: 2,
  table: { key: ['contact_id'], columns: { contact: json<Known>() } },
  keyOf: ({ data }: Recorded<ContactEvent>) => ({ contact_id: data.contactId }),
  on: {
    ContactRegistered: evolved,
    ContactIdentityAttached: evolved,
    ContactIdentityDetached: evolved,
    DuplicateContactDetected: (row) => row,
    ContactDetailsChanged: (row) => row,
    ContactTagged: (row) => row,
    ContactUntagged: (row) => row,
    ContactBlocked: evolved,
    ContactBlockChanged: evolved,
    ContactUnblocked: evolved,
    ContactBlockExpired: evolved,
    ErasureRequested: evolved,
    ContactErased: evolved,
    ErasureCompleted: evolved,
  },
});
