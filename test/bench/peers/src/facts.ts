// The facts of the log as the peers are given them, a line each, and the row that all of them build.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

export type Fact = {
  readonly stream: string;
  readonly type: string;
  /** What its stream is about: of a conversation's facts, its id. */
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
};

/** One conversation in the inbox: assignee, status, the latest message, how many came in. */
export type InboxRow = {
  readonly conversation_id: string;
  readonly contact_id: string;
  readonly channel: string;
  readonly status: string;
  readonly assignee_id: string | null;
  readonly last_displayed_at: string;
  readonly last_message_id: string | null;
  readonly inbound_count: number;
};

export type Run = { readonly wallMs: number; readonly threadMs: number };

/** What a peer prints when it is done, a line of JSON. */
export type Report = {
  readonly versions: Readonly<Record<string, string>>;
  readonly events: number;
  readonly runs: readonly Run[];
  readonly rows: number;
  readonly digest: string;
};

export const factsOf = async function* (path: string): AsyncGenerator<Fact> {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity }))
    yield JSON.parse(line) as Fact;
};

/** Pages of so many. */
export const pagesOf = async function* (path: string, size: number): AsyncGenerator<readonly Fact[]> {
  let page: Fact[] = [];
  for await (const fact of factsOf(path)) {
    page.push(fact);
    if (page.length < size) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
};

/** The same for the same rows, in whatever order and store they are. */
export const digestOf = (rows: readonly InboxRow[]): string => {
  const lines = rows.map((row) =>
    JSON.stringify([
      row.conversation_id,
      row.contact_id,
      row.channel,
      row.status,
      row.assignee_id,
      row.last_displayed_at,
      row.last_message_id,
      Number(row.inbound_count),
    ]),
  );
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
};

/** Milliseconds on the clock and of the main thread. */
export const timed = async (work: () => Promise<void>): Promise<Run> => {
  const [wall, thread] = [performance.now(), process.threadCpuUsage()];
  await work();
  const used = process.threadCpuUsage(thread);
  return { wallMs: performance.now() - wall, threadMs: (used.user + used.system) / 1000 };
};
