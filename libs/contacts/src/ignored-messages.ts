// What arrived from a blocked customer. A stream of its own, so that a flood never swells the contact. An ignored message causes nothing.
import { Command, decider, defineEvents, later, only, type Event } from '#kernel';
import type { Channel } from './addresses.js';
import type { InboundMode } from './coverage.js';
import { contactKey, quarantineKey } from './data-keys.js';

export type IgnoredEvent = Event<
  'BlockedMessageIgnored',
  {
    contactId: string;
    blockId: string;
    identityId: string;
    channel: Channel;
    /** The conversation of this identity and channel, whether it exists or not. */
    conversationId: string;
    providerMessageId: string | null;
    /** HMAC of the provider's message id under the tenant's secret, hex. */
    providerMessageKey: string;
    sentAt: string | null;
    receivedAt: string;
    mode: InboundMode;
    /** HMAC of the content under the contact's data key, hex: proves what was sent without keeping it. */
    contentHmac: string;
    /** `null` for `ignore`, and in what was stored before there were others. Quarantined it is sealed under a key of the contact and the day, which is destroyed on time. */
    content: { text: string } | null;
  }
>;

/** The latest thousand, by conversation and provider key: a redelivery gives nothing. */
export type IgnoredMessages = {
  readonly contactId: string;
  readonly recent: readonly { key: string; blockId: string; identityId: string }[];
  readonly lastTime: string;
};
const REMEMBERED = 1000;

export const ignoredKey = (conversationId: string, providerMessageKey: string): string =>
  `${conversationId}|${providerMessageKey}`;

const evolve = (state: IgnoredMessages, event: IgnoredEvent): IgnoredMessages => {
  only(event, 'BlockedMessageIgnored');
  const { contactId, conversationId, providerMessageKey, blockId, identityId, receivedAt } = event.data;
  const one = { key: ignoredKey(conversationId, providerMessageKey), blockId, identityId };
  return {
    contactId,
    recent: [...state.recent, one].slice(-REMEMBERED),
    lastTime: later(receivedAt, state.lastTime),
  };
};

export class IgnoreBlockedMessage extends Command<IgnoredEvent['data']> {
  readonly type = 'IgnoreBlockedMessage';
}

const decide = ({ data }: IgnoreBlockedMessage, state: IgnoredMessages): readonly IgnoredEvent[] => {
  if (state.recent.some((one) => one.key === ignoredKey(data.conversationId, data.providerMessageKey))) return [];
  const { contactId, blockId, identityId, channel, conversationId, providerMessageId, providerMessageKey } = data;
  const { sentAt, mode, contentHmac, content } = data;
  return [
    {
      type: 'BlockedMessageIgnored',
      data: {
        contactId,
        blockId,
        identityId,
        channel,
        conversationId,
        providerMessageId,
        providerMessageKey,
        sentAt,
        receivedAt: later(data.receivedAt, state.lastTime),
        mode,
        contentHmac,
        content: mode === 'ignore' ? null : content,
      },
    },
  ];
};

export const ignoredDecider = decider({
  category: 'ignored',
  commands: [IgnoreBlockedMessage],
  idOf: (command) => command.data.contactId,
  initial: { contactId: '', recent: [], lastTime: '' },
  evolve,
  decide,
  sealedFor: ({ contactId }, { data }) =>
    data.mode === 'quarantine' ? quarantineKey(contactId, data.receivedAt) : contactKey(contactId),
  sizeOf: (state) => 200 + 220 * state.recent.length,
});

export const ignoredEvents = defineEvents<IgnoredEvent>()({
  BlockedMessageIgnored: {
    version: 2,
    personal: ['providerMessageId', 'content'],
    upcast: { 1: (data) => ({ ...data, content: null }) },
  },
});
