import type { Command } from 'commander';
import { answerOf, type Client, type Schemas } from '#client';
import { pauseUnless } from '#event-store/pause';
import { serverOf } from '../server.js';
import { duration, table, type Act, type Voice } from '../terminal.js';
import { progressOf } from './rebuild.js';

type Projection = Schemas['ProjectionAnswer'];

export const projectionsCommand = (program: Command, act: Act): void => {
  program
    .command('projections')
    .description('shows the read models: version, state, how far behind, and what is being rebuilt')
    .option('--watch', 'goes on until Ctrl-C: a table that refreshes on a terminal, else a line for each change')
    .addHelpText(
      'after',
      `
States: live (answers queries); failed (its fold failed, or its first build is under way); paused (newer code wrote facts
that this code does not know, or too many events could not be folded); detached (in the store, no longer in the code).

Examples:
  portaria-ops projections
  portaria-ops projections --watch
  portaria-ops projections --json | jq '.result.items[] | select(.state != "live")'`,
    )
    .action(
      act(async (voice, options: { watch?: true }) => {
        const server = serverOf(voice.terminal);
        if (options.watch === true) await watch(voice, server);
        else {
          const items = await projectionsOf(server);
          voice.answer({ items }, tableOf(items));
        }
      }),
    );
};

export const projectionsOf = async (server: Client): Promise<readonly Projection[]> =>
  (await answerOf(server.GET('/v1/ops/projections', { params: { query: { limit: 200 } } }))).body.items;

const watch = async (voice: Voice, server: Client): Promise<void> => {
  const stopped = voice.terminal.untilStopped();
  const told = new Map<string, string>();
  while (!stopped.aborted) {
    const items = await projectionsOf(server);
    if (voice.isWatched) voice.redraw(tableOf(items));
    else {
      for (const item of items) {
        // What moves with every fact is no change.
        const { checkpoint: _, lagSeconds, lagEvents: _events, ...standing } = item;
        const now = JSON.stringify([standing, lagSeconds > 30]);
        if (told.get(item.name) !== now) voice.answer(item, lineOf(item));
        told.set(item.name, now);
      }
    }
    await pauseUnless(stopped, 1_000);
  }
};

const tableOf = (items: readonly Projection[]): string =>
  table(
    ['READ MODEL', 'VERSION', 'STATE', 'BEHIND', 'FACTS BEHIND', 'PARKED', 'GENERATION', 'REBUILD'],
    items.map((item) => [
      item.name,
      item.version,
      item.state,
      item.lagSeconds === 0 ? 'level' : duration(item.lagSeconds),
      item.lagEvents,
      item.parkedSequences,
      item.generation,
      item.rebuild === null ? '' : progressOf(item.rebuild),
    ]),
  );

const lineOf = ({ name, version, state, lagSeconds, parkedSequences, generation, rebuild }: Projection): string =>
  [
    `${name} version ${String(version)}: ${state}`,
    ...(generation === null ? [] : [`generation ${String(generation)}`]),
    lagSeconds === 0 ? 'level' : `${duration(lagSeconds)} behind`,
    ...(parkedSequences === 0 ? [] : [`${String(parkedSequences)} parked`]),
    ...(rebuild === null ? [] : [progressOf(rebuild)]),
  ].join(', ');
