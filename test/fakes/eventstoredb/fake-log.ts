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
  /** Without a position where it repeats what cannot be read any more. */
  | { readonly kind: 'success'; readonly revision: number; readonly position: bigint | null }
  | { readonly kind: 'wrong-version'; readonly current: number | null }
  | { readonly kind: 'stream-deleted' }
  | { readonly kind: 'too-large'; readonly limit: number };

type FakeStream = {
  readonly records: FakeRecord[];
  /** Revisions below are not read any more: `$tb` of its metadata. Infinite behind a delete, until the stream is continued. */
  visibleFrom: number;
  tombstoned: boolean;
};

const maxAppendBytes = 1024 * 1024;
const recordOverhead = 129;
/** The server's largest revision: `$tb` of a deleted stream, and how a tombstone, of its own type, is told to readers. */
export const lastRevision = 9223372036854775807n;
export const tombstoneType = '$streamDeleted';

/** The log of a server, with the rules of EventStoreDB 23.10 (IndexWriter.CheckCommit; what we saw of a real one). */
export class FakeLog {
  readonly records: FakeRecord[] = [];
  private readonly streams = new Map<string, FakeStream>();
  private readonly scavenged = new Set<bigint>();
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
    // The server counts the data alone (Event.SizeOnDisk).
    const bytes = events.reduce((sum, { data }) => sum + data.length, 0);
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
        const readable = at + events.length >= known!.visibleFrom;
        return { kind: 'success', revision: at + events.length, position: readable ? last.position : null };
      }
      const deleted = known?.visibleFrom === Infinity;
      if (!(expected === 'no_stream' && deleted && first === 0)) return wrong;
    }
    if (known?.visibleFrom === Infinity) this.truncate(stream, BigInt(records.length));
    return this.write(stream, events);
  }

  /** Any client may write what it likes. Answers the position. */
  foreign(stream: string, type: string, data: string, metadata = ''): bigint {
    return this.write(stream, [textEvent(type, data, metadata)]).position;
  }

  /** What was in it stays in the log. Answers the position, `null` if there is no such stream. */
  delete(stream: string): bigint | null {
    return this.streams.has(stream) ? this.truncate(stream, lastRevision) : null;
  }

  tombstone(stream: string): bigint {
    const written = this.write(stream, [textEvent(tombstoneType, '', '')]);
    this.streamOf(stream).tombstoned = true;
    return written.position;
  }

  /** What can be read of a stream; `null` if there is none, or none any more. */
  read(stream: string): readonly FakeRecord[] | 'tombstoned' | null {
    const known = this.streams.get(stream);
    if (known === undefined) return null;
    if (known.tombstoned) return 'tombstoned';
    return known.records.length === 0 || known.visibleFrom === Infinity
      ? null
      : known.records.slice(Math.min(known.visibleFrom, known.records.length));
  }

  /** Takes out what cannot be read any more, but for the last of a stream. Answers where a place among the records is now. */
  scavenge(): (place: number) => number {
    const isGone = ({ stream, revision, type }: FakeRecord): boolean => {
      const { records, visibleFrom, tombstoned } = this.streamOf(stream);
      return tombstoned ? type !== tombstoneType : revision < Math.min(visibleFrom, records.length - 1);
    };
    const gone = this.records.flatMap((record, place) => (isGone(record) ? [place] : []));
    for (const place of gone.toReversed()) this.scavenged.add(this.records.splice(place, 1)[0]!.position);
    return (place) => place - gone.filter((each) => each < place).length;
  }

  /**
   * The index of the first record after a position (`inclusive`: at or after); -1 if no record ever began there. Where one was
   * scavenged, the server takes the next for it.
   */
  indexOf(position: bigint, inclusive: boolean): number {
    let [low, high] = [0, this.records.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.records[middle]!.position < position) low = middle + 1;
      else high = middle;
    }
    if (low === this.records.length) return low;
    if (this.records[low]!.position !== position && !this.scavenged.has(position)) return -1;
    return inclusive ? low : low + 1;
  }

  onWritten(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private streamOf(stream: string): FakeStream {
    const known = this.streams.get(stream) ?? { records: [], visibleFrom: 0, tombstoned: false };
    this.streams.set(stream, known);
    return known;
  }

  private truncate(stream: string, before: bigint): bigint {
    return this.write(`$$${stream}`, [textEvent('$metadata', `{"$tb":${String(before)}}`, '')]).position;
  }

  /** Metadata of a stream are a stream themselves. */
  private heed(stream: string, { type, data }: Proposed): void {
    const before = /"\$tb":\s*(\d+)/.exec(Buffer.from(data).toString('utf8'))?.[1];
    if (type !== '$metadata' || !stream.startsWith('$$') || before === undefined) return;
    this.streamOf(stream.slice(2)).visibleFrom = BigInt(before) === lastRevision ? Infinity : Number(before);
  }

  private write(
    stream: string,
    events: readonly Proposed[],
  ): { readonly kind: 'success'; readonly revision: number; readonly position: bigint } {
    const known = this.streamOf(stream);
    const created = this.now();
    let position = this.end;
    for (const event of events) {
      position = this.end;
      const record = { ...event, stream, revision: known.records.length, position, created };
      known.records.push(record);
      this.records.push(record);
      this.heed(stream, event);
      this.end += BigInt(recordOverhead + stream.length + event.data.length + event.metadata.length);
    }
    // An append of nothing succeeds and costs space; of a stream that is not there it says revision 0.
    if (events.length === 0) this.end += BigInt(recordOverhead);
    for (const listener of this.listeners) listener();
    return { kind: 'success', revision: Math.max(0, known.records.length - 1), position };
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
