import type { Command } from 'commander';
import { inspectConfiguration, type Configuration } from '#platform/configuration';
import { misused, unable } from '../failure.js';
import { takeBackup, verifyBackup, type Manifest, type StoreFile } from '../backup.js';
import { number, size, type Act } from '../terminal.js';

type Options = { readonly verify?: true; readonly readModels?: true };

export const backupCommand = (program: Command, act: Act): void => {
  program
    .command('backup')
    .description(
      'copies the embedded stores while the server runs, verifies the copies and writes a manifest with hashes',
    )
    .argument('<folder>', 'empty or not there yet; with --verify the one of a backup')
    .option('--verify', 'takes none: looks whether the one in the folder is whole and can be restored')
    .option('--read-models', 'takes read.db too, which spares a restored server the rebuild')
    .addHelpText(
      'after',
      `
Reads DATA_DIR and KEY_ENCRYPTION_KEY as the server does. Keep that key apart from the backups: without it they open for nobody.
Restore: stop the server, put the files of the backup into an otherwise empty DATA_DIR, start.
Where the log is on EventStoreDB, back that up first with its own tools; this command then copies keys.db.
Where the keys are on PostgreSQL there is no file to copy: it says what to run.

Examples:
  portaria-ops backup /backup/2026-03-10
  portaria-ops backup --verify /backup/2026-03-10`,
    )
    .action(
      act(async (voice, folder: string, options: Options) => {
        const configuration = inspectConfiguration(voice.terminal.variables);
        const bar = voice.bar('verifying', 'facts');
        try {
          const { dataDir } = configuration;
          const manifest =
            options.verify === true
              ? await verifyBackup(folder, configuration, bar.told)
              : await takeBackup(dataDir, folder, filesOf(configuration, options), configuration, {
                  copying: (name) => {
                    voice.remark(`copying ${name} …`);
                  },
                  verified: bar.told,
                });
          bar.end();
          voice.answer({ folder, ...manifest }, sentenceOf(folder, manifest, options.verify === true));
          if (manifest.log === null) voice.note(SERVER_LOG);
        } finally {
          bar.end();
        }
      }),
    );
};

const SERVER_LOG =
  'The log is on EventStoreDB and not in this backup. Back it up with the tools of the server BEFORE this command, so that keys.db has every key that the log needs.';

const filesOf = ({ eventStore, readStore, keyVault }: Configuration, { readModels }: Options): readonly StoreFile[] => {
  if (keyVault.kind === 'postgres') {
    throw unable(
      'Neither the log nor the keys are files here, nothing was written. Back up EventStoreDB with its own tools first, and then the keys: pg_dump --schema=portaria_keys (or the schema of KEY_VAULT_URL that ends in _keys). The read models need no backup.',
    );
  }
  if (readModels === true && readStore.kind === 'postgres')
    throw misused('--read-models: they are on PostgreSQL and need no backup, nothing was written');
  return [
    ...(readModels === true ? (['read.db'] as const) : []),
    ...(eventStore.kind === 'sqlite' ? (['events.db'] as const) : []),
    'keys.db',
  ];
};

const sentenceOf = (folder: string, { takenAt, log, files }: Manifest, verified: boolean): string => {
  const what = files.map(({ name, bytes }) => `${name} (${size(bytes)})`).join(', ');
  const facts = log === null ? '' : `, ${number(log.facts)} facts, all keys there`;
  return verified
    ? `${folder} is whole and can be restored: taken at ${takenAt}, ${what}${facts}`
    : `${folder} holds ${what}${facts}`;
};
