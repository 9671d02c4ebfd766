import { randomUUID } from 'node:crypto';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  Allow,
  Answers,
  AnswersOrText,
  ConsistentQuery,
  CurrentCaller,
  decodeCursor,
  Desk,
  encodeToken,
  ListQuery,
  OneOf,
  pageOf,
  problem,
  sendQuery,
  Shown,
  Summary,
  Tag,
  Time,
  Uuid,
  UuidParam,
  type Identity,
} from '#platform';
import { AuditExports } from './audit-exports.adapter.js';
import { BlockHistories } from './block-histories.adapter.js';
import { BLOCKED_CONVERSATION_COLUMNS, BlockedConversations } from './blocked-conversations.query.js';
import { csvOf } from './csv.adapter.js';
import { asCsv, asJson, asLines, type HistoryFormat } from './history-formats.adapter.js';
import { Replays, type ReplayStep } from './replays.adapter.js';
import { CSV, NDJSON, sendText } from './streaming.adapter.js';

class HistoryQuery extends ConsistentQuery {
  @OneOf(['json', 'csv', 'ndjson'], { optional: true }) readonly format: HistoryFormat = 'json';
}
class RangeQuery extends ConsistentQuery {
  @Time({ optional: true, description: 'Inclusive' }) readonly from?: string;
  @Time({ optional: true, description: 'Exclusive' }) readonly to?: string;
}
class BlockedQuery extends RangeQuery {
  @Uuid({ optional: true, description: 'Only contacts that are in this wallet now' }) readonly walletId?: string;
}
class ReplayQuery extends ListQuery {
  @Time({ optional: true, description: 'Inclusive, by the own time of the facts' }) readonly from?: string;
  @Time({ optional: true, description: 'Exclusive' }) readonly to?: string;
  @OneOf(['json', 'ndjson'], { optional: true, description: 'ndjson gives all of it, a fact a line' })
  readonly format: 'json' | 'ndjson' = 'json';
}

class BlockFactAnswer {
  @Shown('string') eventId!: string;
  @Shown('string') type!: string;
  @Shown('string') stream!: string;
  @Shown('integer') revision!: number;
  @Shown('string') recordedAt!: string;
  @Shown('string') actor!: string;
  @Shown('string') commandId!: string;
  @Shown('string') correlationId!: string;
}
class BlockChangeAnswer {
  @Shown('object', { optional: true }) scope?: unknown;
  @Shown('string', { optional: true, nullable: true }) reasonCode?: string | null;
  @Shown('string', { optional: true, nullable: true }) reasonText?: string | null;
  @Shown('string', { optional: true, nullable: true }) expiresAt?: string | null;
  @Shown('string') changedBy!: string;
  @Shown('string') changedAt!: string;
}
class EpisodeAnswer {
  @Shown('string') blockId!: string;
  @Shown('string') kind!: string;
  @Shown('object', { description: 'As it was first; changes say what became of it' }) scope!: unknown;
  @Shown('string', { nullable: true }) reasonCode!: string | null;
  @Shown('string', { nullable: true }) reasonText!: string | null;
  @Shown('string') blockedBy!: string;
  @Shown('string') blockedAt!: string;
  @Shown('string', { nullable: true }) expiresAt!: string | null;
  @Shown('string', { nullable: true }) originConversationId!: string | null;
  @Shown('string', { nullable: true }) noticeMessageId!: string | null;
  @Shown(() => BlockChangeAnswer, { list: 1000 }) changes!: BlockChangeAnswer[];
  @Shown('string', { nullable: true }) endedAt!: string | null;
  @Shown('string', { nullable: true }) endedBy!: string | null;
  @Shown({ type: 'string', enum: ['unblocked', 'expired', 'merged'] }, { nullable: true }) endedHow!: string | null;
  @Shown({ type: 'string', enum: ['customer', 'company'] }, { nullable: true }) requestedBy!: string | null;
  @Shown('string', { nullable: true }) unblockReason!: string | null;
  @Shown('integer', { nullable: true }) durationMs!: number | null;
  @Shown({ type: 'object', additionalProperties: { type: 'integer' } }) ignored!: Readonly<Record<string, number>>;
  @Shown('string', { list: 1000 }) concludedConversationIds!: string[];
  @Shown(() => BlockFactAnswer, { list: 1000 }) facts!: BlockFactAnswer[];
}
class StreamRevisionAnswer {
  @Shown('string') stream!: string;
  @Shown('integer') revision!: number;
}
class BlockHistoryAnswer {
  @Shown('string') contactId!: string;
  @Shown('integer', { description: "Of the contact's stream" }) revision!: number;
  @Shown(() => StreamRevisionAnswer, { list: 1000, description: 'All that was read, and how far' })
  streams!: StreamRevisionAnswer[];
  @Shown(() => EpisodeAnswer, { list: 1000 }) episodes!: EpisodeAnswer[];
}
class ReplayStepAnswer extends BlockFactAnswer {
  @Shown('string', { description: 'The own time of the fact' }) at!: string;
  @Shown('object') data!: unknown;
  @Shown('object', { nullable: true, description: 'The contact behind the fact' }) state!: unknown;
}
class ReplayAnswer {
  @Shown('integer', { description: "Of the contact's stream" }) revision!: number;
  @Shown(() => ReplayStepAnswer, { list: 200 }) items!: ReplayStep[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}

@Tag('Audit')
@Controller('v1/audit')
export class AuditController {
  constructor(
    private readonly desk: Desk,
    private readonly histories: BlockHistories,
    private readonly replays: Replays,
    private readonly blocked: BlockedConversations,
    private readonly exports: AuditExports,
  ) {}

  @Get('contacts/:id/block-history')
  @Allow('supervisor', 'admin', 'auditor')
  @Summary('All blocks of a contact with what they did, read from the streams; format: json, csv or ndjson')
  @AnswersOrText(BlockHistoryAnswer, 'text/csv', 'application/x-ndjson')
  async history(
    @Param('id', UuidParam) id: string,
    @Query() query: HistoryQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.current(reply, query);
    const history = await this.histories.of(tenant, id, new Date().toISOString());
    if (history === null) throw problem('not-found');
    void reply.header('etag', `"${String(history.revision)}"`);
    if (query.format === 'csv') return sendText(reply, CSV, asCsv(history));
    if (query.format === 'ndjson') return sendText(reply, NDJSON, asLines(history));
    return sendText(reply, 'application/json; charset=utf-8', asJson(history));
  }

  @Get('contacts/:id/replay')
  @Allow('supervisor', 'admin', 'auditor')
  @Summary("A contact's facts one by one, each with the contact behind it; read from the stream")
  @AnswersOrText(ReplayAnswer, 'application/x-ndjson')
  async replay(
    @Param('id', UuidParam) id: string,
    @Query() query: ReplayQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { from, to, limit } = query;
    await this.current(reply, query);
    const bound = { list: 'replay', tenant, contactId: id, from, to };
    const [behind] = query.cursor === undefined ? [] : decodeCursor(query.cursor, bound, ['number']);
    const revision = await this.replays.revisionOf(tenant, id);
    if (revision === null) throw problem('not-found');
    const steps = this.replays.of(tenant, id, revision, { from, to, behind });
    if (query.format === 'ndjson') {
      void reply.header('etag', `"${String(revision)}"`);
      return sendText(reply, NDJSON, linesOf(steps));
    }
    const found: ReplayStep[] = [];
    for await (const step of steps) if (found.push(step) > limit) break;
    const { rows: items, nextCursor } = pageOf(found, limit, bound, (last) => [last.revision]);
    await reply.send(sendQuery(reply, { body: { revision, items, nextCursor }, revision }));
  }

  @Get('blocked-conversations.csv')
  @Allow('supervisor', 'admin', 'auditor')
  @Summary('Conversations and the blocks that began in the range, for analysis')
  @Answers(200, 'text/csv')
  async blockedConversations(
    @Query() query: BlockedQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { from, to, walletId } = query;
    const consistency = await this.desk.consistency(query);
    const { rows, at } = await this.blocked.of(tenant, { from, to, walletId }, consistency, new Date().toISOString());
    void reply.header('consistency-token', encodeToken(await this.desk.token(at)));
    return sendText(reply, CSV, csvOf(BLOCKED_CONVERSATION_COLUMNS, rows));
  }

  @Get('export')
  @Allow('supervisor', 'admin', 'auditor')
  @Summary(
    "The tenant's facts that were recorded in the range, chained by SHA-256; the export itself is recorded first",
  )
  @Answers(200, 'application/x-ndjson')
  async export(@Query() query: RangeQuery, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { from = null, to = null } = query;
    await this.current(reply, query);
    // Each export is one of its own: whatever key a client sends, none goes unrecorded.
    const metadata = { ...(await this.desk.metadata(request)), commandId: randomUUID() };
    const lines = await this.exports.begin({ from, to }, metadata);
    this.desk.note('RecordExport', 'accepted', request);
    return sendText(reply, NDJSON, lines);
  }

  /** Streams are always current; what is no token is refused all the same. */
  private async current(reply: FastifyReply, query: ConsistentQuery): Promise<void> {
    await this.desk.consistency(query);
    void reply.header('consistency-token', encodeToken(await this.desk.token(null)));
  }
}

const linesOf = async function* (steps: AsyncIterable<ReplayStep>): AsyncGenerator<string, void, undefined> {
  for await (const step of steps) yield `${JSON.stringify(step)}\n`;
};
