import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import openapi, { astToString } from 'openapi-typescript';
import { ApiModule } from '#apps/api/api.module';
import { openGatehouse } from '#apps/api/gatehouse';
import { createHttpApp, makeLogger, openApiOf, readConfiguration } from '#platform';

export const SCHEMA = 'libs/client/src/schema.ts';

/** The document that a running server serves at /openapi.json. */
export const servedDocument = async (): Promise<object> => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-openapi-'));
  const configuration = readConfiguration({
    NODE_ENV: 'test',
    DATA_DIR: folder,
    AUTH_JWT_SECRET: 'a secret of at least thirty-two bytes',
    KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    LOG_LEVEL: 'silent',
    LOG_FORMAT: 'json',
  });
  const logger = await makeLogger(configuration);
  const app = await createHttpApp(ApiModule.over(await openGatehouse(configuration, logger)), {
    configuration,
    logger,
  });
  try {
    return await openApiOf(app, { title: 'Portaria', version: '' });
  } finally {
    await app.close();
    rmSync(folder, { recursive: true });
  }
};

/** The client's types for an OpenAPI document, as the file holds them. */
export const schemaOf = async (document: object): Promise<string> =>
  `// Generated from the OpenAPI document: npm run generate:client\n\n${astToString(await openapi(document as never))}`;
