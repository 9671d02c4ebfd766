import type { Projection } from '#kernel';
import { sql, type Kysely } from 'kysely';
import { tableName, type Key, type Row, type Table } from './port.js';
import type { SystemTables } from './system-tables.js';

/** How many more rows of a group there are. `key`: the tenant and the group as JSON; `row`: the values of the group and `n`. */
export type GroupDelta = { readonly key: Key; readonly row: Row & { readonly n: number } };

export const countsName = (table: string): string => `${table}__counts`;

/** The table of a generation's declared group counts; null where none are declared. Groups that have no rows any more stay, with 0. */
export const countsTable = ({ name, table, counts }: Projection, generation: number): Table | null => {
  if (counts === null) return null;
  const columns = Object.fromEntries(
    counts.by.map((column) => [column, table.columns[column] ?? { type: 'text' as const, nullable: true }]),
  );
  return {
    name: countsName(tableName(name, generation)),
    spec: { key: ['grouped'], columns: { ...columns, n: { type: 'integer', nullable: false } }, indexes: [] },
  };
};

const CHUNK = 200;

/** Adds to the counts of groups; a group stands at most once in `deltas`. */
export const addToCounts = async (
  db: Kysely<SystemTables>,
  table: Table,
  deltas: readonly GroupDelta[],
): Promise<void> => {
  const names = ['tenant', ...table.spec.key, ...Object.keys(table.spec.columns)];
  const columns = sql.join(names.map((name) => sql.ref(name)));
  for (let at = 0; at < deltas.length; at += CHUNK) {
    const values = deltas
      .slice(at, at + CHUNK)
      .map(({ key, row }) => sql`(${sql.join([...key, ...Object.keys(table.spec.columns).map((name) => row[name])])})`);
    await sql`insert into ${sql.table(table.name)} (${columns}) values ${sql.join(values)}
      on conflict (tenant, grouped) do update set n = ${sql.ref(`${table.name}.n`)} + excluded.n`.execute(db);
  }
};
