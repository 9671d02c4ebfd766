import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../traffic/client.js';
import { phoneOf } from '../traffic/phones.js';
import type { Random } from '../traffic/random.js';
import { median, quantile, type Figure } from './figures.js';
import { load } from './load.js';
import { Server } from './server.js';
import { Agents, Crowd, type Place, type Request } from './traffic.js';

export type Plan = {
  readonly random: Random;
  readonly runs: number;
  readonly seconds: number;
  /** Of the log that is rebuilt. */
  readonly events: number;
  readonly profiles: string | undefined;
  /** A folder that keeps the log between benches; made if it is not there. */
  readonly log: string | undefined;
};

type Row = (plan: Plan) => Promise<readonly Figure[]>;

const CONNECTIONS = 64;
const CUSTOMERS = 10_000;
const BATCH = 5_000;

/** A server in a folder of its own that goes away afterwards. */
const withServer = async <T>(
  { profiles }: Plan,
  work: (server: Server) => Promise<T>,
  dataDir?: string,
): Promise<T> => {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'portaria-bench-'));
  const server = await Server.start({ dataDir: folder, profiles });
  try {
    return await work(server);
  } finally {
    await server.stop();
    if (dataDir === undefined) rmSync(folder, { recursive: true });
  }
};

const staffed = async (server: Server) => {
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
const populate = async (gateway: Client, crowd: Crowd, count: number): Promise<readonly Place[]> => {
  const places: Place[] = [];
  while (places.length < count) {
    const bodies = Array.from({ length: Math.min(BATCH, count - places.length) }, () => crowd.inbound(1));
    places.push(...(await gateway.lines<Place>('/v1/messages/inbound/batch', bodies)).body);
  }
  return places;
};

const repeat = async <T>(times: number, work: (run: number) => Promise<T>): Promise<readonly T[]> => {
  const results: T[] = [];
  for (let run = 0; run < times; run++) results.push(await work(run));
  return results;
};

type Computed = { readonly main: number; readonly all: number };

/** Does the work and says what the server computed meanwhile, in microseconds for each of `count`. */
const computing = async <T>(server: Server, work: () => Promise<T>, count: (result: T) => number) => {
  const before = server.cpu();
  const result = await work();
  const after = server.cpu();
  const each = (spent: number): number => (1000 * spent) / count(result);
  return { result, cpu: { main: each(after.main - before.main), all: each(after.all - before.all) } };
};

/** On a machine that others use, these say more than the rate: the rate cannot be above one second by the first of them. */
const computed = (row: string, what: string, cpus: readonly Computed[]): readonly Figure[] => [
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
const loaded = async (
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
const level = async (server: Server): Promise<void> => {
  let before = server.cpu().all;
  for (let left = 80; left > 0; left--) {
    await pause(250);
    const now = server.cpu().all;
    if (now - before <= 70) return;
    before = now;
  }
};

const commands: Row = (plan) =>
  withServer(plan, async (server) => {
    const { gateway, bearers } = await staffed(server);
    const places = await populate(gateway, new Crowd(plan.random.fork('crowd'), 0, 'c'), CUSTOMERS);
    const agents = new Agents(plan.random.fork('agents'), places, bearers);
    return loaded(plan, server, 'commands', 'commands, durable', { rate: [4000, 8000], p99: 50 }, () => agents.next());
  });

const inbound: Row = (plan) =>
  withServer(plan, async (server) => {
    const { gateway, bearers } = await staffed(server);
    const crowd = new Crowd(plan.random.fork('crowd'), 0, 'i');
    await populate(gateway, crowd, CUSTOMERS);
    return loaded(plan, server, 'inbound', 'inbound messages one by one, 5 % new customers', {}, () => ({
      method: 'POST',
      path: '/v1/messages/inbound',
      body: JSON.stringify(crowd.inbound(0.05)),
      bearer: bearers.gateway,
    }));
  });

/** Milliseconds of one POST, the answer read to its end. */
const post = async (server: Server, path: string, type: string, bearer: string, body: string): Promise<number> => {
  const began = performance.now();
  const response = await fetch(`${server.address}${path}`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${bearer}`, 'content-type': type },
  });
  const answer = await response.text();
  if (!response.ok || answer.includes('"status":5'))
    throw new Error(`${path} answered ${response.status}: ${answer.slice(0, 300)}`);
  return performance.now() - began;
};

const inboundBatch: Row = (plan) =>
  withServer(plan, async (server) => {
    const { gateway, bearers } = await staffed(server);
    const crowd = new Crowd(plan.random.fork('crowd'), 0, 'b');
    await populate(gateway, crowd, CUSTOMERS);
    const row = 'inbound-batch';
    const figures = async (lines: number, newcomers: number, words: string): Promise<readonly Figure[]> => {
      const send = async (): Promise<number> => {
        const body = crowd.lines(lines, newcomers);
        return post(server, '/v1/messages/inbound/batch', 'application/x-ndjson', bearers.gateway, body);
      };
      await level(server);
      await send();
      const times = Math.max(1, Math.round(10_000 / lines));
      const runs = await repeat(plan.runs, () =>
        computing(
          server,
          () => repeat(times, send),
          () => lines * times,
        ),
      );
      return [
        {
          row,
          name: `${lines.toLocaleString('en-GB')} lines a batch, ${words}`,
          unit: 'messages/s',
          values: runs.map(({ result }) => (lines * times * 1000) / result.reduce((a, b) => a + b)),
          better: 'more',
          floor: 15_000,
          aim: 40_000,
        },
        ...computed(
          row,
          'message',
          runs.map(({ cpu }) => cpu),
        ),
      ];
    };
    return [
      ...(await figures(1_000, 0.05, '5 % new customers')),
      ...(await figures(10_000, 0.05, '5 % new customers')),
      ...(await figures(10_000, 1, 'all new customers')),
    ];
  });

const check: Row = (plan) =>
  withServer(plan, async (server) => {
    const { admin, gateway, bearers } = await staffed(server);
    const places = await populate(gateway, new Crowd(plan.random.fork('crowd'), 0, 'f'), CUSTOMERS);
    let after = '';
    for (let index = 0; index < places.length; index += 20) {
      const { token } = await admin.post(`/v1/contacts/${places[index]?.contactId ?? ''}/block`, { confirm: true });
      after = token ?? after;
    }
    await gateway.get(
      `/v1/block-filter/check?channel=whatsapp&kind=whatsapp&value=%2B5511987654321&wait=20000&after=${after}`,
    );
    const random = plan.random.fork('questions');
    // One in ten has never written; a third is spelt as people spell.
    const value = (): string => {
      const phone = phoneOf('BR', random.below(Math.round(CUSTOMERS * 1.1)));
      return random.chance(0.33) ? `+55 (${phone.slice(3, 5)}) ${phone.slice(5, 10)}-${phone.slice(10)}` : phone;
    };
    const single = await loaded(plan, server, 'check', 'single', { rate: [8000, 15_000] }, () => ({
      method: 'GET',
      path: `/v1/block-filter/check?channel=whatsapp&kind=whatsapp&value=${encodeURIComponent(value())}`,
      bearer: bearers.gateway,
    }));
    const questions = 10_000;
    const ask = () =>
      post(
        server,
        '/v1/block-filter/check',
        'application/json',
        bearers.gateway,
        JSON.stringify(
          Array.from({ length: questions }, () => ({ channel: 'whatsapp', kind: 'whatsapp', value: value() })),
        ),
      );
    await ask();
    const runs = await repeat(plan.runs, () =>
      computing(
        server,
        () => repeat(5, ask),
        () => 5 * questions,
      ),
    );
    return [
      ...single,
      {
        row: 'check',
        name: `${questions.toLocaleString('en-GB')} a batch`,
        unit: 'decisions/s',
        values: runs.map(({ result }) => (questions * 1000) / median(result)),
        better: 'more',
        floor: 100_000,
        aim: 300_000,
      },
      ...computed(
        'check',
        'decision',
        runs.map(({ cpu }) => cpu),
      ),
    ];
  });

const visible: Row = (plan) =>
  withServer(plan, async (server) => {
    const { gateway } = await staffed(server);
    const places = await populate(gateway, new Crowd(plan.random.fork('crowd'), 0, 'v'), CUSTOMERS);
    const ana = await server.as('ana');
    const mine = places.slice(0, 200);
    for (const { conversationId } of mine) await ana.post(`/v1/conversations/${conversationId}/assign-to-me`);
    const once = async (turn: number): Promise<number> => {
      const place = mine[turn % mine.length];
      const began = performance.now();
      const { token } = await ana.post(`/v1/conversations/${place?.conversationId ?? ''}/messages`, {
        content: { text: 'Bom dia!' },
      });
      await ana.get(`/v1/conversations?view=mine&limit=20&after=${token ?? ''}`);
      return performance.now() - began;
    };
    await level(server);
    await repeat(100, once);
    const runs = await repeat(plan.runs, () => repeat(300, once));
    const row = 'visible';
    return [
      {
        row,
        name: 'command → visible in My Chats, p50',
        unit: 'ms',
        values: runs.map((times) => quantile(times, 0.5)),
        better: 'less',
      },
      {
        row,
        name: '  p99',
        unit: 'ms',
        values: runs.map((times) => quantile(times, 0.99)),
        better: 'less',
        floor: 50,
        aim: 10,
      },
    ];
  });

type Rebuild = {
  readonly phase: string;
  readonly done: number;
  readonly total: number | null;
  readonly result: { equal: boolean } | null;
  readonly error: string | null;
};

/** A log of about so many facts: messages, nine parts, and what agents do, one. */
const writeLog = async (plan: Plan, folder: string): Promise<void> =>
  withServer(
    { ...plan, profiles: undefined },
    async (server) => {
      const { gateway, bearers } = await staffed(server);
      const crowd = new Crowd(plan.random.fork('log'), 0, 'l');
      const places = [...(await populate(gateway, crowd, Math.round(plan.events / 40)))];
      // A newcomer is four facts, a command about one and a half.
      const messages = plan.events * 0.75;
      for (let written = 0; written < messages; written += BATCH) {
        await gateway.lines(
          '/v1/messages/inbound/batch',
          Array.from({ length: BATCH }, () => crowd.inbound(0.02)),
        );
      }
      const agents = new Agents(plan.random.fork('agents of the log'), places, bearers);
      await load(server.address, { connections: CONNECTIONS, amount: Math.round(plan.events / 20) }, () =>
        agents.next(),
      );
    },
    folder,
  );

const rebuild: Row = async (plan) => {
  const folder = plan.log ?? mkdtempSync(join(tmpdir(), 'portaria-bench-log-'));
  if (!existsSync(join(folder, 'events.db'))) {
    console.log(`… writing a log of about ${plan.events.toLocaleString('en-GB')} events`);
    await writeLog(plan, folder);
  }
  try {
    return await withServer(plan, (server) => rebuildAll(plan, server), folder);
  } finally {
    if (plan.log === undefined) rmSync(folder, { recursive: true });
  }
};

const rebuildAll = async (plan: Plan, server: Server): Promise<readonly Figure[]> => {
  const ops = await server.as('ops', 'ops');
  await level(server);
  const before = server.memory().rss;
  const results = await repeat(plan.runs, async () => {
    server.forgetPeak();
    const began = performance.now();
    const { body } = await ops.post<{ rebuildId: string }>('/v1/ops/projections/all/rebuild');
    let replayed: number | null = null;
    for (;;) {
      const { body: status } = await ops.get<Rebuild>(`/v1/ops/rebuilds/${body.rebuildId}`);
      const elapsed = (performance.now() - began) / 1000;
      if (replayed === null && status.phase !== 'replay') replayed = elapsed;
      if (status.phase === 'done') {
        if (status.result?.equal !== true) throw new Error('the rebuilt rows differ from the live ones');
        return { total: status.done, elapsed, replayed: replayed ?? elapsed, peak: server.memory().peak };
      }
      if (status.phase === 'failed') throw new Error(`the rebuild failed: ${status.error ?? ''}`);
      await pause(20);
    }
  });
  const row = 'rebuild';
  const total = Math.round(median(results.map((result) => result.total)));
  return [
    {
      row,
      name: `all read models, log of ${total.toLocaleString('en-GB')}, request to live`,
      unit: 'events/s',
      values: results.map((result) => result.total / result.elapsed),
      better: 'more',
      floor: 90_000,
      aim: 250_000,
    },
    {
      row,
      name: '  of that, replay alone',
      unit: 'events/s',
      values: results.map((result) => result.total / result.replayed),
      better: 'more',
    },
    { row, name: '  seconds', unit: 's', values: results.map((result) => result.elapsed), better: 'less' },
    { row, name: '  RSS before', unit: 'MiB', values: [before], better: 'less' },
    {
      row,
      name: '  RSS, peak',
      unit: 'MiB',
      values: results.map(({ peak }) => peak),
      better: 'less',
      floor: 512,
      aim: 300,
    },
  ];
};

const start: Row = async (plan) => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-bench-'));
  try {
    const fresh = await repeat(plan.runs, async () => {
      const empty = mkdtempSync(join(tmpdir(), 'portaria-bench-'));
      const took = await Server.startUp(empty);
      rmSync(empty, { recursive: true });
      return took / 1000;
    });
    await withServer(
      { ...plan, profiles: undefined },
      async (server) => {
        const { gateway } = await staffed(server);
        await populate(gateway, new Crowd(plan.random.fork('crowd'), 0, 's'), CUSTOMERS);
      },
      folder,
    );
    const again = await repeat(plan.runs, async () => (await Server.startUp(folder)) / 1000);
    const row = 'start';
    const figure = (name: string, values: readonly number[]): Figure => ({
      row,
      name,
      unit: 's',
      values,
      better: 'less',
      floor: 1.5,
      aim: 0.7,
    });
    return [
      figure('first start to first answer', fresh),
      figure('start on a log of 40,000 events to first answer', again),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
};

export const rows: Readonly<Record<string, Row>> = {
  commands,
  inbound,
  'inbound-batch': inboundBatch,
  check,
  visible,
  rebuild,
  start,
};
