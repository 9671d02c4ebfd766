import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeEventStoreDb } from '../../../../test/fakes/eventstoredb/index.js';
import { connectionSettingsOf } from './connection-settings.js';
import { checkEventStoreDb, EventStoreDbMisconfigured } from './index.js';

describe('the check of EventStoreDB at the start', () => {
  let fake: FakeEventStoreDb;
  beforeEach(async () => {
    fake = await FakeEventStoreDb.start();
  });
  afterEach(() => fake.stop());

  const problem = async (connectionString = fake.connectionString): Promise<string> => {
    const check = await checkEventStoreDb({ connectionString, timeoutMs: 10_000 });
    if (check.ok) throw new Error('there was nothing to complain of');
    expect(check.problem).not.toMatch(/s3cret|\n/);
    expect(check.problem).toMatch(/^[A-Z].*\.$/);
    return check.problem;
  };

  it('finds nothing wrong with a good server', async () => {
    expect(await checkEventStoreDb({ connectionString: fake.connectionString })).toEqual({
      ok: true,
      serverVersion: '23.10.8',
    });
  });

  it('says that nobody listens', async () => {
    await fake.shut();
    expect(await problem(`esdb://ana:s3cret@127.0.0.1:${String(fake.port)}?tls=false`)).toMatch(
      /cannot be reached at 127\.0\.0\.1/,
    );
  });

  it('says that TLS is wanted from a server without it', async () => {
    expect(await problem(`esdb://127.0.0.1:${String(fake.port)}`)).toMatch(/does not speak TLS/);
  });

  it('says that credentials are wrong, or that $all may not be read', async () => {
    fake.misbehaviour.read = () => 'unauthenticated';
    expect(await problem()).toMatch(/credentials/);
    fake.misbehaviour.read = () => 'access-denied';
    expect(await problem()).toMatch(/\$all/);
  });

  it('says that a server is too old', async () => {
    fake.misbehaviour.serverVersion = '22.10.5';
    expect(await problem()).toMatch(/22\.10\.5, which is too old/);
    fake.misbehaviour.serverVersion = null;
    expect(await problem()).toMatch(/unknown age, which is too old/);
    fake.misbehaviour.serverVersion = '24.10.0';
    expect((await checkEventStoreDb({ connectionString: fake.connectionString })).ok).toBe(true);
  });

  it('says that a server accepts connections and nothing more', async () => {
    const accepted: Socket[] = [];
    const silent: Server = createServer((socket) => accepted.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const check = await checkEventStoreDb({
      connectionString: `esdb://127.0.0.1:${String(port)}?tls=false`,
      timeoutMs: 300,
    });
    expect(check).toMatchObject({ ok: false, retryable: true, problem: expect.stringMatching(/does not answer/) });
    silent.close();
    // A socket that nobody reads never hears that the other end has gone: it would keep this process alive.
    for (const socket of accepted) socket.destroy();
  });

  it('refuses a connection string that it cannot keep its promises with, and repeats nothing secret of it [pitfalls 6 12]', async () => {
    for (const string of [
      'http://ana:s3cret@host',
      'esdb://ana:s3cret:more@host',
      'esdb://ana:s3cret@host:port',
      'esdb://ana:s3cret@host?s3cret=1',
      'esdb://ana:s3cret@host?nodePreference=follower',
      'esdb://ana:s3cret@host?throwOnAppendFailure=false',
      'esdb://ana:s3cret@host?tlsVerifyCert=false',
      'esdb://ana:s3cret@host?keepAliveInterval=soon',
      'esdb://ana:s3cret@host?tls=s3cret',
      'esdb://ana:s3cret@host?tlsCAFile=/s3cret',
      'esdb+discover://ana:s3cret@a,b',
      'esdb://ana:s3cret%@host',
    ]) {
      expect(() => connectionSettingsOf(string)).toThrow(EventStoreDbMisconfigured);
      await problem(string);
    }
  });

  it('takes a connection string apart', () => {
    expect(
      connectionSettingsOf('esdb://ana:p%40ss@a:2113,b?tls=false&node_preference=Leader&defaultDeadline=5000'),
    ).toMatchObject({
      hosts: [
        { address: 'a', port: 2113 },
        { address: 'b', port: 2113 },
      ],
      discover: false,
      tls: false,
      credentials: { username: 'ana', password: 'p@ss' },
      numbers: { defaultDeadline: 5_000 },
    });
    expect(connectionSettingsOf('esdb+discover://cluster').discover).toBe(true);
  });
});
