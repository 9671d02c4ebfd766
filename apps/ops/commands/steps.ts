import type { Command } from 'commander';
import { answerOf } from '#client';
import { serverOf } from '../server.js';
import type { Act } from '../terminal.js';
import { progressOf } from './rebuild.js';

/** What may be done with a rebuild under way. Each can be given again: it says the same. */
const STEPS = {
  promote: ['lets a rebuild go live that waits for it, or as soon as it is ready', 'goes live as soon as it is ready'],
  abort: ['ends a rebuild and drops what it built; what is live stays live', 'is aborted'],
  pause: ['lets a rebuild stand still, for an hour of much traffic for example', 'stands still'],
  resume: ['lets a paused rebuild go on where it stood', 'goes on'],
} as const;
type Step = keyof typeof STEPS;

const step =
  (name: Step) =>
  (program: Command, act: Act): void => {
    const [what, done] = STEPS[name];
    program
      .command(name)
      .description(what)
      .argument('<rebuildId>', 'as `portaria-ops rebuild` gave it; `portaria-ops projections --json` has it too')
      .addHelpText('after', `\nExample:\n  portaria-ops ${name} 0f9a3a51-5d5d-4c4b-8f57-8f3a0a5a1c11`)
      .action(
        act(async (voice, rebuildId: string) => {
          const params = { path: { id: rebuildId } };
          const { body } = await answerOf(
            serverOf(voice.terminal).POST(`/v1/ops/rebuilds/{id}/${name}`, { params, body: {} }),
          );
          voice.answer(
            body,
            body.phase === 'done'
              ? `rebuild ${rebuildId} is live`
              : `rebuild ${rebuildId} ${done} (${progressOf(body)})`,
          );
        }),
      );
  };

export const promoteCommand = step('promote');
export const abortCommand = step('abort');
export const pauseCommand = step('pause');
export const resumeCommand = step('resume');
