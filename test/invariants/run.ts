// Plays a plan against the product.
import { type Asked, type History, type Operation, type Step, type World } from '../reference-model/index.js';
import { SAME_RUNS } from '../fixtures/same-runs.js';
import { Gatehouse } from './gatehouse.js';
import { STAFF, wishOf, type Plan, type PlannedStep } from './plans.js';

export const TENANT = 'acme';

/** `RUNS=20 npm test -- test/invariants` does twenty times as many runs, others each time, and may take as much longer. Without it they are always the same. */
const TIMES = Number(process.env['RUNS'] ?? '1');
export const runs = (few: number): { readonly numRuns: number; readonly seed?: number } => ({
  numRuns: Math.ceil(few * TIMES),
  ...SAME_RUNS,
});
export const TIMEOUT = 60_000 * Math.max(1, TIMES);

/** Opens a gatehouse for the length of the work, with its staff invited. */
export const withGatehouse = async <T>(
  seed: number,
  processes: 1 | 2,
  work: (gatehouse: Gatehouse) => Promise<T>,
  tenants: readonly string[] = [TENANT],
): Promise<T> => {
  const gatehouse = new Gatehouse({ seed, processes });
  try {
    await gatehouse.open();
    for (const tenant of tenants) await invite(gatehouse, tenant);
    return await work(gatehouse);
  } finally {
    await gatehouse.close();
  }
};

const timeOf = ({ clock }: Gatehouse, skew = 0): string => new Date(clock.now() + skew).toISOString();

const invite = async (gatehouse: Gatehouse, tenant: string): Promise<void> => {
  for (const member of STAFF)
    await gatehouse.ask(tenant, { by: 'founder', now: timeOf(gatehouse), wish: { do: 'invite', ...member } });
};

/** The operations that a step comes to in this world; each is carried by the process that its intent names. */
export const operationsOf = (
  gatehouse: Gatehouse,
  { intents, focus }: PlannedStep,
  world: World,
): readonly { readonly operation: Operation; readonly process: number }[] =>
  intents.flatMap((intent) => {
    const now = timeOf(gatehouse, intent.skew);
    const wish = wishOf(intent, focus, world, now);
    return wish === null ? [] : [{ operation: { by: intent.by, now, wish }, process: intent.process }];
  });

/** Time passes, and the timer may come. */
export const before = async (gatehouse: Gatehouse, { wait, timer }: PlannedStep): Promise<void> => {
  gatehouse.clock.pass(wait);
  if (timer) await gatehouse.expire();
  await gatehouse.settle();
};

/** One step: what it asks is asked at once, then the policies run. Answers what was asked and what came of it. */
export const play = async (gatehouse: Gatehouse, step: PlannedStep, tenant: string): Promise<Step> => {
  const from = (await gatehouse.facts(tenant)).length;
  await before(gatehouse, step);
  const operations = operationsOf(gatehouse, step, await gatehouse.world(tenant));
  if (step.crashAfter !== null) gatehouse.failAfter(step.crashAfter);
  const asked = await Promise.all(
    operations.map(async ({ operation, process }): Promise<Asked> => {
      const commandId = gatehouse.nextId();
      return { operation, commandId, outcome: await gatehouse.ask(tenant, operation, { process, commandId }) };
    }),
  );
  await gatehouse.settle();
  const to = (await gatehouse.facts(tenant)).length;
  return { asked, from, to, at: timeOf(gatehouse) };
};

/** A whole plan, from the invitation of the staff on. */
export const played = async (gatehouse: Gatehouse, plan: Plan, tenant = TENANT): Promise<History> => {
  const invited = (await gatehouse.facts(tenant)).length;
  const steps: Step[] = [{ asked: [], from: 0, to: invited, at: timeOf(gatehouse) }];
  for (const step of plan.steps) steps.push(await play(gatehouse, step, tenant));
  return { facts: await gatehouse.facts(tenant), steps };
};

/** With two processes; `settings` are changed from their defaults before anything is asked. */
export const historyOf = (plan: Plan, settings: Readonly<Record<string, string | boolean>> = {}): Promise<History> =>
  withGatehouse(plan.seed, 2, async (gatehouse) => {
    for (const [key, value] of Object.entries(settings))
      await gatehouse.ask(TENANT, { by: 'founder', now: timeOf(gatehouse), wish: { do: 'changeSetting', key, value } });
    gatehouse.clock.pass(1000);
    return played(gatehouse, plan);
  });
