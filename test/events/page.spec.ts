import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { forgotten, PAGE, pageOf, unexplained, type Stored } from './page.js';
import { readStored } from './stored.js';

/** Without what the formatter aligns and breaks. */
const bare = (text: string): string =>
  text
    .replace(/-{3,}/g, '-')
    .replace(/[\s\\]+/g, '')
    .trim();

const stored = readStored();
const withFields = (type: string, fields: readonly { readonly name: string }[]): Stored => ({
  ...stored,
  sources: {
    ...stored.sources,
    fields: new Map([
      ...stored.sources.fields,
      [type, fields.map(({ name }) => ({ name, type: 'string', optional: false, doc: '' }))],
    ]),
  },
});

describe('the page on events', () => {
  it('is the one that npm run generate:events writes', () => {
    expect(bare(readFileSync(PAGE, 'utf8'))).toBe(bare(pageOf(stored)));
  });

  it('says of every stored event what its fields are and where it stands', () => {
    expect(unexplained(stored)).toEqual([]);
    for (const type of Object.keys(stored.definitions)) expect(pageOf(stored)).toContain(`### ${type}\n`);
  });

  it('names every field of the golden facts: none that is stored was forgotten', () => {
    expect(forgotten(stored)).toEqual([]);
    expect(forgotten(withFields('ContactTagged', [{ name: 'contactId' }]))).toEqual(['ContactTagged.v1.json: tag']);
  });

  it('would be stale if a field or an event came', () => {
    const fields = [...(stored.sources.fields.get('ContactTagged') ?? []), { name: 'extra' }];
    expect(bare(pageOf(withFields('ContactTagged', fields)))).not.toBe(bare(pageOf(stored)));
    const wider = { ...stored, definitions: { ...stored.definitions, ContactWaved: { version: 1 } } };
    expect(bare(pageOf(wider))).not.toBe(bare(pageOf(stored)));
    expect(unexplained(wider)).toEqual(['ContactWaved']);
  });
});
