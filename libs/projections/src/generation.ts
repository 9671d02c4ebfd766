import { foldRow, type Projection, type Recorded } from '#kernel';
import { tableName, UnfitRow, type Key, type KeyedRow, type Row, type RowWrites, type Table } from '#read-store';
import { RowCache, type Entry } from './row-cache.js';

/** A fold, a key or a value failed in the same way as it will on every try. Names the event. */
export class FoldFailed extends Error {
  constructor(
    projection: string,
    readonly eventId: string,
    cause: unknown,
  ) {
    super(`${projection} cannot fold the event ${eventId}: ${messageOf(cause)}`, { cause });
    this.name = 'FoldFailed';
  }
}

export const messageOf = (error: unknown): string =>
  Error.isError(error) ? error.message : typeof error === 'string' ? error : JSON.stringify(error);

/** In the order of the keys a big flush meets each page of a table once. */
const SORT_FROM = 500;
/** Characters of rows in the younger half of a cache. */
const CACHE_CHARACTERS = 6_000_000;

type FoldKey = Readonly<Record<string, string>>;

/**
 * One generation's rows in memory: take events, fill in what is missing, fold – as often as one likes –, then write what changed.
 * A row that changes twenty times between two writes is written once; one that comes and goes between them, never.
 */
export class Generation {
  readonly table: Table;
  /** Why it cannot go on; nothing of it is written then. */
  failure: FoldFailed | null = null;
  readonly #cache: RowCache;
  readonly #keyNames: readonly string[];
  #cacheRows: number;
  /** Of the page that is being taken. */
  #events: Recorded[] = [];
  #keys: FoldKey[] = [];
  #entries: Entry[] = [];
  #missing: Entry[] = [];
  /** Since the last write. */
  #dirty: Entry[] = [];

  constructor(
    readonly projection: Projection,
    readonly generation: number,
    readonly cacheRows: number,
    empty: boolean,
  ) {
    this.table = { name: tableName(projection.name, generation), spec: projection.table };
    this.#keyNames = projection.table.key;
    this.#cacheRows = cacheRows;
    this.#cache = new RowCache(empty);
  }

  get name(): string {
    return this.projection.name;
  }

  /** Rows that the next write has to deal with. */
  get dirty(): number {
    return this.#dirty.length;
  }

  /** Notes what the event touches. Never throws: the first failure is kept and ends this generation. */
  take(event: Recorded): void {
    if (this.failure !== null) return;
    try {
      for (const key of this.projection.keysOf(event)) {
        const entry = this.#entry(event.tenant, key);
        this.#events.push(event);
        this.#keys.push(key);
        this.#entries.push(entry);
      }
    } catch (error) {
      this.fail(event.id, error);
    }
  }

  /** Keeps the first failure and gives it back. */
  fail(eventId: string, error: unknown): FoldFailed {
    this.failure ??= error instanceof FoldFailed ? error : new FoldFailed(this.name, eventId, error);
    return this.failure;
  }

  /** Keys of the rows that the events taken need and that are not in memory. */
  get missing(): readonly Key[] {
    return this.#missing.map((entry) => entry.key);
  }

  /** The rows of `missing`, in its order. */
  fill(rows: readonly (Row | null)[]): void {
    this.#missing.forEach((entry, at) => {
      const row = rows[at] ?? null;
      entry.row = row;
      entry.known = true;
      entry.stored = row !== null;
    });
    this.#missing = [];
  }

  /** Folds what was taken. Never throws: see `failure`. */
  fold(): void {
    const { projection } = this;
    for (let at = 0; at < this.#entries.length && this.failure === null; at++) {
      const entry = this.#entries[at];
      const event = this.#events[at];
      const key = this.#keys[at];
      if (entry === undefined || event === undefined || key === undefined) break;
      let next: Row | null;
      try {
        next = foldRow(projection, entry.row, event, key);
        if (next === entry.row) continue;
        entry.row = next;
      } catch (error) {
        this.fail(event.id, error);
        break;
      }
      entry.eventId = event.id;
      entry.once = next !== null && !entry.stored && !entry.dirty;
      if (!entry.dirty) {
        entry.dirty = true;
        this.#dirty.push(entry);
      }
    }
    this.#untake();
  }

  /** Writes what changed. Throws FoldFailed where a row does not fit its table, then kept as `failure`; anything else may pass when tried again. */
  async write(tx: RowWrites): Promise<void> {
    if (this.failure !== null) throw this.failure;
    const upserts: KeyedRow[] = [];
    const changed: Entry[] = [];
    const removals: Key[] = [];
    if (this.#dirty.length > SORT_FROM) this.#dirty.sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const entry of this.#dirty) {
      if (entry.row !== null) {
        if (!entry.stored) this.#cache.writing(entry.id);
        upserts.push({ key: entry.key, row: entry.row, fresh: !entry.stored });
        changed.push(entry);
      } else if (entry.stored) removals.push(entry.key);
    }
    try {
      if (removals.length > 0) await tx.remove(this.table, removals);
      if (upserts.length === 0) return;
      const characters = await tx.upsert(this.table, upserts);
      this.#cacheRows = Math.min(
        this.cacheRows,
        Math.ceil(CACHE_CHARACTERS / Math.max(1, characters / upserts.length)),
      );
    } catch (error) {
      if (!(error instanceof UnfitRow)) throw error;
      throw this.fail(changed[error.row]?.eventId ?? 'unknown', error);
    }
  }

  /** What was written is committed. In `bulk` rows that only one event made are not kept: most are never changed again (a message, a line). */
  settle(bulk: boolean): void {
    for (const entry of this.#dirty) {
      if (entry.row === null || (bulk && entry.once)) {
        this.#cache.drop(entry.id);
        continue;
      }
      entry.dirty = false;
      entry.stored = true;
    }
    this.#dirty = [];
    this.#cache.age(this.#cacheRows);
  }

  /** What is in memory is no longer what the table will hold. */
  forget(): void {
    this.#untake();
    this.#missing = [];
    this.#dirty = [];
    this.#cache.clear();
  }

  #untake(): void {
    this.#events = [];
    this.#keys = [];
    this.#entries = [];
  }

  #entry(tenant: string, key: FoldKey): Entry {
    let id = tenant;
    for (const name of this.#keyNames) {
      const part = key[name];
      if (typeof part !== 'string') throw new TypeError(`its key has no text for ${name}`);
      id += '\u0000' + part;
    }
    let entry = this.#cache.get(id);
    if (entry === undefined) {
      entry = this.#cache.add(id, [tenant, ...this.#keyNames.map((name) => key[name] ?? '')]);
      if (!entry.known) this.#missing.push(entry);
    }
    return entry;
  }
}
