import { hoursOf, MAX_CLOSED, MAX_INTERVALS, WEEKDAYS } from '#kernel';
import { Checked, Shown, type FieldOptions, type Schema } from '#platform';

// What bodies and answers of wallets are made of, beyond the words of all rooms.

const TIME = { type: 'string', pattern: '^([01]\\d|2[0-3]):[0-5]\\d$|^24:00$' };
const DAY: Schema = {
  type: 'array',
  maxItems: MAX_INTERVALS,
  items: { type: 'array', minItems: 2, maxItems: 2, items: TIME },
};
const HOURS: Schema = {
  type: 'object',
  additionalProperties: false,
  selfRequired: ['timeZone', 'weekly'],
  properties: {
    timeZone: { type: 'string', description: 'A name of the IANA database: America/Sao_Paulo' },
    weekly: {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(WEEKDAYS.map((day) => [day, DAY])),
    },
    closed: {
      type: 'array',
      maxItems: MAX_CLOSED,
      items: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' },
    },
  },
};

/** Working hours of a body; `hoursOf` reads them. */
export const HoursField = (options: FieldOptions): PropertyDecorator =>
  Checked(
    HOURS,
    (value) => hoursOf(value) !== null,
    'must be hours: {"timeZone":"America/Sao_Paulo","weekly":{"mon":[["08:00","12:00"]]},"closed":["2026-12-25"]}',
    options,
  );

export const HoursShown = (): PropertyDecorator => Shown(HOURS, { nullable: true });

const CODE = /^[!-~]{1,64}$/;
const GENERATE = {
  type: 'object',
  additionalProperties: false,
  properties: { generate: { type: 'boolean', enum: [true] } },
  required: ['generate'],
};

const isGenerate = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length === 1 &&
  'generate' in value &&
  value.generate === true;

/** A code as somebody gives it, or the wish that one is made. */
export type GivenCode = string | { readonly generate: true };

export const CodeField = (options: FieldOptions): PropertyDecorator =>
  Checked(
    { oneOf: [{ type: 'string', pattern: CODE.source }, GENERATE] },
    (value) => (typeof value === 'string' ? CODE.test(value) : isGenerate(value)),
    'must be a code of 1 to 64 ASCII characters without blanks, or {"generate":true}',
    options,
  );

/** What a body's code means for a command. */
export const codeWishOf = (
  given: GivenCode | null | undefined,
): { readonly code: string | null; readonly generate: boolean } =>
  typeof given === 'object' && given !== null
    ? { code: null, generate: true }
    : { code: given ?? null, generate: false };
