import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { FakeLog, FakeRecord } from './fake-log.js';
import { caughtUpMessage, checkpointMessage, confirmationMessage, eventMessage } from './messages.js';
import { errors, type Misbehaviour } from './misbehaviour.js';

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>;

export const matcherOf = (filter: ReadReq.Options.FilterOptions | undefined): ((record: FakeRecord) => boolean) => {
  if (filter === undefined) return () => true;
  const by = filter.getStreamIdentifier() ?? filter.getEventType();
  const prefixes = by?.getPrefixList() ?? [];
  const regex = by !== undefined && by.getRegex() !== '' ? new RegExp(by.getRegex()) : null;
  const text = (record: FakeRecord): string => (filter.hasStreamIdentifier() ? record.stream : record.type);
  return (record) => regex?.test(text(record)) ?? prefixes.some((prefix) => text(record).startsWith(prefix));
};

/**
 * A filtered subscription to `$all` as 23.10 has it: pages of a search window; a checkpoint behind a page when
 * `interval × window` events were looked at, at the page's last match (or its beginning), none at the end of the catching up;
 * live, a checkpoint at every so-many-th event.
 */
export class FakeSubscription {
  private counter = 0;
  private stopped = false;
  private muted = false;
  private given = 0;
  private caughtUp = false;
  private wake: (() => void) | null = null;

  constructor(
    private readonly call: ReadCall,
    private readonly log: FakeLog,
    private readonly misbehaviour: Misbehaviour,
    private cursor: number,
    private readonly drop: () => void,
    private readonly onSent: () => void,
  ) {}

  async run(): Promise<void> {
    const unlisten = this.log.onWritten(() => this.wake?.());
    this.call.on('drain', () => this.wake?.());
    this.call.on('cancelled', () => {
      this.stop();
    });
    try {
      await this.write(confirmationMessage());
      while (!this.isStopped()) {
        if (this.muted) await this.sleep();
        else if (this.caughtUp) await this.live();
        else await this.catchUp();
      }
    } finally {
      unlisten();
    }
  }

  get open(): boolean {
    return !this.stopped;
  }

  /** As the server cuts a consumer that lets too many live events wait. */
  cut(): void {
    if (this.stopped) return;
    this.stop();
    this.call.emit('error', errors.tooSlow());
  }

  /** Stays open and gives nothing any more. */
  mute(): void {
    this.muted = true;
  }

  move(placeNow: (place: number) => number): void {
    this.cursor = placeNow(this.cursor);
  }

  stop(): void {
    this.stopped = true;
    this.wake?.();
  }

  private isStopped(): boolean {
    return this.stopped;
  }

  private get window(): number {
    const filter = this.call.request.getOptions()?.getFilter();
    return filter?.hasMax() === true ? filter.getMax() : 32;
  }

  private get interval(): number {
    return (this.call.request.getOptions()?.getFilter()?.getCheckpointintervalmultiplier() ?? 1) * this.window;
  }

  private async catchUp(): Promise<void> {
    const page = this.log.records.slice(this.cursor, this.cursor + this.window);
    const matches = page.filter(matcherOf(this.call.request.getOptions()?.getFilter()));
    this.cursor += page.length;
    for (const record of matches) await this.give(record);
    this.counter += page.length;
    if (page.length < this.window) {
      if (this.isStopped()) return;
      this.caughtUp = true;
      await this.write(caughtUpMessage());
      return;
    }
    const at = matches.at(-1) ?? page[0];
    if (this.counter >= this.interval && at !== undefined) {
      this.counter %= this.interval;
      await this.write(checkpointMessage(at.position));
    }
  }

  private async live(): Promise<void> {
    const record = this.log.records[this.cursor];
    if (record === undefined) {
      await this.sleep();
      return;
    }
    if (this.log.records.length - this.cursor > this.misbehaviour.liveBuffer) {
      this.cut();
      return;
    }
    this.cursor += 1;
    this.counter += 1;
    if (matcherOf(this.call.request.getOptions()?.getFilter())(record)) await this.give(record);
    if (this.counter >= this.interval) {
      this.counter %= this.interval;
      await this.write(checkpointMessage(record.position));
    }
  }

  private async give(record: FakeRecord): Promise<void> {
    if (this.isStopped()) return;
    await this.write(eventMessage(record));
    this.given += 1;
    this.onSent();
    if (this.misbehaviour.dropSubscriptionsAfter === this.given) {
      this.stop();
      this.drop();
    }
  }

  private async write(message: ReadResp): Promise<void> {
    if (this.isStopped() || this.call.write(message)) return;
    // The log wakes as well: the call itself says whether there is room.
    while (this.call.writableNeedDrain && !this.isStopped()) await this.sleep();
  }

  private sleep(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(done, 20);
      this.wake = done;
    });
  }
}
