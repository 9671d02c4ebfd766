import type { Column } from '#kernel';
import { quoted, type Client } from '#postgres';
import { from as copyFrom } from 'pg-copy-streams';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { fitted, indexColumns, indexName, keyNames, rowFrom, type ColumnValue, type NamedColumns } from '../columns.js';
import type { Key, KeyedRow, Row, Table } from '../port.js';

type Plan = {
  readonly columns: NamedColumns;
  readonly keys: readonly string[];
  readonly load: string;
  readonly upsert: string;
  readonly copy: string;
  /** A table of the session alone, copied into, and upserted from. */
  readonly stage: { readonly open: string; readonly copy: string; readonly upsert: string };
  readonly remove: string;
  readonly scan: string;
  readonly scanAfter: string;
};

const plans = new WeakMap<Table, Plan>();

/** Both stores order texts by their bytes. */
export const TEXT = 'text collate "C"';
/** Integers are safe ones: 53 bits. Of json the text is kept as it is (jsonb knows no U+0000 and costs more to write). */
const SQL_TYPE: Readonly<Record<Column['type'], string>> = {
  text: TEXT,
  integer: 'bigint',
  json: 'json',
};

const planOf = (table: Table): Plan => {
  const known = plans.get(table);
  if (known !== undefined) return known;
  const columns = Object.entries(table.spec.columns);
  const keys = keyNames(table);
  const name = quoted(table.name);
  const keyList = keys.map(quoted).join(', ');
  const all = [...keys, ...columns.map(([column]) => column)].map(quoted).join(', ');
  // Json goes and comes as its text: parsed here, in the form in which SQLite gives it too.
  const out = (alias: string): string =>
    columns.map(([column, { type }]) => `, ${alias}${quoted(column)}${type === 'json' ? '::text' : ''}`).join('');
  const arrays = [
    ...keys.map(() => 'text'),
    ...columns.map(([, { type }]) => (type === 'integer' ? 'bigint' : 'text')),
  ];
  const places = arrays.map((type, at) => `$${String(at + 1)}::${type}[]`).join(', ');
  const values = arrays
    .map((_, at) => `v.c${String(at)}${columns[at - keys.length]?.[1].type === 'json' ? '::json' : ''}`)
    .join(', ');
  const set = columns.map(([column]) => `${quoted(column)} = excluded.${quoted(column)}`).join(', ');
  const replacing = `on conflict (${keyList}) do ${set === '' ? 'nothing' : `update set ${set}`}`;
  const stage = `pg_temp.${quoted(`stage_${table.name}`)}`;
  const keyPlaces = keys.map((_, at) => `$${String(at + 1)}::text[]`).join(', ');
  const keyColumns = keys.map((_, at) => `k${String(at)}`).join(', ');
  const on = keys.map((key, at) => `t.${quoted(key)} = k.k${String(at)}`).join(' and ');
  const scan = `select ${keyList}${out('')} from ${name}`;
  const plan: Plan = {
    columns,
    keys,
    load: `select k.at${out('t.')} from unnest(${keyPlaces}) with ordinality as k(${keyColumns}, at) join ${name} t on ${on}`,
    upsert: `insert into ${name} (${all}) select ${values} from unnest(${places}) as v(${arrays.map((_, at) => `c${String(at)}`).join(', ')}) ${replacing}`,
    copy: `copy ${name} (${all}) from stdin`,
    stage: {
      open: `create temp table if not exists ${stage} (like ${name}) on commit delete rows; truncate ${stage}`,
      copy: `copy ${stage} (${all}) from stdin`,
      upsert: `insert into ${name} (${all}) select ${all} from ${stage} ${replacing}`,
    },
    remove: `delete from ${name} t using unnest(${keyPlaces}) as k(${keyColumns}) where ${on}`,
    scan: `${scan} order by ${keyList} limit $1`,
    scanAfter: `${scan} where (${keyList}) > (${keys.map((_, at) => `$${String(at + 2)}`).join(', ')}) order by ${keyList} limit $1`,
  };
  plans.set(table, plan);
  return plan;
};

export const tableDdl = (table: Table): string => {
  const keys = keyNames(table);
  const columns = Object.entries(table.spec.columns).map(
    ([name, { type, nullable }]) => `${quoted(name)} ${SQL_TYPE[type]}${nullable ? '' : ' not null'}`,
  );
  const all = [...keys.map((key) => `${quoted(key)} ${SQL_TYPE.text} not null`), ...columns].join(', ');
  return `create table ${quoted(table.name)} (${all}, primary key (${keys.map(quoted).join(', ')}))`;
};

export const indexDdl = (table: Table): readonly string[] =>
  table.spec.indexes.map(
    (index, at) =>
      `create index if not exists ${quoted(indexName(table, at))} on ${quoted(table.name)} (${indexColumns(index, quoted)})`,
  );

const keyArrays = (keys: readonly Key[], width: number): string[][] =>
  Array.from({ length: width }, (_, part) => keys.map((key) => key[part] ?? ''));

export const loadRows = async (client: Client, table: Table, keys: readonly Key[]): Promise<(Row | null)[]> => {
  const rows = new Array<Row | null>(keys.length).fill(null);
  if (keys.length === 0) return rows;
  const plan = planOf(table);
  const found = await client.query<unknown[]>({
    text: plan.load,
    values: keyArrays(keys, plan.keys.length),
    rowMode: 'array',
  });
  for (const values of found.rows) rows[Number(values[0]) - 1] = rowFrom(plan.columns, values, 1);
  return rows;
};

/** Which rows of a list are meant. */
export type Which = (row: KeyedRow) => boolean;

/** Inserts or replaces, in one statement. Returns the characters that were sent; throws UnfitRow before anything is. */
export const upsertRows = async (
  client: Client,
  table: Table,
  rows: readonly KeyedRow[],
  which: Which,
): Promise<number> => {
  const arrays = arraysOf(table, rows, which);
  await client.query(planOf(table).upsert, arrays);
  return arrays.reduce((sum, { length }) => sum + length, 0);
};

/** Inserts rows whose keys the table does not have. As `upsertRows`. */
export const copyRows = (client: Client, table: Table, rows: readonly KeyedRow[], which: Which): Promise<number> =>
  copied(client, planOf(table).copy, copyPieces(table, rows, which));

/** `upsertRows` for many: to take arrays in costs the server more than the rows do. */
export const stageRows = async (
  client: Client,
  table: Table,
  rows: readonly KeyedRow[],
  which: Which,
): Promise<number> => {
  const { stage } = planOf(table);
  const pieces = copyPieces(table, rows, which);
  await client.query(stage.open);
  const characters = await copied(client, stage.copy, pieces);
  await client.query(stage.upsert);
  return characters;
};

const copied = async (client: Client, statement: string, pieces: readonly string[]): Promise<number> => {
  await pipeline(Readable.from(pieces), client.query(copyFrom(statement)));
  return pieces.reduce((sum, { length }) => sum + length, 0);
};

export const removeRows = async (client: Client, table: Table, keys: readonly Key[]): Promise<void> => {
  const plan = planOf(table);
  if (keys.length > 0) await client.query(plan.remove, keyArrays(keys, plan.keys.length));
};

export const scanPage = async (client: Client, table: Table, after: Key | null, limit: number): Promise<KeyedRow[]> => {
  const plan = planOf(table);
  const { rows } = await client.query<unknown[]>({
    text: after === null ? plan.scan : plan.scanAfter,
    values: [limit, ...(after ?? [])],
    rowMode: 'array',
  });
  const width = plan.keys.length;
  return rows.map((values) => ({
    key: values.slice(0, width) as string[],
    row: rowFrom(plan.columns, values, width),
  }));
};

const SPECIAL = /["\\]/;
const SPECIALS = /["\\]/g;

/** Each column of the rows as PostgreSQL writes an array. */
const arraysOf = (table: Table, rows: readonly KeyedRow[], which: Which): string[] => {
  const { columns, keys } = planOf(table);
  const arrays = Array<string>(keys.length + columns.length).fill('');
  const add = (column: number, value: ColumnValue): void => {
    let text = arrays[column] === '' ? '{' : `${arrays[column] ?? ''},`;
    if (typeof value !== 'string') text += value === null ? 'NULL' : String(value);
    else text += `"${SPECIAL.test(value) ? value.replace(SPECIALS, '\\$&') : value}"`;
    arrays[column] = text;
  };
  rows.forEach((keyed, at) => {
    if (!which(keyed)) return;
    keyed.key.forEach((part, column) => {
      add(column, part);
    });
    columns.forEach(([name, column], place) => {
      add(keys.length + place, fitted(table, name, column, keyed.row[name], at));
    });
  });
  return arrays.map((text) => `${text}}`);
};

const PIECE = 64_000;
const COPY_SPECIAL = /[\\\n\r\t]/;
const COPY_SPECIALS = /[\\\n\r\t]/g;
const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const escaped = (text: string): string =>
  COPY_SPECIAL.test(text) ? text.replace(COPY_SPECIALS, (one) => ESCAPED[one] ?? one) : text;

/** The rows in COPY's text format. */
const copyPieces = (table: Table, rows: readonly KeyedRow[], which: Which): string[] => {
  const { columns } = planOf(table);
  const pieces: string[] = [];
  let text = '';
  rows.forEach((keyed, at) => {
    if (!which(keyed)) return;
    let first = true;
    for (const part of keyed.key) {
      text += first ? escaped(part) : `\t${escaped(part)}`;
      first = false;
    }
    for (const [name, column] of columns) {
      const value = fitted(table, name, column, keyed.row[name], at);
      text += typeof value === 'string' ? `\t${escaped(value)}` : value === null ? '\t\\N' : `\t${String(value)}`;
    }
    text += '\n';
    if (text.length < PIECE) return;
    pieces.push(text);
    text = '';
  });
  if (text !== '') pieces.push(text);
  return pieces;
};
