import { Ajv, type ErrorObject, type JSONSchemaType, type Schema } from 'ajv';
import { inOpenApi } from './described.js';
import { invalid, type FieldError } from './problem.js';
import { parseTime } from './time.js';

// For bulk routes: class-validator checks some 40 thousand objects a second, a compiled schema some 500 thousand.

const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false });
ajv.addFormat('date-time', { type: 'string', validate: (text: string) => parseTime(text) !== null });
ajv.addKeyword({ keyword: 'example', schemaType: ['string', 'object'] });

/** A checker of values of one JSON schema (as it stands in OpenAPI). It throws Problem 400 that names every wrong place. */
export const shapeOf = <T>(schema: Schema | JSONSchemaType<T>): ((value: unknown) => T) => {
  const validate = ajv.compile<T>(schema);
  return (value) => {
    if (validate(value)) return value;
    throw invalid((validate.errors ?? []).slice(0, 100).map(fieldError));
  };
};

const fieldError = (error: ErrorObject): FieldError => {
  const parent = error.instancePath
    .split('/')
    .slice(1)
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`), '');
  const { missingProperty, additionalProperty } = error.params as {
    missingProperty?: string;
    additionalProperty?: string;
  };
  const child = missingProperty ?? additionalProperty;
  const path = child === undefined ? parent : parent === '' ? child : `${parent}.${child}`;
  if (missingProperty !== undefined) return { path, message: 'must be given' };
  if (additionalProperty !== undefined) return { path, message: 'is not a known field' };
  return {
    path,
    message:
      error.keyword === 'enum'
        ? `must be one of ${(error.params as { allowedValues: string[] }).allowedValues.join(', ')}`
        : (error.message ?? 'is wrong'),
  };
};

/** Says in OpenAPI what a body that a shape checks looks like. */
export const ShapedBody =
  (schema: object): MethodDecorator =>
  (target, key, descriptor) => {
    inOpenApi((swagger) => {
      swagger.ApiBody({ schema: schema as never })(target, key, descriptor);
    });
  };
