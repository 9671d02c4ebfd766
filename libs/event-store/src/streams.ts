import { type Position, type Recorded } from '#kernel';
import type { Codec } from './codec.js';
import type { EventReader } from './port.js';
import { recordedOf } from './stream-fold.js';

export type ReadingOptions = {
  /** The first revision given; absent = the stream's first. */
  readonly from?: number;
  /** The last revision given; absent = the stream's end. */
  readonly until?: number;
  /** Facts of other types are passed over without being decoded. */
  readonly types?: ReadonlySet<string>;
  /** Types whose personal values come in clear (`null` after an erasure); all others stay sealed. */
  readonly opens?: readonly string[];
};

/** Streams as whoever looks back reads them: always current, one page in memory at a time, never a read model. */
export class Streams {
  constructor(
    private readonly store: Pick<EventReader, 'readStream'>,
    private readonly codec: Codec,
  ) {}

  /** The facts of a stream in their order. Throws CodeTooOld for what newer code wrote. */
  async *read(
    stream: string,
    { from = 0, until = Infinity, types, opens = [] }: ReadingOptions = {},
  ): AsyncGenerator<Recorded, void, undefined> {
    for await (const page of this.store.readStream(stream, { from })) {
      for (const stored of page) {
        if (stored.revision > until) return;
        if (types?.has(stored.type) === false) continue;
        yield await recordedOf(this.codec, stored, opens);
      }
    }
  }

  /** Where the stream ends now, `null` if nothing stands in it. */
  async end(stream: string): Promise<{ readonly revision: number; readonly position: Position } | null> {
    for await (const [last] of this.store.readStream(stream, { direction: 'backwards', limit: 1 })) {
      if (last !== undefined) return { revision: last.revision, position: last.position };
    }
    return null;
  }

  /** Any value as it may be shown: in clear, `null` if its key was destroyed. */
  openValue(value: unknown): Promise<unknown> {
    return this.codec.openValue(value);
  }
}
