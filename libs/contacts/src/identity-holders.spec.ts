import { describe, expect, it } from '@jest/globals';
import { foldAll, type ShortEvent } from '#kernel/projected';
import { duplicates } from './duplicates.js';
import { identityHolders } from './identity-holders.js';

const fact = (type: string, data: Record<string, unknown>): ShortEvent => ({
  type,
  stream: `contact-acme.${String(data['contactId'])}`,
  data,
});
const rows = (...facts: ShortEvent[]) =>
  foldAll(identityHolders, facts as never).map(({ identity_id, contact_id, attached }) => [
    identity_id,
    contact_id,
    attached,
  ]);
const registered = fact('ContactRegistered', {
  contactId: 'carla',
  identities: [{ identityId: 'phone' }, { identityId: 'mail' }],
});
const attached = fact('ContactIdentityAttached', { contactId: 'carla', identityId: 'chat' });
const detached = (identityId: string) => fact('ContactIdentityDetached', { contactId: 'carla', identityId });

describe('whose an identity is', () => {
  it('is the contact that was registered with it, or to which it was attached', () => {
    expect(rows(registered, attached)).toEqual([
      ['chat', 'carla', 1],
      ['mail', 'carla', 1],
      ['phone', 'carla', 1],
    ]);
  });

  it('stays known when it is detached, as one that is no more', () => {
    expect(rows(registered, detached('mail'))).toEqual([
      ['mail', 'carla', 0],
      ['phone', 'carla', 1],
    ]);
    expect(rows(detached('nobodys'))).toEqual([]);
  });

  it('goes with a merge, and back as it became meanwhile when that is undone', () => {
    const identities = [
      { identityId: 'phone', detachedAt: null },
      { identityId: 'mail', detachedAt: '2026-03-10T08:00:00.000Z' },
    ];
    const merged = fact('ContactsMerged', { contactId: 'clara', identities });
    expect(rows(registered, merged)).toEqual([
      ['mail', 'clara', 0],
      ['phone', 'clara', 1],
    ]);
    expect(rows(registered, merged, fact('ContactRestored', { contactId: 'carla', identities }))).toEqual([
      ['mail', 'carla', 0],
      ['phone', 'carla', 1],
    ]);
  });
});

describe('a pair of duplicates', () => {
  const detected = (contactId: string, otherContactId: string, commandType: string): ShortEvent => ({
    ...fact('DuplicateContactDetected', { contactId, otherContactId, kind: 'phone' }),
    metadata: { commandType },
  });
  const pairs = (...facts: ShortEvent[]) =>
    foldAll(duplicates, facts as never).map(({ contact_id, other_id, by_address }) => [
      contact_id,
      other_id,
      by_address,
    ]);

  it('is one by an address where both were given it, whichever of them was told [K9]', () => {
    expect(pairs(detected('clara', 'carla', 'RegisterContact'), detected('carla', 'clara', 'AttachIdentity'))).toEqual([
      ['carla', 'clara', 1],
    ]);
  });

  it('is one for good where a sender wrote as both, or one of them lost the address to the other [K9 H18]', () => {
    for (const other of ['ReportDuplicate', 'DetachIdentity']) {
      expect(pairs(detected('carla', 'clara', other))).toEqual([['carla', 'clara', 0]]);
      expect(pairs(detected('carla', 'clara', 'AttachIdentity'), detected('clara', 'carla', other))).toEqual([
        ['carla', 'clara', 0],
      ]);
    }
  });
});
