import { field, nested, shown, type FieldOptions, type FieldRule, type Schema } from './field.js';
import { isUuid } from './ids.js';
import { isStorableText } from './json.js';
import { parseTime } from './time.js';

// The words of which bodies and queries are made. Each validates, normalises and describes, so that a class reads like a table:
//   class BlockBody { @Flag() confirm!: boolean; @Text(2000, { optional: true }) reasonText?: string; }

/** Text of 1 to `max` characters (code points), not only blanks; `blank: true` allows those, but not nothing. */
export const Text = (max: number, options: FieldOptions & { readonly blank?: true } = {}): PropertyDecorator =>
  field(
    {
      schema: { type: 'string', minLength: 1, maxLength: max },
      message: `must be text of 1 to ${String(max)} characters`,
      test: (value) =>
        typeof value === 'string' && (options.blank === true ? value !== '' : value.trim() !== '') && fits(value, max),
    },
    options,
  );

/** A UUID, in lower case. */
export const Uuid = (options: FieldOptions = {}): PropertyDecorator =>
  field(
    {
      schema: { type: 'string', format: 'uuid' },
      message: 'must be a UUID',
      normalise: (value) => (typeof value === 'string' ? value.toLowerCase() : value),
      test: (value) => typeof value === 'string' && isUuid(value),
    },
    options,
  );

/** A time of RFC 3339 with its zone; the class gets it as UTC with milliseconds. */
export const Time = (options: FieldOptions = {}): PropertyDecorator =>
  field(
    {
      schema: { type: 'string', format: 'date-time' },
      message: 'must be an RFC 3339 time with a zone',
      normalise: (value) => (typeof value === 'string' ? (parseTime(value) ?? value) : value),
      test: (value) => typeof value === 'string' && parseTime(value) !== null,
    },
    options,
  );

/** A code in clear: `[a-z0-9_.-]{1,64}`. */
export const Code = (options: FieldOptions = {}): PropertyDecorator =>
  Matching(/^[a-z0-9_.-]{1,64}$/, 'must be a code of [a-z0-9_.-], 1 to 64 characters', options);

/** The id of a staff member or of another token subject. */
export const SubjectId = (options: FieldOptions = {}): PropertyDecorator =>
  Matching(/^[A-Za-z0-9_-]{1,64}$/, 'must be an id of [A-Za-z0-9_-], 1 to 64 characters', options);

/** Text of a pattern, which is anchored by its author. */
export const Matching = (pattern: RegExp, message: string, options: FieldOptions = {}): PropertyDecorator =>
  field(
    {
      schema: { type: 'string', pattern: pattern.source },
      message,
      test: (value) => typeof value === 'string' && pattern.test(value),
    },
    options,
  );

export const OneOf = (values: readonly string[], options: FieldOptions = {}): PropertyDecorator =>
  field(
    {
      schema: { type: 'string', enum: values },
      message: `must be one of ${values.join(', ')}`,
      test: (value) => typeof value === 'string' && values.includes(value),
    },
    options,
  );

export const Flag = (options: FieldOptions = {}): PropertyDecorator =>
  field(
    { schema: { type: 'boolean' }, message: 'must be true or false', test: (value) => typeof value === 'boolean' },
    options,
  );

/** A whole number of a body. */
export const Whole = (min: number, max: number, options: FieldOptions = {}): PropertyDecorator =>
  field(whole(min, max), options);

/** An object of `type`. */
export const Nested = (type: new () => object, options: FieldOptions = {}): PropertyDecorator => nested(type, options);

/** A list of objects of `type`. */
export const ListOf = (
  type: new () => object,
  max: number,
  options: Omit<FieldOptions, 'list'> = {},
): PropertyDecorator => nested(type, { ...options, list: max });

/** A shape that no other word says: a union, a record. `message` starts with `must be`. */
export const Checked = (
  schema: Schema,
  test: (value: unknown) => boolean,
  message: string,
  options: FieldOptions = {},
): PropertyDecorator => field({ schema, test, message }, options);

/** The schema of whatever JSON there is: without a type swagger would say `object`. */
export const JSON_VALUE: Schema = {
  oneOf: [
    ...['string', 'number', 'boolean', 'null'].map((type) => ({ type })),
    { type: 'object', additionalProperties: true },
    { type: 'array', items: {} },
  ],
};

/** Any JSON value, null included; only leaving it out is wrong (unless optional). */
export const Anything = (options: FieldOptions = {}): PropertyDecorator =>
  field({ schema: JSON_VALUE, message: 'must be given', test: (value) => value !== undefined }, options);

/** A field of an answer: described, never validated. `@Shown('string', { nullable: true })`, `@Shown(() => Row, { list: 200 })`. */
export const Shown = (
  type: 'string' | 'number' | 'integer' | 'boolean' | 'object' | Schema | (() => unknown),
  options: FieldOptions = {},
): PropertyDecorator =>
  shown(
    type === 'object'
      ? { type, additionalProperties: true }
      : typeof type === 'string' || typeof type === 'function'
        ? { type }
        : type,
    options,
  );

// What follows reads text of a query string.

/** `true` or `false`. */
export const QueryFlag = (options: FieldOptions = { optional: true }): PropertyDecorator =>
  field(
    {
      schema: { type: 'boolean' },
      message: 'must be true or false',
      normalise: (value) => (value === 'true' ? true : value === 'false' ? false : value),
      test: (value) => typeof value === 'boolean',
    },
    options,
  );

/** A whole number. */
export const QueryWhole = (min: number, max: number, options: FieldOptions = { optional: true }): PropertyDecorator =>
  field({ ...whole(min, max), normalise: numberOf }, options);

/** Rows of one page: 1 to 200. */
export const Limit = (): PropertyDecorator => QueryWhole(1, 200);

/** Milliseconds to wait for a token: 0 to 30,000. */
export const Wait = (): PropertyDecorator => QueryWhole(0, 30_000);

/** A cursor as a list gave it; read by `decodeCursor`, which refuses with its own code. */
export const Cursor = (): PropertyDecorator => opaque('nextCursor of the page before');

/** A consistency token; read by `consistencyOf`, which refuses with its own code. */
export const After = (): PropertyDecorator => opaque('a Consistency-Token: answer only from what has seen its write');

const opaque = (description: string): PropertyDecorator =>
  field(
    { schema: { type: 'string' }, message: 'must be given once', test: (value) => typeof value === 'string' },
    { optional: true, description },
  );

const whole = (min: number, max: number): FieldRule => ({
  schema: { type: 'integer', minimum: min, maximum: max },
  message: `must be a whole number from ${String(min)} to ${String(max)}`,
  test: (value) => typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max,
});

const numberOf = (value: unknown): unknown =>
  typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;

/** Counts code points only where the quick bound leaves it open. */
const fits = (value: string, max: number): boolean =>
  isStorableText(value) && (value.length <= max || (value.length <= 2 * max && Array.from(value).length <= max));
