import { hoursOf, MAX_CLOSED, MAX_INTERVALS, type Hours } from '#kernel';
import { Checked, Shown, type FieldOptions } from '#platform';

// What bodies and answers of wallets are made of, beyond the words of all rooms.

const TIME = { type: 'string', pattern: '^([01]\\d|2[0-3]):[0-5]\\d$|^24:00$' };
const Day = (): PropertyDecorator =>
  Shown(
    {
      type: 'array',
      maxItems: MAX_INTERVALS,
      items: { type: 'array', minItems: 2, maxItems: 2, items: TIME },
    },
    { optional: true },
  );

type Intervals = Hours['weekly']['mon'];

class WeeklyHours {
  @Day() mon?: Intervals;
  @Day() tue?: Intervals;
  @Day() wed?: Intervals;
  @Day() thu?: Intervals;
  @Day() fri?: Intervals;
  @Day() sat?: Intervals;
  @Day() sun?: Intervals;
}
class WorkingHours {
  @Shown('string', { description: 'A name of the IANA database: America/Sao_Paulo' }) timeZone!: string;
  @Shown(() => WeeklyHours) weekly!: WeeklyHours;
  @Shown(
    { type: 'array', maxItems: MAX_CLOSED, items: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' } },
    { optional: true },
  )
  closed?: readonly string[];
}

/** Working hours of a body; `hoursOf` reads them. */
export const HoursField = (options: FieldOptions): PropertyDecorator =>
  Checked(
    { type: () => WorkingHours },
    (value) => hoursOf(value) !== null,
    'must be hours: {"timeZone":"America/Sao_Paulo","weekly":{"mon":[["08:00","12:00"]]},"closed":["2026-12-25"]}',
    options,
  );

export const HoursShown = (): PropertyDecorator => Shown(() => WorkingHours, { nullable: true });

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
