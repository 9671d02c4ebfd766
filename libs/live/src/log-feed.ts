import { parseStream, type Position } from '#kernel';
import type { EventReader, StoredEvent } from '#event-store';
import { pauseUnless } from '#event-store/pause';
import { encodeToken, eventText, toProblem, type ConsistencyToken, type EventStream, type Logger } from '#platform';

/** A stored fact, whose data is read only if it is looked at and whose personal values are sealed, with the parts of its stream's name. */
export type Heard = {
  readonly stored: StoredEvent;
  readonly category: string;
  readonly tenant: string;
  readonly subject: string;
};

/** What a fact may have changed for those who listen, and where it stands. */
export type Placed<C> = { readonly position: Position; readonly change: C };

export type Listener = { readonly stream: EventStream };

/** What is told to those who listen. */
export interface Topic<C, L extends Listener> {
  /** What a fact changes; nothing for most of them. Pure: facts are asked about again when a listener comes back. */
  changesOf(fact: Heard): readonly C[];
  /**
   * Tells listeners of one tenant, oldest change first, once the read models have seen the last of them. `resumed`: to one who comes back.
   * When a store fails it is called again with the same: told twice must do no harm. For a bug its listeners are asked to begin anew.
   */
  tell(
    tenant: string,
    changes: readonly Placed<C>[],
    listeners: Iterable<L>,
    how: { readonly resumed: boolean; readonly idOf: (position: Position) => string },
  ): Promise<void>;
}

/** So many changes are kept for those who come back, and so many facts are read again for them; whoever was away for longer begins anew. */
const MOST = { kept: 20_000, readAgain: 20_000 };
const AGAIN_MS: readonly number[] = [50, 100, 200, 500];
const LATER_MS = 1_000;

/**
 * One reading of the log for everybody who listens in this process: from the first listener to the last. What it tells goes out one
 * after the other, so nobody is told of an older state behind a newer one. Facts are the source, not rows: a rebuild tells nobody anything.
 */
export class LogFeed<C, L extends Listener> {
  #reading: Reading<C, L> | null = null;

  constructor(
    private readonly events: EventReader,
    private readonly logId: string,
    private readonly topic: Topic<C, L>,
    private readonly logger: Pick<Logger, 'warn' | 'error'>,
    private readonly most = MOST,
  ) {}

  /** From now on; with `after` first what came behind it, or `event: reset` where that cannot be told any more. */
  join(listener: L, after: ConsistencyToken | 'unreadable' | null): void {
    if (!listener.stream.isOpen) return;
    this.#reading ??= new Reading(this.events, this.logId, this.topic, this.logger, this.most);
    this.#reading.join(listener, after);
  }

  leave(listener: L): void {
    if (this.#reading?.leave(listener) !== 'nobody is left') return;
    this.#reading.stop();
    this.#reading = null;
  }
}

type Kept<C> = Placed<C> & { readonly tenant: string };

class Reading<C, L extends Listener> {
  readonly #abort = new AbortController();
  readonly #joining = new Set<L>();
  readonly #listeners = new Map<string, Set<L>>();
  /** The changes of the facts in (`#from`, `#place`], oldest first. */
  #kept: Kept<C>[] = [];
  #from = '' as Position;
  /** Everything up to here was told. */
  #place = '' as Position;
  /** Too many facts lie behind this place, and behind every earlier one. */
  #tooOld: Position | null = null;
  #turn: Promise<void>;

  constructor(
    private readonly events: EventReader,
    private readonly logId: string,
    private readonly topic: Topic<C, L>,
    private readonly logger: Pick<Logger, 'warn' | 'error'>,
    private readonly most: typeof MOST,
  ) {
    this.#turn = this.#insist(async () => {
      const head = await events.head();
      if (head !== null) this.#from = this.#place = head.position;
    });
    void this.#turn.then(() => this.#follow());
  }

  join(listener: L, after: ConsistencyToken | 'unreadable' | null): void {
    this.#joining.add(listener);
    void this.#inTurn(async () => {
      const { stream } = listener;
      const { tenant } = stream.identity;
      if (after !== null) await this.#insist(() => this.#resume(listener, tenant, after));
      if (!this.#joining.delete(listener)) return;
      const listeners = this.#listeners.get(tenant) ?? new Set();
      this.#listeners.set(tenant, listeners.add(listener));
      stream.reached(this.#idOf(this.#place));
      stream.beat();
    });
  }

  leave(listener: L): 'nobody is left' | null {
    this.#joining.delete(listener);
    for (const [tenant, listeners] of this.#listeners) {
      if (listeners.delete(listener) && listeners.size === 0) this.#listeners.delete(tenant);
    }
    return this.#listeners.size === 0 && this.#joining.size === 0 ? 'nobody is left' : null;
  }

  stop(): void {
    this.#abort.abort();
  }

  readonly #idOf = (position: Position): string => encodeToken({ logId: this.logId, position });

  async #resume(listener: L, tenant: string, after: ConsistencyToken | 'unreadable'): Promise<void> {
    const place = after === 'unreadable' || after.logId !== this.logId ? null : after.position;
    if (place === null || !(await this.#reachBack(place))) {
      this.#reset(listener.stream);
      return;
    }
    const missed = this.#kept.filter((one) => one.tenant === tenant && one.position > place);
    if (missed.length > 0) await this.#tell(tenant, missed, [listener], true);
  }

  async #tell(tenant: string, changes: readonly Placed<C>[], listeners: Iterable<L>, resumed: boolean): Promise<void> {
    try {
      await this.topic.tell(tenant, changes, listeners, { resumed, idOf: this.#idOf });
    } catch (error) {
      if (toProblem(error).code !== 'internal') throw error;
      this.logger.error({ err: error }, 'a bug: live streams begin anew');
      for (const { stream } of listeners) this.#reset(stream);
    }
  }

  #reset(stream: EventStream): void {
    stream.send(eventText({}, { event: 'reset', id: this.#idOf(this.#place) }));
  }

  /** Are all changes behind the place at hand? Reads again what was not kept: once, for all who come back after a restart. */
  async #reachBack(place: Position): Promise<boolean> {
    if (place >= this.#from) return true;
    if (this.#tooOld !== null && place <= this.#tooOld) return false;
    const earlier: Kept<C>[] = [];
    let facts = 0;
    for await (const page of this.events.readAll({ after: place, until: this.#from })) {
      if ((facts += page.length) > this.most.readAgain) {
        this.#tooOld = place;
        return false;
      }
      earlier.push(...this.#changesOf(page));
    }
    this.#kept = [...earlier, ...this.#kept];
    this.#from = place;
    return true;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        for await (const item of this.events.subscribe({ after: this.#place, signal })) {
          if (item.kind === 'events') await this.#inTurn(() => this.#pass(item.events));
        }
      } catch (error) {
        this.logger.warn({ err: error }, 'the live streams do not hear the log: it is tried again');
      }
      await pauseUnless(signal, LATER_MS);
    }
  }

  async #pass(page: readonly StoredEvent[]): Promise<void> {
    const last = page.at(-1);
    if (last === undefined) return;
    const changes = this.#changesOf(page);
    for (const [tenant, own] of Map.groupBy(changes, (one) => one.tenant)) {
      const listeners = this.#listeners.get(tenant);
      if (listeners === undefined) continue;
      await this.#insist(() => this.#tell(tenant, own, listeners, false));
    }
    this.#place = last.position;
    this.#kept.push(...changes);
    if (this.#kept.length > 2 * this.most.kept) {
      this.#kept = this.#kept.slice(-this.most.kept);
      // The oldest one's fact may have made others that went.
      this.#from = this.#kept[0]?.position ?? this.#place;
    }
    const id = this.#idOf(this.#place);
    for (const listeners of this.#listeners.values()) for (const { stream } of listeners) stream.reached(id);
  }

  #changesOf(page: readonly StoredEvent[]): Kept<C>[] {
    return page.flatMap((stored) => {
      const parts = parseStream(stored.stream);
      if (parts === null) return [];
      const { position } = stored;
      return this.topic.changesOf({ stored, ...parts }).map((change) => ({ position, tenant: parts.tenant, change }));
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    return (this.#turn = this.#turn.then(() => (this.#abort.signal.aborted ? undefined : work())));
  }

  /** Again until it passes: read models that lag, are built or cannot be read keep everybody waiting, and nobody misses anything. */
  async #insist(work: () => Promise<void>): Promise<void> {
    const { signal } = this.#abort;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await work();
        return;
      } catch (error) {
        if (failures === 0) this.logger.warn({ err: error }, 'the live streams wait for a store');
        await pauseUnless(signal, AGAIN_MS[failures] ?? LATER_MS);
      }
    }
  }
}
