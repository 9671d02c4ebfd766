import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { startApi } from '../crash/process.js';
import { SCHEMA, schemaOf, servedDocument } from './schema.js';

let document: object;
beforeAll(async () => {
  document = await servedDocument();
});

describe('the typed client', () => {
  it('is generated from the document that is served: npm run generate:client', async () => {
    expect((await schemaOf(document)).split('\n')).toEqual(readFileSync(SCHEMA, 'utf8').split('\n'));
  });

  it('is of the program that is started, too, whose classes a bundler has put beside each other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portaria-bundle-'));
    const api = await startApi(folder);
    const { body } = await api.call('admin', 'GET', '/openapi.json');
    await api.kill('SIGTERM');
    rmSync(folder, { recursive: true });
    expect((await schemaOf(body as object)).split('\n')).toEqual(readFileSync(SCHEMA, 'utf8').split('\n'));
  });

  it('would be stale if a route or a field changed', async () => {
    const renamed = JSON.parse(JSON.stringify(document).replaceAll('etaSeconds', 'remaining')) as object;
    expect(await schemaOf(renamed)).not.toBe(readFileSync(SCHEMA, 'utf8'));
  });
});

describe('the document', () => {
  it('refers to shapes that stand in it', () => {
    const { schemas, parameters } = (document as { components: Record<string, object> }).components;
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]*)"/g)];
    const broken = references.filter(
      ([, kind, name]) => !Object.hasOwn((kind === 'schemas' ? schemas : parameters) ?? {}, name ?? ''),
    );
    expect(references.length).toBeGreaterThan(100);
    expect(broken.map(([reference]) => reference)).toEqual([]);
  });

  it('gives each shape a name of its own: swagger takes two classes of one name for one shape', () => {
    const names = globSync('libs/*/src/**/*.ts')
      .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/^(?:export )?class (\w+(?:Answer|Body))\b/gm)])
      .map(([, name]) => name);
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });
});
