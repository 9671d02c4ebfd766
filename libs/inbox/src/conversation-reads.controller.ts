import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import {
  Allow,
  Answers,
  CurrentCaller,
  Desk,
  ListQuery,
  ConsistentQuery,
  OneOf,
  Shown,
  Summary,
  Tag,
  Text,
  Uuid,
  UuidParam,
  type Identity,
} from '#platform';
import { GetConversationAt } from './as-of.query.js';
import { AsOfAnswer, AsOfQuery, mayLookBack } from './look-back.controller.js';
import { CountConversations, GetConversation, ListConversations, type View } from './conversations.query.js';
import { GetTimeline, ListAssignments, ListOutbound } from './timeline.query.js';

class ConversationsQuery extends ListQuery {
  @OneOf(['all', 'mine', 'unassigned'], { optional: true }) readonly view: View = 'all';
  @OneOf(['open', 'concluded'], { optional: true }) readonly status?: string;
  @Uuid({ optional: true }) readonly walletId?: string;
  @Text(200, { optional: true }) readonly search?: string;
}
class TimelineQuery extends ListQuery {
  @OneOf(['asc', 'desc'], { optional: true }) readonly order: 'asc' | 'desc' = 'asc';
}

class ConversationAnswer {
  @Shown('string') conversationId!: string;
  @Shown('string') contactId!: string;
  @Shown('string', { nullable: true }) contactName!: string | null;
  @Shown('string') channel!: string;
  @Shown({ type: 'string', enum: ['open', 'concluded'] }) status!: string;
  @Shown('string', { nullable: true }) assigneeId!: string | null;
  @Shown({ type: 'string', enum: ['running', 'paused'] }) automation!: string;
  @Shown('string') lastDisplayedAt!: string;
  @Shown('string', { nullable: true }) lastMessagePreview!: string | null;
  @Shown('integer', { description: "Displayed inbound messages above the caller's marker" }) unread!: number;
  @Shown('boolean') contactBlocked!: boolean;
}
class ConversationDetailAnswer extends ConversationAnswer {
  @Shown('string') identityId!: string;
  @Shown('integer') assignmentNo!: number;
  @Shown('integer') sessionNo!: number;
  @Shown(() => AsOfAnswer, { optional: true }) asOf?: AsOfAnswer;
}
class ConversationListAnswer {
  @Shown(() => ConversationAnswer, { list: 200 }) items!: ConversationAnswer[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}
class StatusCounts {
  @Shown('integer') open!: number;
  @Shown('integer') concluded!: number;
}
class CountsAnswer {
  @Shown(() => StatusCounts) all!: StatusCounts;
  @Shown(() => StatusCounts) mine!: StatusCounts;
  @Shown(() => StatusCounts) unassigned!: StatusCounts;
}
class TimelineContentAnswer {
  @Shown('string') text!: string;
}
class TimelineItemAnswer {
  @Shown({ type: 'string', enum: ['message', 'state'] }) kind!: string;
  @Shown('string', { optional: true }) messageId?: string;
  @Shown({ type: 'string', enum: ['inbound', 'outbound'] }, { optional: true }) direction?: string;
  @Shown('string', { optional: true }) authorId?: string;
  @Shown('string') sentAt!: string;
  @Shown('integer', { optional: true }) ordinal?: number;
  @Shown(() => TimelineContentAnswer, { optional: true, nullable: true }) content?: TimelineContentAnswer | null;
  @Shown('object', { optional: true }) state?: unknown;
  @Shown('string', { optional: true }) delivery?: string;
  @Shown('boolean', { optional: true, description: 'Kept by the mode receive of block.inboundMode' })
  sentWhileBlocked?: boolean;
}
class TimelineAnswer {
  @Shown(() => TimelineItemAnswer, { list: 200 }) items!: TimelineItemAnswer[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
  @Shown('integer', { nullable: true, description: 'Messages that were sent while blocked; null for agents' })
  hiddenCount!: number | null;
}
class AssignmentAnswer {
  @Shown('integer') assignmentNo!: number;
  @Shown('string') assigneeId!: string;
  @Shown('string') assignedBy!: string;
  @Shown('string') method!: string;
  @Shown('string') assignedAt!: string;
  @Shown('string', { nullable: true }) engagedAt!: string | null;
  @Shown('string', { nullable: true }) endedAt!: string | null;
  @Shown('string', { nullable: true }) endReason!: string | null;
  @Shown('string', { nullable: true }) note!: unknown;
}
class AssignmentsAnswer {
  @Shown(() => AssignmentAnswer, { list: 200 }) items!: AssignmentAnswer[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}
class OutboundAnswer {
  @Shown('string') messageId!: string;
  @Shown('string') conversationId!: string;
  @Shown('string') channel!: string;
  @Shown('string') requestedAt!: string;
  @Shown('string') purpose!: string;
}
class OutboundListAnswer {
  @Shown(() => OutboundAnswer, { list: 200 }) items!: OutboundAnswer[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}

@Tag('Conversations')
@Controller('v1')
export class ConversationReadsController {
  constructor(private readonly desk: Desk) {}

  @Get('conversations')
  @Allow('agent', 'supervisor', 'admin', 'auditor', 'integration')
  @Summary('All Chats, My Chats and Unassigned')
  @Answers(200, ConversationListAnswer)
  async list(
    @Query() query: ConversationsQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConversationListAnswer> {
    const { view, status, walletId, search } = query;
    const consistency = await this.desk.consistency(query);
    return this.desk.query(
      reply,
      new ListConversations(tenant, caller, { view, status, walletId, search }, query, consistency),
    );
  }

  @Get('conversations/counts')
  @Allow('agent', 'supervisor', 'admin', 'auditor', 'integration')
  @Summary('How many conversations the lists hold')
  @Answers(200, CountsAnswer)
  async counts(
    @Query() query: ConsistentQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CountsAnswer> {
    return this.desk.query(reply, new CountConversations(tenant, caller, await this.desk.consistency(query)));
  }

  @Get('conversations/:id')
  @Allow('agent', 'supervisor', 'admin', 'auditor', 'integration')
  @Summary('One conversation; with at, as it was then')
  @Answers(200, ConversationDetailAnswer)
  async get(
    @Param('id', UuidParam) id: string,
    @Query() query: AsOfQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConversationDetailAnswer> {
    const consistency = await this.desk.consistency(query);
    if (query.at === undefined) return this.desk.query(reply, new GetConversation(tenant, caller, id, consistency));
    mayLookBack(caller);
    return this.desk.query(reply, new GetConversationAt(tenant, caller, id, query.at));
  }

  @Get('conversations/:id/timeline')
  @Allow('agent', 'supervisor', 'admin', 'auditor', 'integration')
  @Summary('Displayed messages and changes of state')
  @Answers(200, TimelineAnswer)
  async timeline(
    @Param('id', UuidParam) id: string,
    @Query() query: TimelineQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TimelineAnswer> {
    return this.desk.query(
      reply,
      new GetTimeline(tenant, caller, id, query.order, query, await this.desk.consistency(query)),
    );
  }

  @Get('conversations/:id/assignments')
  @Allow('agent', 'supervisor', 'admin', 'auditor', 'integration')
  @Summary('The history of assignees')
  @Answers(200, AssignmentsAnswer)
  async assignments(
    @Param('id', UuidParam) id: string,
    @Query() query: ListQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AssignmentsAnswer> {
    return this.desk.query(reply, new ListAssignments(tenant, caller, id, query, await this.desk.consistency(query)));
  }

  @Get('messages/outbound')
  @Allow('integration')
  @Summary('Messages that wait for the gateway, oldest first')
  @Answers(200, OutboundListAnswer)
  async outbound(
    @Query() query: ListQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OutboundListAnswer> {
    return this.desk.query(reply, new ListOutbound(tenant, query, await this.desk.consistency(query)));
  }
}
