import type { Client } from '../traffic/client.js';
import { STAFF, type StaffId } from './cast.js';
import { clock, exactly, number, say, short, table } from './tables.js';

type List<T> = { readonly items: readonly T[] };
type Row = {
  readonly contactName: string | null;
  readonly channel: string;
  readonly assigneeId: string | null;
  readonly automation: string;
  readonly lastDisplayedAt: string;
  readonly lastMessagePreview: string | null;
  readonly unread: number;
};
type Blocked = {
  readonly displayName: string | null;
  readonly kind: string;
  readonly reasonCode: string | null;
  readonly blockedBy: string;
  readonly blockedAt: string;
  readonly ignoredCount: number;
};
type Item = {
  readonly kind: 'message' | 'state';
  readonly direction?: string;
  readonly authorId?: string;
  readonly sentAt: string;
  readonly content?: { readonly text: string } | null;
  readonly delivery?: string;
  readonly state?: Readonly<Record<string, string | number | null>>;
};
type Timeline = List<Item> & { readonly hiddenCount: number | null };
type Assignment = {
  readonly assignmentNo: number;
  readonly assigneeId: string;
  readonly assignedBy: string;
  readonly method: string;
  readonly engagedAt: string | null;
  readonly endedAt: string | null;
  readonly endReason: string | null;
  readonly note: string | null;
};
type Counts = Readonly<Record<'all' | 'mine' | 'unassigned', { readonly open: number; readonly concluded: number }>>;

const SHOWN = 8;

export const nameOf = (staffId: string | null): string | null =>
  STAFF.find((member) => member.staffId === staffId)?.name ?? staffId;

export const countsOf = async (client: Client, after: string): Promise<Counts> =>
  (await client.get<Counts>(`/v1/conversations/counts?wait=20000&after=${after}`)).body;

const listed = async (client: Client, view: string, after: string): Promise<readonly Row[]> =>
  (await client.get<List<Row>>(`/v1/conversations?view=${view}&status=open&limit=${SHOWN}&wait=20000&after=${after}`))
    .body.items;

export const showMyChats = async (staffId: StaffId, client: Client, after: string, remark: string): Promise<void> => {
  const { mine } = await countsOf(client, after);
  const rows = await listed(client, 'mine', after);
  say(`\nMy Chats of ${nameOf(staffId) ?? ''} – ${number(mine.open)} open, the latest ${rows.length}. ${remark}`);
  table(
    [
      ['Last at', 11],
      ['Customer', 22],
      ['Channel', 11],
      ['Last message', 50],
      ['Unread', 8],
      ['Robot', 9],
    ],
    rows.map((row) => [
      clock(row.lastDisplayedAt),
      row.contactName,
      row.channel,
      short(row.lastMessagePreview, 46),
      row.unread === 0 ? '' : row.unread,
      row.automation,
    ]),
  );
};

export const showUnassigned = async (client: Client, after: string): Promise<void> => {
  const { unassigned } = await countsOf(client, after);
  const rows = await listed(client, 'unassigned', after);
  say(
    `\nUnassigned – ${number(unassigned.open)} open, the latest ${rows.length}. The customer wrote, nobody has taken it yet; whoever claims it first has it.`,
  );
  table(
    [
      ['Last at', 11],
      ['Customer', 22],
      ['Channel', 11],
      ['Last message', 50],
      ['Unread', 8],
      ['Robot', 9],
    ],
    rows.map((row) => [
      clock(row.lastDisplayedAt),
      row.contactName,
      row.channel,
      short(row.lastMessagePreview, 46),
      row.unread,
      row.automation,
    ]),
  );
};

export const showBlocked = async (client: Client, after: string): Promise<void> => {
  const { body } = await client.get<List<Blocked>>(`/v1/blocked-contacts?limit=${SHOWN + 4}&wait=20000&after=${after}`);
  const { count } = (await client.get<{ count: number }>('/v1/blocked-contacts/count')).body;
  say(
    `\nBlocked contacts – ${count}, the newest ${body.items.length}. "Not shown" counts what they wrote since: no agent sees it, no list moves, no robot answers.`,
  );
  table(
    [
      ['Since', 11],
      ['Customer', 22],
      ['Blocked by', 18],
      ['Kind', 18],
      ['Reason', 20],
      ['Not shown', 12],
    ],
    body.items.map((row) => [
      clock(row.blockedAt),
      row.displayName,
      nameOf(row.blockedBy),
      row.kind === 'protection' ? 'to protect us' : 'at their wish',
      row.reasonCode,
      row.ignoredCount,
    ]),
  );
};

export const showAssignments = async (client: Client, conversationId: string, after: string): Promise<void> => {
  const { body } = await client.get<List<Assignment>>(
    `/v1/conversations/${conversationId}/assignments?wait=20000&after=${after}`,
  );
  table(
    [
      ['No.', 6],
      ['Answers the customer', 24],
      ['Given by', 18],
      ['First wrote', 14],
      ['Ended', 11],
      ['Because', 18],
      ['Note', 28],
    ],
    body.items.map((row) => [
      row.assignmentNo,
      nameOf(row.assigneeId),
      row.method === 'self' ? 'took it' : nameOf(row.assignedBy),
      row.engagedAt === null ? 'not yet' : clock(row.engagedAt),
      row.endedAt === null ? null : clock(row.endedAt),
      row.endReason,
      row.note,
    ]),
  );
};

/** What the staff member is shown of a conversation, and the number that only supervisors and above are told. */
export const showTimeline = async (
  client: Client,
  customer: string,
  conversationId: string,
  after: string,
  since = '',
): Promise<number | null> => {
  const { body } = await client.get<Timeline>(
    `/v1/conversations/${conversationId}/timeline?limit=200&wait=20000&after=${after}`,
  );
  table(
    [
      ['At', 15],
      ['Who', 18],
      ['What', 84],
    ],
    body.items.filter(({ sentAt }) => sentAt >= since).map((item) => [exactly(item.sentAt), ...lineOf(item, customer)]),
  );
  return body.hiddenCount;
};

const lineOf = (item: Item, customer: string): readonly [string, string] => {
  if (item.kind === 'message') {
    const who = item.direction === 'inbound' ? customer : (nameOf(item.authorId ?? null) ?? '');
    const fate = item.delivery === 'cancelled' ? '   (never sent: cancelled by the block)' : '';
    return [who, `${item.content?.text ?? ''}${fate}`];
  }
  return ['·', wordsOf(item.state ?? {})];
};

const by = (who: string | number | null | undefined): string =>
  who === 'block' ? 'the block' : (nameOf(String(who)) ?? '');

const wordsOf = (state: Readonly<Record<string, string | number | null>>): string => {
  switch (state['change']) {
    case 'opened':
      return 'conversation opened by the customer';
    case 'assigned':
      return state['method'] === 'self'
        ? `${by(state['assigneeId'])} took the conversation`
        : `${by(state['by'])} gave the conversation to ${by(state['assigneeId'])}`;
    case 'unassigned':
      return `${by(state['previousAssigneeId'])} no longer has it (${String(state['reason'])})`;
    case 'engaged':
      return `${by(state['assigneeId'])} answered for the first time`;
    case 'automation_paused':
      return 'robot paused: a person is answering';
    case 'automation_resumed':
      return 'robot may answer again';
    case 'concluded':
      return state['cause'] === 'contact_blocked' ? 'concluded by the block' : `concluded by ${by(state['by'])}`;
    case 'reopened':
      return state['reason'] === 'customer_message' ? 'reopened: the customer wrote' : `reopened by ${by(state['by'])}`;
    default:
      return String(state['change']);
  }
};
