import { describe, expect, it } from '@jest/globals';
import { fold } from '#kernel';
import { asked, at, callers, given } from '#kernel/given';
import { IgnoreBlockedMessage, ignoredDecider, ignoredKey, type IgnoredEvent } from './ignored-messages.js';

type Data = IgnoredEvent['data'];
const ignored = (data: Partial<Data> = {}): IgnoredEvent => ({
  type: 'BlockedMessageIgnored',
  data: {
    contactId: 'carla',
    blockId: 'b1',
    identityId: 'i1',
    channel: 'whatsapp',
    conversationId: 'conv',
    providerMessageId: 'wamid.1',
    providerMessageKey: 'k1',
    sentAt: at('10:05'),
    receivedAt: at('10:05:01'),
    mode: 'ignore',
    contentHmac: 'mac',
    content: null,
    ...data,
  },
});
const ignore = (data: Partial<Data> = {}) =>
  new IgnoreBlockedMessage(ignored(data).data, asked(callers.integration, at('10:05:01')));

describe('a blocked customer’s message', () => {
  it('leaves the one fact that it came, and proof of its content without the content [H12 I4]', () => {
    given(ignoredDecider).when(ignore()).then(ignored());
  });
  it('leaves nothing else that a caller sent', () => {
    given(ignoredDecider)
      .when(ignore({ content: { text: 'secret' }, note: 'secret' } as Partial<Data>))
      .then(ignored());
  });
  it.each(['quarantine', 'receive'] as const)('keeps its content in the mode %s [I4]', (mode) => {
    const content = { text: 'Hello?' };
    given(ignoredDecider).when(ignore({ mode, content })).then(ignored({ mode, content }));
  });
  it('is quarantined under a key of its contact and its day, which can be destroyed alone', () => {
    const day = (receivedAt: string) => {
      const fact = ignored({ mode: 'quarantine', receivedAt });
      return ignoredDecider.sealedFor?.(fold(ignoredDecider.evolve, ignoredDecider.initial, [fact]), fact);
    };
    expect([day('2026-03-10T23:59:59.999Z'), day('2026-03-11T00:00:00.000Z')]).toEqual([
      'contact:carla:2026-03-10',
      'contact:carla:2026-03-11',
    ]);
  });
  it('is the same message again for the same conversation and provider id only', () => {
    given(ignoredDecider, ignored())
      .when(ignore({ blockId: 'b2', receivedAt: at('11:00') }))
      .thenNothing();
    given(ignoredDecider, ignored())
      .when(ignore({ conversationId: 'other' }))
      .thenTypes('BlockedMessageIgnored');
    given(ignoredDecider, ignored())
      .when(ignore({ providerMessageKey: 'k2' }))
      .thenTypes('BlockedMessageIgnored');
  });
  it('never arrived before the one before it [I0]', () => {
    given(ignoredDecider, ignored())
      .when(ignore({ providerMessageKey: 'k2', sentAt: null, receivedAt: at('10:00') }))
      .then(ignored({ providerMessageKey: 'k2', sentAt: null, receivedAt: at('10:05:01') }));
  });
  it('is recognised among the latest thousand, so that a flood does not swell the state', () => {
    const flood = Array.from({ length: 1001 }, (_, n) => ignored({ providerMessageKey: `k${String(n)}` }));
    const state = fold(ignoredDecider.evolve, ignoredDecider.initial, flood);
    expect(state.recent).toHaveLength(1000);
    expect(state.recent[0]?.key).toBe(ignoredKey('conv', 'k1'));
    given(ignoredDecider, ...flood)
      .when(ignore({ providerMessageKey: 'k1' }))
      .thenNothing();
    given(ignoredDecider, ...flood)
      .when(ignore({ providerMessageKey: 'k0' }))
      .thenTypes('BlockedMessageIgnored');
  });
  it('goes to the stream and the key of the contact whose episode covers', () => {
    expect(ignoredDecider.idOf(ignore())).toBe('carla');
    expect(
      ignoredDecider.sealedFor?.(fold(ignoredDecider.evolve, ignoredDecider.initial, [ignored()]), ignored()),
    ).toBe('contact:carla');
  });
});
