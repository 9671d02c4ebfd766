// Time that does not pass as it should: the process stands still (a blocked event loop, a machine that sleeps), the clock is set.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi, type Answer, type Api } from '../crash/process.js';
import { clock, openDoor, type Door } from '../e2e/door.js';

describe('a process that stands still for longer than its leases', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-still-'));
  let api: Api;
  beforeAll(async () => {
    api = await startApi(folder);
  });
  afterAll(async () => {
    await api.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const register = (n: number): Promise<Answer> =>
    api.call('admin', 'POST', '/v1/contacts', { displayName: `Contact ${String(n)}` });

  it('answers what was waiting, loses nothing, and its read models follow', async () => {
    expect((await register(0)).status).toBe(201);
    const pid = Number(readFileSync(join(folder, 'lock.pid'), 'utf8'));
    process.kill(pid, 'SIGSTOP');
    const waiting = Promise.all(Array.from({ length: 50 }, (_, n) => register(n + 1)));
    // The lease of the projector's seat is 3 s.
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    process.kill(pid, 'SIGCONT');
    const answers = await waiting;
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    for (const { token } of answers) {
      const seen = await api.call('admin', 'GET', `/v1/contacts?limit=200&wait=20000&after=${token ?? ''}`);
      expect(seen.status).toBe(200);
    }
    const { body } = await api.call('admin', 'GET', '/v1/contacts?limit=200');
    expect(body.items).toHaveLength(51);
    expect((await fetch(`${api.base}/health/ready`)).status).toBe(200);
  });
});

describe('a clock that is set by an hour', () => {
  let door: Door;
  beforeAll(async () => {
    clock.start();
    door = await openDoor();
  });
  afterAll(async () => {
    await door.close();
    clock.stop();
  });
  const HOUR_MS = 3_600_000;

  it.each([
    ['forwards', HOUR_MS],
    ['backwards', -2 * HOUR_MS],
    ['forwards again', HOUR_MS],
  ])('%s stops no command, no query and no health, and never puts a fact before another', async (_way, byMs) => {
    clock.pass(byMs);
    const registered = await door.call('admin', 'POST', '/v1/contacts', { displayName: 'Maria' });
    expect(registered.status).toBe(201);
    const contactId = registered.body.contactId as string;
    const blocked = await door.call('admin', 'POST', `/v1/contacts/${contactId}/block`, { confirm: true });
    expect(blocked.status).toBe(200);
    const unblocked = { confirm: true, requestedBy: 'customer' };
    expect((await door.call('admin', 'POST', `/v1/contacts/${contactId}/unblock`, unblocked)).status).toBe(200);
    expect((await door.get('admin', `/v1/contacts/${contactId}`)).status).toBe(200);
    expect((await door.call({ bearer: null }, 'GET', '/health/ready')).status).toBe(200);
    const times = (await door.facts()).map(({ recordedAt }) => recordedAt);
    expect(times).toEqual([...times].sort());
  });
});
