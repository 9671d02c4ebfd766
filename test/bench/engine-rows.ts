import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { postgresUrl } from '../fixtures/postgres-world.js';
import type { EngineRun } from './engine-run.js';
import { median, type Figure } from './figures.js';
import type { Row } from './rows.js';
import { repeat, type Plan } from './run.js';

// The engine alone, each run in a process of its own. The inbox family is All Chats, My Chats, Unassigned and their counts: the read model `inbox`.

const PROGRAM = fileURLToPath(new URL('./engine-run.js', import.meta.url));
const INBOX = ['--only', 'inbox'];
const MILLION = 1_000_000;

export type Stores = { readonly log: 'embedded' | 'server'; readonly rows: 'embedded' | 'postgres' };
const EMBEDDED: Stores = { log: 'embedded', rows: 'embedded' };

/** One run; its log is made at the first and kept, in the folder of `--log` or among temporary files. */
export const engineRun = async (
  plan: Pick<Plan, 'log'>,
  stores: Stores,
  events: number,
  flags: readonly string[],
): Promise<EngineRun> => {
  const child = spawn(
    process.execPath,
    // The heap of the projector's thread.
    [
      '--max-old-space-size=256',
      stores.log === 'server' ? '--max-semi-space-size=32' : '--max-semi-space-size=16',
      PROGRAM,
      '--folder',
      plan.log ?? join(tmpdir(), 'portaria-bench'),
      '--events',
      String(events),
      ...flags,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        ...(stores.log === 'server' ? { EVENTSTORE_URL: process.env['EVENTSTORE_URL'] } : {}),
        ...(stores.rows === 'postgres' ? { POSTGRES_URL: postgresUrl } : {}),
      },
    },
  );
  let said = '';
  for await (const chunk of child.stdout) said += String(chunk);
  const line = said.trimEnd().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`the engine did not come to its end: ${said}`);
  return JSON.parse(line) as EngineRun;
};

const rateOf = ({ events, wallMs }: EngineRun): number => (events * 1000) / wallMs;

const built = (
  row: string,
  name: string,
  runs: readonly EngineRun[],
  bounds: Pick<Figure, 'floor' | 'aim'>,
): readonly Figure[] => [
  { row, name, unit: 'events/s', values: runs.map(rateOf), better: 'more', ...bounds },
  {
    row,
    name: '  if the thread never waited',
    unit: 'events/s',
    values: runs.map(({ events, threadMs }) => (events * 1000) / threadMs),
    better: 'more',
  },
  {
    row,
    name: '  RSS, peak',
    unit: 'MiB',
    values: runs.map(({ peakMiB }) => peakMiB),
    better: 'less',
    floor: 512,
    aim: 300,
  },
];

const firstBuilds =
  (row: string, stores: Stores, bounds: Pick<Figure, 'floor' | 'aim'>): Row =>
  async (plan) => {
    const runs = (flags: readonly string[]) => repeat(plan.runs, () => engineRun(plan, stores, plan.events, flags));
    return [
      ...built(row, 'the inbox family', await runs(INBOX), bounds),
      ...built(row, 'all read models in one pass', await runs([]), {}),
    ];
  };

const beside: Row = async (plan) => {
  const row = 'engine-beside';
  const runs = await repeat(plan.runs, () => engineRun(plan, EMBEDDED, plan.events, [...INBOX, '--beside']));
  return [
    {
      row,
      name: 'the inbox family beside the live one, request to live',
      unit: 'events/s',
      values: runs.map((run) => (run.events * 1000) / (run.beside?.wallMs ?? NaN)),
      better: 'more',
    },
    {
      row,
      name: '  longest turn that live updates wait for',
      unit: 'ms',
      values: runs.map((run) => run.beside?.longestTurnMs ?? NaN),
      better: 'less',
      floor: 50,
    },
  ];
};

/** `--events` says how long the long log is; 5,000,000 take their time to be made. */
const linearity: Row = async (plan) => {
  const row = 'engine-linearity';
  const short = 200_000;
  const long = Math.max(plan.events, short);
  const figures: Figure[] = [];
  for (const [name, flags] of [
    ['the inbox family', INBOX],
    ['all read models', []],
  ] as const) {
    const few = await repeat(plan.runs, () => engineRun(plan, EMBEDDED, short, flags));
    const many = await repeat(plan.runs, () => engineRun(plan, EMBEDDED, long, flags));
    const each = median(few.map(({ events, processMs }) => processMs / events));
    figures.push(
      {
        row,
        name: `${name}: computed for each event of ${(long / MILLION).toString()} million against 0.2 million`,
        unit: 'times',
        values: many.map(({ events, processMs }) => processMs / events / each),
        better: 'less',
        floor: 1.25,
        aim: 1,
      },
      ...built(row, `  the long log`, many, {}),
    );
  }
  return figures;
};

export const engineRows = {
  engine: firstBuilds('engine', EMBEDDED, { floor: 90_000, aim: 250_000 }),
  'engine-beside': beside,
  'engine-linearity': linearity,
} satisfies Readonly<Record<string, Row>>;

/** Needs POSTGRES_URL. */
export const engineOnPostgres = {
  'postgres-engine': firstBuilds(
    'postgres-engine',
    { log: 'embedded', rows: 'postgres' },
    { floor: 40_000, aim: 150_000 },
  ),
} satisfies Readonly<Record<string, Row>>;

/** Needs both. */
export const engineOnServers = {
  'eventstoredb-postgres-engine': firstBuilds(
    'eventstoredb-postgres-engine',
    { log: 'server', rows: 'postgres' },
    { floor: 20_000, aim: 45_000 },
  ),
} satisfies Readonly<Record<string, Row>>;
