import { describe, expect, it } from '@jest/globals';
import { fold, type Caller } from '#kernel';
import { asked, at, callers, given } from '#kernel/given';
import {
  AssignConversation,
  AssignToMe,
  ConcludeConversation,
  conversationDecider,
  EnforceBlock,
  HandOverMessage,
  PauseAutomation,
  ReceiveInboundMessage,
  ReleaseAssignee,
  ReopenConversation,
  ReportDelivery,
  ResumeAutomation,
  sees,
  SendBlockNotice,
  SendMessage,
  StartConversation,
  UnassignConversation,
  type BlockOrder,
  type ConversationEvent,
  type ConversationFacts,
  type ConversationRules,
} from './conversation.js';
import type { Cover } from './cover.js';

const { agent, colleague, limited, claimer, supervisor, admin, auditor, integration, system } = callers;

type DataOf<T extends ConversationEvent['type']> = Extract<ConversationEvent, { type: T }>['data'];
/** Flat: facts and rules beside the command's own data, so that a test names only what it is about. */
type Asking<C extends abstract new (...args: never) => { data: unknown }> = Partial<InstanceType<C>['data']> & {
  as?: Caller;
  now?: string;
  covers?: readonly Cover[];
  rules?: Partial<ConversationRules>;
  hasAddress?: boolean;
};

const conversationId = 'conv';
const defaults: ConversationRules = {
  onReply: 'never',
  replyBy: 'anyWithAccess',
  pauseOn: 'assigneeOrAnyIfUnassigned',
  release: 'onConclude',
  concludeBy: 'anyWithAccess',
  gates: 'notifications',
};
const cover = (data: Partial<Cover> = {}): Cover => ({
  from: at('10:00'),
  to: null,
  blockId: 'b1',
  contactId: 'carla',
  closeOpen: true,
  inboundMode: 'ignore',
  ...data,
});
const blockedNow = [cover()];

// Facts
const opened = (data: Partial<DataOf<'ConversationOpened'>> = {}): ConversationEvent => ({
  type: 'ConversationOpened',
  data: {
    conversationId,
    contactId: 'carla',
    channel: 'whatsapp',
    identityId: 'i1',
    openedBy: 'customer',
    openedAt: at('09:00'),
    ...data,
  },
});
const received = (data: Partial<DataOf<'MessageReceived'>> = {}): ConversationEvent => ({
  type: 'MessageReceived',
  data: {
    messageId: 'in-1',
    providerMessageId: 'wamid.1',
    providerMessageKey: 'k1',
    identityId: 'i1',
    sentAt: null,
    receivedAt: at('09:00'),
    content: { text: 'Oi' },
    ordinal: 1,
    ...data,
  },
});
const requested = (data: Partial<DataOf<'MessageSendRequested'>> = {}): ConversationEvent => ({
  type: 'MessageSendRequested',
  data: {
    messageId: 'out-1',
    authorId: 'ana',
    authorKind: 'staff',
    content: { text: 'Hello' },
    purpose: 'reply',
    viaDevice: false,
    ordinal: 1,
    requestedAt: at('09:30'),
    block: null,
    ...data,
  },
});
const assigned = (data: Partial<DataOf<'ConversationAssigned'>> = {}): ConversationEvent => ({
  type: 'ConversationAssigned',
  data: {
    conversationId,
    assigneeId: 'ana',
    previousAssigneeId: null,
    assignedBy: 'ana',
    method: 'self',
    walletId: null,
    note: null,
    assignmentNo: 1,
    assignedAt: at('09:10'),
    ...data,
  },
});
const unassigned = (data: Partial<DataOf<'ConversationUnassigned'>> = {}): ConversationEvent => ({
  type: 'ConversationUnassigned',
  data: {
    previousAssigneeId: 'ana',
    by: 'ana',
    reason: 'manual',
    blockId: null,
    assignmentNo: 1,
    unassignedAt: at('09:30'),
    ...data,
  },
});
const engaged = (data: Partial<DataOf<'AssigneeEngaged'>> = {}): ConversationEvent => ({
  type: 'AssigneeEngaged',
  data: { assigneeId: 'ana', messageId: 'out-1', assignmentNo: 1, engagedAt: at('09:30'), ...data },
});
const paused = (data: Partial<DataOf<'AutomationPaused'>> = {}): ConversationEvent => ({
  type: 'AutomationPaused',
  data: { cause: 'assignee_message', byStaffId: 'ana', messageId: 'out-1', pausedAt: at('09:30'), ...data },
});
const resumed = (data: Partial<DataOf<'AutomationResumed'>> = {}): ConversationEvent => ({
  type: 'AutomationResumed',
  data: { cause: 'concluded', resumedAt: at('09:40'), ...data },
});
const concluded = (data: Partial<DataOf<'ConversationConcluded'>> = {}): ConversationEvent => ({
  type: 'ConversationConcluded',
  data: {
    by: 'ana',
    assigneeAtConclusion: null,
    outcome: null,
    cause: 'agent',
    blockId: null,
    sessionNo: 1,
    concludedAt: at('09:40'),
    ...data,
  },
});
const reopened = (data: Partial<DataOf<'ConversationReopened'>> = {}): ConversationEvent => ({
  type: 'ConversationReopened',
  data: {
    reason: 'customer_message',
    by: null,
    previousAssigneeId: null,
    sessionNo: 2,
    reopenedAt: at('09:50'),
    ...data,
  },
});
const handedOver = (messageId = 'out-1', handedOverAt = at('09:30')): ConversationEvent => ({
  type: 'MessageHandedOver',
  data: { messageId, handedOverAt },
});
const cancelled = (data: Partial<DataOf<'MessageCancelled'>> = {}): ConversationEvent => ({
  type: 'MessageCancelled',
  data: { messageId: 'out-1', reason: 'contact_blocked', blockId: 'b1', cancelledAt: at('10:00:01'), ...data },
});
const hidden = (data: Partial<DataOf<'MessageHidden'>> = {}): ConversationEvent => ({
  type: 'MessageHidden',
  data: { messageId: 'in-1', blockId: 'b1', contactId: 'carla', hiddenAt: at('10:00:01'), ...data },
});
const delivered = (messageId = 'out-1'): ConversationEvent => ({
  type: 'MessageDelivered',
  data: { messageId, at: at('09:31') },
});
const failed = (messageId = 'out-1', reason: string | null = 'no such number'): ConversationEvent => ({
  type: 'MessageFailed',
  data: { messageId, reason, at: at('09:31') },
});
const order: BlockOrder = {
  blockId: 'b1',
  kind: 'protection',
  scope: { all: true },
  reasonCode: 'abuse',
  reasonText: null,
  originConversationId: conversationId,
  expiresAt: null,
  blockedBy: 'ana',
};
const notice = (data: Partial<DataOf<'MessageSendRequested'>> = {}): ConversationEvent =>
  requested({ messageId: 'bye', purpose: 'block_notice', block: order, content: { text: 'Bye' }, ...data });

// Commands
const facts = ({
  covers = [],
  rules = {},
  hasAddress = true,
}: {
  covers?: readonly Cover[];
  rules?: Partial<ConversationRules>;
  hasAddress?: boolean;
}): ConversationFacts => ({
  covers,
  rules: { ...defaults, ...rules },
  hasAddress,
  consent: null,
});
const receive = ({ now = at('09:00'), covers, rules, ...data }: Asking<typeof ReceiveInboundMessage> = {}) =>
  new ReceiveInboundMessage(
    {
      conversationId,
      contactId: 'carla',
      channel: 'whatsapp',
      identityId: 'i1',
      messageId: 'in-1',
      providerMessageId: 'wamid.1',
      providerMessageKey: 'k1',
      sentAt: null,
      text: 'Oi',
      facts: facts({ ...(covers && { covers }), ...(rules && { rules }) }),
      ...data,
    },
    asked(integration, now),
  );
const start = ({
  as = agent,
  now = at('10:00'),
  covers,
  rules,
  hasAddress,
  ...data
}: Asking<typeof StartConversation> = {}) =>
  new StartConversation(
    {
      conversationId,
      contactId: 'carla',
      channel: 'whatsapp',
      identityId: 'i1',
      mine: true,
      ownerId: 'carla',
      facts: facts({ ...(covers && { covers }), ...(rules && { rules }), hasAddress: hasAddress ?? true }),
      ...data,
    },
    asked(as, now),
  );
const about = ({ as = agent, now = at('10:00'), covers, rules, hasAddress, ...data }: Asking<typeof PauseAutomation>) =>
  [
    {
      conversationId,
      facts: facts({ ...(covers && { covers }), ...(rules && { rules }), hasAddress: hasAddress ?? true }),
      ...data,
    },
    asked(as, now),
  ] as const;
const send = ({
  messageId = 'out-1',
  text = 'Hello',
  purpose = 'reply',
  viaDevice = false,
  eligible = true,
  now = at('09:30'),
  ...rest
}: Asking<typeof SendMessage> = {}) => {
  const [base, metadata] = about({ now, ...rest });
  return new SendMessage({ ...base, messageId, text, purpose, viaDevice, eligible }, metadata);
};
const sendNotice = ({
  messageId = 'bye',
  text = 'Bye',
  block = order,
  now = at('09:30'),
  ...rest
}: Asking<typeof SendBlockNotice> = {}) => {
  const [base, metadata] = about({ now, ...rest });
  return new SendBlockNotice({ ...base, messageId, text, block }, metadata);
};
const handOver = ({
  messageId = 'out-1',
  now = at('09:30'),
  as = integration,
  ...rest
}: Asking<typeof HandOverMessage> = {}) => {
  const [base, metadata] = about({ now, as, ...rest });
  return new HandOverMessage({ ...base, messageId }, metadata);
};
const reportOf = ({
  messageId = 'out-1',
  status = 'delivered',
  reason = null,
  ...rest
}: Asking<typeof ReportDelivery> = {}) => {
  const [base, metadata] = about({ as: integration, ...rest });
  return new ReportDelivery({ ...base, messageId, status, reason, at: at('09:31') }, metadata);
};
const assignToMe = ({ eligible = true, now = at('09:10'), ...rest }: Asking<typeof AssignToMe> = {}) => {
  const [base, metadata] = about({ now, ...rest });
  return new AssignToMe({ ...base, eligible }, metadata);
};
const assign = ({
  assigneeId = 'bia',
  note = null,
  eligible = true,
  now = at('09:10'),
  ...rest
}: Asking<typeof AssignConversation> = {}) => {
  const { expectedAssigneeId, ...others } = rest;
  const [base, metadata] = about({ now, ...others });
  return new AssignConversation(
    { ...base, assigneeId, note, eligible, ...(expectedAssigneeId === undefined ? {} : { expectedAssigneeId }) },
    metadata,
  );
};
const unassign = (rest: Asking<typeof UnassignConversation> = {}) =>
  new UnassignConversation(...about({ now: at('09:30'), ...rest }));
const release = ({ staffId = 'ana', ...rest }: Asking<typeof ReleaseAssignee> = {}) => {
  const [base, metadata] = about({ as: system, now: at('09:30'), ...rest });
  return new ReleaseAssignee({ ...base, staffId }, metadata);
};
const pause = (rest: Asking<typeof PauseAutomation> = {}) =>
  new PauseAutomation(...about({ now: at('09:30'), ...rest }));
const resume = (rest: Asking<typeof ResumeAutomation> = {}) =>
  new ResumeAutomation(...about({ now: at('09:40'), ...rest }));
const conclude = ({ outcome = null, now = at('09:40'), ...rest }: Asking<typeof ConcludeConversation> = {}) => {
  const [base, metadata] = about({ now, ...rest });
  return new ConcludeConversation({ ...base, outcome }, metadata);
};
const reopen = (rest: Asking<typeof ReopenConversation> = {}) =>
  new ReopenConversation(...about({ now: at('09:50'), ...rest }));
const enforce = ({
  covers = blockedNow,
  now = at('10:00:01'),
  as = system,
  ...rest
}: Asking<typeof EnforceBlock> = {}) => new EnforceBlock(...about({ covers, now, as, ...rest }));

const given_ = (...past: readonly ConversationEvent[]) => given(conversationDecider, ...past);
const after = (...past: readonly ConversationEvent[]) =>
  fold(conversationDecider.evolve, conversationDecider.initial, past);

describe('a customer’s message', () => {
  it('opens the conversation that it is the first of', () => {
    given_().when(receive()).then(opened(), received());
  });
  it('joins an open one and takes the next number, in whichever direction the last one went', () => {
    given_(opened(), received(), requested({ ordinal: 2 }))
      .when(receive({ messageId: 'in-2', now: at('09:45') }))
      .then(received({ messageId: 'in-2', ordinal: 3, receivedAt: at('09:45') }));
  });
  it('reopens a concluded one in a new session, assigned to nobody [R9]', () => {
    given_(opened(), received(), concluded())
      .when(receive({ messageId: 'in-2', now: at('09:50') }))
      .then(reopened(), received({ messageId: 'in-2', ordinal: 2, receivedAt: at('09:50') }));
  });
  it('delivered again says nothing', () => {
    given_(opened(), received())
      .when(receive({ now: at('09:01') }))
      .thenNothing();
    given_(opened(), received(), hidden())
      .when(receive({ now: at('10:30'), covers: blockedNow }))
      .thenNothing();
  });
  it('sent before a block and delivered during it is displayed and opens nothing [R7 H15]', () => {
    const late = receive({ messageId: 'in-2', sentAt: at('09:59'), now: at('10:00:03'), covers: blockedNow });
    const shown = received({ messageId: 'in-2', ordinal: 2, sentAt: at('09:59'), receivedAt: at('10:00:03') });
    given_(opened(), received(), concluded()).when(late).then(shown);
    given_(opened(), received()).when(late).then(shown);
  });
  it('of that kind that is the first of its conversation leaves it concluded [R7]', () => {
    given_()
      .when(receive({ sentAt: at('09:59'), now: at('10:00:03'), covers: blockedNow }))
      .then(
        opened({ openedAt: at('10:00:03') }),
        received({ sentAt: at('09:59'), receivedAt: at('10:00:03') }),
        concluded({ by: 'block', cause: 'contact_blocked', blockId: 'b1', concludedAt: at('10:00:03') }),
      );
  });
  it('delivered at the very end of the block is an ordinary one [R9]', () => {
    given_(opened(), concluded())
      .when(receive({ sentAt: at('09:59'), now: at('10:30'), covers: [cover({ to: at('10:30') })] }))
      .thenTypes('ConversationReopened', 'MessageReceived');
    given_(opened(), concluded())
      .when(receive({ sentAt: at('09:59'), now: at('10:29:59.999'), covers: [cover({ to: at('10:30') })] }))
      .thenTypes('MessageReceived');
  });
  it('never arrives before what the conversation knows already [I0]', () => {
    given_(opened(), handedOver('x'), requested(), handedOver('out-1', at('09:35')))
      .when(receive({ now: at('09:32') }))
      .then(received({ ordinal: 2, receivedAt: at('09:35') }));
    given_(opened(), received(), hidden())
      .when(receive({ messageId: 'in-2', now: at('10:00') }))
      .then(received({ messageId: 'in-2', ordinal: 2, receivedAt: at('10:00:01') }));
    given_(opened(), requested(), cancelled())
      .when(receive({ now: at('10:00') }))
      .then(received({ ordinal: 2, receivedAt: at('10:00:01') }));
    given_(opened(), requested(), delivered())
      .when(receive({ now: at('09:30:30') }))
      .then(received({ ordinal: 2, receivedAt: at('09:30:30') }));
  });
});

describe('who sees a conversation', () => {
  it.each([
    ['an agent with access to all', agent, [true, true, true]],
    ['an agent limited to assigned ones', limited, [true, false, false]],
    ['an agent limited to assigned and unassigned ones', claimer, [true, true, false]],
    ['a supervisor', supervisor, [true, true, true]],
    ['an administrator', admin, [true, true, true]],
    ['an auditor', auditor, [true, true, true]],
    ['an integration', integration, [true, true, true]],
    ['the core itself', system, [true, true, true]],
    [
      'a supervisor whose record says assigned only, since access limits agents alone,',
      { ...supervisor, access: 'assigned_only' },
      [true, true, true],
    ],
  ] as const)('%s: own, unassigned, somebody else’s [B12 B13 B14]', (_who, caller, expected) => {
    expect([sees(caller, caller.id), sees(caller, null), sees(caller, 'zoe')]).toEqual(expected);
  });

  const commands = [
    send({ as: limited }),
    sendNotice({ as: limited }),
    assignToMe({ as: limited }),
    assign({ as: limited }),
    unassign({ as: limited }),
    pause({ as: limited }),
    resume({ as: limited }),
    conclude({ as: limited }),
    reopen({ as: limited }),
  ];
  it.each(commands.map((command) => [command.type, command] as const))(
    '%s by somebody who does not see it hears that there is none [B14]',
    (_type, command) => {
      given_().when(command).thenRejected('not-found');
      given_(opened(), requested(), assigned()).when(command).thenRejected('not-found');
      given_(opened(), requested()).when(command).thenRejected('not-found');
    },
  );
  it('an agent who may see unassigned ones may claim them, and loses sight when somebody else has it [B12 B13]', () => {
    given_(opened())
      .when(assignToMe({ as: claimer }))
      .then(assigned({ assigneeId: 'caio', assignedBy: 'caio' }));
    given_(opened(), assigned())
      .when(assignToMe({ as: claimer }))
      .thenRejected('not-found');
  });
});

describe('starting a conversation', () => {
  it('opens one, unassigned, running, and said twice is there once', () => {
    given_()
      .when(start({ now: at('09:00') }))
      .then(opened({ openedBy: 'staff' }));
    given_(opened({ openedBy: 'staff' }))
      .when(start())
      .thenNothing();
    expect(after(opened())).toMatchObject({
      status: 'open',
      automation: 'running',
      sessionNo: 1,
      assignmentNo: 0,
      assigneeId: null,
    });
  });
  it('by an integration is the automation’s', () => {
    given_()
      .when(start({ as: integration, now: at('09:00') }))
      .then(opened({ openedBy: 'automation' }));
  });
  it('reopens a concluded one', () => {
    given_(opened(), concluded())
      .when(start({ now: at('09:50') }))
      .then(reopened({ reason: 'manual', by: 'ana' }));
  });
  it('is refused to everybody while blocked, and nothing is left over after it [R4 I3 R9]', () => {
    for (const as of [agent, limited, supervisor, admin, integration, system]) {
      given_()
        .when(start({ as, covers: blockedNow }))
        .thenRejected('contact-blocked', { reasons: ['blocked'] });
      given_(opened(), concluded())
        .when(start({ as, covers: blockedNow }))
        .thenRejected('contact-blocked');
    }
    given_()
      .when(start({ covers: [cover({ to: at('10:00') })] }))
      .thenTypes('ConversationOpened');
    given_()
      .when(start({ covers: [cover({ from: at('10:00:00.001') })] }))
      .thenTypes('ConversationOpened');
  });
  it('needs an address, and the contact that the address belongs to', () => {
    given_()
      .when(start({ hasAddress: false }))
      .thenRejected('no-address', { reasons: ['no-address'] });
    given_()
      .when(start({ ownerId: 'clara' }))
      .thenRejected('duplicate-contact', { contactId: 'clara' });
    given_()
      .when(start({ hasAddress: false, covers: blockedNow }))
      .thenRejected('contact-blocked');
    given_()
      .when(start({ hasAddress: false, ownerId: 'clara' }))
      .thenRejected('no-address');
  });
  it('needs a contact within sight, and a conversation that is not somebody else’s [B14]', () => {
    given_()
      .when(start({ as: limited, mine: false }))
      .thenRejected('not-found');
    given_()
      .when(start({ as: limited, mine: false, covers: blockedNow }))
      .thenRejected('not-found');
    given_(opened(), assigned())
      .when(start({ as: limited }))
      .thenRejected('not-found');
    given_(opened(), assigned())
      .when(start({ as: limited, covers: blockedNow }))
      .thenRejected('not-found');
    given_(opened(), assigned())
      .when(start({ as: claimer }))
      .thenRejected('not-found');
  });
  it('assigns it to a starter who could not see it otherwise, and to nobody else', () => {
    const mine = assigned({ assigneeId: 'lia', assignedBy: 'lia', assignedAt: at('09:00') });
    given_()
      .when(start({ as: limited, now: at('09:00') }))
      .then(opened({ openedBy: 'staff' }), mine);
    given_(opened(), mine)
      .when(start({ as: limited }))
      .thenNothing();
    given_()
      .when(start({ as: claimer }))
      .thenTypes('ConversationOpened');
    given_(opened(), concluded())
      .when(start({ as: claimer }))
      .thenTypes('ConversationReopened');
  });
  it('keeps such a starter where the reopening releases them', () => {
    const mine = assigned({ assigneeId: 'lia', assignedBy: 'lia' });
    given_(opened(), mine, concluded())
      .when(start({ as: limited, now: at('09:50'), rules: { release: 'onReopen' } }))
      .then(
        reopened({ reason: 'manual', by: 'lia', previousAssigneeId: 'lia' }),
        unassigned({ previousAssigneeId: 'lia', by: 'lia', reason: 'concluded', unassignedAt: at('09:50') }),
        assigned({ assigneeId: 'lia', assignedBy: 'lia', assignmentNo: 2, assignedAt: at('09:50') }),
      );
  });
});

describe('sending', () => {
  it('by somebody who is not the assignee sends, and neither assigns nor engages nor pauses [B16 I8]', () => {
    given_(opened(), assigned())
      .when(send({ as: colleague }))
      .then(requested({ authorId: 'bia' }));
  });
  it('by the assignee engages once and pauses the automation at once [B15 B17 B18]', () => {
    const first = [opened(), assigned(), requested(), engaged(), paused()];
    given_(opened(), assigned()).when(send()).then(requested(), engaged(), paused());
    given_(...first)
      .when(send({ messageId: 'out-2' }))
      .then(requested({ messageId: 'out-2', ordinal: 2 }));
  });
  it('engages again in a new assignment, also of the same person [B18 I6]', () => {
    given_(
      opened(),
      assigned(),
      requested(),
      engaged(),
      paused(),
      unassigned(),
      assigned({ assignmentNo: 2, assignedAt: at('09:30') }),
    )
      .when(send({ messageId: 'out-2' }))
      .then(requested({ messageId: 'out-2', ordinal: 2 }), engaged({ messageId: 'out-2', assignmentNo: 2 }));
  });
  it('is recorded once per message', () => {
    given_(opened(), requested()).when(send()).thenNothing();
    given_(opened(), requested())
      .when(send({ covers: blockedNow, now: at('10:00') }))
      .thenNothing();
  });

  const people = { assignee: agent, other: colleague };
  it.each([
    // setting, author, with an assignee (ana) or without, pauses with this cause
    ['assigneeOrAnyIfUnassigned', 'assignee', true, 'assignee_message'],
    ['assigneeOrAnyIfUnassigned', 'other', true, null],
    ['assigneeOrAnyIfUnassigned', 'other', false, 'agent_message'],
    ['assignee', 'assignee', true, 'assignee_message'],
    ['assignee', 'other', true, null],
    ['assignee', 'other', false, null],
    ['anyAgent', 'assignee', true, 'assignee_message'],
    ['anyAgent', 'other', true, 'agent_message'],
    ['anyAgent', 'other', false, 'agent_message'],
  ] as const)(
    'with automation.pauseOn %s: the message of %s (assigned: %p) pauses as %p [B15 B16]',
    (pauseOn, author, isAssigned, cause) => {
      const as = people[author];
      given_(opened(), ...(isAssigned ? [assigned()] : []))
        .when(send({ as, rules: { pauseOn } }))
        .then(
          requested({ authorId: as.id }),
          ...(author === 'assignee' ? [engaged()] : []),
          ...(cause === null ? [] : [paused({ cause, byStaffId: as.id })]),
        );
    },
  );

  it('in a concluded conversation reopens it without assigning [I8]', () => {
    given_(opened(), concluded())
      .when(send({ now: at('09:50') }))
      .then(
        reopened({ reason: 'staff_message', by: 'ana' }),
        requested({ requestedAt: at('09:50') }),
        paused({ cause: 'agent_message', pausedAt: at('09:50') }),
      );
  });
  it('assigns only where the tenant says so, only what nobody has, and only whom it may be assigned to [I7 I8]', () => {
    const rules = { onReply: 'ifUnassigned' } as const;
    given_(opened())
      .when(send({ rules }))
      .then(assigned({ assignedAt: at('09:30') }), requested(), engaged(), paused());
    given_(opened(), assigned())
      .when(send({ as: colleague, rules }))
      .then(requested({ authorId: 'bia' }));
    given_(opened())
      .when(send({ rules, eligible: false }))
      .then(requested(), paused({ cause: 'agent_message' }));
    given_(opened())
      .when(send({ rules: { onReply: 'never' } }))
      .thenTypes('MessageSendRequested', 'AutomationPaused');
    given_(opened())
      .when(send({ as: integration, rules }))
      .thenTypes('MessageSendRequested');
    given_(opened())
      .when(send({ rules, purpose: 'notification' }))
      .thenTypes('MessageSendRequested');
  });
  it('may be the assignee’s alone', () => {
    const rules = { replyBy: 'assigneeOnly' } as const;
    given_(opened(), assigned())
      .when(send({ as: colleague, rules }))
      .thenRejected('not-the-assignee');
    given_(opened()).when(send({ rules })).thenRejected('not-the-assignee');
    given_(opened(), assigned())
      .when(send({ rules }))
      .thenTypes('MessageSendRequested', 'AssigneeEngaged', 'AutomationPaused');
    given_(opened(), assigned())
      .when(send({ as: integration, rules }))
      .thenTypes('MessageSendRequested');
  });
  it('is refused to everybody while blocked, and possible again at once after it [R4 R9 H15 I2]', () => {
    for (const as of [agent, colleague, supervisor, admin, integration, system]) {
      for (const purpose of ['reply', 'notification'] as const) {
        given_(opened(), assigned())
          .when(send({ as, purpose, covers: blockedNow, now: at('10:00') }))
          .thenRejected('contact-blocked', { reasons: ['blocked'] });
      }
    }
    given_(opened())
      .when(send({ covers: [cover({ to: at('10:30') })], now: at('10:30') }))
      .thenTypes('MessageSendRequested', 'AutomationPaused');
    given_(opened())
      .when(send({ covers: blockedNow, now: at('09:59:59.999') }))
      .thenTypes('MessageSendRequested', 'AutomationPaused');
  });
  it('is refused by the stream’s time where that is ahead of the clock [I0]', () => {
    given_(opened(), received({ receivedAt: at('10:00') }))
      .when(send({ covers: blockedNow, now: at('09:59:59') }))
      .thenRejected('contact-blocked');
  });
  it('needs an address; a block is said first', () => {
    given_(opened())
      .when(send({ hasAddress: false }))
      .thenRejected('no-address', { reasons: ['no-address'] });
    given_(opened())
      .when(send({ hasAddress: false, covers: blockedNow, now: at('10:00') }))
      .thenRejected('contact-blocked');
  });
  it('of a notification opens, engages and pauses nothing', () => {
    given_(opened(), assigned(), concluded())
      .when(send({ purpose: 'notification' }))
      .then(requested({ purpose: 'notification', requestedAt: at('09:40') }));
  });
});

describe('the automation', () => {
  it('answers while it runs, and pauses and engages nothing [I9]', () => {
    given_(opened(), assigned())
      .when(send({ as: integration }))
      .then(requested({ authorId: 'gateway', authorKind: 'automation' }));
  });
  it('does not answer while paused, nor a blocked customer [H13 I9]', () => {
    given_(opened(), paused())
      .when(send({ as: integration }))
      .thenRejected('automation-paused');
    given_(opened())
      .when(send({ as: integration, covers: blockedNow, now: at('10:00') }))
      .thenRejected('contact-blocked');
    given_(opened(), paused())
      .when(send({ as: integration, purpose: 'notification' }))
      .thenTypes('MessageSendRequested');
  });
  it('does not reopen a concluded conversation: only a person’s reply does', () => {
    given_(opened(), concluded())
      .when(send({ as: integration, now: at('09:50') }))
      .then(requested({ authorId: 'gateway', authorKind: 'automation', requestedAt: at('09:50') }));
  });
  it('is paused and resumed by hand, each said once', () => {
    given_(opened())
      .when(pause())
      .then(paused({ cause: 'manual', messageId: null }));
    given_(opened(), paused()).when(pause()).thenNothing();
    given_(opened(), paused())
      .when(resume())
      .then(resumed({ cause: 'manual' }));
    given_(opened()).when(resume()).thenNothing();
  });
  it('keeps its value through a block [I9]', () => {
    given_(opened(), paused(), concluded()).when(enforce()).thenNothing();
    given_(opened(), paused())
      .when(enforce({ covers: [cover({ closeOpen: false })] }))
      .thenNothing();
  });
});

describe('what a person sent from the phone', () => {
  it('is recorded as handed over already, pauses, and engages nobody', () => {
    const echo = requested({ authorId: 'gateway', viaDevice: true });
    given_(opened(), assigned())
      .when(send({ as: integration, viaDevice: true }))
      .then(echo, paused({ cause: 'device_echo', byStaffId: null }));
    expect(after(opened(), echo)).toMatchObject({ queued: [] });
    given_(opened(), paused())
      .when(send({ as: integration, viaDevice: true }))
      .then(echo);
  });
  it('cannot be refused any more: it is ungated', () => {
    given_(opened(), concluded())
      .when(
        send({
          as: integration,
          viaDevice: true,
          covers: blockedNow,
          now: at('10:00'),
          hasAddress: false,
          rules: { replyBy: 'assigneeOnly' },
        }),
      )
      .thenTypes('MessageSendRequested', 'AutomationPaused');
  });
  it('is said by integrations alone', () => {
    for (const as of [agent, admin, system])
      given_(opened())
        .when(send({ as, viaDevice: true }))
        .thenRejected('forbidden');
  });
});

describe('the last word of a block', () => {
  it('is sent once, carries the block, and opens, engages and pauses nothing [H10]', () => {
    given_(opened(), assigned(), concluded())
      .when(sendNotice({ now: at('09:41') }))
      .then(notice({ requestedAt: at('09:41') }));
    given_(opened(), notice()).when(sendNotice()).thenNothing();
    given_(opened(), notice(), handedOver('bye'))
      .when(sendNotice({ covers: blockedNow, now: at('10:30') }))
      .thenNothing();
  });
  it('stores of the block what belongs to it and nothing else that a caller sent', () => {
    given_(opened())
      .when(sendNotice({ block: { ...order, secret: 'x' } as BlockOrder }))
      .then(notice());
  });
  it('needs an address', () => {
    given_(opened())
      .when(sendNotice({ hasAddress: false }))
      .thenRejected('no-address');
  });
  it('goes out although its block stands already [H10 I2]', () => {
    given_(opened(), notice())
      .when(handOver({ messageId: 'bye', covers: blockedNow, now: at('10:00:01') }))
      .then(handedOver('bye', at('10:00:01')));
    given_(opened(), notice(), concluded()).when(enforce()).thenNothing();
  });
  it('of another block does not go out, and is cancelled with the rest [I2]', () => {
    const other = notice({ block: { ...order, blockId: 'b0' } });
    given_(opened(), other)
      .when(handOver({ messageId: 'bye', covers: blockedNow, now: at('10:00:01') }))
      .thenRejected('contact-blocked');
    given_(opened(), other, concluded())
      .when(enforce())
      .then(cancelled({ messageId: 'bye' }));
  });
  it('goes out though another holder of the address is blocked as well', () => {
    const both = [cover({ blockId: 'b0', contactId: 'clara', from: at('08:00') }), cover()];
    given_(opened(), notice())
      .when(handOver({ messageId: 'bye', covers: both, now: at('10:00:01') }))
      .thenTypes('MessageHandedOver');
    given_(opened(), notice(), concluded())
      .when(enforce({ covers: both }))
      .thenNothing();
  });
});

describe('a last word that waits when its block ends', () => {
  const over = cover({ to: at('10:10') });
  const other = cover({ blockId: 'b0', contactId: 'clara', to: at('10:20') });
  const asked = (now: string) => handOver({ messageId: 'bye', covers: [over, other], now });

  it('goes to nobody whom another block covers, and goes out behind that: an end takes nothing back [I2]', () => {
    given_(opened(), notice(), concluded())
      .when(asked(at('10:15')))
      .thenRejected('contact-blocked');
    given_(opened(), notice(), concluded())
      .when(asked(at('10:20')))
      .then(handedOver('bye', at('10:20')));
  });
});

describe('handing a message over to the gateway', () => {
  it('is said once', () => {
    given_(opened(), requested()).when(handOver()).then(handedOver());
    given_(opened(), requested(), handedOver()).when(handOver()).thenNothing();
    given_(opened(), requested(), handedOver())
      .when(handOver({ hasAddress: false }))
      .thenRejected('no-address');
    given_(opened()).when(handOver()).thenRejected('not-found');
  });
  it('asks for the block again, and for the address [R4 H13 I2]', () => {
    given_(opened(), requested())
      .when(handOver({ covers: blockedNow, now: at('10:00') }))
      .thenRejected('contact-blocked', { reasons: ['blocked'] });
    given_(opened(), requested())
      .when(handOver({ hasAddress: false }))
      .thenRejected('no-address');
    given_(opened(), requested())
      .when(handOver({ covers: [cover({ to: at('10:30') })], now: at('10:30') }))
      .then(handedOver('out-1', at('10:30')));
    given_(opened(), requested(), cancelled())
      .when(handOver({ now: at('11:00') }))
      .thenRejected('message-cancelled');
    // A block is named before all other conflicts.
    given_(opened(), requested(), cancelled())
      .when(handOver({ covers: blockedNow, now: at('11:00') }))
      .thenRejected('contact-blocked', { reasons: ['blocked'] });
    // Whoever asks again may send again.
    for (const since of [handedOver(), delivered(), failed()])
      given_(opened(), requested(), since)
        .when(handOver({ covers: blockedNow, now: at('11:00') }))
        .thenRejected('contact-blocked', { reasons: ['blocked'] });
  });
  it('is not owed for what the provider reported on already', () => {
    given_(opened(), requested(), delivered()).when(handOver()).thenNothing();
    given_(opened(), requested(), failed()).when(handOver()).thenNothing();
  });
});

describe('a delivery report', () => {
  it('is taken after the hand-over, and before it', () => {
    given_(opened(), requested(), handedOver()).when(reportOf()).then(delivered());
    given_(opened(), requested()).when(reportOf()).then(delivered());
    given_(opened(), requested())
      .when(reportOf({ status: 'failed', reason: 'no such number' }))
      .then(failed());
    expect(after(opened(), requested(), delivered())).toMatchObject({ queued: [] });
  });
  it('is taken while blocked too, for the record [H10]', () => {
    given_(opened(), notice(), handedOver('bye'))
      .when(reportOf({ messageId: 'bye', status: 'failed', covers: blockedNow }))
      .then(failed('bye', null));
  });
  it('is said once, and a delivered message does not fail later', () => {
    given_(opened(), requested(), delivered()).when(reportOf()).thenNothing();
    given_(opened(), requested(), failed())
      .when(reportOf({ status: 'failed', reason: 'other' }))
      .thenNothing();
    given_(opened(), requested(), delivered())
      .when(reportOf({ status: 'failed' }))
      .thenNothing();
    given_(opened(), requested(), failed()).when(reportOf()).then(delivered());
  });
  it('of what was never asked for is about nothing', () => {
    given_(opened()).when(reportOf()).thenRejected('not-found');
  });
});

describe('assign to me', () => {
  it('makes me the assignee of what nobody has, open or concluded [B7 B21]', () => {
    given_(opened()).when(assignToMe()).then(assigned());
    given_(opened(), concluded())
      .when(assignToMe({ now: at('09:45') }))
      .then(assigned({ assignedAt: at('09:45') }));
  });
  it('tells all others who won [B8]', () => {
    given_(opened(), assigned())
      .when(assignToMe({ as: colleague }))
      .thenRejected('already-assigned', { assigneeId: 'ana' });
    given_(opened(), assigned())
      .when(assignToMe({ as: admin }))
      .thenRejected('already-assigned', { assigneeId: 'ana' });
  });
  it('stays quiet where it is mine [B8 I17]', () => {
    given_(opened(), assigned()).when(assignToMe()).thenNothing();
  });
  it('does neither engage nor pause [B17]', () => {
    expect(after(opened(), assigned())).toMatchObject({ engaged: false, automation: 'running' });
  });
  it('is refused while blocked, and to whom nothing may be assigned [R5 I3 I7]', () => {
    given_(opened())
      .when(assignToMe({ covers: blockedNow, now: at('10:00') }))
      .thenRejected('contact-blocked', { reasons: ['blocked'] });
    given_(opened())
      .when(assignToMe({ covers: blockedNow, now: at('09:59:59.999') }))
      .thenTypes('ConversationAssigned');
    given_(opened())
      .when(assignToMe({ eligible: false }))
      .thenRejected('assignee-not-eligible');
  });
});

describe('assigning to a colleague', () => {
  const to = (data: Partial<DataOf<'ConversationAssigned'>> = {}) =>
    assigned({ assigneeId: 'bia', method: 'colleague', ...data });

  it('gives what nobody has, and hands over what somebody has, with a note and a new number [B9 B10 B24 I6]', () => {
    given_(opened()).when(assign()).then(to());
    given_(opened(), assigned())
      .when(assign({ note: 'knows her', now: at('09:20') }))
      .then(to({ previousAssigneeId: 'ana', note: 'knows her', assignmentNo: 2, assignedAt: at('09:20') }));
  });
  it('counts on after a release [B22 I6]', () => {
    given_(opened(), assigned(), unassigned())
      .when(assign({ now: at('09:40') }))
      .then(to({ assignmentNo: 2, assignedAt: at('09:40') }));
  });
  it('may say whom it expects, and then changes nothing else [B8]', () => {
    given_(opened(), assigned())
      .when(assign({ expectedAssigneeId: 'ana' }))
      .thenTypes('ConversationAssigned');
    given_(opened())
      .when(assign({ expectedAssigneeId: null }))
      .thenTypes('ConversationAssigned');
    given_(opened(), assigned())
      .when(assign({ expectedAssigneeId: null }))
      .thenRejected('assignee-changed', { assigneeId: 'ana' });
    given_(opened())
      .when(assign({ expectedAssigneeId: 'ana' }))
      .thenRejected('assignee-changed', { assigneeId: null });
    given_(opened(), assigned())
      .when(assign({ expectedAssigneeId: 'zoe' }))
      .thenRejected('assignee-changed', { assigneeId: 'ana' });
  });
  it('stays quiet where it is theirs already [I17]', () => {
    given_(opened(), to())
      .when(assign({ note: 'again' }))
      .thenNothing();
    given_(opened(), to())
      .when(assign({ expectedAssigneeId: 'bia' }))
      .thenNothing();
  });
  it('is refused while blocked, and to whom nothing may be assigned [R5 I3 I7]', () => {
    given_(opened(), assigned())
      .when(assign({ covers: blockedNow, now: at('10:00') }))
      .thenRejected('contact-blocked', { reasons: ['blocked'] });
    given_(opened())
      .when(assign({ eligible: false }))
      .thenRejected('assignee-not-eligible');
    given_(opened())
      .when(assign({ covers: [cover({ to: at('10:30') })], now: at('10:30') }))
      .thenTypes('ConversationAssigned');
  });
  it('takes it out of the giver’s sight, where that is limited [B10 B13]', () => {
    const facts_ = [opened(), assigned({ assigneeId: 'lia' })];
    given_(...facts_)
      .when(assign({ as: limited }))
      .thenTypes('ConversationAssigned');
    given_(...facts_, to({ previousAssigneeId: 'lia', assignmentNo: 2 }))
      .when(send({ as: limited }))
      .thenRejected('not-found');
  });
  it('makes a new assignment unengaged [B18]', () => {
    given_(opened(), assigned(), requested(), engaged(), paused(), to({ previousAssigneeId: 'ana', assignmentNo: 2 }))
      .when(send({ as: colleague, messageId: 'out-2' }))
      .then(
        requested({ messageId: 'out-2', authorId: 'bia', ordinal: 2 }),
        engaged({ assigneeId: 'bia', messageId: 'out-2', assignmentNo: 2 }),
      );
  });
});

describe('releasing a conversation', () => {
  it('names the assignment that it ends, and is said once [B22 I6]', () => {
    given_(opened(), assigned()).when(unassign()).then(unassigned());
    given_(opened(), assigned(), unassigned()).when(unassign()).thenNothing();
    given_(opened()).when(unassign()).thenNothing();
  });
  it('is possible while blocked', () => {
    given_(opened(), assigned())
      .when(unassign({ covers: blockedNow, now: at('10:00') }))
      .then(unassigned({ unassignedAt: at('10:00') }));
  });
  it('follows when the assignee leaves, unless somebody else has it since [I7]', () => {
    given_(opened(), assigned())
      .when(release())
      .then(unassigned({ by: 'portaria', reason: 'staff_deactivated' }));
    given_(opened(), assigned({ assigneeId: 'bia' }))
      .when(release())
      .thenNothing();
    given_(opened()).when(release()).thenNothing();
  });
});

describe('concluding', () => {
  it('records outcome and assignee, resumes the automation and releases, in one append [B19 B20 B23 I10]', () => {
    given_(opened(), assigned(), requested(), engaged(), paused())
      .when(conclude({ outcome: 'solved' }))
      .then(
        concluded({ outcome: 'solved', assigneeAtConclusion: 'ana' }),
        resumed(),
        unassigned({ reason: 'concluded', unassignedAt: at('09:40') }),
      );
  });
  it('says only what changes [I17]', () => {
    given_(opened()).when(conclude()).then(concluded());
    given_(opened(), concluded())
      .when(conclude({ outcome: 'other' }))
      .thenNothing();
    given_(opened(), concluded(), assigned()).when(conclude()).thenNothing();
  });
  it('is possible while blocked, where the block left it open', () => {
    given_(opened())
      .when(conclude({ covers: blockedNow, now: at('10:00') }))
      .thenTypes('ConversationConcluded');
  });
  it('may be the assignee’s alone', () => {
    const rules = { concludeBy: 'assigneeOnly' } as const;
    given_(opened(), assigned())
      .when(conclude({ as: colleague, rules }))
      .thenRejected('not-the-assignee');
    given_(opened()).when(conclude({ rules })).thenRejected('not-the-assignee');
    given_(opened(), assigned()).when(conclude({ rules })).thenTypes('ConversationConcluded', 'ConversationUnassigned');
    given_(opened(), assigned())
      .when(conclude({ as: colleague, rules: { concludeBy: 'anyWithAccess' } }))
      .thenTypes('ConversationConcluded', 'ConversationUnassigned');
  });
  it('counts its session', () => {
    given_(opened(), concluded(), reopened())
      .when(conclude({ now: at('09:55') }))
      .then(concluded({ sessionNo: 2, concludedAt: at('09:55') }));
  });

  describe('releases the assignee', () => {
    const past = [opened(), assigned(), requested(), engaged(), paused()];
    const ends = concluded({ assigneeAtConclusion: 'ana' });
    it('at once [B21 I10]', () => {
      given_(...past)
        .when(conclude({ rules: { release: 'onConclude' } }))
        .thenTypes('ConversationConcluded', 'AutomationResumed', 'ConversationUnassigned');
    });
    it('or when it is reopened, in the same append, whoever reopens it', () => {
      const rules = { release: 'onReopen' } as const;
      given_(...past)
        .when(conclude({ rules }))
        .then(ends, resumed());
      const kept = [...past, ends, resumed()];
      const freed = (by: string) => unassigned({ by, reason: 'concluded', unassignedAt: at('09:50') });
      given_(...kept)
        .when(receive({ rules, now: at('09:50') }))
        .then(
          reopened({ previousAssigneeId: 'ana' }),
          freed('gateway'),
          received({ ordinal: 2, receivedAt: at('09:50') }),
        );
      given_(...kept)
        .when(reopen({ as: colleague, rules }))
        .then(reopened({ reason: 'manual', by: 'bia', previousAssigneeId: 'ana' }), freed('bia'));
      given_(...kept)
        .when(send({ rules, messageId: 'out-2', now: at('09:50') }))
        .then(
          reopened({ reason: 'staff_message', by: 'ana', previousAssigneeId: 'ana' }),
          freed('ana'),
          requested({ messageId: 'out-2', ordinal: 2, requestedAt: at('09:50') }),
          paused({ cause: 'agent_message', messageId: 'out-2', pausedAt: at('09:50') }),
        );
    });
    it('or never: the next message pauses again without engaging', () => {
      const rules = { release: 'keep' } as const;
      given_(...past)
        .when(conclude({ rules }))
        .then(ends, resumed());
      given_(...past, ends, resumed())
        .when(send({ rules, messageId: 'out-2', now: at('09:50') }))
        .then(
          reopened({ reason: 'staff_message', by: 'ana', previousAssigneeId: 'ana' }),
          requested({ messageId: 'out-2', ordinal: 2, requestedAt: at('09:50') }),
          paused({ messageId: 'out-2', pausedAt: at('09:50') }),
        );
    });
  });
});

describe('reopening by hand', () => {
  it('starts a new session, and stays quiet where it is open', () => {
    given_(opened(), concluded())
      .when(reopen())
      .then(reopened({ reason: 'manual', by: 'ana' }));
    given_(opened()).when(reopen()).thenNothing();
  });
  it('is refused while blocked, and possible after it: nothing reopens by itself [I3 R9]', () => {
    given_(opened(), concluded())
      .when(reopen({ covers: blockedNow, now: at('10:00') }))
      .thenRejected('contact-blocked', { reasons: ['blocked'] });
    given_(opened(), concluded())
      .when(reopen({ covers: [cover({ to: at('10:30') })], now: at('10:30') }))
      .thenTypes('ConversationReopened');
  });
});

describe('what a block owes a conversation', () => {
  const byBlock = (data: Partial<DataOf<'ConversationConcluded'>> = {}) =>
    concluded({ by: 'block', cause: 'contact_blocked', blockId: 'b1', concludedAt: at('10:00:01'), ...data });
  const freed = (data: Partial<DataOf<'ConversationUnassigned'>> = {}) =>
    unassigned({ by: 'portaria', reason: 'contact_blocked', blockId: 'b1', unassignedAt: at('10:00:01'), ...data });

  it('is to conclude it, cancel what waits, resume the automation and release, in one append, and to send nothing [R4 R5 H11 H13 H15 I10]', () => {
    given_(opened(), received(), assigned(), requested({ ordinal: 2 }), engaged(), paused())
      .when(enforce())
      .then(cancelled(), byBlock({ assigneeAtConclusion: 'ana' }), resumed({ resumedAt: at('10:00:01') }), freed());
  });
  it('is said once', () => {
    given_(opened(), requested(), cancelled(), byBlock())
      .when(enforce({ now: at('10:05') }))
      .thenNothing();
    given_(opened(), received({ receivedAt: at('10:00') }), hidden(), byBlock())
      .when(enforce({ now: at('10:05') }))
      .thenNothing();
  });
  it('is nothing where nothing covers', () => {
    given_(opened(), requested())
      .when(enforce({ covers: [] }))
      .thenNothing();
    given_(opened(), requested())
      .when(enforce({ covers: [cover({ from: at('10:00:02') })] }))
      .thenNothing();
    given_().when(enforce()).thenRejected('not-found');
  });
  it.each([
    ['onConclude', true],
    ['onReopen', false],
    ['keep', false],
  ] as const)('with conclude.release %s: the assignee goes (%p)', (release_, goes) => {
    given_(opened(), assigned())
      .when(enforce({ rules: { release: release_ } }))
      .then(byBlock({ assigneeAtConclusion: 'ana' }), ...(goes ? [freed()] : []));
  });
  it('leaves it open where the tenant does not close by a block, but cancels all the same', () => {
    given_(opened(), assigned(), requested())
      .when(enforce({ covers: [cover({ closeOpen: false })] }))
      .then(cancelled());
  });
  it('leaves what was concluded, and who has it since before', () => {
    given_(opened(), concluded(), assigned({ assignedAt: at('09:45') }))
      .when(enforce())
      .thenNothing();
  });
  it('cancels only what was not handed over', () => {
    given_(
      opened(),
      requested(),
      handedOver(),
      requested({ messageId: 'out-2', ordinal: 2 }),
      requested({ messageId: 'out-3', ordinal: 3 }),
      delivered('out-3'),
      concluded(),
    )
      .when(enforce())
      .then(cancelled({ messageId: 'out-2' }));
  });

  describe('in a race', () => {
    it('hides what was received while covered and no other message, in their order [I4 H14]', () => {
      given_(
        opened(),
        received({ messageId: 'before', receivedAt: at('09:59:59.999') }),
        received({ messageId: 'first', receivedAt: at('10:00'), ordinal: 2 }),
        received({ messageId: 'sent before', sentAt: at('09:59'), receivedAt: at('10:00'), ordinal: 3 }),
        received({ messageId: 'second', receivedAt: at('10:00:00.500'), ordinal: 4 }),
        concluded({ concludedAt: at('10:00:00.600') }),
      )
        .when(enforce())
        .then(hidden({ messageId: 'first' }), hidden({ messageId: 'second' }));
    });
    it('hides after the end of the block too, and then does nothing else', () => {
      given_(
        opened(),
        received({ receivedAt: at('10:00:00.500') }),
        requested({ ordinal: 2, requestedAt: at('10:00:00.600') }),
        assigned({ assignedAt: at('10:00:00.700') }),
      )
        .when(enforce({ covers: [cover({ to: at('10:00:00.800') })] }))
        .then(hidden());
    });
    it('hides by the sender’s clock no further than it is believed', () => {
      given_(
        opened(),
        received({ sentAt: at('08:00', -30), receivedAt: at('10:30', 1) }),
        concluded({ concludedAt: at('10:30', 1) }),
      )
        .when(enforce({ now: at('10:31', 1) }))
        .then(hidden({ hiddenAt: at('10:31', 1) }));
    });
    it('names the episode and the contact whose block hides', () => {
      given_(opened(), received({ receivedAt: at('10:00') }), concluded({ concludedAt: at('10:00') }))
        .when(enforce({ covers: [cover({ blockId: 'b7', contactId: 'clara' })] }))
        .then(hidden({ blockId: 'b7', contactId: 'clara' }));
    });
    it.each(['quarantine', 'receive'] as const)('names the mode %s, in which the timeline may keep it [I4]', (mode) => {
      given_(opened(), received({ receivedAt: at('10:00') }), concluded({ concludedAt: at('10:00') }))
        .when(enforce({ covers: [cover({ inboundMode: mode })] }))
        .then(hidden({ mode }));
    });
    it('concludes again what was opened or reopened during it, also where the tenant does not close [I3 R7]', () => {
      const covers = [cover({ closeOpen: false })];
      given_(opened({ openedAt: at('10:00') }))
        .when(enforce({ covers }))
        .then(byBlock());
      given_(opened(), concluded(), reopened({ reopenedAt: at('10:00:00.500') }))
        .when(enforce({ covers }))
        .then(byBlock({ sessionNo: 2 }));
      given_(opened({ openedAt: at('09:59:59.999') }))
        .when(enforce({ covers }))
        .thenNothing();
    });
    it('takes back an assignment of during it, whatever the status and the setting [I3 R5]', () => {
      const during = assigned({ assignedAt: at('10:00') });
      for (const release_ of ['onConclude', 'onReopen', 'keep'] as const) {
        given_(opened(), concluded(), during)
          .when(enforce({ rules: { release: release_ } }))
          .then(freed());
        given_(opened(), during)
          .when(enforce({ covers: [cover({ closeOpen: false })], rules: { release: release_ } }))
          .then(freed());
      }
      given_(opened(), concluded(), assigned({ assignedAt: at('09:59:59.999') }))
        .when(enforce())
        .thenNothing();
    });
    it('hides, cancels, concludes and releases in one append, whatever came first', () => {
      given_(
        opened({ openedAt: at('10:00') }),
        received({ receivedAt: at('10:00') }),
        assigned({ assignedAt: at('10:00') }),
        requested({ ordinal: 2, requestedAt: at('10:00') }),
      )
        .when(enforce())
        .then(hidden(), cancelled(), byBlock({ assigneeAtConclusion: 'ana' }), freed());
    });
  });

  describe('by several holders of the address', () => {
    const first = cover({ blockId: 'b0', contactId: 'clara', from: at('08:00'), closeOpen: false });
    it('is owed to each of them: one that closes closes, though an older one does not', () => {
      given_(opened({ openedAt: at('07:00') }), assigned({ assignedAt: at('07:59') }))
        .when(enforce({ covers: [first, cover()] }))
        .then(byBlock({ assigneeAtConclusion: 'ana' }), freed());
    });
    it('goes on when one of them ends', () => {
      given_(opened({ openedAt: at('07:00') }))
        .when(enforce({ covers: [cover({ ...first, to: at('10:00') }), cover()] }))
        .then(byBlock());
    });
  });
});

it('knows whose key seals its facts', () => {
  expect(conversationDecider.sealedFor?.(after(opened()), opened())).toBe('contact:carla');
  expect(conversationDecider.idOf(unassign())).toBe(conversationId);
});
