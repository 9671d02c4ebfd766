import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConfigurationError } from './configuration.js';

/** Requests under way have this long; then their connections are cut. The process ends within 10 s (source: spec/configuration.md). */
const DRAIN_MS = 5_000;
const GIVE_UP_MS = 9_500;

/** SIGTERM and SIGINT: take nothing new, finish what runs, close, exit 0. */
export const drainOnSignals = (app: NestFastifyApplication): void => {
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      setTimeout(() => {
        app.getHttpServer().closeAllConnections();
      }, DRAIN_MS).unref();
      setTimeout(() => {
        process.exit(0);
      }, GIVE_UP_MS).unref();
    });
  }
};

/**
 * Runs an entry file: mistakes of the configuration and of the environment are printed as their sentence and end the process with
 * exit code 1; anything else is a bug and shows its stack. `expected` names further exceptions that speak to the operator.
 */
export const runMain = async (main: () => Promise<void>, expected: readonly string[] = []): Promise<void> => {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${sentenceOf(error, expected)}\n`);
    process.exit(1);
  }
};

const sentenceOf = (error: unknown, expected: readonly string[]): string => {
  if (!Error.isError(error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `Another process listens there already (${error.message}): stop it, or choose another PORT (0 = any free one).`;
  }
  const isExpected = error instanceof ConfigurationError || expected.includes(error.name) || isEnvironmental(error);
  return isExpected ? error.message : (error.stack ?? error.message);
};

const isEnvironmental = (error: unknown): boolean =>
  Error.isError(error) && 'code' in error && ['EACCES', 'EADDRNOTAVAIL'].includes(String(error.code));
