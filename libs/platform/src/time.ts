const FORM = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:[Zz]|[+-](\d\d):(\d\d))$/;

/**
 * A time of RFC 3339 with its zone, as UTC with milliseconds (finer digits are cut); `null` if it is none.
 * Leap seconds and days that do not exist are refused, since Date would silently move them.
 */
export const parseTime = (text: string): string | null => {
  const parts = FORM.exec(text)?.slice(1).map(Number);
  if (parts === undefined) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = parts;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return null;
  const time = new Date(text.toUpperCase());
  const inRange = time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= 9999;
  return Number.isNaN(time.getTime()) || !inRange ? null : time.toISOString();
};

const daysIn = (year: number, month: number): number => new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
