// When it is open, by the wall clock of a zone. A skipped time means the first instant after the gap; of a repeated hour an interval
// has all: it starts when the clock first shows its start, and ends when the clock last shows its end.
import { IANAZone } from 'luxon';
import { WEEKDAYS, type Hours, type Interval } from '#kernel';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** So many days ahead a change is looked for: a year of closed days lies between. */
const HORIZON_DAYS = 400;

/** Hours that hold from an instant on, until those behind them; `null`: no hours, always open. */
export type HoursSince = { readonly from: string; readonly hours: Hours | null };

export type Openness = { readonly open: boolean; readonly nextChangeAt: string | null };

/**
 * Is it open at an instant (RFC 3339 UTC), and when will that change next (`null`: not within 400 days)?
 * `history` is what held one after the other, the first also before its time; without any it is always open.
 */
export const opennessAt = (history: readonly HoursSince[], at: string): Openness => {
  const first = history.findLastIndex((one) => one.from <= at);
  const [present = { from: at, hours: null }, ...later] = history.slice(Math.max(first, 0));
  const now = openAt(present.hours, at);
  for (const [index, { hours }] of [present, ...later].entries()) {
    // What holds later is looked at from its beginning on.
    const from = index === 0 ? at : (later[index - 1]?.from ?? at);
    const until = later[index]?.from ?? null;
    const next = openAt(hours, from).open === now.open ? openAt(hours, from).nextChangeAt : from;
    if (next !== null && (until === null || next < until)) return { open: now.open, nextChangeAt: next };
  }
  return { open: now.open, nextChangeAt: null };
};

const openAt = (hours: Hours | null, at: string): Openness => {
  if (hours === null) return { open: true, nextChangeAt: null };
  const zone = IANAZone.create(hours.timeZone);
  const today = startOfUtcDay(Date.parse(at) + zone.offset(Date.parse(at)) * MINUTE);
  let running: Interval | null = null;
  // Yesterday's intervals may run into today.
  for (let day = today - DAY; day <= today + HORIZON_DAYS * DAY; day += DAY) {
    for (const interval of intervalsOf(hours, zone, day)) {
      if (interval.to !== null && interval.to <= at) continue;
      if (running === null) {
        if (interval.from > at) return { open: false, nextChangeAt: interval.from };
        running = interval;
      } else if (running.to !== null && interval.from > running.to) {
        return { open: true, nextChangeAt: running.to };
      } else if (running.to !== null && interval.to !== null && interval.to > running.to) {
        running = { from: running.from, to: interval.to };
      }
    }
    const end: string | null = running?.to ?? null;
    // Nothing of a later day can join what ended before that day began anywhere.
    if (end !== null && Date.parse(end) < day - DAY) return { open: true, nextChangeAt: end };
  }
  return { open: running !== null, nextChangeAt: null };
};

/** What starts on a calendar day (as its midnight in UTC), in order of its beginning. */
const intervalsOf = (hours: Hours, zone: IANAZone, day: number): readonly Interval[] => {
  const date = new Date(day);
  if (hours.closed.includes(date.toISOString().slice(0, 10))) return [];
  const weekday = WEEKDAYS[(date.getUTCDay() + 6) % 7] ?? 'mon';
  return (hours.weekly[weekday] ?? [])
    .map(([from, to]) => {
      const end = minutesOf(to) > minutesOf(from) ? minutesOf(to) : minutesOf(to) + 24 * 60;
      return {
        from: new Date(Math.min(...instantsOf(zone, day + minutesOf(from) * MINUTE))).toISOString(),
        to: new Date(Math.max(...instantsOf(zone, day + end * MINUTE))).toISOString(),
      };
    })
    .filter(({ from, to }) => from < to)
    .sort((one, other) => (one.from < other.from ? -1 : 1));
};

/** The instants at which a zone's clock shows a wall time (as if it were UTC): one, of a repeated hour two, of a skipped one the end of the gap. */
const instantsOf = (zone: IANAZone, wall: number): readonly number[] => {
  const candidates = [wall - DAY, wall + DAY].map((around) => wall - zone.offset(around) * MINUTE);
  const shown = candidates.filter((instant) => instant + zone.offset(instant) * MINUTE === wall);
  if (shown.length > 0) return shown;
  let [before, after] = [Math.min(...candidates), Math.max(...candidates)];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (zone.offset(middle) === zone.offset(before)) before = middle;
    else after = middle;
  }
  return [after];
};

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
const startOfUtcDay = (time: number): number => Math.floor(time / DAY) * DAY;
