import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { streamName, type StateOf } from '#kernel';
import {
  Allow,
  Answers,
  ConsistentQuery,
  CurrentCaller,
  deriveId,
  Desk,
  Flag,
  Shown,
  Summary,
  Tag,
  Text,
  UuidParam,
  type Identity,
} from '#platform';
import { contactDecider, EraseContact } from './contact.js';
import { GetErasure } from './erasures.query.js';

class EraseBody {
  @Flag({ optional: true }) confirm?: boolean;
  @Text(200) legalBasis!: string;
}
class EraseAnswer {
  @Shown('string') erasureId!: string;
}
class ErasureStepAnswer {
  @Shown('string') step!: string;
  @Shown('string') at!: string;
  @Shown('string', { description: 'Where the log stood' }) position!: string;
}
class ErasureAnswer {
  @Shown('string') erasureId!: string;
  @Shown('string') contactId!: string;
  @Shown({ type: 'string', enum: ['pending', 'completed'] }) status!: string;
  @Shown('string') requestedBy!: string;
  @Shown('string') legalBasis!: string;
  @Shown('string', { nullable: true }) keyId!: string | null;
  @Shown('string', { nullable: true }) destroyedAt!: string | null;
  @Shown('string', { nullable: true }) completedAt!: string | null;
  @Shown(() => ErasureStepAnswer, { list: 100 }) steps!: readonly ErasureStepAnswer[];
}

@Tag('Contacts')
@Controller('v1')
export class ErasuresController {
  constructor(private readonly desk: Desk) {}

  @Post('contacts/:id/erase')
  @Allow('admin')
  @Summary("Erases a contact's personal data; `legalBasis` stays on record in clear: name the law, not the person")
  @Answers(202, EraseAnswer)
  async erase(
    @Param('id', UuidParam) contactId: string,
    @Body() { confirm, legalBasis }: EraseBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EraseAnswer> {
    const metadata = await this.desk.metadata(request);
    const stream = streamName(contactDecider.category, metadata.tenant, contactId);
    const erasureId = deriveId(metadata.tenant, metadata.commandId, stream, 'erasure');
    const command = new EraseContact(
      { contactId, mine: false, erasureId, confirm: confirm === true, legalBasis },
      metadata,
    );
    return this.desk.command(
      reply,
      command,
      ({ state }: { state: StateOf<typeof contactDecider> }) => {
        if (state.status !== 'erased')
          throw new Error('an erasure that was accepted left a contact that is not erased');
        return { erasureId: state.erasureId };
      },
      202,
    );
  }

  @Get('erasures/:id')
  @Allow('admin', 'auditor')
  @Summary('The certificate of an erasure')
  @Answers(200, ErasureAnswer)
  async certificate(
    @Param('id', UuidParam) erasureId: string,
    @Query() query: ConsistentQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ErasureAnswer> {
    return this.desk.query(reply, new GetErasure(tenant, erasureId, await this.desk.consistency(query)));
  }
}
