import { LRUCache } from 'lru-cache';
import type { Position } from '#kernel';
import type { Log } from './append-surely.js';
import { pauseUnless } from './pause.js';
import type { EventReader, StoredEvent } from './port.js';

/** Streams whose newest revision is remembered: for a fold that was being read while its stream grew. */
const STREAMS = 20_000;
const RETRY_MS = 1_000;

/** A look at the log's end: what was appended before it began stands at `end` or before. */
type Look = { readonly end: Position | null; readonly beganAt: number };
type Waiting = { readonly position: Position; readonly resolve: (reached: boolean) => void };

/**
 * Hears what everybody appends, from its start on, so that folds in memory stay level without being read again.
 * An own append that was heard proves that everything appended before it began was heard too: the log has one order.
 */
export class LogTail {
  readonly #newest = new LRUCache<string, number>({ max: STREAMS });
  readonly #ending = new AbortController();
  readonly #waiting = new Set<Waiting>();
  #listener: (event: StoredEvent) => void = () => undefined;
  #own: { readonly position: Position; readonly beganAt: number }[] = [];
  #position: Position | null = null;
  #levelAt = -Infinity;
  #looking: Promise<Look | null> = Promise.resolve(null);
  #next: Promise<Look | null> | null = null;
  /** An end that was not heard in time. */
  #missed: Position | null = null;
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

  /** Calls back for each event. One listener. */
  onHeard(listener: (event: StoredEvent) => void): void {
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

  /**
   * True once everything that was appended before `since` was heard (performance.now, not in the future); false if that takes longer than
   * the limit, or the log cannot be asked. All who ask while one look at the log's end is under way share the next one.
   */
  async level(since: number, limitMs: number): Promise<boolean> {
    if (this.#levelAt >= since) return true;
    // Nobody waits again for what somebody waited for in vain.
    if (this.#missed !== null && (this.#position === null || this.#position < this.#missed)) return false;
    const look = await this.#look();
    if (look === null) return false;
    if (look.end !== null && !(await this.reached(look.end, limitMs))) {
      this.#missed = look.end;
      return false;
    }
    this.#levelAt = Math.max(this.#levelAt, look.beganAt);
    return true;
  }

  #look(): Promise<Look | null> {
    return (this.#next ??= this.#looking.then(() => {
      this.#next = null;
      const beganAt = performance.now();
      return (this.#looking = this.events.head().then(
        (head) => ({ end: head?.position ?? null, beganAt }),
        () => null,
      ));
    }));
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
    for (const event of events) {
      this.#newest.set(event.stream, event.revision);
      this.#listener(event);
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
