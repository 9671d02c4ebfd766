import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { phoneOf } from '../traffic/phones.js';
import { median, quantile, type Figure } from './figures.js';
import { load } from './load.js';
import {
  BATCH,
  computed,
  computing,
  CONNECTIONS,
  CUSTOMERS,
  level,
  loaded,
  populate,
  post,
  repeat,
  staffed,
  withServer,
  type Plan,
} from './run.js';
import { Server } from './server.js';
import { Agents, Crowd, type Place } from './traffic.js';

export type Row = (plan: Plan) => Promise<readonly Figure[]>;

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

const inboundBatch: Row = (plan) =>
  withServer(plan, async (server) => {
    const { gateway, bearers } = await staffed(server);
    const crowd = new Crowd(plan.random.fork('crowd'), 0, 'b');
    await populate(gateway, crowd, CUSTOMERS);
    const row = 'inbound-batch';
    const figures = async (lines: number, newcomers: number, words: string): Promise<readonly Figure[]> => {
      const send = async () => {
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
          values: runs.map(({ result }) => (lines * times * 1000) / result.reduce((sum, { took }) => sum + took, 0)),
          better: 'more',
          floor: 15_000,
          aim: 40_000,
        },
        {
          row,
          name: '  refused',
          unit: 'in all',
          values: runs.map(({ result }) => result.reduce((sum, { refused }) => sum + refused, 0)),
          better: 'less',
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
        values: runs.map(({ result }) => (questions * 1000) / median(result.map(({ took }) => took))),
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
    return await withServer(
      plan,
      async (server) => [...(await rebuildOver(plan, server, 'inbox')), ...(await rebuildOver(plan, server, 'all'))],
      folder,
    );
  } finally {
    if (plan.log === undefined) rmSync(folder, { recursive: true });
  }
};

/** Rebuilds over HTTP beside the live rows, while somebody reads a list all the time. */
const rebuildOver = async (plan: Plan, server: Server, name: string): Promise<readonly Figure[]> => {
  const ops = await server.as('ops', 'ops');
  const reader = await server.as('adriana');
  await level(server);
  const before = server.memory().rss;
  const results = await repeat(plan.runs, async () => {
    server.forgetPeak();
    const answers: { readonly at: number; readonly took: number }[] = [];
    const end = new AbortController();
    const reading = (async () => {
      while (!end.signal.aborted) {
        const at = performance.now();
        await reader.get('/v1/conversations?limit=20');
        answers.push({ at, took: performance.now() - at });
      }
    })();
    try {
      const began = performance.now();
      const { body } = await ops.post<{ rebuildId: string }>(`/v1/ops/projections/${name}/rebuild`);
      let replayed: number | null = null;
      let notYet = began;
      for (;;) {
        const asked = performance.now();
        const { body: status } = await ops.get<Rebuild>(`/v1/ops/rebuilds/${body.rebuildId}`);
        const elapsed = (performance.now() - began) / 1000;
        if (replayed === null && ['catchup', 'verify', 'ready', 'done'].includes(status.phase)) replayed = elapsed;
        if (status.phase === 'done') {
          if (status.result?.equal !== true) throw new Error('the rebuilt rows differ from the live ones');
          await pause(100);
          // It went live after it was last seen not to be.
          const swap = Math.max(...answers.filter(({ at }) => at >= notYet - 100).map(({ took }) => took));
          const all = answers.map(({ took }) => took);
          const peak = server.memory().peak;
          return { total: status.done, elapsed, replayed: replayed ?? elapsed, peak, swap, all };
        }
        notYet = asked;
        if (status.phase === 'failed') throw new Error(`the rebuild failed: ${status.error ?? ''}`);
        await pause(20);
      }
    } finally {
      end.abort();
      await reading;
    }
  });
  const row = 'rebuild';
  const total = Math.round(median(results.map((result) => result.total)));
  return [
    {
      row,
      name: `${name}, log of ${total.toLocaleString('en-GB')}, request to live`,
      unit: 'events/s',
      values: results.map((result) => result.total / result.elapsed),
      better: 'more',
    },
    {
      row,
      name: '  of that, replay alone',
      unit: 'events/s',
      values: results.map((result) => result.total / result.replayed),
      better: 'more',
    },
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
    {
      row,
      name: '  a list meanwhile, median',
      unit: 'ms',
      values: results.map(({ all }) => quantile(all, 0.5)),
      better: 'less',
    },
    {
      row,
      name: '  a list meanwhile, p99',
      unit: 'ms',
      values: results.map(({ all }) => quantile(all, 0.99)),
      better: 'less',
    },
    {
      row,
      name: '  a list meanwhile, longest',
      unit: 'ms',
      values: results.map(({ all }) => Math.max(...all)),
      better: 'less',
    },
    {
      row,
      name: '  a list at the swap, longest',
      unit: 'ms',
      values: results.map(({ swap }) => swap),
      better: 'less',
      floor: 50,
      aim: 5,
    },
  ];
};

/** One customer has written 20,000 times: a command right after the start, which folds the stream from its beginning, and those behind it. */
const longConversation: Row = async (plan) => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-bench-'));
  const messages = 20_000;
  try {
    let conversationId = '';
    await withServer(
      { ...plan, profiles: undefined },
      async (server) => {
        const { gateway } = await staffed(server);
        const crowd = new Crowd(plan.random.fork('crowd'), 1, 'l');
        for (let sent = 0; sent < messages; sent += BATCH) {
          const bodies = Array.from({ length: BATCH }, () => crowd.from(0));
          const answer = await gateway.lines<Place>('/v1/messages/inbound/batch', bodies);
          conversationId = answer.body[0]?.conversationId ?? '';
        }
      },
      folder,
    );
    const runs = await repeat(plan.runs, () =>
      withServer(
        plan,
        async (server) => {
          const ana = await server.as('ana');
          const timed = async (): Promise<number> => {
            const began = performance.now();
            await ana.post(`/v1/conversations/${conversationId}/messages`, { content: { text: 'Bom dia!' } });
            return performance.now() - began;
          };
          await level(server);
          return { cold: await timed(), warm: await repeat(100, timed) };
        },
        folder,
      ),
    );
    const row = 'long-conversation';
    return [
      {
        row,
        name: 'the first command after a start',
        unit: 'ms',
        values: runs.map(({ cold }) => cold),
        better: 'less',
      },
      {
        row,
        name: 'a command behind it, p99',
        unit: 'ms',
        values: runs.map(({ warm }) => quantile(warm, 0.99)),
        better: 'less',
        floor: 50,
        aim: 5,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
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

export const embedded = {
  commands,
  inbound,
  'inbound-batch': inboundBatch,
  check,
  visible,
  'long-conversation': longConversation,
  rebuild,
  start,
} satisfies Readonly<Record<string, Row>>;
