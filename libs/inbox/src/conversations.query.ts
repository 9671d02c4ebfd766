import { Inject } from '@nestjs/common';
import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { sql, type Kysely } from 'kysely';
import { coverageOfPlaces } from '#block-filter/coverage.query';
import { CODEC, type Codec } from '#event-store';
import { intervalAt, type Caller } from '#kernel';
import { decodeCursor, pageOf, problem, type Consistency, type Seen, type List, type Page } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-store';
import { inWallet, mayRead, searched } from './access.query.js';
import type { Tables } from './tables.js';

export type View = 'all' | 'mine' | 'unassigned';

export type ConversationRow = {
  readonly conversationId: string;
  readonly contactId: string;
  readonly contactName: string | null;
  readonly channel: string;
  readonly status: string;
  readonly assigneeId: string | null;
  readonly automation: string;
  readonly lastDisplayedAt: string;
  readonly lastMessagePreview: string | null;
  readonly unread: number;
  readonly contactBlocked: boolean;
};

export class ListConversations {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly filter: {
      readonly view: View;
      readonly status?: string | undefined;
      readonly walletId?: string | undefined;
      readonly search?: string | undefined;
    },
    readonly page: Page,
    readonly consistency: Consistency,
  ) {}
}

export class CountConversations {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly consistency: Consistency,
  ) {}
}

export class GetConversation {
  constructor(
    readonly tenant: string,
    readonly caller: Caller,
    readonly conversationId: string,
    readonly consistency: Consistency,
  ) {}
}

const PREVIEW = 160;

/** Rows of the inbox as people see them: names joined, previews opened, unread counted, blocks looked up. */
class ConversationReader {
  constructor(
    protected readonly models: ReadModels<Tables>,
    protected readonly codec: Codec,
  ) {}

  protected rows(db: Kysely<Tables>, tenant: string, caller: Caller) {
    return db
      .selectFrom('inbox')
      .leftJoin('contact_card', (join) =>
        join
          .onRef('contact_card.tenant', '=', 'inbox.tenant')
          .onRef('contact_card.contact_id', '=', 'inbox.contact_id'),
      )
      .leftJoin('read_markers', (join) =>
        join
          .onRef('read_markers.tenant', '=', 'inbox.tenant')
          .on('read_markers.staff_id', '=', caller.id)
          .onRef('read_markers.conversation_id', '=', 'inbox.conversation_id'),
      )
      .leftJoin('timeline as last_message', (join) =>
        join
          .onRef('last_message.tenant', '=', 'inbox.tenant')
          .onRef('last_message.conversation_id', '=', 'inbox.conversation_id')
          .onRef('last_message.item_id', '=', 'inbox.last_message_id'),
      )
      .where('inbox.tenant', '=', tenant)
      .where(mayRead(caller))
      .select([
        'inbox.conversation_id',
        'inbox.contact_id',
        'inbox.identity_id',
        'inbox.channel',
        'inbox.status',
        'inbox.assignee_id',
        'inbox.assignment_no',
        'inbox.session_no',
        'inbox.automation',
        'inbox.last_displayed_at',
        'last_message.content',
        'inbox.revision',
        'contact_card.display_name',
      ])
      .select(
        sql<number>`case
          when read_markers.up_to_ordinal is null then inbox.inbound_count
          when read_markers.up_to_ordinal >= inbox.last_inbound_ordinal then 0
          else (select count(*) from ${sql.table('timeline')} as t where t.tenant = inbox.tenant
            and t.conversation_id = inbox.conversation_id and t.inbound_ordinal > read_markers.up_to_ordinal)
        end`.as('unread'),
      );
  }

  protected async shown(
    db: Kysely<Tables>,
    tenant: string,
    rows: readonly Awaited<ReturnType<ReturnType<ConversationReader['rows']>['execute']>>[number][],
  ): Promise<readonly ConversationRow[]> {
    const now = new Date().toISOString();
    const places = rows.map((row) => ({ identityId: row.identity_id, channel: row.channel }));
    const coverage = await coverageOfPlaces(db, tenant, places, now);
    return Promise.all(
      rows.map(async (row) => ({
        conversationId: row.conversation_id,
        contactId: row.contact_id,
        contactName: row.display_name,
        channel: row.channel,
        status: row.status,
        assigneeId: row.assignee_id,
        automation: row.automation,
        lastDisplayedAt: row.last_displayed_at,
        lastMessagePreview: await previewOf(this.codec, row.content),
        unread: row.unread,
        contactBlocked: intervalAt(coverage({ identityId: row.identity_id, channel: row.channel }), now) !== null,
      })),
    );
  }
}

/** The beginning of a message in clear; `null` if there is none or its key was destroyed. */
export const previewOf = async (codec: Codec, content: unknown): Promise<string | null> => {
  const opened = (await codec.openValue(content)) as { readonly text?: string } | null;
  return opened?.text === undefined
    ? null
    : Array.from(opened.text.slice(0, 2 * PREVIEW))
        .slice(0, PREVIEW)
        .join('');
};

@QueryHandler(ListConversations)
export class ListConversationsHandler extends ConversationReader implements IQueryHandler<ListConversations> {
  constructor(@Inject(READ_MODELS) models: ReadModels<Tables>, @Inject(CODEC) codec: Codec) {
    super(models, codec);
  }

  async execute({
    tenant,
    caller,
    filter,
    page,
    consistency,
  }: ListConversations): Promise<Seen<List<ConversationRow>>> {
    const bound = { list: 'conversations', tenant, caller: caller.id, access: caller.access, ...filter };
    const after = page.cursor === undefined ? null : decodeCursor(page.cursor, bound, ['string', 'string']);
    const { value, at } = await this.models.query(
      async (db) => {
        let query = this.rows(db, tenant, caller);
        if (filter.view === 'mine') query = query.where('inbox.assignee_id', '=', caller.id);
        if (filter.view === 'unassigned') query = query.where('inbox.assignee_id', 'is', null);
        if (filter.status !== undefined) query = query.where('inbox.status', '=', filter.status);
        if (filter.walletId !== undefined) {
          query = query.where(inWallet(tenant, filter.walletId, 'inbox.contact_id'));
        }
        const { condition, ordered } = await searched(db, tenant, filter.search, 'inbox.contact_id');
        query = query.where(condition);
        if (after !== null) {
          query = query.where(
            sql<boolean>`(inbox.last_displayed_at, inbox.conversation_id) < (${after[0]}, ${after[1]})`,
          );
        }
        const rows = await query
          .orderBy(ordered('inbox.last_displayed_at'), 'desc')
          .orderBy('inbox.conversation_id', 'desc')
          .limit(page.limit + 1)
          .execute();
        const { rows: shown, nextCursor } = pageOf(rows, page.limit, bound, (last) => [
          last.last_displayed_at,
          last.conversation_id,
        ]);
        return {
          items: await this.shown(db, tenant, shown),
          nextCursor,
        };
      },
      { ...consistency, scans: filter.search !== undefined || filter.walletId !== undefined },
    );
    return { value, at };
  }
}

export type ConversationDetail = ConversationRow & {
  readonly identityId: string;
  readonly assignmentNo: number;
  readonly sessionNo: number;
};

@QueryHandler(GetConversation)
export class GetConversationHandler extends ConversationReader implements IQueryHandler<GetConversation> {
  constructor(@Inject(READ_MODELS) models: ReadModels<Tables>, @Inject(CODEC) codec: Codec) {
    super(models, codec);
  }

  async execute({ tenant, caller, conversationId, consistency }: GetConversation): Promise<Seen<ConversationDetail>> {
    const { value, at } = await this.models.query(async (db) => {
      const row = await this.rows(db, tenant, caller)
        .where('inbox.conversation_id', '=', conversationId)
        .executeTakeFirst();
      const [shown] = row === undefined ? [] : await this.shown(db, tenant, [row]);
      return row === undefined || shown === undefined ? null : { row, shown };
    }, consistency);
    if (value === null) throw problem('not-found');
    const { identity_id: identityId, assignment_no: assignmentNo, session_no: sessionNo, revision } = value.row;
    return { value: { ...value.shown, identityId, assignmentNo, sessionNo }, at, revision };
  }
}

type Counts = { open: number; concluded: number };

@QueryHandler(CountConversations)
export class CountConversationsHandler implements IQueryHandler<CountConversations> {
  constructor(@Inject(READ_MODELS) private readonly models: ReadModels<Tables>) {}

  async execute({ tenant, caller, consistency }: CountConversations): Promise<Seen<Record<View, Counts>>> {
    const { value, at } = await this.models.query(
      (db) =>
        db
          .selectFrom('inbox_counts as inbox')
          .where('tenant', '=', tenant)
          .where(mayRead(caller))
          .select(['assignee_id', 'status', 'n'])
          .execute(),
      consistency,
    );
    const both = (assignees: readonly (string | null)[] | 'all'): Counts => {
      const rows = value.filter((row) => assignees === 'all' || assignees.includes(row.assignee_id));
      const count = (status: string): number =>
        rows.filter((row) => row.status === status).reduce((sum, { n }) => sum + n, 0);
      return { open: count('open'), concluded: count('concluded') };
    };
    return { value: { all: both('all'), mine: both([caller.id]), unassigned: both([null]) }, at };
  }
}
