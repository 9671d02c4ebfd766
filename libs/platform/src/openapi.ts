import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { applyDescriptions } from './described.js';
import { withHabits } from './openapi-habits.js';

export type ApiTitle = { readonly title: string; readonly version: string; readonly description?: string };

/** Serves /openapi.json and a reader at /docs. The document is built for its first reader, not at start. */
export const serveDocumentation = (fastify: FastifyInstance, app: INestApplication, about: ApiTitle): void => {
  let document: Promise<string> | undefined;
  const open = { config: { portaria: { public: true } } } as const;
  fastify.get('/openapi.json', open, async (_request, reply) => {
    document ??= openApiOf(app, about).then((built) => JSON.stringify(built));
    return reply.type('application/json; charset=utf-8').send(await document);
  });
  for (const path of ['/docs', '/docs/']) {
    fastify.get(path, open, async (_request, reply) =>
      reply
        .headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': READER_POLICY })
        .send(page(about.title)),
    );
  }
  fastify.get('/docs/start.js', open, async (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(START),
  );
  for (const [file, type] of FILES) {
    fastify.get(`/docs/${file}`, open, async (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', 'public, max-age=3600')
        .send(await readFile(join(reader(), file))),
    );
  }
};

/** The OpenAPI 3.1 document of an application that was initialised. */
export const openApiOf = async (app: INestApplication, about: ApiTitle): Promise<object> => {
  const swagger = await import('@nestjs/swagger');
  applyDescriptions(swagger);
  const base = new swagger.DocumentBuilder()
    .setTitle(about.title)
    .setVersion(about.version)
    .setDescription(about.description ?? '')
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .addSecurityRequirements('bearer')
    .addGlobalResponse({
      status: 'default',
      description: 'A refusal (RFC 9457)',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    } as never)
    .build();
  return withoutNullable(withHabits(swagger.SwaggerModule.createDocument(app, base))) as object;
};

/** `nullable` is of OpenAPI 3.0; 3.1 has the type null instead. */
const withoutNullable = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutNullable);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...fields } = Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, withoutNullable(field)]),
  );
  if (nullable !== true) return nullable === undefined ? fields : { ...fields, nullable };
  if (typeof fields['type'] !== 'string') return { anyOf: [fields, { type: 'null' }] };
  const values = fields['enum'] as unknown[] | undefined;
  return { ...fields, type: [fields['type'], 'null'], ...(values === undefined ? {} : { enum: [...values, null] }) };
};

/** The reader loads its own files only; swagger-ui writes style attributes and data: images. */
const READER_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const FILES = [
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
] as const;

/** swagger-ui-dist comes with @nestjs/swagger; resolved from there, since npm may nest it. */
const reader = (): string => {
  const fromHere = createRequire(import.meta.url);
  return dirname(createRequire(fromHere.resolve('@nestjs/swagger')).resolve('swagger-ui-dist/package.json'));
};

const page = (title: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>` +
  '<link rel="stylesheet" href="/docs/swagger-ui.css"></head><body><div id="reader"></div>' +
  '<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>';

const START = "SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reader', deepLinking: true });\n";
