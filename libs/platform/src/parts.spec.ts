import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Position } from '#kernel';
import {
  canonicalJson,
  check,
  Checked,
  decodeCursor,
  decodeToken,
  deriveId,
  encodeCursor,
  encodeToken,
  parseJson,
  parseLines,
  parseTime,
  Problem,
  PROBLEMS,
  Text,
  toProblem,
} from '#platform';

const codeOf = (run: () => unknown): string | null => {
  try {
    run();
    return null;
  } catch (error) {
    return (error as Problem).code;
  }
};

describe('times', () => {
  it.each([
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T00:00:00.123456+05:30', '2025-12-31T18:30:00.123Z'],
    ['2024-02-29t23:59:59z', '2024-02-29T23:59:59.000Z'],
  ])('%s is %s', (text, utc) => {
    expect(parseTime(text)).toBe(utc);
  });
  it.each([
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00+24:00',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59-01:00',
    '2026-01-01 00:00:00Z',
    'yesterday',
  ])('%s is none', (text) => {
    expect(parseTime(text)).toBeNull();
  });
  it('are a fixed point', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(parseTime(date.toISOString())).toBe(date.toISOString());
        },
      ),
    );
  });
});

describe('consistency tokens', () => {
  it('come back as they were, of an empty log too', () => {
    for (const position of ['000123' as Position, null]) {
      expect(decodeToken(encodeToken({ logId: 'log', position }))).toEqual({ logId: 'log', position });
    }
  });
  it('refuse all else', () => {
    const other = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const text of [
      '',
      '!',
      'abc',
      other({}),
      other([2, 'a', 'b']),
      other([1, 'a', 7]),
      other([1, 'a', 'b', 'c']),
      'a'.repeat(5000),
    ]) {
      expect(codeOf(() => decodeToken(text))).toBe('token-invalid');
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(codeOf(() => decodeToken(text))).toBe('token-invalid');
      }),
    );
  });
});

describe('cursors', () => {
  const filters = { view: 'mine', search: undefined };
  it('come back as they were, under their filters', () => {
    const cursor = encodeCursor(['a', 1, null], filters);
    const values: readonly [string, number, string | null] = decodeCursor(cursor, { view: 'mine' }, [
      'string',
      'number',
      'string?',
    ]);
    expect(values).toEqual(['a', 1, null]);
  });
  it('refuse other filters, types and texts', () => {
    const cursor = encodeCursor(['a', 1], filters);
    expect(codeOf(() => decodeCursor(cursor, { view: 'all' }, ['string', 'number']))).toBe('cursor-invalid');
    expect(codeOf(() => decodeCursor(cursor, filters, ['string', 'string']))).toBe('cursor-invalid');
    expect(codeOf(() => decodeCursor(cursor, filters, ['string']))).toBe('cursor-invalid');
    expect(codeOf(() => decodeCursor('x', filters, []))).toBe('cursor-invalid');
  });
});

describe('ids', () => {
  it('of one command are the same again, and others for other names', () => {
    expect(deriveId('t', 'c', 's', 'n')).toBe(deriveId('t', 'c', 's', 'n'));
    expect(
      new Set([
        deriveId('t', 'c', 's', 'n'),
        deriveId('u', 'c', 's', 'n'),
        deriveId('t', 'cs', '', 'n'),
        deriveId('t', 'c', 's', 'm'),
      ]).size,
    ).toBe(4);
  });
  it('never change: they are stored', () => {
    expect(deriveId('t', 'c', 's', 'n')).toBe('589e6776-e247-50a5-97bb-4718d6c78313');
  });
});

describe('canonical JSON', () => {
  it('sorts keys by UTF-16 units, at every depth', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'é\n', '\u{1F600}': 1, '\uFB33': undefined })).toBe(
      '{"a":"é\\n","b":[{"c":null,"d":1}],"\u{1F600}":1}',
    );
  });
  it('gives equal values equal text, and reads back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('JSON', () => {
  it('is read as JSON.parse reads it, whatever stands in texts', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' }), (value) => {
        const text = JSON.stringify(value);
        if (/\\u0000|"(__proto__|constructor)":/.test(text)) return;
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
    expect(parseJson(JSON.stringify({ a: '[[[[["\\'.repeat(20) }))).toEqual({ a: '[[[[["\\'.repeat(20) });
  });
  it('is 32 deep at most', () => {
    const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(codeOf(() => parseJson(deep(32)))).toBeNull();
    expect(codeOf(() => parseJson(deep(33)))).toBe('invalid-request');
  });
  it('in lines keeps them as they came', () => {
    expect(parseLines(Buffer.from('{"a":1}\r\n\nx\n'))).toEqual(['{"a":1}', '', 'x']);
    expect(parseLines(Buffer.from(''))).toEqual([]);
    expect(codeOf(() => parseLines(Buffer.from('x\n'.repeat(10_001))))).toBe('invalid-request');
    expect(codeOf(() => parseLines(Buffer.from([0xff])))).toBe('invalid-request');
  });
});

describe('fields', () => {
  class Note {
    @Text(3) text!: string;
    @Checked({ type: 'object' }, (value) => value === 'a' || value === 1, 'must be a or 1', { optional: true })
    union?: unknown;
  }
  it('count characters, not units', () => {
    expect(check(Note, { text: '😀😀😀' }).text).toBe('😀😀😀');
    expect(codeOf(() => check(Note, { text: '😀😀😀😀' }))).toBe('invalid-request');
    expect(codeOf(() => check(Note, { text: ' ' }))).toBe('invalid-request');
  });
  it('may be of any shape that a test describes', () => {
    expect(check(Note, { text: 'a', union: 1 })).toEqual({ text: 'a', union: 1 });
    expect(codeOf(() => check(Note, { text: 'a', union: 2 }))).toBe('invalid-request');
  });
});

describe('problems', () => {
  it('have a status and a title for every code', () => {
    for (const [status, title] of Object.values(PROBLEMS))
      expect([status >= 400, title.length > 5]).toEqual([true, true]);
  });
  it('cannot be overwritten by their details', () => {
    expect(new Problem('not-found', 'gone', { code: 'x', status: 1, more: 2 }).toBody('c')).toMatchObject({
      code: 'not-found',
      status: 404,
      more: 2,
    });
  });
  it('are made of exceptions by their names; others are bugs, whose texts stay here', () => {
    const named = (name: string): Error => Object.assign(new Error('secret'), { name });
    for (const name of ['Strange', 'toString', '__proto__', 'Error'])
      expect(toProblem(named(name)).code).toBe('internal');
    expect(toProblem(named('Rebuilding'))).toMatchObject({ code: 'rebuilding', retryAfterSeconds: 5 });
    expect(toProblem(named('Rebuilding')).message).not.toContain('secret');
    for (const thrown of ['text', null, undefined]) expect(toProblem(thrown).code).toBe('internal');
  });
});
