// Whose each identity is now, and whether it is still one: what lists ask that join by identity. A detached one keeps whose it was.
import { integer, projection, text, type Recorded } from '#kernel';
import type { ContactEvent } from './contact.js';

type Moving = Extract<
  ContactEvent,
  {
    type:
      | 'ContactRegistered'
      | 'ContactIdentityAttached'
      | 'ContactIdentityDetached'
      | 'ContactsMerged'
      | 'ContactRestored';
  }
>;

const identityIdsOf = ({ type, data }: Recorded<Moving>): readonly string[] =>
  type === 'ContactIdentityAttached' || type === 'ContactIdentityDetached'
    ? [data.identityId]
    : data.identities.map(({ identityId }) => identityId);

/** An erasure detaches nothing, and its fact names no identity: whoever asks looks at the card as well. */
export const identityHolders = projection<Moving>()({
  name: 'identity_holders',
  version: 1,
  table: {
    key: ['identity_id'],
    columns: { contact_id: text, attached: integer },
    indexes: [['contact_id']],
  },
  keyOf: (event: Recorded<Moving>) => identityIdsOf(event).map((identity_id) => ({ identity_id })),
  on: {
    ContactRegistered: (_row, { data }) => ({ contact_id: data.contactId, attached: 1 }),
    ContactIdentityAttached: (_row, { data }) => ({ contact_id: data.contactId, attached: 1 }),
    ContactIdentityDetached: (row) => row && { ...row, attached: 0 },
    ContactsMerged: (_row, { data }, key) => held(data.contactId, data.identities, key),
    ContactRestored: (_row, { data }, key) => held(data.contactId, data.identities, key),
  },
});

const held = (
  contact_id: string,
  identities: readonly { readonly identityId: string; readonly detachedAt: string | null }[],
  { identity_id }: { readonly identity_id: string },
): { contact_id: string; attached: number } => ({
  contact_id,
  attached: identities.find(({ identityId }) => identityId === identity_id)?.detachedAt === null ? 1 : 0,
});
