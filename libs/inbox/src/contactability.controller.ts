import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import {
  Allow,
  Answers,
  ConsistentQuery,
  CurrentCaller,
  Desk,
  ListQuery,
  Shown,
  Summary,
  Tag,
  UuidParam,
  type Identity,
} from '#platform';
import { GetContactability, ListDuplicates, ListRefusals } from './contactability.query.js';

const REASONS = ['no-address', 'consent-unset', 'consent-revoked', 'blocked'];

class ChannelAnswer {
  @Shown('boolean') allowed!: boolean;
  @Shown({ type: 'string', enum: REASONS }, { list: 4, description: 'All that apply' }) reasons!: readonly string[];
}
class ChannelsAnswer {
  @Shown(() => ChannelAnswer) whatsapp!: ChannelAnswer;
  @Shown(() => ChannelAnswer) viber!: ChannelAnswer;
  @Shown(() => ChannelAnswer) sms!: ChannelAnswer;
  @Shown(() => ChannelAnswer) email!: ChannelAnswer;
  @Shown(() => ChannelAnswer) webchat!: ChannelAnswer;
  @Shown(() => ChannelAnswer) facebook!: ChannelAnswer;
  @Shown(() => ChannelAnswer) instagram!: ChannelAnswer;
  @Shown(() => ChannelAnswer) telegram!: ChannelAnswer;
}
class ContactabilityAnswer {
  @Shown(() => ChannelsAnswer) channels!: ChannelsAnswer;
  @Shown('string', { list: 1000, description: 'Contacts found to share an address with this one' })
  duplicates!: readonly string[];
}
class RefusalAnswer {
  @Shown('string') at!: string;
  @Shown('string') channel!: string;
  @Shown({ type: 'string', enum: ['reply', 'notification', 'start'] }) purpose!: string;
  @Shown({ type: 'string', enum: REASONS }, { list: 4 }) reasons!: readonly string[];
  @Shown('string') requestedBy!: string;
}
class RefusalListAnswer {
  @Shown(() => RefusalAnswer, { list: 200 }) items!: RefusalAnswer[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}
class DuplicateAnswer {
  @Shown('string') kind!: string;
  @Shown('string', { list: 2 }) contactIds!: readonly string[];
  @Shown('string') detectedAt!: string;
}
class DuplicateListAnswer {
  @Shown(() => DuplicateAnswer, { list: 200 }) items!: DuplicateAnswer[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}

@Tag('Contacts')
@Controller('v1')
export class ContactabilityController {
  constructor(private readonly desk: Desk) {}

  @Get('contacts/:id/contactability')
  @Allow('agent', 'supervisor', 'admin', 'auditor', 'integration')
  @Summary('May the company begin to speak to the contact, and what stands against it?')
  @Answers(200, ContactabilityAnswer)
  async contactability(
    @Param('id', UuidParam) id: string,
    @Query() query: ConsistentQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ContactabilityAnswer> {
    return this.desk.query(reply, new GetContactability(tenant, caller, id, await this.desk.consistency(query)));
  }

  @Get('contacts/:id/refusals')
  @Allow('agent', 'supervisor', 'admin', 'auditor', 'integration')
  @Summary('What was not sent to the contact, and why, newest first')
  @Answers(200, RefusalListAnswer)
  async refusals(
    @Param('id', UuidParam) id: string,
    @Query() query: ListQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RefusalListAnswer> {
    return this.desk.query(reply, new ListRefusals(tenant, caller, id, query, await this.desk.consistency(query)));
  }

  @Get('duplicates')
  @Allow('supervisor', 'admin', 'auditor')
  @Summary('Pairs of contacts that were found to share an address, newest first')
  @Answers(200, DuplicateListAnswer)
  async duplicates(
    @Query() query: ListQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DuplicateListAnswer> {
    return this.desk.query(reply, new ListDuplicates(tenant, caller, query, await this.desk.consistency(query)));
  }
}
