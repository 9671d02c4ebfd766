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
  readonly remove: string;
  readonly scan: string;
  readonly scanAfter: string;
};

const plans = new WeakMap<Table, Plan>();

/** Integers are safe ones: 53 bits. Of json the text is kept as it is (jsonb knows no U+0000 and costs more to write). */
const SQL_TYPE: Readonly<Record<Column['type'], string>> = {
  text: 'text collate "C"',
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
  const keyPlaces = keys.map((_, at) => `$${String(at + 1)}::text[]`).join(', ');
  const keyColumns = keys.map((_, at) => `k${String(at)}`).join(', ');
  const on = keys.map((key, at) => `t.${quoted(key)} = k.k${String(at)}`).join(' and ');
  const scan = `select ${keyList}${out('')} from ${name}`;
  const plan: Plan = {
    columns,
    keys,
    load: `select k.at${out('t.')} from unnest(${keyPlaces}) with ordinality as k(${keyColumns}, at) join ${name} t on ${on}`,
    upsert:
      `insert into ${name} (${all}) select ${values} from unnest(${places}) as v(${arrays.map((_, at) => `c${String(at)}`).join(', ')}) ` +
      `on conflict (${keyList}) do ${set === '' ? 'nothing' : `update set ${set}`}`,
    copy: `copy ${name} (${all}) from stdin`,
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

/** Rows as SQL takes them, key first; each fits its column as far as can be told without asking. */
export type FittedRows = { readonly values: readonly (readonly ColumnValue[])[]; readonly characters: number };

/** Throws UnfitRow. */
export const fit = (table: Table, rows: readonly KeyedRow[]): FittedRows => {
  const { columns } = planOf(table);
  let characters = 0;
  const values = rows.map(({ key, row }, at) => {
    const fitting: ColumnValue[] = [...key];
    for (const [name, column] of columns) {
      const value = fitted(table, name, column, row[name], at);
      if (typeof value === 'string') characters += value.length;
      fitting.push(value);
    }
    return fitting;
  });
  return { values, characters };
};

/** Inserts or replaces, in one statement. */
export const upsertRows = async (client: Client, table: Table, values: FittedRows['values']): Promise<void> => {
  const width = values[0]?.length ?? 0;
  const arrays = Array.from({ length: width }, (_, at) => arrayLiteral(values, at));
  await client.query(planOf(table).upsert, arrays);
};

/** Inserts rows whose keys the table does not have. */
export const copyRows = async (client: Client, table: Table, values: FittedRows['values']): Promise<void> => {
  const stream = client.query(copyFrom(planOf(table).copy));
  await pipeline(Readable.from(copyText(values)), stream);
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

/** One column of the rows as PostgreSQL writes an array. */
const arrayLiteral = (values: FittedRows['values'], at: number): string => {
  let text = '{';
  for (const row of values) {
    const value = row[at];
    if (text.length > 1) text += ',';
    if (value === null || value === undefined) text += 'NULL';
    else if (typeof value === 'number') text += String(value);
    else text += `"${SPECIAL.test(value) ? value.replace(SPECIALS, '\\$&') : value}"`;
  }
  return text + '}';
};

const CHUNK_CHARACTERS = 64_000;
const COPY_SPECIAL = /[\\\n\r\t]/;
const COPY_SPECIALS = /[\\\n\r\t]/g;
const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The rows in COPY's text format, in pieces. */
const copyText = function* (values: FittedRows['values']): Generator<string> {
  let text = '';
  for (const row of values) {
    let first = true;
    for (const value of row) {
      if (!first) text += '\t';
      first = false;
      if (value === null) text += '\\N';
      else if (typeof value === 'number') text += String(value);
      else text += COPY_SPECIAL.test(value) ? value.replace(COPY_SPECIALS, (one) => ESCAPED[one] ?? one) : value;
    }
    text += '\n';
    if (text.length < CHUNK_CHARACTERS) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
};
