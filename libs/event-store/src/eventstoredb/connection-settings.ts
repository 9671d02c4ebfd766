import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { EventStoreDbMisconfigured } from './errors.js';

export type Endpoint = { readonly address: string; readonly port: number };

/** A connection string, taken apart. Read by ourselves: the client's own parser prints the whole string where it warns. */
export type ConnectionSettings = {
  /** One host is a single node; several, or `discover`, are a cluster's gossip seeds. */
  readonly hosts: readonly [Endpoint, ...Endpoint[]];
  readonly discover: boolean;
  readonly tls: boolean;
  readonly credentials: { readonly username: string; readonly password: string } | null;
  readonly ca: Buffer | null;
  readonly userCertificate: { readonly certificate: Buffer; readonly key: Buffer } | null;
  readonly connectionName: string | null;
  /** Those of the client's numeric options that were given, by their names. */
  readonly numbers: Readonly<Partial<Record<NumericOption, number>>>;
};

const numericOptions = [
  'maxDiscoverAttempts',
  'discoveryInterval',
  'gossipTimeout',
  'defaultDeadline',
  'keepAliveInterval',
  'keepAliveTimeout',
] as const;
type NumericOption = (typeof numericOptions)[number];

const flat = (text: string): string => text.trim().toLowerCase().replace(/[_-]/g, '');
const names = new Map(
  [
    ...numericOptions,
    'tls',
    'tlsVerifyCert',
    'tlsCAFile',
    'userCertFile',
    'userKeyFile',
    'connectionName',
    'nodePreference',
    'throwOnAppendFailure',
  ].map((name) => [flat(name), name]),
);

/**
 * Takes `esdb://[user:password@]host[:port][,host…][?option=value&…]` (or `esdb+discover://`) apart.
 * Throws EventStoreDbMisconfigured, whose message names the mistake and never quotes credentials.
 */
export const connectionSettingsOf = (connectionString: string): ConnectionSettings => {
  const match = /^(esdb|esdb\+discover|kurrentdb|kurrentdb\+discover):\/\/(?:([^@/?]*)@)?([^/?@]+)\/?(?:\?(.*))?$/.exec(
    connectionString.trim(),
  );
  if (match === null) throw bad('it is not of the form esdb://user:password@host:port?option=value');
  const [, scheme = '', userInfo, hostList = '', query = ''] = match;
  const options = optionsOf(query);
  const tls = flag(options, 'tls') ?? true;
  const discover = scheme.endsWith('+discover');
  const hosts = hostsOf(hostList);
  if (discover && hosts.length > 1) throw bad('with +discover it names one host, whose addresses are the cluster');
  refuseWhatWeDoNotUse(options);
  return {
    hosts,
    discover,
    tls,
    credentials: credentialsOf(userInfo),
    ca: tls ? fileOf(options, 'tlsCAFile') : null,
    userCertificate: tls ? certificateOf(options) : null,
    connectionName: options.get('connectionName') ?? null,
    numbers: numbersOf(options),
  };
};

const bad = (what: string): EventStoreDbMisconfigured =>
  new EventStoreDbMisconfigured(`EVENTSTORE_URL cannot be used: ${what}.`);

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw bad('a % in it stands for nothing (percent-encode credentials and file names)');
  }
};

const credentialsOf = (userInfo: string | undefined): ConnectionSettings['credentials'] => {
  if (userInfo === undefined) return null;
  const [username = '', password = '', ...rest] = userInfo.split(':');
  if (username === '' || password === '' || rest.length > 0) {
    throw bad('its credentials are not user:password (percent-encode special characters)');
  }
  return { username: decoded(username), password: decoded(password) };
};

const hostsOf = (list: string): ConnectionSettings['hosts'] => {
  const [first, ...rest] = list.split(',').map((host): Endpoint => {
    const [address = '', port = '2113', ...more] = host.trim().split(':');
    const number = Number(port);
    if (address === '' || more.length > 0 || !Number.isInteger(number) || number < 1 || number > 65_535) {
      throw bad('a host in it is not name:port');
    }
    return { address, port: number };
  });
  if (first === undefined) throw bad('it names no host');
  return [first, ...rest];
};

const optionsOf = (query: string): ReadonlyMap<string, string> => {
  const options = new Map<string, string>();
  for (const pair of query.split('&').filter((text) => text !== '')) {
    const [key = '', value = ''] = pair.split('=');
    const name = names.get(flat(key));
    // Of an unknown option only the place is said: what stands there may be a part of a password.
    if (name === undefined) throw bad(`its option number ${options.size + 1} is unknown`);
    if (value === '') throw bad(`its option ${name} has no value`);
    options.set(name, decoded(value));
  }
  return options;
};

const flag = (options: ReadonlyMap<string, string>, name: string): boolean | undefined => {
  const value = options.get(name);
  if (value !== undefined && value !== 'true' && value !== 'false')
    throw bad(`its option ${name} is not true or false`);
  return value === undefined ? undefined : value === 'true';
};

/** Options under which the adapter could not keep its promises. */
const refuseWhatWeDoNotUse = (options: ReadonlyMap<string, string>): void => {
  const preference = options.get('nodePreference');
  if (preference !== undefined && flat(preference) !== 'leader') {
    throw bad('nodePreference must be leader: a follower may not know yet what was just appended');
  }
  // Without exceptions the client reports a wrong revision on a conflict.
  if (flag(options, 'throwOnAppendFailure') === false) throw bad('throwOnAppendFailure must not be false');
  if (flag(options, 'tlsVerifyCert') === false) {
    throw bad('tlsVerifyCert=false has no effect: name the certificate authority with tlsCAFile');
  }
};

const numbersOf = (options: ReadonlyMap<string, string>): ConnectionSettings['numbers'] => {
  const numbers: Partial<Record<NumericOption, number>> = {};
  for (const name of numericOptions) {
    const value = options.get(name);
    if (value === undefined) continue;
    const number = Number(value);
    if (!Number.isInteger(number) || number < -1) throw bad(`its option ${name} is not a whole number`);
    numbers[name] = number;
  }
  return numbers;
};

const fileOf = (options: ReadonlyMap<string, string>, name: string): Buffer | null => {
  const path = options.get(name);
  if (path === undefined) return null;
  try {
    return readFileSync(resolve(path));
  } catch {
    throw bad(`the file that its option ${name} names cannot be read`);
  }
};

const certificateOf = (options: ReadonlyMap<string, string>): ConnectionSettings['userCertificate'] => {
  const [certificate, key] = [fileOf(options, 'userCertFile'), fileOf(options, 'userKeyFile')];
  if ((certificate === null) !== (key === null)) throw bad('userCertFile and userKeyFile belong together');
  return certificate === null || key === null ? null : { certificate, key };
};
