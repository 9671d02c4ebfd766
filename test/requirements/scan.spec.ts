import { describe, expect, it } from '@jest/globals';
import { coverageOf, idsIn, settingsIn } from './scan.js';

// The titles below stand in text, so that the scanner does not take them for tests of this file.
const idsOf = (text: string): readonly string[] => idsIn({ path: 'a.spec.ts', text });

describe('the scanner of requirements', () => {
  it('reads the ids in titles, several in one bracket too', () => {
    expect(
      idsOf(`it('hides it [H14]', () => {}); describe("x [R1 R2]", () => { test(\`y [B10, B11]\`, () => {}); });`),
    ).toEqual(['H14', 'R1', 'R2', 'B10', 'B11']);
  });

  it('reads the titles of tables', () => {
    expect(idsOf(`it.each([1])('n %s [W3]', () => {});`)).toEqual(['W3']);
    expect(idsOf('it.each`a\n${1}`("n $a [W4]", () => {});')).toEqual(['W4']);
  });

  it('takes nothing for proof that does not run', () => {
    expect(
      idsOf(
        `it.skip('a [H1]', f); it.todo('b [H2]'); describe.skip('d [H3]', () => { it('e [H7]', f); }); xit('f [H8]', f); // it('c [H4]')`,
      ),
    ).toEqual([]);
    expect(idsOf(`const text = 'about [H5]'; expect(x).toBe('[H6]');`)).toEqual([]);
  });

  it('reads the values of settings in titles, several of one key too', () => {
    const text = `it('x [H1] [block.reason=optional,required]', f); it.skip('y [block.notice=off]', f); it('z [H2 H3]', f);`;
    expect(settingsIn({ path: 'a.spec.ts', text })).toEqual(['block.reason=optional', 'block.reason=required']);
    expect(idsOf(text)).toEqual(['H1', 'H2', 'H3']);
  });

  it('tells what is missing and what is misspelt', () => {
    const rows = [
      { id: 'H1', statement: 'one' },
      { id: 'H2', statement: 'two' },
    ];
    const coverage = coverageOf(rows, [{ path: 'a.spec.ts', text: `it('a [H1]', f); it('b [H1 H99]', f);` }]);
    expect(coverage).toEqual({
      covered: [{ id: 'H1', statement: 'one', tests: 2 }],
      missing: [{ id: 'H2', statement: 'two' }],
      unknown: [{ id: 'H99', path: 'a.spec.ts' }],
    });
  });
});
