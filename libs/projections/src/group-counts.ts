import type { Projection } from '#kernel';
import {
  countsTable,
  type GroupDelta,
  type Key,
  type Row,
  type RowReads,
  type RowWrites,
  type Table,
} from '#read-store';

/** How the counts of a projection's groups change: from old rows and new ones. Empty for a projection that declares none. */
export class GroupCounts {
  readonly table: Table | null;
  readonly #by: readonly string[];
  readonly #groups = new Map<string, { readonly key: Key; readonly row: Row; n: number }>();

  constructor(projection: Projection, generation: number) {
    this.table = countsTable(projection, generation);
    this.#by = projection.counts?.by ?? [];
  }

  /** A row became another; null = there was none, or is none any more. */
  change(tenant: string, before: Row | null, after: Row | null): void {
    if (this.table === null || (before !== null && after !== null && this.#by.every((by) => before[by] === after[by])))
      return;
    if (before !== null) this.#add(tenant, before, -1);
    if (after !== null) this.#add(tenant, after, 1);
  }

  async write(tx: RowWrites): Promise<void> {
    const deltas = this.deltas();
    if (this.table !== null && deltas.length > 0) await tx.system.addToCounts(this.table, deltas);
  }

  /** By group, without those that are as they were. */
  deltas(): readonly GroupDelta[] {
    return [...this.#groups.values()]
      .filter(({ n }) => n !== 0)
      .map(({ key, row, n }) => ({ key, row: { ...row, n } }));
  }

  /** Whether these are the counts that a snapshot holds. */
  async areKeptIn(view: RowReads): Promise<boolean> {
    if (this.table === null) return true;
    const left = new Map(this.deltas().map(({ key, row }) => [key.join('\u0000'), row.n]));
    for await (const page of view.scan(this.table, 500)) {
      for (const { key, row } of page) {
        const id = key.join('\u0000');
        if ((left.get(id) ?? 0) !== row['n']) return false;
        left.delete(id);
      }
    }
    return left.size === 0;
  }

  #add(tenant: string, row: Row, n: number): void {
    const grouped = JSON.stringify(this.#by.map((by) => row[by] ?? null));
    const id = `${tenant}\u0000${grouped}`;
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = { key: [tenant, grouped], row: Object.fromEntries(this.#by.map((by) => [by, row[by] ?? null])), n: 0 };
      this.#groups.set(id, group);
    }
    group.n += n;
  }
}
