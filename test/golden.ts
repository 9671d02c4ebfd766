// The events that every fold must be able to read for ever, as files beside this one.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Event, EventDefinitions } from '#kernel';

/** Tests run from dist/; the files stay among the sources. */
const folder = join(import.meta.dirname, '../../test/golden');

export type Golden = {
  readonly file: string;
  readonly type: string;
  readonly version: number;
  readonly sha256: string;
  readonly stream: string;
  /** Paths of the values that are sealed in the store. */
  readonly personal: readonly string[];
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, string>>;
};

export const golden: readonly Golden[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json') && !['HASHES.json', 'PROJECTIONS.json'].includes(file))
  .sort()
  .map((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    const [, type = '', version = ''] = /^([A-Za-z]+)\.v(\d+)(?:\.[a-z-]+)?\.json$/.exec(file) ?? [];
    const { type: written, ...rest } = JSON.parse(text) as Omit<Golden, 'file' | 'version' | 'sha256'>;
    if (written !== type) throw new Error(`${file} holds a ${written}`);
    return { ...rest, file, type, version: Number(version), sha256: createHash('sha256').update(text).digest('hex') };
  });

export const hashes = JSON.parse(readFileSync(join(folder, 'HASHES.json'), 'utf8')) as Readonly<Record<string, string>>;

/** By read model and version: the hash of the rows that the golden events make. */
export const projectionHashes = JSON.parse(readFileSync(join(folder, 'PROJECTIONS.json'), 'utf8')) as Readonly<
  Record<string, Readonly<Record<string, string>>>
>;

/** As a fold meets it: upcast to the newest version. */
export const asRead = (event: Golden, definitions: EventDefinitions): Event => {
  const definition = definitions[event.type];
  let data = event.data;
  for (let version = event.version; version < (definition?.version ?? 0); version++)
    data = definition?.upcast?.[version]?.(data) ?? data;
  return { type: event.type, data };
};
