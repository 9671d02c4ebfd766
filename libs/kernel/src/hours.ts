/** Days of the week as `weekly` names them, Monday first. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/**
 * Working hours by the wall clock of a zone. An interval `[from, to]` of `HH:MM` that ends before it starts runs over midnight;
 * `24:00` is the end of the day. A closed day (`YYYY-MM-DD`) cancels the intervals that start on it.
 * Source: spec/http-api.md, "Wallets, staff, settings".
 */
export type Hours = {
  /** A name of the IANA database. */
  readonly timeZone: string;
  readonly weekly: Readonly<Partial<Record<Weekday, readonly (readonly [from: string, to: string])[]>>>;
  readonly closed: readonly string[];
};

/** So many intervals a day, and so many closed days. */
export const MAX_INTERVALS = 24;
export const MAX_CLOSED = 1000;

/** Hours as somebody gave them, `closed` filled in; `null` if they are none: an unknown field or zone, no time of day, an empty interval, no day of the calendar. */
export const hoursOf = (value: unknown): Hours | null => {
  if (!isRecord(value) || !hasOnly(value, ['timeZone', 'weekly', 'closed'])) return null;
  const { timeZone, weekly, closed = [] } = value;
  if (!isZone(timeZone) || !isRecord(weekly) || !hasOnly(weekly, WEEKDAYS)) return null;
  if (!Object.values(weekly).every((day) => isListOf(day, MAX_INTERVALS, isInterval))) return null;
  if (!isListOf(closed, MAX_CLOSED, isDay)) return null;
  return { timeZone, weekly: weekly, closed: closed as readonly string[] };
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const hasOnly = (value: object, names: readonly string[]): boolean =>
  Object.keys(value).every((name) => names.includes(name));
const isListOf = (value: unknown, max: number, test: (entry: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length <= max && value.every(test);

const isInterval = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && isTime(value[0]) && isEnd(value[1]) && value[0] !== value[1];
const isTime = (value: unknown): boolean => typeof value === 'string' && /^([01]\d|2[0-3]):[0-5]\d$/.test(value);
const isEnd = (value: unknown): boolean => isTime(value) || value === '24:00';

const isDay = (value: unknown): boolean => {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
};

/** Offsets like +03:00, which some runtimes take for zones, know no change of clocks. */
const isZone = (value: unknown): value is string => {
  if (typeof value !== 'string' || !/^[A-Za-z]/.test(value)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
};
