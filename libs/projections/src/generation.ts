import { foldRow, type Projection, type Recorded } from '#kernel';
import type { StoredEvent } from '#event-store/port';
import { tableName, UnfitRow, type Key, type Row, type RowWrites, type Table } from '#read-store';
import { GroupCounts } from './group-counts.js';
import { idOf, sequenceOf, streamSequence, TooMuchParked, Parked, PARKING_LIMITS } from './parked.js';
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
const CACHE_CHARACTERS = 3_000_000;

type FoldKey = Readonly<Record<string, string>>;

/** By event: the sequences for which an operator discarded it. */
export type Discards = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * One generation's rows in memory: take events, fill in what is missing, fold – as often as one likes –, then write what changed.
 * A row that changes twenty times between two writes is written once; one that comes and goes between them, never.
 * Where it `parks`, an event that cannot be folded parks its keys, and only too much of that is a failure.
 */
export class Generation {
  readonly table: Table;
  /** Why it cannot go on; nothing of it is written then. */
  failure: FoldFailed | TooMuchParked | null = null;
  /** False: the first event that cannot be folded ends it. */
  parks = false;
  /** What is folded now was parked before: it is counted already. */
  again = false;
  readonly #cache: RowCache;
  readonly #keyNames: readonly string[];
  readonly #passing: ReadonlySet<string>;
  #cacheRows: number;
  /** Of the page that is being taken. */
  #events: Recorded[] = [];
  #keys: FoldKey[] = [];
  #entries: Entry[] = [];
  #missing: Entry[] = [];
  #broken = new Map<Recorded, Error>();
  /** Since the last write. */
  #dirty: Entry[] = [];
  #last: Recorded | null = null;

  constructor(
    readonly projection: Projection,
    readonly generation: number,
    readonly cacheRows: number,
    empty: boolean,
    readonly parked: Parked = new Parked({ projection: projection.name, generation }, PARKING_LIMITS, []),
    public discards: Discards = new Map(),
  ) {
    this.table = { name: tableName(projection.name, generation), spec: projection.table };
    this.#keyNames = projection.table.key;
    this.#passing = new Set(projection.passesParking);
    this.#cacheRows = cacheRows;
    this.#cache = new RowCache(empty);
  }

  get name(): string {
    return this.projection.name;
  }

  /** Rows that the next write has to deal with. */
  get dirty(): number {
    return this.#dirty.length + this.parked.pending;
  }

  /** Notes what the event touches, or of it only one key (`idOf`). Never throws. */
  take(event: Recorded, only: string | null = null): void {
    if (this.failure !== null) return;
    const before = this.#entries.length;
    try {
      for (const key of this.projection.keysOf(event)) {
        const id = this.#idOf(event.tenant, key);
        if (only !== null && id !== only) continue;
        const entry = this.#entry(id, event.tenant, key);
        if (this.#isDiscarded(event, entry)) continue;
        this.#events.push(event);
        this.#keys.push(key);
        this.#entries.push(entry);
      }
    } catch (error) {
      this.#untake(before);
      this.refuse(event, error);
    }
  }

  /** Takes an event whose personal values cannot be opened: its keys are known, its rows are not. */
  takeBroken(event: Recorded, error: Error, only: string | null = null): void {
    this.#broken.set(event, error);
    this.take(event, only);
  }

  /** The keys that an event names, the tenant first. Throws where it names none that is one. */
  keysOf(event: Recorded): readonly Key[] {
    return this.projection.keysOf(event).map((key) => {
      this.#idOf(event.tenant, key);
      return this.#keyOf(event.tenant, key);
    });
  }

  /** Takes an event of which not even the keys can be told: its stream is parked. */
  refuse(event: Pick<StoredEvent, 'id' | 'position' | 'stream' | 'revision'>, error: unknown): void {
    if (this.discards.get(event.id)?.has(streamSequence(event.stream)) === true) return;
    if (!this.parks) {
      this.fail(event.id, error);
      return;
    }
    this.parked.heard();
    this.parked.holdStream(event, reasonOf(error));
    if (!this.again) this.parked.failed(event.id, reasonOf(error));
  }

  /** Keeps the first failure and gives it back. */
  fail(eventId: string, error: unknown): Error {
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
    let before: Row | null = null;
    for (let at = 0; at < this.#entries.length && this.failure === null; at++) {
      const entry = this.#entries[at];
      const event = this.#events[at];
      const key = this.#keys[at];
      if (entry === undefined || event === undefined || key === undefined) break;
      const isNext = event !== this.#events[at - 1];
      if (isNext) this.parked.heard();
      if (this.#mustWait(entry, event)) continue;
      // An event counts for a key as a whole, even if it names it twice.
      if (isNext || entry !== this.#entries[at - 1]) before = entry.row;
      let next: Row | null;
      try {
        const broken = this.#broken.size === 0 ? undefined : this.#broken.get(event);
        if (broken !== undefined) throw broken;
        next = foldRow(projection, entry.row, event, key);
        if (next === entry.row) continue;
        entry.row = next;
      } catch (error) {
        entry.row = before;
        this.#park(entry, event, error);
        continue;
      }
      this.#last = event;
      entry.eventId = event.id;
      entry.once = next !== null && !entry.stored && !entry.dirty;
      if (!entry.dirty) {
        entry.dirty = true;
        entry.base = before;
        this.#dirty.push(entry);
      }
    }
    this.#untake();
    this.#broken.clear();
    this.#limit();
  }

  /**
   * Writes what changed. `careful`: one event was folded since the last write, and the rows are written one by one; one that does not fit its
   * table is parked. Otherwise throws UnfitRow for it, or FoldFailed where nothing is parked. Throws `failure`; anything else may pass when tried again.
   */
  async write(tx: RowWrites, now: string, careful: boolean): Promise<void> {
    if (this.failure !== null) throw this.failure;
    const changed: Entry[] = [];
    const removals: Key[] = [];
    if (this.#dirty.length > SORT_FROM) this.#dirty.sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const entry of this.#dirty) {
      if (entry.row !== null) {
        if (!entry.stored) this.#cache.writing(entry.id);
        changed.push(entry);
      } else if (entry.stored) removals.push(entry.key);
    }
    if (removals.length > 0) await tx.remove(this.table, removals);
    if (careful) for (const entry of changed) await this.#writeOne(tx, entry);
    else if (changed.length > 0) await this.#writeAll(tx, changed);
    await this.#count(tx);
    await this.parked.write(tx, now);
  }

  /** What was written is committed. In `bulk` rows that only one event made are not kept: most are never changed again (a message, a line). */
  settle(bulk: boolean): void {
    for (const entry of this.#dirty) {
      if (entry.row === null || (bulk && entry.once)) {
        this.#cache.drop(entry.id);
        continue;
      }
      entry.dirty = false;
      entry.base = null;
      entry.stored = true;
    }
    this.#dirty = [];
    this.parked.settle();
    this.#cache.age(this.#cacheRows);
  }

  /** What is in memory is no longer what the table will hold. */
  forget(): void {
    this.#untake();
    this.#broken.clear();
    this.#missing = [];
    this.#dirty = [];
    this.#cache.clear();
    this.parked.forget();
  }

  /** The key waits no more; its row is read anew. */
  release(key: Key): void {
    this.parked.release('key', key);
    this.#cache.drop(idOf(key));
  }

  async #count(tx: RowWrites): Promise<void> {
    if (this.projection.counts === null) return;
    const counts = new GroupCounts(this.projection, this.generation);
    for (const { key, base, row } of this.#dirty) counts.change(key[0] ?? '', base, row);
    await counts.write(tx);
  }

  async #writeAll(tx: RowWrites, changed: readonly Entry[]): Promise<void> {
    const upserts = changed.map(({ key, row, stored }) => ({ key, row: row ?? {}, fresh: !stored }));
    try {
      const characters = await tx.upsert(this.table, upserts);
      this.#cacheRows = Math.min(
        this.cacheRows,
        Math.ceil(CACHE_CHARACTERS / Math.max(1, characters / upserts.length)),
      );
    } catch (error) {
      if (!(error instanceof UnfitRow) || this.parks) throw error;
      throw this.fail(changed[error.row]?.eventId ?? 'unknown', error);
    }
  }

  async #writeOne(tx: RowWrites, entry: Entry): Promise<void> {
    try {
      await tx.savepoint(() => tx.upsert(this.table, [{ key: entry.key, row: entry.row ?? {} }]));
    } catch (error) {
      if (!(error instanceof UnfitRow) || this.#last === null) throw error;
      this.#dirty = this.#dirty.filter((other) => other !== entry);
      this.#cache.drop(entry.id);
      this.#park(entry, this.#last, error);
      this.#limit();
      if (this.failure !== null) throw this.failure;
    }
  }

  /** Whether the event has to be parked behind others of its key or its stream, and may not be folded before them. */
  #mustWait(entry: Entry, event: Recorded): boolean {
    const waits = this.parked.waitsFor(event);
    if (!entry.parked && waits === null) return false;
    this.parked.holdKey(entry.key, event, waits);
    entry.parked = true;
    return !this.#passing.has(event.type);
  }

  #park(entry: Entry, event: Recorded, error: unknown): void {
    if (!this.parks) {
      this.fail(event.id, error);
      return;
    }
    this.parked.holdKey(entry.key, event, reasonOf(error));
    if (!this.again) this.parked.failed(event.id, reasonOf(error));
    entry.parked = true;
  }

  #limit(): void {
    const excess = this.again || this.parked.pending === 0 ? null : this.parked.excess;
    if (excess !== null) this.failure ??= new TooMuchParked(this.name, excess);
  }

  #isDiscarded(event: Recorded, entry: Entry): boolean {
    const sequences = this.discards.size === 0 ? undefined : this.discards.get(event.id);
    return (
      sequences !== undefined &&
      (sequences.has(sequenceOf('key', entry.key)) || sequences.has(streamSequence(event.stream)))
    );
  }

  #untake(length = 0): void {
    this.#events.length = length;
    this.#keys.length = length;
    this.#entries.length = length;
  }

  #idOf(tenant: string, key: FoldKey): string {
    let id = tenant;
    for (const name of this.#keyNames) {
      const part = key[name];
      if (typeof part !== 'string') throw new TypeError(`its key has no text for ${name}`);
      id += '\u0000' + part;
    }
    return id;
  }

  #keyOf(tenant: string, key: FoldKey): Key {
    return [tenant, ...this.#keyNames.map((name) => key[name] ?? '')];
  }

  #entry(id: string, tenant: string, key: FoldKey): Entry {
    let entry = this.#cache.get(id);
    if (entry === undefined) {
      entry = this.#cache.add(id, this.#keyOf(tenant, key));
      entry.parked = this.parked.hasKey(id);
      if (!entry.known) this.#missing.push(entry);
    }
    return entry;
  }
}

/** What may be stored and shown: a parser's message quotes what it read. */
export const reasonOf = (error: unknown): string =>
  error instanceof SyntaxError ? 'it is not JSON' : messageOf(error);
