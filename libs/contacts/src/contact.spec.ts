import { describe, expect, it } from '@jest/globals';
import { fold, intervalAt, type Caller } from '#kernel';
import { asked, at, callers, given } from '#kernel/given';
import { NOTHING_PREVENTED } from './addresses.js';
import {
  AttachIdentity,
  BlockContact,
  blockAt,
  ChangeBlock,
  contactDecider,
  coverageOf,
  DetachIdentity,
  EditContact,
  ExpireBlock,
  mayUnblock,
  RegisterContact,
  ReportDuplicate,
  UnblockContact,
  type BlockRules,
  type ContactEvent,
} from './contact.js';

const { agent, limited, claimer, supervisor, admin, auditor, ops, integration, system } = callers;
const everyone = Object.values(callers);

type DataOf<T extends ContactEvent['type']> = Extract<ContactEvent, { type: T }>['data'];
type Asking<C extends abstract new (...args: never) => { data: unknown }> = Partial<InstanceType<C>['data']> & {
  as?: Caller;
  now?: string;
};

const contactId = 'carla';
const rules: BlockRules = {
  unblockBy: 'admin',
  blockBy: 'anyAgent',
  requireConfirm: true,
  notice: 'optional',
  closeOpen: true,
  inboundMode: 'ignore',
  defaultScope: 'allChannels',
  reason: 'optional',
  allowExpiry: true,
};
const phone = { identityId: 'phone-1', kind: 'phone', value: '+5588999990000', verified: false } as const;
const cookie = { identityId: 'cookie-1', kind: 'webchat', value: 'a1', verified: false } as const;

// Facts
const registered = (data: Partial<DataOf<'ContactRegistered'>> = {}): ContactEvent => ({
  type: 'ContactRegistered',
  data: { contactId, displayName: 'Carla', source: 'manual', identities: [phone], registeredAt: at('09:00'), ...data },
});
const blocked = (data: Partial<DataOf<'ContactBlocked'>> = {}): ContactEvent => ({
  type: 'ContactBlocked',
  data: {
    contactId,
    blockId: 'b1',
    kind: 'protection',
    scope: { all: true },
    reasonCode: null,
    reasonText: null,
    blockedBy: 'ana',
    blockedAt: at('10:00'),
    originConversationId: null,
    noticeMessageId: null,
    expiresAt: null,
    coveredIdentityIds: ['phone-1'],
    policy: { inboundMode: 'ignore', unblockBy: 'admin', closeOpen: true },
    ...data,
  },
});
const changed = (data: Partial<DataOf<'ContactBlockChanged'>> = {}): ContactEvent => ({
  type: 'ContactBlockChanged',
  data: { contactId, blockId: 'b1', changedBy: 'adm', changedAt: at('11:00'), ...data },
});
const unblocked = (data: Partial<DataOf<'ContactUnblocked'>> = {}): ContactEvent => ({
  type: 'ContactUnblocked',
  data: {
    contactId,
    blockId: 'b1',
    unblockedBy: 'adm',
    unblockedAt: at('12:00'),
    requestedBy: 'company',
    reason: null,
    durationMs: 2 * 3_600_000,
    ...data,
  },
});
const expired = (expiredAt: string, blockId = 'b1'): ContactEvent => ({
  type: 'ContactBlockExpired',
  data: { contactId, blockId, expiredAt },
});
const attached = (data: Partial<DataOf<'ContactIdentityAttached'>> = {}): ContactEvent => ({
  type: 'ContactIdentityAttached',
  data: {
    contactId,
    identityId: 'tg-1',
    kind: 'telegram',
    value: '@carla',
    verified: false,
    attachedAt: at('11:00'),
    ...data,
  },
});
const detached = (data: Partial<DataOf<'ContactIdentityDetached'>> = {}): ContactEvent => ({
  type: 'ContactIdentityDetached',
  data: { contactId, identityId: 'phone-1', reason: 'removed', detachedAt: at('11:00'), ...data },
});
const duplicate = (otherContactId: string, kind: 'phone' | 'telegram' = 'phone'): ContactEvent => ({
  type: 'DuplicateContactDetected',
  data: { contactId, otherContactId, kind },
});
const tagged = (tag: string): ContactEvent => ({ type: 'ContactTagged', data: { contactId, tag } });
const untagged = (tag: string): ContactEvent => ({ type: 'ContactUntagged', data: { contactId, tag } });

// Commands
const register = ({ as = agent, now = at('09:00'), ...data }: Asking<typeof RegisterContact> = {}) =>
  new RegisterContact(
    {
      contactId,
      displayName: 'Carla',
      source: 'manual',
      identities: [phone],
      tags: [],
      others: [],
      consents: [],
      prevents: NOTHING_PREVENTED,
      ...data,
    },
    asked(as, now),
  );
const attach = ({ as = agent, now = at('11:00'), ...data }: Asking<typeof AttachIdentity> = {}) =>
  new AttachIdentity(
    {
      contactId,
      mine: true,
      identityId: 'tg-1',
      kind: 'telegram',
      value: '@carla',
      verified: false,
      claimedAs: [],
      others: [],
      prevents: NOTHING_PREVENTED,
      ...data,
    },
    asked(as, now),
  );
const detach = ({ as = admin, now = at('11:00'), ...data }: Asking<typeof DetachIdentity> = {}) =>
  new DetachIdentity(
    { contactId, mine: true, identityId: 'phone-1', reason: 'removed', rules, ...data },
    asked(as, now),
  );
const edit = ({ as = agent, now = at('11:00'), ...data }: Asking<typeof EditContact> = {}) =>
  new EditContact({ contactId, mine: true, addTags: [], removeTags: [], ...data }, asked(as, now));
const report = ({ as = system, now = at('11:00'), ...data }: Asking<typeof ReportDuplicate> = {}) =>
  new ReportDuplicate({ contactId, mine: true, otherContactId: 'clara', kind: 'phone', ...data }, asked(as, now));
const block = ({
  as = agent,
  now = at('10:00'),
  onBehalfOf,
  ...data
}: Asking<typeof BlockContact> & { onBehalfOf?: string } = {}) =>
  new BlockContact(
    { contactId, mine: true, blockId: 'b1', confirm: true, rules, ...data },
    asked(as, now, onBehalfOf === undefined ? {} : { onBehalfOf }),
  );
const change = ({ as = admin, now = at('11:00'), ...data }: Asking<typeof ChangeBlock> = {}) =>
  new ChangeBlock({ contactId, mine: true, rules, ...data }, asked(as, now));
const unblock = ({ as = admin, now = at('12:00'), ...data }: Asking<typeof UnblockContact> = {}) =>
  new UnblockContact({ contactId, mine: true, confirm: true, requestedBy: 'company', rules, ...data }, asked(as, now));
const expire = ({ now = at('12:00'), ...data }: Asking<typeof ExpireBlock> = {}) =>
  new ExpireBlock({ contactId, mine: true, blockId: 'b1', expiresAt: at('12:00'), ...data }, asked(system, now));

const after = (...facts: readonly ContactEvent[]) => fold(contactDecider.evolve, contactDecider.initial, facts);
const episodeAt = (facts: readonly ContactEvent[], identityId: string, channel: string, time: string): string | null =>
  intervalAt(coverageOf(after(...facts), identityId, channel), time)?.blockId ?? null;

describe('registering a contact', () => {
  it('records name, source, addresses and tags, and blocks nothing', () => {
    given(contactDecider)
      .when(register({ tags: ['vip', 'vip'], source: 'import' }))
      .then(registered({ source: 'import' }), tagged('vip'));
  });
  it('stores of an address what belongs to the fact and nothing else that a caller sent', () => {
    given(contactDecider)
      .when(register({ identities: [{ ...phone, secret: 'x' } as typeof phone] }))
      .then(registered());
  });
  it('reports each other holder of one of the addresses once, never the contact itself', () => {
    given(contactDecider)
      .when(
        register({
          others: [
            { contactId: 'clara', kind: 'phone' },
            { contactId: 'clara', kind: 'phone' },
            { contactId, kind: 'phone' },
          ],
        }),
      )
      .then(registered(), duplicate('clara'));
  });
  it('is refused where the tenant prevents a second contact with the phone or e-mail [K10 I13]', () => {
    const others = [{ contactId: 'clara', kind: 'phone' as const }];
    const prevents = { preventPhone: true, preventEmail: false };
    given(contactDecider)
      .when(register({ others, prevents }))
      .thenRejected('duplicate-contact', { contactId: 'clara' });
    given(contactDecider)
      .when(register({ others, prevents: { preventPhone: false, preventEmail: true } }))
      .then(registered(), duplicate('clara'));
    given(contactDecider)
      .when(register({ others: [{ contactId, kind: 'phone' }], prevents }))
      .then(registered());
    given(contactDecider, registered()).when(register({ others, prevents })).thenNothing();
  });
  it('is refused to agents who see only some conversations', () => {
    given(contactDecider)
      .when(register({ as: limited }))
      .thenRejected('forbidden');
    given(contactDecider)
      .when(register({ as: claimer }))
      .thenRejected('forbidden');
  });
  it('stays quiet where the contact exists, so that a crash half-way and its retry meet', () => {
    given(contactDecider, registered())
      .when(register({ displayName: 'Other' }))
      .thenNothing();
  });
});

describe('what is not there, or not to be seen', () => {
  const commands = [attach(), detach(), edit({ displayName: 'x' }), report(), block(), change(), unblock(), expire()];
  it.each(commands.map((command) => [command.type, command] as const))(
    '%s is told that there is no such contact',
    (_type, command) => {
      given(contactDecider).when(command).thenRejected('not-found');
    },
  );
  const unseen = [
    attach({ mine: false }),
    detach({ mine: false }),
    edit({ mine: false, displayName: 'x' }),
    report({ mine: false }),
    block({ mine: false }),
    change({ mine: false }),
    unblock({ mine: false }),
  ];
  it.each(unseen.map((command) => [command.type, command] as const))(
    '%s on a contact out of the caller’s sight hears the same, whatever else would be refused [B14]',
    (_type, command) => {
      given(contactDecider, registered(), blocked()).when(command).thenRejected('not-found');
    },
  );
});

describe('attaching an address', () => {
  it('is refused where the tenant prevents a second contact with it, unless the contact has it already [K10 I13]', () => {
    const asked = {
      kind: 'email' as const,
      others: [{ contactId: 'clara', kind: 'email' as const }],
      prevents: { preventPhone: false, preventEmail: true },
    };
    given(contactDecider, registered()).when(attach(asked)).thenRejected('duplicate-contact', { contactId: 'clara' });
    given(contactDecider, registered(), attached({ kind: 'email' }))
      .when(attach(asked))
      .thenNothing();
    given(contactDecider, registered())
      .when(attach({ ...asked, prevents: NOTHING_PREVENTED }))
      .then(attached({ kind: 'email' }), {
        ...duplicate('clara'),
        data: { contactId, otherContactId: 'clara', kind: 'email' },
      } as ContactEvent);
  });
  it('adds it with the time of the attachment', () => {
    given(contactDecider, registered()).when(attach()).then(attached());
  });
  it('verifies one that is there under its own identity and kind, and says it once', () => {
    const verify = attach({
      identityId: 'sms-9',
      kind: 'sms',
      value: phone.value,
      verified: true,
      claimedAs: ['phone-1'],
    });
    const verified = attached({ identityId: 'phone-1', kind: 'phone', value: phone.value, verified: true });
    given(contactDecider, registered()).when(verify).then(verified);
    given(contactDecider, registered(), verified).when(verify).thenNothing();
  });
  it('never makes a verified one unverified', () => {
    const facts = [registered(), attached({ verified: true })];
    given(contactDecider, ...facts)
      .when(attach({ verified: false }))
      .thenNothing();
    expect(after(...facts, attached({ verified: false }))).toMatchObject({
      identities: [{ verified: false }, { verified: true }],
    });
  });
  it('reports other holders when it is new, and each of them once', () => {
    const others = [{ contactId: 'clara', kind: 'telegram' }] as const;
    given(contactDecider, registered()).when(attach({ others })).then(attached(), duplicate('clara', 'telegram'));
    given(contactDecider, registered(), duplicate('clara')).when(attach({ others })).then(attached());
  });
  it('may take a detached address back under a new identity only', () => {
    const facts = [registered(), detached({ detachedAt: at('10:00') })];
    const again = { kind: 'phone', value: phone.value, claimedAs: ['phone-1'] } as const;
    given(contactDecider, ...facts)
      .when(attach({ ...again, identityId: 'phone-2' }))
      .thenTypes('ContactIdentityAttached');
    given(contactDecider, ...facts)
      .when(attach({ ...again, identityId: 'phone-1' }))
      .thenNothing();
  });
  it('says first that an episode ran out, and then covers nothing [I0]', () => {
    const facts = [registered(), blocked({ expiresAt: at('10:30') })];
    given(contactDecider, ...facts)
      .when(attach())
      .then(expired(at('10:30')), attached());
    expect(episodeAt([...facts, expired(at('10:30')), attached()], 'tg-1', 'telegram', at('11:30'))).toBeNull();
  });
});

describe('detaching an address', () => {
  it('takes it off a contact that is not blocked, whoever edits', () => {
    given(contactDecider, registered())
      .when(detach({ as: agent }))
      .then(detached());
  });
  it('of a blocked contact needs the right to unblock [H16 I5]', () => {
    const facts = [registered(), blocked()];
    given(contactDecider, ...facts)
      .when(detach({ as: agent }))
      .thenRejected('administrator-required');
    given(contactDecider, ...facts)
      .when(detach({ as: supervisor }))
      .thenRejected('administrator-required');
    given(contactDecider, ...facts)
      .when(detach({ as: admin }))
      .then(detached());
    given(contactDecider, ...facts)
      .when(detach({ as: supervisor, rules: { ...rules, unblockBy: 'supervisor' } }))
      .then(detached());
    given(contactDecider, ...facts)
      .when(detach({ as: system, reason: 'claim_lost' }))
      .then(detached({ reason: 'claim_lost' }));
    given(contactDecider, ...facts)
      .when(detach({ as: system, reason: 'claim_lost', lostTo: { contactId: 'clara', kind: 'phone' } }))
      .then(detached({ reason: 'claim_lost' }), duplicate('clara'));
  });
  it('needs no such right once the episode ran out, and says its end first', () => {
    given(contactDecider, registered(), blocked({ expiresAt: at('11:00') }))
      .when(detach({ as: agent, now: at('11:00') }))
      .then(expired(at('11:00')), detached());
  });
  it('stays quiet about one that is not there', () => {
    given(contactDecider, registered())
      .when(detach({ identityId: 'other' }))
      .thenNothing();
    given(contactDecider, registered(), detached()).when(detach()).thenNothing();
  });
  it('ends what the block covers of it, at that time', () => {
    const facts = [registered(), blocked(), detached()];
    expect(episodeAt(facts, 'phone-1', 'sms', at('10:59:59.999'))).toBe('b1');
    expect(episodeAt(facts, 'phone-1', 'sms', at('11:00'))).toBeNull();
  });
});

describe('editing a contact', () => {
  it('changes the name and the tags', () => {
    given(contactDecider, registered(), tagged('old'))
      .when(edit({ displayName: 'Carla Dias', addTags: ['vip', 'vip'], removeTags: ['old'] }))
      .then(
        { type: 'ContactDetailsChanged', data: { contactId, displayName: 'Carla Dias' } },
        tagged('vip'),
        untagged('old'),
      );
  });
  it('stays quiet about what is so already [I17]', () => {
    given(contactDecider, registered(), tagged('vip'))
      .when(edit({ displayName: 'Carla', addTags: ['vip'], removeTags: ['old'] }))
      .thenNothing();
  });
  it('removes what is both to be added and to be removed', () => {
    given(contactDecider, registered())
      .when(edit({ addTags: ['vip'], removeTags: ['vip'] }))
      .thenNothing();
    given(contactDecider, registered(), tagged('vip'))
      .when(edit({ addTags: ['vip'], removeTags: ['vip'] }))
      .then(untagged('vip'));
  });
  it('says first that an episode ran out, but not where there is nothing to say', () => {
    const facts = [registered(), blocked({ expiresAt: at('10:30') })];
    given(contactDecider, ...facts)
      .when(edit({ addTags: ['vip'] }))
      .then(expired(at('10:30')), tagged('vip'));
    given(contactDecider, ...facts)
      .when(edit())
      .thenNothing();
  });
});

describe('reporting a duplicate', () => {
  it('says it once for each other contact, and never of the contact itself', () => {
    given(contactDecider, registered()).when(report()).then(duplicate('clara'));
    given(contactDecider, registered(), duplicate('clara')).when(report()).thenNothing();
    given(contactDecider, registered())
      .when(report({ otherContactId: contactId }))
      .thenNothing();
  });
});

describe('blocking', () => {
  it('can be done by any agent, at once, with a reason and the conversation it came from [H2 H7 H8 H21 R12]', () => {
    given(contactDecider, registered())
      .when(block({ reasonCode: 'abuse', reasonText: 'insults', originConversationId: 'conv' }))
      .then(blocked({ reasonCode: 'abuse', reasonText: 'insults', originConversationId: 'conv' }));
  });
  it('needs no conversation and no configuration [R2 H5]', () => {
    given(contactDecider, registered({ identities: [] }))
      .when(block())
      .then(blocked({ coveredIdentityIds: [] }));
  });
  it('is protection unless it is the customer’s wish [R11]', () => {
    given(contactDecider, registered())
      .when(block())
      .then(blocked({ kind: 'protection' }));
    given(contactDecider, registered())
      .when(block({ kind: 'do_not_contact' }))
      .then(blocked({ kind: 'do_not_contact' }));
  });
  it('spans every address that the contact has then, weak ones too, and none that it had before [H3 H19]', () => {
    given(contactDecider, registered({ identities: [phone, cookie] }), attached(), detached({ identityId: 'phone-1' }))
      .when(block({ now: at('11:30') }))
      .then(blocked({ blockedAt: at('11:30'), coveredIdentityIds: ['cookie-1', 'tg-1'] }));
  });
  it('is a person’s act, in their name also where the core completes it [H6 R12]', () => {
    given(contactDecider, registered())
      .when(block({ as: system, onBehalfOf: 'ana' }))
      .then(blocked({ blockedBy: 'ana' }));
    given(contactDecider, registered(), blocked({ scope: { channels: ['sms'] } }))
      .when(block({ as: system, onBehalfOf: 'ana', blockId: 'b2', now: at('11:00') }))
      .then(changed({ scope: { all: true }, changedBy: 'ana' }));
  });
  it('asks for confirmation, unless the tenant does not want that [H9]', () => {
    given(contactDecider, registered())
      .when(block({ confirm: false }))
      .thenRejected('confirmation-required');
    given(contactDecider, registered())
      .when(block({ confirm: false, rules: { ...rules, requireConfirm: false } }))
      .thenTypes('ContactBlocked');
  });
  it.each([
    ['anyAgent', ['agent', 'supervisor', 'admin', 'system']],
    ['supervisor', ['supervisor', 'admin', 'system']],
    ['admin', ['admin', 'system']],
  ] as const)('with block.blockBy %s is open to %j alone', (blockBy, roles) => {
    for (const as of everyone) {
      const outcome = given(contactDecider, registered()).when(
        block({ as, confirm: true, rules: { ...rules, blockBy } }),
      );
      if ((roles as readonly string[]).includes(as.role)) outcome.thenTypes('ContactBlocked');
      else outcome.thenRejected('forbidden');
    }
  });
  it('needs a reason code where the tenant asks for one', () => {
    const strict = { ...rules, reason: 'required' } as const;
    given(contactDecider, registered())
      .when(block({ rules: strict, reasonText: 'text alone' }))
      .thenRejected('reason-required');
    given(contactDecider, registered())
      .when(block({ rules: strict, reasonCode: 'abuse' }))
      .then(blocked({ reasonCode: 'abuse' }));
  });
  it('may carry a notice, unless the tenant switched notices off [H10]', () => {
    const off = { ...rules, notice: 'off' } as const;
    given(contactDecider, registered())
      .when(block({ rules: off, notice: { text: 'Bye' } }))
      .thenRejected('notice-off');
    given(contactDecider, registered())
      .when(block({ rules: off }))
      .then(blocked());
    given(contactDecider, registered())
      .when(block({ notice: { text: 'Bye' }, noticeMessageId: 'm1' }))
      .then(blocked({ noticeMessageId: 'm1' }));
    given(contactDecider, registered(), blocked())
      .when(block({ rules: off, notice: { text: 'Bye' } }))
      .thenNothing();
  });
  it('may end by itself only where the tenant allows it, and only in the future', () => {
    const expiresAt = at('12:00');
    given(contactDecider, registered()).when(block({ expiresAt })).then(blocked({ expiresAt }));
    given(contactDecider, registered())
      .when(block({ expiresAt, rules: { ...rules, allowExpiry: false } }))
      .thenRejected('expiry-not-allowed');
    for (const past of [at('09:59'), at('10:00')]) {
      given(contactDecider, registered())
        .when(block({ expiresAt: past }))
        .thenRejected('invalid-request', { errors: [{ path: 'expiresAt', message: 'must be in the future' }] });
    }
  });
  it('says that an end lies in the past before anything that a confirmation or a setting refuses', () => {
    const strict = { ...rules, allowExpiry: false, reason: 'required', notice: 'off' } as const;
    given(contactDecider, registered())
      .when(block({ expiresAt: at('09:59'), confirm: false, notice: { text: 'Bye' }, rules: strict }))
      .thenRejected('invalid-request', { errors: [{ path: 'expiresAt', message: 'must be in the future' }] });
    given(contactDecider, registered())
      .when(block({ expiresAt: at('09:59'), rules: { ...strict, blockBy: 'admin' } }))
      .thenRejected('forbidden');
    given(contactDecider, registered(), blocked())
      .when(block({ expiresAt: at('09:59') }))
      .thenNothing();
  });
  it('covers what is said, else what the tenant’s default says; without a conversation that is everything', () => {
    const here = { ...rules, defaultScope: 'thisChannel' } as const;
    given(contactDecider, registered())
      .when(block({ originChannel: 'sms' }))
      .then(blocked({ scope: { all: true } }));
    given(contactDecider, registered())
      .when(block({ originChannel: 'sms', rules: here }))
      .then(blocked({ scope: { channels: ['sms'] } }));
    given(contactDecider, registered())
      .when(block({ rules: here }))
      .then(blocked({ scope: { all: true } }));
    given(contactDecider, registered())
      .when(block({ rules: here, originChannel: 'sms', scope: { all: true } }))
      .then(blocked());
    given(contactDecider, registered())
      .when(block({ scope: { channels: ['viber', 'sms', 'viber'] } }))
      .then(blocked({ scope: { channels: ['sms', 'viber'] } }));
  });
  it('copies the policy of the day into the fact [I18]', () => {
    given(contactDecider, registered())
      .when(block({ rules: { ...rules, unblockBy: 'anyAgent', closeOpen: false } }))
      .then(blocked({ policy: { inboundMode: 'ignore', unblockBy: 'anyAgent', closeOpen: false } }));
    given(contactDecider, registered())
      .when(block({ rules: { ...rules, inboundMode: 'quarantine' } }))
      .then(blocked({ policy: { inboundMode: 'quarantine', unblockBy: 'admin', closeOpen: true } }));
  });
  it('stays one episode when said again, whatever else is said with it [I1 I17]', () => {
    const facts = [registered(), blocked()];
    given(contactDecider, ...facts)
      .when(
        block({
          blockId: 'b2',
          kind: 'do_not_contact',
          reasonCode: 'other',
          notice: { text: 'x' },
          noticeMessageId: 'm2',
          expiresAt: at('23:00'),
          now: at('11:00'),
        }),
      )
      .thenNothing();
    given(contactDecider, ...facts)
      .when(block({ blockId: 'b2', scope: { channels: ['sms'] }, now: at('11:00') }))
      .thenNothing();
    given(contactDecider, ...facts)
      .when(block({ blockId: 'b2', rules: { ...rules, reason: 'required' } }))
      .thenNothing();
  });
  it('widens the open episode when said again for more [I1]', () => {
    const facts = [registered(), blocked({ scope: { channels: ['sms'] } })];
    given(contactDecider, ...facts)
      .when(block({ blockId: 'b2', scope: { channels: ['viber'] }, now: at('11:00') }))
      .then(changed({ scope: { channels: ['sms', 'viber'] }, changedBy: 'ana' }));
    given(contactDecider, ...facts)
      .when(block({ blockId: 'b2', now: at('11:00') }))
      .then(changed({ scope: { all: true }, changedBy: 'ana' }));
  });
  it('does not come back after its end when a crash or a retry says it late', () => {
    given(contactDecider, registered(), blocked(), unblocked())
      .when(block({ now: at('13:00') }))
      .thenNothing();
    given(contactDecider, registered(), blocked({ expiresAt: at('11:00') }))
      .when(block({ now: at('13:00') }))
      .thenNothing();
  });
  it('again after an unblock is a new episode [R9]', () => {
    given(contactDecider, registered(), blocked(), unblocked())
      .when(block({ blockId: 'b2', now: at('13:00') }))
      .then(blocked({ blockId: 'b2', blockedAt: at('13:00') }));
  });
  it('after an expiry that no timer saw says the end first [I0 I1]', () => {
    given(contactDecider, registered(), blocked({ expiresAt: at('11:00') }))
      .when(block({ blockId: 'b2', now: at('11:00') }))
      .then(expired(at('11:00')), blocked({ blockId: 'b2', blockedAt: at('11:00') }));
  });
  it('never lies before what the contact knows already [I0]', () => {
    given(contactDecider, registered({ registeredAt: at('10:00:05') }))
      .when(block({ now: at('10:00') }))
      .then(blocked({ blockedAt: at('10:00:05') }));
    given(
      contactDecider,
      registered(),
      attached({ identityId: 'phone-1', kind: 'phone', verified: true, attachedAt: at('10:00:01') }),
    )
      .when(block({ now: at('09:30') }))
      .then(blocked({ blockedAt: at('10:00:01') }));
  });
});

describe('changing a block', () => {
  const sms = { channels: ['sms'] } as const;
  it('widens the scope by anyone who may block', () => {
    given(contactDecider, registered(), blocked({ scope: sms }))
      .when(change({ as: agent, scope: { channels: ['viber', 'sms'] } }))
      .then(changed({ scope: { channels: ['sms', 'viber'] }, changedBy: 'ana' }));
  });
  it('widens for nobody who may not block', () => {
    const adminsBlock = { ...rules, blockBy: 'admin', unblockBy: 'supervisor' } as const;
    const facts = [registered(), blocked({ scope: sms, expiresAt: at('13:00') })];
    given(contactDecider, ...facts)
      .when(change({ as: agent, scope: { all: true }, rules: adminsBlock }))
      .thenRejected('forbidden');
    given(contactDecider, ...facts)
      .when(change({ as: agent, expiresAt: null, rules: adminsBlock }))
      .thenRejected('forbidden');
    given(contactDecider, ...facts)
      .when(change({ as: supervisor, expiresAt: at('14:00'), rules: adminsBlock }))
      .thenRejected('forbidden');
    given(contactDecider, ...facts)
      .when(change({ as: supervisor, reasonCode: 'x', rules: adminsBlock }))
      .thenRejected('forbidden');
    given(contactDecider, ...facts)
      .when(change({ as: supervisor, expiresAt: at('12:00'), rules: adminsBlock }))
      .thenTypes('ContactBlockChanged');
    for (const as of [auditor, ops, integration]) {
      given(contactDecider, ...facts)
        .when(change({ as, scope: { all: true } }))
        .thenRejected('forbidden');
    }
  });
  it.each([
    ['fewer channels', { scope: sms }],
    ['other channels', { scope: { channels: ['email'] } }],
    ['an end where there was none', { expiresAt: at('23:00') }],
  ] as const)('narrows (%s) only with the right to unblock [H16 I5]', (_what, narrower) => {
    const facts = [
      registered(),
      blocked({ scope: 'scope' in narrower ? { channels: ['sms', 'viber'] } : { all: true } }),
    ];
    given(contactDecider, ...facts)
      .when(change({ as: agent, ...narrower }))
      .thenRejected('administrator-required');
    given(contactDecider, ...facts)
      .when(change({ as: supervisor, ...narrower }))
      .thenRejected('administrator-required');
    given(contactDecider, ...facts)
      .when(change({ as: admin, ...narrower }))
      .then(changed(narrower));
    given(contactDecider, ...facts)
      .when(change({ as: agent, ...narrower, rules: { ...rules, unblockBy: 'anyAgent' } }))
      .thenTypes('ContactBlockChanged');
  });
  it('counts an earlier end as narrowing, a later or no end as widening [I5]', () => {
    const facts = [registered(), blocked({ expiresAt: at('13:00') })];
    given(contactDecider, ...facts)
      .when(change({ as: agent, expiresAt: at('12:59') }))
      .thenRejected('administrator-required');
    given(contactDecider, ...facts)
      .when(change({ as: agent, expiresAt: at('13:01') }))
      .then(changed({ expiresAt: at('13:01'), changedBy: 'ana' }));
    given(contactDecider, ...facts)
      .when(change({ as: agent, expiresAt: null }))
      .then(changed({ expiresAt: null, changedBy: 'ana' }));
  });
  it('from one channel to all is no narrowing', () => {
    given(contactDecider, registered(), blocked({ scope: sms }))
      .when(change({ as: agent, scope: { all: true } }))
      .thenTypes('ContactBlockChanged');
  });
  it('refuses an end in the past, and an end at all where the tenant does not allow it', () => {
    const facts = [registered(), blocked()];
    for (const expiresAt of [at('10:30'), at('11:00')])
      given(contactDecider, ...facts)
        .when(change({ expiresAt }))
        .thenRejected('invalid-request');
    given(contactDecider, ...facts)
      .when(change({ expiresAt: at('12:00'), rules: { ...rules, allowExpiry: false } }))
      .thenRejected('expiry-not-allowed');
    given(contactDecider, registered(), blocked({ expiresAt: at('12:00') }))
      .when(change({ expiresAt: null, rules: { ...rules, allowExpiry: false } }))
      .thenTypes('ContactBlockChanged');
  });
  it('rewrites the reason, but does not take it away where one is required', () => {
    const facts = [registered(), blocked({ reasonCode: 'abuse' })];
    given(contactDecider, ...facts)
      .when(change({ reasonCode: 'spam', reasonText: 'ads' }))
      .then(changed({ reasonCode: 'spam', reasonText: 'ads' }));
    given(contactDecider, ...facts)
      .when(change({ reasonCode: null }))
      .then(changed({ reasonCode: null }));
    given(contactDecider, ...facts)
      .when(change({ reasonCode: null, rules: { ...rules, reason: 'required' } }))
      .thenRejected('reason-required');
  });
  it('stays quiet about what is so already, also for those who may not narrow [I17]', () => {
    given(contactDecider, registered(), blocked({ scope: sms, reasonCode: 'abuse', expiresAt: at('13:00') }))
      .when(
        change({
          as: agent,
          scope: { channels: ['sms', 'sms'] },
          reasonCode: 'abuse',
          reasonText: null,
          expiresAt: at('13:00'),
        }),
      )
      .thenNothing();
  });
  it('finds nothing to change where there is no block, or it ran out', () => {
    given(contactDecider, registered())
      .when(change({ reasonCode: 'x' }))
      .thenRejected('contact-not-blocked');
    given(contactDecider, registered(), blocked(), unblocked())
      .when(change({ scope: sms }))
      .thenRejected('contact-not-blocked');
    given(contactDecider, registered(), blocked({ expiresAt: at('11:00') }))
      .when(change({ now: at('11:00'), expiresAt: null }))
      .thenRejected('contact-not-blocked');
  });
});

describe('unblocking', () => {
  it('ends the episode and records who asked for it, why, and how long it was [R10 R12]', () => {
    given(contactDecider, registered(), blocked())
      .when(unblock({ requestedBy: 'customer', reason: 'apologised' }))
      .then(unblocked({ requestedBy: 'customer', reason: 'apologised' }));
  });
  it.each([
    ['admin', ['admin', 'system']],
    ['supervisor', ['supervisor', 'admin', 'system']],
    ['anyAgent', ['agent', 'supervisor', 'admin', 'system']],
  ] as const)('with block.unblockBy %s is open to %j alone [H16 I5]', (unblockBy, roles) => {
    for (const as of everyone) {
      const allowed = (roles as readonly string[]).includes(as.role);
      const outcome = given(contactDecider, registered(), blocked()).when(
        unblock({ as, rules: { ...rules, unblockBy } }),
      );
      if (allowed) outcome.thenTypes('ContactUnblocked');
      else outcome.thenRejected('administrator-required');
      expect(mayUnblock(as.role, unblockBy)).toBe(allowed);
    }
  });
  it('goes by today’s setting, not by the one in the fact', () => {
    const facts = [
      registered(),
      blocked({ policy: { inboundMode: 'ignore', unblockBy: 'anyAgent', closeOpen: true } }),
    ];
    given(contactDecider, ...facts)
      .when(unblock({ as: agent }))
      .thenRejected('administrator-required');
  });
  it('asks for confirmation, after the right to it [H17]', () => {
    const facts = [registered(), blocked()];
    given(contactDecider, ...facts)
      .when(unblock({ confirm: false }))
      .thenRejected('confirmation-required');
    given(contactDecider, ...facts)
      .when(unblock({ as: agent, confirm: false }))
      .thenRejected('administrator-required');
    given(contactDecider, ...facts)
      .when(unblock({ confirm: false, rules: { ...rules, requireConfirm: false } }))
      .thenTypes('ContactUnblocked');
  });
  it('finds nothing to end twice, or after the episode ran out', () => {
    given(contactDecider, registered()).when(unblock()).thenRejected('contact-not-blocked');
    given(contactDecider, registered(), blocked(), unblocked()).when(unblock()).thenRejected('contact-not-blocked');
    given(contactDecider, registered(), blocked({ expiresAt: at('12:00') }))
      .when(unblock({ now: at('12:00') }))
      .thenRejected('contact-not-blocked');
    given(contactDecider, registered(), blocked({ expiresAt: at('12:00') }))
      .when(unblock({ now: at('11:59:59.999') }))
      .thenTypes('ContactUnblocked');
  });
  it('never lies before the block [I0]', () => {
    given(contactDecider, registered(), blocked())
      .when(unblock({ now: at('09:59') }))
      .then(unblocked({ unblockedAt: at('10:00'), durationMs: 0 }));
  });
});

describe('the expiry of a block', () => {
  const facts = [registered(), blocked({ expiresAt: at('12:00') })];
  it('is at its time exactly, however late the timer runs', () => {
    given(contactDecider, ...facts)
      .when(expire({ now: at('12:00') }))
      .then(expired(at('12:00')));
    given(contactDecider, ...facts)
      .when(expire({ now: at('03:00', 5) }))
      .then(expired(at('12:00')));
  });
  it('is not before its time', () => {
    given(contactDecider, ...facts)
      .when(expire({ now: at('11:59:59.999') }))
      .thenNothing();
  });
  it('is said once, and not where the block ended or its end was moved since', () => {
    given(contactDecider, ...facts, expired(at('12:00')))
      .when(expire())
      .thenNothing();
    given(contactDecider, ...facts, unblocked({ unblockedAt: at('11:00') }))
      .when(expire())
      .thenNothing();
    given(contactDecider, ...facts, changed({ expiresAt: at('13:00') }))
      .when(expire())
      .thenNothing();
    given(contactDecider, ...facts, changed({ expiresAt: null }))
      .when(expire({ now: at('13:00') }))
      .thenNothing();
    given(contactDecider, ...facts)
      .when(expire({ blockId: 'b0' }))
      .thenNothing();
  });
  it('holds for everybody who asks, before any timer ran', () => {
    expect(blockAt(after(...facts), at('11:59:59.999'))?.blockId).toBe('b1');
    expect(blockAt(after(...facts), at('12:00'))).toBeNull();
    expect(episodeAt(facts, 'phone-1', 'sms', at('11:59:59.999'))).toBe('b1');
    expect(episodeAt(facts, 'phone-1', 'sms', at('12:00'))).toBeNull();
  });
  it('reads the same when the timer did run, and when the end was moved', () => {
    const ran = [...facts, expired(at('12:00'))];
    expect(coverageOf(after(...ran), 'phone-1', 'sms')).toEqual(coverageOf(after(...facts), 'phone-1', 'sms'));
    const moved = [...facts, changed({ expiresAt: at('14:00') })];
    expect(episodeAt(moved, 'phone-1', 'sms', at('13:59:59.999'))).toBe('b1');
    expect(episodeAt(moved, 'phone-1', 'sms', at('14:00'))).toBeNull();
  });
});

describe('what a block covers', () => {
  it('is from its start up to, not including, its end [H14 I4 R9]', () => {
    const facts = [registered(), blocked(), unblocked()];
    expect(episodeAt(facts, 'phone-1', 'whatsapp', at('09:59:59.999'))).toBeNull();
    expect(episodeAt(facts, 'phone-1', 'whatsapp', at('10:00'))).toBe('b1');
    expect(episodeAt(facts, 'phone-1', 'whatsapp', at('11:59:59.999'))).toBe('b1');
    expect(episodeAt(facts, 'phone-1', 'whatsapp', at('12:00'))).toBeNull();
  });
  it('stays told for past episodes beside the present one [I4]', () => {
    const facts = [registered(), blocked(), unblocked(), blocked({ blockId: 'b2', blockedAt: at('14:00') })];
    expect(['10:30', '13:00', '15:00'].map((clock) => episodeAt(facts, 'phone-1', 'sms', at(clock)))).toEqual([
      'b1',
      null,
      'b2',
    ]);
  });
  it('is the channels of its scope', () => {
    const facts = [registered(), blocked({ scope: { channels: ['sms'] } })];
    expect(episodeAt(facts, 'phone-1', 'sms', at('10:00'))).toBe('b1');
    expect(episodeAt(facts, 'phone-1', 'whatsapp', at('10:00'))).toBeNull();
  });
  it('opens and closes channels at the time of a change of scope, neither before nor later', () => {
    const facts = [
      registered(),
      blocked({ scope: { channels: ['sms'] } }),
      changed({ scope: { channels: ['viber'] } }),
    ];
    expect(episodeAt(facts, 'phone-1', 'sms', at('10:59:59.999'))).toBe('b1');
    expect(episodeAt(facts, 'phone-1', 'sms', at('11:00'))).toBeNull();
    expect(episodeAt(facts, 'phone-1', 'viber', at('10:59:59.999'))).toBeNull();
    expect(episodeAt(facts, 'phone-1', 'viber', at('11:00'))).toBe('b1');
  });
  it.each([
    ['to fewer channels', { all: true }, { channels: ['sms'] }],
    ['to more channels', { channels: ['sms'] }, { channels: ['sms', 'viber'] }],
    ['to all', { channels: ['sms'] }, { all: true }],
  ] as const)('goes on from its first start where a change of scope %s kept it', (_what, before, later) => {
    const intervals = coverageOf(
      after(registered(), blocked({ scope: before }), changed({ scope: later })),
      'phone-1',
      'sms',
    );
    expect(intervals.map(({ from, to, blockId }) => ({ from, to, blockId }))).toEqual([
      { from: at('10:00'), to: null, blockId: 'b1' },
    ]);
  });
  it('does not join two episodes that touch', () => {
    const intervals = coverageOf(
      after(registered(), blocked(), unblocked(), blocked({ blockId: 'b2', blockedAt: at('12:00') })),
      'phone-1',
      'sms',
    );
    expect(intervals.map((one) => one.blockId)).toEqual(['b1', 'b2']);
  });
  it('leaves other addresses alone', () => {
    expect(episodeAt([registered(), blocked()], 'tg-1', 'telegram', at('10:30'))).toBeNull();
  });
});

describe('an address that joins a blocked contact', () => {
  it.each([
    ['a telegram id', { kind: 'telegram', verified: false }],
    ['a phone', { kind: 'phone', verified: false }],
    ['a verified e-mail', { kind: 'email', verified: true }],
    ['a verified webchat visitor', { kind: 'webchat', verified: true }],
  ] as const)('is covered from its attachment if it is strong: %s [H18]', (_what, identity) => {
    const facts = [registered(), blocked(), attached(identity)];
    expect(episodeAt(facts, 'tg-1', 'sms', at('10:59:59.999'))).toBeNull();
    expect(episodeAt(facts, 'tg-1', 'sms', at('11:00'))).toBe('b1');
    expect(episodeAt([...facts, unblocked()], 'tg-1', 'sms', at('12:00'))).toBeNull();
  });
  it.each(['email', 'webchat'] as const)(
    'is not covered while it is weak, also where the scope widens: an unverified %s',
    (kind) => {
      const facts = [
        registered(),
        blocked({ scope: { channels: ['sms'] } }),
        attached({ kind }),
        changed({ scope: { all: true }, changedAt: at('11:30') }),
      ];
      expect(episodeAt(facts, 'tg-1', kind, at('11:45'))).toBeNull();
      expect(episodeAt(facts, 'phone-1', kind, at('11:45'))).toBe('b1');
    },
  );
  it('is covered from the moment that verifies it [H18 H19]', () => {
    const facts = [
      registered(),
      blocked(),
      attached({ kind: 'email' }),
      attached({ kind: 'email', verified: true, attachedAt: at('11:30') }),
    ];
    expect(episodeAt(facts, 'tg-1', 'email', at('11:29:59.999'))).toBeNull();
    expect(episodeAt(facts, 'tg-1', 'email', at('11:30'))).toBe('b1');
  });
  it('keeps one interval when it was covered before its verification [H19]', () => {
    const facts = [
      registered({ identities: [cookie] }),
      blocked({ coveredIdentityIds: ['cookie-1'] }),
      attached({ ...cookie, verified: true }),
    ];
    expect(coverageOf(after(...facts), 'cookie-1', 'webchat')).toHaveLength(1);
  });
  it('takes the scope of the day, and goes with later changes', () => {
    const facts = [
      registered(),
      blocked({ scope: { channels: ['sms'] } }),
      attached({ kind: 'phone' }),
      changed({ scope: { channels: ['viber'] }, changedAt: at('11:30') }),
    ];
    expect(episodeAt(facts, 'tg-1', 'sms', at('11:15'))).toBe('b1');
    expect(episodeAt(facts, 'tg-1', 'sms', at('11:30'))).toBeNull();
    expect(episodeAt(facts, 'tg-1', 'viber', at('11:30'))).toBe('b1');
  });
});

it('knows whose key seals its facts', () => {
  expect(contactDecider.sealedFor?.(after(registered()), registered())).toBe('contact:carla');
  expect(contactDecider.idOf(block())).toBe(contactId);
});
