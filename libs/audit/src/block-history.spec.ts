import { describe, expect, it } from '@jest/globals';
import type { ContactEvent, IgnoredEvent } from '#contacts';
import type { ConversationEvent } from '#conversations';
import type { Recorded } from '#kernel';
import { at } from '#kernel/given';
import { recorded, type ShortEvent } from '#kernel/projected';
import { episodesOf, Traces, unitedEpisodesOf, type Episode } from './block-history.js';

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

describe('the history of blocks of contacts that were merged', () => {
  const of = (contactId: string, fact: ShortEvent<ContactEvent>): ShortEvent<ContactEvent> =>
    ({ ...fact, stream: `contact-acme.${contactId}`, data: { ...fact.data, contactId } }) as ShortEvent<ContactEvent>;
  const state = (blockId: string, more: object = {}) => ({ blockId, scope: { all: true }, expiresAt: null, ...more });
  const merged = (data: object): ShortEvent<ContactEvent> =>
    of('ada', {
      type: 'ContactsMerged',
      data: { mergeId: 'm1', absorbedId: 'eva', mergedBy: 'sol', mergedAt: at('11:00'), ...data },
    } as unknown as ShortEvent<ContactEvent>);
  const unmerged = (block: object | null, theirs: object | null): ShortEvent<ContactEvent> =>
    of('ada', {
      type: 'ContactsUnmerged',
      data: { mergeId: 'm1', block, restored: { block: theirs }, unmergedBy: 'sol', unmergedAt: at('12:00') },
    } as unknown as ShortEvent<ContactEvent>);
  const history = (contactId: string, ...facts: readonly ShortEvent<ContactEvent>[]): readonly Episode[] => [
    ...unitedEpisodesOf(contactId, recorded(facts), new Traces(), at('23:00')),
  ];
  const ends = (episodes: readonly Episode[]) =>
    episodes.map(({ blockId, endedHow, endedAt, endedBy }) => [blockId, endedHow, endedAt, endedBy]);
  const kept = { blockOutcome: { keptBlockId: 'b2', endedBlockId: null, endedAt: null }, blockIds: ['b1', 'b2'] };
  const both = { blockOutcome: { keptBlockId: 'b1', endedBlockId: 'b2', endedAt: at('11:00') }, blockIds: ['b2'] };

  it('tells at the survivor what came with the absorbed contact, and where the episode ended [R12]', () => {
    const facts = [
      of('eva', blocked('b1', at('09:00'))),
      of('eva', unblocked('b1', at('09:10'))),
      of('eva', blocked('b2', at('10:00'))),
      merged({ ...kept, block: state('b2') }),
      of('ada', unblocked('b2', at('11:30'))),
    ];
    const expected = [
      ['b1', 'unblocked', at('09:10'), 'adm'],
      ['b2', 'unblocked', at('11:30'), 'adm'],
    ];
    expect(ends(history('ada', ...facts))).toEqual(expected);
    expect(ends(history('eva', ...facts))).toEqual(expected);
    expect(history('ada', ...facts)[1]?.facts.map(({ type }) => type)).toEqual([
      'ContactBlocked',
      'ContactsMerged',
      'ContactUnblocked',
    ]);
  });

  it('ends the absorbed episode as merged where both were blocked, and names what the merge widened [R12]', () => {
    const facts = [
      of('ada', blocked('b1', at('09:00'), { scope: { channels: ['sms'] }, expiresAt: at('20:00') })),
      of('eva', blocked('b2', at('10:00'))),
      merged({ ...both, block: state('b1') }),
    ];
    expect(ends(history('ada', ...facts))).toEqual([
      ['b1', null, null, null],
      ['b2', 'merged', at('11:00'), 'sol'],
    ]);
    const [first, second] = history('ada', ...facts);
    expect(first?.changes).toEqual([
      { scope: { all: true }, expiresAt: null, changedBy: 'sol', changedAt: at('11:00') },
    ]);
    expect(second?.durationMs).toBe(3_600_000);
    expect(ends(history('eva', ...facts))).toEqual([['b2', 'merged', at('11:00'), 'sol']]);
  });

  it('says of one that had run out before the merge that it expired', () => {
    const facts = [
      of('eva', blocked('b2', at('10:00'), { expiresAt: at('10:30') })),
      merged({ ...both, blockOutcome: { keptBlockId: null, endedBlockId: 'b2', endedAt: at('10:30') }, block: null }),
    ];
    expect(ends(history('ada', ...facts))).toEqual([['b2', 'expired', at('10:30'), null]]);
  });

  it('gives each side its own again when the merge is undone', () => {
    const facts = [
      of('ada', blocked('b1', at('09:00'))),
      of('eva', blocked('b2', at('10:00'))),
      merged({ ...both, block: state('b1') }),
      unmerged(state('b1'), state('b2')),
      of('eva', unblocked('b2', at('12:30'))),
    ];
    expect(ends(history('ada', ...facts))).toEqual([['b1', null, null, null]]);
    expect(ends(history('eva', ...facts))).toEqual([['b2', 'unblocked', at('12:30'), 'adm']]);
  });
});
