import type { Position } from '#kernel';
import type { Head } from '../port.js';
import { headOf, type LogReads } from './log-reads.js';

/** Foreign events that are passed over in one read, backwards from the end. */
const pageSize = 1_000;

/**
 * The last fact of ours. The server's own head may be anybody's event: nothing of ours would ever reach it, so that whoever waits
 * for it, or measures how far behind it is, would wait for ever.
 */
export class LastFact {
  private fact: Head | null = null;
  /** The place up to which it was looked for. */
  private looked: Position | null = null;

  constructor(private readonly reads: LogReads) {}

  /** As it stands now, `null` if there is none. Looks only at what was written since it was asked before. */
  async find(): Promise<Head | null> {
    const { looked } = this;
    const [end] = await this.reads.backwards(null, 1);
    if (end === undefined) return null;
    const until = headOf(end).position;
    const found = this.reads.isOurs(end)
      ? headOf(end)
      : looked === null
        ? await this.before(until)
        : await this.between(looked, until);
    if (found !== null && (this.fact === null || found.position > this.fact.position)) this.fact = found;
    if (this.looked === null || until > this.looked) this.looked = until;
    return this.fact;
  }

  private async before(position: Position): Promise<Head | null> {
    for (let place = position; ;) {
      const page = await this.reads.backwards(place, pageSize);
      const found = page.find((event) => this.reads.isOurs(event));
      if (found !== undefined) return headOf(found);
      const first = page.at(-1);
      if (first === undefined) return null;
      place = headOf(first).position;
    }
  }

  /** The server passes over what is not ours. */
  private async between(after: Position, until: Position): Promise<Head | null> {
    let found: Head | null = null;
    for await (const page of this.reads.readAll({ after, until })) {
      const last = page.at(-1);
      if (last !== undefined) found = { position: last.position, id: last.id, recordedAt: last.recordedAt };
    }
    return found;
  }
}
