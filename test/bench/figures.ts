import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import Table from 'cli-table3';

/** A measured value of several runs, with what it has to reach (source: design, "performance"). */
export type Figure = {
  readonly row: string;
  readonly name: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly floor?: number;
  readonly aim?: number;
  /** Which direction is good. */
  readonly better: 'more' | 'less';
};

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** By nearest rank; NaN of nothing. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? NaN;
};

export const show = (figures: readonly Figure[]): void => {
  const table = new Table({
    head: ['row', 'figure', 'min', 'median', 'max', 'runs', 'floor', 'aim', ''],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
  });
  for (const { row, name, unit, values, floor, aim, better } of figures) {
    const middle = median(values);
    const reaches = (goal: number): boolean => (better === 'more' ? middle >= goal : middle <= goal);
    const sign = better === 'more' ? '≥' : '≤';
    const goal = (value: number | undefined): string => (value === undefined ? '' : `${sign} ${round(value)}`);
    const verdict =
      floor === undefined ? '' : aim !== undefined && reaches(aim) ? 'aim' : reaches(floor) ? 'floor' : 'MISSED';
    table.push([
      row,
      `${name}, ${unit}`,
      round(Math.min(...values)),
      round(middle),
      round(Math.max(...values)),
      values.length,
      goal(floor),
      goal(aim),
      verdict,
    ]);
  }
  console.log(table.toString());
};

const round = (value: number): string =>
  value.toLocaleString('en-GB', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });

/** What the figures were taken on. */
export const machine = (): Readonly<Record<string, string | number>> => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  sqlite: process.versions['sqlite'] ?? 'unknown',
  commit: commit(),
  load: loadavg()[0]?.toFixed(2) ?? '',
  fdatasyncMs: fdatasync(),
});

/** Seconds in which something that could compute waited for a core, since the machine started; NaN where the kernel does not say. */
export const waited = (): number => {
  try {
    return Number(/total=(\d+)/.exec(readFileSync('/proc/pressure/cpu', 'utf8'))?.[1]) / 1e6;
  } catch {
    return NaN;
  }
};

const commit = (): string => {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;
  }
};

/** Milliseconds until 4 KiB are on the disk: what a durable append cannot be faster than. */
const fdatasync = (): number => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-sync-'));
  const file = openSync(join(folder, 'probe'), 'w');
  const page = Buffer.alloc(4096, 1);
  const times: number[] = [];
  for (let left = 200; left > 0; left--) {
    const began = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    times.push(performance.now() - began);
  }
  closeSync(file);
  rmSync(folder, { recursive: true });
  return Math.round(median(times) * 1000) / 1000;
};
