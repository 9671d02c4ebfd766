// npm run soak [-- --store embedded|postgres|eventstoredb|eventstoredb-postgres] [--minutes N] [--rate N] [--customers N] [--heap MiB] [--seed N]:
// clients at 70 % of what the stores can, while read models are rebuilt, processes killed and servers restarted (POSTGRES_RESTART, EVENTSTORE_RESTART: the
// command that does it and comes back when it listens again). Ends with 1 if a command was lost or doubled, a row is wrong, or something grew.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, quantile, waited } from '../bench/figures.js';
import { populate, staffed } from '../bench/run.js';
import { Agents, Crowd } from '../bench/traffic.js';
import { randomOf } from '../traffic/random.js';
import { House } from './faults.js';
import { Shift, type Taken } from './shift.js';
import { PAIRS, storesOf, type Pair } from './stores.js';

const SHARE = 0.7;
const CALIBRATION_S = 10;
const WARM_UP_S = 5;
/** The faults come in this part; what is behind them shows whether memory stays flat. */
const ORDEAL = 0.6;

const { values: options } = parseArgs({
  options: {
    store: { type: 'string', default: 'embedded' },
    minutes: { type: 'string', default: '20' },
    rate: { type: 'string' },
    customers: { type: 'string', default: '2000' },
    /** What V8 may hold in each process; absent = as much as it takes on this machine. */
    heap: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});
const pair = PAIRS.find((name) => name === options.store);
const seconds = 60 * Number(options.minutes);
if (pair === undefined || !(seconds > 0)) {
  process.stderr.write(`There is no store ${options.store}, or no such time; stores: ${PAIRS.join(', ')}\n`);
  process.exit(2);
}

const spread = (of: readonly Taken[]) => {
  const times = of.map(({ took }) => took);
  const rounded = (share: number): number => Math.round(quantile(times, share) * 10) / 10;
  return { commands: times.length, p50: rounded(0.5), p99: rounded(0.99), longest: rounded(1) };
};

const soak = async (store: Pair, folder: string) => {
  const hardware = machine();
  const given = storesOf(store, folder);
  const heap = options.heap === undefined ? {} : { NODE_OPTIONS: `--max-old-space-size=${options.heap}` };
  const stores = { ...given, environment: { ...given.environment, ...heap } };
  const house = new House(folder, stores);
  await house.start();
  try {
    const { gateway, bearers } = await staffed(house.api);
    const random = randomOf(`${options.seed}/soak`);
    const crowd = new Crowd(random.fork('crowd'), 0, 's');
    const places = await populate(gateway, crowd, Number(options.customers));
    const agents = new Agents(random.fork('agents'), places, bearers);
    const dice = random.fork('dice');
    // Customers write as much as agents do.
    const next = () =>
      dice.chance(0.5)
        ? agents.next()
        : ({
            method: 'POST',
            path: '/v1/messages/inbound',
            body: JSON.stringify(crowd.inbound(0.02)),
            bearer: bearers.gateway,
          } as const);
    const shift = new Shift(() => house.api.address, next);
    await house.level();
    let maximum: number | null = null;
    if (options.rate === undefined) {
      await shift.closed(WARM_UP_S);
      maximum = await shift.closed(CALIBRATION_S);
      await house.level();
    }
    const rate = maximum === null ? Number(options.rate) : maximum * SHARE;
    console.log(
      `${store}: ${maximum === null ? 'told to run' : `at most ${maximum.toFixed(0)}/s, runs`} at ${rate.toFixed(0)} commands/s for ${(seconds / 60).toFixed(1)} min`,
    );
    const before = { waited: waited(), at: performance.now(), taken: shift.taken.length };
    const working = shift.open(rate, seconds);
    const ordeal = house.ordeal(seconds * ORDEAL, () => shift.waiting());
    // A fault that cannot be done ends the soak at once.
    await Promise.race([ordeal, working]);
    await Promise.all([ordeal, working]);
    const elapsed = performance.now() - before.at;
    const crowded = (100_000 * (waited() - before.waited)) / elapsed;
    shift.close();
    await house.level();
    await house.stop();

    const { ledger, ...examined } = await stores.examined();
    const { lost, doubled } = ledger.verdict(shift.acknowledged);
    const taken = shift.taken.slice(before.taken);
    const around = house.faults.map((fault) => ({
      name: fault.name,
      seconds: Math.round((fault.until - fault.at) / 100) / 10,
      ...spread(taken.filter(({ due }) => due >= fault.at && due < fault.until)),
    }));
    const calm = spread(taken.filter(({ due }) => !house.faults.some(({ at, until }) => due >= at && due < until)));
    const processes = house.watches.map((watch) => watch.trend());
    const series = house.watches.map(({ app, lives }) => ({
      app,
      // Seconds of the soak, MiB, handles; every tenth.
      lives: lives.map((life) =>
        life
          .filter((_, index) => index % 10 === 0)
          .map(({ at, rss, handles }) => [Math.round((at - before.at) / 1000), Math.round(rss), handles]),
      ),
    }));
    return {
      ...{ at: new Date().toISOString(), machine: hardware, options, maximum, rate, crowded },
      // As many in a second as were due, or the clients were behind.
      ...{ commands: taken.length, answeredPerSecond: (taken.length * 1000) / elapsed, repeats: shift.repeats },
      ...{ acknowledged: shift.acknowledged.length, refused: Object.fromEntries(shift.refused) },
      ...{ lost, doubled, ...examined, calm, around, processes, series },
    };
  } finally {
    await house.stop();
    await stores.drop();
  }
};

type Report = Awaited<ReturnType<typeof soak>>;

const show = (report: Report): boolean => {
  const wrong = Object.entries(report.models).filter(([, { equal }]) => !equal);
  const rows = Object.values(report.models).reduce((sum, model) => sum + model.rows, 0);
  // A rule may refuse what somebody else was faster at; nothing else is to be refused.
  const strange = Object.keys(report.refused).filter((code) => !code.startsWith('409 '));
  const grown = report.processes.filter(({ isFlat }) => isFlat === false);
  const few = (lines: readonly string[]): string => ['', ...lines.slice(0, 5)].join('\n    ');
  console.log(`\n${String(report.commands)} commands, ${report.answeredPerSecond.toFixed(0)}/s answered for good`);
  console.log(
    `  acknowledged, calibration included: ${String(report.acknowledged)}; sent again: ${String(report.repeats)}`,
  );
  console.log(`  refused by a rule: ${JSON.stringify(report.refused)}`);
  console.log(`  lost: ${String(report.lost.length)}${few(report.lost)}`);
  console.log(`  doubled: ${String(report.doubled.length)}${few(report.doubled)}`);
  console.log(
    `  ${String(report.events)} events, ${String(rows)} rows of ${String(Object.keys(report.models).length)} read models against a fresh fold: ${wrong.length === 0 ? 'equal' : `WRONG: ${wrong.map(([name]) => name).join(', ')}`}${report.isLevel ? '' : '; NOT LEVEL with the log'}`,
  );
  for (const { name, p50, p99, longest } of [{ name: 'calm', ...report.calm }, ...report.around])
    console.log(
      `  ${name}: p50 ${String(p50)}, p99 ${String(p99)}, longest ${String(longest)} ms from when it was due`,
    );
  for (const { app, seconds: life, first, last, isFlat } of report.processes) {
    const verdict = isFlat === null ? 'too short to say' : isFlat ? 'flat' : 'GREW';
    console.log(
      `  ${app}, ${String(life)} s: RSS ${String(first.rss)} → ${String(last.rss)} MiB, handles ${String(first.handles)} → ${String(last.handles)}: ${verdict}`,
    );
  }
  console.log(`  somebody waited for a core ${report.crowded.toFixed(0)} % of the time`);
  return [report.lost, report.doubled, strange, wrong, grown].every(({ length }) => length === 0) && report.isLevel;
};

const folder = mkdtempSync(join(tmpdir(), 'portaria-soak-'));
try {
  const report = await soak(pair, folder);
  const isGood = show(report);
  mkdirSync('test/soak/results', { recursive: true });
  const file = join('test/soak/results', `${report.at.slice(0, 19).replaceAll(':', '-')}-${pair}.json`);
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\nWritten to ${file}`);
  process.exitCode = isGood ? 0 : 1;
} catch (error) {
  console.error('The soak could not be brought to its end:', error);
  process.exitCode = 1;
}
rmSync(folder, { recursive: true, force: true });
// Clients of a soak that broke off would go on asking.
process.exit();
