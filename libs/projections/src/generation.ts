import { foldRow, type Projection, type Recorded } from '#kernel';
import { tableName, UnfitRow, type Key, type KeyedRow, type Row, type RowWrites, type Table } from '#read-store';
import { RowCache, type Entry } from './row-cache.js';

/** A fold, a key or a value failed in the same way as it will on every try. Names the event. */
export class FoldFailed extends Error {
  constructor(projection: string, readonly eventId: string, cause: unknown) {
    super(`${projection} cannot fold the event ${eventId}: ${messageOf(cause)}`, { cause });
    this.name = 'FoldFailed';
  }
}

export const messageOf = (error: unknown): string =>
  Error.isError(error) ? error.message : typeof error === 'string' ? error : JSON.stringify(error);

type FoldKey = Readonly<Record<string, string>>;

/** One generation's rows, folded in memory batch by batch: take the events, load what is missing, fold, write what changed. */
export class Generation {
  readonly table: Table;
  failure: FoldFailed | null = null;
  #cache: RowCache;
  readonly #keyNames: readonly string[];
  #events: Recorded[] = [];
  #keys: FoldKey[] = [];
  #entries: Entry[] = [];
  #missing: Entry[] = [];
  #dirty: Entry[] = [];

  constructor(
    readonly projection: Projection,
    readonly generation: number,
    readonly cacheRows: number,
    empty: boolean,
  ) {
    this.table = { name: tableName(projection.name, generation), spec: projection.table };
    this.#keyNames = projection.table.key;
    this.#cache = new RowCache(cacheRows, empty);
  }

  get name(): string {
    return this.projection.name;
  }

  /** Notes what the event touches. Never throws: the first failure is kept and ends the batch of this generation. */
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

  fail(eventId: string, error: unknown): void {
    this.failure ??= new FoldFailed(this.name, eventId, error);
  }

  /** Loads what the cache does not know, folds, and writes what changed. Throws FoldFailed, then kept as `failure`; anything else may pass when tried again. */
  async write(tx: RowWrites): Promise<void> {
    try {
      await this.#write(tx);
    } catch (error) {
      if (error instanceof FoldFailed) this.failure = error;
      throw error;
    }
  }

  async #write(tx: RowWrites): Promise<void> {
    if (this.failure !== null) throw this.failure;
    if (this.#entries.length === 0) return;
    if (this.#missing.length > 0) this.#fill(await tx.load(this.table, this.#missing.map((entry) => entry.key)));
    this.#fold();
    const upserts: KeyedRow[] = [];
    const changed: Entry[] = [];
    const removals: Key[] = [];
    for (const entry of this.#dirty) {
      if (entry.row !== null) {
        upserts.push({ key: entry.key, row: entry.row });
        changed.push(entry);
      } else if (entry.stored) removals.push(entry.key);
    }
    try {
      if (removals.length > 0) await tx.remove(this.table, removals);
      if (upserts.length > 0) await tx.upsert(this.table, upserts);
    } catch (error) {
      if (error instanceof UnfitRow) throw new FoldFailed(this.name, changed[error.row]?.eventId ?? 'unknown', error);
      throw error;
    }
  }

  /** The batch is committed. */
  settle(): void {
    for (const entry of this.#dirty) {
      entry.dirty = false;
      entry.stored = entry.row !== null;
    }
    this.#clear();
    this.#cache.age();
  }

  /** The batch was not committed: what is in memory is no longer what the table holds. */
  forget(): void {
    this.#clear();
    this.#cache = new RowCache(this.cacheRows, false);
  }

  #clear(): void {
    this.#events = [];
    this.#keys = [];
    this.#entries = [];
    this.#missing = [];
    this.#dirty = [];
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
      entry = this.#cache.add(id, id.split('\u0000'));
      if (!entry.known) this.#missing.push(entry);
    }
    return entry;
  }

  #fill(rows: readonly (Row | null)[]): void {
    for (let at = 0; at < this.#missing.length; at++) {
      const entry = this.#missing[at];
      if (entry === undefined) break;
      const row = rows[at] ?? null;
      entry.row = row;
      entry.known = true;
      entry.stored = row !== null;
    }
  }

  #fold(): void {
    const { projection } = this;
    for (let at = 0; at < this.#entries.length; at++) {
      const entry = this.#entries[at];
      const event = this.#events[at];
      const key = this.#keys[at];
      if (entry === undefined || event === undefined || key === undefined) break;
      let next: Row | null;
      try {
        next = foldRow(projection, entry.row, event, key);
      } catch (error) {
        throw new FoldFailed(this.name, event.id, error);
      }
      if (next === entry.row) continue;
      entry.row = next;
      entry.eventId = event.id;
      if (!entry.dirty) {
        entry.dirty = true;
        this.#dirty.push(entry);
      }
    }
  }
}
