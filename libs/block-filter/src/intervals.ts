// What is covered, as lines for gateways that decide by themselves. A line is a state: it replaces the one with the same identityId,
// blockId, from and channels; nothing is counted, so that reading one twice changes nothing.
import { channelsOf, spellingsOf, type ActiveContact, type CardIdentity, type Channel, type Kind } from '#contacts';

export type IntervalLine = {
  /** Every spelling; none: the identity is the contact's no more, and covers nothing. */
  readonly addresses: readonly string[];
  readonly kind: Kind;
  readonly identityId: string;
  readonly contactId: string;
  readonly channels: readonly Channel[];
  /** Half-open: at exactly `to` a message is displayed. `to: null` has no end yet. */
  readonly from: string;
  readonly to: string | null;
  readonly blockId: string;
};

/** The lines of a contact, as its folded state has them; `identities` are those of its card, with the addresses. Oldest first. */
export const linesOf = (contact: ActiveContact, identities: readonly CardIdentity[]): readonly IntervalLine[] => {
  const addresses = new Map(identities.map(({ identityId, value }) => [identityId, value]));
  return contact.coverage.flatMap(({ identityId, channel, blockId, contactId, from, to }) => {
    const kind = contact.identities.find((one) => one.identityId === identityId)?.kind;
    if (kind === undefined) return [];
    const channels = channelsOf(kind).filter((one) => channel === '*' || channel === one);
    if (channels.length === 0) return [];
    const address = addresses.get(identityId) ?? null;
    const runsOut = to === null && contact.block?.blockId === blockId ? contact.block.expiresAt : to;
    return [
      {
        addresses: address === null ? [] : spellingsOf(kind, address),
        kind,
        identityId,
        contactId,
        channels,
        from,
        to: runsOut,
        blockId,
      },
    ];
  });
};
