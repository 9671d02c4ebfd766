import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { exportLog, importLog, verifyExport, type Closing } from '#event-store';
import { readConfiguration } from '#platform/configuration';
import { misused, unverified } from '../failure.js';
import { linesFor, number, type Act } from '../terminal.js';

export const importCommand = (program: Command, act: Act): void => {
  program
    .command('import')
    .description(
      'verifies a file made by export and appends its facts to the configured log; begun again, it goes on where it stopped',
    )
    .argument('<file>')
    .addHelpText(
      'after',
      `
Stop the server of the target first. Its read models are rebuilt at its next start.

Example:
  DATA_DIR=./new portaria-ops import portaria.ndjson`,
    )
    .action(
      act(async (voice, file: string) => {
        if (!existsSync(file)) throw misused(`${file} does not exist`);
        const configuration = readConfiguration(voice.terminal.variables);
        const closing = await verifyExport(linesOf(file));
        // Here, not above: it brings every room along, which other commands do not need.
        const { openLogAlone } = await import('../../event-store.js');
        const log = await openLogAlone(configuration, linesFor(voice));
        const bar = voice.bar('importing', 'facts');
        try {
          await importLog(linesOf(file), log, (count) => {
            bar.told(count, closing.count);
          });
          bar.end();
          const stands = await closingOf(log);
          if (stands.sha256 !== closing.sha256)
            throw unverified('the target holds other facts than the file: import into an empty store');
          voice.answer(
            { file, ...closing },
            `${number(closing.count)} facts of ${file} stand in the log, SHA-256 ${closing.sha256}`,
          );
        } finally {
          bar.end();
          await log.close();
        }
      }),
    );
};

const linesOf = (file: string): AsyncIterable<string> =>
  createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity });

/** What an export of the log would close with. */
const closingOf = async (log: Parameters<typeof exportLog>[0]): Promise<Closing> => {
  const lines = exportLog(log);
  for (;;) {
    const next = await lines.next();
    if (next.done === true) return next.value;
  }
};
