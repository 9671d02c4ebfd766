import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { projections, storedTypes } from '#apps/registry';
import { createCodec, openSqliteKeyVault } from '#event-store';
import {
  CountConversations,
  CountConversationsHandler,
  ListConversations,
  ListConversationsHandler,
  type View,
} from '#inbox/conversations.query';
import type { Tables } from '#inbox/tables';
import type { Caller, Recorded } from '#kernel';
import { Generation } from '#projections/generation';
import {
  countsTable,
  createReadModels,
  LIVE,
  openSqliteReadSource,
  openSqliteRowStore,
  type RowStore,
} from '#read-store';
import { phoneOf } from '../traffic/phones.js';
import { quantile, type Figure } from './figures.js';
import type { Row } from './rows.js';

// A tenant with a million conversations in an embedded read store, asked below HTTP: lists, counts and searches.

const CONVERSATIONS = 1_000_000;
const AGENTS = 200;
const BATCH = 10_000;
const TENANT = 'acme';
const ROW = 'big-inbox';
const FILLED = ['inbox', 'contact_card'];
/** One in ten thousand is called so. */
const RARE = 'Ingeborg';

const recorded = (category: string, subject: string, n: number, type: string, data: object): Recorded =>
  ({
    type,
    data,
    category,
    subject,
    id: `e${String(n)}`,
    stream: `${category}-${TENANT}.${subject}`,
    tenant: TENANT,
    revision: 0,
    position: String(n).padStart(16, '0'),
    recordedAt: '2026-01-01T00:00:00.000Z',
  }) as unknown as Recorded;

const timeOf = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();

/** What stands in the log of conversation `n` and its contact. */
const factsOf = (n: number): readonly Recorded[] => {
  const [contactId, identityId, conversationId] = [`k${String(n)}`, `i${String(n)}`, `c${String(n)}`];
  const at = timeOf(n);
  const displayName = `${n % 10_000 === 77 ? RARE : 'Maria'} ${randomBytes(4).toString('hex')}`;
  const identity = { identityId, kind: 'phone', value: phoneOf('BR', n), verified: true };
  const registered = { contactId, displayName, source: 'inbound', registeredAt: at, identities: [identity] };
  const conversation = (type: string, data: object): Recorded =>
    recorded('conversation', conversationId, n, type, data);
  const assigneeId = `agent-${String(n % (AGENTS + 20))}`;
  return [
    recorded('contact', contactId, n, 'ContactRegistered', registered),
    conversation('ConversationOpened', { contactId, identityId, channel: 'whatsapp', openedAt: at }),
    ...(n % (AGENTS + 20) < AGENTS ? [conversation('ConversationAssigned', { assigneeId, assignmentNo: 1 })] : []),
    ...(n % 3 === 0 ? [] : [conversation('ConversationConcluded', { concludedAt: at })]),
  ];
};

const fill = async (rows: RowStore): Promise<void> => {
  await rows.migrate();
  const generations = projections.map((one) => new Generation(one, 1, BATCH, true));
  const filled = generations.filter(({ name }) => FILLED.includes(name));
  await rows.write(async (tx) => {
    for (const { table, projection } of generations) {
      await tx.createTable(table, { indexes: 'later' });
      const counts = countsTable(projection, 1);
      if (counts !== null) await tx.createTable(counts);
    }
  });
  for (let n = 0; n < CONVERSATIONS; n++) {
    for (const fact of factsOf(n))
      for (const generation of filled) if (fact.type in generation.projection.on) generation.take(fact);
    if (n % BATCH !== BATCH - 1) continue;
    for (const generation of filled) {
      generation.fold();
      if (generation.failure !== null) throw generation.failure;
      await rows.write((tx) => generation.write(tx, timeOf(n), false));
      generation.settle(true);
    }
    await turn();
  }
  for (const { table } of generations) await rows.write((tx) => tx.createIndexes(table));
  const checkpoint = {
    name: LIVE,
    seat: LIVE,
    log_id: 'log',
    position: '1',
    event_id: 'e',
    before: null,
    paused: null,
  };
  await rows.write(async ({ system }) => {
    await system.putCheckpoint({ ...checkpoint, recorded_at: timeOf(0), events: CONVERSATIONS, swaps: 0 });
    for (const { name, projection } of generations) {
      const state = { state: 'live', cohort: LIVE, rebuild_id: null, error: null, retire_at: null } as const;
      await system.addGeneration({ projection: name, generation: 1, version: projection.version, ...state });
    }
  });
};

const took = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

type Bounds = Pick<Figure, 'floor' | 'aim'>;
const figure = (name: string, values: readonly number[], bounds: Bounds = {}): Figure => ({
  row: ROW,
  name,
  unit: 'ms',
  values,
  better: 'less',
  ...bounds,
});

const p99 = async (plan: { readonly runs: number }, work: () => Promise<unknown>): Promise<readonly number[]> => {
  await work();
  const values: number[] = [];
  for (let run = 0; run < plan.runs; run++) {
    const times: number[] = [];
    for (let n = 0; n < 300; n++) times.push(await took(work));
    values.push(quantile(times, 0.99));
  }
  return values;
};

/** How long a search takes, and what a list costs that is asked for all the while. */
const searching = async (
  plan: { readonly runs: number },
  name: string,
  search: () => Promise<unknown>,
  list: () => Promise<unknown>,
): Promise<readonly Figure[]> => {
  await search();
  const searches: number[] = [];
  const others: number[] = [];
  for (let run = 0; run < plan.runs; run++) {
    const end = new AbortController();
    const beside = (async () => {
      const times: number[] = [];
      while (!end.signal.aborted) {
        times.push(await took(list));
        await turn();
      }
      return quantile(times, 0.99);
    })();
    for (let n = 0; n < 5; n++) searches.push(await took(search));
    end.abort();
    others.push(await beside);
  }
  return [
    figure(`search, ${name}`, searches, { floor: 150, aim: 30 }),
    figure('  a list meanwhile, p99', others, { floor: 20, aim: 10 }),
  ];
};

export const bigInbox: Row = async (plan) => {
  const folder = mkdtempSync(join(tmpdir(), 'portaria-bench-'));
  try {
    const path = join(folder, 'read.db');
    const rows = openSqliteRowStore(path);
    await fill(rows);
    const vault = openSqliteKeyVault({ path: join(folder, 'keys.db'), keyEncryptionKey: randomBytes(32) });
    const models = createReadModels<Tables>(openSqliteReadSource(path), projections);
    const lists = new ListConversationsHandler(models, createCodec(storedTypes, vault));
    const counts = new CountConversationsHandler(models);
    const agent = { id: 'agent-1', role: 'agent', access: 'all' } as Caller;
    const list = (view: View, search?: string) => () =>
      lists.execute(new ListConversations(TENANT, agent, { view, search }, { limit: 50 }, { after: null, waitMs: 0 }));
    const bounds = { floor: 10, aim: 3 };
    const figures = [
      figure('My Chats, p99', await p99(plan, list('mine')), bounds),
      figure('Unassigned, p99', await p99(plan, list('unassigned')), bounds),
      figure('All, p99', await p99(plan, list('all')), bounds),
      figure(
        'counts, p99',
        await p99(plan, () => counts.execute(new CountConversations(TENANT, agent, { after: null, waitMs: 0 }))),
        bounds,
      ),
      ...(await searching(plan, 'a name that one in 10,000 has', list('all', RARE), list('mine'))),
      ...(await searching(plan, 'a name that all have', list('all', 'maria'), list('mine'))),
      ...(await searching(plan, 'a name that nobody has', list('all', 'zzzz'), list('mine'))),
    ];
    const hits = await list('all', RARE)();
    if (hits.value.items.length !== 50) throw new Error('the search found somebody else');
    await models.close();
    await vault.close();
    await rows.close();
    return figures;
  } finally {
    rmSync(folder, { recursive: true });
  }
};
