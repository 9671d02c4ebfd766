/** The promise's outcome, or after `ms` a rejection with `late()`. What comes after that is dropped. */
export const within = <T>(ms: number, promise: Promise<T>, late: () => Error): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(late());
    }, ms);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(Error.isError(error) ? error : new Error('a call failed', { cause: error }));
      },
    );
  });

export type Backoff = { readonly firstMs: number; readonly maxMs: number };

/** Between attempts to subscribe again, as a rule. */
export const usualBackoff: Backoff = { firstMs: 200, maxMs: 30_000 };

/** Exponential from `firstMs` to `maxMs`, of which a random half is left out, so that many consumers do not come back at once. */
export const backoff = (failures: number, { firstMs, maxMs }: Backoff, random = Math.random): number =>
  Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30)) * (0.5 + random() / 2);
