// An erasure that is killed at any of its steps is finished by the next start: once, and without a byte left.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { bytesOf } from '../fixtures/bytes.js';
import { until } from '../fixtures/until.js';
import { startApi, type Api, type Json } from './process.js';

const folder = mkdtempSync(join(tmpdir(), 'portaria-erasure-'));
let api: Api;
beforeAll(async () => {
  api = await startApi(folder);
});
afterAll(async () => {
  await api.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const ask = async (role: string, method: string, path: string, body?: unknown): Promise<Json> => {
  const answer = await api.call(role, method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
  return { ...answer.body, token: answer.token };
};
/** Rows of a file of the folder, as whoever looks at it from outside sees them. */
const rows = (file: string, sql: string): readonly Record<string, unknown>[] => {
  const db = new DatabaseSync(join(folder, file), { readOnly: true, timeout: 5000 });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
};
const factsOf = (contactId: string): readonly string[] =>
  rows('events.db', `select type from events where stream = 'contact-acme.${contactId}' order by revision`).map(
    ({ type }) => String(type),
  );
const destroyedAt = (contactId: string): unknown =>
  rows('keys.db', `select destroyed_at from data_keys where subject = 'contact:${contactId}'`)[0]?.['destroyed_at'] ??
  null;

type Person = { readonly contactId: string; readonly name: string; readonly phone: string; readonly text: string };
let people = 0;
const person = async (): Promise<Person> => {
  const number = String(++people);
  const [name, phone, text] = [
    `Secreta Person ${number}`,
    `+55119600000${number.padStart(2, '0')}`,
    `Secret text ${number}`,
  ];
  const message = {
    channel: 'whatsapp',
    from: { kind: 'whatsapp', value: phone, displayName: name },
    providerMessageId: `wamid.${number}`,
    content: { text },
  };
  const { contactId, token } = await ask('integration', 'POST', '/v1/messages/inbound', message);
  await ask('admin', 'GET', `/v1/contacts/${contactId as string}?after=${token as string}&wait=20000`);
  return { contactId: contactId as string, name, phone, text };
};
const traces = ({ name, phone, text }: Person): readonly string[] => [name, name.toLowerCase(), phone.slice(1), text];
const left = (one: Person): readonly string[] => {
  const bytes = Buffer.concat(bytesOf(folder));
  return traces(one).filter((trace) => bytes.includes(trace));
};

/** When the process dies, as somebody sees who looks at its files. */
const DEATHS: readonly (readonly [string, (contactId: string) => Promise<void>])[] = [
  ['as soon as it was requested', () => Promise.resolve()],
  ['when the keys are destroyed', (contactId) => until(() => destroyedAt(contactId) !== null)],
  [
    'while the caches expire',
    async (contactId) => {
      await until(() => destroyedAt(contactId) !== null);
      await pause(2_000);
    },
  ],
  ['when it is recorded', (contactId) => until(() => factsOf(contactId).includes('ContactErased'))],
  ['when it is completed', (contactId) => until(() => factsOf(contactId).includes('ErasureCompleted'))],
];

describe('an erasure that is cut off', () => {
  it.each(DEATHS)(
    '%s ends as one that was not',
    async (_when, death) => {
      const one = await person();
      expect(left(one).length).toBeGreaterThan(0);
      const { erasureId } = await ask('admin', 'POST', `/v1/contacts/${one.contactId}/erase`, {
        confirm: true,
        legalBasis: 'GDPR Art. 17',
      });
      await death(one.contactId);
      await api.kill('SIGKILL');
      const destroyed = destroyedAt(one.contactId);
      api = await startApi(folder);
      const certificate = () => ask('auditor', 'GET', `/v1/erasures/${erasureId as string}?wait=20000`);
      await until(async () => (await certificate()).status === 'completed', 40_000);
      expect(factsOf(one.contactId)).toEqual([
        'ContactRegistered',
        'ErasureRequested',
        'ContactErased',
        'ErasureCompleted',
      ]);
      // The first destruction is the one that is told.
      const told = Date.parse((await certificate()).destroyedAt as string);
      expect(told).toBe(destroyedAt(one.contactId));
      if (destroyed !== null) expect(told).toBe(destroyed);
      expect(left(one)).toEqual([]);
      const card = await ask('admin', 'GET', `/v1/contacts/${one.contactId}`);
      expect(card).toMatchObject({ displayName: null, erased: true });
    },
    120_000,
  );

  it('at random times, again and again, ends as well', async () => {
    const all = [await person(), await person(), await person()];
    for (const { contactId } of all) {
      await ask('admin', 'POST', `/v1/contacts/${contactId}/erase`, { confirm: true, legalBasis: 'GDPR Art. 17' });
    }
    for (let kill = 0; kill < 4; kill++) {
      await pause(Math.random() * 3_000);
      await api.kill('SIGKILL');
      api = await startApi(folder);
    }
    await until(() => all.every(({ contactId }) => factsOf(contactId).includes('ErasureCompleted')), 40_000);
    for (const one of all) {
      expect(factsOf(one.contactId).filter((type) => type.startsWith('E') || type === 'ContactErased')).toEqual([
        'ErasureRequested',
        'ContactErased',
        'ErasureCompleted',
      ]);
      expect(left(one)).toEqual([]);
    }
  }, 120_000);
});

describe('the erasure of a contact that absorbed others', () => {
  it('that is killed behind each of its steps ends for all of them as one that was not', async () => {
    const family = [await person(), await person(), await person()];
    const [survivor, absorbed, before] = family as [Person, Person, Person];
    for (const [into, one] of [
      [absorbed, before],
      [survivor, absorbed],
    ] as const) {
      const body = { absorbedId: one.contactId, confirm: true };
      await ask('admin', 'POST', `/v1/contacts/${into.contactId}/merge`, body);
    }
    expect(left(survivor).length).toBeGreaterThan(0);
    const erasing = { confirm: true, legalBasis: 'GDPR Art. 17' };
    const all = (fact: string) => () => family.every(({ contactId }) => factsOf(contactId).includes(fact));
    const any = (fact: string) => () => family.some(({ contactId }) => factsOf(contactId).includes(fact));
    // Into its middle: the survivor's is requested, and nobody waits for those of the others.
    const asked = api.call('admin', 'POST', `/v1/contacts/${survivor.contactId}/erase`, erasing).catch(() => null);
    const steps: readonly (() => boolean)[] = [
      any('ErasureRequested'),
      all('ErasureRequested'),
      () => family.some(({ contactId }) => destroyedAt(contactId) !== null),
      any('ContactErased'),
      any('ErasureCompleted'),
    ];
    for (const step of steps) {
      await until(step, 40_000);
      await api.kill('SIGKILL');
      api = await startApi(folder);
    }
    await asked;
    await until(all('ErasureCompleted'), 40_000);
    for (const one of family) {
      const erasure = factsOf(one.contactId).filter((type) => /^Erasure|^ContactErased/.test(type));
      expect(erasure).toEqual(['ErasureRequested', 'ContactErased', 'ErasureCompleted']);
      const stored = rows(
        'events.db',
        `select data from events where stream = 'contact-acme.${one.contactId}' and type = 'ErasureRequested'`,
      );
      const { erasureId } = JSON.parse(String(stored[0]?.['data'])) as { erasureId: string };
      const certificate = await ask('auditor', 'GET', `/v1/erasures/${erasureId}?wait=20000`);
      // Each by the person who asked, on their ground, with the first destruction of its own key.
      expect(certificate).toMatchObject({
        contactId: one.contactId,
        requestedBy: 'admin',
        legalBasis: erasing.legalBasis,
      });
      expect(Date.parse(certificate.destroyedAt as string)).toBe(destroyedAt(one.contactId));
      expect(await ask('admin', 'GET', `/v1/contacts/${one.contactId}`)).toMatchObject({
        displayName: null,
        erased: true,
      });
    }
    expect(family.flatMap(left)).toEqual([]);
  }, 120_000);
});
