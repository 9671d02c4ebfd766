import { describe, expect, it } from '@jest/globals';
import { at, asked, callers, given } from '#kernel/given';
import type { Caller } from '#kernel';
import {
  conversationDecider,
  EnforceConsent,
  HandOverMessage,
  NOTHING_KNOWN,
  SendBlockNotice,
  SendMessage,
  StartConversation,
  type ConversationEvent,
  type ConversationFacts,
} from './conversation.js';
import { reasonsAgainst, refusalFor } from './gate.js';
import { RecordRefusal, refusedDecider, type RefusedEvent } from './refused-sends.js';

const { agent, integration, system } = callers;
const conversationId = 'conv';

/** Flat: what other streams say beside the command's own data. */
type Said = Partial<Pick<ConversationFacts, 'consent' | 'hasAddress'>> & {
  blocked?: boolean;
  gates?: 'notifications' | 'allOutbound';
  as?: Caller;
};
const facts = ({ consent = 'granted', hasAddress = true, blocked = false, gates = 'notifications' }: Said) => ({
  covers: blocked
    ? [
        {
          from: at('09:00'),
          to: null,
          blockId: 'b1',
          contactId: 'carla',
          closeOpen: true,
          inboundMode: 'ignore' as const,
        },
      ]
    : NOTHING_KNOWN.covers,
  rules: { ...NOTHING_KNOWN.rules, replyBy: 'anyWithAccess' as const, gates },
  hasAddress,
  consent,
});

// Facts
const opened: ConversationEvent = {
  type: 'ConversationOpened',
  data: {
    conversationId,
    contactId: 'carla',
    channel: 'whatsapp',
    identityId: 'i1',
    openedBy: 'staff',
    openedAt: at('09:00'),
  },
};
const received: ConversationEvent = {
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
  },
};
const hidden: ConversationEvent = {
  type: 'MessageHidden',
  data: { messageId: 'in-1', blockId: 'b0', contactId: 'carla', hiddenAt: at('09:10') },
};
const requested = (gated: boolean, messageId = 'out-1', viaDevice = false): ConversationEvent => ({
  type: 'MessageSendRequested',
  data: {
    messageId,
    authorId: 'ana',
    authorKind: 'staff',
    content: { text: 'Hello' },
    purpose: 'reply',
    viaDevice,
    ordinal: 1,
    requestedAt: at('10:00'),
    block: null,
    ...(gated ? { consentGated: true } : {}),
  },
});
const order = {
  blockId: 'b1',
  kind: 'protection',
  scope: { all: true },
  reasonCode: null,
  reasonText: null,
  originConversationId: null,
  expiresAt: null,
  blockedBy: 'ana',
};
const notice: ConversationEvent = {
  type: 'MessageSendRequested',
  data: {
    messageId: 'bye',
    authorId: 'ana',
    authorKind: 'staff',
    content: { text: 'Bye' },
    purpose: 'block_notice',
    viaDevice: false,
    ordinal: 1,
    requestedAt: at('10:00'),
    block: order,
  },
};
const cancelled: ConversationEvent = {
  type: 'MessageCancelled',
  data: { messageId: 'out-1', reason: 'consent_revoked', blockId: null, cancelledAt: at('10:10') },
};

// Commands
const send = ({ as = agent, ...said }: Said & { purpose?: 'reply' | 'notification'; viaDevice?: boolean } = {}) =>
  new SendMessage(
    {
      conversationId,
      messageId: 'out-1',
      text: 'Hello',
      purpose: said.purpose ?? 'reply',
      viaDevice: said.viaDevice ?? false,
      eligible: true,
      facts: facts(said),
    },
    asked(as, at('10:00')),
  );
const start = (said: Said = {}) =>
  new StartConversation(
    {
      conversationId,
      contactId: 'carla',
      channel: 'whatsapp',
      identityId: 'i1',
      mine: true,
      ownerId: 'carla',
      facts: facts(said),
    },
    asked(agent, at('10:00')),
  );
const handOver = (said: Said = {}, messageId = 'out-1') =>
  new HandOverMessage({ conversationId, messageId, facts: facts(said) }, asked(integration, at('10:10')));
const enforce = (said: Said = {}) =>
  new EnforceConsent({ conversationId, facts: facts(said) }, asked(system, at('10:10')));

const written = [opened, received];

describe('a send that the company begins', () => {
  const begun = [
    ['a notification', written, { purpose: 'notification' }],
    ['the first word', [opened], {}],
    ['a word where the customer’s are hidden', [...written, hidden], {}],
    ['an automation’s first word', [opened], { as: integration }],
    ['a reply, where all is gated', written, { gates: 'allOutbound' }],
  ] as const;
  it.each(begun)('goes out by a consent: %s [K7 K12 I12]', (_what, before, how) => {
    const { outcome } = given(conversationDecider, ...before).when(send({ ...how, consent: 'granted' }));
    expect(outcome).toContainEqual(
      expect.objectContaining({ data: expect.objectContaining({ consentGated: true }) as unknown }),
    );
  });
  it.each(begun)('is refused without one, and told why: %s [K12 I12]', (_what, before, how) => {
    given(conversationDecider, ...before)
      .when(send({ ...how, consent: 'unset' }))
      .thenRejected('consent-missing', { reasons: ['consent-unset'] });
    given(conversationDecider, ...before)
      .when(send({ ...how, consent: 'revoked' }))
      .thenRejected('consent-missing', { reasons: ['consent-revoked'] });
  });
  it('is told every reason, the weightiest first of all [I12 K1]', () => {
    given(conversationDecider, opened)
      .when(send({ consent: 'unset', hasAddress: false, blocked: true }))
      .thenRejected('contact-blocked', { reasons: ['no-address', 'consent-unset', 'blocked'] });
    given(conversationDecider, opened)
      .when(send({ consent: 'revoked', hasAddress: false }))
      .thenRejected('no-address', { reasons: ['no-address', 'consent-revoked'] });
  });
  it('needs no consent on a channel that has none', () => {
    given(conversationDecider, opened)
      .when(send({ consent: null, purpose: 'notification' }))
      .then({ ...requested(false), data: { ...requested(false).data, purpose: 'notification' } } as ConversationEvent);
  });
});

describe('what the gate lets pass', () => {
  it('is a reply to a customer who wrote, whatever was consented', () => {
    given(conversationDecider, ...written)
      .when(send({ consent: 'revoked' }))
      .thenTypes('MessageSendRequested');
    given(conversationDecider, ...written)
      .when(send({ consent: 'unset', as: integration }))
      .thenTypes('MessageSendRequested');
  });
  it('tells of a reply that a block refuses nothing of consent', () => {
    given(conversationDecider, ...written)
      .when(send({ consent: 'revoked', blocked: true }))
      .thenRejected('contact-blocked', { reasons: ['blocked'] });
  });
  it('is what a person sent from the phone', () => {
    given(conversationDecider, opened)
      .when(send({ consent: 'revoked', gates: 'allOutbound', viaDevice: true, as: integration }))
      .thenTypes('MessageSendRequested', 'AutomationPaused');
  });
  it('is the last word of a block, from request to hand-over [H10]', () => {
    given(conversationDecider, opened)
      .when(
        new SendBlockNotice(
          { conversationId, messageId: 'bye', text: 'Bye', block: order, facts: facts({ consent: 'revoked' }) },
          asked(agent, at('10:00')),
        ),
      )
      .then(notice);
    given(conversationDecider, opened, notice)
      .when(handOver({ consent: 'revoked', blocked: true }, 'bye'))
      .thenTypes('MessageHandedOver');
    given(conversationDecider, opened, notice)
      .when(enforce({ consent: 'revoked' }))
      .thenNothing();
  });
  it('is the start of a conversation, which sends nothing', () => {
    given(conversationDecider)
      .when(start({ consent: 'revoked' }))
      .thenTypes('ConversationOpened');
    given(conversationDecider)
      .when(start({ consent: 'unset', hasAddress: false, blocked: true }))
      .thenRejected('contact-blocked', { reasons: ['no-address', 'consent-unset', 'blocked'] });
    given(conversationDecider)
      .when(start({ consent: 'unset', hasAddress: false }))
      .thenRejected('no-address', { reasons: ['no-address', 'consent-unset'] });
  });
});

describe('a consent that is taken back before the hand-over', () => {
  it('cancels the message at the hand-over [I12]', () => {
    given(conversationDecider, opened, requested(true))
      .when(handOver({ consent: 'revoked' }))
      .then(cancelled);
    given(conversationDecider, opened, requested(true), cancelled).when(handOver()).thenRejected('message-cancelled');
  });
  it('cancels what waits, and nothing else [I12]', () => {
    given(conversationDecider, ...written, requested(true), requested(false, 'out-2'), notice)
      .when(enforce({ consent: 'revoked' }))
      .then(cancelled);
  });
  it('leaves what was handed over, and what needed no consent', () => {
    const gone: ConversationEvent = {
      type: 'MessageHandedOver',
      data: { messageId: 'out-1', handedOverAt: at('10:05') },
    };
    given(conversationDecider, opened, requested(true), gone)
      .when(handOver({ consent: 'revoked' }))
      .thenNothing();
    given(conversationDecider, opened, requested(true), gone)
      .when(enforce({ consent: 'revoked' }))
      .thenNothing();
    given(conversationDecider, ...written, requested(false))
      .when(handOver({ consent: 'revoked' }))
      .thenTypes('MessageHandedOver');
  });
  it('owes nothing while it is granted', () => {
    given(conversationDecider, opened, requested(true)).when(enforce()).thenNothing();
    given(conversationDecider, opened, requested(true)).when(handOver()).thenTypes('MessageHandedOver');
  });
  it('is told behind a block and a lost address, which cancel nothing here', () => {
    given(conversationDecider, opened, requested(true))
      .when(handOver({ consent: 'revoked', blocked: true }))
      .thenRejected('contact-blocked');
    given(conversationDecider, opened, requested(true))
      .when(handOver({ consent: 'revoked', hasAddress: false }))
      .thenRejected('no-address');
  });
});

it('the gate has a refusal for every reason, and none without a reason', () => {
  expect(refusalFor(reasonsAgainst({ hasAddress: true, consent: null, blocked: false }))).toBeNull();
  expect(refusalFor(reasonsAgainst({ hasAddress: true, consent: 'granted', blocked: false }))).toBeNull();
  expect(refusalFor(['no-address', 'blocked'])?.rejected).toBe('contact-blocked');
  expect(refusalFor(['no-address', 'consent-unset'])?.rejected).toBe('no-address');
  expect(refusalFor(['consent-unset'])?.rejected).toBe('consent-missing');
});

describe('the record of refused sends', () => {
  const data = {
    contactId: 'carla',
    refusalId: 'r1',
    conversationId,
    channel: 'whatsapp',
    purpose: 'notification',
    reasons: ['consent-unset'],
  } as const;
  const refused = (refusedAt: string): RefusedEvent => ({
    type: 'SendRefused',
    data: { ...data, requestedBy: 'ana', refusedAt },
  });
  const record = (refusalId = 'r1') => new RecordRefusal({ ...data, refusalId }, asked(agent, at('10:00')));
  it('says who wished to send what, and why it was not sent [K1]', () => {
    given(refusedDecider)
      .when(record())
      .then(refused(at('10:00')));
  });
  it('holds a repeat once, and never goes back in time [I0 I17]', () => {
    given(refusedDecider, refused(at('10:00')))
      .when(record())
      .thenNothing();
    given(refusedDecider, refused(at('11:00')))
      .when(record('r2'))
      .then({ type: 'SendRefused', data: { ...refused(at('11:00')).data, refusalId: 'r2' } });
  });
});
