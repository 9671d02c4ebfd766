import type { Command } from 'commander';
import { answerOf } from '#client';
import { serverOf } from '../server.js';
import type { Act } from '../terminal.js';

export const rollbackCommand = (program: Command, act: Act): void => {
  program
    .command('rollback')
    .description('lets the generation that stands by answer queries again; the present one stands by then')
    .argument('<projection>')
    .addHelpText(
      'after',
      `
What a rebuild replaced stands by, level with the log, for an hour or until the next rebuild.

Example:
  portaria-ops rollback inbox`,
    )
    .action(
      act(async (voice, name: string) => {
        const { body } = await answerOf(
          serverOf(voice.terminal).POST('/v1/ops/projections/{name}/rollback', {
            params: { path: { name } },
            body: {},
          }),
        );
        voice.answer({ name, ...body }, `generation ${String(body.generation)} of ${name} answers queries again`);
      }),
    );
};
