import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import type { Variables } from '#platform/configuration';
import type { LogLines } from '../event-store.js';
import type { Failure } from './failure.js';

type Stream = { write(text: string): unknown; readonly isTTY?: boolean };

/** Where a command is run; tests bring their own. */
export type Terminal = {
  /** The answer. */
  readonly out: Stream;
  /** Everything else: progress, notes, what went wrong. */
  readonly err: Stream;
  /** In the place of the environment. */
  readonly variables?: Variables;
  /** Called by who watches: the signal is aborted by Ctrl-C, which ends everything else at once. */
  readonly untilStopped: () => AbortSignal;
};

/** Progress of something that takes a while; silent off a terminal. */
export type Bar = {
  readonly told: (done: number, total: number | null, note?: string) => void;
  readonly end: () => void;
};

/** What a command says: text for people, or with --json one line `{ command, ok, exitCode, result?, error? }` for programs. */
export class Voice {
  constructor(
    readonly terminal: Terminal,
    private readonly command: string,
    readonly json: boolean,
  ) {}

  /** Is somebody looking? Then tables refresh and bars move; otherwise there are only lines. */
  get isWatched(): boolean {
    return !this.json && this.terminal.out.isTTY === true;
  }

  /** The answer, or one of them where somebody watches. */
  answer(result: object, text: string): void {
    if (this.json) this.line({ ok: true, exitCode: 0, result });
    else this.terminal.out.write(`${text}\n`);
  }

  /** In the place of an answer, and the sentence for people in any case. */
  fail({ exitCode, code, message, result }: Failure): void {
    if (this.json)
      this.line({ ok: false, exitCode, ...(result === undefined ? {} : { result }), error: { code, message } });
    this.terminal.err.write(`${message}\n`);
  }

  /** For people only. */
  note(text: string): void {
    this.terminal.err.write(`${text}\n`);
  }

  /** For people who are looking only. */
  remark(text: string): void {
    if (this.terminal.err.isTTY === true && !this.json) this.note(text);
  }

  /** In the place of what `redraw` wrote before; only where somebody is looking. */
  redraw(text: string): void {
    const up = this.drawn === 0 ? '' : `\u001b[${String(this.drawn)}A\u001b[J`;
    this.terminal.out.write(`${up}${text}\n`);
    this.drawn = text.split('\n').length;
  }

  bar(what: string, unit: string): Bar {
    if (this.terminal.err.isTTY !== true || this.json) return { told: () => undefined, end: () => undefined };
    const bar = new SingleBar({
      format: (_options, { value, total }, { known, note }: { known: boolean; note: string }) =>
        known
          ? `${what} ${filled(value / Math.max(1, total))} ${String(Math.floor((100 * value) / Math.max(1, total))).padStart(3)} % | ${number(value)} of ${number(total)} ${unit}${note}`
          : `${what} ${number(value)} ${unit}${note}`,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
    });
    let begun = false;
    return {
      told: (done, total, note = '') => {
        const payload = { known: total !== null, note: note === '' ? '' : ` | ${note}` };
        if (!begun) bar.start(total ?? 0, done, payload);
        begun = true;
        bar.setTotal(total ?? done);
        bar.update(done, payload);
      },
      end: () => {
        if (begun) bar.stop();
      },
    };
  }

  private drawn = 0;

  private line(value: object): void {
    this.terminal.out.write(`${JSON.stringify({ command: this.command, ...value })}\n`);
  }
}

/** Makes an action of a command's work. */
export type Act = <A extends readonly unknown[]>(
  work: (voice: Voice, ...given: A) => Promise<void>,
) => (...given: [...A, Command]) => Promise<void>;

/** What a log's connection has to say, for people. */
export const linesFor = (voice: Voice): LogLines => ({
  info: () => undefined,
  warn: (_detail, message) => {
    voice.note(message);
  },
});

const WIDTH = 24;
const filled = (share: number): string => {
  const full = Math.max(0, Math.min(WIDTH, Math.round(share * WIDTH)));
  return `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}`;
};

/** 12345 → 12,345 */
export const number = (value: number): string => Math.round(value).toLocaleString('en-GB');

/** Seconds → `3 s`, `4 min`, `2 h 5 min`. */
export const duration = (seconds: number): string =>
  seconds < 120
    ? `${String(Math.round(seconds))} s`
    : seconds < 7200
      ? `${String(Math.round(seconds / 60))} min`
      : `${String(Math.floor(seconds / 3600))} h ${String(Math.round((seconds % 3600) / 60))} min`;

/** Bytes → `512 B`, `3.4 MiB`. */
export const size = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? String(bytes) : (bytes / 1024 ** power).toFixed(1)} ${units[power] ?? ''}`;
};

/** Columns as wide as their widest entry; numbers to the right. */
export const table = (heads: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string => {
  const texts = rows.map((row) =>
    row.map((cell) => (cell === null ? '–' : typeof cell === 'number' ? number(cell) : cell)),
  );
  const widths = heads.map((head, at) => Math.max(head.length, ...texts.map((row) => row[at]?.length ?? 0)));
  const isNumber = heads.map(
    (_, at) => rows.length > 0 && rows.every((row) => row[at] === null || typeof row[at] === 'number'),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (isNumber[at] === true ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(heads), ...texts.map(line)].join('\n');
};
