import { StoreUnavailable, type EventStore } from '#event-store';
import type { Random } from '../traffic/random.js';

/**
 * A log that several use at once: whoever reads or appends waits for a turn, and turns are given in an order that the seed decides,
 * so that what races is found again. After `failAfter(n)` further appends it is gone until `heal`.
 */
export const sharedLog = (
  store: EventStore,
  random: Random,
): EventStore & { failAfter(appends: number): void; heal(): void } => {
  const waiting: (() => void)[] = [];
  let left = Infinity;
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      // Whoever is going on goes as far as it can before the next one does.
      setImmediate(() => {
        waiting.splice(random.below(waiting.length), 1)[0]?.();
      });
    });
  const gone = (): StoreUnavailable => new StoreUnavailable('the log is gone');
  return {
    append: async (...append) => {
      await turn();
      if (left <= 0) throw gone();
      left -= 1;
      return store.append(...append);
    },
    appendMany: (entries) => store.appendMany(entries),
    readStream: async function* (...read) {
      await turn();
      if (left <= 0) throw gone();
      yield* store.readStream(...read);
    },
    readAll: (options) => store.readAll(options),
    subscribe: async function* (options) {
      for await (const item of store.subscribe(options)) {
        await turn();
        yield item;
      }
    },
    head: () => store.head(),
    close: () => store.close(),
    failAfter: (appends) => {
      left = appends;
    },
    heal: () => {
      left = Infinity;
    },
  };
};
