// Everything a contact can say and refuse. The event names and fields are the storage format: add, never edit.
// The one law: at most one open block episode, and what it covers can be told for any instant, past or present.
import {
  Command,
  decider,
  defineEvents,
  isRejection,
  later,
  reject,
  unheard,
  type CommandMetadata,
  type Event,
  type Rejection,
} from '#kernel';
import { isPrevented, isWeak, type Channel, type DuplicateRules, type Kind } from './addresses.js';
import type { ConsentChannel, Consents, GrantSource, RevocationSource } from './consents.js';
import { ended, normalScope, opened, sameScope, united, type Coverage, type InboundMode } from './coverage.js';
import { contactKey } from './data-keys.js';
import { mergeOf, separationOf, uncoveredOf } from './merging.js';

// ── Events ──────────────────────────────────────────────────────────────────────────────────────────────────────────
export type Scope = { readonly all: true } | { readonly channels: readonly Channel[] };
export type BlockKind = 'do_not_contact' | 'protection';
export type BlockPolicy = { inboundMode: InboundMode; unblockBy: UnblockBy; closeOpen: boolean };

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
      { contactId: string; identityId: string; reason: 'removed' | 'claim_lost' | 'erased'; detachedAt: string }
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
    >
  | Event<'ContactAbsorbed', { contactId: string; mergeId: string; intoId: string; absorbedAt: string }>
  | Event<
      'ContactsMerged',
      {
        contactId: string;
        mergeId: string;
        absorbedId: string;
        /** The addresses that came along. */
        movedIdentityIds: readonly string[];
        /** These and, since conversations and coverage name them, those that the absorbed contact had before. */
        identities: readonly Identity[];
        /** Whose episode goes on, and the absorbed one that ended as merged. */
        blockOutcome: { keptBlockId: string | null; endedBlockId: string | null; endedAt: string | null };
        /** The contact's open block, and all of its coverage, behind the merge. The text of a reason that came along follows as a change. */
        block: Omit<OpenBlock, 'reasonText'> | null;
        coverage: readonly Coverage[];
        blockIds: readonly string[];
        /** The channels on which what the absorbed contact said goes on; each follows as a fact of its own. */
        consentOutcome: readonly { channel: ConsentChannel; state: 'granted' | 'revoked' }[];
        /** The wallets that the absorbed contact was in and leaves. */
        walletOutcome: readonly WalletOutcome[];
        /** All contacts that the absorbed one had ever been merged with. */
        kinIds: readonly string[];
        mergedBy: string;
        mergedAt: string;
      }
    >
  | Event<
      'ContactsUnmerged',
      {
        contactId: string;
        mergeId: string;
        absorbedId: string;
        /** The contact's open block, and all of its coverage, behind the separation. */
        block: OpenBlock | null;
        coverage: readonly Coverage[];
        consents: Consents;
        /** What the absorbed contact goes on with. */
        restored: Restored;
        unmergedBy: string;
        unmergedAt: string;
      }
    >
  | Event<
      'ContactRestored',
      {
        contactId: string;
        mergeId: string;
        fromId: string;
        identities: Restored['identities'];
        block: OpenBlock | null;
        coverage: readonly Coverage[];
        restoredBy: string;
        restoredAt: string;
      }
    >
  | Event<
      'ConsentGranted',
      {
        contactId: string;
        channel: ConsentChannel;
        source: GrantSource;
        grantedBy: string;
        grantedAt: string;
        evidence: string | null;
        wordingVersion: string | null;
      }
    >
  | Event<
      'ConsentRevoked',
      {
        contactId: string;
        channel: ConsentChannel;
        source: RevocationSource;
        revokedBy: string;
        revokedAt: string;
        evidence: string | null;
        wordingVersion: string | null;
      }
    >;

/** `added`: the survivor comes into it, since it was not in it and may be. */
export type WalletOutcome = { readonly walletId: string; readonly added: boolean };

/** What a contact gets back when its merge is undone: its identities as they became meanwhile, its episode if nobody ended it, and what covered it. */
export type Restored = {
  readonly identities: readonly {
    readonly identityId: string;
    readonly verified: boolean;
    readonly detachedAt: string | null;
  }[];
  readonly block: OpenBlock | null;
  readonly coverage: readonly Coverage[];
};

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
  readonly kind: BlockKind;
  readonly scope: Scope;
  readonly reasonCode: string | null;
  readonly reasonText: string | null;
  readonly blockedBy: string;
  readonly blockedAt: string;
  readonly expiresAt: string | null;
  readonly noticeMessageId: string | null;
  readonly closeOpen: boolean;
  readonly inboundMode: InboundMode;
};

/** A merge of which this contact is the survivor, with what its undoing needs. */
export type Merge = {
  readonly mergeId: string;
  readonly absorbedId: string;
  readonly identityIds: readonly string[];
  /** The open block before and behind it. */
  readonly before: OpenBlock | null;
  readonly after: OpenBlock | null;
  readonly endedBlockId: string | null;
  /** Own addresses that the open block did not cover before it. */
  readonly uncoveredIds: readonly string[];
  /** The consents before it, and when the others were taken over. */
  readonly consents: Consents;
  readonly mergedAt: string;
  readonly wallets: readonly WalletOutcome[];
  /** Once it was undone. */
  readonly restored: Restored | null;
};

type KnownContact = {
  readonly contactId: string;
  readonly displayName: string | null;
  readonly tags: readonly string[];
  readonly identities: readonly Identity[];
  readonly block: OpenBlock | null;
  /** Of all episodes; those of the open one end at `null`, its expiry is applied by `coverageOf`. */
  readonly coverage: readonly Coverage[];
  readonly blockIds: readonly string[];
  readonly duplicates: readonly string[];
  readonly consents: Consents;
  readonly merges: readonly Merge[];
  /** Merges of which this contact was the absorbed one, and that were undone. */
  readonly undone: readonly string[];
  /** All contacts that this one was ever merged with, whether that was undone or not. */
  readonly kin: readonly string[];
  readonly lastTime: string;
};
export type ActiveContact = KnownContact & { readonly status: 'active' };
/** Frozen: only undoing the merge goes on with it. */
export type AbsorbedContact = KnownContact & {
  readonly status: 'absorbed';
  readonly mergeId: string;
  readonly intoId: string;
  readonly absorbedAt: string;
};
/** Of the person nothing is left: names, values, tags and words are gone, ids and times stay. */
export type ErasedContact = KnownContact & {
  readonly status: 'erased';
  readonly erasureId: string;
  readonly requestedBy: string;
  readonly legalBasis: string;
  readonly phase: 'requested' | 'erased' | 'completed';
  /** The episode that was open. */
  readonly blockId: string | null;
  /** Who had absorbed it. */
  readonly intoId: string | null;
};
export type Contact = { readonly status: 'unknown' } | ActiveContact | AbsorbedContact | ErasedContact;

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
  if (contact.status === 'unknown' || contact.status === 'absorbed' || contact.coverage.length === 0) return [];
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

/** What the open block covers on a channel on which the contact has no address. */
export const coverageWithoutAddress = (contact: Contact, channel: string): readonly Coverage[] => {
  if (contact.status !== 'active' || contact.block === null) return [];
  const { contactId, block } = contact;
  return opened(contactId, block, [''], block.blockedAt)
    .filter((one) => one.channel === '*' || one.channel === channel)
    .map((one) => ({ ...one, to: block.expiresAt }));
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
      merges: [],
      undone: [],
      kin: [],
      consents: {},
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
      const { blockId, kind, scope, reasonCode, reasonText, blockedBy, blockedAt, expiresAt } = event.data;
      const { noticeMessageId, policy } = event.data;
      const block = {
        blockId,
        kind,
        scope,
        reasonCode,
        reasonText,
        blockedBy,
        blockedAt,
        expiresAt,
        noticeMessageId,
        closeOpen: policy.closeOpen,
        inboundMode: policy.inboundMode,
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
    case 'ErasureRequested':
      return erasing(state, event.data);
    // Nobody is erased, and no erasure ends, that was not requested.
    case 'ContactErased':
    case 'ErasureCompleted':
      return state;
    case 'ContactAbsorbed': {
      const { mergeId, intoId, absorbedAt } = event.data;
      return { ...state, status: 'absorbed', mergeId, intoId, absorbedAt, lastTime: later(state.lastTime, absorbedAt) };
    }
    case 'ContactsMerged':
      return merged(state, event.data);
    case 'ContactsUnmerged':
      return unmerged(state, event.data);
    case 'ContactRestored':
      return restored(state, event.data);
    case 'ConsentGranted':
      return consented(state, event.data, 'granted', event.data.grantedAt);
    case 'ConsentRevoked':
      return consented(state, event.data, 'revoked', event.data.revokedAt);
    default:
      return unheard(state, event);
  }
};

type Known = ActiveContact | AbsorbedContact;
export type DataOf<T extends ContactEvent['type']> = Extract<ContactEvent, { type: T }>['data'];

const withoutReason = (block: OpenBlock | null): OpenBlock | null => block && { ...block, reasonText: null };

const erasing = (state: Known, data: DataOf<'ErasureRequested'>): ErasedContact => {
  const { erasureId, requestedBy, legalBasis, blockId, requestedAt } = data;
  return {
    status: 'erased',
    contactId: state.contactId,
    erasureId,
    requestedBy,
    legalBasis,
    phase: 'requested',
    blockId,
    intoId: state.status === 'absorbed' ? state.intoId : null,
    displayName: null,
    tags: [],
    // Conversations are found by them.
    identities: state.identities.map((identity) => ({ ...identity, value: null })),
    block: null,
    // What was hidden stays hidden, and nothing more is.
    coverage: ended(state.coverage, requestedAt, () => true),
    blockIds: state.blockIds,
    duplicates: state.duplicates,
    consents: {},
    merges: state.merges.map((merge) => ({
      ...merge,
      before: withoutReason(merge.before),
      after: withoutReason(merge.after),
      restored: merge.restored && { ...merge.restored, block: withoutReason(merge.restored.block) },
    })),
    undone: state.undone,
    kin: state.kin,
    lastTime: later(state.lastTime, requestedAt),
  };
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

const attached = (state: Known, data: DataOf<'ContactIdentityAttached'>): Contact => {
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

const blockChanged = (state: Known, data: DataOf<'ContactBlockChanged'>): Contact => {
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

const blockEnded = (state: Known, blockId: string, at: string): Contact => ({
  ...state,
  block: state.block?.blockId === blockId ? null : state.block,
  coverage: ended(state.coverage, at, (one) => one.blockId === blockId),
  lastTime: later(state.lastTime, at),
});

const consented = (
  state: Known,
  { channel, source, evidence, wordingVersion }: DataOf<'ConsentGranted'> | DataOf<'ConsentRevoked'>,
  now: 'granted' | 'revoked',
  at: string,
): Contact => ({
  ...state,
  consents: {
    ...state.consents,
    [channel]: { state: now, source, at, wordingVersion, evidenced: evidence !== null },
  },
  lastTime: later(state.lastTime, at),
});

const merged = (state: Known, data: DataOf<'ContactsMerged'>): Contact => {
  const { mergeId, absorbedId, identities, coverage } = data;
  const reasonText = state.block?.blockId === data.block?.blockId ? (state.block?.reasonText ?? null) : null;
  const block = data.block && { ...data.block, reasonText };
  const merge: Merge = {
    mergeId,
    absorbedId,
    identityIds: identities.map((one) => one.identityId),
    before: state.block,
    after: block,
    endedBlockId: data.blockOutcome.endedBlockId,
    uncoveredIds: uncoveredOf(state),
    consents: state.consents,
    mergedAt: data.mergedAt,
    wallets: data.walletOutcome,
    restored: null,
  };
  return {
    ...state,
    identities: [...state.identities, ...identities],
    block,
    coverage,
    blockIds: [...new Set([...state.blockIds, ...data.blockIds])],
    merges: [...state.merges, merge],
    kin: [...new Set([...state.kin, absorbedId, ...data.kinIds])],
    lastTime: later(state.lastTime, data.mergedAt),
  };
};

const unmerged = (state: Known, data: DataOf<'ContactsUnmerged'>): Contact => {
  const moved = state.merges.find((one) => one.mergeId === data.mergeId)?.identityIds ?? [];
  return {
    ...state,
    identities: state.identities.filter((one) => !moved.includes(one.identityId)),
    block: data.block,
    coverage: data.coverage,
    consents: data.consents,
    merges: state.merges.map((one) => (one.mergeId === data.mergeId ? { ...one, restored: data.restored } : one)),
    lastTime: later(state.lastTime, data.unmergedAt),
  };
};

const restored = (state: Known, data: DataOf<'ContactRestored'>): Contact => {
  const { contactId, displayName, tags, blockIds, duplicates, consents, merges } = state;
  const became = new Map(data.identities.map((one) => [one.identityId, one]));
  return {
    status: 'active',
    contactId,
    displayName,
    tags,
    identities: state.identities.map((one) => ({ ...one, ...became.get(one.identityId) })),
    block: data.block,
    coverage: data.coverage,
    blockIds,
    duplicates,
    consents,
    merges,
    undone: [...state.undone, data.mergeId],
    kin: [...new Set([...state.kin, data.fromId])],
    lastTime: later(state.lastTime, data.restoredAt),
  };
};

// ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────────────
export type UnblockBy = 'admin' | 'supervisor' | 'anyAgent';

/** The tenant's settings that shape a block, as they are when the command runs. */
export type BlockRules = {
  readonly unblockBy: UnblockBy;
  readonly blockBy: 'anyAgent' | 'supervisor' | 'admin';
  readonly requireConfirm: boolean;
  readonly notice: 'optional' | 'off';
  readonly closeOpen: boolean;
  readonly inboundMode: InboundMode;
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
  inboundMode: 'ignore',
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
  /** Where new contacts consent from the start, by the tenant's settings of now. */
  readonly consents: readonly ConsentChannel[];
  readonly prevents: DuplicateRules;
}> {
  readonly type = 'RegisterContact';
}
export class AttachIdentity extends Command<
  About<{
    readonly identityId: string;
    readonly kind: Kind;
    readonly value: string;
    readonly verified: boolean;
    /** The identities under which the address was ever claimed, also by whom a merge brought. */
    readonly claimedAs: readonly string[];
    readonly others: readonly { contactId: string; kind: Kind }[];
    readonly prevents: DuplicateRules;
  }>
> {
  readonly type = 'AttachIdentity';
}
export class DetachIdentity extends Command<
  About<{
    readonly identityId: string;
    readonly reason: 'removed' | 'claim_lost' | 'erased';
    /** Who has the address of a lost claim. */
    readonly lostTo?: { readonly contactId: string; readonly kind: Kind };
    readonly rules: BlockRules;
  }>
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
/** Freezes the contact: the first step of a merge that was decided. */
export class AbsorbContact extends Command<About<{ readonly mergeId: string; readonly intoId: string }>> {
  readonly type = 'AbsorbContact';
}
/** Takes in what the frozen contact has: the second step. */
export class CompleteMerge extends Command<
  About<{
    readonly mergeId: string;
    readonly absorbed: AbsorbedContact;
    readonly walletOutcome: readonly WalletOutcome[];
    readonly mergedBy: string;
  }>
> {
  readonly type = 'CompleteMerge';
}
/** Gives back what came with a merge: the first step of undoing it. */
export class SeparateContacts extends Command<
  About<{ readonly mergeId: string; readonly absorbed: AbsorbedContact; readonly undoneBy: string }>
> {
  readonly type = 'SeparateContacts';
}
/** Goes on with what the survivor gave back: the second step. */
export class RestoreContact extends Command<
  About<{ readonly mergeId: string; readonly fromId: string; readonly restored: Restored; readonly undoneBy: string }>
> {
  readonly type = 'RestoreContact';
}
export class GrantConsent extends Command<
  About<{
    readonly channel: ConsentChannel;
    readonly source: Exclude<GrantSource, 'org_default' | 'merge'>;
    /** What proves it, in words or a reference. */
    readonly evidence: string | null;
    /** Which wording was agreed to. */
    readonly wordingVersion: string | null;
  }>
> {
  readonly type = 'GrantConsent';
}
export class RevokeConsent extends Command<
  About<{
    readonly channel: ConsentChannel;
    readonly source: Exclude<RevocationSource, 'merge'>;
    readonly evidence: string | null;
    readonly wordingVersion: string | null;
  }>
> {
  readonly type = 'RevokeConsent';
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
  AbsorbContact,
  CompleteMerge,
  SeparateContacts,
  RestoreContact,
  GrantConsent,
  RevokeConsent,
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
  | 'contact-merged'
  | 'duplicate-contact'
  | 'invalid-request';

type Decision = readonly ContactEvent[] | Rejection<ContactRejection>;

// ── Decide ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const decide = (command: ContactCommand, contact: Contact): Decision => {
  if (command.type === 'RegisterContact') return register(command, contact);
  if (contact.status === 'unknown' || !command.data.mine) return reject('not-found');
  if (command.type === 'EraseContact') return erase(command, contact);
  if (command.type === 'RecordErasure' || command.type === 'CompleteErasure') return proceed(command, contact);
  if (command.type === 'AbsorbContact') return absorb(command, contact);
  if (command.type === 'RestoreContact') return restore(command, contact);
  if (contact.status === 'active') return decideActive(command, contact);
  // What is wrong with the request itself, or with who asks, is said first (source: spec/http-api.md, "Habits").
  const { status, ...known } = contact;
  const outcome = decideActive(command, { ...known, status: 'active' });
  const isStep = command.type === 'CompleteMerge' || command.type === 'SeparateContacts';
  // A step that comes late: of an earlier merge, when all was done; or when nobody is left to take anything in.
  if (isStep && (status === 'erased' || (!isRejection(outcome) && outcome.length === 0))) return [];
  if (isRejection(outcome) && outcome.rejected !== 'contact-not-blocked') return outcome;
  return reject(status === 'erased' ? 'contact-erased' : 'contact-merged');
};

const decideActive = (
  command: Exclude<
    ContactCommand,
    RegisterContact | AbsorbContact | RestoreContact | EraseContact | RecordErasure | CompleteErasure
  >,
  contact: ActiveContact,
): Decision => {
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
    case 'CompleteMerge':
      return completeMerge(command, contact);
    case 'SeparateContacts':
      return separate(command, contact);
    case 'GrantConsent':
      return afterExpiry(contact, command, grantConsent(command, contact));
    case 'RevokeConsent':
      return afterExpiry(contact, command, revokeConsent(command, contact));
  }
};

const register = ({ data, metadata }: RegisterContact, contact: Contact): Decision => {
  // Agents with limited access see their own contacts only, and a new contact is nobody's yet.
  if (metadata.caller.role === 'agent' && metadata.caller.access !== 'all') return reject('forbidden');
  if (contact.status !== 'unknown') return [];
  const { contactId, displayName, source } = data;
  const duplicate = preventedBy(contactId, data);
  if (duplicate !== null) return duplicate;
  const identities = data.identities.map(({ identityId, kind, value, verified }) => ({
    identityId,
    kind,
    value,
    verified,
  }));
  return [
    { type: 'ContactRegistered', data: { contactId, displayName, source, identities, registeredAt: metadata.now } },
    ...[...new Set(data.tags)].map((tag): ContactEvent => ({ type: 'ContactTagged', data: { contactId, tag } })),
    ...data.consents.map((channel): ContactEvent => ({
      type: 'ConsentGranted',
      data: {
        contactId,
        channel,
        source: 'org_default',
        grantedBy: whoFor(metadata),
        grantedAt: metadata.now,
        evidence: null,
        wordingVersion: null,
      },
    })),
    ...duplicatesOf(contactId, data.others),
  ];
};

/** The refusal of a second contact with the same phone or e-mail, where the tenant prevents that [K10 I13]. */
const preventedBy = (
  contactId: string,
  { others, prevents }: Pick<RegisterContact['data'], 'others' | 'prevents'>,
): Rejection<'duplicate-contact'> | null => {
  const other = others.find((one) => one.contactId !== contactId && isPrevented(one.kind, prevents));
  return other === undefined ? null : reject('duplicate-contact', { contactId: other.contactId });
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
  const duplicate = known === undefined ? preventedBy(contactId, data) : null;
  if (duplicate !== null) return duplicate;
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
    ...(data.lostTo === undefined ? [] : reportDuplicates(contact, [data.lostTo])),
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

const endInThePast = reject('invalid-request', { errors: [{ path: 'expiresAt', message: 'must be in the future' }] });

const block = ({ data, metadata }: BlockContact, contact: ActiveContact): Decision => {
  const { rules, contactId, blockId } = data;
  if (!mayBlock(metadata.caller.role, rules.blockBy)) return reject('forbidden');
  const blockedAt = later(metadata.now, contact.lastTime);
  const open = blockAt(contact, blockedAt);
  const isSaid = contact.blockIds.includes(blockId);
  // A wrong shape comes before what a confirmation or a setting refuses; where the block stands, its end is not asked.
  if (!isSaid && open === null && data.expiresAt !== undefined && data.expiresAt <= blockedAt) return endInThePast;
  if (rules.requireConfirm && !data.confirm) return reject('confirmation-required');
  const scope = requestedScope(data);
  // Said twice, stored once; and an episode that a crash completes late does not come back after it ended.
  if (isSaid) return [];
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
  if (data.expiresAt !== undefined && !rules.allowExpiry) return reject('expiry-not-allowed');
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
        policy: { inboundMode: rules.inboundMode, unblockBy: rules.unblockBy, closeOpen: rules.closeOpen },
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
    if (data.expiresAt <= changedAt) return endInThePast;
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
  if (!mayUnblock(metadata.caller.role, data.rules.unblockBy)) return reject('administrator-required');
  if (data.rules.requireConfirm && !data.confirm) return reject('confirmation-required');
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

/** Erased again, it is told of the first time. */
const erase = ({ data, metadata }: EraseContact, contact: Exclude<Contact, { status: 'unknown' }>): Decision => {
  const { contactId, erasureId, legalBasis } = data;
  if (!data.confirm) return reject('confirmation-required');
  if (contact.status === 'erased') return [];
  const requestedAt = later(metadata.now, contact.lastTime);
  return [
    // What a frozen contact was blocked by goes on, and ends, with another.
    ...(contact.status === 'active' ? expired(contact, requestedAt) : []),
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

const proceed = ({ type, data, metadata }: RecordErasure | CompleteErasure, contact: Contact): Decision => {
  if (contact.status !== 'erased' || data.erasureId !== contact.erasureId) return [];
  const { contactId, erasureId, legalBasis, phase } = contact;
  const at = later(metadata.now, contact.lastTime);
  if (type === 'RecordErasure') {
    const { keyId, destroyedAt } = data;
    return phase === 'requested'
      ? [{ type: 'ContactErased', data: { contactId, erasureId, keyId, legalBasis, destroyedAt, erasedAt: at } }]
      : [];
  }
  const { steps } = data;
  return phase === 'erased'
    ? [{ type: 'ErasureCompleted', data: { contactId, erasureId, steps, completedAt: at } }]
    : [];
};

/** Only these roles change consents; an integration passes on that a customer took one back [K5]. */
const mayConsent = (role: string): boolean => role === 'supervisor' || role === 'admin';

const grantConsent = ({ data, metadata }: GrantConsent, contact: ActiveContact): Decision => {
  const { contactId, channel, source, evidence, wordingVersion } = data;
  if (!mayConsent(metadata.caller.role)) return reject('forbidden');
  if (stands('granted', data, contact)) return [];
  const grantedAt = later(metadata.now, contact.lastTime);
  return [
    {
      type: 'ConsentGranted',
      data: { contactId, channel, source, grantedBy: whoFor(metadata), grantedAt, evidence, wordingVersion },
    },
  ];
};

const revokeConsent = ({ data, metadata }: RevokeConsent, contact: ActiveContact): Decision => {
  const { contactId, channel, source, evidence, wordingVersion } = data;
  const { role } = metadata.caller;
  if (!mayConsent(role) && !(role === 'integration' && source !== 'manual')) return reject('forbidden');
  if (stands('revoked', data, contact)) return [];
  const revokedAt = later(metadata.now, contact.lastTime);
  return [
    {
      type: 'ConsentRevoked',
      data: { contactId, channel, source, revokedBy: whoFor(metadata), revokedAt, evidence, wordingVersion },
    },
  ];
};

/** Is this what stands already? Another source or wording, and the first evidence, are facts of their own. */
const stands = (
  state: 'granted' | 'revoked',
  { channel, source, evidence, wordingVersion }: GrantConsent['data'] | RevokeConsent['data'],
  { consents }: ActiveContact,
): boolean => {
  const present = consents[channel];
  return (
    present?.state === state &&
    present.source === source &&
    present.wordingVersion === wordingVersion &&
    (present.evidenced || evidence === null)
  );
};

const absorb = ({ data, metadata }: AbsorbContact, contact: Known | ErasedContact): Decision => {
  const { contactId, mergeId, intoId } = data;
  // Nothing is left that could be taken in.
  if (contact.status === 'erased') return [];
  // A step that comes late does not freeze again what was restored since.
  if (contact.undone.includes(mergeId)) return [];
  if (contact.status === 'absorbed') return contact.mergeId === mergeId ? [] : reject('contact-merged');
  const absorbedAt = later(metadata.now, contact.lastTime);
  return [
    ...expired(contact, absorbedAt),
    { type: 'ContactAbsorbed', data: { contactId, mergeId, intoId, absorbedAt } },
  ];
};

const completeMerge = (
  { data: { mergeId, absorbed, walletOutcome, mergedBy }, metadata }: CompleteMerge,
  contact: ActiveContact,
): Decision => {
  if (absorbed.contactId === contact.contactId || contact.merges.some((one) => one.mergeId === mergeId)) return [];
  const now = later(metadata.now, contact.lastTime);
  const before = expired(contact, now);
  const data = mergeOf(after(contact, before), absorbed, { mergeId, walletOutcome, mergedBy }, now);
  return [...before, { type: 'ContactsMerged', data }, ...reasonOf(absorbed, data), ...consentsOf(absorbed, data)];
};

const consentsOf = (
  { consents }: AbsorbedContact,
  { contactId, consentOutcome, mergedBy: by, mergedAt: at }: DataOf<'ContactsMerged'>,
): readonly ContactEvent[] =>
  consentOutcome.map(({ channel, state }): ContactEvent => {
    const wordingVersion = consents[channel]?.wordingVersion ?? null;
    const said = { contactId, channel, source: 'merge', evidence: null, wordingVersion } as const;
    return state === 'granted'
      ? { type: 'ConsentGranted', data: { ...said, grantedBy: by, grantedAt: at } }
      : { type: 'ConsentRevoked', data: { ...said, revokedBy: by, revokedAt: at } };
  });

/** What was written of the reason for the absorbed contact's block, if that goes on. */
const reasonOf = (
  { block: brought }: AbsorbedContact,
  { contactId, block: open, mergedBy, mergedAt }: DataOf<'ContactsMerged'>,
): readonly ContactEvent[] =>
  typeof brought?.reasonText !== 'string' || brought.blockId !== open?.blockId
    ? []
    : [
        {
          type: 'ContactBlockChanged',
          data: {
            contactId,
            blockId: open.blockId,
            reasonText: brought.reasonText,
            changedBy: mergedBy,
            changedAt: mergedAt,
          },
        },
      ];

const separate = ({ data, metadata }: SeparateContacts, contact: ActiveContact): Decision => {
  const { mergeId, absorbed, undoneBy } = data;
  const merge = contact.merges.find((one) => one.mergeId === mergeId && one.restored === null);
  if (merge === undefined) return [];
  const now = later(metadata.now, contact.lastTime);
  const before = expired(contact, now);
  return [
    ...before,
    { type: 'ContactsUnmerged', data: separationOf(after(contact, before), merge, absorbed, undoneBy, now) },
  ];
};

const after = (contact: ActiveContact, events: readonly ContactEvent[]): ActiveContact =>
  events.reduce<Contact>(evolve, contact) as ActiveContact;

const restore = ({ data, metadata }: RestoreContact, contact: Known | ErasedContact): Decision => {
  const { contactId, mergeId, fromId, restored: back, undoneBy } = data;
  if (contact.status !== 'absorbed' || contact.mergeId !== mergeId) return [];
  const { identities, block: open, coverage } = back;
  const restoredAt = later(metadata.now, contact.lastTime);
  return [
    {
      type: 'ContactRestored',
      data: {
        contactId,
        mergeId,
        fromId,
        identities,
        block: open,
        coverage,
        restoredBy: undoneBy,
        restoredAt,
      },
    },
  ];
};

/** The end of an episode that ran out, if it is still owed. */
const expired = ({ contactId, block: ran }: ActiveContact, now: string): readonly ContactEvent[] => {
  const expiredAt = ran?.expiresAt ?? null;
  return ran === null || expiredAt === null || expiredAt > now
    ? []
    : [{ type: 'ContactBlockExpired', data: { contactId, blockId: ran.blockId, expiredAt } }];
};

/** Facts that follow the end of an episode: a command after it says the end first. */
const afterExpiry = (contact: ActiveContact, { metadata }: ContactCommand, facts: Decision): Decision =>
  isRejection(facts) || facts.length === 0
    ? facts
    : [...expired(contact, later(metadata.now, contact.lastTime)), ...facts];

export const contactDecider = decider({
  category: 'contact',
  commands,
  idOf: (command) => command.data.contactId,
  initial,
  evolve,
  decide,
  sealedFor: (contact) => (contact.status === 'unknown' ? '' : contactKey(contact.contactId)),
  opens: [
    'ContactRegistered',
    'ContactIdentityAttached',
    'ContactDetailsChanged',
    'ContactBlocked',
    'ContactBlockChanged',
    'ContactsMerged',
    'ContactsUnmerged',
    'ContactRestored',
  ],
  sizeOf: (contact) =>
    contact.status === 'unknown'
      ? 100
      : 800 + 300 * (contact.identities.length + contact.coverage.length + contact.blockIds.length),
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
  ContactAbsorbed: { version: 1 },
  ContactsMerged: { version: 1, personal: ['identities[].value'] },
  ContactsUnmerged: { version: 1, personal: ['block.reasonText', 'restored.block.reasonText'] },
  ContactRestored: { version: 1, personal: ['block.reasonText'] },
  ConsentGranted: { version: 1, personal: ['evidence'] },
  ConsentRevoked: { version: 1, personal: ['evidence'] },
});
