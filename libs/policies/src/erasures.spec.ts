import { expect, it } from '@jest/globals';
import { contactDecider, mergesDecider, type Contact, type ContactCommand, type ContactEvent } from '#contacts';
import { fold, type Position } from '#kernel';
import { at } from '#kernel/given';
import { Erasures, type ErasureDesk } from './erasures.adapter.js';

const position = '1' as Position;
const erased = (contactId: string) =>
  fold<Contact, ContactEvent>(contactDecider.evolve, contactDecider.initial, [
    {
      type: 'ContactRegistered',
      data: { contactId, displayName: 'Carla', source: 'manual', identities: [], registeredAt: at('09:00') },
    },
    {
      type: 'ErasureRequested',
      data: {
        contactId,
        erasureId: `of-${contactId}`,
        requestedBy: 'ana',
        legalBasis: 'Art. 17',
        requestedAt: at('10:00'),
        blockId: null,
      },
    },
  ]);

it('erasures go on for all others where one cannot, and that is told', async () => {
  const executed: (readonly [string, string])[] = [];
  const rows = ['broken', 'sound'].map((contactId) => ({
    tenant: 'acme',
    contact_id: contactId,
    erasure_id: `of-${contactId}`,
    steps: [],
  }));
  const desk = {
    runner: {
      load: (decider: unknown, _tenant: string, id: string) => {
        if (decider === mergesDecider) return Promise.resolve({ state: mergesDecider.initial, position });
        if (id === 'broken') return Promise.reject(new Error('its stream cannot be read'));
        return Promise.resolve({ state: erased(id), position });
      },
      execute: (_decider: unknown, contactId: string, { type }: ContactCommand) => {
        executed.push([contactId, type]);
        return Promise.resolve({});
      },
      forget: () => undefined,
    },
    vault: {
      subjects: () => Promise.resolve([]),
      destroy: (_tenant: string, subjects: readonly string[]) =>
        Promise.resolve(subjects.map((subject) => ({ subject, keyId: 'k1', destroyedAt: at('10:00') }))),
      purge: () => Promise.resolve(true),
    },
    book: { forget: () => undefined },
    models: { query: () => Promise.resolve({ value: rows }) },
    head: () => Promise.resolve(position),
    behind: () => Promise.resolve([]),
    purge: () => Promise.resolve(true),
    isFile: true,
    warn: () => undefined,
  } as unknown as ErasureDesk;
  await expect(new Erasures(desk).run()).rejects.toThrow('its stream cannot be read');
  expect(executed).toEqual([
    ['sound', 'RecordErasure'],
    ['sound', 'CompleteErasure'],
  ]);
});
