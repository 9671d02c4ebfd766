// What should come of wishes about conversations and of what customers write.
import { v5, validate } from 'uuid';
import { give, newContact, timeOfLatest, verify } from './contacts.js';
import { accepted, refused, type Outcome, type Wish } from './operations.js';
import {
  addressOf,
  CONSENT_CHANNELS,
  refusalOf,
  channelsOf,
  conclude,
  coverageOfConversation,
  coverageOfHolders,
  coversAt,
  enforceOn,
  episodeAt,
  hiddenBy,
  holdersOf,
  inScope,
  latest,
  release,
  sees,
  seesContact,
  setting,
  type Caller,
  type Contact,
  type Conversation,
  type Identity,
  type Message,
  type Time,
  type World,
} from './world.js';

type Of<K extends Wish['do']> = Extract<Wish, { do: K }>;

/** Where the identity is one of the product's own, the product's: the model goes on from stored facts. */
const conversationIdOf = (identityId: string, channel: string): string =>
  validate(identityId) ? v5(channel, identityId) : `${identityId}/${channel}`;

const open = (world: World, contactId: string, identityId: string, channel: string, now: Time): Conversation => {
  const conversation: Conversation = {
    conversationId: conversationIdOf(identityId, channel),
    contactId,
    identityId,
    channel,
    status: 'open',
    assigneeId: null,
    assignmentNo: 0,
    engaged: false,
    automation: 'running',
    sessionNo: 1,
    messages: [],
    markers: new Map(),
    lastTime: now,
  };
  world.conversations.set(conversation.conversationId, conversation);
  return conversation;
};

const reopen = (world: World, conversation: Conversation): void => {
  if (conversation.status === 'open') return;
  conversation.status = 'open';
  conversation.sessionNo += 1;
  if (setting(world, 'conclude.release') === 'onReopen') release(conversation);
};

const assign = (conversation: Conversation, assigneeId: string): void => {
  conversation.assigneeId = assigneeId;
  conversation.assignmentNo += 1;
  conversation.engaged = false;
};

/** What a customer wrote: displayed, ignored, or there already. Never refused. */
export const receive = (world: World, wish: Of<'receive'>, now: Time): Outcome => {
  const { channel, from, providerMessageId, sentAt } = wish;
  const senders = holdersOf(world, from.key);
  const others = wish.also.filter(({ verified }) => verified).flatMap(({ key }) => holdersOf(world, key));
  const first = senders[0] ?? null;
  const strong = others[0] ?? null;
  const covers = coverageOfHolders([...senders, ...others], channel);
  const isShut = strong !== null && coversAt(coverageOfHolders(others, channel), now) !== null;

  const known = first ?? (isShut ? strong : null);
  const seen = known === null ? null : receivedBefore(world, known.identity.identityId, channel, providerMessageId);
  if (first !== null && from.verified && !first.identity.verified) verify(first.contact, first.identity, now);
  if (first !== null && strong !== null && strong.contact !== first.contact)
    strong.contact.duplicates.add(first.contact.contactId);
  const before =
    known === null ? undefined : world.conversations.get(conversationIdOf(known.identity.identityId, channel));
  if (seen !== null) return accepted({ disposition: 'duplicate', ...seen });
  const cover = hiddenBy(covers, sentAt, latest(now, before?.lastTime ?? null));
  const { contact, identity } = known ?? join(world, strong?.contact ?? null, wish, now);
  // Also of a sender who joins behind the end of a block that covers when it was sent.
  if (cover !== null) {
    const { contactId, identityId, blockId, inboundMode } = cover;
    const conversationId = conversationIdOf(identity.identityId, channel);
    // What is kept is kept where it would have been shown.
    const kept =
      inboundMode === 'receive' ? { conversationId, messageId: `${conversationId}/${providerMessageId}` } : {};
    const told = { contactId, identityId, blockId, ...kept };
    world.ignored.set(ignoredKey(identity.identityId, channel, providerMessageId), told);
    return accepted({
      disposition: DISPOSITIONS[inboundMode],
      ...told,
      ...(before === undefined ? {} : { conversationId }),
    });
  }
  const isShutNow = coversAt(covers, now) !== null;
  return accepted({ disposition: 'displayed', ...display(world, contact, identity, wish, now, isShutNow) });
};

/** What is told of a hidden message, by the mode of the episode that hides it. */
const DISPOSITIONS = {
  ignore: 'ignored',
  quarantine: 'quarantined',
  receive: 'received_while_blocked',
} as const;

/** A sender whom nobody knows joins the contact that has a verified address of theirs, else is a new contact. */
const join = (
  world: World,
  strong: Contact | null,
  { from }: Of<'receive'>,
  now: Time,
): { readonly contact: Contact; readonly identity: Identity } => {
  const contact = strong ?? newContact(world, null, now);
  contact.lastTime = latest(contact.lastTime, now);
  return { contact, identity: give(world, contact, from, now) };
};

const ignoredKey = (identityId: string, channel: string, providerMessageId: string): string =>
  `${conversationIdOf(identityId, channel)}|${providerMessageId}`;

/** The first ids of a message that came before, displayed or ignored. */
const receivedBefore = (
  world: World,
  identityId: string,
  channel: string,
  providerMessageId: string,
): Readonly<Record<string, string>> | null => {
  const conversationId = conversationIdOf(identityId, channel);
  const conversation = world.conversations.get(conversationId);
  const message = conversation?.messages.find((one) => one.providerMessageId === providerMessageId);
  if (conversation !== undefined && message !== undefined) {
    return { contactId: conversation.contactId, identityId, conversationId, messageId: message.messageId };
  }
  const ignored = world.ignored.get(ignoredKey(identityId, channel, providerMessageId));
  return ignored === undefined ? null : { ...ignored, ...(conversation === undefined ? {} : { conversationId }) };
};

const display = (
  world: World,
  contact: Contact,
  identity: Identity,
  { channel, providerMessageId, sentAt }: Of<'receive'>,
  now: Time,
  isShut: boolean,
): Readonly<Record<string, string>> => {
  const { contactId } = contact;
  const { identityId } = identity;
  const known = world.conversations.get(conversationIdOf(identityId, channel));
  const conversation = known ?? open(world, contactId, identityId, channel, now);
  const isCovered = isShut || coversAt(coverageOfConversation(world, conversation), now) !== null;
  // Sent before the block, delivered during it: shown, and opens nothing.
  if (!isCovered) reopen(world, conversation);
  const message = push(conversation, now, {
    messageId: `${conversation.conversationId}/${providerMessageId}`,
    providerMessageId,
    direction: 'inbound',
    sentAt,
    purpose: 'customer',
    authorKind: 'customer',
    state: 'displayed',
  });
  if (isCovered && known === undefined) conclude(world, conversation, now);
  enforceOn(world, conversation, now);
  return { contactId, identityId, conversationId: conversation.conversationId, messageId: message.messageId };
};

const push = (conversation: Conversation, now: Time, message: Omit<Message, 'ordinal' | 'at' | 'blockId'>): Message => {
  const complete = { ...message, ordinal: conversation.messages.length + 1, at: now, blockId: null };
  conversation.messages.push(complete);
  conversation.lastTime = latest(conversation.lastTime, now);
  return complete;
};

export const start = (world: World, caller: Caller, wish: Of<'start'>, now: Time): Outcome => {
  const { contactId, channel } = wish;
  const contact = world.contacts.get(contactId);
  if (contact === undefined || !seesContact(world, caller, contactId)) return refused('not-found');
  if (contact.absorbed !== null) return refused('contact-merged');
  const fitting = contact.identities.filter((one) => one.attached && channelsOf(one.kind).includes(channel));
  const spoken = fitting
    .map((identity) => ({ identity, at: timeOfLatestOf(world, identity.identityId, channel) }))
    .reduce<{ identity: Identity; at: Time } | null>((found, one) => (one.at > (found?.at ?? '') ? one : found), null);
  const identity =
    wish.identityId === null
      ? (spoken?.identity ?? fitting[0])
      : fitting.find((one) => one.identityId === wish.identityId);
  const consent = contact.consents.get(channel)?.state ?? 'unset';
  const unconsented = CONSENT_CHANNELS.includes(channel) && consent !== 'granted' ? [`consent-${consent}`] : [];
  const refuse = (...reasons: readonly ('blocked' | 'no-address')[]): Outcome => {
    contact.refusals.push(refusalOf(channel, 'start', [...reasons, ...unconsented]));
    return refused(reasons[0] === 'blocked' ? 'contact-blocked' : 'no-address');
  };
  if (identity === undefined) {
    const episode = episodeAt(contact, now);
    const isBlocked = episode !== null && inScope(episode.scope, channel);
    return refuse(...(isBlocked ? (['blocked'] as const) : []), 'no-address');
  }
  const { identityId, key } = identity;
  const known = world.conversations.get(conversationIdOf(identityId, channel));
  const assigneeId = known?.assigneeId ?? null;
  if (assigneeId !== null && !sees(caller, assigneeId)) return refused('not-found');
  if (coversAt(coverageOfConversation(world, { contactId, identityId, channel }), now) !== null)
    return refuse('blocked');
  const owner = holdersOf(world, key)[0]?.contact.contactId;
  if (owner !== undefined && owner !== contactId) return refused('duplicate-contact', owner);
  const conversation = known ?? open(world, contactId, identityId, channel, now);
  reopen(world, conversation);
  if (caller.access === 'assigned_only' && conversation.assigneeId === null) assign(conversation, caller.id);
  return accepted({ conversationId: conversation.conversationId });
};

const timeOfLatestOf = (world: World, identityId: string, channel: string): Time => {
  const conversation = world.conversations.get(conversationIdOf(identityId, channel));
  return conversation === undefined ? '' : timeOfLatest(conversation);
};

type InConversation = Extract<Wish, { readonly conversationId: string }>;

/** Wishes about a conversation that exists. */
export const withConversation = (
  world: World,
  caller: Caller,
  wish: Exclude<InConversation, Of<'block'>>,
  now: Time,
): Outcome => {
  const conversation = world.conversations.get(wish.conversationId);
  if (conversation === undefined || !sees(caller, conversation.assigneeId)) return refused('not-found');
  const isCovered = coversAt(coverageOfConversation(world, conversation), now) !== null;
  const state = (): Outcome => {
    const { conversationId, status, assigneeId, automation } = conversation;
    return accepted({ conversationId, status, assigneeId, automation });
  };
  switch (wish.do) {
    case 'send':
      return send(world, caller, conversation, wish, isCovered, now);
    case 'handOver':
      return handOver(world, conversation, wish.messageId, now);
    case 'report':
      return report(conversation, wish);
    case 'assignToMe': {
      if (isCovered) return refused('contact-blocked');
      if (conversation.assigneeId !== caller.id) {
        if (conversation.assigneeId !== null) return refused('already-assigned', conversation.assigneeId);
        if (!isEligible(world, caller.id)) return refused('assignee-not-eligible');
        assign(conversation, caller.id);
      }
      return assigned(conversation);
    }
    case 'assign': {
      if (isCovered) return refused('contact-blocked');
      if (wish.expected !== undefined && wish.expected !== conversation.assigneeId)
        return refused('assignee-changed', conversation.assigneeId);
      if (!isEligible(world, wish.assigneeId)) return refused('assignee-not-eligible');
      if (conversation.assigneeId !== wish.assigneeId) assign(conversation, wish.assigneeId);
      return assigned(conversation);
    }
    case 'unassign':
      release(conversation);
      return state();
    case 'conclude':
      if (conversation.status === 'open') {
        if (setting(world, 'conclude.by') === 'assigneeOnly' && conversation.assigneeId !== caller.id)
          return refused('not-the-assignee');
        conclude(world, conversation, now);
      }
      return state();
    case 'reopen':
      if (isCovered) return refused('contact-blocked');
      reopen(world, conversation);
      return state();
    case 'pause':
    case 'resume':
      conversation.automation = wish.do === 'pause' ? 'paused' : 'running';
      return state();
    case 'read': {
      const read = Math.min(wish.upToOrdinal, conversation.messages.length);
      conversation.markers.set(caller.id, Math.max(conversation.markers.get(caller.id) ?? 0, read));
      return accepted({ upToOrdinal: conversation.markers.get(caller.id) });
    }
  }
};

const assigned = ({ assigneeId, assignmentNo }: Conversation): Outcome => accepted({ assigneeId, assignmentNo });

const isEligible = (world: World, staffId: string): boolean => {
  const record = world.staff.get(staffId);
  return record?.active === true && (record.available || setting(world, 'assignment.targets') === 'activeMembers');
};

const hasAddress = (world: World, { contactId, identityId }: Conversation): boolean =>
  world.contacts.get(contactId)?.identities.some((one) => one.identityId === identityId && one.attached) === true;

const send = (
  world: World,
  caller: Caller,
  conversation: Conversation,
  { purpose, viaDevice }: Of<'send'>,
  isCovered: boolean,
  now: Time,
): Outcome => {
  const isStaff = caller.role !== 'integration';
  const { channel, contactId } = conversation;
  // What answers nobody is begun by the business.
  const isOurs = purpose === 'notification' || !conversation.messages.some(({ state }) => state === 'displayed');
  const isAsked = isOurs || setting(world, 'consent.gates') === 'allOutbound';
  const isGated = CONSENT_CHANNELS.includes(channel) && isAsked;
  const contact = world.contacts.get(contactId);
  const consent = contact?.consents.get(channel)?.state ?? 'unset';
  const reasons = [
    ...(isCovered ? ['blocked'] : []),
    ...(hasAddress(world, conversation) ? [] : ['no-address']),
    ...(isGated && consent !== 'granted' ? [`consent-${consent}`] : []),
  ];
  const sent = (): Outcome => {
    const count = conversation.messages.length + 1;
    const { messageId } = push(conversation, now, {
      messageId: `${conversation.conversationId}/out-${String(count)}`,
      direction: 'outbound',
      sentAt: null,
      purpose,
      authorKind: isStaff || viaDevice ? 'staff' : 'automation',
      state: viaDevice ? 'handed_over' : 'requested',
      gated: isGated,
    });
    return accepted({ messageId, engaged: conversation.engaged, automation: conversation.automation });
  };
  // A person wrote it already: it is on record, and pauses.
  if (viaDevice) {
    if (isStaff) return refused('forbidden');
    conversation.automation = 'paused';
    const outcome = sent();
    enforceOn(world, conversation, now);
    return outcome;
  }
  if (reasons.length > 0) {
    // What the gate looks at is on record, on a channel without consent too.
    if (isAsked) contact?.refusals.push(refusalOf(channel, purpose, reasons));
    return refused(
      reasons[0] === 'blocked' ? 'contact-blocked' : reasons[0] === 'no-address' ? 'no-address' : 'consent-missing',
    );
  }
  if (purpose === 'notification') return sent();
  if (!isStaff) return conversation.automation === 'paused' ? refused('automation-paused') : sent();
  if (setting(world, 'assignment.replyBy') === 'assigneeOnly' && conversation.assigneeId !== caller.id)
    return refused('not-the-assignee');
  reopen(world, conversation);
  const mayClaim = setting(world, 'assignment.onReply') === 'ifUnassigned' && isEligible(world, caller.id);
  if (mayClaim && conversation.assigneeId === null) assign(conversation, caller.id);
  const pauseOn = setting(world, 'automation.pauseOn');
  if (conversation.assigneeId === caller.id) conversation.engaged = true;
  const pauses =
    conversation.assigneeId === caller.id ||
    pauseOn === 'anyAgent' ||
    (pauseOn === 'assigneeOrAnyIfUnassigned' && conversation.assigneeId === null);
  if (pauses) conversation.automation = 'paused';
  return sent();
};

const consents = (world: World, { contactId, channel }: Conversation): boolean =>
  world.contacts.get(contactId)?.consents.get(channel)?.state === 'granted';

const handOver = (world: World, conversation: Conversation, messageId: string, now: Time): Outcome => {
  const message = conversation.messages.find((one) => one.messageId === messageId && one.direction === 'outbound');
  if (message === undefined) return refused('not-found');
  const present = coverageOfConversation(world, conversation).filter((one) => coversAt([one], now) !== null);
  if (present.length > 0 && !present.some(({ blockId }) => blockId === message.blockId))
    return refused('contact-blocked');
  if (!hasAddress(world, conversation)) return refused('no-address');
  if (message.state === 'requested' || message.state === 'cancelled') {
    if (message.gated === true && !consents(world, conversation)) return refused('consent-missing');
    if (message.state === 'cancelled') return refused('message-cancelled');
    message.state = 'handed_over';
  }
  const to = addressOf(world, conversation);
  return accepted({ to, channel: conversation.channel });
};

const report = (conversation: Conversation, { messageId, status }: Of<'report'>): Outcome => {
  const message = conversation.messages.find((one) => one.messageId === messageId && one.direction === 'outbound');
  if (message === undefined) return refused('not-found');
  // What arrived has arrived.
  if (message.state !== 'delivered') message.state = status;
  return accepted({ messageId });
};
