import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { StoredEvent } from '#event-store';
import type { Position } from '#kernel';
import { canonicalJson } from '#platform';
import { ChainWriter, checkedLines, type Checked, type Fault } from './chain.adapter.js';
import { SAME_RUNS } from '../../../test/fixtures/same-runs.js';

const fact = (n: number, data: Record<string, unknown> = { text: `número ${String(n)}` }): StoredEvent => ({
  id: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`,
  type: 'ContactTagged',
  schemaVersion: 1,
  stream: `contact-acme.${String(n % 3)}`,
  revision: Math.floor(n / 3),
  position: String(n * 7).padStart(20, '0') as Position,
  data,
  metadata: { tenant: 'acme', schemaVersion: '1' } as StoredEvent['metadata'],
  recordedAt: '2026-03-10T10:00:00.000Z',
});

const fileOf = (facts: readonly StoredEvent[]): readonly string[] => {
  const writer = new ChainWriter();
  return [...facts.map((one) => writer.line(one)), ChainWriter.lastLine(writer.closing())];
};
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n + 1);

const checked = async (bytes: Buffer, size = 64): Promise<readonly Checked[]> => {
  const chunks = async function* () {
    for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
  };
  const all: Checked[] = [];
  for await (const one of checkedLines(chunks())) all.push(one);
  return all;
};
const faults = async (text: string | Buffer, size?: number): Promise<readonly Fault[]> =>
  (await checked(Buffer.from(text), size)).flatMap(({ line, fault }) =>
    fault === null ? [] : [{ line, what: fault }],
  );
const linesAt = async (lines: readonly string[]): Promise<readonly number[]> =>
  (await faults(lines.join(''))).map(({ line }) => line);

describe('the chain of an export', () => {
  it('is SHA-256 over the hash before and the fact as canonical JSON', () => {
    const [line = ''] = fileOf([fact(1)]);
    const { hash, position, ...link } = JSON.parse(line) as Record<string, unknown>;
    expect(position).toBe('00000000000000000007');
    expect(hash).toBe(
      createHash('sha256')
        .update(`${'0'.repeat(64)}\n${canonicalJson(link)}`)
        .digest('hex'),
    );
  });

  it('does not know positions: a log that moved to another store has the same head', () => {
    const here = new ChainWriter();
    const there = new ChainWriter();
    for (const n of numbers(5)) {
      here.line(fact(n));
      there.line({ ...fact(n), position: `9${String(n)}` as Position });
    }
    expect(there.closing().head).toBe(here.closing().head);
    expect(there.closing().sha256).not.toBe(here.closing().sha256);
  });

  it('holds, whatever the facts say and however the bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue())),
        fc.integer({ min: 1, max: 500 }),
        async (all, size) => {
          // As a store gives them back.
          const facts = all.map((data, n) => fact(n + 1, JSON.parse(JSON.stringify(data)) as Record<string, unknown>));
          expect(await faults(fileOf(facts).join(''), size)).toEqual([]);
        },
      ),
      { numRuns: 100, ...SAME_RUNS },
    );
  });
});

describe('a file that is not as it was exported', () => {
  const whole = fileOf(numbers(8).map((n) => fact(n)));

  it('is found and located, whatever byte was changed', async () => {
    const lines = fileOf(numbers(3).map((n) => fact(n)));
    const text = Buffer.from(lines.join(''));
    for (let at = 0; at < text.length; at++) {
      const bytes = Buffer.from(text);
      bytes[at] = (bytes[at] ?? 0) ^ (at % 2 === 0 ? 1 : 0x20);
      const before = text.subarray(0, at).toString('latin1').split('\n');
      const line = before.length;
      const inPosition = line < lines.length && /^\{"position":"\d{0,19}$/.test(before.at(-1) ?? '');
      const [first] = await faults(bytes, 4096);
      // A position is outside of the chain: where it stays in order, the closing line's digest tells that one was changed.
      expect([at, inPosition ? [line, line + 1, lines.length].includes(first?.line ?? 0) : first?.line]).toEqual([
        at,
        inPosition ? true : line,
      ]);
    }
  });

  it.each(numbers(8))('is found when line %i is taken out', async (line) => {
    const [first] = await linesAt(whole.toSpliced(line - 1, 1));
    expect(first).toBe(line);
  });

  it.each(numbers(8))('is found when a line is put in at %i, or said twice', async (line) => {
    const foreign = fileOf([fact(98), fact(99)])[1]!;
    expect((await linesAt(whole.toSpliced(line - 1, 0, foreign)))[0]).toBe(line);
    expect((await linesAt(whole.toSpliced(line, 0, whole[line - 1]!)))[0]).toBe(line + 1);
  });

  it.each(numbers(7))('is found when line %i changes its place with the next', async (line) => {
    const swapped = whole.with(line - 1, whole[line]!).with(line, whole[line - 1]!);
    expect((await linesAt(swapped))[0]).toBe(line);
  });

  it('is found when it is cut off, empty, goes on behind its end, or has lost its last line break', async () => {
    expect(await linesAt(whole.slice(0, -1))).toEqual([8]);
    expect(await linesAt([])).toEqual([1]);
    expect((await linesAt([...whole, '\n']))[0]).toBe(9);
    expect((await linesAt([...whole, whole[0]!]))[0]).toBe(9);
    expect(await faults(whole.join('').slice(0, -1))).toEqual([{ line: 9, what: expect.stringContaining('bytes') }]);
    expect(await linesAt([whole.join('').slice(0, -40)])).toEqual([9]);
  });

  it('is found when its lines end as Windows ends them, or are written in another way', async () => {
    expect((await linesAt(whole.map((line) => line.replace('\n', '\r\n'))))[0]).toBe(1);
    const spaced = `${JSON.stringify(JSON.parse(whole[3]!), null, 1).replaceAll('\n', '')}\n`;
    expect(await linesAt(whole.with(3, spaced))).toEqual([4, 9]);
    const escaped = whole[4]!.replace('número', String.raw`n\u00famero`);
    expect(await linesAt(whole.with(4, escaped))).toEqual([5, 9]);
  });

  it('tells each fault where it is, and goes on behind it', async () => {
    const other = (line: string): string => line.replace('número', 'numero');
    expect(await linesAt(whole.with(2, other(whole[2]!)).with(6, other(whole[6]!)))).toEqual([3, 7, 9]);
  });
});
