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

/** Runs an entry file: mistakes of the configuration and of the environment are printed and end the process with exit code 1. */
export const runMain = async (main: () => Promise<void>): Promise<void> => {
  try {
    await main();
  } catch (error) {
    const known = error instanceof ConfigurationError || isEnvironmental(error);
    process.stderr.write(
      `${known ? (error as Error).message : Error.isError(error) ? (error.stack ?? '') : String(error)}\n`,
    );
    process.exit(1);
  }
};

/** By their names, since the platform imports no store: what their message says is for the operator, a stack is not. */
const STORES_REFUSALS: ReadonlySet<string> = new Set([
  'DataFolderError',
  'ReadStoreUnusable',
  'VaultMissing',
  'StoreUnavailable',
]);

const isEnvironmental = (error: unknown): boolean =>
  Error.isError(error) &&
  (STORES_REFUSALS.has(error.name) ||
    ('code' in error && ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].includes(String(error.code))));
