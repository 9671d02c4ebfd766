// What should come of wishes about contacts. Each function changes the world and answers as the caller is told.
import { accepted, refused, type Address, type Outcome, type Wish } from './operations.js';
import {
  CONSENT_CHANNELS,
  coverageOfConversation,
  covering,
  enforceOn,
  episodeAt,
  holdersOf,
  inScope,
  isWeak,
  latest,
  mayBy,
  ownBlockAt,
  sees,
  seesContact,
  setting,
  type Caller,
  type Contact,
  type Conversation,
  type Episode,
  type Identity,
  type InboundMode,
  type Scope,
  type Time,
  type World,
} from './world.js';

type Of<K extends Wish['do']> = Extract<Wish, { do: K }>;

/** Takes an address: the claim, the identity, and who else holds it. */
export const give = (world: World, contact: Contact, { kind, key, verified }: Address, now: Time): Identity => {
  const count = [...world.contacts.values()].reduce((sum, one) => sum + one.identities.length, 0);
  const identity = { identityId: `identity-${String(count + 1)}`, key, kind, verified, attached: true };
  for (const holder of holdersOf(world, key)) contact.duplicates.add(holder.contact.contactId);
  world.claims.set(key, [
    ...(world.claims.get(key) ?? []),
    { contactId: contact.contactId, identityId: identity.identityId },
  ]);
  contact.identities.push(identity);
  const episode = episodeAt(contact, now);
  if (episode !== null && !isWeak(kind, verified)) cover(episode, identity.identityId, now);
  return identity;
};

/** The episode covers the identity from then on. */
export const cover = (episode: Episode, identityId: string, from: Time): void => {
  episode.identityIds.push(identityId);
  for (const channel of covering(episode.scope)) episode.coverage.push({ identityId, channel, from, to: null });
};

/** What was verified once stays verified; what became strong during a block is covered from then on. */
export const verify = (contact: Contact, identity: Identity, now: Time): void => {
  identity.verified = true;
  const episode = episodeAt(contact, now);
  if (episode !== null && !episode.identityIds.includes(identity.identityId)) cover(episode, identity.identityId, now);
};

export const newContact = (world: World, name: string | null, now: Time): Contact => {
  const contact: Contact = {
    contactId: `contact-${String(world.contacts.size + 1)}`,
    name,
    tags: new Set(),
    identities: [],
    episodes: [],
    duplicates: new Set(),
    consents: new Map(),
    refusals: [],
    brought: [],
    absorbed: null,
    lastTime: now,
  };
  // What is granted to everybody is granted when they come, and never later.
  const granted = { state: 'granted', source: 'org_default' } as const;
  if (setting(world, 'consent.defaultPhone') === true)
    for (const channel of ['whatsapp', 'viber', 'sms']) contact.consents.set(channel, granted);
  if (setting(world, 'consent.defaultEmail') === true) contact.consents.set('email', granted);
  world.contacts.set(contact.contactId, contact);
  return contact;
};

export const register = (world: World, caller: Caller, wish: Of<'register'>, now: Time): Outcome => {
  if (caller.access !== 'all') return refused('forbidden');
  const contact = newContact(world, 'Given', now);
  // One identity per address, whatever kinds named it.
  const own = new Map<string, Address>();
  for (const address of wish.addresses) {
    const same = own.get(address.key);
    own.set(address.key, { ...(same ?? address), verified: address.verified || same?.verified === true });
  }
  for (const address of own.values()) give(world, contact, address, now);
  for (const tag of wish.tags) contact.tags.add(tag);
  return accepted({
    contactId: contact.contactId,
    identityIds: contact.identities.map(({ identityId }) => identityId),
    duplicates: [...contact.duplicates],
  });
};

/** Wishes about a contact that exists. */
export const withContact = (
  world: World,
  caller: Caller,
  wish: Of<'attach' | 'detach' | 'edit' | 'consent' | 'block' | 'changeBlock' | 'unblock'>,
  asked: Time,
): Outcome => {
  const contact = world.contacts.get(wish.contactId);
  if (contact === undefined || !seesContact(world, caller, wish.contactId)) return refused('not-found');
  const now = latest(asked, contact.lastTime);
  // Whoever was absorbed changes no more; what may not be asked of anybody is refused before that.
  const isAbsorbed = contact.absorbed !== null;
  if (isAbsorbed && !['block', 'changeBlock', 'unblock'].includes(wish.do)) return refused('contact-merged');
  if (!isAbsorbed) endWhatRanOut(contact, now);
  switch (wish.do) {
    case 'attach':
      return attach(world, contact, wish.address, now);
    case 'detach':
      return detach(world, caller, contact, wish.identityId, now);
    case 'edit':
      contact.name = wish.name;
      contact.tags.add(wish.add);
      contact.tags.delete(wish.remove);
      return accepted({ contactId: contact.contactId });
    case 'consent': {
      const { channel, state } = wish;
      const source = caller.role === 'integration' ? 'customer' : 'manual';
      const present = contact.consents.get(channel);
      // From another source it is a word of its own: what a merge brought goes when that is undone, and this stays.
      if (present?.state === state && present.source === source) return accepted({ contactId: contact.contactId });
      contact.consents.set(channel, { state, source });
      contact.lastTime = now;
      if (state === 'revoked') cancelGated(world, contact, channel);
      return accepted({ contactId: contact.contactId });
    }
    case 'block':
      return block(world, caller, contact, wish, now);
    case 'changeBlock':
      return changeBlock(world, caller, contact, wish, now);
    case 'unblock': {
      const open = episodeAt(contact, now);
      if (!mayBy(caller, setting(world, 'block.unblockBy'))) return refused('administrator-required');
      if (setting(world, 'block.requireConfirm') === true && !wish.confirm) return refused('confirmation-required');
      if (isAbsorbed) return refused('contact-merged');
      if (open === null) return refused('contact-not-blocked');
      end(open, now);
      contact.lastTime = now;
      return accepted({ blockId: open.blockId });
    }
  }
};

/** What ran out is over at its time, whenever somebody looks. */
export const endWhatRanOut = (contact: Contact, now: Time): void => {
  for (const episode of contact.episodes)
    if (episode.endedAt === null && episodeAt(contact, now) !== episode) end(episode, episode.expiresAt ?? now);
};

export const end = (episode: Episode, at: Time): void => {
  episode.endedAt = at;
  for (const one of episode.coverage) one.to ??= at;
};

/** What needed a consent that the contact has no more, and was not handed over, is cancelled. */
export const enforceConsents = (world: World, contact: Contact): void => {
  for (const channel of CONSENT_CHANNELS)
    if (contact.consents.get(channel)?.state !== 'granted') cancelGated(world, contact, channel);
};

/** A revocation cancels what needed the consent and was not handed over. */
const cancelGated = (world: World, { contactId }: Contact, channel: string): void => {
  for (const conversation of world.conversations.values()) {
    if (conversation.contactId !== contactId || conversation.channel !== channel) continue;
    for (const message of conversation.messages)
      if (message.state === 'requested' && message.gated === true) message.state = 'cancelled';
  }
};

const attach = (world: World, contact: Contact, address: Address, now: Time): Outcome => {
  const known = contact.identities.find((one) => one.attached && one.key === address.key);
  if (known === undefined) {
    contact.lastTime = now;
    const { identityId } = give(world, contact, address, now);
    if (episodeAt(contact, now) !== null) enforce(world, contact, now);
    return accepted({ identityId });
  }
  if (address.verified && !known.verified) {
    verify(contact, known, now);
    contact.lastTime = now;
    if (episodeAt(contact, now) !== null) enforce(world, contact, now);
  }
  return accepted({ identityId: known.identityId });
};

const detach = (world: World, caller: Caller, contact: Contact, identityId: string, now: Time): Outcome => {
  const identity = contact.identities.find((one) => one.identityId === identityId && one.attached);
  if (identity === undefined) return accepted({ identityId });
  if (episodeAt(contact, now) !== null && !mayBy(caller, setting(world, 'block.unblockBy')))
    return refused('administrator-required');
  identity.attached = false;
  for (const one of contact.episodes.flatMap(({ coverage }) => coverage))
    if (one.identityId === identityId) one.to ??= now;
  contact.lastTime = now;
  return accepted({ identityId });
};

export const united = (one: Scope, other: Scope): Scope => {
  const channels = covering(one).concat(covering(other));
  return 'all' in one || 'all' in other ? { all: true } : { channels: [...new Set(channels)].sort() };
};
const isWithin = (one: Scope, other: Scope): boolean =>
  'all' in other || (!('all' in one) && one.channels.every((channel) => other.channels.includes(channel)));

const block = (world: World, caller: Caller, contact: Contact, wish: Of<'block'>, now: Time): Outcome => {
  const origin = wish.conversationId === null ? null : world.conversations.get(wish.conversationId);
  if (
    origin === undefined ||
    (origin !== null && (origin.contactId !== contact.contactId || !sees(caller, origin.assigneeId)))
  )
    return refused('not-found');
  if (!mayBy(caller, setting(world, 'block.blockBy'))) return refused('forbidden');
  if (setting(world, 'block.requireConfirm') === true && !wish.confirm) return refused('confirmation-required');
  const byDefault: Scope =
    setting(world, 'block.defaultScope') === 'thisChannel' && origin !== null
      ? { channels: [origin.channel] }
      : { all: true };
  const scope = wish.scope ?? byDefault;
  const open = ownBlockAt(contact, now);
  if (open !== null) {
    if (contact.absorbed !== null) return refused('contact-merged');
    if (!isWithin(scope, open.scope)) rescope(contact, open, united(open.scope, scope), now);
    enforce(world, contact, now);
    return accepted({ blockId: open.blockId, alreadyBlocked: true });
  }
  if (setting(world, 'block.reason') === 'required' && wish.reasonCode === null) return refused('reason-required');
  if (wish.notice && setting(world, 'block.notice') === 'off') return refused('notice-off');
  if (wish.expiresAt !== null && setting(world, 'block.allowExpiry') === false) return refused('expiry-not-allowed');
  if (contact.absorbed !== null) return refused('contact-merged');
  const blockId = `block-${contact.contactId}-${String(contact.episodes.length + 1)}`;
  if (wish.notice) {
    const place = origin ?? placeOfNotice(world, caller, contact, scope);
    const isReachable = contact.identities.some((one) => one.attached && one.identityId === place?.identityId);
    if (place === undefined || !isReachable) return refused('notice-impossible');
    place.messages.push({
      messageId: `${place.conversationId}/notice-${blockId}`,
      direction: 'outbound',
      ordinal: place.messages.length + 1,
      sentAt: null,
      at: now,
      purpose: 'block_notice',
      authorKind: 'staff',
      blockId,
      state: 'requested',
    });
  }
  const episode: Episode = {
    blockId,
    inboundMode: setting(world, 'block.inboundMode') as InboundMode,
    closeOpen: setting(world, 'block.closeOpen') === true,
    scope,
    reasonCode: wish.reasonCode,
    expiresAt: wish.expiresAt,
    endedAt: null,
    identityIds: [],
    coverage: [],
  };
  for (const identity of contact.identities) if (identity.attached) cover(episode, identity.identityId, now);
  contact.episodes.push(episode);
  contact.lastTime = now;
  enforce(world, contact, now);
  return accepted({ blockId, alreadyBlocked: false });
};

/** The covered conversation with the latest message, of those that the caller may see. */
const placeOfNotice = (world: World, caller: Caller, contact: Contact, scope: Scope): Conversation | undefined =>
  [...world.conversations.values()]
    .filter(
      (one) =>
        one.contactId === contact.contactId &&
        inScope(scope, one.channel) &&
        sees(caller, one.assigneeId) &&
        contact.identities.some(({ attached, identityId }) => attached && identityId === one.identityId),
    )
    .reduce<Conversation | undefined>(
      (found, one) => (found === undefined || timeOfLatest(one) > timeOfLatest(found) ? one : found),
      undefined,
    );

export const timeOfLatest = (conversation: Conversation): Time => conversation.messages.at(-1)?.at ?? '';

/** Channels that leave the scope are covered no longer, those that join it from now on. */
export const rescope = (contact: Contact, episode: Episode, scope: Scope, now: Time): void => {
  for (const one of episode.coverage) if (!inScope(scope, one.channel)) one.to ??= now;
  const attached = episode.identityIds.filter((id) =>
    contact.identities.some((one) => one.identityId === id && one.attached),
  );
  for (const identityId of attached) {
    for (const channel of covering(scope)) {
      const isOpen = episode.coverage.some(
        (one) => one.identityId === identityId && one.channel === channel && one.to === null,
      );
      if (!isOpen) episode.coverage.push({ identityId, channel, from: now, to: null });
    }
  }
  episode.scope = scope;
  contact.lastTime = now;
};

const changeBlock = (world: World, caller: Caller, contact: Contact, wish: Of<'changeBlock'>, now: Time): Outcome => {
  const open = ownBlockAt(contact, now);
  const scope = wish.scope ?? open?.scope ?? { all: true };
  const expiresAt = wish.expiresAt === undefined ? (open?.expiresAt ?? null) : wish.expiresAt;
  const isEarlier = (a: Time | null, b: Time | null): boolean => a !== null && (b === null || a < b);
  const narrows = open !== null && (!isWithin(open.scope, scope) || isEarlier(expiresAt, open.expiresAt));
  const widens = open !== null && (!isWithin(scope, open.scope) || isEarlier(open.expiresAt, expiresAt));
  if (narrows && !mayBy(caller, setting(world, 'block.unblockBy'))) return refused('administrator-required');
  if ((widens || !narrows) && !mayBy(caller, setting(world, 'block.blockBy'))) return refused('forbidden');
  if (typeof wish.expiresAt === 'string' && setting(world, 'block.allowExpiry') === false)
    return refused('expiry-not-allowed');
  if (wish.reasonCode === null && setting(world, 'block.reason') === 'required') return refused('reason-required');
  if (contact.absorbed !== null) return refused('contact-merged');
  if (open === null) return refused('contact-not-blocked');
  if (narrows || widens || (wish.reasonCode !== undefined && wish.reasonCode !== open.reasonCode))
    contact.lastTime = now;
  rescope(contact, open, scope, now);
  open.expiresAt = expiresAt;
  if (wish.reasonCode !== undefined) open.reasonCode = wish.reasonCode;
  enforce(world, contact, now);
  return accepted({ blockId: open.blockId });
};

/** A block reaches the contact's conversations, and those of others who hold one of its addresses. */
export const enforce = (world: World, { contactId }: Contact, now: Time): void => {
  for (const conversation of world.conversations.values()) {
    const isCovered = coverageOfConversation(world, conversation).some((cover) => cover.contactId === contactId);
    if (conversation.contactId === contactId || isCovered) enforceOn(world, conversation, now);
  }
};
