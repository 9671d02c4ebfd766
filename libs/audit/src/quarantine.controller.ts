import { randomUUID } from 'node:crypto';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  Allow,
  Answers,
  CurrentCaller,
  decodeCursor,
  Desk,
  ListQuery,
  pageOf,
  sendQuery,
  Shown,
  Summary,
  Tag,
  Text,
  UuidParam,
  type Identity,
} from '#platform';
import { Quarantine, type QuarantinedMessage } from './quarantine.adapter.js';

class QuarantineQuery extends ListQuery {
  @Text(2000, { optional: true, description: 'Why it is looked at; recorded' }) readonly reason?: string;
}
class QuarantinedMessageAnswer {
  @Shown('string') eventId!: string;
  @Shown('integer') revision!: number;
  @Shown('string') blockId!: string;
  @Shown('string') identityId!: string;
  @Shown('string') channel!: string;
  @Shown('string') conversationId!: string;
  @Shown('string', { nullable: true }) sentAt!: string | null;
  @Shown('string') receivedAt!: string;
  @Shown('object', { nullable: true, description: 'null once it was purged or the contact erased' }) content!: unknown;
}
class QuarantineAnswer {
  @Shown(() => QuarantinedMessageAnswer, { list: 200 }) items!: QuarantinedMessage[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}

@Tag('Audit')
@Controller('v1/audit')
export class QuarantineController {
  constructor(
    private readonly desk: Desk,
    private readonly quarantine: Quarantine,
  ) {}

  @Get('contacts/:id/quarantine')
  @Allow('supervisor', 'admin', 'auditor')
  @Summary('What a blocked contact sent and nobody was shown; that it was looked at is recorded first')
  @Answers(200, QuarantineAnswer)
  async view(
    @Param('id', UuidParam) id: string,
    @Query() query: QuarantineQuery,
    @CurrentCaller() { tenant }: Identity,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<QuarantineAnswer> {
    const { limit, reason = null } = query;
    await this.desk.consistency(query);
    const bound = { list: 'quarantine', tenant, contactId: id };
    const [behind = -1] = query.cursor === undefined ? [] : decodeCursor(query.cursor, bound, ['number']);
    // Each look is one of its own: whatever key a client sends, none goes unrecorded.
    const metadata = { ...(await this.desk.metadata(request)), commandId: randomUUID() };
    const { found, position } = await this.quarantine.view(id, { behind, limit, reason }, metadata);
    this.desk.note('RecordView', 'accepted', request);
    const { rows, nextCursor } = pageOf(found, limit, bound, (last) => [last.revision]);
    return sendQuery(reply, { body: { items: [...rows], nextCursor }, token: await this.desk.token(position) });
  }
}
