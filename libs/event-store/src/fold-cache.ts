import { LRUCache } from 'lru-cache';
import type { AnyDecider } from '#kernel';
import type { Codec } from './codec.js';
import type { StoredEvent } from './port.js';
import { foldHeard, type StreamFold } from './stream-fold.js';

const smallState = 500;
const perFold = 400;
const perCommand = 250;

/** The most recently used folds, bounded by the bytes that they are thought to hold. */
export class FoldCache {
  private readonly folds: LRUCache<string, StreamFold>;

  constructor(maxBytes: number) {
    this.folds = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ decider, state, commands }) =>
        Math.max(1, Math.ceil(perFold + (decider.sizeOf?.(state) ?? smallState) + commands.size * perCommand)),
    });
  }

  get(stream: string, decider: AnyDecider): StreamFold | undefined {
    const fold = this.folds.get(stream);
    return fold?.decider === decider ? fold : undefined;
  }

  /** Keeps the fold unless one that is further stands here already. */
  keep(stream: string, fold: StreamFold): void {
    const standing = this.get(stream, fold.decider);
    if (standing === undefined || standing.revision <= fold.revision) this.folds.set(stream, fold);
  }

  /** The fact stands in its stream: a fold that ends before it goes on with it, or is behind from now on. */
  heard(codec: Codec, stored: StoredEvent): void {
    const fold = this.folds.peek(stored.stream);
    if (fold === undefined || fold.revision >= stored.revision || fold.isBehind) return;
    this.folds.set(stored.stream, foldHeard(codec, fold, stored) ?? { ...fold, isBehind: true });
  }

  forget(stream: string): void {
    this.folds.delete(stream);
  }

  clear(): void {
    this.folds.clear();
  }
}
