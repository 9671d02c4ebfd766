// A small model of one tenant's world, written from the specification alone: plain data that anybody can print and compare.
// Nothing of the product's rules is imported here, so that the two can disagree. Ids are whatever the caller of the model gives.

/** RFC 3339 UTC with milliseconds: sorts as text. */
export type Time = string;
export type Role = 'agent' | 'supervisor' | 'admin';
export type Access = 'all' | 'assigned_only' | 'assigned_and_unassigned';
export type Scope = { readonly all: true } | { readonly channels: readonly string[] };

export const CHANNELS = ['whatsapp', 'viber', 'sms', 'email', 'webchat', 'facebook', 'instagram', 'telegram'] as const;

export type Staff = { role: Role; access: Access; active: boolean; available: boolean };

export type Identity = {
  readonly identityId: string;
  /** The canonical address: one for all spellings. */
  readonly key: string;
  readonly kind: string;
  verified: boolean;
  attached: boolean;
};

/** An (identity, channel) is covered in `[from, to)`; `to: null` while the episode lasts. */
export type Coverage = {
  readonly identityId: string;
  readonly channel: string;
  readonly from: Time;
  to: Time | null;
};

/** What becomes of a blocked customer's message. */
export type InboundMode = 'ignore' | 'quarantine' | 'receive';

/** From a block to its end. */
export type Episode = {
  readonly blockId: string;
  /** As the setting was when it began; it holds to its end. */
  readonly inboundMode: InboundMode;
  closeOpen: boolean;
  scope: Scope;
  reasonCode: string | null;
  expiresAt: Time | null;
  /** Recorded end, or null; one that ran out is over at `expiresAt` whether that was recorded or not. */
  endedAt: Time | null;
  /** Those that the episode covers on the channels of its scope. */
  readonly identityIds: string[];
  readonly coverage: Coverage[];
};

export type Consent = { readonly state: 'granted' | 'revoked'; readonly source: string };
export const CONSENT_CHANNELS: readonly string[] = ['whatsapp', 'viber', 'sms', 'email'];

export type Contact = {
  readonly contactId: string;
  name: string | null;
  readonly tags: Set<string>;
  readonly identities: Identity[];
  readonly episodes: Episode[];
  readonly duplicates: Set<string>;
  /** By channel; absent = unset. */
  readonly consents: Map<string, Consent>;
  /** Business-initiated sends that were refused, each as `channel purpose: reasons`. */
  readonly refusals: string[];
  /** What the blocks of others covered who were, or are, one with this contact; all of it is over. */
  readonly brought: EpisodeCoverage[];
  /** The merge that took it in, whom it is now, and the block that it had then. */
  absorbed: { readonly mergeId: string; readonly intoId: string; readonly block: Episode | null } | null;
  lastTime: Time;
};

export type EpisodeCoverage = Coverage & {
  readonly blockId: string;
  readonly closeOpen: boolean;
  readonly inboundMode: InboundMode;
};

export type Merge = {
  readonly mergeId: string;
  readonly survivorId: string;
  readonly absorbedId: string;
  undone: boolean;
};

export type Wallet = {
  readonly walletId: string;
  name: string;
  code: string | null;
  responsibleId: string | null;
  /** Those who were added; the responsible is a member besides. */
  readonly members: Set<string>;
  archived: boolean;
  /** Who is in it, and how they came, oldest first. */
  readonly contacts: Map<string, 'person' | 'merge'>;
};

export type Message = {
  readonly messageId: string;
  /** Of an inbound message. */
  readonly providerMessageId?: string;
  readonly direction: 'inbound' | 'outbound';
  readonly ordinal: number;
  /** Of an inbound message, what its sender's clock said. */
  readonly sentAt: Time | null;
  /** When it arrived, or was to be sent. */
  readonly at: Time;
  readonly purpose: 'customer' | 'reply' | 'notification' | 'block_notice';
  readonly authorKind: 'customer' | 'staff' | 'automation' | 'system';
  /** The block whose last word it is. */
  readonly blockId: string | null;
  /** Was consent asked for? */
  readonly gated?: boolean;
  /** Inbound: `displayed` or `hidden`. Outbound: how far it came. */
  state: 'displayed' | 'hidden' | 'requested' | 'handed_over' | 'cancelled' | 'delivered' | 'failed';
};

export type Conversation = {
  readonly conversationId: string;
  /** Follows the identity when contacts are merged. */
  contactId: string;
  readonly identityId: string;
  readonly channel: string;
  status: 'open' | 'concluded';
  assigneeId: string | null;
  assignmentNo: number;
  engaged: boolean;
  automation: 'running' | 'paused';
  sessionNo: number;
  readonly messages: Message[];
  /** By reader. */
  readonly markers: Map<string, number>;
  lastTime: Time;
};

export type World = {
  readonly settings: Map<string, unknown>;
  readonly staff: Map<string, Staff>;
  readonly contacts: Map<string, Contact>;
  readonly conversations: Map<string, Conversation>;
  /** Who claimed an address, one after the other. */
  readonly claims: Map<string, { readonly contactId: string; readonly identityId: string }[]>;
  /** What was ignored: `conversationId|provider's id`, by the contact whose block hid it. */
  readonly ignored: Map<string, { readonly contactId: string; readonly identityId: string; readonly blockId: string }>;
  /** All that were decided, oldest first. */
  readonly merges: Map<string, Merge>;
  readonly wallets: Map<string, Wallet>;
};

export const emptyWorld = (): World => ({
  settings: new Map(),
  staff: new Map(),
  contacts: new Map(),
  conversations: new Map(),
  claims: new Map(),
  ignored: new Map(),
  merges: new Map(),
  wallets: new Map(),
});

/** The first of the allowed values is the default (source: spec/settings.md); the model knows those that it reads. */
export const DEFAULTS = {
  'block.inboundMode': 'ignore',
  'block.unblockBy': 'admin',
  'block.blockBy': 'anyAgent',
  'block.requireConfirm': true,
  'block.notice': 'optional',
  'block.closeOpen': true,
  'block.defaultScope': 'allChannels',
  'block.reason': 'optional',
  'block.allowExpiry': false,
  'assignment.onReply': 'never',
  'assignment.replyBy': 'anyWithAccess',
  'assignment.targets': 'activeMembers',
  'automation.pauseOn': 'assigneeOrAnyIfUnassigned',
  'conclude.release': 'onConclude',
  'conclude.by': 'anyWithAccess',
  'consent.defaultPhone': false,
  'consent.defaultEmail': false,
  'consent.gates': 'notifications',
  'duplicates.preventPhone': false,
  'duplicates.preventEmail': false,
  'wallet.perContact': 'many',
} as const;
export type SettingKey = keyof typeof DEFAULTS;

export const setting = (world: World, key: SettingKey): unknown => world.settings.get(key) ?? DEFAULTS[key];

export const latest = (...times: readonly (Time | null)[]): Time =>
  times.reduce<Time>((late, time) => (time !== null && time > late ? time : late), '');
export const earliest = (a: Time, b: Time | null): Time => (b !== null && b < a ? b : a);
export const shifted = (time: Time, milliseconds: number): Time =>
  new Date(Date.parse(time) + milliseconds).toISOString();

/** The phone kinds share one key and are addresses on three channels; any other kind is an address on its own. */
export const channelsOf = (kind: string): readonly string[] =>
  ['phone', 'whatsapp', 'viber', 'sms'].includes(kind) ? ['whatsapp', 'viber', 'sms'] : [kind];

/** A cookie or a typed e-mail says nothing of the person until it is verified. */
export const isWeak = (kind: string, verified: boolean): boolean => !verified && ['webchat', 'email'].includes(kind);

export const inScope = (scope: Scope, channel: string): boolean => 'all' in scope || scope.channels.includes(channel);
export const covering = (scope: Scope): readonly string[] => CHANNELS.filter((channel) => inScope(scope, channel));

/** The open episode at a time. */
export const episodeAt = (contact: Contact, time: Time): Episode | null =>
  contact.episodes.find(
    (episode) => episode.endedAt === null && (episode.expiresAt === null || time < episode.expiresAt),
  ) ?? null;

/** The same, or what it was of somebody who was absorbed. */
export const ownBlockAt = (contact: Contact, time: Time): Episode | null => {
  if (contact.absorbed === null) return episodeAt(contact, time);
  const { block } = contact.absorbed;
  return block !== null && (block.expiresAt === null || time < block.expiresAt) ? block : null;
};

export type Cover = EpisodeCoverage & { readonly contactId: string };

/** The coverage of one identity on one channel by its contact's own episodes; an episode that ran out ended when it said. */
const coverageOf = (contact: Contact, identityId: string, channel: string): readonly Cover[] =>
  coveragesOf(contact)
    .filter((one) => one.identityId === identityId && one.channel === channel)
    .map((one) => ({ ...one, contactId: contact.contactId }));

/** All that covers an address of the contact, or did. */
export const coveragesOf = (contact: Contact): readonly EpisodeCoverage[] => [
  ...contact.episodes.flatMap(({ blockId, closeOpen, inboundMode, expiresAt, coverage }) =>
    coverage.map((one) => ({ ...one, to: one.to ?? expiresAt, blockId, closeOpen, inboundMode })),
  ),
  ...contact.brought,
];

/** Who a contact is now: whoever absorbed it last. */
export const presentOf = (world: World, contactId: string): Contact | undefined => {
  let contact = world.contacts.get(contactId);
  for (const _ of world.merges) {
    if (contact?.absorbed === undefined || contact.absorbed === null) break;
    contact = world.contacts.get(contact.absorbed.intoId);
  }
  return contact;
};

export type Holder = { readonly contact: Contact; readonly identity: Identity };

/** The valid claimants of an address, oldest first; contacts that were merged may hold it under an identity of each. */
export const holdersOf = (world: World, key: string): readonly Holder[] => {
  const found = new Map<string, Holder>();
  for (const { contactId, identityId } of world.claims.get(key) ?? []) {
    const contact = presentOf(world, contactId);
    const identity = contact?.identities.find((one) => one.identityId === identityId && one.attached);
    if (contact !== undefined && identity !== undefined && !found.has(identityId))
      found.set(identityId, { contact, identity });
  }
  return [...found.values()];
};

/** What any holder's blocks cover of the address on the channel, or did when the holder had it before. */
export const coverageOfHolders = (holders: readonly Holder[], channel: string): readonly Cover[] =>
  holders.flatMap(({ contact, identity }) =>
    contact.identities
      .filter(
        ({ identityId, key, attached }) => identityId === identity.identityId || (key === identity.key && !attached),
      )
      .flatMap(({ identityId }) => coverageOf(contact, identityId, channel)),
  );

/** What covers a conversation: its own identity's episodes, and those of whoever else holds the address. */
export const coverageOfConversation = (
  world: World,
  { contactId, identityId, channel }: Pick<Conversation, 'contactId' | 'identityId' | 'channel'>,
): readonly Cover[] => {
  const contact = world.contacts.get(contactId);
  if (contact === undefined) return [];
  const identity = contact.identities.find((one) => one.identityId === identityId);
  const others =
    identity?.attached === true
      ? holdersOf(world, identity.key).filter((holder) => holder.identity.identityId !== identityId)
      : [];
  return [...coverageOf(contact, identityId, channel), ...coverageOfHolders(others, channel)];
};

export const coversAt = (covers: readonly Cover[], time: Time): Cover | null =>
  covers.find(({ from, to }) => from <= time && (to === null || time < to)) ?? null;

const DAY_MS = 86_400_000;

/** What hides a message: its time is covered, or the earliest time that is believed of one that arrived when it did. */
export const hiddenBy = (covers: readonly Cover[], sentAt: Time | null, receivedAt: Time): Cover | null => {
  const time = earliest(receivedAt, sentAt);
  return coversAt(covers, time) ?? coversAt(covers, latest(time, shifted(receivedAt, -DAY_MS)));
};

/** Who asks: `founder` has an administrator's token, `gateway` an integration's; everybody else is what their record says. */
export type Caller = { readonly id: string; readonly role: Role | 'integration' | 'system'; readonly access: Access };

export const callerOf = (world: World, id: string): Caller | 'staff-inactive' | 'forbidden' => {
  if (id === 'founder') return { id, role: 'admin', access: 'all' };
  if (id === 'gateway') return { id, role: 'integration', access: 'all' };
  const record = world.staff.get(id);
  if (record === undefined) return 'forbidden';
  if (!record.active) return 'staff-inactive';
  return { id, role: record.role, access: record.role === 'agent' ? record.access : 'all' };
};

export const sees = (caller: Caller, assigneeId: string | null): boolean =>
  caller.access === 'all' ||
  assigneeId === caller.id ||
  (caller.access === 'assigned_and_unassigned' && assigneeId === null);

/** Whoever sees whom a contact is now sees that it was merged. */
export const seesContact = (world: World, caller: Caller, contactId: string): boolean => {
  const presentId = presentOf(world, contactId)?.contactId;
  const own = [...world.conversations.values()].filter((one) => one.contactId === presentId);
  return caller.access === 'all' || own.some((one) => sees(caller, one.assigneeId));
};

const RANK = { integration: 0, agent: 1, supervisor: 2, admin: 3, system: 4 } as const;
const NEEDED: Readonly<Record<string, number>> = { anyAgent: 1, supervisor: 2, admin: 3 };

/** Does the setting give the role the right? */
export const mayBy = (caller: Pick<Caller, 'role'>, who: unknown): boolean =>
  RANK[caller.role] >= (NEEDED[String(who)] ?? 3);

/** Concluded, with what follows in the same breath: automation runs again, and the setting may release the assignee. */
export const conclude = (world: World, conversation: Conversation, now: Time): void => {
  conversation.status = 'concluded';
  conversation.automation = 'running';
  conversation.lastTime = now;
  if (setting(world, 'conclude.release') === 'onConclude') release(conversation);
};

/** What covers a conversation cancels what waits in it and, if its episode does that, concludes it. */
export const enforceOn = (world: World, conversation: Conversation, now: Time): void => {
  const present = coverageOfConversation(world, conversation).filter((one) => coversAt([one], now) !== null);
  if (present.length === 0) return;
  for (const message of conversation.messages) {
    const isOwnNotice = present.some(({ blockId }) => blockId === message.blockId);
    if (message.state === 'requested' && !isOwnNotice) message.state = 'cancelled';
  }
  if (conversation.status === 'open' && present.some(({ closeOpen }) => closeOpen)) conclude(world, conversation, now);
};

export const release = (conversation: Conversation): void => {
  conversation.assigneeId = null;
  conversation.engaged = false;
};

/** The canonical address of the conversation's identity, attached or not. */
export const addressOf = (world: World, { contactId, identityId }: Conversation): string | null => {
  const key = world.contacts.get(contactId)?.identities.find((one) => one.identityId === identityId)?.key;
  return key === undefined ? null : key.slice(key.indexOf(':') + 1);
};

/** A refusal as both worlds write it. */
export const refusalOf = (channel: string, purpose: string, reasons: readonly string[]): string =>
  `${channel} ${purpose}: ${[...reasons].sort().join(' ')}`;
