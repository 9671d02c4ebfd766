import type { Command } from 'commander';
import { answerOf, type Client, type Schemas } from '#client';
import { pauseUnless } from '#event-store/pause';
import { EXIT, Failure } from '../failure.js';
import { serverOf } from '../server.js';
import { duration, number, type Act, type Voice } from '../terminal.js';

/** How often the server is asked how far a rebuild is. */
export const POLL_MS = 500;

type Progress = Schemas['ProgressAnswer'];
export type Rebuild = Schemas['RebuildAnswer'];
type Options = {
  readonly dryRun?: boolean;
  readonly promote: boolean;
  readonly park?: boolean;
  readonly watch?: boolean;
};

export const rebuildCommand = (program: Command, act: Act): void => {
  program
    .command('rebuild')
    .description('builds a read model (or all) anew beside the live one; readers are served all the while')
    .argument('<name|all>', 'as `portaria-ops projections` lists them')
    .option('--dry-run', 'builds nothing: says how many facts, rows and seconds it would be')
    .option('--no-promote', 'stops before going live, until somebody promotes or aborts it')
    .option('--park', 'parks events that cannot be folded; without it the first one ends the rebuild')
    .option('--watch', 'stays until the end, with a bar on a terminal, else a line for each phase')
    .addHelpText(
      'after',
      `
A rebuild that runs already is joined, not begun again. Ctrl-C ends the watching, never the rebuild.
What was live stands by for an hour: portaria-ops rollback <name>.

Examples:
  portaria-ops rebuild inbox --dry-run
  portaria-ops rebuild inbox --watch
  portaria-ops rebuild all --no-promote`,
    )
    .action(
      act(async (voice, name: string, { dryRun = false, promote, park = false, watch = false }: Options) => {
        const server = serverOf(voice.terminal);
        const { body } = await answerOf(
          server.POST('/v1/ops/projections/{name}/rebuild', {
            params: { path: { name } },
            body: { dryRun, autoPromote: promote, park },
          }),
        );
        if (!('rebuildId' in body)) voice.answer(body, estimateOf(body));
        else if (watch) await watchRebuild(voice, server, body.rebuildId, promote);
        else voice.answer(body, `rebuild ${body.rebuildId} runs; watch it with: portaria-ops rebuild ${name} --watch`);
      }),
    );
};

const estimateOf = ({ events, rows, seconds }: Schemas['EstimateAnswer']): string =>
  `${number(events)} facts would be read, about ${number(rows)} rows written, in about ${
    seconds === null ? 'a time that nobody has measured yet' : duration(seconds)
  }; nothing was built`;

export const rebuildOf = async (server: Client, id: string): Promise<Rebuild> =>
  (await answerOf(server.GET('/v1/ops/rebuilds/{id}', { params: { path: { id } } }))).body;

/** Tells how a rebuild goes on until it has ended, waits for `promote` as it was asked to, or nobody wants to see more. */
const watchRebuild = async (voice: Voice, server: Client, rebuildId: string, promote: boolean): Promise<void> => {
  const stopped = voice.terminal.untilStopped();
  const bar = voice.bar('rebuilding', 'facts');
  let told = '';
  try {
    while (!stopped.aborted) {
      const body = await rebuildOf(server, rebuildId);
      if (ENDED.includes(body.phase) || (body.phase === 'ready' && !promote)) {
        bar.end();
        ended(voice, body);
        return;
      }
      bar.told(body.done, body.total, [standingOf(body), ...paceOf(body)].join(', '));
      // A bar says it already.
      if (told !== standingOf(body) && !voice.isWatched) voice.answer(body, `${rebuildId} ${progressOf(body)}`);
      told = standingOf(body);
      await pauseUnless(stopped, POLL_MS);
    }
    voice.note(`rebuild ${rebuildId} goes on without a watcher`);
  } finally {
    bar.end();
  }
};

const ENDED: readonly string[] = ['done', 'failed', 'aborted'];

const ended = (voice: Voice, rebuild: Rebuild): void => {
  const { rebuildId, phase, error, result, projections } = rebuild;
  if (phase === 'failed' || phase === 'aborted') {
    const why = error === null ? '' : ` (${error})`;
    throw new Failure(
      EXIT.refused,
      phase,
      `rebuild ${rebuildId} ${phase === 'failed' ? 'failed' : 'was aborted'}${why}: what was live before is still live`,
      rebuild,
    );
  }
  if (phase === 'ready') {
    voice.answer(
      rebuild,
      `rebuild ${rebuildId} is ready${result === null ? '' : ` (${contentOf(result)})`}: portaria-ops promote ${rebuildId} lets it go live, abort drops it`,
    );
    return;
  }
  const names = projections.length > 3 ? `${String(projections.length)} read models` : projections.join(', ');
  voice.answer(
    rebuild,
    `rebuild ${rebuildId} is done: ${names} built anew from ${number(rebuild.done)} facts${
      result === null ? '' : `, ${contentOf(result)}`
    }`,
  );
};

export const contentOf = ({ rows, hash, equal, parked }: Schemas['ContentAnswer']): string =>
  `${number(rows)} rows, ${equal ? 'equal to the live ones' : 'NOT equal to the live ones'}${
    parked === 0 ? '' : ` but for ${number(parked)} that wait for parked events`
  }, content hash ${hash}`;

/** `replay 52 %, 81,000/s, 12 s left` */
export const progressOf = (progress: Progress): string => {
  const { phase, done, total } = progress;
  if (phase === 'ready') return standingOf(progress);
  const share =
    total === null || total === 0 ? `${number(done)} facts` : `${String(Math.floor((100 * done) / total))} %`;
  return [`${standingOf(progress)} ${share}`, ...paceOf(progress)].join(', ');
};

const standingOf = ({ phase, paused }: Progress & { readonly paused?: boolean }): string =>
  paused === true ? `paused in ${phase}` : phase === 'ready' ? 'ready to be promoted' : phase;

const paceOf = ({ eventsPerSecond, etaSeconds }: Progress): readonly string[] => [
  ...(eventsPerSecond === null ? [] : [`${number(eventsPerSecond)}/s`]),
  ...(etaSeconds === null || etaSeconds === 0 ? [] : [`${duration(etaSeconds)} left`]),
];
