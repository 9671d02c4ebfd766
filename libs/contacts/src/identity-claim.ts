// Who claims an address, one after the other. A claim is a pointer, the owner's stream is the truth; nothing is ever released.
import { Command, decider, defineEvents, later, only, type Event, type Position } from '#kernel';
import { contactDecider, coverageOf, identitiesOf, type Contact, type Identity } from './contact.js';
import type { Coverage } from './coverage.js';
import { presentContact } from './present-contact.js';

export type IdentityEvent = Event<'IdentityClaimed', { contactId: string; identityId: string; claimedAt: string }>;

export type Claim = IdentityEvent['data'];
export type Claims = { readonly claims: readonly Claim[]; readonly lastTime: string };

const evolve = (state: Claims, event: IdentityEvent): Claims => {
  only(event, 'IdentityClaimed');
  return { claims: [...state.claims, event.data], lastTime: later(event.data.claimedAt, state.lastTime) };
};

export class ClaimIdentity extends Command<{
  /** HMAC of the canonical address under the tenant's secret, hex. */
  readonly key: string;
  readonly contactId: string;
  readonly identityId: string;
  /** Those whose claim is valid now, oldest first. */
  readonly holders: readonly { contactId: string }[];
  /** Whose claim makes this one needless: inbound takes the first holder instead of making another, prevention allows no second contact. */
  readonly unlessHeldBy: 'anybody' | 'another' | 'nobody';
}> {
  readonly type = 'ClaimIdentity';
}

const decide = ({ data, metadata }: ClaimIdentity, state: Claims): readonly IdentityEvent[] => {
  const { contactId, identityId } = data;
  const standing = data.holders.filter((holder) => data.unlessHeldBy === 'anybody' || holder.contactId !== contactId);
  if (data.unlessHeldBy !== 'nobody' && standing.length > 0) return [];
  if (state.claims.some((claim) => claim.contactId === contactId && claim.identityId === identityId)) return [];
  return [{ type: 'IdentityClaimed', data: { contactId, identityId, claimedAt: later(metadata.now, state.lastTime) } }];
};

export const identityDecider = decider({
  category: 'identity',
  commands: [ClaimIdentity],
  idOf: (command) => command.data.key,
  initial: { claims: [], lastTime: '' },
  evolve,
  decide,
  sizeOf: (state) => 150 + 150 * state.claims.length,
});

/** How long a claim holds before any fact attached its identity: its command may still be under way. */
export const PENDING_MS = 60_000;

export type Holder = {
  readonly contactId: string;
  readonly identityId: string;
  readonly contact: Contact;
  /** `null` while the claim's command is under way and no fact names the identity yet. */
  readonly identity: Identity | null;
  /** Under which the contact had this address before it was taken from it: what was hidden then stays so when it has it again. */
  readonly formerIds: readonly string[];
};

/**
 * The valid claimants, oldest first: active contacts that have the identity, or whose claim is younger than a minute
 * and not attached yet. An owner is followed through merges to the end, so that one contact may hold an address under two identities.
 * `contacts` as `presentContact` takes them.
 */
export const holdersOf = (
  claims: readonly Claim[],
  contacts: ReadonlyMap<string, Contact>,
  now: string,
): readonly Holder[] => {
  const holders: Holder[] = [];
  const former: { readonly contactId: string; readonly identityId: string }[] = [];
  for (const { contactId: claimant, identityId, claimedAt } of claims) {
    const contact = presentContact(contacts, claimant, now);
    const contactId = contact.status === 'unknown' ? claimant : contact.contactId;
    // Whoever writes from the address of an erased contact is somebody new.
    if (contact.status === 'erased') continue;
    const identity = identitiesOf(contact).find((one) => one.identityId === identityId) ?? null;
    const everAttached = contact.status === 'active' && contact.identities.some((one) => one.identityId === identityId);
    const pending = !everAttached && Date.parse(now) - Date.parse(claimedAt) < PENDING_MS;
    if (everAttached && identity === null) former.push({ contactId, identityId });
    const holder = { contactId, identityId, contact, identity, formerIds: [] };
    const waiting = holders.findIndex((held) => held.contactId === contactId && held.identity === null);
    // The identity that a contact has goes before a claim of its own that is still under way; its place in the order stays.
    if (identity !== null && waiting !== -1) holders[waiting] = holder;
    else if (identity !== null || (pending && !holders.some((held) => held.contactId === contactId)))
      holders.push(holder);
  }
  if (former.length === 0) return holders;
  return holders.map((holder) => ({
    ...holder,
    formerIds: former.filter(({ contactId }) => contactId === holder.contactId).map(({ identityId }) => identityId),
  }));
};

/** The holder as it is once the address is known to be verified: a weak address that joined late is covered like any other from its attachment. */
export const asVerified = (holder: Holder): Holder => {
  const { contact, contactId, identity } = holder;
  if (identity === null || identity.verified) return holder;
  const { identityId, kind, value, attachedAt } = identity;
  const verified = contactDecider.evolve(contact, {
    type: 'ContactIdentityAttached',
    data: { contactId, identityId, kind, value, verified: true, attachedAt },
  });
  return { ...holder, contact: verified };
};

/** What the blocks of all holders cover on a channel: a block of any of them covers the address. */
export const coverageOfHolders = (holders: readonly Holder[], channel: string): readonly Coverage[] =>
  holders.flatMap(({ contact, identityId, formerIds }) =>
    [identityId, ...formerIds].flatMap((id) => coverageOf(contact, id, channel)),
  );

/**
 * Whose the address is, if an identity was attached so late that another's claim had become valid before; else `null`. `claims` of the
 * address with their places in the log, in order; `attachedAt` is the place of the attachment: clocks of stores play no part.
 * A claim that was never made is nobody's. Source: spec/domain.md, "Claims".
 */
export const claimLostTo = (
  claims: readonly (Claim & { readonly position: Position })[],
  identityId: string,
  attachedAt: Position,
): { readonly contactId: string | null } | null => {
  const own = claims.findIndex((claim) => claim.identityId === identityId);
  const claim = claims[own];
  if (claim === undefined) return { contactId: null };
  const deadline = Date.parse(claim.claimedAt) + PENDING_MS;
  const winner = claims
    .slice(own + 1)
    .find(
      (later) =>
        later.contactId !== claim.contactId && later.position < attachedAt && Date.parse(later.claimedAt) >= deadline,
    );
  return winner === undefined ? null : { contactId: winner.contactId };
};

export const identityEvents = defineEvents<IdentityEvent>()({ IdentityClaimed: { version: 1 } });
