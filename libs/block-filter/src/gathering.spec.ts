import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Gathering } from './gathering.adapter.js';

const some = (from: number, count: number): ReadonlySet<string> =>
  new Set(Array.from({ length: count }, (_, at) => `k${String(from + at)}`));

describe('questions of one turn', () => {
  let read: { readonly tenant: string; readonly keys: readonly string[] }[];
  let answers: (() => Promise<string>)[];
  let gathering: Gathering<string>;
  beforeEach(() => {
    read = [];
    answers = [];
    gathering = new Gathering((tenant, keys) => {
      read.push({ tenant, keys: [...keys] });
      return answers.shift()?.() ?? Promise.resolve(`reading ${String(read.length)}`);
    });
  });

  it('are answered by one reading of what all of them ask, each key once', async () => {
    const asked = [new Set(['a']), new Set(['b', 'a']), new Set<string>()].map((keys) => gathering.ask('acme', keys));
    expect(read).toEqual([]);
    expect(await Promise.all(asked)).toEqual(['reading 1', 'reading 1', 'reading 1']);
    expect(read).toEqual([{ tenant: 'acme', keys: ['a', 'b'] }]);
  });

  it('of two tenants are two readings [R9]', async () => {
    const asked = [gathering.ask('acme', new Set(['a'])), gathering.ask('other', new Set(['a', 'b']))];
    expect(await Promise.all(asked)).toEqual(['reading 1', 'reading 2']);
    expect(read).toEqual([
      { tenant: 'acme', keys: ['a'] },
      { tenant: 'other', keys: ['a', 'b'] },
    ]);
  });

  it('that come while others are being read get a reading of their own, begun behind them', async () => {
    const { promise: slow, resolve } = Promise.withResolvers<string>();
    answers = [() => slow];
    const first = gathering.ask('acme', new Set(['a']));
    while (read.length === 0) await turn();
    expect(await gathering.ask('acme', new Set(['a']))).toBe('reading 2');
    resolve('slow');
    expect(await first).toBe('slow');
  });

  it('fill more than one reading where they are many; who asks for very much is read alone', async () => {
    const asked = [
      gathering.ask('acme', some(0, 300)),
      gathering.ask('acme', some(300, 200)),
      gathering.ask('acme', some(500, 1)),
      gathering.ask('acme', some(0, 10_000)),
    ];
    expect(read.map(({ keys }) => keys.length)).toEqual([10_000]);
    await Promise.all(asked);
    expect(read.map(({ keys }) => keys.length)).toEqual([10_000, 500, 1]);
  });

  it('fail together, and those of the next turn do not', async () => {
    answers = [() => Promise.reject(new Error('gone'))];
    const asked = await Promise.allSettled(['a', 'b'].map((key) => gathering.ask('acme', new Set([key]))));
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await gathering.ask('acme', new Set(['a']))).toBe('reading 2');
  });
});
