import { styleText } from 'node:util';
import Table from 'cli-table3';

type Column = readonly [head: string, width: number];

/** A table as people like to read it. `null` is shown as a dash. */
export const table = (columns: readonly Column[], rows: readonly (readonly (string | number | null)[])[]): void => {
  const drawn = new Table({
    head: columns.map(([head]) => strong(head)),
    colWidths: columns.map(([, width]) => width),
    wordWrap: true,
    style: { head: [], border: process.stdout.isTTY ? ['gray'] : [], compact: true },
  });
  drawn.push(...rows.map((row) => row.map((cell) => (cell === null ? '–' : String(cell)))));
  console.log(drawn.toString());
};

export const chapter = (title: string): void => {
  console.log(`\n${strong(title)}`);
};

export const say = (text: string): void => {
  console.log(text);
};

/** 14:03:09.120 */
export const exactly = (at: string): string => `${clock(at)}.${at.slice(20, 23)}`;

/** 14:03:09 */
export const clock = (at: string): string => new Date(at).toLocaleTimeString('en-GB');

export const short = (text: string | null, length: number): string | null =>
  text === null || text.length <= length ? text : `${text.slice(0, length - 1)}…`;

export const number = (value: number): string => value.toLocaleString('en-GB');

const strong = (text: string): string => styleText('bold', text, { stream: process.stdout });
