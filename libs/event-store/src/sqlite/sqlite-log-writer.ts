import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Position } from '#kernel';
import {
  type AppendEntry,
  type AppendResult,
  type Expected,
  StoreUnavailable,
  WrongExpectedRevision,
} from '../port.js';
import { explain, sqlite, sqliteCode } from './data-folder.js';
import type { End } from './end.js';
import { FlushQueue } from './flush-queue.js';
import { positionOf } from './stored-row.js';
import { failureOf, openWalFlush, type WalFlush } from './wal-flush.js';

type Entry = {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly {
    readonly id: string;
    readonly type: string;
    readonly version: number;
    readonly data: string;
    readonly metadata: string;
    readonly recordedMs: number | null;
  }[];
};

/** An entry as text, before it joins a group: what cannot be written as JSON fails its caller alone. */
export const serialise = ({ stream, expected, events }: AppendEntry): Entry => ({
  stream,
  expected,
  events: events.map(({ id, type, schemaVersion, data, metadata, recordedAt }) => ({
    id,
    type,
    version: schemaVersion,
    data: JSON.stringify(data),
    metadata: JSON.stringify(metadata),
    recordedMs: recordedAt === undefined ? null : Date.parse(recordedAt),
  })),
});

type Job = {
  readonly entries: readonly Entry[];
  readonly settle: (results: readonly (AppendResult | Error)[]) => void;
};

/** An entry reused an id that stands in the log elsewhere: the caller's mistake, not the group's. */
class DuplicateId extends Error {
  constructor(readonly entry: Entry) {
    super(`an event id of the append to ${entry.stream} stands in the log already`);
    this.name = 'DuplicateId';
  }
}

/** The writing half of the log: group commit in one transaction, acknowledged and shown to readers when the disk has it. */
export class SqliteLogWriter {
  private readonly queue = new FlushQueue<Job>((jobs) => this.flush(jobs));
  private readonly tail: StatementSync;
  private readonly stretch: StatementSync;
  private readonly insert: StatementSync;
  private seq: number;
  private lastMs: number;
  private broken: StoreUnavailable | null = null;

  constructor(
    private readonly db: DatabaseSync,
    private readonly path: string,
    private readonly end: End,
    private readonly onAppended: (position: Position) => void,
    private readonly now: () => number,
    private readonly onBroken: (error: StoreUnavailable) => void,
    private readonly wal: WalFlush = openWalFlush(db, path),
  ) {
    this.tail = db.prepare('select revision from events where stream = ? order by revision desc limit 1');
    this.stretch = db.prepare('select seq, id from events where stream = ? and revision > ? order by revision limit ?');
    this.insert = db.prepare(
      'insert into events (seq, id, stream, revision, type, schema_version, data, metadata, recorded_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    const last = db.prepare('select seq, recorded_at from events order by seq desc limit 1').get();
    this.seq = Number(last?.['seq'] ?? 0);
    this.lastMs = Number(last?.['recorded_at'] ?? 0);
    end.moveTo(this.seq);
  }

  append(entries: readonly Entry[]): Promise<readonly (AppendResult | Error)[]> {
    return new Promise((settle) => {
      this.queue.push({ entries, settle });
    });
  }

  /** Writes what waits, and takes nothing more. */
  async close(): Promise<void> {
    await this.queue.drain();
    this.wal.close();
  }

  private async flush(jobs: readonly Job[]): Promise<void> {
    const entries = jobs.flatMap((job) => job.entries);
    const before = this.seq;
    let results = this.broken === null ? this.commit(entries, new Set()) : entries.map(() => this.broken as Error);
    const wrote = this.seq > before;
    if (wrote) {
      const failure = await this.reachDisk();
      if (failure !== null) results = entries.map(() => failure);
    }
    let at = 0;
    for (const job of jobs) {
      job.settle(results.slice(at, at + job.entries.length));
      at += job.entries.length;
    }
    if (wrote && this.broken === null) this.onAppended(positionOf(this.seq));
  }

  /** Until then nobody is answered, and no reader sees what was written. */
  private async reachDisk(): Promise<StoreUnavailable | null> {
    const failure = await failureOf(this.wal, this.path);
    // Nobody knows what the disk holds: a restart reads the WAL anew, and writes it anew.
    if (failure !== null) this.breaks(failure);
    else this.end.moveTo(this.seq);
    return failure;
  }

  /** All entries in one transaction; those in `refused` carry an id that stands elsewhere in the log. */
  private commit(entries: readonly Entry[], refused: ReadonlySet<Entry>): readonly (AppendResult | Error)[] {
    const seq = this.seq;
    const { lastMs } = this;
    const recordedAt = Math.max(lastMs, this.now());
    try {
      this.db.exec('begin immediate');
      const results = entries.map((entry) =>
        refused.has(entry) ? new DuplicateId(entry) : this.write(entry, recordedAt),
      );
      this.db.exec('commit');
      return results;
    } catch (error) {
      this.seq = seq;
      this.lastMs = lastMs;
      this.rollback();
      if (error instanceof DuplicateId) return this.commit(entries, new Set([...refused, error.entry]));
      const unavailable = new StoreUnavailable(explain(this.path, error), { cause: error });
      // Nor does anybody where SQLite flushed by itself, as when the WAL begins anew.
      if (sqliteCode(error) === sqlite.io || sqliteCode(error) === sqlite.corrupt) this.breaks(unavailable);
      return entries.map(() => unavailable);
    }
  }

  /** Checks and writes one entry. Reads inside the transaction see the entries before it in the group. */
  private write(entry: Entry, recordedAt: number): AppendResult | Error {
    const expected = entry.expected === 'no_stream' ? -1 : entry.expected.revision;
    const actual = Number(this.tail.get(entry.stream)?.['revision'] ?? -1);
    if (actual !== expected) return this.standing(entry, expected, actual);
    let revision = expected;
    for (const event of entry.events) {
      const { id, type, version, data, metadata } = event;
      const time = event.recordedMs ?? recordedAt;
      revision += 1;
      this.seq += 1;
      try {
        this.insert.run(this.seq, id, entry.stream, revision, type, version, data, metadata, time);
      } catch (error) {
        throw sqliteCode(error) === sqlite.constraint ? new DuplicateId(entry) : error;
      }
      this.lastMs = Math.max(this.lastMs, time);
    }
    return { revision, position: positionOf(this.seq), deduplicated: false };
  }

  /** The same ids behind the same expectation are a retry: answered as at first. */
  private standing(entry: Entry, expected: number, actual: number): AppendResult | Error {
    const wrong = (): Error => wrongRevision(entry.stream, entry.expected, actual);
    if (actual < expected) return wrong();
    const there = this.stretch.all(entry.stream, expected, entry.events.length);
    const same =
      there.length === entry.events.length && entry.events.every((event, i) => there[i]?.['id'] === event.id);
    if (!same) return wrong();
    const position = positionOf(Number(there.at(-1)?.['seq']));
    return { revision: expected + there.length, position, deduplicated: true };
  }

  private rollback(): void {
    try {
      // SQLite rolls back by itself after some errors (full disk, I/O).
      if (this.db.isTransaction) this.db.exec('rollback');
    } catch (error) {
      this.breaks(new StoreUnavailable(explain(this.path, error), { cause: error }));
    }
  }

  /** Nothing is written any more; told once. */
  private breaks(error: StoreUnavailable): void {
    if (this.broken !== null) return;
    this.broken = error;
    this.onBroken(error);
  }
}

const wrongRevision = (stream: string, expected: Expected, actual: number): WrongExpectedRevision =>
  new WrongExpectedRevision(stream, expected, actual === -1 ? null : actual);
