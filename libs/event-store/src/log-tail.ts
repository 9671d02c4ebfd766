import { LRUCache } from 'lru-cache';
import type { Position } from '#kernel';
import type { Log } from './append-surely.js';
import { pauseUnless } from './pause.js';
import type { EventReader, StoredEvent } from './port.js';

/** Streams whose newest revision is remembered: for a fold that was being read while its stream grew. */
const STREAMS = 20_000;
const RETRY_MS = 1_000;

type Waiting = { readonly position: Position; readonly resolve: (reached: boolean) => void };

/**
 * Hears what everybody appends, from its start on, so that folds in memory stay level without being read again.
 * An own append that was heard proves that everything appended before it began was heard too: the log has one order.
 */
export class LogTail {
  readonly #newest = new LRUCache<string, number>({ max: STREAMS });
  readonly #ending = new AbortController();
  readonly #waiting = new Set<Waiting>();
  #listener: (stream: string, revision: number) => void = () => undefined;
  #own: { readonly position: Position; readonly beganAt: number }[] = [];
  #position: Position | null = null;
  #levelAt = -Infinity;
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly events: EventReader,
    private readonly log?: Log,
  ) {}

  /** Begins at the log's present end. */
  async start(): Promise<void> {
    this.#position = (await this.events.head())?.position ?? null;
    this.#running = this.#follow();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    for (const waiting of [...this.#waiting]) waiting.resolve(false);
  }

  /** Calls back for each event, with its stream and revision. One listener. */
  onHeard(listener: (stream: string, revision: number) => void): void {
    this.#listener = listener;
  }

  /** Everything that was appended before this time was heard; performance.now, -Infinity before the first proof. */
  get levelAt(): number {
    return this.#levelAt;
  }

  /** Whether a later revision of the stream was heard lately. */
  isBehind(stream: string, revision: number): boolean {
    return (this.#newest.get(stream) ?? -1) > revision;
  }

  /** This process appended: began then, ended here. */
  appended(position: Position, beganAt: number): void {
    this.#own.push({ position, beganAt });
    this.#prove();
  }

  /** True once everything up to the position was heard; false if that takes longer than the limit. */
  reached(position: Position, limitMs: number): Promise<boolean> {
    if (this.#position !== null && this.#position >= position) return Promise.resolve(true);
    if (this.#ending.signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiting: Waiting = {
        position,
        resolve: (reached) => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          resolve(reached);
        },
      };
      const timer = setTimeout(() => {
        waiting.resolve(false);
      }, limitMs);
      this.#waiting.add(waiting);
    });
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        for await (const item of this.events.subscribe({ after: this.#position, signal })) {
          if (item.kind === 'events') this.#hear(item.events);
          else if (item.kind === 'checkpoint') this.#moveTo(item.at);
        }
      } catch (error) {
        this.log?.warn({ err: error }, 'the log cannot be followed: streams are read instead');
        await pauseUnless(signal, RETRY_MS);
      }
    }
  }

  #hear(events: readonly StoredEvent[]): void {
    for (const { stream, revision } of events) {
      this.#newest.set(stream, revision);
      this.#listener(stream, revision);
    }
    const last = events.at(-1);
    if (last !== undefined) this.#moveTo(last.position);
  }

  #moveTo(position: Position): void {
    this.#position = position;
    this.#prove();
    for (const waiting of [...this.#waiting]) if (waiting.position <= position) waiting.resolve(true);
  }

  #prove(): void {
    const position = this.#position;
    if (position === null || this.#own.length === 0) return;
    this.#own = this.#own.filter((own) => {
      if (own.position > position) return true;
      this.#levelAt = Math.max(this.#levelAt, own.beganAt);
      return false;
    });
  }
}
