// What is covered, as lines for gateways that decide by themselves. A line is a state: it replaces the one with the same identityId,
// blockId, from and channels; nothing is counted, so that reading one twice changes nothing.
import {
  channelsOf,
  presentContact,
  spellingsOf,
  type CardIdentity,
  type Channel,
  type Contact,
  type Kind,
} from '#contacts';

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
 * The lines of a contact, oldest first. `kin` are those whom it absorbed, who are frozen for it, and who absorbed it. Once a merge is
 * carried out its survivor speaks for both, and says first that the other's lines cover nothing: where they are the same lines, what comes
 * behind holds. Until then whoever is asked says what the merge will make of both, or its undoing of each.
 */
export const linesOf = (one: Covered, kin: ReadonlyMap<string, Covered>): readonly IntervalLine[] => {
  const { contact } = one;
  const others = [...kin.values()];
  const folds = new Map([one, ...others].map((each) => [each.contact.contactId, each.contact]));
  const identities = [one, ...others].flatMap((each) => each.identities);
  // A merge takes its times from the facts: whenever it is told, it opens the same lines.
  const present = presentContact(folds, contact.contactId, contact.lastTime);
  if (contact.status === 'absorbed') {
    const into = folds.get(contact.intoId);
    const isTakenIn = into?.merges.some(({ mergeId, restored }) => mergeId === contact.mergeId && restored === null);
    return isTakenIn === true ? [] : ownLines(present, identities);
  }
  const absorbed = contact.merges.flatMap(({ absorbedId, restored }) => {
    const other = kin.get(absorbedId);
    if (other?.contact.status !== 'absorbed') return [];
    return restored === null
      ? ownLines(other.contact, other.identities).map((line) => ({ ...line, addresses: [] }))
      : ownLines(presentContact(folds, absorbedId, contact.lastTime), other.identities);
  });
  return [...absorbed, ...ownLines(present, identities)];
};

const ownLines = (contact: Contact, identities: readonly CardIdentity[]): readonly IntervalLine[] => {
  if (contact.status === 'unknown') return [];
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
