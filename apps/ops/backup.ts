// A backup of the embedded stores: copies made while the api runs, and a manifest, written last, without which it is none.
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { open, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openKeys, type KeyEncryption } from '../key-vault.js';
import { copyDataFile, damageOf, fitOf, openSqliteEventReader, readLogId } from '#event-store';
import { misused, unable, unverified } from './failure.js';
import { size } from './terminal.js';

const MANIFEST = 'backup.json';
const FORMAT = 'portaria-backup';

type File = { readonly name: string; readonly bytes: number; readonly sha256: string };
/** What a backup holds. `log` is `null` where the log is on a server. */
export type Manifest = {
  readonly format: typeof FORMAT;
  readonly version: 1;
  readonly takenAt: string;
  readonly log: { readonly logId: string; readonly facts: number; readonly head: string | null } | null;
  readonly files: readonly File[];
};

export type Told = (facts: number, total: number | null) => void;

/**
 * The order is the safety. Read models first: they may be behind the log, never ahead of it. The vault last: a key is made before
 * the fact that needs it, so a later vault has all keys of an earlier log.
 */
const ORDER = ['read.db', 'events.db', 'keys.db'] as const;
export type StoreFile = (typeof ORDER)[number];

/** Copies the files of the data folder into `folder`, verifies the copies, then writes the manifest. Throws Failure, DataFolderError. */
export const takeBackup = async (
  dataDir: string,
  folder: string,
  wanted: readonly StoreFile[],
  keys: KeyEncryption,
  heard: { readonly copying: (name: string) => void; readonly verified: Told },
): Promise<Manifest> => {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw misused(`${folder} is not empty: give a folder of its own to each backup, nothing was written`);
  const names = ORDER.filter((name) => wanted.includes(name));
  for (const name of names) {
    if (!existsSync(join(dataDir, name)))
      throw unable(`${join(dataDir, name)} does not exist: set DATA_DIR to the server's folder, nothing was written`);
  }
  mkdirSync(folder, { recursive: true });
  await refuseFullDisk(dataDir, folder, names);
  try {
    const files: File[] = [];
    for (const name of names) {
      heard.copying(name);
      copyDataFile(join(dataDir, name), join(folder, name));
      files.push(await fileOf(folder, name));
    }
    const log = await contentOf(folder, names, keys, heard.verified);
    const manifest: Manifest = { format: FORMAT, version: 1, takenAt: new Date().toISOString(), log, files };
    await writeDurably(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  } catch (error) {
    for (const name of names) rmSync(join(folder, name), { force: true });
    throw error;
  }
};

/** Looks whether a backup is whole, what its manifest says, and can be restored with this key. Changes nothing. Throws Failure. */
export const verifyBackup = async (folder: string, keys: KeyEncryption, told: Told): Promise<Manifest> => {
  const manifest = manifestOf(folder);
  for (const file of manifest.files) {
    const path = join(folder, file.name);
    if (!existsSync(path)) throw unverified(`${path} is missing: the backup cannot be restored, take another one`);
    if ((await fileOf(folder, file.name)).sha256 !== file.sha256)
      throw unverified(`${path} is not the file that was backed up (its SHA-256 differs): take another backup`);
    const damage = damageOf(path, true);
    if (damage !== null) throw unverified(`${damage}: take another backup`);
  }
  const names = manifest.files.map(({ name }) => name);
  const log = await contentOf(folder, names, keys, told);
  if (JSON.stringify(log) !== JSON.stringify(manifest.log))
    throw unverified(`${folder} holds another log than its ${MANIFEST} says: take another backup`);
  return manifest;
};

const manifestOf = (folder: string): Manifest => {
  const path = join(folder, MANIFEST);
  if (!existsSync(path)) throw unverified(`${folder} has no ${MANIFEST}: it is no backup, or one that was cut off`);
  try {
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
    const isOurs = (manifest.format as unknown) === FORMAT && (manifest.version as unknown) === 1;
    if (isOurs && manifest.files.every(({ name }) => (ORDER as readonly string[]).includes(name))) return manifest;
  } catch {
    // Told below.
  }
  throw unverified(`${path} is not the manifest of a backup that this version can read`);
};

/** The log's identity, size and end, as the copies hold them. Throws Failure where vault and log do not belong together. */
const contentOf = async (
  folder: string,
  names: readonly string[],
  keys: KeyEncryption,
  told: Told,
): Promise<Manifest['log']> => {
  const vault = await openKeys({ kind: 'sqlite', path: join(folder, 'keys.db') }, keys, { readOnly: true });
  try {
    if (!names.includes('events.db')) return null;
    const log = openSqliteEventReader(join(folder, 'events.db'));
    try {
      const head = await log.head();
      const total = head === null ? 0 : Number(head.position);
      const { facts, missing } = await fitOf(log, vault, { after: null }, (count) => {
        told(count, total);
      });
      if (missing.length > 0)
        throw unverified(
          `keys.db lacks ${String(missing.length)} of the keys that events.db needs (${missing.slice(0, 3).join(', ')}): they are not of one installation`,
        );
      return { logId: (await readLogId(log)) ?? '', facts, head: head?.id ?? null };
    } finally {
      await log.close();
    }
  } finally {
    await vault.close();
  }
};

const fileOf = async (folder: string, name: string): Promise<File> => {
  const path = join(folder, name);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { name, bytes: statSync(path).size, sha256: hash.digest('hex') };
};

const refuseFullDisk = async (dataDir: string, folder: string, names: readonly string[]): Promise<void> => {
  const needed = names
    .flatMap((name) => [name, `${name}-wal`])
    .map((name) => join(dataDir, name))
    .reduce((sum, path) => sum + (existsSync(path) ? statSync(path).size : 0), 0);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < needed)
    throw unable(
      `the disk of ${folder} has ${size(bavail * bsize)} free, the backup may need ${size(needed)}: free some space, nothing was written`,
    );
};

/** Whole or not at all. */
const writeDurably = async (path: string, text: string): Promise<void> => {
  const draft = `${path}.draft`;
  const file = await open(draft, 'w');
  await file.writeFile(text);
  await file.sync();
  await file.close();
  renameSync(draft, path);
};
