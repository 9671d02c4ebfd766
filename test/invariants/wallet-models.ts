// The read models of wallets, as far as the log: what merges and additions ask them is which wallets contacts are in.
import { projections } from '#apps/registry';
import type { Codec } from '#event-store';
import type { ReadModels } from '#read-store';
import type { MemoryEventStore } from '../doubles/memory-event-store.js';
import { FreshFold } from '../fixtures/fresh-fold.js';

type Row = Readonly<Record<string, unknown>>;

export const walletModels = ({ log }: MemoryEventStore, codec: Codec): ReadModels<unknown> => {
  const fold = new FreshFold(
    projections.filter(({ name }) => ['wallets', 'wallet_contacts'].includes(name)),
    codec,
  );
  let folded = 0;
  let folding = Promise.resolve();
  const memberships = async (): Promise<readonly Row[]> => {
    const news = log.slice(folded);
    folded = log.length;
    folding = folding.then(() => fold.add(news));
    await folding;
    return fold.rows('wallet_contacts').flatMap((row) => {
      const of = fold
        .rows('wallets')
        .find((wallet) => wallet['wallet_id'] === row['wallet_id'] && wallet['tenant'] === row['tenant']);
      return of === undefined ? [] : [{ ...row, archived: of['archived'] }];
    });
  };
  return {
    query: async (work) => ({ value: await work(asked(await memberships()) as never), at: null }),
    waitFor: () => Promise.resolve(),
    notify: () => undefined,
    close: () => Promise.resolve(),
  };
};

/** The one question that is asked, of contacts joined with their wallets: which rows, in which order. */
const asked = (rows: readonly Row[]): object => {
  const question = (left: readonly Row[]): object => ({
    innerJoin: () => question(left),
    select: () => question(left),
    where: (column: string, operator: '=' | 'in', value: unknown) =>
      question(
        left.filter((row) => {
          const own = row[column.slice(column.indexOf('.') + 1)];
          return operator === '=' ? own === value : (value as readonly unknown[]).includes(own);
        }),
      ),
    orderBy: (column: string) => question([...left].sort((a, b) => (String(a[column]) < String(b[column]) ? -1 : 1))),
    execute: () => Promise.resolve(left),
  });
  return { selectFrom: () => question(rows) };
};
