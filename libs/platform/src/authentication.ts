import type { FastifyRequest } from 'fastify';
import type { Caller } from '#kernel';
import type { AllowedRole, Identity, RouteAccess } from './access.js';
import { problem } from './problem.js';
import type { StaffDirectory } from './staff-directory.js';
import type { Claims, TokenVerifier } from './token-verifier.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the rate limit counts by; `null` on public routes. */
    tokenDigest: string | null;
    /** Asks token and staff record anew, for answers that go on for long, and sets `identity`. Throws Problem 401, 403 or 503. */
    reauthenticate: () => Promise<Identity>;
  }
}

/**
 * The first gate: 401 for the token, then 403 for the role, before a byte of the body is read.
 * A route that names no roles and is not public is refused, so that a forgotten decorator opens nothing.
 */
export const authenticate =
  (verifier: TokenVerifier, staff: StaffDirectory) =>
  async (request: FastifyRequest): Promise<void> => {
    const access: RouteAccess = request.routeOptions.config.portaria ?? {};
    if (access.public === true || request.is404) return;
    const claims = await verifier.verify(request.headers.authorization);
    request.tokenDigest = claims.digest;
    const caller = await callerOf(claims, staff);
    if (!(access.roles as readonly string[] | undefined)?.includes(caller.role)) throw problem('forbidden');
    request.identity = { caller, tenant: claims.tenant };
  };

/** Token and staff record together (source: spec/domain.md, "Roles"). Throws Problem 403. */
const callerOf = async (claims: Claims, staff: StaffDirectory): Promise<Caller> => {
  const record = await staff.find(claims.tenant, claims.subject);
  if (record?.active === false) throw problem('staff-inactive');
  const role: AllowedRole | undefined = claims.role ?? record?.role;
  if (role === undefined) throw problem('forbidden', 'Neither the token nor a staff record gives a role');
  return {
    id: claims.subject,
    kind: role === 'integration' ? 'integration' : 'staff',
    role,
    access: role === 'agent' && record !== null ? record.access : 'all',
  };
};
