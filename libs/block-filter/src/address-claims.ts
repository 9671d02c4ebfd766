// Who claims an address, in order. The address itself is an HMAC: a row says nothing of a person.
import { integer, projection, text, type Recorded } from '#kernel';
import type { IdentityEvent } from '#contacts';

export const addressClaims = projection<IdentityEvent>()({
  name: 'address_claims',
  version: 1,
  table: {
    key: ['address', 'identity_id'],
    columns: { contact_id: text, claim_no: integer, claimed_at: text },
    indexes: [['identity_id']],
  },
  keyOf: (event: Recorded<IdentityEvent>) => ({ address: event.subject, identity_id: event.data.identityId }),
  on: {
    IdentityClaimed: (_row, { data, revision }) => ({
      contact_id: data.contactId,
      claim_no: revision,
      claimed_at: data.claimedAt,
    }),
  },
});
