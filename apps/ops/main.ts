#!/usr/bin/env node
// The command line. What it prints is plain text off a terminal and one JSON value with --json.
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SingleBar } from 'cli-progress';
import { Command, CommanderError } from 'commander';
import { exportLog, importLog, NotAnExport, TargetTaken, verifyExport, type Closing } from '#event-store';
import { readConfiguration } from '#platform';
import { openLogAlone, placeOf, viewLog, type LogLines } from '../event-store.js';

/** 0 done, 1 configuration or environment, 2 usage, 3 the server refused, 4 verification failed (source: spec/configuration.md). */
const EXIT = { done: 0, environment: 1, usage: 2, refused: 3, unverified: 4 } as const;

type Told = { readonly json?: true };

const say = (options: Told, sentence: string, value: object): void => {
  process.stdout.write(options.json === true ? `${JSON.stringify(value)}\n` : `${sentence}\n`);
};

const onStderr: LogLines = {
  info: () => undefined,
  warn: (_detail, message) => {
    process.stderr.write(`${message}\n`);
  },
};

/** A bar on a terminal, nothing elsewhere; on stderr, so that stdout stays the answer. */
const progress = (
  what: string,
  total: number | null,
): { readonly told: (count: number) => void; readonly end: () => void } => {
  if (!process.stderr.isTTY) return { told: () => undefined, end: () => undefined };
  const format =
    total === null
      ? `${what} {value} facts`
      : `${what} {bar} {percentage} % | {value}/{total} facts | {eta_formatted} left`;
  const bar = new SingleBar({ format, hideCursor: true, stream: process.stderr });
  bar.start(total ?? 0, 0);
  return {
    told: (count) => {
      bar.update(count);
    },
    end: () => {
      bar.stop();
    },
  };
};

const linesOf = (file: string): AsyncIterable<string> =>
  createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity });

const program = new Command('portaria-ops')
  .description('Operates an installation of Portaria. Configured by the same variables as the server.')
  .showHelpAfterError('(add --help for help)')
  .exitOverride();

program
  .command('export')
  .description('writes the whole log to a file of JSON lines: ids, metadata, revisions and recorded times are kept')
  .argument('<file>', 'must not exist yet')
  .option('--json', 'answer as JSON')
  .addHelpText(
    'after',
    '\nExample:\n  npm run ops -- export portaria.ndjson\n\nThe keys are not in it: take keys.db (or the vault) along, or no personal value can be read again.',
  )
  .action(async (file: string, options: Told) => {
    if (existsSync(file)) throw new UsageMistake(`${file} exists already: choose another name, nothing was written`);
    const log = await viewLog(placeOf(readConfiguration()), onStderr);
    const bar = progress('exporting', null);
    try {
      let closing: Closing = { count: 0, sha256: '' };
      const lines = exportLog(log, bar.told);
      const parts = async function* (): AsyncGenerator<string> {
        closing = yield* lines;
      };
      await pipeline(Readable.from(parts()), createWriteStream(file, { flags: 'wx' }));
      bar.end();
      say(options, `${file} holds ${String(closing.count)} facts, SHA-256 ${closing.sha256}`, { file, ...closing });
    } finally {
      bar.end();
      await log.close();
    }
  });

program
  .command('import')
  .description(
    'verifies a file made by export and appends its facts to the configured log; begun again, it goes on where it stopped',
  )
  .argument('<file>')
  .option('--json', 'answer as JSON')
  .addHelpText(
    'after',
    '\nExample:\n  DATA_DIR=./new npm run ops -- import portaria.ndjson\n\nStop the server of the target first. Its read models are rebuilt at its next start.',
  )
  .action(async (file: string, options: Told) => {
    if (!existsSync(file)) throw new UsageMistake(`${file} does not exist`);
    const configuration = readConfiguration();
    const closing = await verifyExport(linesOf(file));
    const log = await openLogAlone(configuration, onStderr);
    const bar = progress('importing', closing.count);
    try {
      await importLog(linesOf(file), log, bar.told);
      bar.end();
      const stands = await hashOf(log);
      if (stands.sha256 !== closing.sha256)
        throw new NotAnExport('the target holds other facts than the file: import into an empty store');
      say(options, `${String(closing.count)} facts of ${file} stand in the log, SHA-256 ${closing.sha256}`, {
        file,
        ...closing,
      });
    } finally {
      bar.end();
      await log.close();
    }
  });

/** What an export of the log would close with. */
const hashOf = async (log: Parameters<typeof exportLog>[0]): Promise<Closing> => {
  const lines = exportLog(log);
  for (;;) {
    const next = await lines.next();
    if (next.done === true) return next.value;
  }
};

class UsageMistake extends Error {}

const exitCodeOf = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof UsageMistake) return EXIT.usage;
  if (error instanceof NotAnExport) return EXIT.unverified;
  return error instanceof TargetTaken ? EXIT.refused : EXIT.environment;
};

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed its own mistakes.
  if (!(error instanceof CommanderError))
    process.stderr.write(`${Error.isError(error) ? error.message : String(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
