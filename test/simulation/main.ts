// npm run simulate -- [--seed N] [--steps M] [--seeds K] [--verbose]
import { parseArgs } from 'node:util';
import { simulate } from './simulate.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '3000' },
    seeds: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
  },
});
const [seed, steps, seeds] = [values.seed, values.steps, values.seeds].map(Number) as [number, number, number];
if (![seed, steps, seeds].every((value) => Number.isSafeInteger(value) && value >= 0)) {
  process.stderr.write('--seed, --steps and --seeds take whole numbers.\n');
  process.exit(2);
}
const began = performance.now();
const told: string[] = [];
let done = 0;
let failed = 0;
for (let one = seed; one < seed + seeds; one += 1) {
  told.length = 0;
  const run = await simulate({ seed: one, steps }, (line) => told.push(line));
  done += run.steps;
  if (values.verbose) console.log(told.join('\n'));
  if (seeds === 1 || run.finding !== null)
    console.log(`seed ${String(one)}: ${String(run.steps)} steps, ${String(run.facts)} facts, trace ${run.trace}`);
  if (run.finding === null) continue;
  failed += 1;
  console.log(`FINDING at step ${String(run.finding.step)} of seed ${String(one)}`);
  for (const sentence of run.finding.sentences) console.log(`    ${sentence}`);
  console.log(`    npm run simulate -- --seed ${String(one)} --steps ${String(steps)}`);
}
const memory = Math.round(process.memoryUsage.rss() / 2 ** 20);
const seconds = (performance.now() - began) / 1000;
console.log(
  `${String(seeds)} seeds from ${String(seed)}, ${String(done)} steps, ${String(Math.round(done / seconds))} steps/s, ${String(memory)} MiB, ${String(failed)} failed`,
);
process.exit(failed === 0 ? 0 : 1);
