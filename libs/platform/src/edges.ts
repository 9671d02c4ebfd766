import type { Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Platform } from './platform.js';
import { problem } from './problem.js';

/** What stands between the socket and the routes: closing, security headers, back-pressure, authentication, rate limit, measurements. */
export const guardEdges = async (
  fastify: FastifyInstance,
  platform: Platform,
  closing: AbortController,
  mostUnderWay: number,
  authentication: (request: FastifyRequest) => Promise<void>,
): Promise<void> => {
  fastify.addHook('preClose', async () => {
    closing.abort();
    // Fastify closes what is idle now; what is busy now and idle later would hold the process for its keep-alive time.
    const sweep = setInterval(() => {
      fastify.server.closeIdleConnections();
    }, 50);
    fastify.server.once('close', () => {
      clearInterval(sweep);
    });
    sweep.unref();
    return Promise.resolve();
  });
  fastify.addHook('onRequest', (_request, reply, next) => {
    void reply.headers(SECURITY_HEADERS);
    next();
  });
  fastify.addHook('onRequest', (request, reply, next) => {
    if (closing.signal.aborted && !request.url.startsWith('/health/')) {
      void reply.header('connection', 'close');
      throw problem('store-unavailable', 'The process is shutting down');
    }
    next();
  });
  refuseBeyond(fastify, mostUnderWay);
  fastify.addHook('onRequest', authentication);
  await rateLimit(fastify, platform.configuration.rateLimitPerMinute);
  fastify.addHook('onResponse', (request, reply, next) => {
    const labels = {
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      status: String(reply.statusCode),
    };
    platform.metrics.httpDuration.observe(labels, reply.elapsedTime / 1000);
    platform.logger.debug(
      { ...labels, correlationId: request.correlationId, milliseconds: reply.elapsedTime },
      'request',
    );
    next();
  });
};

/**
 * What Helmet would set, as constants: it puts the policy together anew for each answer, 5 % of a small request.
 * An answer may hold personal data, so nobody keeps it.
 */
export const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** Asked by those who look after the process; streams, which last, are limited by themselves. */
const APART = /^\/(health\/|metrics\b)|\/live(\?|$)/;

const BEYOND = 'Too many requests are under way. Nothing was stored: try again with the same Idempotency-Key';

/** Where a store hangs, requests wait for it: beyond so many the next is refused before a byte of its body is read. */
const refuseBeyond = (fastify: FastifyInstance, most: number): void => {
  let underWay = 0;
  const leave = (): void => {
    underWay -= 1;
  };
  fastify.addHook('onRequest', (request, { raw }, next) => {
    if (!APART.test(request.url)) {
      if (underWay >= most) throw problem('busy', BEYOND);
      underWay += 1;
      // Once for each, whether its answer went out or its client went away.
      raw.once('close', leave);
    }
    next();
  });
};

/** Per token, behind authentication, so that nobody spends the allowance of another; integrations are exempt. */
const rateLimit = async (fastify: FastifyInstance, perMinute: number): Promise<void> => {
  if (perMinute === 0) return;
  const { default: limit } = await import('@fastify/rate-limit');
  await fastify.register(limit, {
    global: true,
    max: perMinute,
    timeWindow: 60_000,
    cache: 10_000,
    keyGenerator: (request) => request.tokenDigest ?? request.ip,
    allowList: (request) => request.identity === null || request.identity.caller.role === 'integration',
    errorResponseBuilder: () => problem('rate-limited'),
  });
};

/** Bytes that are no HTTP request, or come too slowly: there is no request to answer, so the answer is written by hand. */
export const refuseUnreadable = (error: Error & { readonly code?: string }, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = problem('invalid-request', 'The request is not HTTP, too slow or its headers are too large');
  const correlationId = randomUUID();
  const body = JSON.stringify(refusal.toBody(correlationId));
  const headers = Object.entries({
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    'x-correlation-id': correlationId,
    ...SECURITY_HEADERS,
  });
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 400 Bad Request\r\n${head}\r\n${body}`);
};
