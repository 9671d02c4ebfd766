// What commands of all rooms are made of. Few values of each, so that they meet.
import fc from 'fast-check';
import type { CommandMetadata } from '#kernel';
import { asked, at, callers } from '#kernel/given';

export const one = <const T extends readonly unknown[]>(...values: T): fc.Arbitrary<T[number]> =>
  fc.constantFrom(...values);

/** Clocks of different processes, so that time also goes back. */
export const time = fc.integer({ min: 0, max: 60 }).map((minutes) => at(`10:${String(minutes % 60).padStart(2, '0')}`));

/** Mostly those who may do most: refusals alone prove little. */
export const caller = fc.oneof(
  { weight: 3, arbitrary: one(callers.admin, callers.agent) },
  { weight: 1, arbitrary: one(...Object.values(callers)) },
);

export const metadata: fc.Arbitrary<CommandMetadata> = fc
  .record({ who: caller, now: time })
  .map(({ who, now }) => asked(who, now));

/** True most of the time. */
export const mostly = fc.integer({ min: 0, max: 9 }).map((n) => n > 0);

/** The key with a value, or no key at all. */
export const optional = <K extends string, T>(
  key: K,
  value: fc.Arbitrary<T>,
): fc.Arbitrary<Readonly<Partial<Record<K, T>>>> =>
  fc
    .option(value, { nil: undefined })
    .map((given) => (given === undefined ? {} : { [key]: given }) as Readonly<Partial<Record<K, T>>>);
