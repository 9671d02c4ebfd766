// On how present a state a command is decided, where others write the log too.
import { describe, expect, it } from '@jest/globals';
import type { CommandRunner, LoadOptions } from '#event-store';
import { asked, at, callers } from '#kernel/given';
import { ConversationCommands, type ConversationNeighbours } from './conversation-commands.handlers.js';
import { conversationDecider, NOTHING_KNOWN, SendMessage, type Conversation } from './conversation.js';

const RECENT: LoadOptions = { maxAgeMs: 500 };
const opened = {
  type: 'ConversationOpened' as const,
  data: {
    conversationId: 'conv',
    contactId: 'carla',
    channel: 'whatsapp',
    identityId: 'i1',
    openedBy: 'customer' as const,
    openedAt: at('09:00'),
  },
};
const received = {
  type: 'MessageReceived' as const,
  data: {
    conversationId: 'conv',
    messageId: 'in-1',
    providerMessageId: 'p1',
    providerMessageKey: 'k1',
    content: { text: 'Bom dia' },
    sentAt: at('09:00'),
    receivedAt: at('09:00'),
    ordinal: 1,
  },
};
const written = [opened, received].reduce<Conversation>(
  (state, event) => conversationDecider.evolve(state, event as never),
  conversationDecider.initial,
);

/** What the facts were asked with. */
const lookedAt = async (
  purpose: 'reply' | 'notification',
  gates: 'notifications' | 'allOutbound',
  state = written,
): Promise<LoadOptions | undefined> => {
  let options: LoadOptions | undefined;
  const runner = {
    execute: async (_decider: unknown, _id: string, build: (state: Conversation, recent: LoadOptions) => unknown) => {
      await build(state, RECENT);
      return { kind: 'rejected', rejection: { rejected: 'engaged' }, position: null };
    },
  } as unknown as CommandRunner;
  const neighbours = {
    rules: () => Promise.resolve({ ...NOTHING_KNOWN.rules, gates }),
    facts: (_tenant: string, _place: unknown, _now: string, asked: LoadOptions) => {
      options = asked;
      return Promise.resolve({ covers: [], hasAddress: true, address: null, ownerId: 'carla', consent: 'granted' });
    },
    eligible: () => Promise.resolve(true),
  } as unknown as ConversationNeighbours;
  const commands = new ConversationCommands(runner, undefined as never, undefined as never, neighbours);
  const data = { conversationId: 'conv', messageId: 'm1', text: 'Oi', purpose, viaDevice: false };
  await commands.execute(
    new SendMessage({ ...data, facts: NOTHING_KNOWN, eligible: false }, asked(callers.agent, at('10:00'))),
  );
  return options;
};

describe('a send looks at what was so a moment ago', () => {
  it('where it answers a customer: a block that came between is seen behind the append', async () => {
    expect(await lookedAt('reply', 'notifications')).toEqual(RECENT);
  });

  it('but reads what is so now where consent decides, which nobody looks at again [K1 K2]', async () => {
    expect(await lookedAt('notification', 'notifications')).toEqual({});
    expect(await lookedAt('reply', 'allOutbound')).toEqual({});
    const silent = conversationDecider.evolve(conversationDecider.initial, opened);
    expect(await lookedAt('reply', 'notifications', silent)).toEqual({});
  });
});
