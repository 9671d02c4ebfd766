import fc from 'fast-check';
import {
  AssignConversation,
  AssignToMe,
  ConcludeConversation,
  EnforceBlock,
  EnforceConsent,
  HandOverMessage,
  PauseAutomation,
  ReceiveInboundMessage,
  ReleaseAssignee,
  RelinkConversation,
  ReopenConversation,
  ReportDelivery,
  ResumeAutomation,
  SendBlockNotice,
  SendMessage,
  StartConversation,
  UnassignConversation,
  type ConversationCommand,
  type ConversationFacts,
} from '#conversations/conversation';
import type { Cover } from '#conversations/cover';
import { MarkRead } from '#conversations/read-marker';
import { RecordRefusal } from '#conversations/refused-sends';
import { metadata, mostly, one, optional, time } from './common.js';

const cover: fc.Arbitrary<Cover> = fc
  .record({
    from: time,
    end: fc.option(time),
    blockId: one('b1', 'b2'),
    contactId: one('carla', 'clara'),
    closeOpen: fc.boolean(),
    inboundMode: fc.constantFrom('ignore', 'quarantine', 'receive'),
  })
  .map(({ end, ...rest }) => ({ ...rest, to: end !== null && end < rest.from ? rest.from : end }));
const facts: fc.Arbitrary<ConversationFacts> = fc.record({
  covers: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(cover, { maxLength: 2 }) },
  ),
  rules: fc.record({
    onReply: one('never', 'ifUnassigned'),
    replyBy: one('anyWithAccess', 'anyWithAccess', 'assigneeOnly'),
    pauseOn: one('assigneeOrAnyIfUnassigned', 'assignee', 'anyAgent'),
    release: one('onConclude', 'onReopen', 'keep'),
    concludeBy: one('anyWithAccess', 'anyWithAccess', 'assigneeOnly'),
    gates: one('notifications', 'allOutbound'),
  }),
  hasAddress: mostly,
  consent: one('granted', 'granted', 'granted', 'revoked', 'unset', null),
});
const about = { conversationId: fc.constant('conv'), facts };
const place = { contactId: fc.constant('carla'), channel: fc.constant('whatsapp'), identityId: fc.constant('i1') };
const staffId = one('ana', 'bia', 'lia', 'adm');
const outbound = one('out-1', 'out-2', 'out-3', 'bye');
const block = fc.record({
  blockId: one('b1', 'b2'),
  kind: fc.constant('protection'),
  scope: fc.constant({ all: true }),
  reasonCode: one('abuse', null),
  reasonText: one('insults', null),
  originConversationId: fc.constant('conv'),
  expiresAt: fc.constant(null),
  blockedBy: staffId,
});

type Class<D, C> = new (data: D, asked: typeof metadata extends fc.Arbitrary<infer M> ? M : never) => C;
const asking = <D, C>(command: Class<D, C>, data: fc.Arbitrary<D>): fc.Arbitrary<C> =>
  fc.tuple(data, metadata).map(([given, asked]) => new command(given, asked));

export const conversationCommands: fc.Arbitrary<ConversationCommand> = fc.oneof(
  {
    weight: 4,
    arbitrary: asking(
      ReceiveInboundMessage,
      fc.record({
        ...about,
        ...place,
        messageId: one('in-1', 'in-2', 'in-3', 'in-4'),
        providerMessageId: fc.constant('wamid.1'),
        providerMessageKey: fc.constant('k1'),
        sentAt: fc.option(time),
        text: fc.constant('Oi'),
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: asking(
      StartConversation,
      fc.record({ ...about, ...place, mine: mostly, ownerId: one('carla', 'carla', 'clara') }),
    ),
  },
  {
    weight: 4,
    arbitrary: asking(
      SendMessage,
      fc.record({
        ...about,
        messageId: outbound,
        text: fc.constant('Hello'),
        purpose: one('reply', 'reply', 'notification'),
        viaDevice: mostly.map((not) => !not),
        eligible: mostly,
      }),
    ),
  },
  asking(SendBlockNotice, fc.record({ ...about, messageId: outbound, text: fc.constant('Bye'), block })),
  asking(HandOverMessage, fc.record({ ...about, messageId: outbound })),
  asking(
    ReportDelivery,
    fc.record({
      ...about,
      messageId: outbound,
      status: one('delivered', 'failed'),
      reason: one('no such number', null),
      at: time,
    }),
  ),
  { weight: 2, arbitrary: asking(AssignToMe, fc.record({ ...about, eligible: mostly })) },
  {
    weight: 2,
    arbitrary: asking(
      AssignConversation,
      fc
        .tuple(
          fc.record({ ...about, assigneeId: staffId, note: one('knows her', null), eligible: mostly }),
          optional('expectedAssigneeId', one('ana', null)),
        )
        .map(([data, expected]) => ({ ...data, ...expected })),
    ),
  },
  asking(UnassignConversation, fc.record(about)),
  asking(ReleaseAssignee, fc.record({ ...about, staffId })),
  asking(PauseAutomation, fc.record(about)),
  asking(ResumeAutomation, fc.record(about)),
  { weight: 2, arbitrary: asking(ConcludeConversation, fc.record({ ...about, outcome: one('solved', null) })) },
  asking(ReopenConversation, fc.record(about)),
  { weight: 2, arbitrary: asking(EnforceBlock, fc.record(about)) },
  asking(RelinkConversation, fc.record({ ...about, to: one('carla', 'clara'), mergeId: one('m1', 'm2') })),
  asking(EnforceConsent, fc.record(about)),
);

export const readMarkerCommands = asking(
  MarkRead,
  fc.record({ conversationId: fc.constant('conv'), upToOrdinal: fc.nat(12), lastOrdinal: fc.nat(9), seen: mostly }),
);

export const refusedCommands = asking(
  RecordRefusal,
  fc.record({
    contactId: fc.constant('carla'),
    refusalId: one('r1', 'r2', 'r3', 'r4'),
    conversationId: one('conv', null),
    channel: one('whatsapp', 'email'),
    purpose: one('reply', 'notification', 'start'),
    reasons: fc.uniqueArray(one('no-address', 'consent-unset', 'consent-revoked', 'blocked'), { minLength: 1 }),
  }),
);
