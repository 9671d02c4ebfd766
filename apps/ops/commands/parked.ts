import type { Command } from 'commander';
import { answerOf, type Client, type Schemas } from '#client';
import { EXIT, Failure } from '../failure.js';
import { serverOf } from '../server.js';
import { number, table, type Act, type Voice } from '../terminal.js';
import { projectionsOf } from './projections.js';

type Sequence = Schemas['ParkedAnswer'];
type Retried = Schemas['RetriedAnswer'];
type Parked = Sequence & { readonly projection: string };

const SEQUENCE = ['<sequence>', 'as `portaria-ops parked list` names it'] as const;

export const parkedCommand = (program: Command, act: Act): void => {
  const parked = program
    .command('parked')
    .description('events that could not be folded: their key waits, everything else goes on')
    .addHelpText(
      'after',
      `
An event that a read model cannot fold is parked with all later ones of its key; the row keeps its last good state. Deploy code
that folds it, then retry. Discard gives the event up for good, with a reason that becomes a fact.

Examples:
  portaria-ops parked list
  portaria-ops parked show inbox 3f7a0c5be1d24c6f9b1a2d3e4f506172
  portaria-ops parked retry inbox all
  portaria-ops parked discard inbox 3f7a0c5be1d24c6f9b1a2d3e4f506172 --reason 'written by a bug in 0.1.3'`,
    );
  parked
    .command('list')
    .description('lists what is parked, of one read model or of all')
    .argument('[projection]')
    .addHelpText('after', '\nExample:\n  portaria-ops parked list inbox')
    .action(
      act(async (voice, name?: string) => {
        const server = serverOf(voice.terminal);
        const names = name === undefined ? await namesWithParked(server) : [name];
        const items = (await Promise.all(names.map((one) => parkedOf(server, one)))).flat();
        voice.answer({ items }, items.length === 0 ? 'nothing is parked' : tableOf(items));
      }),
    );
  parked
    .command('show')
    .description('shows what holds up one key, and where it stands in the log')
    .argument('<projection>')
    .argument(...SEQUENCE)
    .addHelpText('after', '\nExample:\n  portaria-ops parked show inbox 3f7a0c5be1d24c6f9b1a2d3e4f506172')
    .action(
      act(async (voice, name: string, sequence: string) => {
        const found = (await parkedOf(serverOf(voice.terminal), name)).find((one) => one.sequence === sequence);
        if (found === undefined) throw nothingParked(name, sequence);
        voice.answer(found, detailsOf(found));
      }),
    );
  parked
    .command('retry')
    .description('folds parked events again, in their order, up to the first that fails again')
    .argument('<projection>')
    .argument('<sequence|all>', SEQUENCE[1])
    .addHelpText('after', '\nExample:\n  portaria-ops parked retry inbox all')
    .action(
      act(async (voice, name: string, wanted: string) => {
        const server = serverOf(voice.terminal);
        const sequences = wanted === 'all' ? (await parkedOf(server, name)).map(({ sequence }) => sequence) : [wanted];
        const items = [];
        for (const sequence of sequences) {
          const params = { path: { name, sequence } };
          const { body } = await answerOf(
            server.POST('/v1/ops/projections/{name}/parked/{sequence}/retry', { params, body: {} }),
          );
          items.push({ sequence, ...body });
        }
        told(voice, name, items);
      }),
    );
  parked
    .command('discard')
    .description('gives up the first parked event of a key for good, and folds those behind it')
    .argument('<projection>')
    .argument(...SEQUENCE)
    .requiredOption('--reason <text>', 'why; it is recorded, with who said so')
    .addHelpText(
      'after',
      "\nExample:\n  portaria-ops parked discard inbox 3f7a0c5be1d24c6f9b1a2d3e4f506172 --reason 'written by a bug in 0.1.3'",
    )
    .action(
      act(async (voice, name: string, sequence: string, { reason }: { readonly reason: string }) => {
        const params = { path: { name, sequence } };
        const { body } = await answerOf(
          serverOf(voice.terminal).POST('/v1/ops/projections/{name}/parked/{sequence}/discard', {
            params,
            body: { reason },
          }),
        );
        told(voice, name, [{ sequence, ...body }]);
      }),
    );
};

const namesWithParked = async (server: Client): Promise<readonly string[]> =>
  (await projectionsOf(server)).filter(({ parkedSequences }) => parkedSequences > 0).map(({ name }) => name);

const parkedOf = async (server: Client, projection: string): Promise<readonly Parked[]> => {
  const found: Parked[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const query = { limit: 200, ...(cursor === undefined ? {} : { cursor }) };
    const params = { path: { name: projection }, query };
    const { body } = await answerOf(server.GET('/v1/ops/projections/{name}/parked', { params }));
    found.push(...body.items.map((item) => ({ projection, ...item })));
    cursor = body.nextCursor;
  }
  return found;
};

const tableOf = (items: readonly Parked[]): string =>
  table(
    ['READ MODEL', 'SEQUENCE', 'TENANT', 'KEY', 'EVENTS', 'PARKED AT', 'ERROR'],
    items.map((item) => [
      item.projection,
      item.sequence,
      item.tenant,
      item.key,
      item.events,
      item.parkedAt,
      item.error,
    ]),
  );

const detailsOf = (item: Parked): string =>
  [
    `${item.projection} cannot fold an event of ${item.key} (tenant ${item.tenant})`,
    `  first event  ${item.firstEventId}, at position ${item.firstPosition} of the log`,
    `  waiting      ${number(item.events)} events, since ${item.parkedAt}`,
    `  error        ${item.error}`,
    `After deploying code that folds it: portaria-ops parked retry ${item.projection} ${item.sequence}`,
  ].join('\n');

const told = (voice: Voice, name: string, items: readonly (Retried & { readonly sequence: string })[]): void => {
  const sum = (of: (item: Retried) => number): number => items.reduce((total, item) => total + of(item), 0);
  const [applied, left] = [sum((item) => item.applied), sum((item) => item.left)];
  const said = `${number(applied)} events of ${name} are folded`;
  if (left > 0) {
    const why = items.find(({ error }) => error !== null)?.error ?? 'the first of them fails again';
    throw new Failure(
      EXIT.refused,
      'still-parked',
      `${said}, ${number(left)} stay parked (${why}): nothing is lost; deploy code that folds them and retry, or discard`,
      { items },
    );
  }
  voice.answer({ items }, `${said}, none is left`);
};

const nothingParked = (name: string, sequence: string): Failure =>
  new Failure(
    EXIT.refused,
    'not-found',
    `Nothing of ${name} is parked under ${sequence}: portaria-ops parked list ${name} says what is`,
  );
