import { hash } from 'node:crypto';
import type { TableSpec } from '#kernel';
import type { GenerationRow, Key, KeyedRow, RowReads, Table } from '#read-store';
import { idOf } from './parked.js';

/** What two tables are compared by. `hash` does not depend on the order of rows, the generation's number or the store. */
export type Content = { readonly rows: number; readonly hash: string };

/** Adds rows to a content hash: the sum, lane by lane, of the SHA-256 of each row's canonical JSON. */
export class ContentHash {
  readonly #lanes = new Uint32Array(8);
  readonly #columns: readonly string[];
  readonly #json: ReadonlySet<string>;
  #rows = 0;

  constructor(spec: TableSpec) {
    this.#columns = Object.keys(spec.columns).sort();
    this.#json = new Set(this.#columns.filter((name) => spec.columns[name]?.type === 'json'));
  }

  add({ key, row }: KeyedRow): void {
    let text = JSON.stringify(key);
    for (const name of this.#columns) {
      const value = row[name];
      text += `\n${name}=${JSON.stringify(this.#json.has(name) ? sorted(value) : value)}`;
    }
    const digest = hash('sha256', text, 'buffer');
    for (let lane = 0; lane < 8; lane++) {
      // A Uint32Array wraps at 2^32, which is the sum that is wanted.
      this.#lanes[lane] = (this.#lanes[lane] ?? 0) + digest.readUInt32BE(lane * 4);
    }
    this.#rows++;
  }

  content(): Content {
    return { rows: this.#rows, hash: [...this.#lanes].map((lane) => lane.toString(16).padStart(8, '0')).join('') };
  }
}

const sorted = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
};

/** The content of a table in a snapshot, read in pages, without some keys (`idOf`); `between` runs after each page and may throw to end it, `each` for every row. */
export const contentOf = async (
  view: RowReads,
  table: Table,
  between: () => Promise<void> = () => Promise.resolve(),
  without: ReadonlySet<string> = NOTHING,
  each: (row: KeyedRow) => void = () => undefined,
): Promise<Content> => {
  const sum = new ContentHash(table.spec);
  for await (const page of view.scan(table, 500)) {
    for (const row of page) {
      each(row);
      if (without.size === 0 || !without.has(idOf(row.key))) sum.add(row);
    }
    await between();
  }
  return sum.content();
};

const NOTHING: ReadonlySet<string> = new Set();

/** The keys (`idOf`) that any of the generations has parked: their rows are not what the log says, and cannot be compared. */
export const parkedIn = async (
  { system }: RowReads,
  generations: readonly Pick<GenerationRow, 'projection' | 'generation'>[],
): Promise<ReadonlySet<string>> => {
  const keys = new Set<string>();
  for (const generation of generations) {
    for (const row of await system.parking.sequences(generation))
      if (row.kind === 'key') keys.add(idOf(JSON.parse(row.key) as Key));
  }
  return keys;
};

/** One content over several projections: one alone is itself; several are hashed by name. */
export const combined = (contents: readonly (Content & { readonly projection: string })[]): Content => {
  const [first] = contents;
  if (contents.length === 1 && first !== undefined) return { rows: first.rows, hash: first.hash };
  const text = contents
    .map(({ projection, hash: own }) => `${projection} ${own}`)
    .sort()
    .join('\n');
  return { rows: contents.reduce((sum, { rows }) => sum + rows, 0), hash: hash('sha256', text) };
};
