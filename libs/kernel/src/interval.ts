/** A half-open stretch of time, `[from, to)`; `to: null` has no end yet. */
export type Interval = { readonly from: string; readonly to: string | null };

export const covers = (interval: Interval, time: string): boolean =>
  interval.from <= time && (interval.to === null || time < interval.to);

/** The first interval that covers the time, or `null`. */
export const intervalAt = <T extends Interval>(intervals: readonly T[], time: string): T | null =>
  intervals.find((one) => covers(one, time)) ?? null;
