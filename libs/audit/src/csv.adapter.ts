import { stringify, type Options } from 'csv-stringify/sync';

type Cell = string | number | null;

const OPTIONS: Options = { record_delimiter: '\r\n', delimiter: ',' };

/** A table as text, line by line: header first, CRLF, quoted where needed. */
export const csvOf = async function* (
  columns: readonly string[],
  rows: AsyncIterable<readonly Cell[]>,
): AsyncGenerator<string, void, undefined> {
  yield stringify([[...columns]], OPTIONS);
  for await (const row of rows) yield stringify([row.map(neutral)], OPTIONS);
};

/** What a spreadsheet would take for a formula, or swallow, begins with an apostrophe. */
const neutral = (cell: Cell): Cell =>
  typeof cell === 'string' && /^[=+\-@\u0000-\u001f\u007f]/.test(cell) ? `'${cell}` : cell;
