// The counts of a big inbox, as they are asked for and as counting all rows would answer:
//   node dist/test/bench/counts-profile.js {folder} {conversations}
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Caller, Projection, Recorded } from '#kernel';
import { inbox } from '#inbox';
import { CountConversationsHandler, CountConversations } from '#inbox/conversations.query';
import type { Tables } from '#inbox/tables';
import { Generation } from '#projections/generation';
import { countsTable, createReadModels, LIVE, openSqliteReadSource, openSqliteRowStore } from '#read-store';
import { median, quantile } from './figures.js';

const [folder = '/tmp/portaria-counts', size = '1000000'] = process.argv.slice(2);
const count = Number(size);
const AGENTS = 200;
const BATCH = 10_000;
const TENANT = 'acme';
const say = (text: string): void => void process.stdout.write(`${text}\n`);

mkdirSync(folder, { recursive: true });
const path = join(folder, `counts-${String(process.pid)}.db`);
process.on('exit', () => {
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
});

const projection = inbox as unknown as Projection;
const rows = openSqliteRowStore(path);
await rows.migrate();
const generation = new Generation(projection, 1, BATCH, true);
const counts = countsTable(projection, 1);
await rows.write(async (tx) => {
  await tx.createTable(generation.table, { indexes: 'later' });
  if (counts !== null) await tx.createTable(counts);
});

const event = (n: number, type: string, data: Readonly<Record<string, unknown>>): Recorded =>
  ({
    type,
    data,
    id: `e${String(n)}`,
    stream: `conversation-${TENANT}.c${String(n)}`,
    category: 'conversation',
    tenant: TENANT,
    subject: `c${String(n)}`,
    revision: 0,
    position: String(n).padStart(16, '0'),
    recordedAt: '2026-01-01T00:00:00.000Z',
  }) as unknown as Recorded;
const at = '2026-01-01T00:00:00.000Z';
let started = performance.now();
for (let n = 0; n < count; n++) {
  const opened = { contactId: `k${String(n)}`, identityId: `i${String(n)}`, channel: 'whatsapp', openedAt: at };
  generation.take(event(n, 'ConversationOpened', opened));
  const assigneeId = `agent-${String(n % (AGENTS + 20))}`;
  if (n % (AGENTS + 20) < AGENTS) generation.take(event(n, 'ConversationAssigned', { assigneeId, assignmentNo: 1 }));
  if (n % 3 !== 0) generation.take(event(n, 'ConversationConcluded', { concludedAt: at }));
  if (n % BATCH !== BATCH - 1 && n !== count - 1) continue;
  generation.fold();
  await rows.write((tx) => generation.write(tx, at, false));
  generation.settle(true);
}
say(`${size} conversations of ${String(AGENTS)} agents made in ${((performance.now() - started) / 1000).toFixed(1)} s`);
if (generation.failure !== null) throw generation.failure;
await rows.write((tx) => tx.createIndexes(generation.table));
await rows.write(async ({ system }) => {
  await system.putCheckpoint({
    name: LIVE,
    seat: LIVE,
    log_id: 'log',
    position: '1',
    event_id: 'e',
    before: null,
    recorded_at: at,
    events: count,
    swaps: 0,
    paused: null,
  });
  await system.addGeneration({
    projection: projection.name,
    generation: 1,
    version: projection.version,
    state: 'live',
    cohort: LIVE,
    rebuild_id: null,
    error: null,
    retire_at: null,
  });
});

const models = createReadModels<Tables>(openSqliteReadSource(path), [projection]);
const handler = new CountConversationsHandler(models);
const supervisor = { id: 'agent-1', role: 'supervisor', access: 'all' } as Caller;
const agent = { id: 'agent-1', role: 'agent', access: 'assigned_only' } as Caller;
const measured = async (name: string, times: number, work: () => Promise<unknown>): Promise<void> => {
  await work();
  const took: number[] = [];
  for (let n = 0; n < times; n++) {
    started = performance.now();
    await work();
    took.push(performance.now() - started);
  }
  say(`${name}: median ${median(took).toFixed(2)} ms, p99 ${quantile(took, 0.99).toFixed(2)} ms of ${String(times)}`);
};
for (const [name, caller] of [
  ['supervisor', supervisor],
  ['agent, assigned only', agent],
] as const) {
  await measured(`kept counts, ${name}`, 500, () =>
    handler.execute(new CountConversations(TENANT, caller, {} as never)),
  );
  await measured(`counting the rows, ${name}`, 20, () =>
    models.query((db) =>
      db
        .selectFrom('inbox')
        .where('tenant', '=', TENANT)
        .$if(caller.access !== 'all', (query) => query.where('assignee_id', '=', caller.id))
        .select([
          'status',
          sql<string>`case when assignee_id is null then 'unassigned' when assignee_id = ${caller.id} then 'mine' else 'others' end`.as(
            'share',
          ),
          sql<number>`count(*)`.as('number'),
        ])
        .groupBy(['status', 'share'])
        .execute(),
    ),
  );
}
const { value } = await handler.execute(new CountConversations(TENANT, supervisor, {} as never));
const total = value.all.open + value.all.concluded;
if (total !== count) throw new Error(`${String(total)} were counted of ${size}`);
await models.close();
await rows.close();
