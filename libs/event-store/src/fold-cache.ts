import { LRUCache } from 'lru-cache';
import type { AnyDecider } from '#kernel';
import type { StreamFold } from './stream-fold.js';

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

  /** The stream has a fact of this revision. */
  heard(stream: string, revision: number): void {
    const fold = this.folds.peek(stream);
    if (fold !== undefined && fold.revision < revision && !fold.isBehind)
      this.folds.set(stream, { ...fold, isBehind: true });
  }

  forget(stream: string): void {
    this.folds.delete(stream);
  }

  clear(): void {
    this.folds.clear();
  }
}
