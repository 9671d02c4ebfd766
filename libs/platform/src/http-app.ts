import 'reflect-metadata';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { ModuleRef, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { identityOf } from './access.js';
import { authenticate } from './authentication.js';
import { BodyPipe } from './body.pipe.js';
import { MAX_BODY_BYTES, registerBodies } from './bodies.js';
import { Configuration } from './configuration.js';
import { guardEdges, refuseUnreadable, SECURITY_HEADERS } from './edges.js';
import { EventStreams } from './event-streams.js';
import { HealthController } from './health.controller.js';
import { correlationIdOf, checkHabits } from './habits.js';
import { makeLogger, nestLogger, type Logger } from './logging.js';
import { Metrics } from './metrics.js';
import { serveDocumentation, type ApiTitle } from './openapi.js';
import { Platform } from './platform.js';
import { answerException, ProblemFilter } from './problem.filter.js';
import { drainOnSignals } from './shutdown.js';
import { StaffDirectory, TenantSecrets } from './staff-directory.js';
import { TokenVerifier } from './token-verifier.js';

export type HttpAppOptions = {
  readonly configuration: Configuration;
  /** Made from the configuration when absent. */
  readonly logger?: Logger;
  readonly about?: ApiTitle;
  /** SIGTERM and SIGINT drain and end the process; off for tests. */
  readonly signals?: boolean;
  /** A request must have come within so many milliseconds, from its first to its last byte; else the connection is cut. */
  readonly requestMs?: number;
  /** So many requests may be under way at once, 2,000 if absent; the next ones are 503 `busy`. */
  readonly mostUnderWay?: number;
};

/**
 * The application behind HTTP: `module` with everything that all routes share. It is initialised but does not listen yet.
 * The module, or one that it imports, provides StaffDirectory and TenantSecrets and may provide Readiness;
 * it may inject Platform, Configuration and Metrics.
 */
export const createHttpApp = async (
  module: Type | DynamicModule,
  options: HttpAppOptions,
): Promise<NestFastifyApplication> => {
  const { configuration, requestMs = 60_000, mostUnderWay = 2_000 } = options;
  const logger = options.logger ?? (await makeLogger(configuration));
  const closing = new AbortController();
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    logger: false,
    skipMiddie: true,
    return503OnClosing: false,
    requestTimeout: requestMs,
    // By itself Node looks every 30 s.
    http: { headersTimeout: requestMs, connectionsCheckingInterval: requestMs / 12 },
    keepAliveTimeout: 72_000,
    routerOptions: { maxParamLength: 300 },
    // The router refuses before any hook runs.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      request.correlationId = correlationIdOf(request.headers);
      void reply.headers({ ...SECURITY_HEADERS, 'x-correlation-id': request.correlationId });
      answerException(logger, error, request, reply);
    },
    clientErrorHandler: refuseUnreadable,
  });
  const platform = PlatformModule.of(configuration, logger, closing.signal);
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: HttpAppModule, imports: [platform, module] },
    adapter,
    { bodyParser: false, logger: nestLogger(logger), abortOnError: false },
  );
  const fastify = app.getHttpAdapter().getInstance();
  await registerGates(fastify, app, closing, mostUnderWay);
  app.useGlobalFilters(new ProblemFilter(logger));
  app.useGlobalPipes(new BodyPipe());
  serveDocumentation(fastify, app, options.about ?? { title: 'Portaria', version: '0.1.0' });
  if (options.signals === true) drainOnSignals(app);
  return app.init();
};

/** In the order in which a request meets them. */
const registerGates = async (
  fastify: FastifyInstance,
  app: NestFastifyApplication,
  closing: AbortController,
  mostUnderWay: number,
): Promise<void> => {
  const platform = app.get(Platform, { strict: false });
  fastify.decorate('platform', platform);
  fastify.decorateRequest('identity', null);
  fastify.decorateRequest('tokenDigest', null);
  fastify.decorateRequest('correlationId', '');
  // Where nothing is waited for a gate calls the next one: a promise for each would cost a request more than what it checks.
  fastify.addHook('onRequest', (request, reply, next) => {
    request.correlationId = correlationIdOf(request.headers);
    void reply.header('x-correlation-id', request.correlationId);
    next();
  });
  const staff = app.get(StaffDirectory, { strict: false });
  const authentication = authenticate(new TokenVerifier(platform.configuration.auth), staff);
  fastify.decorateRequest('reauthenticate', async function (this: FastifyRequest) {
    await authentication(this);
    return identityOf(this);
  });
  await guardEdges(fastify, platform, closing, mostUnderWay, authentication);
  registerBodies(fastify);
  fastify.addHook('preValidation', (request, _reply, next) => {
    if (!request.is404) checkHabits(request);
    next();
  });
};

@Module({})
class HttpAppModule {}

@Module({})
class PlatformModule {
  static of(configuration: Configuration, logger: Logger, closing: AbortSignal): DynamicModule {
    const metrics = new Metrics();
    return {
      module: PlatformModule,
      global: true,
      controllers: [HealthController],
      providers: [
        {
          provide: Platform,
          inject: [ModuleRef],
          // Looked up when asked: whoever keeps the secrets needs the configuration first.
          useFactory: (modules: ModuleRef) =>
            new Platform(
              configuration,
              logger,
              metrics,
              { secretOf: async (tenant) => modules.get(TenantSecrets, { strict: false }).secretOf(tenant) },
              closing,
            ),
        },
        { provide: EventStreams, inject: [Platform], useFactory: (platform: Platform) => new EventStreams(platform) },
        { provide: Configuration, useValue: configuration },
        { provide: Metrics, useValue: metrics },
      ],
      exports: [Platform, EventStreams, Configuration, Metrics],
    };
  }
}
