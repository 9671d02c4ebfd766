import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';

type Cell = string | number | null;

/** A table as text while its rows are made: header first, CRLF, quoted where needed. */
export const csvOf = async function* (
  columns: readonly string[],
  rows: AsyncIterable<readonly Cell[]>,
): AsyncGenerator<string, void, undefined> {
  const text = stringify({
    header: true,
    columns: [...columns],
    record_delimiter: 'windows',
    // It would quote its own line breaks only.
    quoted_match: /[\r\n]/,
    cast: { string: neutral },
  });
  for await (const part of Readable.from(rows).compose<typeof text>(text)) yield String(part);
};

/** What a spreadsheet would take for a formula, or swallow, begins with an apostrophe. */
const neutral = (cell: string): string => (/^[=+\-@\u0000-\u001f\u007f]/.test(cell) ? `'${cell}` : cell);
