import type { Configuration } from './configuration.js';
import type { Logger } from './logging.js';
import type { Metrics } from './metrics.js';
import type { TenantSecrets } from './staff-directory.js';

/** What the platform gives to every room. Injected by this class; below a route it is `request.server.platform`. */
export class Platform {
  constructor(
    readonly configuration: Configuration,
    readonly logger: Logger,
    readonly metrics: Metrics,
    readonly tenantSecrets: TenantSecrets,
    /** Aborted when the process begins to drain: streams that never end by themselves end then. */
    readonly closing: AbortSignal,
  ) {}
}

declare module 'fastify' {
  interface FastifyInstance {
    platform: Platform;
  }
}

export type CommandOutcome = {
  readonly command: string;
  /** `accepted`, `unchanged`, `repeated` or the code of the refusal. */
  readonly outcome: string;
  readonly commandId: string;
  readonly correlationId: string;
  readonly tenant: string;
  /** Only ids: no names, addresses or texts. */
  readonly stream?: string;
  readonly revision?: number;
  readonly milliseconds?: number;
};

/** One line of log and one count per command. */
export const logOutcome = (
  { logger, metrics }: Pick<Platform, 'logger' | 'metrics'>,
  outcome: CommandOutcome,
): void => {
  metrics.commands.inc({ command: outcome.command, outcome: outcome.outcome });
  logger.info(outcome, 'command');
};
