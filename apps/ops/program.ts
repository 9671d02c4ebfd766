import { Command, CommanderError } from 'commander';
import { auditCommand } from './commands/audit.js';
import { backupCommand } from './commands/backup.js';
import { compareCommand } from './commands/compare.js';
import { doctorCommand } from './commands/doctor.js';
import { exportCommand } from './commands/export.js';
import { importCommand } from './commands/import.js';
import { parkedCommand } from './commands/parked.js';
import { projectionsCommand } from './commands/projections.js';
import { rebuildCommand } from './commands/rebuild.js';
import { rollbackCommand } from './commands/rollback.js';
import { abortCommand, pauseCommand, promoteCommand, resumeCommand } from './commands/steps.js';
import { EXIT, failureOf, misused } from './failure.js';
import { Voice, type Act, type Terminal } from './terminal.js';

/** In the order of the help. */
const COMMANDS = [
  projectionsCommand,
  rebuildCommand,
  promoteCommand,
  abortCommand,
  pauseCommand,
  resumeCommand,
  rollbackCommand,
  compareCommand,
  parkedCommand,
  backupCommand,
  doctorCommand,
  exportCommand,
  importCommand,
  auditCommand,
];

/** Runs one command line, without the name of the program. Answers the exit code; never throws. */
export const run = async (words: readonly string[], terminal: Terminal): Promise<number> => {
  const json = words.includes('--json');
  let voice = new Voice(terminal, '', json);
  const act: Act =
    (work) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      voice = new Voice(terminal, pathOf(command), json);
      await work(voice, ...(given.slice(0, -1) as never));
    };
  const program = new Command('portaria-ops')
    .description('Operates an installation of Portaria.')
    .option('--json', 'answer in lines of JSON: { command, ok, exitCode, result?, error? }')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out.write(text),
      writeErr: (text) => terminal.err.write(text),
    })
    .showHelpAfterError('(add --help for help)')
    .exitOverride()
    .addHelpText(
      'after',
      `
Commands that ask a server find it with PORTARIA_URL and PORTARIA_TOKEN (or PORTARIA_TOKEN_FILE); the token needs the role ops
(audit: supervisor, admin or auditor).
backup, doctor, export and import read the variables of the server instead, and work without it; audit verify needs neither.

Exit codes: 0 done, 1 configuration or environment, 2 usage, 3 the server refused, 4 verification failed.`,
    );
  for (const command of COMMANDS) command(program, act);
  try {
    await program.parseAsync(words, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its own mistakes, for people.
      if (error.exitCode === 0) return EXIT.done;
      if (json)
        new Voice(
          { ...terminal, err: { write: () => true } },
          words.find((word) => !word.startsWith('-')) ?? '',
          json,
        ).fail(misused(error.message.replace(/^error: /, '')));
      return EXIT.usage;
    }
    const failure = failureOf(error);
    voice.fail(failure);
    return failure.exitCode;
  }
};

/** `parked retry` for a command below another. */
const pathOf = (command: Command): string => {
  const { parent } = command;
  return parent?.parent === undefined || parent.parent === null
    ? command.name()
    : `${pathOf(parent)} ${command.name()}`;
};
