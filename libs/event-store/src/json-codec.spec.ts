import { describe, expect, it } from '@jest/globals';
import {
  type Codec,
  CodeTooOld,
  createCodec,
  type EventDefinitions,
  type EventToStore,
  isSealed,
  KeyDestroyed,
  MalformedEvent,
  type StoredEvent,
  UnknownEventType,
} from '#event-store';
import type { Event, Position } from '#kernel';
import { memoryKeyVault } from '../../../test/fixtures/memory-key-vault.js';

const definitions: EventDefinitions = {
  PersonRegistered: { version: 1, personal: ['name', 'addresses[].value', 'card.number'] },
  DoorOpened: { version: 1 },
  DoorRenamed: {
    version: 3,
    personal: ['label'],
    upcast: {
      1: ({ name, ...rest }) => ({ ...rest, title: name }),
      2: ({ title, ...rest }) => ({ ...rest, label: title }),
    },
  },
};
const metadata = {
  $correlationId: 'r',
  $causationId: 'r',
  commandId: 'c',
  commandType: 'X',
  actor: 'a',
  actorKind: 'staff',
  tenant: 't',
  occurredAt: '2026-01-01T00:00:00.000Z',
  requestHash: 'h',
} as const;
const encode = async (
  codec: Codec,
  event: Event,
  subject: string | null = 'contact:1',
  id = 'e1',
): Promise<EventToStore> => {
  const [encoded] = await codec.encode([{ id, event, tenant: 't', subject, metadata }]);
  if (encoded === undefined) throw new Error('nothing was encoded');
  return encoded;
};
const store = (event: EventToStore): StoredEvent => ({
  ...(JSON.parse(JSON.stringify(event)) as EventToStore),
  stream: 'contact-t.1',
  revision: 0,
  position: '1' as Position,
  recordedAt: '2026-01-01T00:00:00.000Z',
});
const person = {
  type: 'PersonRegistered',
  data: {
    id: '1',
    name: 'Ana',
    addresses: [
      { kind: 'tel', value: '+55' },
      { kind: 'mail', value: null },
    ],
    card: { number: [4, 2] },
    note: 'x',
  },
};

describe('the codec', () => {
  it('seals what is personal, and nothing else', async () => {
    const {
      data,
      metadata: stored,
      schemaVersion,
    } = await encode(createCodec([definitions], memoryKeyVault()), person);
    expect(JSON.stringify(data)).not.toMatch(/Ana|\+55/);
    expect(data).toMatchObject({
      id: '1',
      note: 'x',
      name: { $enc: 'v1', f: 'name' },
      addresses: [{ kind: 'tel' }, { kind: 'mail', value: null }],
    });
    expect(isSealed((data as typeof person.data).card.number)).toBe(true);
    expect([stored.schemaVersion, schemaVersion]).toEqual(['1', 1]);
    expect(data['name']).not.toHaveProperty('e');
  });

  it('leaves the values sealed when it decodes, and opens them when asked', async () => {
    const codec = createCodec([definitions], memoryKeyVault());
    const recorded = codec.decode(store(await encode(codec, person)));
    expect(recorded).toMatchObject({
      category: 'contact',
      tenant: 't',
      subject: '1',
      data: { name: { $enc: 'v1', e: 'e1' } },
    });
    const opened = await codec.open(recorded);
    expect(opened.data).toEqual(person.data);
    expect(opened.metadata.commandId).toBe('c');
    expect(await codec.openValue((recorded.data as { name: unknown }).name)).toBe('Ana');
    expect(await codec.openValue('clear')).toBe('clear');
  });

  it('gives null in place of what an erasure destroyed, and seals nothing more for it', async () => {
    const vault = memoryKeyVault();
    const codec = createCodec([definitions], vault);
    const recorded = codec.decode(store(await encode(codec, person)));
    await vault.destroy('t', ['contact:1']);
    expect((await codec.open(recorded)).data).toMatchObject({
      id: '1',
      name: null,
      addresses: [{ value: null }, { value: null }],
    });
    await expect(encode(codec, person)).rejects.toBeInstanceOf(KeyDestroyed);
    expect(await encode(codec, { type: 'PersonRegistered', data: { id: '1', name: null } })).toMatchObject({
      data: { name: null },
    });
  });

  it('does not open a value that was moved to another event', async () => {
    const codec = createCodec([definitions], memoryKeyVault());
    const encoded = await encode(codec, person);
    await expect(codec.open(codec.decode(store({ ...encoded, id: 'e2' })))).rejects.toThrow();
  });

  it('seals anew what a decider took over from an earlier event', async () => {
    const codec = createCodec([definitions], memoryKeyVault());
    const first = codec.decode(store(await encode(codec, person)));
    const name = (first.data as { name: unknown }).name;
    const second = codec.decode(
      store(await encode(codec, { type: 'PersonRegistered', data: { name } }, 'contact:1', 'e2')),
    );
    expect((await codec.open(second)).data).toEqual({ name: 'Ana' });
  });

  it('says when nobody names the key for what is personal', async () => {
    const codec = createCodec([definitions], memoryKeyVault());
    await expect(encode(codec, person, null)).rejects.toThrow(/does not say whose key/);
    await expect(encode(codec, { type: 'DoorOpened', data: {} }, null)).resolves.toBeDefined();
  });

  it('brings old versions to the newest, also where a sealed value moved', async () => {
    const codec = createCodec([definitions], memoryKeyVault());
    const { data } = await encode(codec, { type: 'DoorRenamed', data: { label: 'Front' } });
    const old = store({
      id: 'e1',
      type: 'DoorRenamed',
      schemaVersion: 1,
      data: { name: data['label'] },
      metadata: { ...metadata, schemaVersion: '1' },
    });
    expect((await codec.open(codec.decode(old))).data).toEqual({ label: 'Front' });
  });

  it('stops at what newer code wrote and at what is malformed', async () => {
    const codec = createCodec([definitions], memoryKeyVault());
    const good = store(await encode(codec, { type: 'DoorOpened', data: {} }));
    expect(() => codec.decode({ ...good, type: 'DoorPainted' })).toThrow(UnknownEventType);
    expect(() => codec.decode({ ...good, schemaVersion: 2 })).toThrow(CodeTooOld);
    for (const broken of [
      { data: '{broken' },
      { data: [] },
      { data: null },
      { metadata: {} },
      { metadata: 'x' },
      { schemaVersion: 0 },
      { schemaVersion: Number.NaN },
      { stream: 'nonsense' },
    ]) {
      expect(() => codec.decode({ ...good, ...broken } as unknown as StoredEvent)).toThrow(MalformedEvent);
    }
  });

  it('refuses definitions that cannot work', () => {
    const vault = memoryKeyVault();
    expect(() => createCodec([definitions, { DoorOpened: { version: 1 } }], vault)).toThrow(
      /DoorOpened is defined twice/,
    );
    expect(() => createCodec([{ A: { version: 3, upcast: { 1: (data) => data } } }], vault)).toThrow(
      /from version 2 to 3/,
    );
    expect(() => createCodec([{ A: { version: 1, upcast: { 1: (data) => data } } }], vault)).toThrow(
      /newest version is 1/,
    );
    expect(() => createCodec([{ A: { version: 1, personal: ['a[0].b'] } }], vault)).toThrow(/not a path/);
  });
});
