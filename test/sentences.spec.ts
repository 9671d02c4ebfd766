// What an operator can be told stands in docs/operations.md, with what is safe and what to do; and nothing else stands there.
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { PROBLEMS } from '#platform/problem-codes';
import { errorsIn, heardIn, isKnownError, quotes } from './sentences/heard.js';

const read = (path: string): string => readFileSync(path, 'utf8');
const sources = globSync(['apps/**/*.ts', 'libs/**/*.ts'])
  .filter((path) => !path.endsWith('.spec.ts'))
  .map((path) => ({ path, text: read(path) }));

const [, list = ''] = /<!-- sentences:[^>]*-->([\s\S]*)<!-- \/sentences -->/.exec(read('docs/operations.md')) ?? [];
const rows = [...list.matchAll(/^\| `([^`]+)` *\|([^|]*)\|([^|]*)\|$/gm)].map(
  ([, sentence = '', safe = '', advice = '']) => ({
    sentence,
    safe: safe.trim(),
    advice: advice.trim(),
  }),
);

/** What the program says, with `…` where it puts a value in. */
const spoken = sources.map(({ text }) => text.replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…'));

/** All parts of a sentence between its values stand in one file. */
const isSpoken = (sentence: string): boolean => {
  const parts = sentence
    .split('…')
    .map((part) => part.trim())
    .filter((part) => part.length > 3);
  return parts.length > 0 && spoken.some((text) => parts.every((part) => text.includes(part)));
};

const isListed = (sentence: string): boolean => rows.some((row) => quotes(row.sentence, sentence));

describe('the sentences that operators read', () => {
  it('are all listed, with what is safe and what to do', () => {
    const heard = sources.flatMap(({ path, text }) => heardIn(path, text));
    expect(heard.length).toBeGreaterThan(150);
    expect(heard.filter(({ text }) => !isListed(text))).toEqual([]);
    expect(rows.filter(({ safe, advice }) => safe === '' || advice === '')).toEqual([]);
  });

  it('are quoted as the program says them', () => {
    expect(rows.map(({ sentence }) => sentence).filter((sentence) => !isSpoken(sentence))).toEqual([]);
  });

  it('include every code that is answered with 5xx', () => {
    const codes = Object.entries(PROBLEMS).flatMap(([code, [status]]) => (status >= 500 ? [code] : []));
    const listed = rows.map(({ sentence }) => sentence);
    expect(codes.filter((code) => !listed.includes(code))).toEqual([]);
  });

  it('come from errors of which each is known to speak, or to be caught by somebody', () => {
    const errors = sources.flatMap(({ text }) => errorsIn(text));
    expect(errors.length).toBeGreaterThan(30);
    expect(errors.filter((name) => !isKnownError(name))).toEqual([]);
  });

  it('would be missed if they were not listed, or if the program said something else', () => {
    const source =
      'const f = (folder: string) => { throw new DataFolderError(`The folder ${folder} is on fire: call somebody.`); };';
    const [heard] = heardIn('libs/a/src/a.ts', source);
    expect(heard?.text).toBe('The folder … is on fire: call somebody.');
    expect(isListed(heard?.text ?? '')).toBe(false);
    expect(isSpoken('The folder … is on fire: call somebody.')).toBe(false);
    expect(errorsIn('export class Unlisted extends Error {').filter(isKnownError)).toEqual([]);
  });

  it.each([
    ["log.warn({ a: 1 }, 'the roof leaks badly')", 'the roof leaks badly'],
    ["this.options.log?.('error', `the roof ${a} leaks badly`)", 'the roof … leaks badly'],
    ["this.log?.warn({ err }, 'the roof leaks badly')", 'the roof leaks badly'],
    ["class NoProjector extends Error { constructor() { super('the roof leaks badly'); } }", 'the roof leaks badly'],
  ])('are heard in %s', (source, text) => {
    expect(heardIn('libs/a/src/a.ts', source)).toEqual([{ path: 'libs/a/src/a.ts', text }]);
  });

  it.each(["log.info({ a: 1 }, 'the roof is dry again')", "this.log('info', 'the roof is dry again')"])(
    'are not what only tells that all is well: %s',
    (source) => {
      expect(heardIn('libs/a/src/a.ts', source)).toEqual([]);
    },
  );
});
