// Texts that keep a careless pattern busy for ever: in every field of every route.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomOf } from '../traffic/random.js';
import { operationsOf, resolved, type Schema } from '../fuzz/document.js';
import { Pool } from '../fuzz/pool.js';
import { Values } from '../fuzz/values.js';
import { openWorld, type World } from '../fuzz/world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const LONG = 100_000;
/** A pattern that looks at n characters n times needs minutes for one of these, one that looks at them once a millisecond. */
const WICKED: readonly ((length: number) => string)[] = [
  (length) => 'a'.repeat(length) + '!',
  (length) => ' '.repeat(length) + 'a',
  (length) => '+' + '5'.repeat(length) + 'x',
  (length) => '(-'.repeat(length / 2),
  (length) => 'a@'.repeat(length / 2),
  (length) => 'a.'.repeat(length / 2) + '@',
  (length) => 'e\u0301'.repeat(length / 2),
  (length) => '-'.repeat(length) + '\n',
];
const BOUND_MS = 2_000;

it('are refused or taken within a moment, wherever they stand', async () => {
  const { document } = world;
  const random = randomOf('wicked');
  const values = new Values(document, 1);
  const pool = new Pool(random);
  const author = () => ({ tenant: 'alfa', mark: 'x', own: pool, foreign: pool, about: new Map<string, string>() });
  const tokens = await Promise.all(['founder', 'integration', 'ops'].map((caller) => world.tokenOf(caller, 'alfa')));
  const slow: string[] = [];
  let asked = 0;
  const ask = async (method: string, path: string, body: unknown): Promise<void> => {
    for (const token of tokens) {
      const headers = { authorization: `Bearer ${String(token)}`, 'content-type': 'application/json' };
      const sent = { method, path, headers, body: body === undefined ? null : JSON.stringify(body) };
      const { status, milliseconds } = await world.send(sent);
      if (milliseconds > BOUND_MS || status >= 500)
        slow.push(`${method} ${path.slice(0, 80)} ${status} ${milliseconds} ms`);
      asked++;
      if (status !== 403) break;
    }
  };
  for (const operation of operationsOf(document)) {
    const path = operation.path.replace(/\{\w+\}/g, '0f9a3a51-5d5d-4c4b-8f57-8f3a0a5a1c11');
    const { body } = operation;
    const wicked = random.pick(WICKED);
    if (body?.type === 'application/json') {
      for (const field of texts(resolved(document, body.schema), (schema) => resolved(document, schema))) {
        const right = values.right(body.schema, 'body', author(), random);
        for (const make of field.at(-1) === 'value' || field.at(-1) === 'displayName' ? WICKED : [wicked]) {
          await ask(operation.method, path, withText(right, field, make(LONG)));
        }
      }
    }
    for (const name of operation.query.keys()) {
      await ask(operation.method, `${path}?${name}=${encodeURIComponent(wicked(2_000))}`, undefined);
    }
  }
  expect(slow).toEqual([]);
  expect(asked).toBeGreaterThan(100);
}, 300_000);

/** Where texts may stand in a body, as paths. */
const texts = (schema: Schema, open: (schema: Schema) => Schema, depth = 0): readonly (readonly string[])[] => {
  if (depth > 4) return [];
  if (schema.type === 'array') return texts(open(schema.items ?? {}), open, depth + 1).map((path) => ['0', ...path]);
  if (schema.properties === undefined) return [schema.type].flat().includes('string') ? [[]] : [];
  return Object.entries(schema.properties).flatMap(([name, field]) =>
    texts(open(field), open, depth + 1).map((path) => [name, ...path]),
  );
};

const withText = (value: unknown, [name, ...rest]: readonly string[], text: string): unknown => {
  if (name === undefined) return text;
  if (name === '0') return [withText(Array.isArray(value) ? value[0] : undefined, rest, text)];
  const object = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  return { ...object, [name]: withText(object[name], rest, text) };
};
