import { answerOf, type Client, type Schemas } from '#client';
import { STAFF, type StaffId } from './cast.js';
import { clock, exactly, number, say, short, table } from './tables.js';

type Row = Schemas['ConversationAnswer'];
type Item = Schemas['TimelineItemAnswer'];

/** Query parameters: from read models that have seen what the token covers. */
const behind = (after: string): { readonly wait: number; readonly after: string } => ({ wait: 20_000, after });

const SHOWN = 8;

export const nameOf = (staffId: string | null): string | null =>
  STAFF.find((member) => member.staffId === staffId)?.name ?? staffId;

export const countsOf = async (client: Client, after: string): Promise<Schemas['CountsAnswer']> =>
  (await answerOf(client.GET('/v1/conversations/counts', { params: { query: behind(after) } }))).body;

const listed = async (client: Client, view: 'mine' | 'unassigned', after: string): Promise<readonly Row[]> =>
  (
    await answerOf(
      client.GET('/v1/conversations', { params: { query: { view, status: 'open', limit: SHOWN, ...behind(after) } } }),
    )
  ).body.items;

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
  const { body } = await answerOf(
    client.GET('/v1/blocked-contacts', { params: { query: { limit: SHOWN + 4, ...behind(after) } } }),
  );
  const { count } = (await answerOf(client.GET('/v1/blocked-contacts/count'))).body;
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
  const { body } = await answerOf(
    client.GET('/v1/conversations/{id}/assignments', {
      params: { path: { id: conversationId }, query: behind(after) },
    }),
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
  const { body } = await answerOf(
    client.GET('/v1/conversations/{id}/timeline', {
      params: { path: { id: conversationId }, query: { limit: 200, ...behind(after) } },
    }),
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

const by = (who: unknown): string => (who === 'block' ? 'the block' : (nameOf(String(who)) ?? ''));

const wordsOf = (state: Readonly<Record<string, unknown>>): string => {
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
