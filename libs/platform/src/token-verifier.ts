import { hash } from 'node:crypto';
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyResult } from 'jose';
import { LRUCache } from 'lru-cache';
import type { AuthConfiguration } from './configuration.js';
import { problem } from './problem.js';

/** What a token says of its bearer. Only these four can be a claim; agents and supervisors are made by their staff record. */
export type Claims = {
  readonly subject: string;
  readonly tenant: string;
  readonly role: 'auditor' | 'ops' | 'integration' | 'admin' | null;
  /** Tells tokens apart without holding one. */
  readonly digest: string;
};

const CLAIMED_ROLES: readonly unknown[] = ['auditor', 'ops', 'integration', 'admin'];
/** Pinned by kind of key, so that a public key is never taken for a secret. `none` is in neither. */
const OF_SECRET = ['HS256'];
const OF_JWKS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
/** A key taken out of the JWKS is felt within this time. */
const REMEMBERED_MS = 60_000;
/** A clock ahead of ours is forgiven that much; an expired token is expired. */
const TOLERANCE_SECONDS = 5;

/** Verifies tokens and remembers the verified ones: HS256 costs 50 µs, looking up a digest 2 µs. */
export class TokenVerifier {
  readonly #remembered = new LRUCache<string, { readonly claims: Claims; readonly expiresAt: number }>({
    max: 10_000,
    ttl: REMEMBERED_MS,
  });
  readonly #verify: (token: string) => Promise<JWTVerifyResult>;

  constructor(private readonly configuration: AuthConfiguration) {
    const { keys, issuer, audience } = configuration;
    const options = {
      clockTolerance: TOLERANCE_SECONDS,
      ...(issuer === null ? {} : { issuer }),
      ...(audience === null ? {} : { audience }),
    };
    if ('secret' in keys) {
      this.#verify = (token) => jwtVerify(token, keys.secret, { ...options, algorithms: OF_SECRET });
    } else {
      const set = createRemoteJWKSet(keys.jwksUrl);
      this.#verify = (token) => jwtVerify(token, set, { ...options, algorithms: OF_JWKS });
    }
  }

  /** The claims of an `Authorization` header. Throws Problem 401, or 503 if the keys cannot be fetched. */
  async verify(header: string | undefined): Promise<Claims> {
    const token = /^Bearer +([A-Za-z0-9_.~+/=-]+)$/i.exec(header ?? '')?.[1];
    if (token === undefined) throw problem('unauthenticated');
    const digest = hash('sha256', token, 'base64url');
    const remembered = this.#remembered.get(digest);
    if (remembered !== undefined) {
      if (remembered.expiresAt <= Date.now()) throw problem('unauthenticated', 'The token has expired');
      return remembered.claims;
    }
    const { payload } = await this.#verified(token);
    const expiresAt = (payload.exp ?? Infinity) * 1000;
    if (expiresAt <= Date.now()) throw problem('unauthenticated', 'The token has expired');
    const claims = claimsOf(payload, this.configuration.subjectClaim, digest);
    this.#remembered.set(digest, { claims, expiresAt });
    return claims;
  }

  async #verified(token: string): Promise<JWTVerifyResult> {
    try {
      return await this.#verify(token);
    } catch (error) {
      if (isOutage(error)) throw problem('store-unavailable', 'The keys that tokens are signed with cannot be fetched');
      throw problem('unauthenticated');
    }
  }
}

const claimsOf = (payload: JWTPayload, subjectClaim: string, digest: string): Claims => {
  const { tenant, role } = payload as { tenant?: unknown; role?: unknown };
  const subject = payload[subjectClaim];
  if (typeof subject !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(subject)) {
    throw problem('unauthenticated', `The token's ${subjectClaim} is no id of [A-Za-z0-9_-], 1 to 64 characters`);
  }
  if (typeof tenant !== 'string' || !/^[a-z0-9-]{1,63}$/.test(tenant)) {
    throw problem('unauthenticated', 'The token names no tenant');
  }
  if (role !== undefined && !CLAIMED_ROLES.includes(role))
    throw problem('unauthenticated', 'The token has an unknown role');
  return { subject, tenant, role: (role ?? null) as Claims['role'], digest };
};

/** Everything that is not the token's fault: a time-out or a fetch that failed, but none of jose's verdicts. */
const isOutage = (error: unknown): boolean =>
  error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || !(error instanceof errors.JOSEError);
