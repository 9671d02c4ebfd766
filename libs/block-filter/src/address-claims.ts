// Who claims an address, in order. The address itself is an HMAC: a row says nothing of a person.
import { json, projection, type Recorded } from '#kernel';
import type { Claim, IdentityEvent } from '#contacts';

export const addressClaims = projection<IdentityEvent>()({
  name: 'address_claims',
  version: 1,
  table: { key: ['address'], columns: { claims: json<readonly Claim[]>() } },
  keyOf: (event: Recorded<IdentityEvent>) => ({ address: event.subject }),
  on: {
    IdentityClaimed: (row, { data }) => ({
      claims: [
        ...(row?.claims ?? []),
        { contactId: data.contactId, identityId: data.identityId, claimedAt: data.claimedAt },
      ],
    }),
  },
});
