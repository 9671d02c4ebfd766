// A purge of quarantined content that is killed at any of its steps is finished by the next start: the key is gone, its bytes too, and what is not due stays.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { bytesOf } from '../fixtures/bytes.js';
import { until } from '../fixtures/until.js';
import { startApi, type Api, type Json } from './process.js';

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'portaria-quarantine-'));
let api: Api;

/** A process that lives so many days ago. */
const startedAgo = (days: number): Promise<Api> => {
  const clock = `const D = Date; globalThis.Date = class extends D {
    constructor(...given) { if (given.length === 0) super(D.now() - ${String(days * DAY_MS)}); else super(...given); }
    static now() { return D.now() - ${String(days * DAY_MS)}; }
  };`;
  return startApi(folder, { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(clock)}` });
};

const ask = async (role: string, method: string, path: string, body?: unknown): Promise<Json> => {
  const answer = await api.call(role, method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
  return { ...answer.body, token: answer.token };
};
const writes = (text: string): Promise<Json> =>
  ask('integration', 'POST', '/v1/messages/inbound', {
    channel: 'whatsapp',
    from: { kind: 'whatsapp', value: '+5511960000077', displayName: 'Quentin' },
    providerMessageId: text,
    content: { text },
  });

type Key = { readonly day: string; readonly wrapped: Buffer | null; readonly destroyedAt: number | null };
/** The keys of quarantined days as whoever looks at the file sees them, the oldest first. */
const keys = (): readonly Key[] => {
  const db = new DatabaseSync(join(folder, 'keys.db'), { readOnly: true, timeout: 5000 });
  try {
    return db
      .prepare("select subject, wrapped, destroyed_at from data_keys where subject like 'contact:%:%' order by subject")
      .all()
      .map(({ subject, wrapped, destroyed_at: destroyedAt }) => ({
        day: String(subject).slice(-10),
        wrapped: wrapped === null ? null : Buffer.from(wrapped as Uint8Array),
        destroyedAt: destroyedAt as number | null,
      }));
  } finally {
    db.close();
  }
};

beforeAll(async () => {
  // Three days of quarantine: two that are due when they are kept for two days, and today.
  api = await startedAgo(4);
  await ask('admin', 'PUT', '/v1/settings/block.inboundMode', { value: 'quarantine' });
  const { contactId } = await writes('before');
  await ask('admin', 'POST', `/v1/contacts/${contactId as string}/block`, { confirm: true });
  await writes('four days ago');
  await api.kill('SIGTERM');
  api = await startedAgo(3);
  await writes('three days ago');
  await api.kill('SIGTERM');
  api = await startApi(folder);
});
afterAll(async () => {
  await api.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

it('ends as one that was not, killed before it, when the keys are destroyed and behind it [I4]', async () => {
  const { contactId } = await writes('today');
  const kept = async (): Promise<readonly unknown[]> => {
    const path = `/v1/audit/contacts/${contactId as string}/quarantine?reason=check&wait=20000`;
    const { items } = await ask('auditor', 'GET', path);
    return (items as { content: { text: string } | null }[]).map(({ content }) => content?.text ?? null).toSorted();
  };
  const before = keys();
  expect(before.map(({ destroyedAt }) => destroyedAt)).toEqual([null, null, null]);
  expect(await kept()).toEqual(['four days ago', 'three days ago', 'today']);
  await ask('admin', 'PUT', '/v1/settings/block.quarantineDays', { value: 2 });
  const destroyed = (): boolean => keys().filter(({ destroyedAt }) => destroyedAt !== null).length === 2;
  const deaths: readonly (() => Promise<void>)[] = [
    () => Promise.resolve(),
    () => until(destroyed),
    async () => {
      await until(destroyed);
      await pause(100);
    },
  ];
  const first: (readonly (number | null)[])[] = [];
  for (const death of deaths) {
    await death();
    await api.kill('SIGKILL');
    first.push(keys().map(({ destroyedAt }) => destroyedAt));
    api = await startApi(folder);
  }
  const bytes = (): Buffer => Buffer.concat(bytesOf(folder));
  const remains = (): readonly string[] =>
    before.filter(({ wrapped }) => wrapped !== null && bytes().includes(wrapped)).map(({ day }) => day);
  const today = before.at(-1)?.day;
  await until(() => remains().join() === today);
  // The first destruction is the one that counts.
  expect(keys().map(({ destroyedAt }) => destroyedAt)).toEqual(first[1]);
  expect(await kept()).toEqual([null, null, 'today'].toSorted());
  expect((await writes('after')).disposition).toBe('quarantined');
}, 120_000);
