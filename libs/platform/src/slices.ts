import { setImmediate as turn } from 'node:timers/promises';

const SLICE_MS = 4;

/** Goes through many without keeping others waiting for long. */
export const eachInSlices = async <T>(all: Iterable<T>, work: (one: T) => Promise<void>): Promise<void> => {
  let began = performance.now();
  for (const one of all) {
    await work(one);
    if (performance.now() - began < SLICE_MS) continue;
    await turn();
    began = performance.now();
  }
};
