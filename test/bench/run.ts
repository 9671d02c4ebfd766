import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../traffic/client.js';
import type { Random } from '../traffic/random.js';
import type { Figure } from './figures.js';
import { load } from './load.js';
import { Server } from './server.js';
import { type Crowd, type Place, type Request } from './traffic.js';

export type Plan = {
  readonly random: Random;
  readonly runs: number;
  readonly seconds: number;
  /** Of the log that is rebuilt. */
  readonly events: number;
  readonly profiles: string | undefined;
  /** A folder that keeps the log between benches; made if it is not there. */
  readonly log: string | undefined;
  /** Says where the server's log is; the embedded one if absent. */
  readonly environment?: Readonly<Record<string, string>>;
};

export const CONNECTIONS = 64;
export const CUSTOMERS = 10_000;
export const BATCH = 5_000;

/** A server in a folder of its own that goes away afterwards. */
export const withServer = async <T>(
  { profiles, environment }: Plan,
  work: (server: Server) => Promise<T>,
  dataDir?: string,
): Promise<T> => {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'portaria-bench-'));
  const server = await Server.start({ dataDir: folder, profiles, environment });
  try {
    return await work(server);
  } finally {
    await server.stop();
    if (dataDir === undefined) rmSync(folder, { recursive: true });
  }
};

export const staffed = async (server: Server) => {
  const [admin, gateway] = [await server.as('adriana'), await server.as('integration', 'integration')];
  await admin
    .post('/v1/staff', { staffId: 'bruno', name: 'Bruno', role: 'agent', conversationAccess: 'all' })
    .catch(() => null);
  const bearers = {
    ana: await server.bearer('ana'),
    bruno: await server.bearer('bruno'),
    adriana: await server.bearer('adriana'),
    gateway: await server.bearer('integration', 'integration'),
  };
  return { admin, gateway, bearers };
};

/** Everybody has written once. Answers where. */
export const populate = async (gateway: Client, crowd: Crowd, count: number): Promise<readonly Place[]> => {
  const places: Place[] = [];
  while (places.length < count) {
    const bodies = Array.from({ length: Math.min(BATCH, count - places.length) }, () => crowd.inbound(1));
    places.push(...(await gateway.lines<Place>('/v1/messages/inbound/batch', bodies)).body);
  }
  return places;
};

export const repeat = async <T>(times: number, work: (run: number) => Promise<T>): Promise<readonly T[]> => {
  const results: T[] = [];
  for (let run = 0; run < times; run++) results.push(await work(run));
  return results;
};

type Computed = { readonly main: number; readonly all: number };

/** Does the work and says what the server computed meanwhile, in microseconds for each of `count`. */
export const computing = async <T>(server: Server, work: () => Promise<T>, count: (result: T) => number) => {
  const before = server.cpu();
  const result = await work();
  const after = server.cpu();
  const each = (spent: number): number => (1000 * spent) / count(result);
  return { result, cpu: { main: each(after.main - before.main), all: each(after.all - before.all) } };
};

/** On a machine that others use, these say more than the rate: the rate cannot be above one second by the first of them. */
export const computed = (row: string, what: string, cpus: readonly Computed[]): readonly Figure[] => [
  {
    row,
    name: `  the server computes for each ${what}, HTTP thread`,
    unit: 'µs',
    values: cpus.map(({ main }) => main),
    better: 'less',
  },
  { row, name: '  … all its threads', unit: 'µs', values: cpus.map(({ all }) => all), better: 'less' },
];

/** Runs of a load, after one that warms up. */
export const loaded = async (
  plan: Plan,
  server: Server,
  row: string,
  what: string,
  goals: { readonly rate?: readonly [number, number]; readonly p99?: number },
  next: () => Request,
): Promise<readonly Figure[]> => {
  const once = (seconds: number) => load(server.address, { connections: CONNECTIONS, seconds }, next);
  await level(server);
  await once(Math.min(2, plan.seconds));
  const runs = await repeat(plan.runs, () =>
    computing(
      server,
      () => once(plan.seconds),
      ({ accepted, refused }) => accepted + refused,
    ),
  );
  const results = runs.map(({ result }) => result);
  const [floor, aim] = goals.rate ?? [];
  return [
    {
      row,
      name: `${what}, ${CONNECTIONS} connections`,
      unit: '/s',
      values: results.map(({ perSecond }) => perSecond),
      better: 'more',
      ...(floor === undefined ? {} : { floor }),
      ...(aim === undefined ? {} : { aim }),
    },
    { row, name: '  p50', unit: 'ms', values: results.map(({ p50 }) => p50), better: 'less' },
    {
      row,
      name: '  p99',
      unit: 'ms',
      values: results.map(({ p99 }) => p99),
      better: 'less',
      ...(goals.p99 === undefined ? {} : { floor: goals.p99 }),
    },
    { row, name: '  refused', unit: 'in all', values: results.map(({ refused }) => refused), better: 'less' },
    ...computed(
      row,
      'request',
      runs.map(({ cpu }) => cpu),
    ),
  ];
};

/** Waits until read models and policies are level with what was set up. A profiled server never rests quite. */
export const level = async (server: Server): Promise<void> => {
  let before = server.cpu().all;
  for (let left = 80; left > 0; left--) {
    await pause(250);
    const now = server.cpu().all;
    if (now - before <= 70) return;
    before = now;
  }
};

/** Milliseconds of one POST, the answer read to its end, and how many lines of it are refusals. */
export const post = async (
  server: Server,
  path: string,
  type: string,
  bearer: string,
  body: string,
): Promise<{ readonly took: number; readonly refused: number }> => {
  const began = performance.now();
  const response = await fetch(`${server.address}${path}`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${bearer}`, 'content-type': type },
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${answer.slice(0, 300)}`);
  return { took: performance.now() - began, refused: answer.split('"status":').length - 1 };
};
