import { describe, expect, it } from '@jest/globals';
import { fold, type Position } from '#kernel';
import { asked, at, callers, given } from '#kernel/given';
import { contactDecider, type Contact, type ContactEvent } from './contact.js';
import {
  ClaimIdentity,
  claimLostTo,
  coverageOfHolders,
  holdersOf,
  identityDecider,
  type Claim,
  type IdentityEvent,
} from './identity-claim.js';

const claimed = (data: Partial<Claim> = {}): IdentityEvent => ({
  type: 'IdentityClaimed',
  data: { contactId: 'carla', identityId: 'i1', claimedAt: at('10:00'), ...data },
});
const claim = ({ now = at('10:00'), ...data }: Partial<ClaimIdentity['data']> & { now?: string } = {}) =>
  new ClaimIdentity(
    { key: 'hmac', contactId: 'carla', identityId: 'i1', holders: [], unlessHeldBy: 'nobody', ...data },
    asked(callers.agent, now),
  );

describe('claiming an address', () => {
  it('is recorded, whoever else claims it', () => {
    given(identityDecider).when(claim()).then(claimed());
    given(identityDecider, claimed({ contactId: 'clara', identityId: 'i0' }))
      .when(claim({ holders: [{ contactId: 'clara' }] }))
      .then(claimed());
  });
  it('stays quiet when said again, though not for a new identity of the same contact', () => {
    given(identityDecider, claimed())
      .when(claim({ now: at('11:00') }))
      .thenNothing();
    given(identityDecider, claimed())
      .when(claim({ identityId: 'i2' }))
      .then(claimed({ identityId: 'i2' }));
  });
  it('stays quiet where inbound wants only what is free', () => {
    given(identityDecider)
      .when(claim({ unlessHeldBy: 'anybody' }))
      .then(claimed());
    given(identityDecider)
      .when(claim({ unlessHeldBy: 'anybody', holders: [{ contactId: 'clara' }] }))
      .thenNothing();
  });
  it('stays quiet where prevention finds another contact, not where it finds its own [K10 I13]', () => {
    given(identityDecider, claimed({ identityId: 'i0' }))
      .when(claim({ unlessHeldBy: 'another', holders: [{ contactId: 'carla' }] }))
      .then(claimed());
    given(identityDecider)
      .when(claim({ unlessHeldBy: 'another', holders: [{ contactId: 'carla' }, { contactId: 'clara' }] }))
      .thenNothing();
    given(identityDecider)
      .when(claim({ unlessHeldBy: 'nobody', holders: [{ contactId: 'clara' }] }))
      .then(claimed());
  });
  it('never lies before an earlier claim [I0]', () => {
    given(identityDecider, claimed({ contactId: 'clara', claimedAt: at('10:00:02') }))
      .when(claim())
      .then(claimed({ claimedAt: at('10:00:02') }));
  });
});

const registered = (contactId: string, ...identityIds: string[]): ContactEvent => ({
  type: 'ContactRegistered',
  data: {
    contactId,
    displayName: null,
    source: 'inbound',
    identities: identityIds.map((identityId) => ({
      identityId,
      kind: 'phone',
      value: '+5588999990000',
      verified: false,
    })),
    registeredAt: at('10:00'),
  },
});
const detached = (contactId: string, identityId: string): ContactEvent => ({
  type: 'ContactIdentityDetached',
  data: { contactId, identityId, reason: 'removed', detachedAt: at('10:30') },
});
const again = (contactId: string, identityId: string): ContactEvent => ({
  type: 'ContactIdentityAttached',
  data: { contactId, identityId, kind: 'phone', value: '+5588999990000', verified: false, attachedAt: at('11:00') },
});
const blockedFor = (contactId: string, identityId: string): readonly ContactEvent[] => [
  {
    type: 'ContactBlocked',
    data: {
      contactId,
      blockId: 'b1',
      kind: 'protection',
      scope: { all: true },
      reasonCode: null,
      reasonText: null,
      blockedBy: 'ana',
      blockedAt: at('10:10'),
      originConversationId: null,
      noticeMessageId: null,
      expiresAt: null,
      coveredIdentityIds: [identityId],
      policy: { inboundMode: 'ignore', unblockBy: 'admin', closeOpen: true },
    },
  },
  {
    type: 'ContactUnblocked',
    data: {
      contactId,
      blockId: 'b1',
      unblockedBy: 'ana',
      unblockedAt: at('10:20'),
      requestedBy: 'company',
      reason: null,
      durationMs: 600_000,
    },
  },
];
const contacts = (...facts: ContactEvent[][]): ReadonlyMap<string, Contact> =>
  new Map(
    facts.map((events) => [
      events[0]?.data.contactId ?? '',
      fold(contactDecider.evolve, contactDecider.initial, events),
    ]),
  );
const claims = (...data: Partial<Claim>[]): Claim[] => data.map((one) => claimed(one).data);
const holding = (all: readonly Claim[], of: ReadonlyMap<string, Contact>, now = at('12:00')) =>
  holdersOf(all, of, now).map((holder) => [holder.contactId, holder.identityId, holder.identity !== null]);

describe('the holders of an address', () => {
  const two = claims(
    { contactId: 'carla', identityId: 'i1' },
    { contactId: 'clara', identityId: 'i2', claimedAt: at('10:01') },
  );

  it('are the active contacts that have the claimed identity, oldest claim first', () => {
    expect(holding(two, contacts([registered('clara', 'i2')], [registered('carla', 'i1')]))).toEqual([
      ['carla', 'i1', true],
      ['clara', 'i2', true],
    ]);
  });
  it('are not those that detached it, or have it under another identity', () => {
    expect(
      holding(two, contacts([registered('carla', 'i1'), detached('carla', 'i1')], [registered('clara', 'i2')])),
    ).toEqual([['clara', 'i2', true]]);
    expect(holding(two, contacts([registered('carla', 'other')], [registered('clara', 'i2')]))).toEqual([
      ['clara', 'i2', true],
    ]);
  });
  it('keep hidden what was hidden of an address that was taken from them, and given back [I4 H14]', () => {
    const [carla] = holdersOf(
      claims({}, { identityId: 'i2', claimedAt: at('11:00') }),
      contacts([
        registered('carla', 'i1'),
        ...blockedFor('carla', 'i1'),
        detached('carla', 'i1'),
        again('carla', 'i2'),
      ]),
      at('12:00'),
    );
    const intervals = coverageOfHolders([carla!], 'whatsapp').map(({ from, to }) => [from, to]);
    expect([carla?.identityId, intervals]).toEqual(['i2', [[at('10:10'), at('10:20')]]]);
  });
  it('are for a minute those whose fact is still to come', () => {
    const one = claims({});
    expect(holding(one, contacts(), at('10:00:59.999'))).toEqual([['carla', 'i1', false]]);
    expect(holding(one, contacts(), at('10:01'))).toEqual([]);
    expect(holding(one, contacts([registered('carla', 'other')]), at('10:00:30'))).toEqual([['carla', 'i1', false]]);
  });
  it('are not for a minute those that had and lost it', () => {
    expect(
      holding(
        claims({ claimedAt: at('10:29:50') }),
        contacts([registered('carla', 'i1'), detached('carla', 'i1')]),
        at('10:30:10'),
      ),
    ).toEqual([]);
  });
  it('stand with the identity that they have, not with a later or earlier claim still under way, once each', () => {
    const all = claims(
      { identityId: 'i0' },
      { identityId: 'i1', claimedAt: at('10:00:10') },
      { identityId: 'i2', claimedAt: at('10:00:20') },
    );
    expect(holding(all, contacts([registered('carla', 'i1')]), at('10:00:30'))).toEqual([['carla', 'i1', true]]);
  });
  it('keep their place by their oldest valid claim', () => {
    const all = claims({ identityId: 'i0' }, { contactId: 'clara', identityId: 'i2' }, { identityId: 'i1' });
    const now = contacts([registered('carla', 'i1')], [registered('clara', 'i2')]);
    expect(holding(all, now, at('10:00:30'))[0]).toEqual(['carla', 'i1', true]);
    expect(holding(all, now, at('12:00'))[0]).toEqual(['clara', 'i2', true]);
  });
});

describe('a claim', () => {
  /** Claims at places 1, 2, … of the log. */
  const placed = (...all: readonly Partial<Claim>[]) =>
    claims(...all).map((claim, index) => ({ ...claim, position: place(index + 1) }));
  const place = (number: number): Position => String(number) as Position;
  const late = placed({}, { contactId: 'clara', identityId: 'i2', claimedAt: at('10:01:30') });
  it('is lost when another claimed after its minute and before its fact [I13]', () => {
    expect(claimLostTo(late, 'i1', place(3))).toEqual({ contactId: 'clara' });
    expect(
      claimLostTo(placed({}, { contactId: 'clara', identityId: 'i2', claimedAt: at('10:01') }), 'i1', place(3)),
    ).toEqual({ contactId: 'clara' });
  });
  it('is not lost when its fact lies before the other claim, to the same contact, or to one made while it was valid', () => {
    expect(claimLostTo(late, 'i1', place(2))).toBeNull();
    expect(claimLostTo(placed({}, { identityId: 'i2', claimedAt: at('10:01:30') }), 'i1', place(3))).toBeNull();
    expect(
      claimLostTo(placed({}, { contactId: 'clara', identityId: 'i2', claimedAt: at('10:00:30') }), 'i1', place(3)),
    ).toBeNull();
    expect(claimLostTo(late, 'i2', place(3))).toBeNull();
  });
  it('that was never made is lost', () => {
    expect(claimLostTo([], 'i1', place(3))).toEqual({ contactId: null });
  });
});
