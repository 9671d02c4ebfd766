import { describe, expect, it } from '@jest/globals';
import { hoursOf, type Hours } from '#kernel';
import { opennessAt } from './hours.js';

const given = (timeZone: string, weekly: Hours['weekly'], closed: readonly string[] = []): Hours => {
  const hours = hoursOf({ timeZone, weekly, closed });
  if (hours === null) throw new Error('these are no hours');
  return hours;
};
const always = '2020-01-01T00:00:00.000Z';
const at = (hours: Hours | null, time: string) => opennessAt([{ from: always, hours }], new Date(time).toISOString());
const isOpen = (hours: Hours | null, time: string) => at(hours, time).open;
const nextChange = (hours: Hours | null, time: string) => at(hours, time).nextChangeAt;

const office = [
  ['08:00', '12:00'],
  ['13:30', '18:00'],
] as const;
const south = given(
  'America/Sao_Paulo',
  { mon: office, tue: office, wed: office, thu: office, fri: [...office, ['22:00', '02:00']] },
  ['2026-12-25'],
);

describe('working hours', () => {
  it('are several intervals a day, each from its start to just before its end [W3]', () => {
    expect(isOpen(south, '2026-03-10T07:59:59.999-03:00')).toBe(false);
    expect(isOpen(south, '2026-03-10T08:00:00-03:00')).toBe(true);
    expect(isOpen(south, '2026-03-10T11:59:59.999-03:00')).toBe(true);
    expect(isOpen(south, '2026-03-10T12:00:00-03:00')).toBe(false);
    expect(isOpen(south, '2026-03-10T13:30:00-03:00')).toBe(true);
    expect(isOpen(south, '2026-03-10T18:00:00-03:00')).toBe(false);
    expect(isOpen(south, '2026-03-15T10:00:00-03:00')).toBe(false);
  });

  it('say when they open or close next, over a weekend too [W3]', () => {
    expect(nextChange(south, '2026-03-10T07:00:00-03:00')).toBe('2026-03-10T11:00:00.000Z');
    expect(nextChange(south, '2026-03-10T08:00:00-03:00')).toBe('2026-03-10T15:00:00.000Z');
    expect(nextChange(south, '2026-03-10T12:00:00-03:00')).toBe('2026-03-10T16:30:00.000Z');
    expect(nextChange(south, '2026-03-14T02:00:00-03:00')).toBe('2026-03-16T11:00:00.000Z');
  });

  it('run over midnight into a day that has none of its own [W3]', () => {
    expect(at(south, '2026-03-13T23:00:00-03:00')).toEqual({ open: true, nextChangeAt: '2026-03-14T05:00:00.000Z' });
    expect(at(south, '2026-03-14T01:30:00-03:00')).toEqual({ open: true, nextChangeAt: '2026-03-14T05:00:00.000Z' });
    expect(isOpen(south, '2026-03-14T02:00:00-03:00')).toBe(false);
    // Of a Thursday night there is nothing.
    expect(isOpen(south, '2026-03-13T01:30:00-03:00')).toBe(false);
  });

  it('of a closed day are cancelled, with what would run into the next day, and not what runs into it [W3]', () => {
    // 25 December 2026 is a Friday.
    expect(isOpen(south, '2026-12-25T10:00:00-03:00')).toBe(false);
    expect(isOpen(south, '2026-12-26T01:30:00-03:00')).toBe(false);
    expect(nextChange(south, '2026-12-24T18:00:00-03:00')).toBe('2026-12-28T11:00:00.000Z');
    const saturdayClosed = { ...south, closed: ['2026-12-19'] };
    expect(isOpen(saturdayClosed, '2026-12-19T01:30:00-03:00')).toBe(true);
  });

  it('that touch are one, and a whole week never closes [W3]', () => {
    const day = [['00:00', '24:00']] as const;
    const touching = given('Europe/Lisbon', { mon: day, tue: [['00:00', '06:00']] });
    expect(nextChange(touching, '2026-03-09T12:00:00Z')).toBe('2026-03-10T06:00:00.000Z');
    const whole = given('Europe/Lisbon', { mon: day, tue: day, wed: day, thu: day, fri: day, sat: day, sun: day });
    expect(at(whole, '2026-03-29T01:30:00Z')).toEqual({ open: true, nextChangeAt: null });
    expect(at(given('Europe/Lisbon', {}), '2026-03-29T01:30:00Z')).toEqual({ open: false, nextChangeAt: null });
    expect(
      isOpen(
        given('Europe/Lisbon', {
          mon: [
            ['09:00', '12:00'],
            ['11:00', '15:00'],
          ],
        }),
        '2026-03-09T12:30:00Z',
      ),
    ).toBe(true);
    expect(
      nextChange(
        given('Europe/Lisbon', {
          mon: [
            ['09:00', '12:00'],
            ['11:00', '15:00'],
          ],
        }),
        '2026-03-09T09:30:00Z',
      ),
    ).toBe('2026-03-09T15:00:00.000Z');
  });

  it('that nobody has given are always open [W3]', () => {
    expect(at(null, '2026-03-10T03:00:00Z')).toEqual({ open: true, nextChangeAt: null });
    expect(opennessAt([], always)).toEqual({ open: true, nextChangeAt: null });
  });
});

describe('a change of clocks', () => {
  const sundays = (from: string, to: string) => given('America/New_York', { sun: [[from, to]] });

  it('moves the hours with the wall clock [W3]', () => {
    const office = sundays('09:00', '17:00');
    expect(isOpen(office, '2026-03-01T13:30:00Z')).toBe(false);
    expect(isOpen(office, '2026-03-08T13:30:00Z')).toBe(true);
    expect(nextChange(office, '2026-03-08T13:30:00Z')).toBe('2026-03-08T21:00:00.000Z');
    expect(nextChange(office, '2026-03-01T14:30:00Z')).toBe('2026-03-01T22:00:00.000Z');
  });

  it('that skips the start opens at the first instant after the gap; that skips the end closes there [W3]', () => {
    // On 8 March 2026 the clocks go from 02:00 to 03:00, which is 07:00 UTC.
    expect(nextChange(sundays('02:30', '05:00'), '2026-03-08T06:00:00Z')).toBe('2026-03-08T07:00:00.000Z');
    expect(at(sundays('01:00', '02:30'), '2026-03-08T06:30:00Z')).toEqual({
      open: true,
      nextChangeAt: '2026-03-08T07:00:00.000Z',
    });
    // What lies in the gap does not happen.
    expect(nextChange(sundays('02:15', '02:45'), '2026-03-08T06:00:00Z')).toBe('2026-03-15T06:15:00.000Z');
  });

  it('that repeats an hour gives the hours all of it: from the first showing of the start to the last of the end [W3]', () => {
    // On 1 November 2026 the clocks go from 02:00 back to 01:00, which is 06:00 UTC.
    expect(nextChange(sundays('01:30', '05:00'), '2026-11-01T04:00:00Z')).toBe('2026-11-01T05:30:00.000Z');
    expect(nextChange(sundays('00:00', '01:30'), '2026-11-01T04:30:00Z')).toBe('2026-11-01T06:30:00.000Z');
    expect(at(sundays('01:00', '02:00'), '2026-11-01T06:59:00Z')).toEqual({
      open: true,
      nextChangeAt: '2026-11-01T07:00:00.000Z',
    });
  });

  it('is known of the past: Brazil had summer time until 2019 [W3]', () => {
    const monday = given('America/Sao_Paulo', { mon: [['08:00', '12:00']] });
    expect(isOpen(monday, '2019-01-07T10:30:00Z')).toBe(true);
    expect(isOpen(monday, '2020-01-06T10:30:00Z')).toBe(false);
  });

  it('of a whole day, where a country left it out, leaves out its hours [W3]', () => {
    // Samoa had no 30 December 2011, a Friday.
    const friday = given('Pacific/Apia', { fri: [['09:00', '17:00']] });
    expect(nextChange(friday, '2011-12-30T09:00:00Z')).toBe('2012-01-05T19:00:00.000Z');
  });
});

describe('a change of hours', () => {
  const morning = given('UTC', { tue: [['08:00', '12:00']] });
  const evening = given('UTC', { tue: [['18:00', '22:00']] });
  const changed = '2026-03-10T10:00:00.000Z';
  const history = [
    { from: '2026-03-01T00:00:00.000Z', hours: morning },
    { from: changed, hours: evening },
  ];

  it('never alters the past [W10]', () => {
    expect(opennessAt(history, '2026-03-10T09:00:00.000Z')).toEqual({ open: true, nextChangeAt: changed });
    expect(opennessAt(history, '2026-03-03T09:00:00.000Z').open).toBe(true);
    expect(opennessAt(history, '2026-02-24T09:00:00.000Z').open).toBe(true);
  });
  it('holds from its instant on [W10]', () => {
    expect(opennessAt(history, changed)).toEqual({ open: false, nextChangeAt: '2026-03-10T18:00:00.000Z' });
    expect(opennessAt(history, '2026-03-10T19:00:00.000Z').open).toBe(true);
  });
  it('that changes nothing at its instant is no change of being open [W10]', () => {
    const longer = given('UTC', { tue: [['09:00', '15:00']] });
    expect(
      opennessAt(
        [
          { from: always, hours: morning },
          { from: changed, hours: longer },
        ],
        '2026-03-10T09:30:00.000Z',
      ),
    ).toEqual({ open: true, nextChangeAt: '2026-03-10T15:00:00.000Z' });
  });
});

describe('what is given as hours', () => {
  it.each([
    ['no zone', { weekly: {} }],
    ['a zone that is none', { timeZone: 'America/Atlantis', weekly: {} }],
    ['an offset for a zone', { timeZone: '+03:00', weekly: {} }],
    ['no week', { timeZone: 'UTC' }],
    ['a day that is none', { timeZone: 'UTC', weekly: { monday: [] } }],
    ['a time that is none', { timeZone: 'UTC', weekly: { mon: [['8:00', '12:00']] } }],
    ['a start at the end of the day', { timeZone: 'UTC', weekly: { mon: [['24:00', '12:00']] } }],
    ['an empty interval', { timeZone: 'UTC', weekly: { mon: [['08:00', '08:00']] } }],
    ['an interval without an end', { timeZone: 'UTC', weekly: { mon: [['08:00']] } }],
    ['a closed day that is none', { timeZone: 'UTC', weekly: {}, closed: ['2026-02-30'] }],
    ['a field that nobody knows', { timeZone: 'UTC', weekly: {}, open: [] }],
    ['nothing', null],
  ])('is refused with %s [W3]', (_what, value) => {
    expect(hoursOf(value)).toBeNull();
  });
  it('needs no closed days [W3]', () => {
    expect(hoursOf({ timeZone: 'UTC', weekly: {} })).toEqual({ timeZone: 'UTC', weekly: {}, closed: [] });
  });
});
