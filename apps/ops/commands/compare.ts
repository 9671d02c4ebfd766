import type { Command } from 'commander';
import { answerOf, type Client, type Schemas } from '#client';
import { pauseUnless } from '#event-store/pause';
import { EXIT, Failure, unverified } from '../failure.js';
import { serverOf } from '../server.js';
import type { Act, Voice } from '../terminal.js';
import { contentOf, POLL_MS, progressOf, rebuildOf } from './rebuild.js';

type Content = Schemas['ContentAnswer'];

export const compareCommand = (program: Command, act: Act): void => {
  program
    .command('compare')
    .description('folds the log anew beside a live read model, compares all rows at one position, and drops the copy')
    .argument('<projection>')
    .addHelpText(
      'after',
      `
Ends with 0 if they are equal and 4 if not. The live read model is not changed; portaria-ops rebuild replaces it.

Example:
  portaria-ops compare inbox`,
    )
    .action(
      act(async (voice, name: string) => {
        const server = serverOf(voice.terminal);
        const { body } = await answerOf(
          server.POST('/v1/ops/projections/{name}/compare', { params: { path: { name } }, body: {} }),
        );
        const content = 'rebuildId' in body ? await resultOf(voice, server, body.rebuildId) : body;
        const sentence = `${name}: a fresh fold has ${contentOf(content)}`;
        if (!content.equal)
          throw unverified(`${sentence}; rebuild it: portaria-ops rebuild ${name} --watch`, { name, ...content });
        voice.answer({ name, ...content }, sentence);
      }),
    );
};

/** Of a comparison that takes longer than a request. */
const resultOf = async (voice: Voice, server: Client, rebuildId: string): Promise<Content> => {
  const stopped = voice.terminal.untilStopped();
  const bar = voice.bar('comparing', 'facts');
  try {
    while (!stopped.aborted) {
      const status = await rebuildOf(server, rebuildId);
      if (status.phase === 'done' && status.result !== null) return status.result;
      if (status.phase === 'failed' || status.phase === 'aborted')
        throw new Failure(
          EXIT.refused,
          status.phase,
          `the comparison ${rebuildId} ended without a result (${status.error ?? status.phase}): nothing was changed`,
        );
      bar.told(status.done, status.total, progressOf(status));
      await pauseUnless(stopped, POLL_MS);
    }
    throw new Failure(EXIT.environment, 'stopped', `the comparison ${rebuildId} goes on without a watcher`);
  } finally {
    bar.end();
  }
};
