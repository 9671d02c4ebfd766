// Everything a conversation can say and refuse: messages, assignment, automation, status. The event names and fields are the storage format: add, never edit.
// The one law: 0 or 1 assignee, and nobody starts, answers or is assigned while the customer's block covers the conversation.
import { Map as ImmutableMap } from 'immutable';
import {
  Command,
  covers,
  decider,
  defineEvents,
  intervalAt,
  later,
  reject,
  unheard,
  type Caller,
  type Event,
  type Rejection,
} from '#kernel';
import { hiddenBy, type Cover, type InboundMode } from './cover.js';
import { reasonsAgainst, refusalFor, type Consent, type GateRejection } from './gate.js';

// ── Events ──────────────────────────────────────────────────────────────────────────────────────────────────────────
export type Purpose = 'reply' | 'notification' | 'block_notice';
export type AuthorKind = 'staff' | 'automation' | 'system';
export type AssignmentMethod = 'self' | 'colleague' | 'wallet';
export type UnassignReason = 'manual' | 'concluded' | 'staff_deactivated' | 'contact_blocked';
export type PauseCause = 'assignee_message' | 'agent_message' | 'manual' | 'device_echo';

/** What a block command asked for; it stands in the notice, so that the block follows even if a crash comes between them [H10]. */
export type BlockOrder = {
  readonly blockId: string;
  readonly kind: string;
  readonly scope: unknown;
  readonly reasonCode: string | null;
  readonly reasonText: string | null;
  readonly originConversationId: string | null;
  readonly expiresAt: string | null;
  readonly blockedBy: string;
};

export type ConversationEvent =
  | Event<
      'ConversationOpened',
      {
        conversationId: string;
        contactId: string;
        channel: string;
        identityId: string;
        openedBy: 'customer' | 'staff' | 'automation';
        openedAt: string;
      }
    >
  | Event<
      'MessageReceived',
      {
        messageId: string;
        providerMessageId: string | null;
        providerMessageKey: string;
        identityId: string;
        sentAt: string | null;
        receivedAt: string;
        content: { text: string } | null;
        ordinal: number;
      }
    >
  | Event<
      'MessageHidden',
      {
        messageId: string;
        blockId: string;
        contactId: string;
        hiddenAt: string;
        /** Of the episode; absent in facts of before there were others than `ignore`. */
        mode?: InboundMode;
      }
    >
  | Event<
      'ConversationReopened',
      {
        reason: 'customer_message' | 'staff_message' | 'manual';
        by: string | null;
        previousAssigneeId: string | null;
        sessionNo: number;
        reopenedAt: string;
      }
    >
  | Event<
      'MessageSendRequested',
      {
        messageId: string;
        authorId: string;
        authorKind: AuthorKind;
        content: { text: string } | null;
        purpose: Purpose;
        viaDevice: boolean;
        ordinal: number;
        requestedAt: string;
        block: BlockOrder | null;
        /** It went out by a consent, and goes no further without it. */
        consentGated?: boolean;
      }
    >
  | Event<'MessageHandedOver', { messageId: string; handedOverAt: string }>
  | Event<
      'MessageCancelled',
      { messageId: string; reason: 'contact_blocked' | 'consent_revoked'; blockId: string | null; cancelledAt: string }
    >
  | Event<'MessageDelivered', { messageId: string; at: string }>
  | Event<'MessageFailed', { messageId: string; reason: string | null; at: string }>
  | Event<
      'ConversationAssigned',
      {
        conversationId: string;
        assigneeId: string;
        previousAssigneeId: string | null;
        assignedBy: string;
        method: AssignmentMethod;
        walletId: string | null;
        note: string | null;
        assignmentNo: number;
        assignedAt: string;
      }
    >
  | Event<
      'ConversationUnassigned',
      {
        previousAssigneeId: string;
        by: string;
        reason: UnassignReason;
        blockId: string | null;
        assignmentNo: number;
        unassignedAt: string;
      }
    >
  | Event<'AssigneeEngaged', { assigneeId: string; messageId: string; assignmentNo: number; engagedAt: string }>
  | Event<
      'AutomationPaused',
      { cause: PauseCause; byStaffId: string | null; messageId: string | null; pausedAt: string }
    >
  | Event<'AutomationResumed', { cause: 'concluded' | 'manual'; resumedAt: string }>
  | Event<
      'ConversationConcluded',
      {
        by: string;
        assigneeAtConclusion: string | null;
        outcome: string | null;
        cause: 'agent' | 'contact_blocked';
        blockId: string | null;
        sessionNo: number;
        concludedAt: string;
      }
    >
  | Event<'ConversationContactRelinked', { from: string; to: string; mergeId: string; relinkedAt: string }>;

// ── State: only what decide needs ───────────────────────────────────────────────────────────────────────────────────
type Inbound = {
  readonly sentAt: string | null;
  readonly receivedAt: string;
  readonly ordinal: number;
  readonly hidden: boolean;
};
type Outbound = {
  readonly status: 'requested' | 'handed_over' | 'cancelled' | 'delivered' | 'failed';
  readonly blockId: string | null;
  readonly consentGated: boolean;
};

export type Conversation =
  | { readonly status: 'unknown' }
  | {
      readonly status: 'open' | 'concluded';
      readonly conversationId: string;
      readonly contactId: string;
      /** The contact of the opening: its key seals the conversation, whatever was merged since. */
      readonly openedFor: string;
      readonly channel: string;
      readonly identityId: string;
      readonly assigneeId: string | null;
      readonly assignmentNo: number;
      readonly assignedAt: string;
      readonly engaged: boolean;
      readonly automation: 'running' | 'paused';
      readonly sessionNo: number;
      readonly sessionSince: string;
      /** Of the latest message in either direction; 0 = none. */
      readonly ordinal: number;
      /** Persistent maps: a fold of 20,000 messages copies nothing. */
      readonly inbound: ImmutableMap<string, Inbound>;
      readonly outbound: ImmutableMap<string, Outbound>;
      /** Requested, neither handed over nor cancelled. */
      readonly queued: readonly string[];
      /** When the latest message arrived or was to be sent; empty = none. */
      readonly lastMessageAt: string;
      readonly lastTime: string;
    };
export type KnownConversation = Exclude<Conversation, { status: 'unknown' }>;

const initial = { status: 'unknown' } as Conversation;

/** May the caller see the conversation? Access limits agents only. Source: spec/domain.md, "Roles". */
export const sees = (caller: Caller, assigneeId: string | null): boolean =>
  caller.role !== 'agent' ||
  caller.access === 'all' ||
  assigneeId === caller.id ||
  (caller.access === 'assigned_and_unassigned' && assigneeId === null);

// ── Evolve ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const evolve = (state: Conversation, event: ConversationEvent): Conversation => {
  if (event.type === 'ConversationOpened') {
    const { conversationId, contactId, channel, identityId, openedAt } = event.data;
    return {
      status: 'open',
      conversationId,
      contactId,
      openedFor: contactId,
      channel,
      identityId,
      assigneeId: null,
      assignmentNo: 0,
      assignedAt: '',
      engaged: false,
      automation: 'running',
      sessionNo: 1,
      sessionSince: openedAt,
      ordinal: 0,
      inbound: ImmutableMap(),
      outbound: ImmutableMap(),
      queued: [],
      lastMessageAt: '',
      lastTime: openedAt,
    };
  }
  if (state.status === 'unknown')
    return Object.hasOwn(conversationEvents, event.type) ? state : unheard(state, event as never);
  switch (event.type) {
    case 'MessageReceived': {
      const { messageId, sentAt, receivedAt, ordinal } = event.data;
      const inbound = state.inbound.set(messageId, { sentAt, receivedAt, ordinal, hidden: false });
      return { ...state, inbound, ordinal, lastMessageAt: receivedAt, lastTime: later(state.lastTime, receivedAt) };
    }
    case 'MessageHidden': {
      const { messageId, hiddenAt } = event.data;
      const message = state.inbound.get(messageId);
      const inbound =
        message === undefined ? state.inbound : state.inbound.set(messageId, { ...message, hidden: true });
      return { ...state, inbound, lastTime: later(state.lastTime, hiddenAt) };
    }
    case 'ConversationReopened': {
      const { sessionNo, reopenedAt } = event.data;
      return {
        ...state,
        status: 'open',
        sessionNo,
        sessionSince: reopenedAt,
        lastTime: later(state.lastTime, reopenedAt),
      };
    }
    case 'MessageSendRequested': {
      const { messageId, ordinal, viaDevice, block, requestedAt, consentGated = false } = event.data;
      return {
        ...state,
        ordinal,
        outbound: state.outbound.set(messageId, {
          status: viaDevice ? 'handed_over' : 'requested',
          blockId: block?.blockId ?? null,
          consentGated,
        }),
        queued: viaDevice ? state.queued : [...state.queued, messageId],
        lastMessageAt: requestedAt,
        lastTime: later(state.lastTime, requestedAt),
      };
    }
    case 'MessageHandedOver':
      return outboundNow(state, event.data.messageId, 'handed_over', event.data.handedOverAt);
    case 'MessageCancelled':
      return outboundNow(state, event.data.messageId, 'cancelled', event.data.cancelledAt);
    // Their `at` is the provider's clock, not the stream's.
    case 'MessageDelivered':
      return outboundNow(state, event.data.messageId, 'delivered', null);
    case 'MessageFailed':
      return outboundNow(state, event.data.messageId, 'failed', null);
    case 'ConversationAssigned': {
      const { assigneeId, assignmentNo, assignedAt } = event.data;
      return {
        ...state,
        assigneeId,
        assignmentNo,
        assignedAt,
        engaged: false,
        lastTime: later(state.lastTime, assignedAt),
      };
    }
    case 'ConversationUnassigned':
      return { ...state, assigneeId: null, engaged: false, lastTime: later(state.lastTime, event.data.unassignedAt) };
    case 'AssigneeEngaged':
      return { ...state, engaged: true, lastTime: later(state.lastTime, event.data.engagedAt) };
    case 'AutomationPaused':
      return { ...state, automation: 'paused', lastTime: later(state.lastTime, event.data.pausedAt) };
    case 'AutomationResumed':
      return { ...state, automation: 'running', lastTime: later(state.lastTime, event.data.resumedAt) };
    case 'ConversationConcluded':
      return { ...state, status: 'concluded', lastTime: later(state.lastTime, event.data.concludedAt) };
    case 'ConversationContactRelinked':
      return { ...state, contactId: event.data.to, lastTime: later(state.lastTime, event.data.relinkedAt) };
    default:
      return unheard(state, event);
  }
};

const outboundNow = (
  state: KnownConversation,
  messageId: string,
  status: Outbound['status'],
  at: string | null,
): Conversation => {
  const message = state.outbound.get(messageId);
  if (message === undefined) return state;
  return {
    ...state,
    lastTime: later(state.lastTime, at),
    outbound: state.outbound.set(messageId, { ...message, status }),
    queued: state.queued.filter((queued) => queued !== messageId),
  };
};

// ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────────────
export type ConversationRules = {
  readonly onReply: 'never' | 'ifUnassigned';
  readonly replyBy: 'anyWithAccess' | 'assigneeOnly';
  readonly pauseOn: 'assigneeOrAnyIfUnassigned' | 'assignee' | 'anyAgent';
  readonly release: 'onConclude' | 'onReopen' | 'keep';
  readonly concludeBy: 'anyWithAccess' | 'assigneeOnly';
  /** What consent is asked for: sends that the company begins, or all. */
  readonly gates: 'notifications' | 'allOutbound';
};

/** What other streams say when the command is decided. */
export type ConversationFacts = {
  readonly covers: readonly Cover[];
  readonly rules: ConversationRules;
  /** Does the contact still hold the conversation's identity? */
  readonly hasAddress: boolean;
  /** The contact's consent to the conversation's channel. */
  readonly consent: Consent;
};

/** What a command carries until its handler has asked the other streams. */
export const NOTHING_KNOWN: ConversationFacts = {
  covers: [],
  rules: {
    onReply: 'never',
    replyBy: 'assigneeOnly',
    pauseOn: 'assignee',
    release: 'onConclude',
    concludeBy: 'assigneeOnly',
    gates: 'allOutbound',
  },
  hasAddress: false,
  consent: 'unset',
};

type About<D = object> = D & { readonly conversationId: string; readonly facts: ConversationFacts };

export class ReceiveInboundMessage extends Command<
  About<{
    readonly contactId: string;
    readonly channel: string;
    readonly identityId: string;
    readonly messageId: string;
    readonly providerMessageId: string;
    readonly providerMessageKey: string;
    readonly sentAt: string | null;
    readonly text: string;
  }>
> {
  readonly type = 'ReceiveInboundMessage';
}
export class StartConversation extends Command<
  About<{
    readonly contactId: string;
    readonly channel: string;
    readonly identityId: string;
    /** Is the contact within the starter's sight? */
    readonly mine: boolean;
    /** The first holder of the address: conversations belong to it. */
    readonly ownerId: string;
  }>
> {
  readonly type = 'StartConversation';
}
export class SendMessage extends Command<
  About<{
    readonly messageId: string;
    readonly text: string;
    readonly purpose: 'reply' | 'notification';
    readonly viaDevice: boolean;
    /** Is the author an active record that may be assigned? Asked where a reply assigns. */
    readonly eligible: boolean;
  }>
> {
  readonly type = 'SendMessage';
}
export class SendBlockNotice extends Command<
  About<{ readonly messageId: string; readonly text: string; readonly block: BlockOrder }>
> {
  readonly type = 'SendBlockNotice';
}
export class HandOverMessage extends Command<About<{ readonly messageId: string }>> {
  readonly type = 'HandOverMessage';
}
export class ReportDelivery extends Command<
  About<{
    readonly messageId: string;
    readonly status: 'delivered' | 'failed';
    readonly reason: string | null;
    readonly at: string;
  }>
> {
  readonly type = 'ReportDelivery';
}
export class AssignToMe extends Command<
  About<{ /** Is the caller an active record with a role that may be assigned? */ readonly eligible: boolean }>
> {
  readonly type = 'AssignToMe';
}
export class AssignConversation extends Command<
  About<{
    readonly assigneeId: string;
    /** `null` = must be unassigned; absent = whoever it is. */
    readonly expectedAssigneeId?: string | null;
    readonly note: string | null;
    readonly eligible: boolean;
    /** The wallet whose routing assigns; absent = a colleague does. */
    readonly walletId?: string;
  }>
> {
  readonly type = 'AssignConversation';
}
export class UnassignConversation extends Command<About> {
  readonly type = 'UnassignConversation';
}
export class ReleaseAssignee extends Command<About<{ readonly staffId: string }>> {
  readonly type = 'ReleaseAssignee';
}
export class PauseAutomation extends Command<About> {
  readonly type = 'PauseAutomation';
}
export class ResumeAutomation extends Command<About> {
  readonly type = 'ResumeAutomation';
}
export class ConcludeConversation extends Command<About<{ readonly outcome: string | null }>> {
  readonly type = 'ConcludeConversation';
}
export class ReopenConversation extends Command<About> {
  readonly type = 'ReopenConversation';
}
/** What a block owes this conversation: hide what raced it, cancel what waits, conclude and release. Converges. */
export class EnforceBlock extends Command<About> {
  readonly type = 'EnforceBlock';
}
/** Follows a merge, or its undoing, to the contact that has the conversation's identity now. */
export class RelinkConversation extends Command<About<{ readonly to: string; readonly mergeId: string }>> {
  readonly type = 'RelinkConversation';
}
/** What a missing consent owes this conversation: cancel what went out by it and waits. Converges. */
export class EnforceConsent extends Command<About> {
  readonly type = 'EnforceConsent';
}

const commands = [
  ReceiveInboundMessage,
  StartConversation,
  SendMessage,
  SendBlockNotice,
  HandOverMessage,
  ReportDelivery,
  AssignToMe,
  AssignConversation,
  UnassignConversation,
  ReleaseAssignee,
  PauseAutomation,
  ResumeAutomation,
  ConcludeConversation,
  ReopenConversation,
  EnforceBlock,
  RelinkConversation,
  EnforceConsent,
] as const;
export type ConversationCommand = InstanceType<(typeof commands)[number]>;

export type ConversationRejection =
  | 'not-found'
  | 'forbidden'
  | GateRejection
  | 'contact-erased'
  | 'duplicate-contact'
  | 'contact-merged'
  | 'already-assigned'
  | 'assignee-changed'
  | 'assignee-not-eligible'
  | 'not-the-assignee'
  | 'automation-paused'
  | 'message-cancelled';

type Decision = readonly ConversationEvent[] | Rejection<ConversationRejection>;

// ── Decide ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const decide = (command: ConversationCommand, state: Conversation): Decision => {
  if (command.type === 'ReceiveInboundMessage') return receive(command, state);
  if (command.type === 'StartConversation') return start(command, state);
  if (state.status === 'unknown' || !sees(command.metadata.caller, state.assigneeId)) return reject('not-found');
  switch (command.type) {
    case 'SendMessage':
      return send(command, state);
    case 'SendBlockNotice':
      return sendNotice(command, state);
    case 'HandOverMessage':
      return handOver(command, state);
    case 'ReportDelivery':
      return reportDelivery(command, state);
    case 'AssignToMe':
      return assignToMe(command, state);
    case 'AssignConversation':
      return assignTo(command, state);
    case 'UnassignConversation':
      return unassigned(state, command, 'manual', null);
    case 'ReleaseAssignee':
      return state.assigneeId === command.data.staffId ? unassigned(state, command, 'staff_deactivated', null) : [];
    case 'PauseAutomation':
      return paused(state, 'manual', command.metadata.caller.id, null, timeOf(command, state));
    case 'ResumeAutomation':
      return resumed(state, 'manual', timeOf(command, state));
    case 'ConcludeConversation':
      return conclude(command, state);
    case 'ReopenConversation':
      return covering(command, state) === null
        ? reopened(state, command, 'manual')
        : reject('contact-blocked', { reasons: ['blocked'] });
    case 'EnforceBlock':
      return enforceBlock(command, state);
    case 'RelinkConversation':
      return relink(command, state);
    case 'EnforceConsent':
      return command.data.facts.consent === 'granted'
        ? []
        : state.queued
            .filter((messageId) => state.outbound.get(messageId)?.consentGated === true)
            .map((messageId) => withoutConsent(messageId, timeOf(command, state)));
  }
};

/** Time in a stream never goes back [I0]. */
const timeOf = (command: ConversationCommand, state: Conversation): string =>
  state.status === 'unknown' ? command.metadata.now : later(command.metadata.now, state.lastTime);

const covering = (command: ConversationCommand, state: Conversation): Cover | null =>
  intervalAt(command.data.facts.covers, timeOf(command, state));

/**
 * Does the company begin it, or does the tenant ask for consent to everything? A person's send from the phone is past, and the last
 * word of a block has a rule of its own. Source: spec/domain.md, "Conversation".
 */
export const isGated = (
  command: ConversationCommand,
  state: Conversation,
  { gates }: Pick<ConversationRules, 'gates'> = command.data.facts.rules,
): boolean => {
  if (command.type === 'StartConversation') return true;
  if (command.type !== 'SendMessage' || command.data.viaDevice) return false;
  const showsCustomer = state.status !== 'unknown' && state.inbound.some((message) => !message.hidden);
  return command.data.purpose === 'notification' || gates === 'allOutbound' || !showsCustomer;
};

/** All that stands against it. */
const against = (command: SendMessage | StartConversation, state: Conversation) => {
  const { hasAddress, consent } = command.data.facts;
  return reasonsAgainst({
    hasAddress,
    consent: isGated(command, state) ? consent : null,
    blocked: covering(command, state) !== null,
  });
};

const receive = (command: ReceiveInboundMessage, state: Conversation): Decision => {
  const { conversationId, contactId, channel, identityId, messageId, providerMessageId, providerMessageKey, sentAt } =
    command.data;
  if (state.status !== 'unknown' && state.inbound.has(messageId)) return [];
  const receivedAt = timeOf(command, state);
  const received = (ordinal: number): ConversationEvent => ({
    type: 'MessageReceived',
    data: {
      messageId,
      providerMessageId,
      providerMessageKey,
      identityId,
      sentAt,
      receivedAt,
      content: { text: command.data.text },
      ordinal,
    },
  });
  // Sent before the block, delivered during it: displayed, read-only, opens nothing.
  const cover = covering(command, state);
  if (state.status === 'unknown') {
    const opened: ConversationEvent = {
      type: 'ConversationOpened',
      data: { conversationId, contactId, channel, identityId, openedBy: 'customer', openedAt: receivedAt },
    };
    return cover === null ? [opened, received(1)] : [opened, received(1), concludedByBlock(cover, 1, null, receivedAt)];
  }
  return cover === null
    ? [...reopened(state, command, 'customer_message'), received(state.ordinal + 1)]
    : [received(state.ordinal + 1)];
};

const start = (command: StartConversation, state: Conversation): Decision => {
  const { conversationId, contactId, channel, identityId, mine, ownerId } = command.data;
  const { caller } = command.metadata;
  const now = timeOf(command, state);
  if (!mine) return reject('not-found');
  if (state.status !== 'unknown' && state.assigneeId !== null && !sees(caller, state.assigneeId))
    return reject('not-found');
  const refused = refusalFor(against(command, state));
  // A conversation may be started without a consent: nothing is sent by it.
  if (refused !== null && refused.rejected !== 'consent-missing') return refused;
  if (ownerId !== contactId) return reject('duplicate-contact', { contactId: ownerId });
  const limited = caller.role === 'agent' && caller.access === 'assigned_only';
  if (state.status === 'unknown') {
    const openedBy = caller.kind === 'staff' ? 'staff' : 'automation';
    return [
      { type: 'ConversationOpened', data: { conversationId, contactId, channel, identityId, openedBy, openedAt: now } },
      ...(limited ? [assigned(conversationId, null, 0, caller.id, caller.id, 'self', null, now)] : []),
    ];
  }
  const opening = reopened(state, command, 'manual');
  const present = fold(state, opening);
  return [
    ...opening,
    ...(limited && present.assigneeId === null
      ? [assigned(conversationId, null, present.assignmentNo, caller.id, caller.id, 'self', null, now)]
      : []),
  ];
};

const send = (command: SendMessage, state: KnownConversation): Decision => {
  const { messageId, purpose, viaDevice, facts } = command.data;
  const { caller } = command.metadata;
  const now = timeOf(command, state);
  if (state.outbound.has(messageId)) return [];
  const authorKind: AuthorKind = caller.kind === 'staff' ? 'staff' : 'automation';
  if (viaDevice) {
    if (caller.kind !== 'integration') return reject('forbidden');
    return [
      requested(command, state, 'staff', purpose, null, now),
      ...paused(state, 'device_echo', null, messageId, now),
    ];
  }
  const refused = refusalFor(against(command, state));
  if (refused !== null) return refused;
  if (purpose === 'notification') return [requested(command, state, authorKind, purpose, null, now)];
  if (authorKind === 'automation') {
    // Only what a person writes opens a concluded conversation again.
    return state.automation === 'paused'
      ? reject('automation-paused')
      : [requested(command, state, authorKind, purpose, null, now)];
  }
  if (facts.rules.replyBy === 'assigneeOnly' && state.assigneeId !== caller.id) return reject('not-the-assignee');
  const opening = reopened(state, command, 'staff_message');
  const present = fold(state, opening);
  const claim =
    facts.rules.onReply === 'ifUnassigned' && command.data.eligible && present.assigneeId === null
      ? [assigned(state.conversationId, null, present.assignmentNo, caller.id, caller.id, 'self', null, now)]
      : [];
  const after = fold(present, claim);
  const isAssignee = after.assigneeId === caller.id;
  const engages: readonly ConversationEvent[] =
    isAssignee && !after.engaged
      ? [
          {
            type: 'AssigneeEngaged',
            data: { assigneeId: caller.id, messageId, assignmentNo: after.assignmentNo, engagedAt: now },
          },
        ]
      : [];
  const pauses =
    isAssignee ||
    facts.rules.pauseOn === 'anyAgent' ||
    (facts.rules.pauseOn === 'assigneeOrAnyIfUnassigned' && after.assigneeId === null);
  return [
    ...opening,
    ...claim,
    requested(command, state, authorKind, purpose, null, now),
    ...engages,
    ...(pauses ? paused(after, isAssignee ? 'assignee_message' : 'agent_message', caller.id, messageId, now) : []),
  ];
};

const fold = (state: KnownConversation, events: readonly ConversationEvent[]): KnownConversation =>
  events.reduce<Conversation>(evolve, state) as KnownConversation;

/** Engages, pauses and reopens nothing; goes out even where the contact is already covered, since it is that block's own word. */
const sendNotice = (command: SendBlockNotice, state: KnownConversation): Decision => {
  if (state.outbound.has(command.data.messageId)) return [];
  if (!command.data.facts.hasAddress) return reject('no-address', { reasons: ['no-address'] });
  const { blockId, kind, scope, reasonCode, reasonText, originConversationId, expiresAt, blockedBy } =
    command.data.block;
  const order = { blockId, kind, scope, reasonCode, reasonText, originConversationId, expiresAt, blockedBy };
  return [requested(command, state, 'staff', 'block_notice', order, timeOf(command, state))];
};

const requested = (
  command: SendMessage | SendBlockNotice,
  state: KnownConversation,
  authorKind: AuthorKind,
  purpose: Purpose,
  block: BlockOrder | null,
  requestedAt: string,
): ConversationEvent => ({
  type: 'MessageSendRequested',
  data: {
    messageId: command.data.messageId,
    authorId: command.metadata.caller.id,
    authorKind,
    content: { text: command.data.text },
    purpose,
    viaDevice: command.type === 'SendMessage' && command.data.viaDevice,
    ordinal: state.ordinal + 1,
    requestedAt,
    block,
    ...(isGated(command, state) && command.data.facts.consent !== null ? { consentGated: true } : {}),
  },
});

const handOver = (command: HandOverMessage, state: KnownConversation): Decision => {
  const { messageId, facts } = command.data;
  const message = state.outbound.get(messageId);
  const now = timeOf(command, state);
  if (message === undefined) return reject('not-found');
  // Asked of what was handed over already too: whoever asks again, under another key, may send again.
  const present = facts.covers.filter((cover) => covers(cover, now));
  if (present.length > 0 && !isOwnNotice(message, present)) return reject('contact-blocked', { reasons: ['blocked'] });
  if (!facts.hasAddress) return reject('no-address', { reasons: ['no-address'] });
  if (message.status === 'cancelled') return reject('message-cancelled');
  if (message.status !== 'requested') return [];
  if (message.consentGated && facts.consent !== 'granted') return [withoutConsent(messageId, now)];
  return [{ type: 'MessageHandedOver', data: { messageId, handedOverAt: now } }];
};

const withoutConsent = (messageId: string, cancelledAt: string): ConversationEvent => ({
  type: 'MessageCancelled',
  data: { messageId, reason: 'consent_revoked', blockId: null, cancelledAt },
});

/**
 * The last word of a block that covers now: the one message that may go out during it. One that still waits when its block ends is
 * what any message is from then on: refused while another block covers, cancelled by whatever comes or changes to cover it, else due;
 * an end takes back nothing that somebody said.
 */
const isOwnNotice = (message: Outbound | undefined, present: readonly Cover[]): boolean =>
  present.some((cover) => cover.blockId === message?.blockId);

const reportDelivery = ({ data }: ReportDelivery, state: KnownConversation): Decision => {
  const { messageId, at, reason } = data;
  const message = state.outbound.get(messageId);
  if (message === undefined) return reject('not-found');
  // A provider's last word stands: reports come late and twice.
  if (message.status === data.status || message.status === 'delivered') return [];
  return data.status === 'delivered'
    ? [{ type: 'MessageDelivered', data: { messageId, at } }]
    : [{ type: 'MessageFailed', data: { messageId, reason, at } }];
};

const assignToMe = (command: AssignToMe, state: KnownConversation): Decision => {
  const { caller } = command.metadata;
  if (covering(command, state) !== null) return reject('contact-blocked', { reasons: ['blocked'] });
  if (state.assigneeId === caller.id) return [];
  if (state.assigneeId !== null) return reject('already-assigned', { assigneeId: state.assigneeId });
  if (!command.data.eligible) return reject('assignee-not-eligible');
  const { conversationId, assignmentNo } = state;
  return [assigned(conversationId, null, assignmentNo, caller.id, caller.id, 'self', null, timeOf(command, state))];
};

const assignTo = (command: AssignConversation, state: KnownConversation): Decision => {
  const { assigneeId, expectedAssigneeId, note, eligible } = command.data;
  if (covering(command, state) !== null) return reject('contact-blocked', { reasons: ['blocked'] });
  if (expectedAssigneeId !== undefined && expectedAssigneeId !== state.assigneeId) {
    return reject('assignee-changed', { assigneeId: state.assigneeId });
  }
  if (!eligible) return reject('assignee-not-eligible');
  if (state.assigneeId === assigneeId) return [];
  const { conversationId, assignmentNo } = state;
  const by = command.metadata.caller.id;
  const { walletId = null } = command.data;
  const method = walletId === null ? 'colleague' : 'wallet';
  const time = timeOf(command, state);
  return [assigned(conversationId, state.assigneeId, assignmentNo, assigneeId, by, method, note, time, walletId)];
};

const assigned = (
  conversationId: string,
  previousAssigneeId: string | null,
  lastNo: number,
  assigneeId: string,
  assignedBy: string,
  method: AssignmentMethod,
  note: string | null,
  assignedAt: string,
  walletId: string | null = null,
): ConversationEvent => ({
  type: 'ConversationAssigned',
  data: {
    conversationId,
    assigneeId,
    previousAssigneeId,
    assignedBy,
    method,
    walletId,
    note,
    assignmentNo: lastNo + 1,
    assignedAt,
  },
});

const unassigned = (
  state: KnownConversation,
  command: ConversationCommand,
  reason: UnassignReason,
  blockId: string | null,
): readonly ConversationEvent[] =>
  state.assigneeId === null
    ? []
    : [
        {
          type: 'ConversationUnassigned',
          data: {
            previousAssigneeId: state.assigneeId,
            by: command.metadata.caller.id,
            reason,
            blockId,
            assignmentNo: state.assignmentNo,
            unassignedAt: timeOf(command, state),
          },
        },
      ];

const paused = (
  state: KnownConversation,
  cause: PauseCause,
  byStaffId: string | null,
  messageId: string | null,
  pausedAt: string,
): readonly ConversationEvent[] =>
  state.automation === 'paused' ? [] : [{ type: 'AutomationPaused', data: { cause, byStaffId, messageId, pausedAt } }];

const resumed = (
  state: KnownConversation,
  cause: 'concluded' | 'manual',
  resumedAt: string,
): readonly ConversationEvent[] =>
  state.automation === 'running' ? [] : [{ type: 'AutomationResumed', data: { cause, resumedAt } }];

const reopened = (
  state: KnownConversation,
  command: ConversationCommand,
  reason: 'customer_message' | 'staff_message' | 'manual',
): readonly ConversationEvent[] =>
  state.status === 'open'
    ? []
    : [
        {
          type: 'ConversationReopened',
          data: {
            reason,
            by: reason === 'customer_message' ? null : command.metadata.caller.id,
            previousAssigneeId: state.assigneeId,
            sessionNo: state.sessionNo + 1,
            reopenedAt: timeOf(command, state),
          },
        },
        ...(command.data.facts.rules.release === 'onReopen' ? unassigned(state, command, 'concluded', null) : []),
      ];

const conclude = (command: ConcludeConversation, state: KnownConversation): Decision => {
  const { caller } = command.metadata;
  const { rules } = command.data.facts;
  if (state.status === 'concluded') return [];
  if (rules.concludeBy === 'assigneeOnly' && caller.kind === 'staff' && state.assigneeId !== caller.id) {
    return reject('not-the-assignee');
  }
  const concludedAt = timeOf(command, state);
  return [
    {
      type: 'ConversationConcluded',
      data: {
        by: caller.id,
        assigneeAtConclusion: state.assigneeId,
        outcome: command.data.outcome,
        cause: 'agent',
        blockId: null,
        sessionNo: state.sessionNo,
        concludedAt,
      },
    },
    ...resumed(state, 'concluded', concludedAt),
    ...(rules.release === 'onConclude' ? unassigned(state, command, 'concluded', null) : []),
  ];
};

const concludedByBlock = (
  cover: Cover,
  sessionNo: number,
  assigneeId: string | null,
  concludedAt: string,
): ConversationEvent => ({
  type: 'ConversationConcluded',
  data: {
    by: 'block',
    assigneeAtConclusion: assigneeId,
    outcome: null,
    cause: 'contact_blocked',
    blockId: cover.blockId,
    sessionNo,
    concludedAt,
  },
});

const enforceBlock = (command: EnforceBlock, state: KnownConversation): Decision => {
  const { covers: covered, rules } = command.data.facts;
  if (covered.length === 0) return [];
  const now = timeOf(command, state);
  const hidden = [...state.inbound.entries()]
    .filter(([, message]) => !message.hidden)
    .map(([messageId, message]) => ({
      messageId,
      ordinal: message.ordinal,
      cover: hiddenBy(covered, message.sentAt, message.receivedAt),
    }))
    .filter((message): message is typeof message & { cover: Cover } => message.cover !== null)
    .sort((a, b) => a.ordinal - b.ordinal)
    .map(({ messageId, cover }): ConversationEvent => ({
      type: 'MessageHidden',
      data: {
        messageId,
        blockId: cover.blockId,
        contactId: cover.contactId,
        hiddenAt: now,
        ...(cover.inboundMode === 'ignore' ? {} : { mode: cover.inboundMode }),
      },
    }));
  const present = covered.filter((one) => covers(one, now));
  const [cover] = present;
  if (cover === undefined) return hidden;
  const cancelled = state.queued
    .filter((messageId) => !isOwnNotice(state.outbound.get(messageId), present))
    .map((messageId): ConversationEvent => ({
      type: 'MessageCancelled',
      data: { messageId, reason: 'contact_blocked', blockId: cover.blockId, cancelledAt: now },
    }));
  // Of several holders' episodes each asks for its own: to conclude what was open, and to undo what raced it.
  const concluding =
    state.status === 'open' ? present.find((one) => one.closeOpen || state.sessionSince >= one.from) : undefined;
  const raced = present.find((one) => state.assignedAt >= one.from);
  const releasing = concluding !== undefined && rules.release === 'onConclude' ? concluding : raced;
  return [
    ...hidden,
    ...cancelled,
    ...(concluding !== undefined
      ? [concludedByBlock(concluding, state.sessionNo, state.assigneeId, now), ...resumed(state, 'concluded', now)]
      : []),
    ...(releasing !== undefined ? unassigned(state, command, 'contact_blocked', releasing.blockId) : []),
  ];
};

const relink = (command: RelinkConversation, state: KnownConversation): Decision => {
  const { to, mergeId } = command.data;
  if (state.contactId === to) return [];
  const relinkedAt = timeOf(command, state);
  return [{ type: 'ConversationContactRelinked', data: { from: state.contactId, to, mergeId, relinkedAt } }];
};

export const conversationDecider = decider({
  category: 'conversation',
  commands,
  idOf: (command) => command.data.conversationId,
  initial,
  evolve,
  decide,
  sealedFor: (state) => (state.status === 'unknown' ? '' : `contact:${state.openedFor}`),
  sizeOf: (state) => (state.status === 'unknown' ? 100 : 900 + 350 * (state.inbound.size + state.outbound.size)),
});

/** The stored types: versions, and what is personal. */
export const conversationEvents = defineEvents<ConversationEvent>()({
  ConversationOpened: { version: 1 },
  MessageReceived: { version: 1, personal: ['providerMessageId', 'content'] },
  MessageHidden: { version: 1 },
  ConversationReopened: { version: 1 },
  MessageSendRequested: { version: 1, personal: ['content', 'block.reasonText'] },
  MessageHandedOver: { version: 1 },
  MessageCancelled: { version: 1 },
  MessageDelivered: { version: 1 },
  MessageFailed: { version: 1, personal: ['reason'] },
  ConversationAssigned: { version: 1, personal: ['note'] },
  ConversationUnassigned: { version: 1 },
  AssigneeEngaged: { version: 1 },
  AutomationPaused: { version: 1 },
  AutomationResumed: { version: 1 },
  ConversationConcluded: { version: 1 },
  ConversationContactRelinked: { version: 1 },
});
