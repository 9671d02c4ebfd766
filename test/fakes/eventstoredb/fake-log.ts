/** An event as the fake's log holds it. */
export type FakeRecord = {
  /** Commit equals prepare: a byte offset. */
  readonly position: bigint;
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  /** Milliseconds since 1970. */
  readonly created: number;
};

export type Proposed = Pick<FakeRecord, 'id' | 'type' | 'isJson' | 'data' | 'metadata'>;
export type FakeExpected = 'any' | 'no_stream' | 'stream_exists' | number;

export type FakeOutcome =
  | { readonly kind: 'success'; readonly revision: number; readonly position: bigint }
  | { readonly kind: 'wrong-version'; readonly current: number | null }
  | { readonly kind: 'stream-deleted' }
  | { readonly kind: 'too-large'; readonly limit: number };

type FakeStream = {
  readonly records: FakeRecord[];
  /** Revisions below are not read any more (a soft delete). */
  visibleFrom: number;
  tombstoned: boolean;
};

const maxAppendBytes = 1024 * 1024;
const recordOverhead = 129;

/** The log of a server, with the rules of EventStoreDB 23.10 (IndexWriter.CheckCommit; what we saw of a real one). */
export class FakeLog {
  readonly records: FakeRecord[] = [];
  private readonly streams = new Map<string, FakeStream>();
  private readonly listeners = new Set<() => void>();
  private end = 0n;

  /** A server is never empty: it writes of itself before anybody else does. */
  constructor(readonly now: () => number = Date.now) {
    for (const [stream, type] of [
      ['$users', '$UserCreated'],
      ['$$$scavenges', '$metadata'],
      ['$stats-0.0.0.0:2113', '$statsCollected'],
      ['order-1', 'OrderPlaced'],
    ] as const) {
      this.write(stream, [textEvent(type, '{"of":"another application"}', '')]);
    }
  }

  append(stream: string, expected: FakeExpected, events: readonly Proposed[]): FakeOutcome {
    const bytes = events.reduce((sum, e) => sum + e.data.length + e.metadata.length + 2 * e.type.length, 0);
    if (bytes > maxAppendBytes) return { kind: 'too-large', limit: maxAppendBytes };
    const known = this.streams.get(stream);
    if (known?.tombstoned === true) return { kind: 'stream-deleted' };
    const records = known?.records ?? [];
    const current = records.length - 1;
    const wrong: FakeOutcome = { kind: 'wrong-version', current: current === -1 ? null : current };
    if (expected === 'stream_exists' && current === -1) return wrong;
    const at = expected === 'no_stream' ? -1 : typeof expected === 'number' ? expected : current;
    if (at > current) return wrong;
    if (at < current) {
      const first = events.findIndex((event, i) => records[at + 1 + i]?.id !== event.id);
      const last = records[at + events.length];
      // All of it stands there already: the answer is that of the first time, whatever the body says now.
      if (first === -1 && events.length > 0 && last !== undefined) {
        return { kind: 'success', revision: last.revision, position: last.position };
      }
      const deleted = known !== undefined && known.visibleFrom > current;
      if (!(expected === 'no_stream' && deleted && first === 0)) return wrong;
    }
    return this.write(stream, events);
  }

  /** Any client may write what it likes. Answers the position. */
  foreign(stream: string, type: string, data: string, metadata = ''): bigint {
    const written = this.write(stream, [textEvent(type, data, metadata)]);
    return written.kind === 'success' ? written.position : 0n;
  }

  delete(stream: string): void {
    const known = this.streams.get(stream);
    if (known !== undefined) known.visibleFrom = known.records.length;
    this.write(`$$${stream}`, [textEvent('$metadata', '{"$tb":9223372036854775807}', '')]);
  }

  tombstone(stream: string): void {
    const known = this.streams.get(stream) ?? { records: [], visibleFrom: 0, tombstoned: true };
    known.tombstoned = true;
    this.streams.set(stream, known);
    this.end += BigInt(recordOverhead);
  }

  /** What can be read of a stream; `null` if there is none, or none any more. */
  read(stream: string): readonly FakeRecord[] | 'tombstoned' | null {
    const known = this.streams.get(stream);
    if (known === undefined) return null;
    if (known.tombstoned) return 'tombstoned';
    return known.visibleFrom >= known.records.length ? null : known.records.slice(known.visibleFrom);
  }

  /** The index of the first record after a position (`inclusive`: at or after); -1 if no record begins there. */
  indexOf(position: bigint, inclusive: boolean): number {
    let [low, high] = [0, this.records.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.records[middle]!.position < position) low = middle + 1;
      else high = middle;
    }
    if (low === this.records.length) return low;
    if (this.records[low]!.position !== position) return -1;
    return inclusive ? low : low + 1;
  }

  onWritten(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private write(stream: string, events: readonly Proposed[]): FakeOutcome {
    const known = this.streams.get(stream) ?? { records: [], visibleFrom: 0, tombstoned: false };
    this.streams.set(stream, known);
    const created = this.now();
    let position = this.end;
    for (const event of events) {
      position = this.end;
      const record = { ...event, stream, revision: known.records.length, position, created };
      known.records.push(record);
      this.records.push(record);
      this.end += BigInt(recordOverhead + stream.length + event.data.length + event.metadata.length);
    }
    // An append of nothing succeeds and costs space.
    if (events.length === 0) this.end += BigInt(recordOverhead);
    for (const listener of this.listeners) listener();
    return { kind: 'success', revision: known.records.length - 1, position };
  }
}

const text = new TextEncoder();
const textEvent = (type: string, data: string, metadata: string): Proposed => ({
  id: crypto.randomUUID(),
  type,
  isJson: true,
  data: text.encode(data),
  metadata: text.encode(metadata),
});
