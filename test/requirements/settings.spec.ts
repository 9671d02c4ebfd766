// Every value of every setting is obeyed, and a test says so in its title: [block.notice=optional,off].
import { globSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { SETTINGS } from '#settings';
import { settingsIn } from './scan.js';

/** Where the values cannot be listed: the ones at which behaviour could differ. */
const INSTEAD: Readonly<Record<string, readonly string[]>> = {
  // The least, the default and the greatest.
  'block.quarantineDays': ['1', '90', '3650'],
  'hours.default': ['null', 'hours'],
  'region.default': ['BR', 'other'],
};

const wanted = Object.entries(SETTINGS).flatMap(([key, { allowed }]) =>
  (INSTEAD[key] ?? allowed.map(String)).map((value) => `${key}=${value}`),
);
const named = new Set(
  globSync('{apps,libs,test}/**/*.spec.ts').flatMap((path) => settingsIn({ path, text: readFileSync(path, 'utf8') })),
);

it('each value of each setting is named by a test that shows what it does', () => {
  expect(wanted.filter((one) => !named.has(one))).toEqual([]);
});

it('no test names a value that no setting has', () => {
  expect([...named].filter((one) => !wanted.includes(one))).toEqual([]);
});
