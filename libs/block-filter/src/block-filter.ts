// What the filter knows of a contact: its identities and what their blocks cover. It is the write side's own fold, without names and addresses,
// so that the read model cannot come to another verdict.
import { integer, json, nullable, projection, text, type Recorded } from '#kernel';
import { contactDecider, type Contact, type ContactEvent, type OpenBlock } from '#contacts';

type KnownContact = Exclude<Contact, { status: 'unknown' }>;

const withoutText = (block: OpenBlock | null): OpenBlock | null => block && { ...block, reasonText: null };

const evolved = (
  row: { readonly contact: KnownContact } | null,
  event: Recorded<ContactEvent>,
): { contact: KnownContact; covered: number; into_id: string | null } | null => {
  const contact: Contact = contactDecider.evolve(row?.contact ?? contactDecider.initial, event);
  if (contact.status === 'unknown') return null;
  return {
    covered: contact.coverage.length > 0 ? 1 : 0,
    contact: {
      ...contact,
      displayName: null,
      tags: [],
      identities: contact.identities.map((identity) => ({ ...identity, value: null })),
      block: withoutText(contact.block),
      merges: contact.merges.map((merge) => ({
        ...merge,
        consents: {},
        wallets: [],
        before: withoutText(merge.before),
        after: withoutText(merge.after),
        restored: merge.restored && { ...merge.restored, block: withoutText(merge.restored.block) },
      })),
      consents: {},
    },
    into_id: contact.status === 'absorbed' ? contact.intoId : null,
  };
};

/** Rows only of contacts that were ever blocked need coverage, but a holder must be known as valid too: so one row each; `covered` finds the former. */
export const blockFilter = projection<ContactEvent>()({
  name: 'block_filter',
  version: 6,
  table: {
    key: ['contact_id'],
    columns: { contact: json<KnownContact>(), covered: integer, into_id: nullable(text) },
    indexes: [['covered', 'contact_id'], ['into_id']],
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
    ContactAbsorbed: evolved,
    ContactsMerged: evolved,
    ContactsUnmerged: evolved,
    ContactRestored: evolved,
    ConsentGranted: (row) => row,
    ConsentRevoked: (row) => row,
    ErasureRequested: evolved,
    ContactErased: evolved,
    ErasureCompleted: evolved,
  },
});
