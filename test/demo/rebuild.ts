import { answerOf, type Schemas } from '#client';
import { sideBySide } from '../traffic/client.js';
import type { Customer } from './cast.js';
import type { Desk } from './desk.js';
import { number, say, short, table } from './tables.js';

type Status = Schemas['RebuildAnswer'];

/** Rebuilds the inbox with traffic and without, and shows what became of it. */
export const rebuildMeanwhile = async (desk: Desk, customers: readonly Customer[]): Promise<void> => {
  const busy = await rebuild(desk, async () => {
    await sideBySide(customers.slice(0, 8), 8, async (customer) => {
      await desk.arrives(customer, { text: customer.language === 'pt' ? 'Boa noite!' : 'Good night!' });
    });
  });
  const quiet = await rebuild(desk, () => Promise.resolve());
  table(
    [
      ['Rebuild of the inbox', 34],
      ['Facts read', 12],
      ['Rows', 9],
      ['Content hash', 37],
      ['Live rows had', 19],
    ],
    [
      [`while ${busy.messages} messages came in`, ...columns(busy.status)],
      ['when it was quiet', ...columns(quiet.status)],
    ],
  );
  say(
    'Each time the rows were folded anew from the first fact on, compared with the live ones at the same fact, and took their place; readers were served all the while.',
  );
};

const columns = ({ done, result, error }: Status): readonly [string, string, string, string] => [
  number(done),
  number(result?.rows ?? 0),
  short(result?.hash ?? error, 34) ?? '?',
  result?.equal === true ? 'the same hash' : 'ANOTHER HASH',
];

/** Goes on with the traffic until the new rows are live. */
const rebuild = async (desk: Desk, meanwhile: () => Promise<void>) => {
  const before = desk.tally.of('displayed') + desk.tally.of('ignored');
  const { body } = await answerOf(
    desk.ops.POST('/v1/ops/projections/{name}/rebuild', { params: { path: { name: 'inbox' } }, body: {} }),
  );
  if (!('rebuildId' in body)) throw new Error('the rebuild was only estimated');
  for (;;) {
    await meanwhile();
    const { body: status } = await answerOf(
      desk.ops.GET('/v1/ops/rebuilds/{id}', { params: { path: { id: body.rebuildId } } }),
    );
    if (['done', 'failed', 'aborted'].includes(status.phase)) {
      return { status, messages: desk.tally.of('displayed') + desk.tally.of('ignored') - before };
    }
  }
};
