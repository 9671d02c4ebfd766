import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import type { Position } from '#kernel';
import { problem, type Consistency } from '#platform';
import type { ReadModels } from '#read-store';
import { coveredContacts, type FeedTables } from './filter-feed.adapter.js';

/** Each holds a snapshot of the read store open while its reader reads. */
const AT_ONCE = 2;
/** Whoever reads slower than a buffer in this time is cut, and nobody reads for longer than the whole. */
const STALLED_MS = 10_000;
const WHOLE_MS = 300_000;

/** All lines of a tenant, of one moment, in bounded memory. */
export class FilterSnapshot {
  #running = 0;

  constructor(
    private readonly models: ReadModels<FeedTables>,
    private readonly closing: AbortSignal,
  ) {}

  /**
   * The lines as NDJSON; the last one is `{token}`, `tokenOf` of what the lines have seen. Resolves when there is something to read; what
   * fails before is thrown (NotYetVisible, Rebuilding, Problem 503 `busy`), what fails later cuts the stream: without its last line it is not whole.
   */
  async read(
    tenant: string,
    { after, waitMs }: Consistency,
    tokenOf: (position: Position | null) => string,
  ): Promise<Readable> {
    if (this.#running >= AT_ONCE) throw problem('busy', 'Other snapshots are being read: try again');
    const out = new PassThrough();
    const signal = AbortSignal.any([this.closing, AbortSignal.timeout(WHOLE_MS)]);
    const write = async (text: string): Promise<void> => {
      signal.throwIfAborted();
      if (out.destroyed) throw new Error('the reader went away');
      if (out.write(text)) return;
      await once(out, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(STALLED_MS)]) });
    };
    this.#running++;
    return new Promise((resolve, reject) => {
      this.models
        .query(
          async (db) => {
            let last = '';
            for (;;) {
              const page = await coveredContacts(db, tenant, { after: last });
              resolve(out);
              const lines = [...page.values()].flat().filter(({ addresses }) => addresses.length > 0);
              if (lines.length > 0) await write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
              last = [...page.keys()].at(-1) ?? '';
              if (last === '') return;
            }
          },
          { after, waitMs },
        )
        .then(
          ({ at }) => out.end(`${JSON.stringify({ token: tokenOf(at) })}\n`),
          (error: unknown) => {
            reject(error instanceof Error ? error : new Error('the snapshot failed'));
            out.destroy();
          },
        )
        .finally(() => this.#running--);
    });
  }
}
