// What a history must keep [I0 I6 I7 I8 I10 I15 I17]. Each answers with what breaks it, a sentence each.
import { v5 } from 'uuid';
import type { Invariant } from './blocking-invariants.js';
import { said, timeOf, walk, type Fact } from './history.js';
import { addressOf, channelsOf, holdersOf, type Time, type World } from './world.js';

/** Time in a stream never goes back, and its revisions have no gap. */
export const timeGoesOn: Invariant = (history) => {
  const broken: string[] = [];
  const last = new Map<string, { revision: number; time: Time }>();
  walk(history, {
    fact: (fact) => {
      const before = last.get(fact.stream) ?? { revision: -1, time: '' };
      const time = timeOf(fact) ?? before.time;
      if (time < before.time) broken.push(`${said(fact)} is of ${time}, before ${before.time}`);
      if (fact.revision !== before.revision + 1)
        broken.push(`${said(fact)} does not follow ${String(before.revision)}`);
      last.set(fact.stream, { revision: fact.revision, time });
    },
  });
  return broken;
};

/** 0 or 1 assignee, each with a number of its own; of those who claim at once one wins, and the others are told who. */
export const oneAssignee: Invariant = (history) => {
  const broken: string[] = [];
  walk(history, {
    fact: (fact, before) => {
      const { type, data, subject, commandType } = fact;
      const conversation = before.conversations.get(subject);
      if (conversation === undefined) return;
      const { assigneeId, assignmentNo } = conversation;
      if (type === 'ConversationAssigned') {
        if (data.assignmentNo !== assignmentNo + 1)
          broken.push(`${said(fact)} has number ${String(data.assignmentNo)}`);
        if (data.previousAssigneeId !== assigneeId) broken.push(`${said(fact)} does not know ${String(assigneeId)}`);
        const replaces = assigneeId !== null && commandType !== 'AssignConversation';
        if (replaces) broken.push(`${said(fact)} takes it from ${assigneeId}`);
      }
      if (type === 'ConversationUnassigned') {
        if (assigneeId === null || data.previousAssigneeId !== assigneeId)
          broken.push(`${said(fact)} releases whom nobody assigned`);
        if (data.assignmentNo !== assignmentNo) broken.push(`${said(fact)} ends another number`);
      }
    },
    step: ({ asked }, after) => {
      for (const { operation, outcome } of asked) {
        if (operation.wish.do !== 'assignToMe' || outcome?.accepted !== false || outcome.code !== 'already-assigned')
          continue;
        const everAssigned = after.conversations.get(operation.wish.conversationId)?.assignmentNo ?? 0;
        if (typeof outcome.names !== 'string' || outcome.names === operation.by || everAssigned === 0)
          broken.push(`${operation.by} was refused for ${String(outcome.names)}`);
      }
    },
  });
  return broken;
};

/** When the policies have run every assignee is active. */
export const activeAssignees: Invariant = (history) => {
  const broken: string[] = [];
  walk(history, {
    step: (_step, after) => {
      for (const { conversationId, assigneeId } of after.conversations.values()) {
        if (assigneeId !== null && after.staff.get(assigneeId)?.active !== true)
          broken.push(`${conversationId} is assigned to ${assigneeId}, who is not active`);
      }
    },
  });
  return [...new Set(broken)];
};

/** A message assigns nothing unless the setting says so, and then to its author where nobody was. */
export const sendingAssignsNobody: Invariant = (history) => {
  const broken: string[] = [];
  walk(history, {
    fact: (fact, before, around) => {
      const { type, data, subject, commandType, actor } = fact;
      if (type !== 'ConversationAssigned') return;
      if (['ReceiveInboundMessage', 'SendBlockNotice', 'HandOverMessage'].includes(commandType))
        broken.push(`${said(fact)} by ${commandType}`);
      if (commandType !== 'SendMessage') return;
      const mayBe = around.setting('assignment.onReply').includes('ifUnassigned');
      const wasFree = before.conversations.get(subject)?.assigneeId === null;
      if (!mayBe || !wasFree || data.assigneeId !== actor) broken.push(`${said(fact)} by a message`);
    },
  });
  return broken;
};

/** A conclusion and what follows from it are one append, which tells who was assigned before anybody was released. */
export const concludedAtOnce: Invariant = (history) => {
  const broken: string[] = [];
  const { facts } = history;
  walk(history, {
    fact: (fact, before, around) => {
      if (fact.type !== 'ConversationConcluded') return;
      const conversation = before.conversations.get(fact.subject);
      // A conversation that opens covered is concluded in the breath that opened it.
      if (conversation === undefined) return;
      const same = facts.filter(({ stream, commandId }) => stream === fact.stream && commandId === fact.commandId);
      const resumed = same.find(({ type }) => type === 'AutomationResumed');
      const released = same.find(({ type, revision }) => type === 'ConversationUnassigned' && revision > fact.revision);
      const { assigneeId, automation } = conversation;
      if (fact.data.assigneeAtConclusion !== assigneeId)
        broken.push(`${said(fact)} does not tell ${String(assigneeId)}`);
      if ((resumed !== undefined) !== (automation === 'paused'))
        broken.push(`${said(fact)} leaves automation ${automation}`);
      const release = around.setting('conclude.release');
      const must = assigneeId !== null && release.every((value) => value === 'onConclude');
      const may = assigneeId !== null && (release.includes('onConclude') || fact.data.cause === 'contact_blocked');
      if (must && released === undefined) broken.push(`${said(fact)} keeps ${assigneeId}`);
      if (!may && released !== undefined) broken.push(`${said(fact)} releases ${String(assigneeId)}`);
      const reason = fact.data.cause === 'contact_blocked' ? 'contact_blocked' : 'concluded';
      if (released !== undefined && released.data.reason !== reason)
        broken.push(`${said(released)} for another reason`);
    },
  });
  return broken;
};

/** A conversation is with one identity on one channel for ever, and what goes out goes there. */
export const toItsOwnIdentity: Invariant = (history) => {
  const broken: string[] = [];
  walk(history, {
    fact: (fact, before) => {
      const { type, data, subject } = fact;
      if (type === 'ConversationOpened' && v5(data.channel, data.identityId) !== subject)
        broken.push(`${said(fact)} is not where its identity and channel belong`);
      const conversation = before.conversations.get(subject);
      if (type === 'MessageReceived' && conversation !== undefined && data.identityId !== conversation.identityId)
        broken.push(`${said(fact)} is of another identity`);
    },
    step: ({ asked }, after) => {
      for (const { operation, outcome } of asked) {
        if (operation.wish.do !== 'handOver' || outcome?.accepted !== true) continue;
        const conversation = after.conversations.get(operation.wish.conversationId);
        const address = conversation === undefined ? null : addressOf(after, conversation);
        // Detached meanwhile: there is no address to compare with.
        if (outcome.answer['to'] !== null && outcome.answer['to'] !== address)
          broken.push(`${String(conversation?.conversationId)} goes to ${JSON.stringify(outcome.answer['to'])}`);
      }
    },
  });
  return broken;
};

/** With prevention on, nobody comes into being with, or is given, an address of its kind that somebody else holds. */
export const oneHolder: Invariant = (history) => {
  const broken: string[] = [];
  walk(history, {
    fact: (fact, before, around) => {
      const { type, data, subject } = fact;
      if (type !== 'ContactRegistered' && type !== 'ContactIdentityAttached') return;
      const given: readonly Fact['data'][] = type === 'ContactRegistered' ? data.identities : [data];
      for (const { kind, value, identityId } of given) {
        const by = kind === 'email' ? 'duplicates.preventEmail' : 'duplicates.preventPhone';
        const isPrevented = (kind === 'email' || channelsOf(kind).length > 1) && around.setting(by).every(Boolean);
        const others = holdersOf(before, `${kind === 'email' ? 'email' : 'phone'}:${String(value)}`);
        const other = others.find(
          ({ contact, identity }) => contact.contactId !== subject && identity.identityId !== identityId,
        );
        if (isPrevented && other !== undefined)
          broken.push(`${said(fact)} takes an address of ${other.contact.contactId}`);
      }
    },
  });
  return broken;
};

/** Where clocks differ a claim may be taken for dead that is not; then the policies take the address from one of the two. */
export const oneHolderAtLast: Invariant = (history) => {
  const broken: string[] = [];
  walk(history, {
    step: (_step, after) => {
      for (const key of after.claims.keys()) {
        const holders = new Set(holdersOf(after, key).map(({ contact }) => contact.contactId));
        if (/^(phone|email):/.test(key) && holders.size > 1)
          broken.push(`${key} is held by ${[...holders].join(', ')}`);
      }
    },
  });
  return broken;
};

/** No fact says what was so already. */
export const saidOnce: Invariant = (history) => {
  const broken: string[] = [];
  walk(history, {
    fact: (fact, before) => {
      if (isNoNews(fact, before)) broken.push(`${said(fact)} is no news`);
    },
  });
  return broken;
};

const isNoNews = ({ type, data, subject }: Fact, before: World): boolean => {
  const contact = before.contacts.get(subject);
  const conversation = before.conversations.get(subject);
  const identity = contact?.identities.find((one) => one.identityId === data.identityId);
  const message = conversation?.messages.find((one) => one.messageId === data.messageId);
  switch (type) {
    case 'ContactRegistered':
      return contact !== undefined;
    case 'ContactTagged':
      return contact?.tags.has(data.tag) === true;
    case 'ContactUntagged':
      return contact?.tags.has(data.tag) === false;
    case 'ContactDetailsChanged':
      return contact?.name === data.displayName;
    case 'DuplicateContactDetected':
      return contact?.duplicates.has(data.otherContactId) === true;
    case 'ContactIdentityAttached':
      return identity !== undefined && (identity.verified || data.verified !== true);
    case 'ContactIdentityDetached':
      return identity?.attached !== true;
    case 'ConversationOpened':
      return conversation !== undefined;
    case 'MessageReceived':
    case 'MessageSendRequested':
      return message !== undefined;
    case 'MessageHidden':
      return message?.state === 'hidden';
    case 'MessageCancelled':
      return message?.state === 'cancelled';
    case 'MessageDelivered':
      return message?.state === 'delivered';
    case 'ConversationReopened':
      return conversation?.status === 'open';
    case 'ConversationConcluded':
      return conversation?.status === 'concluded';
    case 'ConversationAssigned':
      return conversation?.assigneeId === data.assigneeId;
    case 'AutomationPaused':
      return conversation?.automation === 'paused';
    case 'AutomationResumed':
      return conversation?.automation === 'running';
    case 'AssigneeEngaged':
      return conversation?.engaged === true;
    case 'ConversationRead':
      return (before.conversations.get(data.conversationId)?.markers.get(data.staffId) ?? 0) >= data.upToOrdinal;
    case 'OrgSettingChanged':
      return data.oldValue === data.newValue;
    case 'StaffAccessChanged':
    case 'StaffRoleChanged':
      return data.old === data.new;
    case 'StaffAvailabilityChanged':
      return before.staff.get(subject)?.available === data.available;
    case 'StaffMemberDeactivated':
      return before.staff.get(subject)?.active === false;
    case 'StaffMemberInvited':
      return before.staff.has(subject);
    default:
      return false;
  }
};
