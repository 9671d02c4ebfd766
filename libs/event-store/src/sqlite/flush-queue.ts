/**
 * Group commit: jobs that arrive in one turn of the event loop, or while a flush runs, share the next flush.
 * `flush` is synchronous and settles every job that it is given.
 */
export class FlushQueue<J> {
  private waiting: J[] = [];
  private scheduled = false;

  /** @param limit jobs per flush, so that one flush does not hold the thread for long. */
  constructor(
    private readonly flush: (jobs: readonly J[]) => void,
    private readonly limit = 500,
  ) {}

  push(job: J): void {
    this.waiting.push(job);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      const rest = this.waiting.splice(this.limit);
      const jobs = this.waiting;
      this.waiting = [];
      if (jobs.length > 0) this.flush(jobs);
      for (const job of rest) this.push(job);
    });
  }

  /** Flushes what waits, now. */
  drain(): void {
    const jobs = this.waiting;
    this.waiting = [];
    if (jobs.length > 0) this.flush(jobs);
  }
}
