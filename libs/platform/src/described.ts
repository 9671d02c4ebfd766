import type * as Swagger from '@nestjs/swagger';

/**
 * What OpenAPI is to say of routes and fields, kept as deferred decorators: importing @nestjs/swagger costs 0.3–0.4 s of every start,
 * and only the first reader of /openapi.json needs it.
 */
const deferred: ((swagger: typeof Swagger) => void)[] = [];

/** Applies a decorator of @nestjs/swagger when the document is built. */
export const inOpenApi = (decorate: (swagger: typeof Swagger) => void): void => {
  deferred.push(decorate);
};

/** Applies what was deferred, each once. */
export const applyDescriptions = (swagger: typeof Swagger): void => {
  for (const decorate of deferred.splice(0)) decorate(swagger);
};

type TextType = 'text/csv' | 'application/x-ndjson' | 'text/event-stream' | 'text/plain' | 'text/html';
type Type = abstract new (...args: never[]) => unknown;

/** How a route answers: its status, the class of its body (`[Class]` for a list) and a sentence. Demanded by the architecture test. */
export const Answers = (
  status: number,
  type: Type | readonly [Type] | TextType | 'none',
  description = '',
): MethodDecorator => {
  return (target, key, descriptor) => {
    inOpenApi((swagger) => {
      const body =
        type === 'none' ? {} : typeof type === 'string' ? { content: textAs([type]) } : { type: type as never };
      swagger.ApiResponse({ status, description, ...body })(target, key, descriptor);
    });
  };
};

/** How a route answers with 200 whose caller may ask for a text instead of JSON: the class of the JSON, and the media types. */
export const AnswersOrText = (type: Type, ...media: readonly TextType[]): MethodDecorator => {
  return (target, key, descriptor) => {
    inOpenApi((swagger) => {
      swagger.ApiExtraModels(type)(target, key, descriptor);
      const json = { 'application/json': { schema: { $ref: swagger.getSchemaPath(type) } } };
      swagger.ApiResponse({ status: 200, content: { ...json, ...textAs(media) } })(target, key, descriptor);
    });
  };
};

const textAs = (media: readonly string[]): Record<string, { schema: { type: 'string' } }> =>
  Object.fromEntries(media.map((type) => [type, { schema: { type: 'string' } }]));

/** One sentence on what the route does. */
export const Summary =
  (summary: string): MethodDecorator =>
  (target, key, descriptor) => {
    inOpenApi((swagger) => {
      swagger.ApiOperation({ summary })(target, key, descriptor);
    });
  };

/** The heading under which a controller's routes stand in the document. */
export const Tag =
  (name: string): ClassDecorator =>
  (target) => {
    inOpenApi((swagger) => {
      swagger.ApiTags(name)(target);
    });
  };
