import type { Command } from 'commander';
import { answerOf, type Client, type Schemas } from '#client';
import { EXIT, Failure } from '../failure.js';
import { pause, serverOf } from '../server.js';
import { duration, number, type Act, type Voice } from '../terminal.js';

type Progress = Schemas['ProgressAnswer'];
export type Rebuild = Schemas['RebuildAnswer'];

export const rebuildCommand = (program: Command, act: Act): void => {
  program
    .command('rebuild')
    .description('builds a read model (or all) anew beside the live one; readers are served all the while')
    .argument('<name|all>', 'as `portaria-ops projections` lists them')
    .option('--watch', 'stays until the end, with a bar on a terminal, else a line for each phase')
    .addHelpText(
      'after',
      `
A rebuild that runs already is joined, not begun again. Ctrl-C ends the watching, never the rebuild.

Examples:
  portaria-ops rebuild inbox --watch
  portaria-ops rebuild all`,
    )
    .action(
      act(async (voice, name: string, options: { watch?: true }) => {
        const server = serverOf(voice.terminal);
        const { body } = await answerOf(
          server.POST('/v1/ops/projections/{name}/rebuild', { params: { path: { name } }, body: {} }),
        );
        if (options.watch === true) await watchRebuild(voice, server, body.rebuildId);
        else voice.answer(body, `rebuild ${body.rebuildId} runs; watch it with: portaria-ops rebuild ${name} --watch`);
      }),
    );
};

/** Tells how a rebuild goes on until it has ended, or nobody wants to see more. */
export const watchRebuild = async (voice: Voice, server: Client, rebuildId: string): Promise<void> => {
  const stopped = voice.terminal.untilStopped();
  const bar = voice.bar('', 'facts');
  let told = '';
  try {
    while (!stopped.aborted) {
      const { body } = await answerOf(server.GET('/v1/ops/rebuilds/{id}', { params: { path: { id: rebuildId } } }));
      if (ENDED.includes(body.phase)) {
        bar.end();
        ended(voice, body);
        return;
      }
      bar.told(body.done, body.total, [body.phase, ...paceOf(body)].join(', '));
      // A bar says it already.
      if (told !== body.phase && !voice.isWatched) voice.answer(body, `${rebuildId} ${progressOf(body)}`);
      told = body.phase;
      await pause(stopped);
    }
    voice.note(`rebuild ${rebuildId} goes on without a watcher`);
  } finally {
    bar.end();
  }
};

const ENDED: readonly string[] = ['done', 'failed', 'aborted'];

const ended = (voice: Voice, rebuild: Rebuild): void => {
  const { rebuildId, phase, error, result, projections } = rebuild;
  if (phase !== 'done') {
    const why = error === null ? '' : ` (${error})`;
    throw new Failure(
      EXIT.refused,
      phase,
      `rebuild ${rebuildId} ${phase === 'failed' ? 'failed' : 'was aborted'}${why}: what was live before is still live`,
      rebuild,
    );
  }
  const names = projections.length > 3 ? `${String(projections.length)} read models` : projections.join(', ');
  voice.answer(
    rebuild,
    `rebuild ${rebuildId} is done: ${names} built anew from ${number(rebuild.done)} facts${
      result === null ? '' : `, ${contentOf(result)}`
    }`,
  );
};

export const contentOf = ({ rows, hash, equal }: Schemas['ContentAnswer']): string =>
  `${number(rows)} rows, ${equal ? 'equal to the live ones' : 'NOT equal to the live ones'}, content hash ${hash}`;

/** `replay 52 %, 81,000/s, 12 s left` */
export const progressOf = (progress: Progress): string => {
  const { phase, done, total } = progress;
  const share =
    total === null || total === 0 ? `${number(done)} facts` : `${String(Math.floor((100 * done) / total))} %`;
  return [`${phase} ${share}`, ...paceOf(progress)].join(', ');
};

const paceOf = ({ eventsPerSecond, etaSeconds }: Progress): readonly string[] => [
  ...(eventsPerSecond === null ? [] : [`${number(eventsPerSecond)}/s`]),
  ...(etaSeconds === null ? [] : [`${duration(etaSeconds)} left`]),
];
