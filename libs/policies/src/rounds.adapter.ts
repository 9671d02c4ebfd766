import { setTimeout as pause } from 'node:timers/promises';

export type RoundsOptions = {
  readonly everyMs: number;
  /** What a failed round is told with: "… later". */
  readonly later: string;
  readonly warn: (message: string) => void;
};

/** A timer that goes over what is due, one round at a time. A round that fails is told, and the next one begins anew. */
export abstract class Rounds {
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RoundsOptions) {}

  /** One round over what is due now. */
  abstract run(): Promise<void>;

  start(): void {
    const { everyMs, later, warn } = this.options;
    this.#timer = setInterval(() => {
      this.#running ??= this.run()
        .catch((error: unknown) => {
          if (!this.#stopping.signal.aborted) warn(`${later}: ${Error.isError(error) ? error.message : 'unknown'}`);
        })
        .finally(() => {
          this.#running = null;
        });
    }, everyMs);
    this.#timer.unref();
  }

  /** Waits for the round that runs; one that waits is broken off. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#running;
  }

  /** One after the other, each whatever became of those before it. Answers what the failed ones threw. */
  protected async eachOf<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<readonly unknown[]> {
    const failures: unknown[] = [];
    for (const one of all) {
      try {
        await work(one);
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }

  /** Within a round. Throws AbortError once it is stopped. */
  protected async wait(milliseconds: number): Promise<void> {
    await pause(Math.max(0, milliseconds), undefined, { signal: this.#stopping.signal });
  }
}
