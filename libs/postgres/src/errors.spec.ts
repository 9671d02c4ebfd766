import { describe, expect, it } from '@jest/globals';
import { explain, isDisconnection, isTransient, PostgresUnusable } from './errors.js';
import { mistakeOf } from './server.js';

const coded = (code: string, message = ''): Error => Object.assign(new Error(message), { code });

describe('what PostgreSQL answers', () => {
  it.each([
    '08006',
    '57P01',
    '57P03',
    '40001',
    '40P01',
    '55P03',
    '57014',
    '53300',
    '53100',
    '58030',
    'ECONNREFUSED',
    'EAI_AGAIN',
  ])('passes when tried again: %s', (code) => {
    expect(isTransient(coded(code))).toBe(true);
  });
  it.each(['23505', '23502', '22021', '42P01', '42501', '28P01', '3D000', '25006', '54000', 'ERR_ASSERTION'])(
    'comes out the same on every try: %s',
    (code) => {
      expect(isTransient(coded(code))).toBe(false);
    },
  );
  it('passes where a connection broke, of which nobody knows what was done', () => {
    for (const message of [
      'Connection terminated unexpectedly',
      'timeout expired',
      'timeout exceeded when trying to connect',
    ]) {
      expect([isTransient(new Error(message)), isDisconnection(new Error(message))]).toEqual([true, true]);
    }
    expect(isDisconnection(coded('40001'))).toBe(false);
    expect(isTransient(new TypeError('row is undefined'))).toBe(false);
    expect(isTransient(null)).toBe(false);
  });

  it.each([
    ['28P01', /refuses the user or the password/, false],
    ['3D000', /database does not exist/, false],
    ['42501', /too few rights/, false],
    ['25006', /read-only/, false],
    ['08P01', /a pooler perhaps/, false],
    ['53300', /no connection left/, true],
    ['53100', /disk of PostgreSQL is full/, true],
    ['ECONNREFUSED', /cannot be reached: start it/, true],
  ])('is one sentence for the operator: %s', (code, sentence, passes) => {
    const explained = explain(coded(code, 'password=hunter2'));
    expect(explained).toBeInstanceOf(PostgresUnusable);
    expect(explained).toMatchObject({ message: expect.stringMatching(sentence), passes });
    expect((explained as Error).message).not.toContain('hunter2');
    expect(isTransient(explained)).toBe(passes);
    expect(explain(explained)).toBe(explained);
  });
  it('is left as it is where it is no word about the server', () => {
    const error = coded('42P01');
    expect(explain(error)).toBe(error);
  });

  it('is not enough where the server is too old or a standby', () => {
    expect(mistakeOf({ version: '14.2', number: 140_002, standby: false })).toMatch(/version 14.2: give version 15/);
    expect(mistakeOf({ version: '15.1', number: 150_001, standby: true })).toMatch(/is a standby/);
    expect(mistakeOf({ version: '15.1', number: 150_001, standby: false })).toBeNull();
  });
});
