import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Projection } from '#kernel';
import { projections } from '#apps/registry';
import { PAGE, pageOf, unexplained } from './page.js';

/** Without what the formatter aligns. */
const bare = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/-{3,}/g, '-').replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '');

describe('the page on read models', () => {
  it('is the one that npm run generate:read-models writes', () => {
    expect(bare(readFileSync(PAGE, 'utf8'))).toEqual(bare(pageOf(projections)));
  });

  it('says what every read model and every column means', () => {
    expect(unexplained(projections)).toEqual([]);
  });

  it('would be stale if a column came', () => {
    const [first] = projections;
    if (first === undefined) throw new Error('there are projections');
    const wider: Projection = {
      ...first,
      table: { ...first.table, columns: { ...first.table.columns, extra: { type: 'text', nullable: false } } },
    };
    expect(bare(pageOf([wider, ...projections.slice(1)]))).not.toEqual(bare(pageOf(projections)));
    expect(unexplained([wider])).toEqual([`${first.name}.extra`]);
  });
});
