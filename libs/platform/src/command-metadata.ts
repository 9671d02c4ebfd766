import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { CommandMetadata } from '#kernel';
import { identityOf } from './access.js';
import { canonicalJson } from './canonical-json.js';
import { idempotencyKeyOf, traceparentOf } from './habits.js';
import { keyedHash } from './keyed-hash.js';

export type CommandOrigin = {
  /** What the command is about, where neither the path nor the body says it. */
  readonly subject?: string;
  readonly onBehalfOf?: string;
};

/**
 * What a command of this request carries: its id (`Idempotency-Key`, else a new one), the caller, the time, and the hash
 * by which a repeat is told from another request with the same key. To be called once per request: each call takes the time anew.
 */
export const commandMetadata = async (
  request: FastifyRequest,
  origin: CommandOrigin = {},
): Promise<CommandMetadata> => {
  const { caller, tenant } = identityOf(request);
  const traceparent = traceparentOf(request);
  return {
    commandId: idempotencyKeyOf(request) ?? randomUUID(),
    correlationId: request.correlationId,
    causationId: request.correlationId,
    tenant,
    caller,
    now: new Date().toISOString(),
    requestHash: await hashOf(request, tenant, caller.id, origin.subject ?? ''),
    ...(origin.onBehalfOf === undefined ? {} : { onBehalfOf: origin.onBehalfOf }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
};

/** HMAC-SHA-256 under the tenant's secret over method, path with its ids, query, caller, subject and canonical body: no body can be guessed from it. */
const hashOf = async (request: FastifyRequest, tenant: string, callerId: string, subject: string): Promise<string> => {
  const secret = await request.server.platform.tenantSecrets.secretOf(tenant);
  const { after: _after, wait: _wait, ...query } = (request.query ?? {}) as Record<string, unknown>;
  const said = [
    request.method,
    request.routeOptions.url ?? '',
    request.params ?? {},
    query,
    callerId,
    subject,
    request.body ?? {},
  ];
  return keyedHash(secret, canonicalJson(said), 'base64url');
};
