import type { CommandMetadata } from '#kernel';

/** What a policy's command carries: the policy as its actor, and the fact that caused it. */
export const systemMetadata = (
  tenant: string,
  actor: string,
  commandId: string,
  correlationId: string,
  causationId: string,
): CommandMetadata => ({
  commandId,
  correlationId,
  causationId,
  tenant,
  caller: { id: actor, kind: 'system', role: 'system', access: 'all' },
  now: new Date().toISOString(),
  requestHash: 'policy',
});
