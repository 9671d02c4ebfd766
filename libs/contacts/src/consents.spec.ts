import { describe, expect, it } from '@jest/globals';
import { fold, type Caller } from '#kernel';
import { asked, at, callers, given } from '#kernel/given';
import { NOTHING_PREVENTED } from './addresses.js';
import { consentOn, defaultChannels, type ConsentChannel } from './consents.js';
import {
  contactDecider,
  GrantConsent,
  RegisterContact,
  RevokeConsent,
  type Contact,
  type ContactEvent,
} from './contact.js';

const { agent, limited, supervisor, admin, auditor, ops, integration, system } = callers;

type DataOf<T extends ContactEvent['type']> = Extract<ContactEvent, { type: T }>['data'];
type Asking<C extends abstract new (...args: never) => { data: unknown }> = Partial<InstanceType<C>['data']> & {
  as?: Caller;
  now?: string;
};

const contactId = 'carla';

// Facts
const registered = (): ContactEvent => ({
  type: 'ContactRegistered',
  data: { contactId, displayName: 'Carla', source: 'manual', identities: [], registeredAt: at('09:00') },
});
const granted = (data: Partial<DataOf<'ConsentGranted'>> = {}): ContactEvent => ({
  type: 'ConsentGranted',
  data: {
    contactId,
    channel: 'sms',
    source: 'manual',
    grantedBy: supervisor.id,
    grantedAt: at('10:00'),
    evidence: null,
    wordingVersion: null,
    ...data,
  },
});
const revoked = (data: Partial<DataOf<'ConsentRevoked'>> = {}): ContactEvent => ({
  type: 'ConsentRevoked',
  data: {
    contactId,
    channel: 'sms',
    source: 'manual',
    revokedBy: supervisor.id,
    revokedAt: at('11:00'),
    evidence: null,
    wordingVersion: null,
    ...data,
  },
});
const byDefault = (channel: ConsentChannel): ContactEvent =>
  granted({ channel, source: 'org_default', grantedBy: agent.id, grantedAt: at('09:00') });

// Commands
const register = (consents: readonly ConsentChannel[]) =>
  new RegisterContact(
    {
      contactId,
      displayName: 'Carla',
      source: 'manual',
      identities: [],
      tags: [],
      others: [],
      consents,
      prevents: NOTHING_PREVENTED,
    },
    asked(agent, at('09:00')),
  );
const grant = ({ as = supervisor, now = at('10:00'), ...data }: Asking<typeof GrantConsent> = {}) =>
  new GrantConsent(
    { contactId, mine: true, channel: 'sms', source: 'manual', evidence: null, wordingVersion: null, ...data },
    asked(as, now),
  );
const revoke = ({ as = supervisor, now = at('11:00'), ...data }: Asking<typeof RevokeConsent> = {}) =>
  new RevokeConsent(
    { contactId, mine: true, channel: 'sms', source: 'manual', evidence: null, wordingVersion: null, ...data },
    asked(as, now),
  );

const after = (...facts: readonly ContactEvent[]): Extract<Contact, { status: 'active' }> => {
  const contact = fold(contactDecider.evolve, contactDecider.initial, facts);
  if (contact.status !== 'active') throw new Error('there is no contact');
  return contact;
};
const states = (...facts: readonly ContactEvent[]) =>
  ['whatsapp', 'viber', 'sms', 'email', 'webchat'].map((channel) => consentOn(after(...facts).consents, channel));

describe('the defaults of the tenant', () => {
  it('give whatsapp, viber and sms for phones, and e-mail by a setting of its own [K2 K6]', () => {
    expect(defaultChannels({ defaultPhone: true, defaultEmail: false })).toEqual(['whatsapp', 'viber', 'sms']);
    expect(defaultChannels({ defaultPhone: false, defaultEmail: true })).toEqual(['email']);
    expect(defaultChannels({ defaultPhone: true, defaultEmail: true })).toHaveLength(4);
    expect(defaultChannels({ defaultPhone: false, defaultEmail: false })).toEqual([]);
  });
  it('are copied into facts of their own when a contact is registered, also where it has no address [K2 K3]', () => {
    given(contactDecider)
      .when(register(['whatsapp', 'viber', 'sms']))
      .then(registered(), byDefault('whatsapp'), byDefault('viber'), byDefault('sms'));
    expect(states(registered(), byDefault('sms'))).toEqual(['unset', 'unset', 'granted', 'unset', null]);
  });
  it('reach no contact that exists [K2 I11]', () => {
    given(contactDecider, registered())
      .when(register(['sms']))
      .thenNothing();
  });
  it('leave everything unset where they are off [K4]', () => {
    given(contactDecider).when(register([])).then(registered());
    expect(states(registered())).toEqual(['unset', 'unset', 'unset', 'unset', null]);
  });
  it('yield to an explicit word, both ways [K11 I11]', () => {
    given(contactDecider, registered(), byDefault('sms')).when(revoke()).then(revoked());
    given(contactDecider, registered(), byDefault('sms')).when(grant()).then(granted());
    expect(after(registered(), byDefault('sms'), granted()).consents.sms?.source).toBe('manual');
    expect(states(registered(), byDefault('sms'), revoked())[2]).toBe('revoked');
  });
});

describe('granting and revoking', () => {
  it('is per channel [K4 I11]', () => {
    given(contactDecider, registered(), granted({ channel: 'viber' }))
      .when(grant({ channel: 'email', source: 'customer', evidence: 'Form 7', wordingVersion: 'v2' }))
      .then(granted({ channel: 'email', source: 'customer', evidence: 'Form 7', wordingVersion: 'v2' }));
    expect(states(registered(), granted(), revoked(), granted({ channel: 'email' }))).toEqual([
      'unset',
      'unset',
      'revoked',
      'granted',
      null,
    ]);
  });
  it.each([supervisor, admin])('is for $role [K5 K8]', (as) => {
    given(contactDecider, registered())
      .when(grant({ as, channel: 'email' }))
      .then(granted({ channel: 'email', grantedBy: as.id }));
    given(contactDecider, registered(), granted())
      .when(revoke({ as }))
      .then(revoked({ revokedBy: as.id }));
  });
  it.each([agent, limited, auditor, ops, system])('is refused to $role [K5]', (as) => {
    given(contactDecider, registered()).when(grant({ as })).thenRejected('forbidden');
    given(contactDecider, registered(), granted()).when(revoke({ as })).thenRejected('forbidden');
  });
  it('is open to an integration only to pass on that the customer revokes [K5]', () => {
    for (const source of ['customer', 'opt_out_keyword'] as const) {
      given(contactDecider, registered(), granted())
        .when(revoke({ as: integration, source }))
        .then(revoked({ source, revokedBy: integration.id }));
    }
    given(contactDecider, registered(), granted())
      .when(revoke({ as: integration }))
      .thenRejected('forbidden');
    for (const source of ['manual', 'customer', 'import'] as const) {
      given(contactDecider, registered())
        .when(grant({ as: integration, source }))
        .thenRejected('forbidden');
    }
  });
  it('stores what was said twice once [I17]', () => {
    given(contactDecider, registered(), granted()).when(grant()).thenNothing();
    given(contactDecider, registered(), revoked()).when(revoke()).thenNothing();
    given(contactDecider, registered(), granted({ evidence: 'Form 7' }))
      .when(grant({ evidence: 'Form 8' }))
      .thenNothing();
  });
  it('records another source, another wording and the first evidence of what stands already', () => {
    given(contactDecider, registered(), granted())
      .when(grant({ source: 'customer' }))
      .then(granted({ source: 'customer' }));
    given(contactDecider, registered(), granted({ wordingVersion: 'v1' }))
      .when(grant({ wordingVersion: 'v2' }))
      .then(granted({ wordingVersion: 'v2' }));
    given(contactDecider, registered(), granted())
      .when(grant({ evidence: 'Form 7' }))
      .then(granted({ evidence: 'Form 7' }));
  });
  it('never goes back in time [I0]', () => {
    given(contactDecider, registered(), granted({ grantedAt: at('12:00') }))
      .when(revoke())
      .then(revoked({ revokedAt: at('12:00') }));
  });
  it('finds no contact that does not exist or is not to be seen', () => {
    given(contactDecider).when(grant()).thenRejected('not-found');
    given(contactDecider, registered())
      .when(revoke({ mine: false }))
      .thenRejected('not-found');
  });
});
