import { expect, it } from '@jest/globals';
import { foldAll, recorded } from '#kernel/projected';
import { pairs, sayings, type Toy } from '../../../test/doubles/toy-projections.js';

const told = (id: string, from: string) =>
  ({ type: 'Told', data: { id, from, to: 'z', amount: 1, words: 'w' } }) as const;

it('folds short facts into rows sorted by key, tenant and key included', () => {
  const rows = foldAll<Toy>(pairs, [
    { ...told('1', 'b'), stream: 'talk-t.1' },
    { ...told('2', 'a'), stream: 'talk-t.1' },
    { ...told('3', 'b'), stream: 'talk-t.1' },
  ]);
  expect(rows).toEqual([
    { tenant: 't', from: 'a', to: 'z', count: 1, revision: 1 },
    { tenant: 't', from: 'b', to: 'z', count: 2, revision: 2 },
  ]);
  expect(foldAll<Toy>(sayings, [told('1', 'b'), { type: 'Erased', data: { id: '1', from: 'b' } }])).toEqual([]);
  expect(recorded([told('1', 'b')])).toEqual(recorded([told('1', 'b')]));
});
