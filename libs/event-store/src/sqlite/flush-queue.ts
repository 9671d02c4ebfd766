/**
 * Group commit: jobs that arrive in one turn of the event loop, or while a flush is under way, share the next flush.
 * `flush` settles every job that it is given and never rejects.
 */
export class FlushQueue<J> {
  private waiting: J[] = [];
  private scheduled = false;
  private flushing: Promise<void> | null = null;

  /** @param limit jobs per flush, so that one flush does not hold the thread for long. */
  constructor(
    private readonly flush: (jobs: readonly J[]) => Promise<void>,
    private readonly limit = 500,
  ) {}

  push(job: J): void {
    this.waiting.push(job);
    this.schedule();
  }

  /** The flush that is under way; `null` if none is. */
  get underWay(): Promise<void> | null {
    return this.flushing;
  }

  /** Flushes what waits, now; resolves when nothing is left. For the end: while others go on pushing it may never come. */
  async drain(): Promise<void> {
    while (this.flushing !== null || this.waiting.length > 0) await (this.flushing ?? this.next());
  }

  private schedule(): void {
    if (this.scheduled || this.flushing !== null || this.waiting.length === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (this.flushing === null && this.waiting.length > 0) void this.next();
    });
  }

  private next(): Promise<void> {
    const rest = this.waiting.splice(this.limit);
    const jobs = this.waiting;
    this.waiting = rest;
    this.flushing = this.flush(jobs).finally(() => {
      this.flushing = null;
      this.schedule();
    });
    return this.flushing;
  }
}
