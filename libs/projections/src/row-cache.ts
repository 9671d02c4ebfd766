import type { Key, Row } from '#read-store';

/** One row in memory. `stored`: the table holds one. `known` is false until the table was asked. */
export type Entry = {
  readonly id: string;
  readonly key: Key;
  row: Row | null;
  known: boolean;
  stored: boolean;
  dirty: boolean;
  /** The last event that changed the row in this batch: named where the row cannot be written. */
  eventId: string;
};

/**
 * Rows of one generation, the lately used ones. Two maps instead of a list: what was not touched while the younger map filled up is dropped with the older.
 * As long as nothing was ever dropped and the table was empty at first, what is not here does not exist, and nothing needs to be loaded.
 */
export class RowCache {
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  #complete: boolean;

  /** `limit`: rows in the younger map. `empty`: the table is known to have no rows. */
  constructor(
    readonly limit: number,
    empty: boolean,
  ) {
    this.#complete = empty;
  }

  get(id: string): Entry | undefined {
    const entry = this.#young.get(id);
    if (entry !== undefined) return entry;
    const older = this.#old.get(id);
    if (older !== undefined) this.#young.set(id, older);
    return older;
  }

  add(id: string, key: Key): Entry {
    const entry: Entry = { id, key, row: null, known: this.#complete, stored: false, dirty: false, eventId: '' };
    this.#young.set(id, entry);
    return entry;
  }

  /** Between batches only: an entry of the running batch must not be dropped. */
  age(): void {
    if (this.#young.size < this.limit) return;
    if (this.#old.size > 0) this.#complete = false;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
