import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { invalid, type FieldError } from './problem.js';

type Class = new () => object;

const UNCHECKED: ReadonlySet<unknown> = new Set([Object, Array, String, Number, Boolean]);

/** Bodies and queries become instances of their class: whole, without unknown fields, nothing converted. Otherwise Problem 400. */
@Injectable()
export class BodyPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if ((type !== 'body' && type !== 'query') || metatype === undefined || UNCHECKED.has(metatype)) return value;
    return check(metatype as Class, value);
  }
}

/** A value as an instance of `type`; for the lines of a batch, which no pipe sees. A missing body counts as an empty one. Throws Problem 400. */
export const check = <T extends object>(type: new () => T, value: unknown = {}): T => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid([{ path: '', message: 'must be an object' }]);
  }
  const instance = plainToInstance(type, value);
  const errors = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    // A class without any field takes only an empty object.
    forbidUnknownValues: false,
    validationError: { target: false },
  });
  if (errors.length > 0) throw invalid(flatten(errors, '', Array.isArray(instance)).slice(0, 100));
  return withoutUndefined(instance) as T;
};

/** `identities[0].value`: entries of lists in brackets, fields behind a dot. */
const flatten = (errors: readonly ValidationError[], parent: string, inList: boolean): readonly FieldError[] =>
  errors.flatMap((error) => {
    const path = inList
      ? `${parent}[${error.property}]`
      : parent === ''
        ? error.property
        : `${parent}.${error.property}`;
    const own = messages(error).map((message) => ({ path, message }));
    return [...own, ...flatten(error.children ?? [], path, Array.isArray(error.value))];
  });

const messages = ({ constraints = {} }: ValidationError): readonly string[] => {
  if ('whitelistValidation' in constraints) return ['is not a known field'];
  // A wrong shape explains why its fields were not looked at.
  const { nestedValidation: _, ...others } = constraints;
  return Object.values(others);
};

/** Class fields that the client left out exist with `undefined`; what was left out shall be absent, so that null and absent stay apart. */
const withoutUndefined = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    value.forEach(withoutUndefined);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, field] of Object.entries(value)) {
      if (field === undefined) Reflect.deleteProperty(value, key);
      else withoutUndefined(field);
    }
  }
  return value;
};
