import { Body, Controller, Get, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CHANNELS, KINDS, type Channel, type Kind } from '#contacts';
import {
  Allow,
  Answers,
  ConsistentQuery,
  CurrentCaller,
  Desk,
  invalid,
  OneOf,
  parseTime,
  ShapedBody,
  shapeOf,
  Shown,
  Summary,
  Tag,
  Text,
  Time,
  type Identity,
} from '#platform';
import { CheckBlockFilter, type Question, type Verdict } from './filter.query.js';

class CheckQuery extends ConsistentQuery {
  @OneOf(CHANNELS) readonly channel!: Channel;
  @OneOf(KINDS) readonly kind!: Kind;
  @Text(320) readonly value!: string;
  @Time({ optional: true }) readonly sentAt?: string;
}
class VerdictAnswer {
  @Shown({ type: 'string', enum: ['display', 'hide'] }) verdict!: string;
  @Shown('string', { optional: true }) blockId?: string;
  @Shown('string', { optional: true }) blockedAt?: string;
  @Shown('string', { optional: true }) contactId?: string;
}

const QUESTIONS = {
  type: 'array',
  maxItems: 10_000,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['channel', 'kind', 'value'],
    properties: {
      channel: { type: 'string', enum: CHANNELS },
      kind: { type: 'string', enum: KINDS },
      value: { type: 'string', minLength: 1, maxLength: 320 },
      sentAt: { type: 'string', format: 'date-time' },
    },
  },
};
const questionsOf = shapeOf<readonly { channel: Channel; kind: Kind; value: string; sentAt?: string }[]>(QUESTIONS);

@Tag('Block filter')
@Controller('v1/block-filter/check')
export class BlockFilterController {
  constructor(private readonly desk: Desk) {}

  @Get()
  @Allow('integration')
  @Summary('May a message be shown?')
  @Answers(200, VerdictAnswer)
  async check(
    @Query() query: CheckQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<VerdictAnswer> {
    const { channel, kind, value, sentAt = null } = query;
    const [verdict] = await this.ask(tenant, [{ channel, kind, value, sentAt }], query, reply, () => 'value');
    if (verdict === undefined) throw new Error('a question got no verdict');
    return verdict;
  }

  @Post()
  @Allow('integration')
  @Summary('The same for up to 10,000 messages; verdicts in the same order')
  @ShapedBody(QUESTIONS)
  @Answers(200, [VerdictAnswer])
  async checkMany(
    @Body() body: unknown,
    @Query() query: ConsistentQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<readonly VerdictAnswer[]> {
    const questions = questionsOf(body).map(({ channel, kind, value, sentAt }) => ({
      channel,
      kind,
      value,
      sentAt: sentAt === undefined ? null : parseTime(sentAt),
    }));
    return this.ask(tenant, questions, query, reply, (index) => `[${String(index)}].value`);
  }

  private async ask(
    tenant: string,
    questions: readonly Question[],
    query: ConsistentQuery,
    reply: FastifyReply,
    path: (index: number) => string,
  ): Promise<readonly Verdict[]> {
    const verdicts: readonly (Verdict | null)[] = await this.desk.query(
      reply,
      new CheckBlockFilter(tenant, questions, await this.desk.consistency(query)),
    );
    const wrong = verdicts.flatMap((verdict, index) =>
      verdict === null
        ? [{ path: path(index), message: `is not an address of kind ${questions[index]?.kind ?? ''}` }]
        : [],
    );
    if (wrong.length > 0) throw invalid(wrong.slice(0, 100));
    return verdicts as readonly Verdict[];
  }
}
