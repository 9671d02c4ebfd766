// Who claims an address, one after the other. A claim is a pointer, the owner's stream is the truth; nothing is ever released.
import { Command, decider, defineEvents, later, only, type Event } from '#kernel';
import { coverageOf, identitiesOf, type Contact, type Identity } from './contact.js';
import type { Coverage } from './coverage.js';

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
  /** Inbound takes the first holder instead of making another. */
  readonly onlyIfFree: boolean;
}> {
  readonly type = 'ClaimIdentity';
}

const decide = ({ data, metadata }: ClaimIdentity, state: Claims): readonly IdentityEvent[] => {
  const { contactId, identityId } = data;
  if (data.onlyIfFree && data.holders.length > 0) return [];
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
};

/**
 * The valid claimants, oldest first: active contacts that have the identity, or whose claim is younger than a minute
 * and not attached yet. `contacts` by id; a contact that is not in it does not exist.
 */
export const holdersOf = (
  claims: readonly Claim[],
  contacts: ReadonlyMap<string, Contact>,
  now: string,
): readonly Holder[] => {
  const holders = new Map<string, Holder>();
  for (const { contactId, identityId, claimedAt } of claims) {
    const contact = contacts.get(contactId) ?? { status: 'unknown' };
    // Whoever writes from the address of an erased contact is somebody new.
    if (contact.status === 'erased') continue;
    const identity = identitiesOf(contact).find((one) => one.identityId === identityId) ?? null;
    const everAttached = contact.status === 'active' && contact.identities.some((one) => one.identityId === identityId);
    const pending = !everAttached && Date.parse(now) - Date.parse(claimedAt) < PENDING_MS;
    const held = holders.get(contactId);
    // The identity that a contact has goes before a claim of its own that is still under way; its place in the order stays.
    if (held === undefined ? identity !== null || pending : held.identity === null && identity !== null) {
      holders.set(contactId, { contactId, identityId, contact, identity });
    }
  }
  return [...holders.values()];
};

/** What the blocks of all holders cover on a channel: a block of any of them covers the address. */
export const coverageOfHolders = (holders: readonly Holder[], channel: string): readonly Coverage[] =>
  holders.flatMap((holder) => coverageOf(holder.contact, holder.identityId, channel));

/**
 * Was an identity attached so late that another's claim had become valid in between? Its contact lost the address.
 * Source: spec/domain.md, "Claims".
 */
export const claimLost = (claims: readonly Claim[], identityId: string, attachedAt: string): boolean => {
  const own = claims.findIndex((claim) => claim.identityId === identityId);
  const claim = claims[own];
  if (claim === undefined) return true;
  const deadline = Date.parse(claim.claimedAt) + PENDING_MS;
  return (
    Date.parse(attachedAt) >= deadline &&
    claims
      .slice(own + 1)
      .some(
        (later) =>
          later.contactId !== claim.contactId &&
          later.claimedAt <= attachedAt &&
          Date.parse(later.claimedAt) >= deadline,
      )
  );
};

export const identityEvents = defineEvents<IdentityEvent>()({ IdentityClaimed: { version: 1 } });
