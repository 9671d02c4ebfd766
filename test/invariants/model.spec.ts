// Asked one after the other, the product does what the reference model says.
import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import {
  compare,
  compareOutcomes,
  emptyWorld,
  perform,
  type Operation,
  type Outcome,
  type World,
} from '../reference-model/index.js';
import { plans, STAFF, WALLETS, type Mix } from './plans.js';
import { before, operationsOf, runs, TENANT, TIMEOUT, withGatehouse } from './run.js';

describe('the reference model and the product agree', () => {
  it('on what is answered and on what is so, whoever asks for whatever', () => agree({}, 60), TIMEOUT);

  it(
    'on consents: one per channel, the explicit before the default, and defaults for those alone who come [I11]',
    () => agree({ consent: 20, register: 6, changeSetting: 10 }, 25),
    TIMEOUT,
  );

  it(
    'on what the business begins: it goes out with address, consent and no block, or every reason is recorded [I12]',
    () => agree({ send: 25, start: 20, consent: 12, detach: 6, block: 6, unblock: 6 }, 25),
    TIMEOUT,
  );

  it(
    'on merges and their undoing: blocks, consents, addresses, conversations and wallets of both sides [I14]',
    () =>
      agree(
        {
          ...{ merge: 14, undoMerge: 8, register: 6, consent: 8, block: 8, unblock: 4, attach: 5 },
          ...{ createWallet: 3, addToWallet: 6, removeFromWallet: 2, archiveWallet: 1 },
        },
        40,
      ),
    TIMEOUT,
  );

  it('on wallets: their names, codes, staff and contacts [I16]', () => agree({ ...WALLETS, register: 4 }, 25), TIMEOUT);
});

/** Asks both the same, one thing after the other; throws with all that was asked and what differs then. */
const agree = (mix: Mix, few: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(plans({ mix, atOnce: 1, steps: 50 }), (plan) =>
      withGatehouse(plan.seed, 1, async (gatehouse) => {
        const model = emptyWorld();
        for (const { staffId, role, access } of STAFF)
          model.staff.set(staffId, { role, access, active: true, available: true });
        const trace: string[] = [];
        for (const step of plan.steps) {
          await before(gatehouse, step);
          const [asked] = operationsOf(gatehouse, step, await gatehouse.world(TENANT));
          const [expected] = operationsOf(gatehouse, step, model);
          if (asked === undefined || expected === undefined) continue;
          const outcome = await gatehouse.ask(TENANT, asked.operation);
          await gatehouse.settle();
          const world = await gatehouse.world(TENANT);
          const said = { outcome: perform(model, expected.operation), world: model };
          trace.push(JSON.stringify(asked.operation));
          const differences = differencesOf(asked.operation, { outcome, world }, said);
          if (differences.length > 0) throw new Error([...trace, ...differences].join('\n'));
        }
      }),
    ),
    runs(few),
  );

type Told = { readonly outcome: Outcome | null; readonly world: World };

const differencesOf = ({ now }: Operation, product: Told, model: Told): readonly string[] => {
  if (product.outcome === null || model.outcome === null) return ['the product gave no answer'];
  return [
    ...compareOutcomes({ ...product, outcome: product.outcome }, { ...model, outcome: model.outcome }),
    ...compare(product.world, model.world, now),
  ];
};
