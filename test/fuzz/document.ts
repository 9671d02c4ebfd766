// The OpenAPI document as the fuzzer reads it: what may be asked, and what was promised of the answers.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** A part of a JSON schema. */
export type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
};
export type Parameter = {
  readonly $ref?: string;
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
};
type Content = Readonly<Record<string, { readonly schema: Schema }>>;
type Described = {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
};
/** The part of an OpenAPI 3.1 document that is read here. */
export type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
  };
};

/** What is wrong with a value, in a sentence; `null` if nothing is. */
export type Check = (value: unknown) => string | null;
export type Operation = {
  /** `POST:/v1/contacts`, as `--only` takes it. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: { readonly type: string; readonly schema: Schema; readonly check: Check } | null;
  /** Checks of a query parameter's value, by its name. */
  readonly query: ReadonlyMap<string, Check>;
  /** What answers of success are declared: the check of the body by status and media type; no body has the type `none`. */
  readonly answers: ReadonlyMap<number, ReadonlyMap<string, Check>>;
};

const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** All operations of a document. An answer's object has the fields that are declared and no other; a body is held to what is said of it. */
export const operationsOf = (document: Document): readonly Operation[] => {
  const open = checksOver(document);
  const closed = checksOver(onlyDeclared(document) as Document);
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]): Operation => {
      const parameters = (described.parameters ?? []).map((parameter) => dereferenced(document, parameter));
      const [type, content] = Object.entries(described.requestBody?.content ?? {})[0] ?? [];
      return {
        name: `${method.toUpperCase()}:${path}`,
        method: method.toUpperCase(),
        path,
        parameters,
        body:
          type === undefined || content === undefined
            ? null
            : { type, schema: content.schema, check: open(content.schema) },
        query: new Map(
          parameters.filter((parameter) => parameter.in === 'query').map(({ name, schema }) => [name, open(schema)]),
        ),
        answers: new Map(
          Object.entries(described.responses)
            .filter(([status]) => status !== 'default')
            .map(([status, response]) => {
              const shown = Object.entries(response.content ?? {});
              const none: [string, Check] = ['none', () => null];
              const checks = shown.map(([media, of]): [string, Check] => [
                media,
                closed(onlyDeclared(of.schema) as Schema),
              ]);
              return [Number(status), new Map(checks.length === 0 ? [none] : checks)];
            }),
        ),
      };
    }),
  );
};

/** A schema behind its `$ref`. */
export const resolved = (document: Document, schema: Schema): Schema => {
  if (schema.$ref === undefined) return schema;
  const target = document.components.schemas[schema.$ref.split('/').at(-1) ?? ''];
  if (target === undefined) throw new Error(`the document has no ${schema.$ref}`);
  return resolved(document, target);
};

const dereferenced = (document: Document, parameter: Parameter): Parameter =>
  parameter.$ref === undefined
    ? parameter
    : (document.components.parameters[parameter.$ref.split('/').at(-1) ?? ''] ?? parameter);

const checksOver = (document: Document): ((schema: Schema) => Check) => {
  const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: false });
  ajv.addFormat('date-time', DATE_TIME);
  ajv.addFormat('uuid', UUID);
  ajv.addSchema({ $id: 'openapi', ...(absolute(document) as object) });
  return (schema) => {
    const validate: ValidateFunction = ajv.compile(absolute(schema) as object);
    return (value) => (validate(value) ? null : ajv.errorsText(validate.errors, { dataVar: 'it' }));
  };
};

/** References lead into the document wherever a part of it is compiled. */
const absolute = (value: unknown): unknown =>
  mapped(value, (key, field) =>
    key === '$ref' && typeof field === 'string' ? field.replace(/^#/, 'openapi#') : field,
  );

const onlyDeclared = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(onlyDeclared);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.fromEntries(Object.entries(value).map(([key, field]) => [key, onlyDeclared(field)]));
  const isClosed = 'properties' in fields && fields['type'] !== undefined && !('additionalProperties' in fields);
  return isClosed ? { ...fields, additionalProperties: false } : fields;
};

const mapped = (value: unknown, change: (key: string, field: unknown) => unknown): unknown => {
  if (Array.isArray(value)) return value.map((entry) => mapped(entry, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, mapped(change(key, field), change)]));
};
