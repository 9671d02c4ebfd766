// A disk that makes itself read-only under a running process, as a file system does when the disk below it errs. It stays so until it is unmounted and checked.
import { afterAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApi, startApi, type Answer, type Api } from '../crash/process.js';
import { until } from '../fixtures/until.js';

const root = mkdtempSync(join(tmpdir(), 'portaria-read-only-'));
const running: Api[] = [];

type Disk = { readonly folder: string; readonly errs: () => void; readonly repair: () => void };

const run = (program: string, ...given: string[]): string =>
  execFileSync(program, given, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** A file system of its own. Throws where this user may not make one. */
const makeDisk = (name: string): Disk => {
  const [image, folder] = [join(root, `${name}.img`), join(root, name)];
  mkdirSync(folder);
  writeFileSync(image, '');
  truncateSync(image, 64 * 1024 * 1024);
  run('mkfs.ext4', '-q', image);
  const mount = (): void => {
    run('mount', '-o', 'loop,errors=remount-ro', image, folder);
  };
  mount();
  /** Where the kernel takes it that this file system has erred. */
  const trigger = (): string => {
    const device = /^\/dev\/(loop\d+)$/.exec(run('findmnt', '-n', '-o', 'SOURCE', folder))?.[1];
    const path = `/sys/fs/ext4/${device ?? ''}/trigger_fs_error`;
    if (device === undefined || !existsSync(path)) throw new Error(`${folder} cannot be told to err`);
    return path;
  };
  trigger();
  return {
    folder,
    errs: () => {
      writeFileSync(trigger(), '1');
    },
    repair: () => {
      run('umount', folder);
      // Ends with 1 where it has corrected something.
      spawnSync('e2fsck', ['-fy', image]);
      mount();
    },
  };
};
const disks = ((): { readonly all: Disk; readonly rows: Disk } | null => {
  try {
    return { all: makeDisk('all'), rows: makeDisk('rows') };
  } catch {
    return null;
  }
})();
afterAll(async () => {
  await Promise.all(running.map((api) => api.kill('SIGKILL')));
  for (const name of ['all', 'rows']) spawnSync('umount', [join(root, name)]);
  rmSync(root, { recursive: true, force: true });
});

const started = async (folder: string): Promise<Api> => {
  const api = await startApi(folder);
  running.push(api);
  return api;
};
const register = (api: Api, n: number): Promise<Answer> =>
  api.call('admin', 'POST', '/v1/contacts', { displayName: `Contact ${String(n)}` });
const contacts = async (api: Api): Promise<readonly string[]> => {
  const { body } = await api.call('admin', 'GET', '/v1/contacts?limit=200');
  return (body.items as { contactId: string }[]).map(({ contactId }) => contactId).sort();
};

(disks === null ? describe.skip : describe)(
  'a disk that makes itself read-only (needs root, ext4 and loop devices)',
  () => {
    const { all, rows } = disks!;

    it('under log and keys: commands are 503, queries go on, the process ends by itself at the first write of the log, and the next has all that was answered', async () => {
      const api = await started(all.folder);
      const stored: string[] = [];
      for (let n = 0; n < 20; n++) stored.push((await register(api, n)).body.contactId as string);
      await until(async () => (await contacts(api)).length === stored.length);
      all.errs();
      // Those need a key, which cannot be kept: the log is not written to.
      for (let n = 0; n < 5; n++) {
        const { status, body, retryAfter } = await register(api, n);
        expect([status, body.code, retryAfter]).toEqual([503, 'store-unavailable', '2']);
      }
      expect(api.said()).toContain('keys.db failed: check the disk, then restart the process.');
      expect(await contacts(api)).toEqual([...stored].sort());
      const changed = await Promise.allSettled(
        stored.map((contactId) => api.call('admin', 'PATCH', `/v1/contacts/${contactId}`, { displayName: 'Maria' })),
      );
      for (const answer of changed) {
        // Those under way when it ended got no answer at all.
        if (answer.status === 'fulfilled')
          expect([answer.value.status, answer.value.body.code]).toEqual([503, 'store-unavailable']);
      }
      expect(await api.ended).toBe(1);
      expect(api.said()).toContain('the disk failed under the log: the process ends, acknowledged facts are safe');

      const refused = await runApi(all.folder);
      expect([refused.code, refused.error]).toEqual([1, expect.stringContaining('is read-only: check the disk')]);

      all.repair();
      const again = await started(all.folder);
      await until(async () => (await contacts(again)).length === stored.length);
      expect(await contacts(again)).toEqual([...stored].sort());
      for (const contactId of stored)
        expect((await again.call('admin', 'PATCH', `/v1/contacts/${contactId}`, {})).status).toBe(200);
      expect((await register(again, 21)).status).toBe(201);
      expect(await again.kill('SIGTERM')).toBe(0);
    }, 180_000);

    it('under the read models, amid a rebuild: commands go on, queries answer what was seen, and after a restart the rows follow and a rebuild agrees', async () => {
      const folder = join(root, 'beside');
      mkdirSync(folder);
      symlinkSync(join(rows.folder, 'read.db'), join(folder, 'read.db'));
      const api = await started(folder);
      const stored: string[] = [];
      for (let n = 0; n < 20; n++) stored.push((await register(api, n)).body.contactId as string);
      await until(async () => (await contacts(api)).length === stored.length);
      const seen = [...stored].sort();
      const asked = await api.call('ops', 'POST', '/v1/ops/projections/all/rebuild', {});
      expect(asked.status).toBe(202);
      rows.errs();
      let token = '';
      for (let n = 0; n < 20; n++) {
        const answer = await register(api, n);
        expect(answer.status).toBe(201);
        stored.push(answer.body.contactId as string);
        token = answer.token ?? '';
      }
      await until(() => api.said().includes('read.db cannot be read or written (input/output error): check the disk'));
      const behind = await api.call('admin', 'GET', `/v1/contacts?wait=0&after=${token}`);
      expect([behind.status, behind.body.code, behind.retryAfter]).toEqual([503, 'not-yet-visible', '1']);
      expect(await contacts(api)).toEqual(seen);
      await until(() => api.said().includes('the seat live is lost'));
      const another = await api.call('ops', 'POST', '/v1/ops/projections/inbox/rebuild', {});
      expect([another.status, another.body.code]).toEqual([503, 'store-unavailable']);
      expect((await register(api, 40)).status).toBe(201);
      expect(await api.kill('SIGTERM')).toBe(0);

      rows.repair();
      const again = await started(folder);
      await until(async () => (await contacts(again)).length === stored.length + 1);
      expect(await contacts(again)).toEqual(expect.arrayContaining(stored));
      // What stood in read.db alone may be lost with the disk, a rebuild that was asked for with it: it is asked for again.
      const anew = await again.call('ops', 'POST', '/v1/ops/projections/all/rebuild', {});
      const path = `/v1/ops/rebuilds/${(anew.status === 202 ? anew : asked).body.rebuildId as string}`;
      const rebuild = async () => (await again.call('ops', 'GET', path)).body as { phase: string };
      await until(async () => (await rebuild()).phase === 'done');
      expect(await rebuild()).toMatchObject({ error: null, result: { equal: true } });
      expect((await fetch(`${again.base}/health/ready`)).status).toBe(200);
      expect(await again.kill('SIGTERM')).toBe(0);
    }, 180_000);
  },
);
