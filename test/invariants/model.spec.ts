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
import { plans, STAFF } from './plans.js';
import { before, operationsOf, runs, TENANT, TIMEOUT, withGatehouse } from './run.js';

describe('the reference model', () => {
  it(
    'and the product agree on what is answered and on what is so, whoever asks for whatever',
    () =>
      fc.assert(
        fc.asyncProperty(plans({ atOnce: 1, steps: 50 }), (plan) =>
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
        runs(60),
      ),
    TIMEOUT,
  );
});

type Told = { readonly outcome: Outcome | null; readonly world: World };

const differencesOf = ({ now }: Operation, product: Told, model: Told): readonly string[] => {
  if (product.outcome === null || model.outcome === null) return ['the product gave no answer'];
  return [
    ...compareOutcomes({ ...product, outcome: product.outcome }, { ...model, outcome: model.outcome }),
    ...compare(product.world, model.world, now),
  ];
};
