/** What is used of a stream of the client, whose own types do not fit those of this Node. */
type Pullable = {
  on(event: string, listener: (...args: never[]) => void): unknown;
  read(size?: number): unknown;
  readonly readableLength: number;
};

/**
 * A stream of the client that is read only when asked, with the client's odd endings tamed: after an error neither `end` nor
 * `close` follows, and a stream without an error listener ends the process. What was buffered before an error still comes out first.
 */
export class PulledStream<T> {
  private failure: { readonly error: unknown } | null = null;
  private ended = false;
  private closed = false;
  private stirring = false;
  private stirred: (() => void) | null = null;

  /** @param release tells the server to stop; a stream that is only left goes on at the server's side. */
  constructor(
    private readonly stream: Pullable,
    private readonly release: () => Promise<unknown>,
  ) {
    const stir = (): void => {
      this.stirred?.();
    };
    stream.on('error', (error: unknown) => {
      this.failure ??= { error };
      stir();
    });
    for (const ending of ['end', 'close']) {
      stream.on(ending, () => {
        this.ended = true;
        stir();
      });
    }
    stream.on('readable', () => {
      if (this.closed) this.empty();
      else if (!this.stirring) {
        // What comes within one turn of the event loop is taken together.
        this.stirring = true;
        setImmediate(() => {
          this.stirring = false;
          stir();
        });
      }
    });
  }

  /** What is there now, at most so many. */
  take(limit: number): T[] {
    const items: T[] = [];
    while (items.length < limit) {
      const item = this.stream.read() as T | null;
      if (item === null) break;
      items.push(item);
    }
    return items;
  }

  /** Resolves when there is something to take, or says why not. Throws what broke the stream, behind all that came before. */
  async wait(ms: number, signal?: AbortSignal): Promise<'ready' | 'ended' | 'silent' | 'aborted'> {
    const deadline = performance.now() + ms;
    for (;;) {
      if (signal?.aborted === true) return 'aborted';
      if (this.stream.readableLength > 0) return 'ready';
      if (this.failure !== null) throw this.failure.error as Error;
      if (this.ended) return 'ended';
      const left = deadline - performance.now();
      if (left <= 0) return 'silent';
      await this.sleep(left, signal);
    }
  }

  /**
   * Stops the server's sending. Never throws. What still comes is read away: the client keeps every call whose answer was not
   * read to its end, and waits for it when it is disposed of.
   */
  close(): void {
    this.closed = true;
    this.stirred?.();
    this.release().catch(() => undefined);
    this.empty();
  }

  private empty(): void {
    while (this.stream.read() !== null);
  }

  private sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.stirred = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done);
      this.stirred = done;
      // Also makes the stream say that it has ended.
      this.stream.read(0);
    });
  }
}
