import autocannon from 'autocannon';
import type { Request } from './traffic.js';
import { quantile } from './figures.js';

export type Load = {
  /** Answers below 400 in a second. */
  readonly perSecond: number;
  readonly accepted: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers of 400 and above, and requests that got none. */
  readonly refused: number;
};

/** So many connections that each ask, wait for the answer, and ask again. Latencies in milliseconds, of accepted requests. */
export const load = async (
  address: string,
  options: { readonly connections: number; readonly seconds?: number; readonly amount?: number },
  next: () => Request,
): Promise<Load> => {
  const { connections, seconds, amount } = options;
  const latencies: number[] = [];
  let refused = 0;
  const began = performance.now();
  let last = began;
  const { errors, timeouts } = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      {
        url: address,
        connections,
        ...(amount === undefined ? { duration: seconds ?? 1 } : { amount }),
        requests: [
          {
            setupRequest: (request) => {
              const { method, path, body, bearer } = next();
              const headers = {
                authorization: `Bearer ${bearer}`,
                ...(body === undefined ? {} : { 'content-type': 'application/json' }),
              };
              return { ...request, method, path, headers, ...(body === undefined ? {} : { body }) };
            },
          },
        ],
      },
      (error: Error | null, result) => {
        if (error === null) resolve(result);
        else reject(error);
      },
    );
    instance.on('response', (_client, status, _bytes, milliseconds) => {
      last = performance.now();
      if (status < 400) latencies.push(milliseconds);
      else refused += 1;
    });
  });
  return {
    perSecond: (latencies.length * 1000) / (last - began),
    accepted: latencies.length,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    refused: refused + errors + timeouts,
  };
};
