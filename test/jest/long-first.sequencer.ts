import type { Test } from '@jest/reporters';

/** Whole processes that die and come back take longest, and the engine over a server; begun last, they would keep one worker when the others are done. */
const ORDER = ['/test/crash/', '/libs/projections/', '/test/e2e/', '/test/image/', '/test/simulation/', '/test/', '/'];

/** The order of the suites: what takes long first, on a machine that has seen none of them yet too. */
export default class LongFirst {
  sort(tests: readonly Test[]): readonly Test[] {
    const place = ({ path }: Test): number => ORDER.findIndex((part) => path.includes(`/dist${part}`));
    return tests.toSorted((a, b) => place(a) - place(b));
  }

  allFailedTests(tests: readonly Test[]): readonly Test[] {
    return tests;
  }

  cacheResults(): void {
    // What earlier runs took is not asked.
  }
}
