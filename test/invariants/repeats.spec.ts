// Said twice, stored once: whatever was done is asked for again, by the same key and by another.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Wish } from '../reference-model/index.js';
import { plans } from './plans.js';
import { before, operationsOf, runs, TENANT, TIMEOUT, withGatehouse } from './run.js';

/** Each makes something new whenever it is asked. */
const MAKES: readonly Wish['do'][] = ['register', 'send'];
/** Whoever asked may not be allowed to ask again. */
const OF_STAFF: readonly Wish['do'][] = ['invite', 'changeAccess', 'changeRole', 'deactivate'];

describe('what is said twice', () => {
  it(
    'is stored once, and the same key is answered as at first [I17]',
    () =>
      fc.assert(
        fc.asyncProperty(plans({ atOnce: 1, steps: 30 }), (plan) =>
          withGatehouse(plan.seed, 1, async (gatehouse) => {
            for (const step of plan.steps) {
              await before(gatehouse, step);
              const [asked] = operationsOf(gatehouse, step, await gatehouse.world(TENANT));
              if (asked === undefined) continue;
              const { operation } = asked;
              const stood = (await gatehouse.facts(TENANT)).length;
              const commandId = gatehouse.nextId();
              const first = await gatehouse.ask(TENANT, operation, { commandId });
              await gatehouse.settle();
              const stands = (await gatehouse.facts(TENANT)).length;
              if (first?.accepted !== true || stands === stood || OF_STAFF.includes(operation.wish.do)) continue;
              const added = async (work: () => Promise<unknown>) => {
                await work();
                await gatehouse.settle();
                return (await gatehouse.facts(TENANT)).slice(stands).map(({ type }) => type);
              };
              const again = async () => {
                const answer = await gatehouse.ask(TENANT, operation, { commandId });
                expect({ operation, answer }).toEqual({ operation, answer: first });
              };
              expect({ operation, added: await added(again) }).toEqual({ operation, added: [] });
              if (MAKES.includes(operation.wish.do)) continue;
              const anew = () => gatehouse.ask(TENANT, operation);
              expect({ operation, anew: await added(anew) }).toEqual({ operation, anew: [] });
            }
          }),
        ),
        runs(25),
      ),
    TIMEOUT,
  );
});
