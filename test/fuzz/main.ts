// npm run fuzz [-- --seed N] [--requests N] [--from N] [--only METHOD:/path]
import { parseArgs } from 'node:util';
import { fuzz, ROUND } from './run.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    requests: { type: 'string', default: '20000' },
    from: { type: 'string', default: '0' },
    only: { type: 'string' },
  },
});
const [seed, requests, from] = [values.seed, values.requests, values.from].map(Number) as [number, number, number];
if (![seed, requests, from].every(Number.isSafeInteger) || from % ROUND !== 0) {
  process.stderr.write(`--seed, --requests and --from take whole numbers; --from a multiple of ${ROUND}.\n`);
  process.exit(2);
}
const only = values.only ?? null;
const began = performance.now();
const { findings, answers } = await fuzz({
  seed,
  requests,
  from,
  only,
  progress: (done) => {
    if (done % (10 * ROUND) === 0) console.log(`${done} requests, ${Math.round((performance.now() - began) / 1000)} s`);
  },
});

for (const [name, outcomes] of [...answers].sort(([a], [b]) => a.localeCompare(b))) {
  const shown = [...outcomes].sort(([, a], [, b]) => b - a).map(([outcome, times]) => `${outcome} ${times}`);
  console.log(`${name}\n    ${shown.join(' · ')}`);
}
for (const { operation, fault, at, example, times } of findings) {
  const first = at - (at % ROUND);
  const replay = `npm run fuzz -- --seed ${seed} --from ${first} --requests ${at - first + 1}${only === null ? '' : ` --only '${only}'`}`;
  console.log(`\nFINDING (${times} times) ${operation}: ${fault}\n    ${example}\n    ${replay}`);
}
console.log(`\n${findings.length} findings`);
process.exit(findings.length === 0 ? 0 : 1);
