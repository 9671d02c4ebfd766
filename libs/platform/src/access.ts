import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import type { FastifyRequest } from 'fastify';
import type { Caller, Role } from '#kernel';
import { inOpenApi } from './described.js';

/** Who asks and for which tenant, as the token and the staff record say. */
export type Identity = { readonly caller: Caller; readonly tenant: string };

export type AllowedRole = Exclude<Role, 'system'>;

/** What the hooks know of a route before they read its body. A route that says neither `roles` nor `public` is refused. */
export type RouteAccess = {
  readonly roles?: readonly AllowedRole[];
  readonly public?: true;
  /** Takes `application/x-ndjson` instead of JSON. */
  readonly ndjson?: true;
};

declare module 'fastify' {
  interface FastifyContextConfig {
    portaria?: RouteAccess;
  }
  interface FastifyRequest {
    /** Set by the authentication hook; `null` on public routes. */
    identity: Identity | null;
  }
}

/** The roles that may call the route; the finer rights (own, seen, settings) are decided by the objects. */
export const Allow = (...roles: readonly AllowedRole[]): MethodDecorator => extend({ roles });

/** Open without a token: health, metrics, documentation. Never a tenant's data. */
export const Public =
  (): MethodDecorator =>
  (target, key, descriptor): void => {
    extend({ public: true })(target, key, descriptor);
    inOpenApi(({ ApiSecurity }) => {
      ApiSecurity({})(target, key as string, descriptor);
    });
  };

/** The route's body is NDJSON of up to 32 MiB; `@Body()` gives its lines as raw strings. */
export const Ndjson =
  (): MethodDecorator =>
  (target, key, descriptor): void => {
    extend({ ndjson: true })(target, key, descriptor);
    inOpenApi(({ ApiBody, ApiConsumes }) => {
      ApiConsumes('application/x-ndjson')(target, key, descriptor);
      ApiBody({ schema: { type: 'string' } })(target, key, descriptor);
    });
  };

/** `{ caller, tenant }` of the request. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Identity =>
  identityOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** The caller of a request; throws on a public route, which has none. */
export const identityOf = (request: FastifyRequest): Identity => {
  if (request.identity === null) throw new Error('a public route has no caller');
  return request.identity;
};

/** Merges, since Nest's RouteConfig would replace what another decorator said. */
const extend =
  (access: RouteAccess): MethodDecorator =>
  (_target, _key, descriptor: PropertyDescriptor) => {
    const handler = descriptor.value as object;
    const config = (Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) ?? {}) as { portaria?: RouteAccess };
    Reflect.defineMetadata(
      FASTIFY_ROUTE_CONFIG_METADATA,
      { ...config, portaria: { ...config.portaria, ...access } },
      handler,
    );
  };
