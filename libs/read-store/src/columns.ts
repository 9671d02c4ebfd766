import type { Column } from '#kernel';
import { UnfitRow, type Row, type Table } from './port.js';

/** What SQL takes. */
export type ColumnValue = string | number | null;

/**
 * A fold's value as both stores take it; json becomes its text. Throws UnfitRow, `at` being the row's place in its list.
 * PostgreSQL has no text with U+0000, so that neither store takes one (in json it stands escaped).
 */
export const fitted = (table: Table, name: string, column: Column, value: unknown, at: number): ColumnValue => {
  if (value === null || value === undefined) {
    if (column.nullable && value === null) return null;
    throw new UnfitRow(table.name, name, at, String(value));
  }
  switch (column.type) {
    case 'text':
      if (typeof value !== 'string') break;
      if (value.includes('\u0000')) throw new UnfitRow(table.name, name, at, 'the character U+0000');
      return value;
    case 'integer':
      if (Number.isSafeInteger(value)) return value as number;
      break;
    case 'json': {
      // A function has no JSON and stringifies to undefined, whatever the types say.
      const text = JSON.stringify(value) as string | undefined;
      if (text !== undefined) return text;
      break;
    }
  }
  throw new UnfitRow(table.name, name, at, `a value of the type ${typeof value}`);
};

export const keyNames = (table: Table): readonly string[] => ['tenant', ...table.spec.key];

export type NamedColumns = readonly (readonly [string, Column])[];

/** The values behind `offset` as a row; json that came as text is parsed. */
export const rowFrom = (columns: NamedColumns, values: readonly unknown[], offset: number): Row => {
  const row: Record<string, unknown> = {};
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at];
    if (column === undefined) break;
    const value = values[offset + at];
    row[column[0]] = column[1].type === 'json' && typeof value === 'string' ? JSON.parse(value) : value;
  }
  return row;
};

/** The columns of a secondary index, the tenant first; `quote` makes names. */
export const indexColumns = (index: readonly string[], quote: (name: string) => string): string =>
  ['tenant', ...index.map((part) => (part.endsWith(' desc') ? `${quote(part.slice(0, -5))} desc` : quote(part)))].join(
    ', ',
  );

export const indexName = (table: Table, at: number): string => `${table.name}__i${String(at)}`;
