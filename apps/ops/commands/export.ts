import { createWriteStream, existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { exportLog, type Closing } from '#event-store';
import { inspectConfiguration } from '#platform/configuration';
import { misused } from '../failure.js';
import { linesFor, number, type Act } from '../terminal.js';

export const exportCommand = (program: Command, act: Act): void => {
  program
    .command('export')
    .description('writes the whole log to a file of JSON lines: ids, metadata, revisions and recorded times are kept')
    .argument('<file>', 'must not exist yet')
    .addHelpText(
      'after',
      `
Works while a server runs, and without one.
The keys are not in the file: take keys.db (or the vault) along, or no personal value can be read again.

Example:
  portaria-ops export portaria.ndjson`,
    )
    .action(
      act(async (voice, file: string) => {
        if (existsSync(file)) throw misused(`${file} exists already: choose another name, nothing was written`);
        // Here, not above: it brings every room along, which other commands do not need.
        const { placeOf, viewLog } = await import('../../event-store.js');
        const log = await viewLog(placeOf(inspectConfiguration(voice.terminal.variables)), linesFor(voice));
        const bar = voice.bar('exporting', 'facts');
        try {
          let closing: Closing = { count: 0, sha256: '' };
          const lines = exportLog(log, (count) => {
            bar.told(count, null);
          });
          const parts = async function* (): AsyncGenerator<string> {
            closing = yield* lines;
          };
          await pipeline(Readable.from(parts()), createWriteStream(file, { flags: 'wx' }));
          bar.end();
          voice.answer({ file, ...closing }, `${file} holds ${number(closing.count)} facts, SHA-256 ${closing.sha256}`);
        } finally {
          bar.end();
          await log.close();
        }
      }),
    );
};
