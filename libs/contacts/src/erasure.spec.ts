import { describe, expect, it } from '@jest/globals';
import { fold, type Caller } from '#kernel';
import { asked, at, callers, given } from '#kernel/given';
import { foldAll } from '#kernel/projected';
import { NOTHING_PREVENTED } from './addresses.js';
import { contactCard } from './contact-card.js';
import {
  AbsorbContact,
  AttachIdentity,
  BlockContact,
  blockAt,
  CompleteErasure,
  CompleteMerge,
  contactDecider,
  coverageOf,
  EditContact,
  EraseContact,
  identitiesOf,
  RecordErasure,
  RegisterContact,
  RestoreContact,
  SeparateContacts,
  UnblockContact,
  UNKNOWN_RULES,
  type AbsorbedContact,
  type ContactEvent,
} from './contact.js';
import { keysToDestroy } from './data-keys.js';
import { erasures } from './erasures.js';
import { holdersOf } from './identity-claim.js';

type Fact<T extends ContactEvent['type']> = Extract<ContactEvent, { type: T }>;
const { admin, agent, system } = callers;
const contactId = 'carla';
const phone = { identityId: 'phone-1', kind: 'phone', value: '+5588999990000', verified: false } as const;

const registered: ContactEvent = {
  type: 'ContactRegistered',
  data: { contactId, displayName: 'Carla', source: 'manual', identities: [phone], registeredAt: at('09:00') },
};
const blocked = (expiresAt: string | null = null): ContactEvent => ({
  type: 'ContactBlocked',
  data: {
    contactId,
    blockId: 'b1',
    kind: 'protection',
    scope: { all: true },
    reasonCode: 'abuse',
    reasonText: 'insults',
    blockedBy: 'ana',
    blockedAt: at('10:00'),
    originConversationId: null,
    noticeMessageId: null,
    expiresAt,
    coveredIdentityIds: ['phone-1'],
    policy: { inboundMode: 'ignore', unblockBy: 'admin', closeOpen: true },
  },
});
const requested = (data: Partial<Fact<'ErasureRequested'>['data']> = {}): Fact<'ErasureRequested'> => ({
  type: 'ErasureRequested',
  data: {
    contactId,
    erasureId: 'e1',
    requestedBy: 'adm',
    legalBasis: 'GDPR Art. 17',
    requestedAt: at('11:00'),
    blockId: null,
    ...data,
  },
});
const erased: Fact<'ContactErased'> = {
  type: 'ContactErased',
  data: {
    contactId,
    erasureId: 'e1',
    keyId: 'k1',
    legalBasis: 'GDPR Art. 17',
    destroyedAt: at('11:00:01'),
    erasedAt: at('11:00:06'),
  },
};
const steps = [{ step: 'requested', at: at('11:00'), position: '7' }];
const completed: Fact<'ErasureCompleted'> = {
  type: 'ErasureCompleted',
  data: { contactId, erasureId: 'e1', steps, completedAt: at('11:00:07') },
};

const erase = ({ now = at('11:00'), ...data }: Partial<EraseContact['data']> & { now?: string } = {}) =>
  new EraseContact(
    { contactId, mine: true, erasureId: 'e1', confirm: true, legalBasis: 'GDPR Art. 17', ...data },
    asked(admin, now),
  );
const record = (erasureId = 'e1') =>
  new RecordErasure(
    { contactId, mine: true, erasureId, keyId: 'k1', destroyedAt: at('11:00:01') },
    asked(system, at('11:00:06')),
  );
const complete = (erasureId = 'e1') =>
  new CompleteErasure({ contactId, mine: true, erasureId, steps }, asked(system, at('11:00:07')));
const rules = { ...UNKNOWN_RULES, reason: 'optional', blockBy: 'anyAgent' } as const;
const block = (confirm = true) =>
  new BlockContact({ contactId, mine: true, blockId: 'b2', confirm, rules }, asked(agent, at('12:00')));
const unblock = (as: Caller) =>
  new UnblockContact({ contactId, mine: true, confirm: true, requestedBy: 'customer', rules }, asked(as, at('12:00')));
const edit = new EditContact(
  { contactId, mine: true, displayName: 'Somebody', addTags: [], removeTags: [] },
  asked(admin, at('12:00')),
);

const stateOf = (...facts: readonly ContactEvent[]) => fold(contactDecider.evolve, contactDecider.initial, facts);

describe('erasing a contact', () => {
  it('is requested by somebody, on a ground, and confirmed', () => {
    given(contactDecider, registered).when(erase()).then(requested());
    given(contactDecider, registered)
      .when(erase({ confirm: false }))
      .thenRejected('confirmation-required');
    given(contactDecider).when(erase()).thenRejected('not-found');
    given(contactDecider, registered)
      .when(erase({ mine: false }))
      .thenRejected('not-found');
  });
  it('names the episode whose filtering ends with it', () => {
    given(contactDecider, registered, blocked())
      .when(erase())
      .then(requested({ blockId: 'b1' }));
  });
  it('says first that an episode ran out before', () => {
    given(contactDecider, registered, blocked(at('10:30')))
      .when(erase())
      .then({ type: 'ContactBlockExpired', data: { contactId, blockId: 'b1', expiredAt: at('10:30') } }, requested());
  });
  it('stays quiet when asked for again, also with another ground and id', () => {
    for (const facts of [[requested()], [requested(), erased], [requested(), erased, completed]])
      given(contactDecider, registered, ...facts)
        .when(erase({ erasureId: 'e2', legalBasis: 'LGPD' }))
        .thenNothing();
  });
  it('never lies before what was said before [I0]', () => {
    given(contactDecider, registered, blocked())
      .when(erase({ now: at('09:30') }))
      .then(requested({ requestedAt: at('10:00'), blockId: 'b1' }));
  });
  it('is recorded when the keys are destroyed, then completed, each once and in this order', () => {
    given(contactDecider, registered, requested()).when(record()).then(erased);
    given(contactDecider, registered, requested(), erased).when(record()).thenNothing();
    given(contactDecider, registered, requested()).when(complete()).thenNothing();
    given(contactDecider, registered, requested(), erased).when(complete()).then(completed);
    given(contactDecider, registered, requested(), erased, completed).when(complete()).thenNothing();
  });
  it('is neither recorded nor completed for another erasure, or for nobody', () => {
    given(contactDecider, registered).when(record()).thenNothing();
    given(contactDecider, registered).when(complete()).thenNothing();
    given(contactDecider, registered, requested()).when(record('e2')).thenNothing();
    given(contactDecider, registered, requested(), erased).when(complete('e2')).thenNothing();
  });
});

describe('a contact whose erasure was requested', () => {
  it('refuses every command, from the request on', () => {
    for (const facts of [[requested()], [requested(), erased], [requested(), erased, completed]]) {
      for (const command of [block(), unblock(admin), edit])
        given(contactDecider, registered, blocked(), ...facts)
          .when(command)
          .thenRejected('contact-erased');
    }
    given(contactDecider, registered, requested())
      .when(
        new AttachIdentity(
          {
            contactId,
            mine: true,
            ...phone,
            identityId: 'phone-2',
            claimedAs: [],
            others: [],
            prevents: NOTHING_PREVENTED,
          },
          asked(admin, at('12:00')),
        ),
      )
      .thenRejected('contact-erased');
  });
  it('says first what depends on the caller', () => {
    given(contactDecider, registered, requested()).when(unblock(agent)).thenRejected('administrator-required');
    given(contactDecider, registered, requested()).when(block(false)).thenRejected('confirmation-required');
  });
  it('is not registered anew under its id', () => {
    given(contactDecider, registered, requested())
      .when(
        new RegisterContact(
          {
            contactId,
            displayName: 'Carla',
            source: 'inbound',
            identities: [phone],
            tags: [],
            others: [],
            consents: [],
            prevents: NOTHING_PREVENTED,
          },
          asked(admin, at('12:00')),
        ),
      )
      .thenNothing();
  });
  it('takes no part in a merge that was still on its way: its steps stay quiet', () => {
    const absorbed = stateOf(
      { ...registered, data: { ...registered.data, contactId: 'eva' } },
      {
        type: 'ContactAbsorbed',
        data: { contactId: 'eva', mergeId: 'm1', intoId: contactId, absorbedAt: at('10:30') },
      },
    ) as AbsorbedContact;
    const about = { contactId, mine: true, mergeId: 'm1' };
    const restored = { identities: [], block: null, coverage: [] };
    for (const step of [
      new AbsorbContact({ ...about, intoId: 'eva' }, asked(system, at('12:00'))),
      new CompleteMerge({ ...about, absorbed, walletOutcome: [], mergedBy: 'sol' }, asked(system, at('12:00'))),
      new SeparateContacts({ ...about, absorbed, undoneBy: 'sol' }, asked(system, at('12:00'))),
      new RestoreContact({ ...about, fromId: 'eva', restored, undoneBy: 'sol' }, asked(system, at('12:00'))),
    ])
      given(contactDecider, registered, requested()).when(step).thenNothing();
  });
  it('can be erased after it was absorbed, and ends no episode that went on with another', () => {
    const absorbedFact: ContactEvent = {
      type: 'ContactAbsorbed',
      data: { contactId, mergeId: 'm1', intoId: 'eva', absorbedAt: at('10:30') },
    };
    given(contactDecider, registered, blocked(at('10:45')), absorbedFact)
      .when(erase())
      .then(requested({ blockId: null }));
    given(contactDecider, registered, absorbedFact, requested()).when(edit).thenRejected('contact-erased');
  });
  it('keeps no name and no address in the state', () => {
    expect(JSON.stringify(stateOf(registered, blocked(), requested()))).not.toMatch(/Carla|5588|insults/);
  });
  it('has no address any more, and no block', () => {
    const state = stateOf(registered, blocked(), requested({ blockId: 'b1' }));
    expect(identitiesOf(state)).toEqual([]);
    expect(blockAt(state, at('12:00'))).toBeNull();
  });
  it('covers what it covered, up to the request', () => {
    expect(coverageOf(stateOf(registered, blocked(), requested()), 'phone-1', 'sms')).toMatchObject([
      { blockId: 'b1', from: at('10:00'), to: at('11:00') },
    ]);
  });
  it('holds no address, however young its claim is', () => {
    const claims = [{ contactId, identityId: 'phone-1', claimedAt: at('11:00') }];
    const held = (...facts: readonly ContactEvent[]) =>
      holdersOf(claims, new Map([[contactId, stateOf(...facts)]]), at('11:00:10')).map((holder) => holder.contactId);
    expect(held(registered)).toEqual([contactId]);
    expect(held(registered, requested())).toEqual([]);
    expect(held(registered, requested(), erased, completed)).toEqual([]);
  });
});

describe('the card of an erased contact', () => {
  const stream = `contact-acme.${contactId}`;
  const cards = (...facts: readonly ContactEvent[]) =>
    foldAll(
      contactCard,
      facts.map((fact) => ({ ...fact, stream })),
    );

  it('keeps ids and kinds, and nothing else', () => {
    const tagged: ContactEvent = { type: 'ContactTagged', data: { contactId, tag: 'vip' } };
    expect(cards(registered, tagged, blocked(), requested(), erased, completed)).toEqual([
      {
        tenant: 'acme',
        contact_id: contactId,
        display_name: null,
        sort_name: '',
        search_text: '',
        identities: [{ identityId: 'phone-1', kind: 'phone', value: null, verified: false }],
        tags: [],
        tag_text: '',
        block_id: null,
        block_expires_at: null,
        block: null,
        merged_into: null,
        consents: {},
        erased: 1,
        revision: 5,
      },
    ]);
  });
  it('is bare from the request on, and made of nothing for whom there is none', () => {
    expect(JSON.stringify(cards(registered, requested()))).not.toMatch(/Carla|5588/);
    expect(cards(requested())).toEqual([]);
  });
});

describe('the certificate', () => {
  const certificate = (...facts: readonly Extract<ContactEvent, { data: { erasureId: string } }>[]) =>
    foldAll(erasures, facts)[0];

  it('is pending until everything is done, and then tells every step', () => {
    const pending = { status: 'pending', requested_by: 'adm', legal_basis: 'GDPR Art. 17', completed_at: null };
    expect(certificate(requested())).toMatchObject({
      ...pending,
      key_id: null,
      steps: [{ step: 'requested', at: at('11:00') }],
    });
    expect(certificate(requested(), erased)).toMatchObject({
      ...pending,
      key_id: 'k1',
      destroyed_at: at('11:00:01'),
    });
    expect(certificate(requested(), erased, completed)).toMatchObject({
      status: 'completed',
      completed_at: at('11:00:07'),
      steps,
    });
  });
});

describe('the keys that an erasure destroys', () => {
  it('are the contact’s, those of its quarantined days, and of the days around now', async () => {
    const asked: string[] = [];
    const existing = ['contact:carla:2026-01-05', 'contact:carla:2026-03-10'];
    const keys = await keysToDestroy(contactId, at('23:59'), (prefix) => {
      asked.push(prefix);
      return Promise.resolve(existing);
    });
    expect(asked).toEqual(['contact:carla:']);
    expect(keys).toEqual([
      'contact:carla',
      'contact:carla:2026-01-05',
      'contact:carla:2026-03-10',
      'contact:carla:2026-03-09',
      'contact:carla:2026-03-11',
    ]);
  });
});
