import { describe, expect, it } from '@jest/globals';
import type { ContactEvent, IgnoredEvent } from '#contacts';
import type { ConversationEvent } from '#conversations';
import type { Recorded } from '#kernel';
import { at } from '#kernel/given';
import { recorded, type ShortEvent } from '#kernel/projected';
import { episodesOf, Traces, type Episode } from './block-history.js';

const stream = 'contact-acme.carla';
const blocked = (blockId: string, blockedAt: string, more: object = {}): ShortEvent<ContactEvent> => ({
  type: 'ContactBlocked',
  stream,
  at: blockedAt,
  data: {
    contactId: 'carla',
    blockId,
    kind: 'protection',
    scope: { all: true },
    reasonCode: 'abuse',
    reasonText: 'insults',
    blockedBy: 'ana',
    blockedAt,
    originConversationId: 'conv',
    noticeMessageId: null,
    expiresAt: null,
    coveredIdentityIds: ['i1'],
    policy: { inboundMode: 'ignore', unblockBy: 'admin', closeOpen: true },
    ...more,
  },
});
const changed = (blockId: string, changedAt: string, change: object): ShortEvent<ContactEvent> => ({
  type: 'ContactBlockChanged',
  stream,
  data: { contactId: 'carla', blockId, changedBy: 'sol', changedAt, ...change },
});
const unblocked = (blockId: string, unblockedAt: string): ShortEvent<ContactEvent> => ({
  type: 'ContactUnblocked',
  stream,
  data: {
    contactId: 'carla',
    blockId,
    unblockedBy: 'adm',
    unblockedAt,
    requestedBy: 'customer',
    reason: 'apologised',
    durationMs: 600_000,
  },
});
const expired = (blockId: string, expiredAt: string): ShortEvent<ContactEvent> => ({
  type: 'ContactBlockExpired',
  stream,
  data: { contactId: 'carla', blockId, expiredAt },
});
const tagged: ShortEvent<ContactEvent> = { type: 'ContactTagged', stream, data: { contactId: 'carla', tag: 'vip' } };
const ignored = (blockId: string, channel: 'whatsapp' | 'sms', conversationId = 'conv'): IgnoredEvent =>
  ({ type: 'BlockedMessageIgnored', data: { blockId, channel, conversationId } }) as unknown as IgnoredEvent;

const told = async (
  facts: readonly ShortEvent<ContactEvent>[],
  now = at('23:00'),
  traces = new Traces(),
): Promise<readonly Episode[]> => {
  const all = async function* (): AsyncGenerator<Recorded<ContactEvent>> {
    yield* recorded(facts);
  };
  const episodes: Episode[] = [];
  for await (const episode of episodesOf(all(), traces, now)) episodes.push(episode);
  return episodes;
};

describe('the history of blocks', () => {
  it('tells who blocked, when and why, who undid it, for whom, and how long it lasted [R12 R10 H7 H8]', async () => {
    const [episode, ...others] = await told([tagged, blocked('b1', at('10:00')), tagged, unblocked('b1', at('10:10'))]);
    expect(others).toEqual([]);
    expect(episode).toMatchObject({
      blockId: 'b1',
      kind: 'protection',
      reasonCode: 'abuse',
      reasonText: 'insults',
      blockedBy: 'ana',
      blockedAt: at('10:00'),
      originConversationId: 'conv',
      changes: [],
      endedAt: at('10:10'),
      endedBy: 'adm',
      endedHow: 'unblocked',
      requestedBy: 'customer',
      unblockReason: 'apologised',
      durationMs: 600_000,
    });
    expect(episode?.facts).toEqual([
      expect.objectContaining({ type: 'ContactBlocked', stream, revision: 1, commandId: 'command-2', actor: 'ana' }),
      expect.objectContaining({ type: 'ContactUnblocked', revision: 3, correlationId: 'correlation-4' }),
    ]);
  });

  it('is an episode after the other, the open one last and without an end', async () => {
    const episodes = await told([blocked('b1', at('10:00')), unblocked('b1', at('10:10')), blocked('b2', at('11:00'))]);
    expect(episodes.map(({ blockId, endedHow }) => [blockId, endedHow])).toEqual([
      ['b1', 'unblocked'],
      ['b2', null],
    ]);
    expect(episodes[1]).toMatchObject({ endedAt: null, durationMs: null, requestedBy: null });
  });

  it('keeps what was said first beside what was changed since', async () => {
    const wider = { scope: { channels: ['sms'] }, reasonCode: null };
    const [episode] = await told([blocked('b1', at('10:00')), changed('b1', at('10:05'), wider)]);
    expect(episode).toMatchObject({ scope: { all: true }, reasonCode: 'abuse' });
    expect(episode?.changes).toEqual([{ ...wider, changedBy: 'sol', changedAt: at('10:05') }]);
  });

  it('shows an end by time as nobody\u2019s act, whether the timer has said it or not', async () => {
    const end = { endedAt: at('11:00'), endedHow: 'expired', endedBy: null, requestedBy: null, durationMs: 3_600_000 };
    const temporary = blocked('b1', at('10:00'), { expiresAt: at('11:00') });
    expect((await told([temporary, expired('b1', at('11:00'))]))[0]).toMatchObject(end);
    expect((await told([temporary], at('11:00')))[0]).toMatchObject(end);
    expect((await told([temporary], at('10:59:59.999')))[0]).toMatchObject({ endedAt: null, expiresAt: at('11:00') });
    const longer = changed('b1', at('10:30'), { expiresAt: at('12:00') });
    expect((await told([temporary, longer], at('11:30')))[0]).toMatchObject({ endedAt: null });
    const without = changed('b1', at('10:30'), { expiresAt: null });
    expect((await told([temporary, without], at('23:00')))[0]).toMatchObject({ endedAt: null });
  });

  it('counts what was not shown by channel and names what was concluded, of each block its own [H14 H15]', async () => {
    const traces = new Traces();
    traces.ignored(ignored('b1', 'whatsapp'));
    traces.ignored(ignored('b1', 'whatsapp'));
    traces.ignored(ignored('b2', 'sms', 'other'));
    const conversation = recorded<ConversationEvent>([
      {
        type: 'ConversationConcluded',
        stream: 'conversation-acme.conv',
        data: {
          by: 'block',
          assigneeAtConclusion: null,
          outcome: null,
          cause: 'contact_blocked',
          blockId: 'b1',
          sessionNo: 1,
          concludedAt: at('10:00'),
        },
      },
      {
        type: 'MessageHidden',
        stream: 'conversation-acme.conv',
        data: { messageId: 'm1', blockId: 'b1', contactId: 'carla', hiddenAt: at('10:00') },
      },
      {
        type: 'ConversationConcluded',
        stream: 'conversation-acme.conv',
        data: {
          by: 'ana',
          assigneeAtConclusion: null,
          outcome: null,
          cause: 'agent',
          blockId: null,
          sessionNo: 2,
          concludedAt: at('12:00'),
        },
      },
    ]);
    for (const event of conversation) traces.conversation(event, 'whatsapp');
    const facts = [blocked('b1', at('10:00')), unblocked('b1', at('10:10')), blocked('b2', at('11:00'))];
    const [first, second] = await told(facts, at('23:00'), traces);
    expect(first).toMatchObject({ ignored: { whatsapp: 3 }, concludedConversationIds: ['conv'] });
    expect(first?.facts.map(({ type }) => type).sort()).toEqual([
      'ContactBlocked',
      'ContactUnblocked',
      'ConversationConcluded',
      'MessageHidden',
    ]);
    expect(second).toMatchObject({ ignored: { sms: 1 }, concludedConversationIds: [] });
    expect(traces.of('b1')?.ignoredIn.get('conv')?.count).toBe(3);
  });
});
