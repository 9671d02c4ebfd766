// What becomes of two contacts' blocks when they are merged and separated: at any instant neither is covered less than before.
import { describe, expect, it } from '@jest/globals';
import { fold, intervalAt, isRejection } from '#kernel';
import { asked, at, callers } from '#kernel/given';
import {
  AbsorbContact,
  blockAt,
  CompleteMerge,
  contactDecider,
  coverageOf,
  RestoreContact,
  SeparateContacts,
  type AbsorbedContact,
  type Contact,
  type ContactCommand,
  type ContactEvent,
  type Scope,
} from './contact.js';
import { presentContact } from './present-contact.js';

type Block = {
  readonly scope?: Scope;
  readonly expiresAt?: string;
  readonly from?: string;
  /** When a cookie was attached, which the block does not reach: `ada-2`, and so on. */
  readonly cookieAt?: string;
};

/** `ada` has the address `ada-1`, and so on; blocked if `block` is given. */
const contact = (contactId: string, block: Block | null): Contact => {
  const identityId = `${contactId}-1`;
  const facts: ContactEvent[] = [
    {
      type: 'ContactRegistered',
      data: {
        contactId,
        displayName: contactId,
        source: 'manual',
        identities: [{ identityId, kind: 'whatsapp', value: '+5511987650001', verified: true }],
        registeredAt: at('09:00'),
      },
    },
  ];
  if (block !== null)
    facts.push({
      type: 'ContactBlocked',
      data: {
        contactId,
        blockId: `block of ${contactId}`,
        kind: 'protection',
        scope: block.scope ?? { all: true },
        reasonCode: 'abuse',
        reasonText: `what ${contactId} wrote`,
        blockedBy: 'ana',
        blockedAt: block.from ?? at('09:30'),
        originConversationId: null,
        noticeMessageId: null,
        expiresAt: block.expiresAt ?? null,
        coveredIdentityIds: [identityId],
        policy: { inboundMode: 'ignore', unblockBy: 'admin', closeOpen: true },
      },
    });
  if (block?.cookieAt !== undefined) facts.push(cookie(contactId, block.cookieAt, false));
  return fold(contactDecider.evolve, contactDecider.initial, facts);
};

const cookie = (contactId: string, attachedAt: string, verified: boolean, of = contactId): ContactEvent => ({
  type: 'ContactIdentityAttached',
  data: { contactId, identityId: `${of}-2`, kind: 'webchat', value: `cookie of ${of}`, verified, attachedAt },
});

const after = (state: Contact, command: ContactCommand): Contact => {
  const decided = contactDecider.decide(command, state);
  if (isRejection(decided)) throw new Error(decided.rejected);
  return fold(contactDecider.evolve, state, decided);
};
const by = (time: string) => asked(callers.system, at(time));
const about = { mine: true, mergeId: 'm1' };

const merged = (own: Block | null, other: Block | null, times: readonly [string, string] = ['10:00', '10:05']) => {
  const survivor = contact('ada', own);
  const absorbed = after(
    contact('eva', other),
    new AbsorbContact({ ...about, contactId: 'eva', intoId: 'ada' }, by(times[0])),
  ) as AbsorbedContact;
  const command = new CompleteMerge(
    { ...about, contactId: 'ada', absorbed, walletOutcome: [], mergedBy: 'sol' },
    by(times[1]),
  );
  return { survivor, absorbed, both: after(survivor, command) };
};
const separated = (
  { both, absorbed }: ReturnType<typeof merged>,
  time = '11:00',
): { readonly ada: Contact; readonly eva: Contact } => {
  const ada = after(both, new SeparateContacts({ ...about, contactId: 'ada', absorbed, undoneBy: 'sol' }, by(time)));
  const restored = ada.status === 'active' ? ada.merges[0]?.restored : null;
  if (restored === undefined || restored === null) throw new Error('nothing was given back');
  const command = new RestoreContact(
    { ...about, contactId: 'eva', fromId: 'ada', restored, undoneBy: 'sol' },
    by(time),
  );
  return { ada, eva: after(absorbed, command) };
};
const covering = (state: Contact, identityId: string, time: string, channel = 'whatsapp'): string | null =>
  intervalAt(coverageOf(state, identityId, channel), at(time))?.blockId ?? null;

describe('a merge', () => {
  it('of two that are not blocked blocks nobody', () => {
    const { both } = merged(null, null);
    expect(blockAt(both, at('10:06'))).toBeNull();
    expect([covering(both, 'ada-1', '10:06'), covering(both, 'eva-1', '10:06')]).toEqual([null, null]);
  });

  it.each([
    ['survivor', { own: {}, other: null }],
    ['absorbed', { own: null, other: {} }],
  ] as const)('covers both from the freezing on if the %s was blocked, who keeps the start [I14]', (side, blocks) => {
    const { both } = merged(blocks.own, blocks.other);
    const [was, joins] = side === 'survivor' ? ['ada', 'eva'] : ['eva', 'ada'];
    expect(blockAt(both, at('10:06'))).toMatchObject({ blockId: `block of ${was}`, reasonText: `what ${was} wrote` });
    expect(covering(both, `${was}-1`, '09:45')).toBe(`block of ${was}`);
    expect(covering(both, `${joins}-1`, '09:59')).toBeNull();
    for (const one of ['ada-1', 'eva-1']) expect(covering(both, one, '10:00')).toBe(`block of ${was}`);
  });

  it('unites scopes and takes the later end where both were blocked [I14]', () => {
    const { both } = merged(
      { scope: { channels: ['sms'] }, expiresAt: at('12:00') },
      { scope: { channels: ['whatsapp'] }, expiresAt: at('13:00') },
    );
    expect(blockAt(both, at('10:06'))).toMatchObject({
      blockId: 'block of ada',
      scope: { channels: ['sms', 'whatsapp'] },
      expiresAt: at('13:00'),
    });
    for (const one of ['ada-1', 'eva-1']) {
      for (const channel of ['sms', 'whatsapp']) {
        expect(covering(both, one, '12:30', channel)).toBe('block of ada');
        expect(covering(both, one, '13:00', channel)).toBeNull();
      }
    }
    expect(covering(both, 'eva-1', '09:45')).toBe('block of eva');
    expect(covering(both, 'ada-1', '09:45')).toBeNull();
  });

  it('reaches with either block the cookies that the own one of a side did not reach [I14]', () => {
    const { both } = merged(
      { scope: { channels: ['sms'] }, cookieAt: at('09:40') },
      { scope: { channels: ['webchat'] }, cookieAt: at('09:50') },
    );
    for (const one of ['ada-2', 'eva-2']) {
      expect(covering(both, one, '09:59', 'webchat')).toBeNull();
      expect(covering(both, one, '10:00', 'webchat')).toBe('block of ada');
    }
    const alone = merged({ cookieAt: at('09:40') }, null).both;
    expect(covering(alone, 'ada-2', '10:06', 'webchat')).toBeNull();
  });

  it('does not bring back a block that ran out between its steps', () => {
    const { both } = merged(null, { expiresAt: at('10:03') });
    expect(blockAt(both, at('10:05'))).toBeNull();
    expect(covering(both, 'eva-1', '10:02')).toBe('block of eva');
    expect(covering(both, 'eva-1', '10:03')).toBeNull();
  });

  it('is told before its second step as it will be behind it [I4 I14]', () => {
    for (const [own, other] of [
      [{}, null],
      [null, {}],
      [{ scope: { channels: ['sms'] as const } }, { scope: { channels: ['whatsapp'] as const } }],
    ] as const) {
      const { survivor, absorbed, both } = merged(own, other);
      const contacts = new Map([
        ['ada', survivor],
        ['eva', absorbed],
      ]);
      for (const id of ['ada', 'eva']) {
        const present = presentContact(contacts, id, at('10:05'));
        for (const one of ['ada-1', 'eva-1'])
          for (const channel of ['sms', 'whatsapp'])
            expect(coverageOf(present, one, channel)).toEqual(coverageOf(both, one, channel));
      }
    }
  });
});

describe('undoing a merge', () => {
  it.each([
    ['survivor', { own: {}, other: null }],
    ['absorbed', { own: null, other: {} }],
  ] as const)('leaves blocked only the %s, who was; the past stays covered for both [I4]', (side, blocks) => {
    const { ada, eva } = separated(merged(blocks.own, blocks.other));
    const [was, not] = side === 'survivor' ? [ada, eva] : [eva, ada];
    const [wasId, notId] = side === 'survivor' ? ['ada', 'eva'] : ['eva', 'ada'];
    expect([blockAt(was, at('11:01'))?.blockId, blockAt(not, at('11:01'))]).toEqual([`block of ${wasId}`, null]);
    expect([covering(was, `${wasId}-1`, '11:01'), covering(not, `${notId}-1`, '11:01')]).toEqual([
      `block of ${wasId}`,
      null,
    ]);
    for (const [one, id] of [
      [ada, 'ada-1'],
      [eva, 'eva-1'],
    ] as const)
      expect(covering(one, id, '10:30')).toBe(`block of ${wasId}`);
  });

  it('gives both their own blocks back, as wide and as long as they were, and uncovers nothing of the past', () => {
    const { ada, eva } = separated(
      merged({ scope: { channels: ['sms'] }, expiresAt: at('10:30') }, { scope: { channels: ['whatsapp'] } }),
    );
    // It would be over by then: it ends with the separation, not before.
    expect(blockAt(ada, at('11:00'))).toBeNull();
    expect(covering(ada, 'ada-1', '10:59', 'sms')).toBe('block of ada');
    expect(blockAt(eva, at('11:00'))).toMatchObject({ blockId: 'block of eva', scope: { channels: ['whatsapp'] } });
    expect(covering(eva, 'eva-1', '11:00', 'sms')).toBeNull();
    expect(covering(eva, 'eva-1', '10:59', 'sms')).toBe('block of ada');
  });

  it('leaves the cookies that neither block reached before, and covers those that were verified since', () => {
    const whole = merged({ cookieAt: at('09:40') }, { cookieAt: at('09:50') });
    for (const isVerified of [false, true]) {
      const since = ['ada', 'eva'].map((of) => cookie('ada', at('10:30'), isVerified, of));
      const { ada, eva } = separated(
        isVerified ? { ...whole, both: fold(contactDecider.evolve, whole.both, since) } : whole,
      );
      for (const [one, id] of [
        [ada, 'ada'],
        [eva, 'eva'],
      ] as const) {
        expect(covering(one, `${id}-2`, '10:59', 'webchat')).toBe('block of ada');
        expect(covering(one, `${id}-2`, '11:00', 'webchat')).toBe(isVerified ? `block of ${id}` : null);
      }
    }
  });

  it('does not bring back what ended since', () => {
    const whole = merged({}, {});
    const unblocked: ContactEvent = {
      type: 'ContactUnblocked',
      data: {
        contactId: 'ada',
        blockId: 'block of ada',
        unblockedBy: 'adm',
        unblockedAt: at('10:30'),
        requestedBy: 'customer',
        reason: null,
        durationMs: 1,
      },
    };
    const { ada, eva } = separated({ ...whole, both: contactDecider.evolve(whole.both, unblocked) });
    expect([blockAt(ada, at('11:01')), blockAt(eva, at('11:01'))]).toEqual([null, null]);
    expect([covering(eva, 'eva-1', '10:29'), covering(eva, 'eva-1', '10:30')]).toEqual(['block of ada', null]);
  });

  it('leaves detached what was detached since, and verified what was verified since', () => {
    const whole = merged(null, null);
    const detached: ContactEvent = {
      type: 'ContactIdentityDetached',
      data: { contactId: 'ada', identityId: 'eva-1', reason: 'removed', detachedAt: at('10:30') },
    };
    const { ada, eva } = separated({ ...whole, both: contactDecider.evolve(whole.both, detached) });
    expect(eva).toMatchObject({ status: 'active', identities: [{ identityId: 'eva-1', detachedAt: at('10:30') }] });
    expect(ada).toMatchObject({ identities: [{ identityId: 'ada-1', detachedAt: null }] });
  });

  it('is told before its second step as it will be behind it [I4]', () => {
    const whole = merged({}, {});
    const { ada, eva } = separated(whole);
    const contacts = new Map<string, Contact>([
      ['ada', ada],
      ['eva', whole.absorbed],
    ]);
    const present = presentContact(contacts, 'eva', at('11:00'));
    expect(coverageOf(present, 'eva-1', 'whatsapp')).toEqual(coverageOf(eva, 'eva-1', 'whatsapp'));
    expect(blockAt(present, at('11:01'))).toEqual(blockAt(eva, at('11:01')));
  });

  it('comes late, and freezes nobody again', () => {
    const { ada, eva } = separated(merged(null, null));
    const late = new AbsorbContact({ ...about, contactId: 'eva', intoId: 'ada' }, by('11:10'));
    expect(contactDecider.decide(late, eva)).toEqual([]);
    expect(ada.status).toBe('active');
  });
});
