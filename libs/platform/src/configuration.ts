import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { inspect, parseEnv } from 'node:util';
import { validateSync } from 'class-validator';
import { developmentKey, developmentSecrets } from './development-secrets.js';
import { Environment, SECRETS, VARIABLES } from './environment.js';

/** What an installation is configured to be (source: spec/configuration.md). Injected by this class. */
export class Configuration {
  constructor(
    readonly host: string,
    readonly port: number,
    readonly dataDir: string,
    readonly eventStore: EventStoreConfiguration,
    readonly readStore: PostgresOrFile,
    /** Shared by processes where both stores are servers; else a file of the data folder. */
    readonly keyVault: PostgresOrFile,
    /** `off`: another process folds the read models and runs the policies. */
    readonly projector: 'embedded' | 'off',
    readonly auth: AuthConfiguration,
    /** 32 bytes. */
    readonly keyEncryptionKey: Buffer,
    readonly keyEncryptionKeyPrevious: Buffer | null,
    readonly logLevel: string,
    readonly logFormat: 'json' | 'pretty',
    /** Per token; 0 = no limit. */
    readonly rateLimitPerMinute: number,
    /** Of Server-Sent Events, both kinds of streams together. */
    readonly live: { readonly perTenant: number; readonly heartbeatMs: number },
    readonly environment: 'development' | 'production' | 'test',
  ) {}

  /** Is any store a file of the data folder? */
  get usesDataFolder(): boolean {
    return [this.eventStore, this.readStore, this.keyVault].some(({ kind }) => kind === 'sqlite');
  }

  get isProduction(): boolean {
    return this.environment === 'production';
  }

  /** Keys and secrets stay out of logs and inspections. */
  toJSON(): object {
    return { host: this.host, port: this.port, dataDir: this.dataDir, environment: this.environment };
  }

  [inspect.custom](): object {
    return this.toJSON();
  }
}

/** The url may hold credentials: it is never printed. */
export type EventStoreConfiguration =
  { readonly kind: 'sqlite' } | { readonly kind: 'eventstoredb'; readonly url: string; readonly prefix: string };

/** The embedded one in the data folder, or on PostgreSQL. The url may hold credentials: it is never printed. */
export type PostgresOrFile = { readonly kind: 'sqlite' } | { readonly kind: 'postgres'; readonly url: string };

/** Tokens are signed either with the secret (HS256) or with a key of the JWKS, never both. */
export type AuthConfiguration = {
  readonly keys: { readonly secret: Uint8Array } | { readonly jwksUrl: URL };
  readonly issuer: string | null;
  readonly audience: string | null;
  readonly subjectClaim: string;
};

/** All mistakes of a configuration at once. The process prints the message and ends with exit code 1. */
export class ConfigurationError extends Error {
  constructor(readonly mistakes: readonly string[]) {
    super(
      `The configuration has ${mistakes.length === 1 ? 'one mistake' : `${String(mistakes.length)} mistakes`}:\n${mistakes.map((line) => `  ${line}`).join('\n')}`,
    );
    this.name = 'ConfigurationError';
  }
}

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads `.env` of the folder and the environment above it, or exactly the variables given (tests). Empty counts as absent.
 * Where secrets of development are missing they are made. Throws ConfigurationError. The only reader of process.env.
 */
export const readConfiguration = (variables?: Variables, folder = process.cwd()): Configuration =>
  configurationOf(variables, folder, secretsIn);

/** The same for who looks at what a server keeps, and lets nobody in: nothing is made. Throws ConfigurationError. */
export const inspectConfiguration = (variables?: Variables, folder = process.cwd()): Configuration =>
  configurationOf(variables, folder, keyIn);

const configurationOf = (variables: Variables | undefined, folder: string, secretsOf: SecretsOf): Configuration => {
  const { environment, mistakes } = environmentOf(variables, folder, VARIABLES);
  const production = environment.NODE_ENV === 'production';
  mistakes.push(...mistakesOfEventStore(environment));
  mistakes.push(...mistakesOfReadStore(environment));
  mistakes.push(...mistakesOfProjector(environment));
  mistakes.push(...mistakesOfAuthentication(environment, production));
  if (
    production &&
    environment.KEY_ENCRYPTION_KEY === undefined &&
    !mistakes.some((line) => line.startsWith('KEY_ENCRYPTION_KEY_FILE'))
  ) {
    mistakes.push('KEY_ENCRYPTION_KEY is required in production: openssl rand -base64 32');
  }
  if (mistakes.length > 0) throw new ConfigurationError(mistakes);
  return assemble(environment, production, secretsOf);
};

/** The server that a command line talks to, and as whom. */
export type RemoteConfiguration = { readonly url: string; readonly token: string | null };

/** The same for who only asks a server and need not know how it is configured. Throws ConfigurationError. */
export const readRemoteConfiguration = (variables?: Variables, folder = process.cwd()): RemoteConfiguration => {
  const { environment, mistakes } = environmentOf(variables, folder, ['PORT', 'PORTARIA_URL', 'PORTARIA_TOKEN']);
  if (mistakes.length > 0) throw new ConfigurationError(mistakes);
  const { PORTARIA_URL: url, PORTARIA_TOKEN: token, PORT: port } = environment;
  return { url: (url ?? `http://127.0.0.1:${port ?? '3000'}`).replace(/\/+$/, ''), token: token ?? null };
};

const environmentOf = (
  variables: Variables | undefined,
  folder: string,
  names: readonly (typeof VARIABLES)[number][],
): { readonly environment: Environment; readonly mistakes: string[] } => {
  const given = variables ?? { ...dotEnv(folder), ...process.env };
  const mistakes: string[] = [];
  const environment = new Environment();
  for (const name of names) {
    const value = given[name]?.trim();
    if (value !== undefined && value !== '') environment[name] = value;
  }
  for (const name of SECRETS) {
    if ((names as readonly string[]).includes(name)) fromFile(name, given, environment, mistakes);
  }
  for (const { property, constraints } of validateSync(environment)) {
    for (const message of Object.values(constraints ?? {})) mistakes.push(`${property} ${message}`);
  }
  return { environment, mistakes };
};

const dotEnv = (folder: string): Variables => {
  const path = resolve(folder, '.env');
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
};

const fromFile = (
  name: (typeof SECRETS)[number],
  given: Variables,
  environment: Environment,
  mistakes: string[],
): void => {
  const path = given[`${name}_FILE`]?.trim();
  if (path === undefined || path === '') return;
  if (environment[name] !== undefined) {
    mistakes.push(`${name} and ${name}_FILE are both set: leave one`);
    return;
  }
  try {
    environment[name] = readFileSync(path, 'utf8').trim();
  } catch {
    mistakes.push(`${name}_FILE names a file that cannot be read`);
  }
};

const mistakesOfEventStore = ({ EVENT_STORE: store, EVENTSTORE_URL: url }: Environment): readonly string[] => {
  if (store === 'eventstoredb' && url === undefined)
    return ['EVENTSTORE_URL is required with EVENT_STORE=eventstoredb'];
  if (store !== 'eventstoredb' && url !== undefined)
    return ['EVENTSTORE_URL is set, but EVENT_STORE is not eventstoredb: set it, or remove the address'];
  return [];
};

/** With both stores on servers several processes share the keys. */
const sharesKeys = ({ EVENT_STORE: events, READ_STORE: rows }: Environment): boolean =>
  events === 'eventstoredb' && rows === 'postgres';

const mistakesOfReadStore = (environment: Environment): readonly string[] => {
  const { READ_STORE: store, POSTGRES_URL: url, KEY_VAULT_URL: keys } = environment;
  const mistakes: string[] = [];
  if (store === 'postgres' && url === undefined) mistakes.push('POSTGRES_URL is required with READ_STORE=postgres');
  if (store !== 'postgres' && url !== undefined)
    mistakes.push('POSTGRES_URL is set, but READ_STORE is not postgres: set it, or remove the address');
  if (keys !== undefined && !sharesKeys(environment))
    mistakes.push(
      'KEY_VAULT_URL is set, but the keys live in DATA_DIR unless EVENT_STORE=eventstoredb and READ_STORE=postgres: set both, or remove the address',
    );
  return mistakes;
};

const mistakesOfProjector = (environment: Environment): readonly string[] =>
  environment.PROJECTOR === 'off' && !sharesKeys(environment)
    ? ['PROJECTOR=off needs EVENT_STORE=eventstoredb and READ_STORE=postgres: a projector process cannot share files']
    : [];

const mistakesOfAuthentication = (environment: Environment, production: boolean): readonly string[] => {
  const { AUTH_JWT_SECRET: secret, AUTH_JWKS_URL: url } = environment;
  if (secret !== undefined && url !== undefined)
    return ['AUTH_JWT_SECRET and AUTH_JWKS_URL exclude each other: leave one'];
  if (production && secret === undefined && url === undefined)
    return ['AUTH_JWT_SECRET or AUTH_JWKS_URL is required in production'];
  if (production && url?.startsWith('http:') === true) return ['AUTH_JWKS_URL must be https in production'];
  return [];
};

const assemble = (environment: Environment, production: boolean, secretsOf: SecretsOf): Configuration => {
  const dataDir = resolve(environment.DATA_DIR ?? './data');
  const { AUTH_JWKS_URL: jwksUrl } = environment;
  const needsSecrets =
    environment.KEY_ENCRYPTION_KEY === undefined ||
    (environment.AUTH_JWT_SECRET === undefined && jwksUrl === undefined);
  const made = needsSecrets ? secretsOf(dataDir, environment) : { authJwtSecret: '', keyEncryptionKey: '' };
  return new Configuration(
    environment.HOST ?? '127.0.0.1',
    Number(environment.PORT ?? '3000'),
    dataDir,
    environment.EVENT_STORE === 'eventstoredb'
      ? { kind: 'eventstoredb', url: environment.EVENTSTORE_URL ?? '', prefix: environment.EVENTSTORE_PREFIX ?? '' }
      : { kind: 'sqlite' },
    environment.READ_STORE === 'postgres'
      ? { kind: 'postgres', url: environment.POSTGRES_URL ?? '' }
      : { kind: 'sqlite' },
    sharesKeys(environment)
      ? { kind: 'postgres', url: environment.KEY_VAULT_URL ?? environment.POSTGRES_URL ?? '' }
      : { kind: 'sqlite' },
    environment.PROJECTOR === 'off' ? 'off' : 'embedded',
    {
      keys:
        jwksUrl === undefined
          ? { secret: Buffer.from(environment.AUTH_JWT_SECRET ?? made.authJwtSecret) }
          : { jwksUrl: new URL(jwksUrl) },
      issuer: environment.AUTH_ISSUER ?? null,
      audience: environment.AUTH_AUDIENCE ?? null,
      subjectClaim: environment.AUTH_SUBJECT_CLAIM ?? 'sub',
    },
    Buffer.from(environment.KEY_ENCRYPTION_KEY ?? made.keyEncryptionKey, 'base64'),
    environment.KEY_ENCRYPTION_KEY_PREVIOUS === undefined
      ? null
      : Buffer.from(environment.KEY_ENCRYPTION_KEY_PREVIOUS, 'base64'),
    environment.LOG_LEVEL ?? 'info',
    formatOf(environment.LOG_FORMAT),
    Number(environment.RATE_LIMIT_PER_MINUTE ?? (production ? '6000' : '0')),
    {
      perTenant: Number(environment.LIVE_STREAMS_PER_TENANT ?? '10000'),
      heartbeatMs: 1000 * Number(environment.LIVE_HEARTBEAT_SECONDS ?? '15'),
    },
    production ? 'production' : environment.NODE_ENV === 'test' ? 'test' : 'development',
  );
};

/** What the environment does not say, of a development installation. */
type SecretsOf = (dataDir: string, environment: Environment) => ReturnType<typeof developmentSecrets>;

const secretsIn: SecretsOf = (dataDir) => {
  try {
    return developmentSecrets(dataDir);
  } catch (error) {
    const reason = Error.isError(error) && 'code' in error ? String(error.code) : 'unknown';
    throw new ConfigurationError([`DATA_DIR ${dataDir} cannot be written (${reason})`]);
  }
};

const keyIn: SecretsOf = (dataDir, { KEY_ENCRYPTION_KEY: given }) => {
  try {
    return { authJwtSecret: '', keyEncryptionKey: given ?? developmentKey(dataDir) };
  } catch {
    throw new ConfigurationError([
      `DATA_DIR ${dataDir} is no folder of a server, or its key was not brought along: name the folder that the server is started with, or set KEY_ENCRYPTION_KEY`,
    ]);
  }
};

const formatOf = (format: string | undefined): 'json' | 'pretty' =>
  format === 'json' || (format === undefined && !process.stdout.isTTY) ? 'json' : 'pretty';
