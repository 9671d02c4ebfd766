import type { Key, Row } from '#read-store';
import { KeyFilter } from './key-filter.js';

/** One row in memory. `stored`: the table holds one. `known` is false until the table was asked. */
export type Entry = {
  readonly id: string;
  readonly key: Key;
  row: Row | null;
  known: boolean;
  stored: boolean;
  dirty: boolean;
  /** Its events wait: one of them could not be folded. */
  parked: boolean;
  /** The row that the table holds, while this one is dirty. */
  base: Row | null;
  /** Made by one event, and not changed since. */
  once: boolean;
  /** The last event that changed the row since it was written: named where the row cannot be written. */
  eventId: string;
};

/**
 * Rows of one generation, the lately used ones. Two maps instead of a list: what was not touched while the younger map filled up is dropped with the older.
 * If the table was empty at first, a filter tells which rows cannot exist, and nothing needs to be loaded for those.
 */
export class RowCache {
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  readonly #filter: KeyFilter | null;

  /** `empty`: the table is known to have no rows. */
  constructor(empty: boolean) {
    this.#filter = empty ? new KeyFilter() : null;
  }

  get(id: string): Entry | undefined {
    const entry = this.#young.get(id);
    if (entry !== undefined) return entry;
    const older = this.#old.get(id);
    if (older !== undefined) this.#young.set(id, older);
    return older;
  }

  add(id: string, key: Key): Entry {
    const known = this.#filter !== null && !this.#filter.mayHave(id);
    const entry: Entry = {
      id,
      key,
      row: null,
      known,
      stored: false,
      dirty: false,
      parked: false,
      base: null,
      once: false,
      eventId: '',
    };
    this.#young.set(id, entry);
    return entry;
  }

  /** A row of this key is about to be written for the first time. Comes before the write: should that be undone, a key too many is remembered. */
  writing(id: string): void {
    this.#filter?.add(id);
  }

  drop(id: string): void {
    this.#young.delete(id);
    this.#old.delete(id);
  }

  /** Drops what was not touched lately, beyond `limit` rows in the younger map. Only when nothing is dirty. */
  age(limit: number): void {
    if (this.#young.size < limit) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** Forgets the rows, not which of them may exist. */
  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}
