// Everything a contact can say and refuse. The event names and fields are the storage format: add, never edit.
// The one law: at most one open block episode, and what it covers can be told for any instant, past or present.
import {
  Command,
  decider,
  defineEvents,
  later,
  reject,
  unheard,
  type CommandMetadata,
  type Event,
  type Rejection,
} from '#kernel';
import { isWeak, type Channel, type Kind } from './addresses.js';
import type { Coverage } from './coverage.js';

// ── Events ──────────────────────────────────────────────────────────────────────────────────────────────────────────
export type Scope = { readonly all: true } | { readonly channels: readonly Channel[] };
export type BlockKind = 'do_not_contact' | 'protection';
export type BlockPolicy = { inboundMode: 'ignore'; unblockBy: UnblockBy; closeOpen: boolean };

export type ContactEvent =
  | Event<
      'ContactRegistered',
      {
        contactId: string;
        displayName: string | null;
        source: 'manual' | 'inbound' | 'import' | 'api';
        identities: readonly { identityId: string; kind: Kind; value: string | null; verified: boolean }[];
        registeredAt: string;
      }
    >
  | Event<
      'ContactIdentityAttached',
      { contactId: string; identityId: string; kind: Kind; value: string | null; verified: boolean; attachedAt: string }
    >
  | Event<
      'ContactIdentityDetached',
      { contactId: string; identityId: string; reason: 'removed' | 'claim_lost'; detachedAt: string }
    >
  | Event<'DuplicateContactDetected', { contactId: string; otherContactId: string; kind: Kind }>
  | Event<'ContactDetailsChanged', { contactId: string; displayName: string | null }>
  | Event<'ContactTagged', { contactId: string; tag: string }>
  | Event<'ContactUntagged', { contactId: string; tag: string }>
  | Event<
      'ContactBlocked',
      {
        contactId: string;
        blockId: string;
        kind: BlockKind;
        scope: Scope;
        reasonCode: string | null;
        reasonText: string | null;
        blockedBy: string;
        blockedAt: string;
        originConversationId: string | null;
        noticeMessageId: string | null;
        expiresAt: string | null;
        coveredIdentityIds: readonly string[];
        policy: BlockPolicy;
      }
    >
  | Event<
      'ContactBlockChanged',
      {
        contactId: string;
        blockId: string;
        scope?: Scope;
        reasonCode?: string | null;
        reasonText?: string | null;
        expiresAt?: string | null;
        changedBy: string;
        changedAt: string;
      }
    >
  | Event<
      'ContactUnblocked',
      {
        contactId: string;
        blockId: string;
        unblockedBy: string;
        unblockedAt: string;
        requestedBy: 'customer' | 'company';
        reason: string | null;
        durationMs: number;
      }
    >
  | Event<'ContactBlockExpired', { contactId: string; blockId: string; expiredAt: string }>
  | Event<
      'ErasureRequested',
      {
        contactId: string;
        erasureId: string;
        requestedBy: string;
        /** In clear: it outlives the person's data. */
        legalBasis: string;
        requestedAt: string;
        /** The open episode: with the erasure its filtering ends, the episode itself stays as it is on record. */
        blockId: string | null;
      }
    >
  | Event<
      'ContactErased',
      {
        contactId: string;
        erasureId: string;
        /** Of the contact's data key; it opens nothing any more. */
        keyId: string;
        legalBasis: string;
        destroyedAt: string;
        erasedAt: string;
      }
    >
  | Event<
      'ErasureCompleted',
      { contactId: string; erasureId: string; steps: readonly ErasureStep[]; completedAt: string }
    >;

/** What was done for an erasure, when, and where the log stood then. */
export type ErasureStep = { readonly step: string; readonly at: string; readonly position: string };

// ── State: only what decide and the filter need ─────────────────────────────────────────────────────────────────────
export type Identity = {
  readonly identityId: string;
  readonly kind: Kind;
  /** Canonical; `null` after an erasure. */
  readonly value: string | null;
  readonly verified: boolean;
  readonly attachedAt: string;
  readonly detachedAt: string | null;
};

export type OpenBlock = {
  readonly blockId: string;
  readonly scope: Scope;
  readonly reasonCode: string | null;
  readonly reasonText: string | null;
  readonly blockedAt: string;
  readonly expiresAt: string | null;
  readonly noticeMessageId: string | null;
  readonly closeOpen: boolean;
};

export type Contact =
  | { readonly status: 'unknown' }
  | {
      readonly status: 'active';
      readonly contactId: string;
      readonly displayName: string | null;
      readonly tags: readonly string[];
      readonly identities: readonly Identity[];
      readonly block: OpenBlock | null;
      /** Of all episodes; those of the open one end at `null`, its expiry is applied by `coverageOf`. */
      readonly coverage: readonly Coverage[];
      readonly blockIds: readonly string[];
      readonly duplicates: readonly string[];
      readonly lastTime: string;
    }
  | {
      readonly status: 'erased';
      readonly contactId: string;
      readonly erasureId: string;
      readonly legalBasis: string;
      readonly phase: 'requested' | 'erased' | 'completed';
      /** The episode that was open. */
      readonly blockId: string | null;
      /** Without their values: conversations are found by them. */
      readonly identities: readonly Identity[];
      /** Of all episodes; what was hidden stays hidden, and nothing more is. */
      readonly coverage: readonly Coverage[];
      readonly lastTime: string;
    };
export type ErasedContact = Extract<Contact, { status: 'erased' }>;
export type ActiveContact = Extract<Contact, { status: 'active' }>;

const initial = { status: 'unknown' } as Contact;

/** The identities that the contact has now. */
export const identitiesOf = (contact: Contact): readonly Identity[] =>
  contact.status === 'active' ? contact.identities.filter((identity) => identity.detachedAt === null) : [];

/** The open episode at a time: one that ran out is over at `expiresAt` exactly, whenever the timer runs. */
export const blockAt = (contact: Contact, time: string): OpenBlock | null =>
  contact.status === 'active' &&
  contact.block !== null &&
  (contact.block.expiresAt === null || time < contact.block.expiresAt)
    ? contact.block
    : null;

/** The coverage of one identity on one channel, expiry applied; what a change of scope kept is one interval from its first start. */
export const coverageOf = (contact: Contact, identityId: string, channel: string): readonly Coverage[] => {
  if (contact.status === 'unknown' || contact.coverage.length === 0) return [];
  const block = contact.status === 'active' ? contact.block : null;
  const intervals: Coverage[] = [];
  for (const one of contact.coverage) {
    if (one.identityId !== identityId || (one.channel !== '*' && one.channel !== channel)) continue;
    const to = one.to === null && one.blockId === block?.blockId ? block.expiresAt : one.to;
    const before = intervals.at(-1);
    const continues = before?.blockId === one.blockId && before.to === one.from;
    if (continues) intervals.pop();
    intervals.push({ ...one, from: continues ? before.from : one.from, to });
  }
  return intervals;
};

// ── Evolve ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const evolve = (state: Contact, event: ContactEvent): Contact => {
  if (event.type === 'ContactRegistered') {
    const { contactId, displayName, identities, registeredAt } = event.data;
    return {
      status: 'active',
      contactId,
      displayName,
      tags: [],
      identities: identities.map((identity) => ({ ...identity, attachedAt: registeredAt, detachedAt: null })),
      block: null,
      coverage: [],
      blockIds: [],
      duplicates: [],
      lastTime: registeredAt,
    };
  }
  if (state.status === 'erased') return erasedOn(state, event);
  if (state.status === 'unknown')
    return Object.hasOwn(contactEvents, event.type) ? state : unheard(state, event as never);
  switch (event.type) {
    case 'ContactIdentityAttached':
      return attached(state, event.data);
    case 'ContactIdentityDetached': {
      const { identityId, detachedAt } = event.data;
      return {
        ...state,
        identities: state.identities.map((one) => (one.identityId === identityId ? { ...one, detachedAt } : one)),
        coverage: ended(state.coverage, detachedAt, (one) => one.identityId === identityId),
        lastTime: later(state.lastTime, detachedAt),
      };
    }
    case 'DuplicateContactDetected':
      return { ...state, duplicates: [...state.duplicates, event.data.otherContactId] };
    case 'ContactDetailsChanged':
      return { ...state, displayName: event.data.displayName };
    case 'ContactTagged':
      return { ...state, tags: [...state.tags, event.data.tag] };
    case 'ContactUntagged':
      return { ...state, tags: state.tags.filter((tag) => tag !== event.data.tag) };
    case 'ContactBlocked': {
      const { blockId, scope, reasonCode, reasonText, blockedAt, expiresAt, noticeMessageId, policy } = event.data;
      const block = {
        blockId,
        scope,
        reasonCode,
        reasonText,
        blockedAt,
        expiresAt,
        noticeMessageId,
        closeOpen: policy.closeOpen,
      };
      return {
        ...state,
        block,
        coverage: [...state.coverage, ...opened(state.contactId, block, event.data.coveredIdentityIds, blockedAt)],
        blockIds: [...state.blockIds, blockId],
        lastTime: later(state.lastTime, blockedAt),
      };
    }
    case 'ContactBlockChanged':
      return blockChanged(state, event.data);
    case 'ContactUnblocked':
      return blockEnded(state, event.data.blockId, event.data.unblockedAt);
    case 'ContactBlockExpired':
      return blockEnded(state, event.data.blockId, event.data.expiredAt);
    case 'ErasureRequested': {
      const { erasureId, legalBasis, blockId, requestedAt } = event.data;
      return {
        status: 'erased',
        contactId: state.contactId,
        erasureId,
        legalBasis,
        phase: 'requested',
        blockId,
        identities: state.identities.map((identity) => ({ ...identity, value: null })),
        coverage: ended(state.coverage, requestedAt, () => true),
        lastTime: later(state.lastTime, requestedAt),
      };
    }
    // Nobody is erased, and no erasure ends, that was not requested.
    case 'ContactErased':
    case 'ErasureCompleted':
      return state;
    default:
      return unheard(state, event);
  }
};

const erasedOn = (state: ErasedContact, event: ContactEvent): Contact => {
  switch (event.type) {
    case 'ContactErased':
      return { ...state, phase: 'erased', lastTime: later(state.lastTime, event.data.erasedAt) };
    case 'ErasureCompleted':
      return { ...state, phase: 'completed', lastTime: later(state.lastTime, event.data.completedAt) };
    default:
      return Object.hasOwn(contactEvents, event.type) ? state : unheard(state, event as never);
  }
};

type DataOf<T extends ContactEvent['type']> = Extract<ContactEvent, { type: T }>['data'];

const opened = (
  contactId: string,
  block: OpenBlock,
  identityIds: readonly string[],
  from: string,
): readonly Coverage[] => {
  const { blockId, blockedAt, closeOpen } = block;
  const channels: readonly string[] = 'all' in block.scope ? ['*'] : block.scope.channels;
  return identityIds.flatMap((identityId) =>
    channels.map((channel) => ({ blockId, contactId, identityId, channel, blockedAt, from, to: null, closeOpen })),
  );
};

const ended = (coverage: readonly Coverage[], at: string, which: (one: Coverage) => boolean): readonly Coverage[] =>
  coverage.map((one) => (one.to === null && which(one) ? { ...one, to: at } : one));

const attached = (state: ActiveContact, data: DataOf<'ContactIdentityAttached'>): Contact => {
  const { identityId, kind, value, verified, attachedAt } = data;
  const known = state.identities.find((one) => one.identityId === identityId);
  const identities =
    known === undefined
      ? [...state.identities, { identityId, kind, value, verified, attachedAt, detachedAt: null }]
      : state.identities.map((one) => (one === known ? { ...one, verified: one.verified || verified } : one));
  const isCovered = state.coverage.some((one) => one.identityId === identityId && one.to === null);
  const joined =
    state.block === null || isCovered || isWeak(kind, verified)
      ? []
      : opened(state.contactId, state.block, [identityId], attachedAt);
  return {
    ...state,
    identities,
    coverage: [...state.coverage, ...joined],
    lastTime: later(state.lastTime, attachedAt),
  };
};

const blockChanged = (state: ActiveContact, data: DataOf<'ContactBlockChanged'>): Contact => {
  if (state.block?.blockId !== data.blockId) return state;
  const block = {
    ...state.block,
    ...(data.scope === undefined ? {} : { scope: data.scope }),
    ...(data.reasonCode === undefined ? {} : { reasonCode: data.reasonCode }),
    ...(data.reasonText === undefined ? {} : { reasonText: data.reasonText }),
    ...(data.expiresAt === undefined ? {} : { expiresAt: data.expiresAt }),
  };
  const lastTime = later(state.lastTime, data.changedAt);
  if (data.scope === undefined) return { ...state, block, lastTime };
  // The old intervals end and the new ones begin at the same instant: half-open, so nothing lies between them.
  const identityIds = [...new Set(state.coverage.filter((one) => one.to === null).map((one) => one.identityId))];
  const coverage = [
    ...ended(state.coverage, data.changedAt, (one) => one.blockId === data.blockId),
    ...opened(state.contactId, block, identityIds, data.changedAt),
  ];
  return { ...state, block, coverage, lastTime };
};

const blockEnded = (state: ActiveContact, blockId: string, at: string): Contact => ({
  ...state,
  block: state.block?.blockId === blockId ? null : state.block,
  coverage: ended(state.coverage, at, (one) => one.blockId === blockId),
  lastTime: later(state.lastTime, at),
});

// ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────────────
export type UnblockBy = 'admin' | 'supervisor' | 'anyAgent';

/** The tenant's settings that shape a block, as they are when the command runs. */
export type BlockRules = {
  readonly unblockBy: UnblockBy;
  readonly blockBy: 'anyAgent' | 'supervisor' | 'admin';
  readonly requireConfirm: boolean;
  readonly notice: 'optional' | 'off';
  readonly closeOpen: boolean;
  readonly defaultScope: 'allChannels' | 'thisChannel';
  readonly reason: 'optional' | 'required';
  readonly allowExpiry: boolean;
};

/** What a command carries until its handler has asked for the tenant's: the strictest. */
export const UNKNOWN_RULES: BlockRules = {
  unblockBy: 'admin',
  blockBy: 'admin',
  requireConfirm: true,
  notice: 'off',
  closeOpen: true,
  defaultScope: 'allChannels',
  reason: 'required',
  allowExpiry: false,
};

/** `mine`: is this contact within the caller's sight? Agents with limited access see contacts of their own conversations only. */
type About<D = object> = D & { readonly contactId: string; readonly mine: boolean };

export class RegisterContact extends Command<{
  readonly contactId: string;
  readonly displayName: string;
  readonly source: 'manual' | 'inbound' | 'import' | 'api';
  readonly identities: readonly { identityId: string; kind: Kind; value: string; verified: boolean }[];
  readonly tags: readonly string[];
  /** Other contacts that hold one of the addresses. */
  readonly others: readonly { contactId: string; kind: Kind }[];
}> {
  readonly type = 'RegisterContact';
}
export class AttachIdentity extends Command<
  About<{
    readonly identityId: string;
    readonly kind: Kind;
    readonly value: string;
    readonly verified: boolean;
    /** The identities under which this contact ever claimed the address. */
    readonly claimedAs: readonly string[];
    readonly others: readonly { contactId: string; kind: Kind }[];
  }>
> {
  readonly type = 'AttachIdentity';
}
export class DetachIdentity extends Command<
  About<{ readonly identityId: string; readonly reason: 'removed' | 'claim_lost'; readonly rules: BlockRules }>
> {
  readonly type = 'DetachIdentity';
}
export class ReportDuplicate extends Command<About<{ readonly otherContactId: string; readonly kind: Kind }>> {
  readonly type = 'ReportDuplicate';
}
export class EditContact extends Command<
  About<{ readonly displayName?: string; readonly addTags: readonly string[]; readonly removeTags: readonly string[] }>
> {
  readonly type = 'EditContact';
}
export class BlockContact extends Command<
  About<{
    readonly blockId: string;
    readonly confirm: boolean;
    readonly kind?: BlockKind;
    readonly scope?: Scope;
    readonly reasonCode?: string;
    readonly reasonText?: string;
    readonly originConversationId?: string;
    /** Of the origin conversation. */
    readonly originChannel?: Channel;
    /** A last word to the customer, sent before the block takes effect. */
    readonly notice?: { readonly text: string };
    readonly noticeMessageId?: string;
    readonly expiresAt?: string;
    readonly rules: BlockRules;
  }>
> {
  readonly type = 'BlockContact';
}
export class ChangeBlock extends Command<
  About<{
    readonly scope?: Scope;
    readonly reasonCode?: string | null;
    readonly reasonText?: string | null;
    readonly expiresAt?: string | null;
    readonly rules: BlockRules;
  }>
> {
  readonly type = 'ChangeBlock';
}
export class UnblockContact extends Command<
  About<{
    readonly confirm: boolean;
    readonly requestedBy: 'customer' | 'company';
    readonly reason?: string;
    readonly rules: BlockRules;
  }>
> {
  readonly type = 'UnblockContact';
}
export class ExpireBlock extends Command<About<{ readonly blockId: string; readonly expiresAt: string }>> {
  readonly type = 'ExpireBlock';
}
export class EraseContact extends Command<
  About<{ readonly erasureId: string; readonly confirm: boolean; readonly legalBasis: string }>
> {
  readonly type = 'EraseContact';
}
/** The keys are destroyed and no read model holds anything of the contact any more. */
export class RecordErasure extends Command<
  About<{ readonly erasureId: string; readonly keyId: string; readonly destroyedAt: string }>
> {
  readonly type = 'RecordErasure';
}
export class CompleteErasure extends Command<
  About<{ readonly erasureId: string; readonly steps: readonly ErasureStep[] }>
> {
  readonly type = 'CompleteErasure';
}

const commands = [
  RegisterContact,
  AttachIdentity,
  DetachIdentity,
  ReportDuplicate,
  EditContact,
  BlockContact,
  ChangeBlock,
  UnblockContact,
  ExpireBlock,
  EraseContact,
  RecordErasure,
  CompleteErasure,
] as const;
export type ContactCommand = InstanceType<(typeof commands)[number]>;

export type ContactRejection =
  | 'not-found'
  | 'forbidden'
  | 'administrator-required'
  | 'confirmation-required'
  | 'reason-required'
  | 'expiry-not-allowed'
  | 'notice-off'
  | 'contact-not-blocked'
  | 'contact-erased'
  | 'invalid-request';

type Decision = readonly ContactEvent[] | Rejection<ContactRejection>;

// ── Decide ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const decide = (command: ContactCommand, contact: Contact): Decision => {
  if (command.type === 'RegisterContact') return register(command, contact);
  if (contact.status === 'unknown' || !command.data.mine) return reject('not-found');
  const refused = refusedToCaller(command);
  if (refused !== null) return refused;
  if (contact.status === 'erased') return afterErasure(command, contact);
  switch (command.type) {
    case 'AttachIdentity':
      return attach(command, contact);
    case 'DetachIdentity':
      return detach(command, contact);
    case 'ReportDuplicate':
      return afterExpiry(
        contact,
        command,
        reportDuplicates(contact, [{ contactId: command.data.otherContactId, kind: command.data.kind }]),
      );
    case 'EditContact':
      return afterExpiry(contact, command, edit(command, contact));
    case 'BlockContact':
      return block(command, contact);
    case 'ChangeBlock':
      return changeBlock(command, contact);
    case 'UnblockContact':
      return unblock(command, contact);
    case 'ExpireBlock':
      return contact.block?.blockId === command.data.blockId && contact.block.expiresAt === command.data.expiresAt
        ? expired(contact, command.metadata.now)
        : [];
    case 'EraseContact':
      return erase(command, contact);
    case 'RecordErasure':
    case 'CompleteErasure':
      return [];
  }
};

/** What depends on the caller and the request alone; said before what the contact's state refuses. */
const refusedToCaller = (command: ContactCommand): Rejection<ContactRejection> | null => {
  switch (command.type) {
    case 'BlockContact':
      if (!mayBlock(command.metadata.caller.role, command.data.rules.blockBy)) return reject('forbidden');
      return command.data.rules.requireConfirm && !command.data.confirm ? reject('confirmation-required') : null;
    case 'UnblockContact':
      if (!mayUnblock(command.metadata.caller.role, command.data.rules.unblockBy))
        return reject('administrator-required');
      return command.data.rules.requireConfirm && !command.data.confirm ? reject('confirmation-required') : null;
    case 'EraseContact':
      return command.data.confirm ? null : reject('confirmation-required');
    default:
      return null;
  }
};

const register = ({ data, metadata }: RegisterContact, contact: Contact): Decision => {
  // Agents with limited access see their own contacts only, and a new contact is nobody's yet.
  if (metadata.caller.role === 'agent' && metadata.caller.access !== 'all') return reject('forbidden');
  if (contact.status !== 'unknown') return [];
  const { contactId, displayName, source } = data;
  const identities = data.identities.map(({ identityId, kind, value, verified }) => ({
    identityId,
    kind,
    value,
    verified,
  }));
  return [
    { type: 'ContactRegistered', data: { contactId, displayName, source, identities, registeredAt: metadata.now } },
    ...[...new Set(data.tags)].map((tag): ContactEvent => ({ type: 'ContactTagged', data: { contactId, tag } })),
    ...duplicatesOf(contactId, data.others),
  ];
};

const duplicatesOf = (
  contactId: string,
  others: readonly { contactId: string; kind: Kind }[],
): readonly ContactEvent[] =>
  [...new Map(others.map((other) => [other.contactId, other])).values()]
    .filter((other) => other.contactId !== contactId)
    .map(({ contactId: otherContactId, kind }) => ({
      type: 'DuplicateContactDetected',
      data: { contactId, otherContactId, kind },
    }));

const reportDuplicates = (
  contact: ActiveContact,
  others: readonly { contactId: string; kind: Kind }[],
): readonly ContactEvent[] =>
  duplicatesOf(
    contact.contactId,
    others.filter((other) => !contact.duplicates.includes(other.contactId)),
  );

const attach = ({ data, metadata }: AttachIdentity, contact: ActiveContact): Decision => {
  const { contactId, kind, value, verified } = data;
  const attachedAt = later(metadata.now, contact.lastTime);
  // An attachment is said once: a late repeat does not bring back what was detached since.
  if (contact.identities.some((one) => one.identityId === data.identityId && one.detachedAt !== null)) return [];
  const known = identitiesOf(contact).find(
    (one) => one.identityId === data.identityId || data.claimedAs.includes(one.identityId),
  );
  if (known !== undefined && (known.verified || !verified)) return [];
  const identityId = known?.identityId ?? data.identityId;
  return [
    ...expired(contact, attachedAt),
    {
      type: 'ContactIdentityAttached',
      data: { contactId, identityId, kind: known?.kind ?? kind, value, verified, attachedAt },
    },
    ...(known === undefined ? reportDuplicates(contact, data.others) : []),
  ];
};

const detach = ({ data, metadata }: DetachIdentity, contact: ActiveContact): Decision => {
  const { contactId, identityId, reason } = data;
  const detachedAt = later(metadata.now, contact.lastTime);
  if (!identitiesOf(contact).some((one) => one.identityId === identityId)) return [];
  if (blockAt(contact, detachedAt) !== null && !mayUnblock(metadata.caller.role, data.rules.unblockBy)) {
    return reject('administrator-required');
  }
  return [
    ...expired(contact, detachedAt),
    { type: 'ContactIdentityDetached', data: { contactId, identityId, reason, detachedAt } },
  ];
};

const edit = ({ data }: EditContact, contact: ActiveContact): readonly ContactEvent[] => {
  const { contactId, displayName } = data;
  const added = [...new Set(data.addTags)].filter(
    (tag) => !contact.tags.includes(tag) && !data.removeTags.includes(tag),
  );
  const removed = [...new Set(data.removeTags)].filter((tag) => contact.tags.includes(tag));
  return [
    ...(displayName === undefined || displayName === contact.displayName
      ? []
      : [{ type: 'ContactDetailsChanged', data: { contactId, displayName } } as const]),
    ...added.map((tag) => ({ type: 'ContactTagged', data: { contactId, tag } }) as const),
    ...removed.map((tag) => ({ type: 'ContactUntagged', data: { contactId, tag } }) as const),
  ];
};

const RANK: Readonly<Record<string, number>> = { agent: 1, supervisor: 2, admin: 3, system: 4 };
const NEEDED = { anyAgent: 1, supervisor: 2, admin: 3 } as const;

/** May somebody of this role end or narrow a block, under the tenant's setting? [H16] */
export const mayUnblock = (role: string, unblockBy: UnblockBy): boolean => (RANK[role] ?? 0) >= NEEDED[unblockBy];
const mayBlock = (role: string, blockBy: BlockRules['blockBy']): boolean => (RANK[role] ?? 0) >= NEEDED[blockBy];

/** Whose act it is, also where the core completes it for them [R12]. */
const whoFor = (metadata: CommandMetadata): string => metadata.onBehalfOf ?? metadata.caller.id;

const block = ({ data, metadata }: BlockContact, contact: ActiveContact): Decision => {
  const { rules, contactId, blockId } = data;
  const blockedAt = later(metadata.now, contact.lastTime);
  const open = blockAt(contact, blockedAt);
  const scope = requestedScope(data);
  // Said twice, stored once; and an episode that a crash completes late does not come back after it ended.
  if (contact.blockIds.includes(blockId)) return [];
  if (open !== null) {
    const wider = united(open.scope, scope);
    return sameScope(wider, open.scope)
      ? []
      : [
          {
            type: 'ContactBlockChanged',
            data: { contactId, blockId: open.blockId, scope: wider, changedBy: whoFor(metadata), changedAt: blockedAt },
          },
        ];
  }
  if (rules.reason === 'required' && data.reasonCode === undefined) return reject('reason-required');
  if (rules.notice === 'off' && data.notice !== undefined) return reject('notice-off');
  if (data.expiresAt !== undefined) {
    if (!rules.allowExpiry) return reject('expiry-not-allowed');
    if (data.expiresAt <= blockedAt)
      return reject('invalid-request', { errors: [{ path: 'expiresAt', message: 'must be in the future' }] });
  }
  return [
    ...expired(contact, blockedAt),
    {
      type: 'ContactBlocked',
      data: {
        contactId,
        blockId,
        kind: data.kind ?? 'protection',
        scope,
        reasonCode: data.reasonCode ?? null,
        reasonText: data.reasonText ?? null,
        blockedBy: whoFor(metadata),
        blockedAt,
        originConversationId: data.originConversationId ?? null,
        noticeMessageId: data.noticeMessageId ?? null,
        expiresAt: data.expiresAt ?? null,
        coveredIdentityIds: identitiesOf(contact).map((identity) => identity.identityId),
        policy: { inboundMode: 'ignore', unblockBy: rules.unblockBy, closeOpen: rules.closeOpen },
      },
    },
  ];
};

const requestedScope = (data: BlockContact['data']): Scope => {
  if (data.scope !== undefined) return normalScope(data.scope);
  return data.rules.defaultScope === 'thisChannel' && data.originChannel !== undefined
    ? { channels: [data.originChannel] }
    : { all: true };
};

const normalScope = (scope: Scope): Scope =>
  'all' in scope ? { all: true } : { channels: [...new Set(scope.channels)].sort() };
const united = (one: Scope, other: Scope): Scope =>
  'all' in one || 'all' in other ? { all: true } : normalScope({ channels: [...one.channels, ...other.channels] });
const sameScope = (one: Scope, other: Scope): boolean =>
  JSON.stringify(normalScope(one)) === JSON.stringify(normalScope(other));

const changeBlock = ({ data, metadata }: ChangeBlock, contact: ActiveContact): Decision => {
  const { contactId, rules } = data;
  const changedAt = later(metadata.now, contact.lastTime);
  const open = blockAt(contact, changedAt);
  const scope =
    data.scope === undefined || open === null || sameScope(data.scope, open.scope)
      ? undefined
      : normalScope(data.scope);
  const expiresAt = data.expiresAt === open?.expiresAt ? undefined : data.expiresAt;
  const narrows =
    open !== null &&
    ((scope !== undefined && !sameScope(united(scope, open.scope), scope)) ||
      (typeof expiresAt === 'string' && (open.expiresAt === null || expiresAt < open.expiresAt)));
  const widens =
    open !== null &&
    ((scope !== undefined && !sameScope(united(scope, open.scope), open.scope)) ||
      expiresAt === null ||
      (typeof expiresAt === 'string' && open.expiresAt !== null && expiresAt > open.expiresAt));
  if (narrows && !mayUnblock(metadata.caller.role, rules.unblockBy)) return reject('administrator-required');
  // Whoever may not block may not make a block wider either, nor rewrite its reason.
  if ((widens || !narrows) && !mayBlock(metadata.caller.role, rules.blockBy)) return reject('forbidden');
  if (typeof data.expiresAt === 'string') {
    if (data.expiresAt <= changedAt)
      return reject('invalid-request', { errors: [{ path: 'expiresAt', message: 'must be in the future' }] });
    if (!rules.allowExpiry) return reject('expiry-not-allowed');
  }
  if (rules.reason === 'required' && data.reasonCode === null) return reject('reason-required');
  if (open === null) return reject('contact-not-blocked');
  const changes = {
    ...(scope === undefined ? {} : { scope }),
    ...(data.reasonCode === undefined || data.reasonCode === open.reasonCode ? {} : { reasonCode: data.reasonCode }),
    ...(data.reasonText === undefined || data.reasonText === open.reasonText ? {} : { reasonText: data.reasonText }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  return Object.keys(changes).length === 0
    ? []
    : [
        {
          type: 'ContactBlockChanged',
          data: { contactId, blockId: open.blockId, ...changes, changedBy: whoFor(metadata), changedAt },
        },
      ];
};

const unblock = ({ data, metadata }: UnblockContact, contact: ActiveContact): Decision => {
  const unblockedAt = later(metadata.now, contact.lastTime);
  const open = blockAt(contact, unblockedAt);
  if (open === null) return reject('contact-not-blocked');
  return [
    {
      type: 'ContactUnblocked',
      data: {
        contactId: data.contactId,
        blockId: open.blockId,
        unblockedBy: whoFor(metadata),
        unblockedAt,
        requestedBy: data.requestedBy,
        reason: data.reason ?? null,
        durationMs: Date.parse(unblockedAt) - Date.parse(open.blockedAt),
      },
    },
  ];
};

const erase = ({ data, metadata }: EraseContact, contact: ActiveContact): Decision => {
  const { contactId, erasureId, legalBasis } = data;
  const requestedAt = later(metadata.now, contact.lastTime);
  return [
    ...expired(contact, requestedAt),
    {
      type: 'ErasureRequested',
      data: {
        contactId,
        erasureId,
        requestedBy: whoFor(metadata),
        legalBasis,
        requestedAt,
        blockId: blockAt(contact, requestedAt)?.blockId ?? null,
      },
    },
  ];
};

/** An erased contact hears nothing but its erasure's own end. Erased again, it is told of the first. */
const afterErasure = (command: ContactCommand, contact: ErasedContact): Decision => {
  const { contactId, erasureId, legalBasis, phase } = contact;
  const at = later(command.metadata.now, contact.lastTime);
  switch (command.type) {
    case 'EraseContact':
      return [];
    case 'RecordErasure': {
      const { keyId, destroyedAt } = command.data;
      return phase === 'requested' && command.data.erasureId === erasureId
        ? [{ type: 'ContactErased', data: { contactId, erasureId, keyId, legalBasis, destroyedAt, erasedAt: at } }]
        : [];
    }
    case 'CompleteErasure': {
      const { steps } = command.data;
      return phase === 'erased' && command.data.erasureId === erasureId
        ? [{ type: 'ErasureCompleted', data: { contactId, erasureId, steps, completedAt: at } }]
        : [];
    }
    default:
      return reject('contact-erased');
  }
};

/** The end of an episode that ran out, if it is still owed. */
const expired = ({ contactId, block: ran }: ActiveContact, now: string): readonly ContactEvent[] => {
  const expiredAt = ran?.expiresAt ?? null;
  return ran === null || expiredAt === null || expiredAt > now
    ? []
    : [{ type: 'ContactBlockExpired', data: { contactId, blockId: ran.blockId, expiredAt } }];
};

/** Facts that follow the end of an episode: a command after it says the end first. */
const afterExpiry = (
  contact: ActiveContact,
  { metadata }: ContactCommand,
  facts: readonly ContactEvent[],
): readonly ContactEvent[] =>
  facts.length === 0 ? [] : [...expired(contact, later(metadata.now, contact.lastTime)), ...facts];

export const contactDecider = decider({
  category: 'contact',
  commands,
  idOf: (command) => command.data.contactId,
  initial,
  evolve,
  decide,
  sealedFor: (contact) => (contact.status === 'unknown' ? '' : `contact:${contact.contactId}`),
  opens: [
    'ContactRegistered',
    'ContactIdentityAttached',
    'ContactDetailsChanged',
    'ContactBlocked',
    'ContactBlockChanged',
  ],
  sizeOf: (contact) =>
    contact.status === 'unknown'
      ? 100
      : 800 +
        300 *
          (contact.identities.length +
            contact.coverage.length +
            (contact.status === 'active' ? contact.blockIds.length : 0)),
});

/** The stored types: versions, and what is personal. */
export const contactEvents = defineEvents<ContactEvent>()({
  ContactRegistered: { version: 1, personal: ['displayName', 'identities[].value'] },
  ContactIdentityAttached: { version: 1, personal: ['value'] },
  ContactIdentityDetached: { version: 1 },
  DuplicateContactDetected: { version: 1 },
  ContactDetailsChanged: { version: 1, personal: ['displayName'] },
  ContactTagged: { version: 1 },
  ContactUntagged: { version: 1 },
  ContactBlocked: { version: 1, personal: ['reasonText'] },
  ContactBlockChanged: { version: 1, personal: ['reasonText'] },
  ContactUnblocked: { version: 1, personal: ['reason'] },
  ContactBlockExpired: { version: 1 },
  ErasureRequested: { version: 1 },
  ContactErased: { version: 1 },
  ErasureCompleted: { version: 1 },
});
