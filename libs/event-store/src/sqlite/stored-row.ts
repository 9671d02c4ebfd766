import type { EventMetadata, Position } from '#kernel';
import type { StoredEvent } from '../port.js';

const lean = 'seq, id, stream, revision, type, schema_version, data, recorded_at';
export const columns = { lean, full: `${lean}, metadata` };

/** A row with `returnArrays`, in the order of `columns`. */
export type Row = readonly [number, string, string, number, string, number, string, number, string?];

/** The log's order as text: 16 digits, so that string order is log order up to 2^53. */
export const positionOf = (seq: number): Position => String(seq).padStart(16, '0') as Position;

/** Text that is not JSON comes back as a string, as EventStoreDB's client gives it: the codec says that it is malformed. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

let lastMs = Number.NaN;
let lastText = '';
/** One flush writes many rows with one time. */
const timeText = (ms: number): string => {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
};

/**
 * A row as an event. What costs something is computed when asked for: a rebuild skips most types and hardly ever reads
 * metadata, whose parsing costs more than reading the row. The getters stand on the prototype: a spread loses them.
 */
export class StoredRow implements StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly stream: string;
  readonly revision: number;
  readonly seq: number;
  private readonly dataText: string;
  private readonly metadataText: string | undefined;
  private readonly recordedMs: number;
  private parsedData: unknown = undefined;
  private parsedMetadata: unknown = undefined;

  constructor(
    row: Row,
    private readonly fetchMetadata: (seq: number) => string,
  ) {
    this.seq = row[0];
    this.id = row[1];
    this.stream = row[2];
    this.revision = row[3];
    this.type = row[4];
    this.schemaVersion = row[5];
    this.dataText = row[6];
    this.recordedMs = row[7];
    this.metadataText = row[8];
  }

  get position(): Position {
    return positionOf(this.seq);
  }

  get size(): number {
    return this.dataText.length;
  }

  get recordedAt(): string {
    return timeText(this.recordedMs);
  }

  get data(): Readonly<Record<string, unknown>> {
    return (this.parsedData ??= parse(this.dataText)) as Readonly<Record<string, unknown>>;
  }

  get metadata(): EventMetadata {
    return (this.parsedMetadata ??= parse(this.metadataText ?? this.fetchMetadata(this.seq))) as EventMetadata;
  }
}
