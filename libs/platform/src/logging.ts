import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import type { Configuration } from './configuration.js';

export type { Logger } from 'pino';

/** JSON lines on stdout, or readable lines on a terminal. Written at once: nothing is lost when the process ends. */
export const makeLogger = async (configuration: Pick<Configuration, 'logLevel' | 'logFormat'>): Promise<Logger> => {
  const options = { level: configuration.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (configuration.logFormat === 'json') return pino(options);
  const { default: pretty } = await import('pino-pretty');
  return pino(options, pretty({ translateTime: 'SYS:HH:MM:ss.l', sync: true }));
};

/** Nest's own words in our log: what it does at start is of interest to its developers only. */
export const nestLogger = (logger: Logger): LoggerService => ({
  log: (message: unknown, context?: unknown) => {
    logger.debug({ context }, String(message));
  },
  error: (message: unknown, ...rest: unknown[]) => {
    logger.error({ err: Error.isError(message) ? message : undefined, stack: rest[0] }, String(message));
  },
  warn: (message: unknown, context?: unknown) => {
    logger.warn({ context }, String(message));
  },
  debug: (message: unknown, context?: unknown) => {
    logger.debug({ context }, String(message));
  },
  verbose: (message: unknown, context?: unknown) => {
    logger.trace({ context }, String(message));
  },
});
