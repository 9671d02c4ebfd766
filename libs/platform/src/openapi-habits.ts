import type { OpenAPIObject } from '@nestjs/swagger';
import { PROBLEMS } from './problem-codes.js';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Parameters = NonNullable<NonNullable<OpenAPIObject['components']>['parameters']>;

/** What all routes share stands once in the document: the form of a refusal and the headers of commands. */
export const withHabits = (document: OpenAPIObject): OpenAPIObject => {
  const components = (document.components ??= {});
  components.schemas = { ...components.schemas, ...SCHEMAS };
  components.parameters = { ...components.parameters, ...PARAMETERS };
  for (const path of Object.values(document.paths)) {
    for (const method of ['post', 'put', 'patch', 'delete'] as const) {
      const operation = path[method];
      if (operation === undefined) continue;
      const shared = Object.keys(PARAMETERS).map((name) => ({ $ref: `#/components/parameters/${name}` }));
      operation.parameters = [...(operation.parameters ?? []), ...shared];
    }
  }
  return document;
};

const SCHEMAS: Schemas = {
  Problem: {
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'code', 'correlationId'],
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      code: { type: 'string', enum: Object.keys(PROBLEMS) },
      correlationId: { type: 'string' },
      errors: {
        type: 'array',
        items: {
          type: 'object',
          required: ['path', 'message'],
          properties: { path: { type: 'string' }, message: { type: 'string' } },
        },
      },
    },
  },
};

const PARAMETERS: Parameters = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'The command id. The same key with the same request gives the first answer again, for 24 h.',
    schema: { type: 'string', format: 'uuid' },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'The revision that the resource must have, in quotes; otherwise 412.',
    schema: { type: 'string', pattern: '^"\\d{1,15}"$' },
  },
};
