import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError, developmentSecrets, readConfiguration } from '#platform';

const SECRET = 'a secret of at least thirty-two bytes';
const KEY = Buffer.alloc(32, 7).toString('base64');
const production = { NODE_ENV: 'production', AUTH_JWT_SECRET: SECRET, KEY_ENCRYPTION_KEY: KEY };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portaria-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const mistakesOf = (variables: Record<string, string>): readonly string[] => {
  try {
    readConfiguration({ DATA_DIR: folder, ...variables });
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).mistakes;
  }
};

describe('the configuration', () => {
  it('needs nothing in development', () => {
    const configuration = readConfiguration({ DATA_DIR: folder });
    expect(configuration).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      dataDir: folder,
      eventStore: { kind: 'sqlite' },
      readStore: { kind: 'sqlite' },
      keyVault: { kind: 'sqlite' },
      projector: 'embedded',
      logLevel: 'info',
      rateLimitPerMinute: 0,
      environment: 'development',
      auth: { issuer: null, audience: null, subjectClaim: 'sub' },
    });
    expect(configuration.keyEncryptionKey).toHaveLength(32);
  });

  it('keeps the secrets that it made, for their owner only', () => {
    const made = developmentSecrets(folder);
    expect(developmentSecrets(folder)).toEqual(made);
    expect(readConfiguration({ DATA_DIR: folder }).keyEncryptionKey.toString('base64')).toBe(made.keyEncryptionKey);
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('makes none where they are given', () => {
    readConfiguration({ DATA_DIR: folder, AUTH_JWT_SECRET: SECRET, KEY_ENCRYPTION_KEY: KEY });
    readConfiguration({ DATA_DIR: folder, AUTH_JWKS_URL: 'https://id.example.com/keys', KEY_ENCRYPTION_KEY: KEY });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('needs its secrets in production and limits the rate', () => {
    expect(mistakesOf({ NODE_ENV: 'production' })).toEqual([
      'AUTH_JWT_SECRET or AUTH_JWKS_URL is required in production',
      'KEY_ENCRYPTION_KEY is required in production: openssl rand -base64 32',
    ]);
    expect(readdirSync(folder)).toEqual([]);
    expect(readConfiguration(production).rateLimitPerMinute).toBe(6000);
  });

  it('reports every mistake at once and prints no secret', () => {
    const mistakes = mistakesOf({
      PORT: '65536',
      EVENT_STORE: 'kafka',
      EVENTSTORE_URL: 'http://admin:changeit@host',
      READ_STORE: 'mysql',
      POSTGRES_URL: 'mysql://root:changeit@host/x',
      KEY_VAULT_URL: 'postgres://root:changeit@host',
      PROJECTOR: 'elsewhere',
      AUTH_JWT_SECRET: 'hunter2',
      KEY_ENCRYPTION_KEY: 'c2hvcnQ=',
      LOG_LEVEL: 'loud',
      LOG_FORMAT: 'xml',
      RATE_LIMIT_PER_MINUTE: '-1',
      NODE_ENV: 'prod',
    });
    expect(mistakes.map((line) => line.split(' ')[0])).toEqual([
      'PORT',
      'EVENT_STORE',
      'EVENTSTORE_URL',
      'READ_STORE',
      'POSTGRES_URL',
      'KEY_VAULT_URL',
      'PROJECTOR',
      'AUTH_JWT_SECRET',
      'KEY_ENCRYPTION_KEY',
      'LOG_LEVEL',
      'LOG_FORMAT',
      'RATE_LIMIT_PER_MINUTE',
      'NODE_ENV',
      'EVENTSTORE_URL',
      'POSTGRES_URL',
      'KEY_VAULT_URL',
    ]);
    expect(mistakes.join()).not.toMatch(/hunter2|c2hvcnQ|changeit/);
  });

  it('takes the log on a server, with its address', () => {
    const server = {
      EVENT_STORE: 'eventstoredb',
      EVENTSTORE_URL: 'esdb://127.0.0.1:2113?tls=false',
      EVENTSTORE_PREFIX: 'two',
    };
    expect(readConfiguration({ ...production, ...server }).eventStore).toEqual({
      kind: 'eventstoredb',
      url: server.EVENTSTORE_URL,
      prefix: 'two',
    });
    expect(mistakesOf({ EVENT_STORE: 'eventstoredb' })).toEqual([
      'EVENTSTORE_URL is required with EVENT_STORE=eventstoredb',
    ]);
  });

  it('takes the read models on PostgreSQL, and the keys too where the log is on a server', () => {
    const url = 'postgres://portaria:changeit@db/portaria?sslmode=verify-full';
    const rows = { ...production, READ_STORE: 'postgres', POSTGRES_URL: url };
    const both = { ...rows, EVENT_STORE: 'eventstoredb', EVENTSTORE_URL: 'esdb://127.0.0.1:2113?tls=false' };
    expect(readConfiguration(rows)).toMatchObject({
      readStore: { kind: 'postgres', url },
      keyVault: { kind: 'sqlite' },
    });
    expect(readConfiguration(both).keyVault).toEqual({ kind: 'postgres', url });
    const keys = 'postgresql://portaria@vault/keys';
    expect(readConfiguration({ ...both, KEY_VAULT_URL: keys }).keyVault).toEqual({ kind: 'postgres', url: keys });
    expect(mistakesOf({ READ_STORE: 'postgres' })).toEqual(['POSTGRES_URL is required with READ_STORE=postgres']);
    expect(mistakesOf({ POSTGRES_URL: url, KEY_VAULT_URL: keys })).toEqual([
      'POSTGRES_URL is set, but READ_STORE is not postgres: set it, or remove the address',
      expect.stringMatching(/^KEY_VAULT_URL is set, but the keys live in DATA_DIR unless/),
    ]);
  });

  it('takes every secret from a file too, but not from both', () => {
    const path = join(folder, 'secret');
    writeFileSync(path, `${SECRET}\n`);
    const { keys } = readConfiguration({ ...production, AUTH_JWT_SECRET: '', AUTH_JWT_SECRET_FILE: path }).auth;
    expect('secret' in keys && Buffer.from(keys.secret).toString()).toBe(SECRET);
    expect(mistakesOf({ ...production, AUTH_JWT_SECRET_FILE: path })).toHaveLength(1);
    expect(mistakesOf({ AUTH_JWT_SECRET_FILE: join(folder, 'missing') })).toEqual([
      'AUTH_JWT_SECRET_FILE names a file that cannot be read',
    ]);
  });

  it('takes a secret or an address of keys, which is https in production', () => {
    const url = 'http://localhost:9/keys';
    expect(mistakesOf({ AUTH_JWT_SECRET: SECRET, AUTH_JWKS_URL: url })).toHaveLength(1);
    expect(mistakesOf({ ...production, AUTH_JWT_SECRET: '', AUTH_JWKS_URL: url })).toHaveLength(1);
    expect(mistakesOf({ AUTH_JWKS_URL: url })).toEqual([]);
    expect(mistakesOf({ AUTH_JWKS_URL: 'keys' })).toHaveLength(1);
  });

  it('reads .env below the environment', () => {
    writeFileSync(join(folder, '.env'), `# comment\nPORT=4001\nDATA_DIR="${folder}/d"\n`);
    expect(readConfiguration(undefined, folder)).toMatchObject({ port: 4001, dataDir: join(folder, 'd') });
  });

  it('says so when the data folder cannot be written', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(mistakesOf({ DATA_DIR: join(folder, 'file') })).toEqual([
      expect.stringMatching(/^DATA_DIR .* cannot be written \(E/),
    ]);
  });

  it('shows no secret when it is printed', () => {
    const configuration = readConfiguration(production);
    expect(JSON.stringify(configuration)).not.toContain(KEY);
    expect(JSON.stringify(configuration)).not.toContain(SECRET);
    expect(inspect(configuration)).not.toContain('07 07');
  });
});
