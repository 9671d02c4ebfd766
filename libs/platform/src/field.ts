import { Transform, Type } from 'class-transformer';
import { ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import { inOpenApi } from './described.js';

export type FieldOptions = {
  /** May be left out. */
  readonly optional?: true;
  /** May be null. */
  readonly nullable?: true;
  /** A list of such values, with at most so many entries. */
  readonly list?: number;
  readonly description?: string;
};

/** A part of a JSON schema, as @nestjs/swagger takes it. */
export type Schema = Readonly<Record<string, unknown>>;

export type FieldRule = {
  readonly schema: Schema;
  /** Whether one value (one entry of a list) is right, behind `normalise`. */
  readonly test: (value: unknown) => boolean;
  /** Goes behind the path: `must be …`. */
  readonly message: string;
  /** One form for equal values (lower-case ids, UTC times); gives wrong values back unchanged. */
  readonly normalise?: (value: unknown) => unknown;
};

/** Validation, normal form and OpenAPI of one field in one go: what all decorators of `fields.ts` are made of. */
export const field = (rule: FieldRule, options: FieldOptions = {}): PropertyDecorator => {
  const { normalise, test } = rule;
  const { list } = options;
  const decorators = [
    ...presence(options),
    ValidateBy({
      name: 'field',
      validator: {
        validate: (value: unknown) =>
          list === undefined ? test(value) : Array.isArray(value) && value.length <= list && value.every(test),
        defaultMessage: () =>
          list === undefined
            ? rule.message
            : `must be a list of at most ${String(list)} entries, each of which ${rule.message}`,
      },
    }),
  ];
  if (normalise !== undefined) {
    decorators.push(
      Transform(({ value }: { value: unknown }) =>
        list !== undefined && Array.isArray(value) ? value.map(normalise) : normalise(value),
      ),
    );
  }
  return all(decorators, shape(rule.schema, options));
};

type Class = new () => object;

/** A field that is an object of `type`, or with `list` a list of them. */
export const nested = (type: Class, options: FieldOptions): PropertyDecorator => {
  const { list } = options;
  const isRight = (value: unknown): boolean =>
    list === undefined ? isObject(value) : Array.isArray(value) && value.length <= list && value.every(isObject);
  const message = list === undefined ? 'must be an object' : `must be a list of at most ${String(list)} objects`;
  return all(
    [
      ...presence(options),
      Type(() => type),
      ValidateBy({ name: 'shape', validator: { validate: isRight, defaultMessage: () => message } }),
      ValidateNested({ each: list !== undefined }),
    ],
    shape({ type }, options),
  );
};

/** Describes a field of an answer, which nobody validates. */
export const shown = (schema: Schema, options: FieldOptions): PropertyDecorator => shape(schema, options);

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const presence = ({ optional, nullable }: FieldOptions): PropertyDecorator[] => [
  ...(optional === true ? [ValidateIf((_object, value) => value !== undefined)] : []),
  ...(nullable === true ? [ValidateIf((_object, value) => value !== null)] : []),
];

const shape =
  (schema: Schema, { optional, nullable, list, description }: FieldOptions): PropertyDecorator =>
  (target, key) => {
    inOpenApi(({ ApiProperty }) => {
      const { type } = schema;
      ApiProperty({
        ...schema,
        // By the name `type` swagger tells a function that gives a class from a class.
        ...(isLazy(type) ? { type: () => type() } : {}),
        ...(list === undefined ? {} : { isArray: true, maxItems: list }),
        ...(nullable === true ? { nullable: true } : {}),
        ...(description === undefined ? {} : { description }),
        required: optional !== true,
      })(target, key);
    });
  };

/** Not a class: a function that gives one, which may stand below. */
const isLazy = (type: unknown): type is () => unknown => typeof type === 'function' && !('prototype' in type);

const all =
  (decorators: readonly PropertyDecorator[], last: PropertyDecorator): PropertyDecorator =>
  (target, key) => {
    for (const decorate of [...decorators, last]) decorate(target, key);
  };
