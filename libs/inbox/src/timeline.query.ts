import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { sql, type Kysely } from 'kysely';
import { CODEC, type Codec } from '#event-store';
import type { Caller } from '#kernel';
import { decodeCursor, pageOf, problem, type Consistency, type Seen, type List, type Page } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-store';
import { countsHidden, mayRead } from './access.query.js';
import type { Tables } from './tables.js';

export type TimelineItem = {
  readonly kind: string;
  readonly messageId?: string;
  readonly direction?: string;
  readonly authorId?: string;
  readonly sentAt: string;
  readonly ordinal?: number;
  readonly content?: unknown;
  readonly delivery?: string;
  readonly state?: unknown;
  readonly sentWhileBlocked?: true;
};

export class GetTimeline {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly conversationId: string,
    readonly order: 'asc' | 'desc',
    readonly page: Page,
    readonly consistency: Consistency,
  ) {}
}

export class ListAssignments {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly conversationId: string,
    readonly page: Page,
    readonly consistency: Consistency,
  ) {}
}

export class ListOutbound {
  constructor(
    readonly tenant: string,
    readonly page: Page,
    readonly consistency: Consistency,
  ) {}
}

/** 404 for what the caller may not see. */
const mustSee = async (db: Kysely<Tables>, tenant: string, caller: Caller, conversationId: string): Promise<void> => {
  const row = await db
    .selectFrom('inbox')
    .select('conversation_id')
    .where('tenant', '=', tenant)
    .where('conversation_id', '=', conversationId)
    .where(mayRead(caller))
    .executeTakeFirst();
  if (row === undefined) throw problem('not-found');
};

type Line = Omit<Tables['timeline'], 'tenant' | 'conversation_id' | 'inbound_ordinal'>;

/** What a blocked customer sent in the mode `receive`: a line of the timeline, and nothing else anywhere. */
const asLine = (kept: Pick<Tables['kept_messages'], 'at' | 'position' | 'item_id' | 'sent_at' | 'content'>): Line => ({
  ...kept,
  kind: 'message',
  direction: 'inbound',
  author_id: null,
  ordinal: null,
  delivery: null,
  state: null,
  while_blocked: 1,
});

const byPlace = (a: Line, b: Line): number => {
  for (const part of ['at', 'position', 'item_id'] as const) if (a[part] !== b[part]) return a[part] < b[part] ? -1 : 1;
  return 0;
};

@QueryHandler(GetTimeline)
export class GetTimelineHandler implements IQueryHandler<GetTimeline> {
  constructor(
    @Inject(READ_MODELS) private readonly models: ReadModels<Tables>,
    @Inject(CODEC) private readonly codec: Codec,
  ) {}

  async execute(query: GetTimeline): Promise<Seen<List<TimelineItem> & { readonly hiddenCount: number | null }>> {
    const { tenant, caller, conversationId, order, page, consistency } = query;
    const bound = { list: 'timeline', tenant, conversationId, order };
    const after = page.cursor === undefined ? null : decodeCursor(page.cursor, bound, ['string', 'string', 'string']);
    const { value, at } = await this.models.query(async (db) => {
      await mustSee(db, tenant, caller, conversationId);
      const pageIn = (table: 'timeline' | 'kept_messages') => {
        let rows = db.selectFrom(table).where('tenant', '=', tenant).where('conversation_id', '=', conversationId);
        if (after !== null) {
          const place = sql`(at, position, item_id)`;
          const last = sql`(${after[0]}, ${after[1]}, ${after[2]})`;
          rows = rows.where(order === 'asc' ? sql<boolean>`${place} > ${last}` : sql<boolean>`${place} < ${last}`);
        }
        return rows
          .orderBy('at', order)
          .orderBy('position', order)
          .orderBy('item_id', order)
          .limit(page.limit + 1);
      };
      const kept = await pageIn('kept_messages').select(['at', 'position', 'item_id', 'sent_at', 'content']).execute();
      const lines: readonly Line[] = await pageIn('timeline').selectAll().execute();
      const found = [...lines, ...kept.map(asLine)].sort(order === 'asc' ? byPlace : (a, b) => byPlace(b, a));
      const hidden = countsHidden(caller)
        ? await db
            .selectFrom('hidden_messages')
            .select('hidden_count')
            .where('tenant', '=', tenant)
            .where('conversation_id', '=', conversationId)
            .executeTakeFirst()
        : null;
      return { found, hiddenCount: hidden === null ? null : (hidden?.hidden_count ?? 0) };
    }, consistency);
    const { rows: shown, nextCursor } = pageOf(value.found, page.limit, bound, (last) => [
      last.at,
      last.position,
      last.item_id,
    ]);
    const items = await Promise.all(shown.map((row) => this.item(row)));
    return { value: { items, nextCursor, hiddenCount: value.hiddenCount }, at };
  }

  private async item(row: Line): Promise<TimelineItem> {
    if (row.kind === 'state') return { kind: 'state', sentAt: row.sent_at, state: row.state };
    return {
      kind: 'message',
      messageId: row.item_id,
      direction: row.direction ?? '',
      ...(row.author_id === null ? {} : { authorId: row.author_id }),
      sentAt: row.sent_at,
      ...(row.ordinal === null ? {} : { ordinal: row.ordinal }),
      content: await this.codec.openValue(row.content),
      ...(row.delivery === null ? {} : { delivery: row.delivery }),
      ...(row.while_blocked === 0 ? {} : { sentWhileBlocked: true }),
    };
  }
}

export type Assignment = {
  readonly assignmentNo: number;
  readonly assigneeId: string;
  readonly assignedBy: string;
  readonly method: string;
  readonly assignedAt: string;
  readonly engagedAt: string | null;
  readonly endedAt: string | null;
  readonly endReason: string | null;
  readonly note: unknown;
};

@QueryHandler(ListAssignments)
export class ListAssignmentsHandler implements IQueryHandler<ListAssignments> {
  constructor(
    @Inject(READ_MODELS) private readonly models: ReadModels<Tables>,
    @Inject(CODEC) private readonly codec: Codec,
  ) {}

  async execute({
    tenant,
    caller,
    conversationId,
    page,
    consistency,
  }: ListAssignments): Promise<Seen<List<Assignment>>> {
    const bound = { list: 'assignments', tenant, conversationId };
    const after = page.cursor === undefined ? null : decodeCursor(page.cursor, bound, ['string']);
    const { value: found, at } = await this.models.query(async (db) => {
      await mustSee(db, tenant, caller, conversationId);
      const rows = db
        .selectFrom('assignment_history')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('conversation_id', '=', conversationId);
      return (after === null ? rows : rows.where('assignment_no', '>', after[0]))
        .orderBy('assignment_no')
        .limit(page.limit + 1)
        .execute();
    }, consistency);
    const { rows: shown, nextCursor } = pageOf(found, page.limit, bound, (last) => [last.assignment_no]);
    const items = await Promise.all(
      shown.map(async (row) => ({
        assignmentNo: Number(row.assignment_no),
        assigneeId: row.assignee_id,
        assignedBy: row.assigned_by,
        method: row.method,
        assignedAt: row.assigned_at,
        engagedAt: row.engaged_at,
        endedAt: row.ended_at,
        endReason: row.end_reason,
        note: await this.codec.openValue(row.note),
      })),
    );
    return { value: { items, nextCursor }, at };
  }
}

export type OutboundItem = {
  readonly messageId: string;
  readonly conversationId: string;
  readonly channel: string;
  readonly requestedAt: string;
  readonly purpose: string;
};

@QueryHandler(ListOutbound)
export class ListOutboundHandler implements IQueryHandler<ListOutbound> {
  constructor(@Inject(READ_MODELS) private readonly models: ReadModels<Tables>) {}

  async execute({ tenant, page, consistency }: ListOutbound): Promise<Seen<List<OutboundItem>>> {
    const bound = { list: 'outbound', tenant };
    const after = page.cursor === undefined ? null : decodeCursor(page.cursor, bound, ['string', 'string']);
    const { value: found, at } = await this.models.query((db) => {
      const rows = db
        .selectFrom('outbound')
        .innerJoin('inbox', (join) =>
          join
            .onRef('inbox.tenant', '=', 'outbound.tenant')
            .onRef('inbox.conversation_id', '=', 'outbound.conversation_id'),
        )
        .select([
          'outbound.message_id',
          'outbound.conversation_id',
          'inbox.channel',
          'outbound.requested_at',
          'outbound.purpose',
          'outbound.position',
        ])
        .where('outbound.tenant', '=', tenant)
        // What has nobody to go to any more, since they were erased or the address was detached, is not to be fetched.
        .where((message) =>
          message.exists(
            db
              .selectFrom('identity_holders')
              .innerJoin('contact_card', (join) =>
                join
                  .onRef('contact_card.tenant', '=', 'identity_holders.tenant')
                  .onRef('contact_card.contact_id', '=', 'identity_holders.contact_id'),
              )
              .select('identity_holders.identity_id')
              .whereRef('identity_holders.tenant', '=', sql.ref('inbox.tenant'))
              .whereRef('identity_holders.identity_id', '=', sql.ref('inbox.identity_id'))
              .where('attached', '=', 1)
              .where('erased', '=', 0),
          ),
        );
      const rest =
        after === null
          ? rows
          : rows.where(sql<boolean>`(outbound.position, outbound.message_id) > (${after[0]}, ${after[1]})`);
      return rest
        .orderBy('outbound.position')
        .orderBy('outbound.message_id')
        .limit(page.limit + 1)
        .execute();
    }, consistency);
    const { rows: shown, nextCursor } = pageOf(found, page.limit, bound, (last) => [last.position, last.message_id]);
    const items = shown.map((row) => ({
      messageId: row.message_id,
      conversationId: row.conversation_id,
      channel: row.channel,
      requestedAt: row.requested_at,
      purpose: row.purpose,
    }));
    return {
      value: { items, nextCursor },
      at,
    };
  }
}
