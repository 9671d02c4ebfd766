// The time of a run: `Date` and `performance` say what the run says, timers stay the machine's.
// As a real one does, `performance` never says the same time twice: what was known before a question is not taken for its answer.
const RealDate = globalThis.Date;
const realPerformance = globalThis.performance;
const TICK_MS = 0.001;

export type Clock = {
  readonly now: () => number;
  /** On by milliseconds. */
  pass(milliseconds: number): void;
  /** Gives the machine's time back. */
  stop(): void;
};

/** `skew`: milliseconds that the wall clock of whoever asks is ahead. */
export const startClock = (begin: string, skew: () => number = () => 0): Clock => {
  let at = RealDate.parse(begin);
  class RunDate extends RealDate {
    constructor(...parts: readonly unknown[]) {
      super(...((parts.length === 0 ? [at + skew()] : parts) as [number]));
    }
    static override now(): number {
      return at + skew();
    }
  }
  globalThis.Date = RunDate as DateConstructor;
  let asked = 0;
  const performance = { now: (): number => at + (asked += 1) * TICK_MS };
  Object.defineProperty(globalThis, 'performance', { value: performance, configurable: true, writable: true });
  return {
    now: () => at,
    pass: (milliseconds) => {
      at += milliseconds;
    },
    stop: () => {
      globalThis.Date = RealDate;
      Object.defineProperty(globalThis, 'performance', { value: realPerformance, configurable: true, writable: true });
    },
  };
};
