import type { Command } from 'commander';
import type { Finding } from '../doctor.js';
import { EXIT, Failure } from '../failure.js';
import { linesFor, type Act } from '../terminal.js';

const MARKS = { good: 'ok', warning: 'WARNING', problem: 'PROBLEM' } as const;

export const doctorCommand = (program: Command, act: Act): void => {
  program
    .command('doctor')
    .description(
      'looks at configuration, disk, stores, keys, clocks, versions, and the running server; says what to do',
    )
    .addHelpText(
      'after',
      `
Changes nothing, and works while the server runs and without one. Ends with 0 unless there is a problem (1); warnings are none.

Example:
  DATA_DIR=/srv/portaria portaria-ops doctor`,
    )
    .action(
      act(async (voice) => {
        const findings: Finding[] = [];
        const { variables } = voice.terminal;
        // Here, not above: they bring every room along, which other commands do not need.
        const [{ examine }, { examineServer }] = await Promise.all([
          import('../doctor.js'),
          import('../server-check.js'),
        ]);
        for (const part of [examine(variables, linesFor(voice)), examineServer(variables)]) {
          for await (const finding of part) {
            findings.push(finding);
            if (!voice.json) voice.terminal.out.write(`${lineOf(finding)}\n`);
          }
        }
        const of = (level: Finding['level']): number => findings.filter((finding) => finding.level === level).length;
        const sentence = `problems: ${String(of('problem'))}, warnings: ${String(of('warning'))}`;
        if (of('problem') > 0) throw new Failure(EXIT.environment, 'environment', sentence, { findings });
        voice.answer({ findings }, sentence);
      }),
    );
};

const lineOf = ({ check, level, finding, advice }: Finding): string =>
  `${MARKS[level].padEnd(8)} ${check.padEnd(14)} ${finding}${advice === null ? '' : `\n${' '.repeat(24)}→ ${advice}`}`;
