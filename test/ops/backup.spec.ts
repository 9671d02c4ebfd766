// A backup that is taken while the api takes messages, and what comes back from it.
import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApi, variablesOf, type Api } from '../crash/process.js';
import { runChild, runHere } from './command-line.js';

const folder = mkdtempSync(join(tmpdir(), 'portaria-backup-'));
const [data, backup] = [join(folder, 'data'), join(folder, 'backup')];
const variables = variablesOf(data);

let api: Api;
beforeAll(async () => {
  api = await startApi(data);
});
afterAll(async () => {
  await api.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

type Message = { readonly id: string; readonly conversationId: string };

/** A customer of its own for each message: a conversation, a contact and a key. */
const arrives = async (n: number): Promise<Message> => {
  const id = `message ${String(n)} ${randomUUID()}`;
  const { status, body, text } = await api.call('integration', 'POST', '/v1/messages/inbound', {
    channel: 'whatsapp',
    from: { kind: 'whatsapp', value: `+55119${String(70_000_000 + n)}`, displayName: `Sender ${String(n)}` },
    providerMessageId: id,
    content: { text: id },
  });
  if (status !== 200) throw new Error(text);
  return { id, conversationId: body.conversationId as string };
};

/** What a conversation shows. */
const textsOf = async (of: Api, conversationId: string, token: string | null): Promise<readonly string[]> => {
  const after = token === null ? '' : `&after=${token}&wait=20000`;
  const { body } = await of.call('auditor', 'GET', `/v1/conversations/${conversationId}/timeline?limit=200${after}`);
  return ((body.items ?? []) as { content?: { text: string } }[]).flatMap(({ content }) => content?.text ?? []);
};

const taken = { before: [] as Message[], after: [] as Message[] };

describe('backup', () => {
  it('copies while messages come in, and says what it holds', async () => {
    for (let n = 0; n < 100; n++) taken.before.push(await arrives(n));
    const traffic = { goesOn: true, sent: 0 };
    const lanes = Array.from({ length: 8 }, async (_, lane) => {
      for (let n = 0; traffic.goesOn; n++) {
        taken.after.push(await arrives(1_000 * (lane + 1) + n));
        traffic.sent += 1;
      }
    });
    while (traffic.sent < 50) await new Promise((resolve) => setTimeout(resolve, 5));
    // Everything that was answered before it begins has to be in it.
    taken.before.push(...taken.after.splice(0));
    const sentBefore = traffic.sent;
    const { code, out, err } = await runChild(variables, ['backup', backup]);
    const sentMeanwhile = traffic.sent - sentBefore;
    traffic.goesOn = false;
    await Promise.all(lanes);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/backup holds events\.db \(.+\), keys\.db \(.+\), [\d,]+ facts, all keys there\n$/);
    expect(sentMeanwhile).toBeGreaterThan(10);
    expect(readdirSync(backup).toSorted()).toEqual(['backup.json', 'events.db', 'keys.db']);
  }, 120_000);

  it('is whole, also for who looks twice, and opens with the right key only', async () => {
    for (let turn = 0; turn < 2; turn++) {
      const { code, last } = await runHere(variables, ['backup', '--verify', backup, '--json']);
      expect(code).toBe(0);
      expect(last().result).toMatchObject({ format: 'portaria-backup', log: { facts: expect.any(Number) } });
    }
    expect(readdirSync(backup).toSorted()).toEqual(['backup.json', 'events.db', 'keys.db']);
    const other = { ...variables, KEY_ENCRYPTION_KEY: Buffer.alloc(32, 8).toString('base64') };
    const { code, err } = await runHere(other, ['backup', '--verify', backup]);
    expect([code, err]).toEqual([1, expect.stringMatching(/is not the one that .*keys\.db was made with/)]);
  });

  it('restored, has every message that was answered before it, readable, and goes on', async () => {
    const restored = join(folder, 'restored');
    mkdirSync(restored);
    for (const file of ['events.db', 'keys.db']) cpSync(join(backup, file), join(restored, file));
    const again = await startApi(restored);
    try {
      const { token } = await again.call('integration', 'POST', '/v1/messages/inbound', {
        channel: 'whatsapp',
        from: { kind: 'whatsapp', value: '+5511900000000', displayName: 'After' },
        providerMessageId: 'after',
        content: { text: 'after' },
      });
      expect(token).not.toBeNull();
      expect(taken.before.length).toBeGreaterThanOrEqual(150);
      const lost: string[] = [];
      for (const { id, conversationId } of taken.before) {
        if (!(await textsOf(again, conversationId, token)).includes(id)) lost.push(id);
      }
      expect(lost).toEqual([]);
    } finally {
      await again.kill('SIGTERM');
    }
  }, 120_000);

  it('takes the read models too if asked, never ahead of the log: a restored server builds nothing anew', async () => {
    const whole = join(folder, 'whole');
    const { code } = await runHere(variables, ['backup', whole, '--read-models']);
    expect([code, existsSync(join(whole, 'read.db'))]).toEqual([0, true]);
    rmSync(join(whole, 'backup.json'));
    const again = await startApi(whole);
    try {
      const { body } = await again.call('ops', 'GET', '/v1/ops/projections');
      expect(body.items).toContainEqual(expect.objectContaining({ name: 'inbox', state: 'live', generation: 1 }));
    } finally {
      await again.kill('SIGTERM');
    }
  }, 60_000);
});

describe('what is no backup', () => {
  const spoilt = (name: string, spoil: (path: string) => void): string => {
    const path = join(folder, name);
    cpSync(backup, path, { recursive: true });
    spoil(path);
    return path;
  };

  it.each([
    [
      'cut off',
      (path: string) => {
        rmSync(join(path, 'backup.json'));
      },
      /has no backup\.json: it is no backup, or one that was cut off/,
    ],
    [
      'without the vault',
      (path: string) => {
        rmSync(join(path, 'keys.db'));
      },
      /keys\.db is missing/,
    ],
    [
      'changed',
      (path: string) => {
        appendFileSync(join(path, 'events.db'), '!');
      },
      /is not the file that was backed up/,
    ],
    [
      'with another manifest',
      (path: string) => {
        writeFileSync(join(path, 'backup.json'), '{"format":"x"}');
      },
      /is not the manifest/,
    ],
    [
      'whose manifest says more',
      (path: string) => {
        const manifest = join(path, 'backup.json');
        writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"facts": \d+/, '"facts": 9999999'));
      },
      /holds another log than its backup\.json says/,
    ],
  ])('%s', async (name, spoil, sentence) => {
    const { code, err } = await runHere(variables, ['backup', '--verify', spoilt(name, spoil)]);
    expect([code, err]).toEqual([4, expect.stringMatching(sentence)]);
  });

  it('a vault of another installation beside this log', async () => {
    const mixed = join(folder, 'mixed');
    const other = await startApi(join(folder, 'other'));
    await other.kill('SIGTERM');
    mkdirSync(mixed);
    cpSync(join(backup, 'events.db'), join(mixed, 'events.db'));
    cpSync(join(folder, 'other', 'keys.db'), join(mixed, 'keys.db'));
    const { code, err } = await runHere(variablesOf(mixed), ['backup', join(folder, 'of-mixed')]);
    expect([code, err]).toEqual([4, expect.stringMatching(/keys\.db lacks \d+ of the keys that events\.db needs/)]);
    expect(readdirSync(join(folder, 'of-mixed'))).toEqual([]);
    const doctor = await runHere({ ...variablesOf(mixed), PORTARIA_URL: 'http://127.0.0.1:1' }, ['doctor']);
    expect([doctor.code, doctor.out]).toEqual([1, expect.stringMatching(/^PROBLEM +keys +the vault lacks \d+ keys/m)]);
  }, 60_000);

  it('a folder that has something in it, or none to copy from', async () => {
    const full = await runHere(variables, ['backup', backup]);
    expect([full.code, full.err]).toEqual([2, expect.stringMatching(/is not empty.*nothing was written/)]);
    const none = await runHere(variablesOf(join(folder, 'nowhere')), ['backup', join(folder, 'of-nowhere')]);
    expect([none.code, none.err]).toEqual([1, expect.stringMatching(/events\.db does not exist: set DATA_DIR/)]);
  });

  it('where no store is a file: it says what to run instead', async () => {
    const servers = {
      ...variables,
      EVENT_STORE: 'eventstoredb',
      EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false',
      READ_STORE: 'postgres',
      POSTGRES_URL: 'postgres://portaria@127.0.0.1:1/portaria',
    };
    const { code, err } = await runHere(servers, ['backup', join(folder, 'nothing')]);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/EventStoreDB with its own tools first.*pg_dump --schema=portaria_keys/),
    ]);
    expect(existsSync(join(folder, 'nothing'))).toBe(false);
    const rows = { ...variables, READ_STORE: 'postgres', POSTGRES_URL: servers.POSTGRES_URL };
    const refused = await runHere(rows, ['backup', join(folder, 'nothing'), '--read-models']);
    expect([refused.code, refused.err]).toEqual([2, expect.stringMatching(/need no backup/)]);
  });

  it('on EventStoreDB the log: it says what to run instead', async () => {
    const onServer = { ...variables, EVENT_STORE: 'eventstoredb', EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false' };
    const { code, out, err } = await runHere(onServer, ['backup', join(folder, 'keys-only')]);
    expect([code, out, err]).toEqual([
      0,
      expect.stringMatching(/holds keys\.db \([^)]+\)\n$/),
      expect.stringMatching(/The log is on EventStoreDB.*BEFORE this command/),
    ]);
    expect((await runHere(onServer, ['backup', '--verify', join(folder, 'keys-only')])).code).toBe(0);
  });
});
