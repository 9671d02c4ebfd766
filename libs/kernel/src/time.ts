/** The later of two times. RFC 3339 UTC with milliseconds sorts as text. */
export const later = (a: string, b: string | null): string => (b !== null && b > a ? b : a);

export const earlier = (a: string, b: string | null): string => (b !== null && b < a ? b : a);

/** `time` moved by milliseconds, in the same form. */
export const plus = (time: string, milliseconds: number): string =>
  new Date(Date.parse(time) + milliseconds).toISOString();
