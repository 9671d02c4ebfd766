// What may be wrong with an installation, looked at from its machine: each finding says what is, and what to do about it.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { damageOf, fitOf, readLogId } from '#event-store';
import { type Configuration, ConfigurationError, inspectConfiguration, type Variables } from '#platform/configuration';
import { openSqliteReadSource } from '#read-store';
import type { Position } from '#kernel';
import { keyPlaceName, keyPlaceOf, openKeys } from '../key-vault.js';
import { readPlaceOf } from '../read-store.js';
import { placeOf, viewLog, type LogLines, type LogView } from '../event-store.js';
import { number, size } from './terminal.js';

export type Finding = {
  readonly check: string;
  readonly level: 'good' | 'warning' | 'problem';
  /** What is. */
  readonly finding: string;
  /** What to do; `null` where nothing has to be done. */
  readonly advice: string | null;
};

export const good = (check: string, finding: string): Finding => ({ check, level: 'good', finding, advice: null });
export const warning = (check: string, finding: string, advice: string): Finding => ({
  check,
  level: 'warning',
  finding,
  advice,
});
export const problem = (check: string, finding: string, advice: string): Finding => ({
  check,
  level: 'problem',
  finding,
  advice,
});

/** Everything that needs no server. Yields as it finds; never throws. */
export async function* examine(variables: Variables | undefined, lines: LogLines): AsyncGenerator<Finding> {
  yield versions();
  let configuration: Configuration;
  try {
    configuration = inspectConfiguration(variables);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const mistake of error.mistakes)
      yield problem('configuration', mistake, 'mend it in the environment or in .env: docs/configuration.md');
    return;
  }
  const { environment, eventStore, readStore, keyVault } = configuration;
  yield good(
    'configuration',
    `${environment}; log: ${eventStore.kind}, read models: ${readStore.kind}, keys: ${keyVault.kind}`,
  );
  if (configuration.usesDataFolder) yield* folder(configuration);
  const opening = await opened(configuration, lines);
  if (!('log' in opening)) {
    yield opening;
    return;
  }
  const { log, server } = opening;
  try {
    yield* ofTheLog(configuration, log, server);
  } finally {
    await log.close();
  }
  yield await readModels(configuration);
}

const versions = (): Finding => {
  const { node, sqlite } = process.versions;
  const said = `Node ${node}, SQLite ${sqlite ?? 'unknown'}`;
  return Number(node.split('.')[0]) >= 24
    ? good('versions', said)
    : problem('versions', said, 'Portaria needs Node 24 or newer: npm ci brings one');
};

/** Magic numbers of statfs(2) whose file locks are not to be trusted. */
const NETWORK_DISKS: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
  0x65735546: 'FUSE',
};
const SCARCE_BYTES = 256 * 1024 ** 2;
const LOW_BYTES = 2 * 1024 ** 3;

async function* folder({ dataDir }: Configuration): AsyncGenerator<Finding> {
  if (!existsSync(dataDir)) {
    yield problem(
      'data folder',
      `${dataDir} does not exist`,
      'set DATA_DIR to the folder of the server, or start it once',
    );
    return;
  }
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    yield good('data folder', dataDir);
  } catch {
    yield problem(
      'data folder',
      `${dataDir} may not be written by this user`,
      'give the user of the server the right to write there',
    );
  }
  const { type, bavail, bsize, blocks } = await statfs(dataDir);
  const network = NETWORK_DISKS[type];
  if (network !== undefined)
    yield problem(
      'disk',
      `${dataDir} is on a network disk (${network})`,
      'move it to a local disk: file locks of network disks are not to be trusted',
    );
  const free = bavail * bsize;
  const said = `${size(free)} free of ${size(blocks * bsize)}`;
  yield free < SCARCE_BYTES
    ? problem('disk', said, 'free some space now: without it every command is refused')
    : free < LOW_BYTES
      ? warning('disk', said, 'free some space, or move DATA_DIR to a larger disk, before commands are refused')
      : good('disk', said);
}

/** `server`: which one holds the log and what it permits; empty for the embedded one. */
type Opened = { readonly log: LogView; readonly server: string };

const opened = async (configuration: Configuration, lines: LogLines): Promise<Opened | Finding> => {
  const place = placeOf(configuration);
  let server = '';
  try {
    if (place.kind === 'eventstoredb') {
      const { checkEventStoreDb } = await import('#event-store/eventstoredb/index');
      const check = await checkEventStoreDb({ connectionString: place.url });
      if (!check.ok) return problem('log', check.problem, 'mend it, then run doctor again');
      server = `EventStoreDB ${check.serverVersion}, which permits reading $all; `;
    } else {
      if (!existsSync(place.path))
        return problem(
          'log',
          `${place.path} does not exist`,
          'set DATA_DIR to the folder of the server, or start it once',
        );
      const damage = damageOf(place.path, false);
      if (damage !== null) return problem('log', damage, 'stop the server, keep the file, and restore a backup');
    }
    return { log: await viewLog(place, lines), server };
  } catch (error) {
    return problem('log', sentenceOf(error), 'nothing can be decided without it: mend this first');
  }
};

/** Facts at the log's beginning, and where positions count facts at its end, whose keys are looked up. */
const SAMPLE = 2_000;

async function* ofTheLog(configuration: Configuration, log: LogView, server: string): AsyncGenerator<Finding> {
  const { eventStore } = configuration;
  const head = await log.head();
  const logId = await readLogId(log);
  if (head === null || logId === null) {
    yield warning(
      'log',
      `${server}it holds no facts`,
      'nothing, if this installation is new; otherwise restore the log',
    );
    return;
  }
  yield good('log', `${server}log ${logId}, last fact recorded at ${head.recordedAt}`);
  const ahead = Date.parse(head.recordedAt) - Date.now();
  if (ahead > 2_000)
    yield problem(
      'clock',
      `the last fact was recorded ${String(Math.round(ahead / 1000))} s in the future of this clock`,
      'let NTP or chrony keep the clocks of this machine and of the log’s',
    );
  const place = keyPlaceOf(configuration);
  if (place.kind === 'sqlite' && !existsSync(place.path)) {
    yield problem(
      'keys',
      `${keyPlaceName(place)} does not exist`,
      'restore the vault that belongs to this log: without it no personal value can be read',
    );
    return;
  }
  try {
    const vault = await openKeys(place, configuration, { readOnly: true });
    try {
      const end = eventStore.kind === 'sqlite' ? Number(head.position) - SAMPLE : 0;
      const parts = [
        await fitOf(log, vault, { after: null, limit: SAMPLE }),
        ...(end > 0
          ? [await fitOf(log, vault, { after: String(end).padStart(head.position.length, '0') as Position })]
          : []),
      ];
      const missing = new Set(parts.flatMap((part) => part.missing));
      yield missing.size === 0
        ? good(
            'keys',
            `the vault opens and has the keys of the ${number(parts.reduce((sum, { facts }) => sum + facts, 0))} facts looked at`,
          )
        : problem(
            'keys',
            `the vault lacks ${String(missing.size)} keys that the log needs`,
            'stop, and restore the vault that belongs to this log, of the same moment or later',
          );
    } finally {
      await vault.close();
    }
  } catch (error) {
    yield problem('keys', sentenceOf(error), 'without the vault no personal value can be read');
  }
}

const readModels = async (configuration: Configuration): Promise<Finding> => {
  const place = readPlaceOf(configuration);
  if (place.kind === 'postgres') return postgres(place.url);
  const { path } = place;
  if (!existsSync(path)) return good('read store', `${path} does not exist: the next start builds it`);
  const damage = damageOf(path, false);
  if (damage !== null)
    return problem('read store', damage, 'stop the server, delete read.db, start: it is rebuilt from the log');
  try {
    void openSqliteReadSource(path).close();
    return good('read store', `${path}, ${size(statSync(path).size)}`);
  } catch (error) {
    return problem(
      'read store',
      sentenceOf(error),
      'stop the server, delete read.db, start: it is rebuilt from the log',
    );
  }
};

const postgres = async (url: string): Promise<Finding> => {
  try {
    const { checkServer } = await import('#postgres');
    return good('read store', `PostgreSQL ${await checkServer(url)}, whose notifications arrive`);
  } catch (error) {
    return problem(
      'read store',
      sentenceOf(error),
      'mend it, then run doctor again; the read models come back from the log',
    );
  }
};

const sentenceOf = (error: unknown): string => (Error.isError(error) ? error.message : String(error));
