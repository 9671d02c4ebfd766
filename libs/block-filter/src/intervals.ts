// What is covered, as lines for gateways that decide by themselves. A line is a state: it replaces the one with the same identityId,
// blockId, from and channels; nothing is counted, so that reading one twice changes nothing.
import { channelsOf, spellingsOf, type CardIdentity, type Channel, type Contact, type Kind } from '#contacts';

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

type KnownContact = Exclude<Contact, { status: 'unknown' }>;
/** A contact as its folded state has it; `identities` are those of its card, with the addresses. */
export type Covered = { readonly contact: KnownContact; readonly identities: readonly CardIdentity[] };

/**
 * The lines of a contact, oldest first. `kin` finds those whom it absorbed and who absorbed it. Once a merge is carried out its survivor speaks
 * for both, and says first that the other's lines cover nothing: where they are the same lines, what comes behind holds.
 */
export const linesOf = (one: Covered, kin: (contactId: string) => Covered | undefined): readonly IntervalLine[] => {
  const { contact } = one;
  if (contact.status === 'absorbed') {
    const into = kin(contact.intoId)?.contact;
    if (into?.merges.some(({ mergeId, restored }) => mergeId === contact.mergeId && restored === null) === true)
      return [];
  }
  const absorbed = contact.merges.flatMap(({ absorbedId, restored }) => {
    const other = kin(absorbedId);
    if (other?.contact.status !== 'absorbed') return [];
    const lines = ownLines(other);
    return restored === null ? lines.map((line) => ({ ...line, addresses: [] })) : lines;
  });
  return [...absorbed, ...ownLines(one)];
};

const ownLines = ({ contact, identities }: Covered): readonly IntervalLine[] => {
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
