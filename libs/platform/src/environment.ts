import { IsIn, IsNotEmpty, IsOptional, IsUrl, Matches, MaxLength, ValidateBy } from 'class-validator';

const Secret = (test: (value: string) => boolean, message: string): PropertyDecorator =>
  ValidateBy({
    name: 'secret',
    validator: { validate: (value) => typeof value === 'string' && test(value), defaultMessage: () => message },
  });

const isKey = (value: string): boolean =>
  /^[A-Za-z0-9+/]+={0,2}$/.test(value) && Buffer.from(value, 'base64').length === 32;

const isPostgresUrl = (value: string): boolean =>
  /^postgres(ql)?:\/\/\S+$/.test(value) && URL.canParse(value) && new URL(value).pathname.length > 1;

const POSTGRES_MESSAGE = 'must be a connection string: postgres://user:password@host:5432/database';

const KEY_MESSAGE = 'must be 32 bytes in base64: openssl rand -base64 32';

/**
 * The variables as they stand in the environment, every one text (source: spec/configuration.md).
 * Messages never repeat a value: it may be a secret in the wrong place.
 */
export class Environment {
  @IsOptional() @IsNotEmpty({ message: 'must not be empty' }) HOST?: string;

  @IsOptional()
  @Matches(/^(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/, {
    message: 'must be a port, 0 to 65535',
  })
  PORT?: string;

  @IsOptional() @IsNotEmpty({ message: 'must name a folder' }) DATA_DIR?: string;

  @IsOptional() @IsIn(['sqlite', 'eventstoredb'], { message: 'must be sqlite or eventstoredb' }) EVENT_STORE?: string;

  @IsOptional()
  @Secret(
    (value) => /^(esdb|kurrentdb)(\+discover)?:\/\/\S+$/.test(value),
    'must be a connection string: esdb://host:2113?tls=true',
  )
  EVENTSTORE_URL?: string;

  @IsOptional()
  @Matches(/^[a-z0-9]{0,16}$/, { message: 'must be at most 16 of a-z and 0-9' })
  EVENTSTORE_PREFIX?: string;

  @IsOptional() @IsIn(['sqlite', 'postgres'], { message: 'must be sqlite or postgres' }) READ_STORE?: string;

  @IsOptional() @Secret(isPostgresUrl, POSTGRES_MESSAGE) POSTGRES_URL?: string;

  @IsOptional() @Secret(isPostgresUrl, POSTGRES_MESSAGE) KEY_VAULT_URL?: string;

  @IsOptional() @IsIn(['embedded', 'off'], { message: 'must be embedded or off' }) PROJECTOR?: string;

  @IsOptional()
  @Secret((value) => Buffer.byteLength(value) >= 32, 'must have at least 32 bytes')
  AUTH_JWT_SECRET?: string;

  @IsOptional()
  @IsUrl(
    { protocols: ['http', 'https'], require_protocol: true, require_tld: false },
    { message: 'must be an http(s) address' },
  )
  AUTH_JWKS_URL?: string;

  @IsOptional() @MaxLength(500, { message: 'must have at most 500 characters' }) AUTH_ISSUER?: string;

  @IsOptional() @MaxLength(500, { message: 'must have at most 500 characters' }) AUTH_AUDIENCE?: string;

  @IsOptional() @MaxLength(200, { message: 'must have at most 200 characters' }) AUTH_SUBJECT_CLAIM?: string;

  @IsOptional() @Secret(isKey, KEY_MESSAGE) KEY_ENCRYPTION_KEY?: string;

  @IsOptional() @Secret(isKey, KEY_MESSAGE) KEY_ENCRYPTION_KEY_PREVIOUS?: string;

  @IsOptional()
  @IsIn(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    message: 'must be one of trace, debug, info, warn, error, fatal, silent',
  })
  LOG_LEVEL?: string;

  @IsOptional() @IsIn(['json', 'pretty'], { message: 'must be json or pretty' }) LOG_FORMAT?: string;

  @IsOptional()
  @Matches(/^\d{1,9}$/, { message: 'must be a whole number of requests; 0 switches the limit off' })
  RATE_LIMIT_PER_MINUTE?: string;

  @IsOptional()
  @Matches(/^[1-9]\d{0,6}$/, { message: 'must be a whole number of streams, at least 1' })
  LIVE_STREAMS_PER_TENANT?: string;

  @IsOptional()
  @Matches(/^([1-9]|[1-9]\d|[12]\d\d|300)$/, { message: 'must be a whole number of seconds, 1 to 300' })
  LIVE_HEARTBEAT_SECONDS?: string;

  @IsOptional()
  @IsUrl(
    { protocols: ['http', 'https'], require_protocol: true, require_tld: false },
    { message: 'must be an http(s) address' },
  )
  PORTARIA_URL?: string;

  @IsOptional()
  @Secret((value) => /^[\w-]+\.[\w-]+\.[\w-]*$/.test(value), 'must be a token (JWT)')
  PORTARIA_TOKEN?: string;

  @IsOptional()
  @IsIn(['development', 'production', 'test'], { message: 'must be development, production or test' })
  NODE_ENV?: string;
}

export const VARIABLES = [
  'HOST',
  'PORT',
  'DATA_DIR',
  'EVENT_STORE',
  'EVENTSTORE_URL',
  'EVENTSTORE_PREFIX',
  'READ_STORE',
  'POSTGRES_URL',
  'KEY_VAULT_URL',
  'PROJECTOR',
  'AUTH_JWT_SECRET',
  'AUTH_JWKS_URL',
  'AUTH_ISSUER',
  'AUTH_AUDIENCE',
  'AUTH_SUBJECT_CLAIM',
  'KEY_ENCRYPTION_KEY',
  'KEY_ENCRYPTION_KEY_PREVIOUS',
  'LOG_LEVEL',
  'LOG_FORMAT',
  'RATE_LIMIT_PER_MINUTE',
  'LIVE_STREAMS_PER_TENANT',
  'LIVE_HEARTBEAT_SECONDS',
  'NODE_ENV',
  'PORTARIA_URL',
  'PORTARIA_TOKEN',
] as const satisfies readonly (keyof Environment)[];

/** Each may also stand in a file that `NAME_FILE` names. */
export const SECRETS = [
  'EVENTSTORE_URL',
  'POSTGRES_URL',
  'KEY_VAULT_URL',
  'AUTH_JWT_SECRET',
  'KEY_ENCRYPTION_KEY',
  'KEY_ENCRYPTION_KEY_PREVIOUS',
  'PORTARIA_TOKEN',
] as const;
