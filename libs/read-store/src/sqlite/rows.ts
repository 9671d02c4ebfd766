import type { Column } from '#kernel';
import type { SQLInputValue } from 'node:sqlite';
import { fitted, indexColumns, indexName, keyNames, rowFrom } from '../columns.js';
import type { Key, KeyedRow, Row, Table } from '../port.js';
import { JSON_TYPE, type Connection } from './database.js';

/** Rows a statement. 50 are 990k rows/s where single ones are 226k/s; more bring nothing. */
const CHUNK = 50;
const NOTHING: readonly string[] = [];

type Plan = {
  readonly columns: readonly (readonly [string, Column])[];
  readonly keys: readonly string[];
  readonly load: string;
  readonly upsert: (rows: number) => string;
  readonly remove: string;
  readonly scan: string;
  readonly scanAfter: string;
};

const plans = new WeakMap<Table, Plan>();
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const planOf = (table: Table): Plan => {
  const known = plans.get(table);
  if (known !== undefined) return known;
  const columns = Object.entries(table.spec.columns);
  const keys = keyNames(table);
  const name = quote(table.name);
  const keyList = keys.map(quote).join(', ');
  const all = [...keys, ...columns.map(([column]) => column)].map(quote).join(', ');
  const width = keys.length + columns.length;
  const places = `(${Array<string>(width).fill('?').join(',')})`;
  const set = columns.map(([column]) => `${quote(column)} = excluded.${quote(column)}`).join(', ');
  const texts = new Map<number, string>();
  const on = keys.map((key, at) => `t.${quote(key)} = k.value ->> ${String(at)}`).join(' and ');
  const plan: Plan = {
    columns,
    keys,
    load: `select k.key${columns.map(([column]) => `, t.${quote(column)}`).join('')} from json_each(?) k cross join ${name} t on ${on}`,
    upsert: (rows) => {
      let text = texts.get(rows);
      if (text === undefined) {
        const values = Array<string>(rows).fill(places).join(',');
        text = `insert into ${name} (${all}) values ${values} on conflict (${keyList}) do ${set === '' ? 'nothing' : `update set ${set}`}`;
        texts.set(rows, text);
      }
      return text;
    },
    remove: `delete from ${name} where (${keyList}) in (select ${keys.map((_, at) => `value ->> ${String(at)}`).join(', ')} from json_each(?))`,
    scan: `select ${all} from ${name} order by ${keyList} limit ?`,
    scanAfter: `select ${all} from ${name} where (${keyList}) > (${keys.map(() => '?').join(',')}) order by ${keyList} limit ?`,
  };
  plans.set(table, plan);
  return plan;
};

/** Makes the table: a plain rowid one, since they measure 1.5 to 2 times faster here than WITHOUT ROWID (wide rows, random keys). */
export const tableDdl = (table: Table): string => {
  const keys = keyNames(table);
  const columns = Object.entries(table.spec.columns).map(
    ([name, { type, nullable }]) =>
      `${quote(name)} ${type === 'json' ? JSON_TYPE : type}${nullable ? '' : ' not null'}`,
  );
  const all = [...keys.map((key) => `${quote(key)} text not null`), ...columns].join(', ');
  return `create table ${quote(table.name)} (${all}, primary key (${keys.map(quote).join(', ')}))`;
};

/** A searched column stands in an index beside the key: rows lie in no order, and looking at all of them would read a page for each. */
export const indexDdl = (table: Table): readonly string[] => {
  const { indexes, searched, key } = table.spec;
  const all = searched === undefined ? indexes : [...indexes, [...key, searched]];
  return all.map(
    (index, at) =>
      `create index if not exists ${quote(indexName(table, at))} on ${quote(table.name)} (${indexColumns(index, quote)})`,
  );
};

export const loadRows = (connection: Connection, table: Table, keys: readonly Key[]): (Row | null)[] => {
  const rows = new Array<Row | null>(keys.length).fill(null);
  if (keys.length === 0) return rows;
  const plan = planOf(table);
  const { statement } = connection.prepare(plan.load);
  statement.setReturnArrays(true);
  // json_each with a join reads 155k rows/s, `in (values …)` 145k, single selects 93k.
  for (const found of statement.all(JSON.stringify(keys)) as unknown as unknown[][])
    rows[found[0] as number] = rowFrom(plan.columns, found, 1);
  return rows;
};

/** Returns the characters of the texts. */
export const upsertRows = (connection: Connection, table: Table, rows: readonly KeyedRow[]): number => {
  const plan = planOf(table);
  let at = 0;
  let characters = 0;
  while (at < rows.length) {
    const left = rows.length - at;
    const size = left >= CHUNK ? CHUNK : left >= 8 ? 8 : 1;
    const values: SQLInputValue[] = [];
    for (const end = at + size; at < end; at++) {
      const keyed = rows[at];
      if (keyed === undefined) break;
      for (const part of keyed.key) values.push(part);
      for (const [name, column] of plan.columns) {
        const value = fitted(table, name, column, keyed.row[name], at);
        if (typeof value === 'string') characters += value.length;
        values.push(value);
      }
    }
    connection.prepare(plan.upsert(size)).statement.run(...values);
  }
  return characters;
};

export const removeRows = (connection: Connection, table: Table, keys: readonly Key[]): void => {
  if (keys.length > 0) connection.prepare(planOf(table).remove).statement.run(JSON.stringify(keys));
};

export const scanPage = (connection: Connection, table: Table, after: Key | null, limit: number): KeyedRow[] => {
  const plan = planOf(table);
  const { statement } = connection.prepare(after === null ? plan.scan : plan.scanAfter);
  statement.setReturnArrays(true);
  const width = plan.keys.length;
  return (statement.all(...(after ?? NOTHING), limit) as unknown as unknown[][]).map((values) => ({
    key: values.slice(0, width) as string[],
    row: rowFrom(plan.columns, values, width),
  }));
};
