// What the filter knows of a contact: its identities and what their blocks cover. It is the write side's own fold, without names and addresses,
// so that the read model cannot come to another verdict.
import { integer, json, projection, type Recorded } from '#kernel';
import { contactDecider, type ActiveContact, type Contact, type ContactEvent } from '#contacts';

const evolved = (
  row: { readonly contact: ActiveContact } | null,
  event: Recorded<ContactEvent>,
): { contact: ActiveContact; covered: number } | null => {
  const contact: Contact = contactDecider.evolve(row?.contact ?? contactDecider.initial, event);
  if (contact.status === 'unknown') return null;
  const { block } = contact;
  return {
    covered: contact.coverage.length > 0 ? 1 : 0,
    contact: {
      ...contact,
      displayName: null,
      tags: [],
      identities: contact.identities.map((identity) => ({ ...identity, value: null })),
      block: block && { ...block, reasonText: null },
      consents: {},
    },
  };
};

/** Rows only of contacts that were ever blocked need coverage, but a holder must be known as valid too: so one row each; `covered` finds the former. */
export const blockFilter = projection<ContactEvent>()({
  name: 'block_filter',
  version: 3,
  table: {
    key: ['contact_id'],
    columns: { contact: json<ActiveContact>(), covered: integer },
    indexes: [['covered', 'contact_id']],
  },
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
    ConsentGranted: (row) => row,
    ConsentRevoked: (row) => row,
  },
});
