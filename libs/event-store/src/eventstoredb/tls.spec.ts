import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { aFact, aStream, collect } from '../../../../test/conformance/event-store.suite.js';
import { FakeEventStoreDb } from '../../../../test/fakes/eventstoredb/index.js';
import { checkEventStoreDb, openEventStoreDb } from './index.js';

const folder = join(import.meta.dirname, '../../../../../test/fixtures/tls');
const file = (name: string): string => encodeURIComponent(join(folder, name));
const certificate = (name: string) => ({
  key: readFileSync(join(folder, 'server.key')),
  certificate: readFileSync(join(folder, name)),
});

describe('EventStoreDB behind TLS', () => {
  let fake: FakeEventStoreDb;
  afterEach(() => fake.stop());

  const secured = async (name = 'server.crt'): Promise<void> => {
    fake = await FakeEventStoreDb.start(undefined, certificate(name));
    fake.misbehaviour.user = 'ana:s3cret & more';
  };
  const url = (
    options = `tlsCAFile=${file('authority.crt')}`,
    { user = 'ana:s3cret%20%26%20more', host = '127.0.0.1' } = {},
  ): string => `esdb://${user}@${host}:${String(fake.port)}?${options}`;

  const problem = async (connectionString: string): Promise<string> => {
    const check = await checkEventStoreDb({ connectionString, timeoutMs: 10_000 });
    if (check.ok) throw new Error('there was nothing to complain of');
    expect(check.retryable).toBe(false);
    expect(check.problem).not.toMatch(/s3cret|ana|\n/);
    return check.problem.replace(String(fake.port), 'PORT');
  };

  it('is used with the authority that the file names, and is told the credentials', async () => {
    await secured();
    expect(await checkEventStoreDb({ connectionString: url() })).toMatchObject({ ok: true });
    const store = openEventStoreDb({ connectionString: url(), categories: ['suite'] });
    const stream = aStream();
    await store.append(stream, 'no_stream', [aFact(), aFact()]);
    expect(await collect(store.readStream(stream))).toHaveLength(2);
    expect(await collect(store.readAll({ after: null }))).toHaveLength(2);
    // The batch path, although there are credentials.
    expect(fake.counts).toMatchObject({ batchAppends: 1, unaryAppends: 0 });
    await store.close();
  });

  it('is not believed with another authority, or with none', async () => {
    await secured();
    const distrusted =
      'The certificate of EventStoreDB at 127.0.0.1:PORT is not trusted: name its authority with tlsCAFile in EVENTSTORE_URL.';
    expect(await problem(url(`tlsCAFile=${file('other-authority.crt')}`))).toBe(distrusted);
    expect(await problem(url('tls=true'))).toBe(distrusted);
  });

  it('is not believed under a name that its certificate lacks', async () => {
    await secured();
    expect(await problem(url(undefined, { host: 'localhost' }))).toBe(
      'The certificate of EventStoreDB at localhost:PORT is for another host: name the server in EVENTSTORE_URL as its certificate does.',
    );
  });

  it('is not believed with a certificate of other days', async () => {
    await secured('outdated.crt');
    expect(await problem(url())).toBe(
      'The certificate of EventStoreDB at 127.0.0.1:PORT is not valid today: renew it, or set the clock right.',
    );
  });

  it('is not reached without TLS', async () => {
    await secured();
    expect(await problem(url('tls=false'))).toBe(
      'EventStoreDB at 127.0.0.1:PORT speaks TLS only: remove tls=false from EVENTSTORE_URL.',
    );
  });

  it('is missed where the server has none', async () => {
    fake = await FakeEventStoreDb.start();
    expect(await problem(url())).toBe(
      'EventStoreDB at 127.0.0.1:PORT does not speak TLS: start it with certificates, or add ?tls=false to EVENTSTORE_URL.',
    );
  });

  it('says that the credentials are wrong, or missing', async () => {
    await secured();
    const unknown = 'EventStoreDB does not accept the credentials: correct the user and password in EVENTSTORE_URL.';
    expect(await problem(url(undefined, { user: 'ana:s3cret' }))).toBe(unknown);
    expect(await problem(url().replace(/\/\/.*@/, '//'))).toBe(unknown);
  });

  it('says that $all may not be read', async () => {
    await secured();
    fake.misbehaviour.read = (kind) => (kind === 'stream' ? 'ok' : 'access-denied');
    expect(await problem(url())).toBe(
      'EventStoreDB does not permit reading $all: give the user of EVENTSTORE_URL the right to read it.',
    );
  });

  it('may break off what it begins, as one does that is just starting: then it is waited for', async () => {
    await secured();
    fake.hold();
    const check = await checkEventStoreDb({ connectionString: url(), timeoutMs: 300 });
    expect(check).toMatchObject({ ok: false, retryable: true, problem: expect.stringMatching(/does not answer/) });
    fake.release();
  });
});
