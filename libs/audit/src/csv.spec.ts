import { describe, expect, it } from '@jest/globals';
import { until } from '../../../test/fixtures/until.js';
import { csvOf } from './csv.adapter.js';

const textOf = async (...rows: readonly (readonly (string | number | null)[])[]): Promise<string> => {
  const all = async function* () {
    yield* rows;
  };
  let text = '';
  for await (const part of csvOf(['a', 'b'], all())) text += part;
  return text;
};

describe('a table as CSV', () => {
  it('has a header and CRLF, and quotes what needs it [H4]', async () => {
    expect(await textOf(['x', 7], ['a "b", c', null], ['two\nlines', 'João'])).toBe(
      'a,b\r\nx,7\r\n"a ""b"", c",\r\n"two\nlines",João\r\n',
    );
    expect(await textOf()).toBe('a,b\r\n');
  });

  it.each(['=1+1', '+1', '-1', '@A1', '\tx', '\rx', '\nx', '\u0000x', '\u001bx', '\u007fx'])(
    'neutralises what a spreadsheet would run or swallow: %j [H4]',
    async (cell) => {
      const text = await textOf([cell, '']);
      expect(text.slice('a,b\r\n'.length).replace(/^"/, '')).toMatch(/^'/);
      expect(text).toContain(`'${cell}`);
    },
  );

  it('asks for rows as they are taken, and for no more once nobody takes them', async () => {
    let made = 0;
    let over = false;
    const endless = async function* () {
      try {
        for (;;) yield [String(++made).repeat(100), ''];
      } finally {
        over = true;
      }
    };
    for await (const part of csvOf(['a', 'b'], endless())) if (part.length > 10_000) break;
    expect(made).toBeLessThan(5_000);
    await until(() => over, 1_000);
  });

  it('fails as its rows fail', async () => {
    const broken = async function* (): AsyncGenerator<readonly string[]> {
      yield ['x', ''];
      throw new Error('no more');
    };
    await expect(async () => {
      for await (const _part of csvOf(['a', 'b'], broken()));
    }).rejects.toThrow('no more');
  });

  it('leaves everything else as it is, numbers too', async () => {
    expect(await textOf(['a=b', -5], ['1-2', 'é'])).toBe('a,b\r\na=b,-5\r\n1-2,é\r\n');
  });
});
