// A disk that fails under a running process (its files may not grow: EFBIG, which SQLite takes for a failed write), and works again.
import { afterAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startApi, type Api, type Answer } from '../crash/process.js';
import { until } from '../fixtures/until.js';

const root = mkdtempSync(join(tmpdir(), 'portaria-disk-'));
const running: Api[] = [];
afterAll(async () => {
  await Promise.all(running.map((api) => api.kill('SIGKILL')));
  rmSync(root, { recursive: true, force: true });
});

const canLimit = ((): boolean => {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** No file of the process may be longer than this from now on. */
const limit = (folder: string, bytes: number | 'unlimited'): void => {
  const pid = readFileSync(join(folder, 'lock.pid'), 'utf8');
  // The soft limit alone: a hard one could not be raised again by everybody.
  execFileSync('prlimit', ['--pid', pid, `--fsize=${String(bytes)}:unlimited`]);
};
const started = async (folder: string): Promise<Api> => {
  const api = await startApi(folder);
  running.push(api);
  return api;
};
const register = (api: Api, n: number): Promise<Answer> =>
  api.call('admin', 'POST', '/v1/contacts', { displayName: `Contact ${String(n)} ${'x'.repeat(150)}` });

(canLimit ? describe : describe.skip)('a disk that fails (needs prlimit)', () => {
  it('under the read models: commands and queries go on, and the read models follow by themselves when it works again', async () => {
    const folder = join(root, 'read');
    const api = await started(folder);
    const stored: string[] = [];
    const store = async (): Promise<Answer> => {
      const answer = await register(api, stored.length);
      expect(answer.status).toBe(201);
      stored.push(answer.body.contactId as string);
      return answer;
    };
    // The WAL of the read models, in pages of 8 KiB, is longer than that of the log by then.
    const sizeOf = (file: string): number => statSync(join(folder, file)).size;
    while (sizeOf('read.db-wal') < 6 * 1024 * 1024) await store();
    limit(folder, sizeOf('read.db-wal'));
    while (!api.said().includes('read.db cannot be read or written (input/output error): check the disk'))
      await store();
    expect(Math.max(sizeOf('events.db-wal'), sizeOf('events.db'))).toBeLessThan(sizeOf('read.db-wal'));

    const { token } = await store();
    const behind = await api.call('admin', 'GET', `/v1/contacts?wait=0&after=${token ?? ''}`);
    expect([behind.status, behind.body.code, behind.retryAfter]).toEqual([503, 'not-yet-visible', '1']);
    expect(behind.body.detail).toContain('Nothing is lost');
    expect((await api.call('admin', 'GET', '/v1/contacts')).status).toBe(200);
    // It lasts: the lease of the projector's seat runs out, and cannot be written anew.
    await until(() => api.said().includes('the seat live is lost'));
    const asked = await api.call('ops', 'POST', '/v1/ops/projections/inbox/rebuild', {});
    expect([asked.status, asked.body.code, asked.retryAfter]).toEqual([503, 'store-unavailable', '2']);
    expect((await api.call('admin', 'GET', '/v1/contacts')).status).toBe(200);
    expect((await store()).status).toBe(201);

    limit(folder, 'unlimited');
    await until(
      async () => (await api.call('admin', 'GET', `/v1/contacts?wait=0&after=${token ?? ''}`)).status === 200,
      60_000,
    );
    const seen = new Set<string>();
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await api.call('admin', 'GET', `/v1/contacts?limit=200${query}`);
      for (const { contactId } of body.items as { contactId: string }[]) seen.add(contactId);
      cursor = body.nextCursor as string | null;
    }
    expect(seen).toEqual(new Set(stored));
    expect((await fetch(`${api.base}/health/ready`)).status).toBe(200);
    expect(await api.kill('SIGTERM')).toBe(0);
  }, 120_000);

  it('under the log: the process says so and ends, and the next one has all that was answered and nothing by halves', async () => {
    const folder = join(root, 'log');
    const api = await started(folder);
    const stored: string[] = [];
    const first = await register(api, 0);
    stored.push(first.body.contactId as string);
    limit(folder, statSync(join(folder, 'events.db-wal')).size);
    const answers = await Promise.allSettled(Array.from({ length: 200 }, (_, n) => register(api, n + 1)));
    for (const answer of answers) {
      // Those under way when it ended got no answer at all.
      if (answer.status === 'rejected') continue;
      const { status, body, retryAfter } = answer.value;
      if (status === 201) stored.push(body.contactId as string);
      else expect([status, body.code, retryAfter]).toEqual([503, 'store-unavailable', '2']);
    }
    expect(stored.length).toBeLessThan(200);
    expect(await api.kill('SIGTERM')).toBe(1);
    expect(api.said()).toContain('the disk failed under the log: the process ends, acknowledged facts are safe');

    const again = await started(folder);
    for (const contactId of stored)
      expect((await again.call('admin', 'PATCH', `/v1/contacts/${contactId}`, {})).status).toBe(200);
    expect((await register(again, 201)).status).toBe(201);
    expect(await again.kill('SIGTERM')).toBe(0);
    const db = new DatabaseSync(join(folder, 'events.db'), { readOnly: true });
    expect(db.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
    const gaps = db.prepare('select stream from events group by stream having count(*) <> max(revision) + 1').all();
    expect([gaps, db.prepare('select id from events where not json_valid(data)').all()]).toEqual([[], []]);
    db.close();
  }, 120_000);
});
