import { Body, Controller, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CHANNELS, KINDS, mayComeFrom, type Channel, type Kind } from '#contacts';
import { latestPosition, type CommandMetadata } from '#kernel';
import {
  Allow,
  Answers,
  commandMetadata,
  deriveId,
  Desk,
  invalid,
  Ndjson,
  parseJson,
  parseTime,
  Problem,
  sendCommand,
  ShapedBody,
  shapeOf,
  Shown,
  Summary,
  Tag,
  toProblem,
} from '#platform';
import { Intake, verifiedByDefault, type InboundMessage, type Received } from './intake.adapter.js';

type InboundBody = {
  readonly channel: Channel;
  readonly from: {
    readonly kind: Kind;
    readonly value: string;
    readonly displayName?: string;
    readonly verified?: boolean;
    readonly also?: readonly { readonly kind: Kind; readonly value: string; readonly verified: boolean }[];
  };
  readonly providerMessageId: string;
  readonly sentAt?: string;
  readonly content: { readonly text: string };
};

const KIND = { type: 'string', enum: KINDS };
const ADDRESS = { type: 'string', minLength: 1, maxLength: 320 };
const INBOUND = {
  type: 'object',
  additionalProperties: false,
  required: ['channel', 'from', 'providerMessageId', 'content'],
  properties: {
    channel: { type: 'string', enum: CHANNELS },
    from: {
      type: 'object',
      additionalProperties: false,
      required: ['kind', 'value'],
      properties: {
        kind: KIND,
        value: ADDRESS,
        displayName: { type: 'string', minLength: 1, maxLength: 200 },
        verified: { type: 'boolean' },
        also: {
          type: 'array',
          maxItems: 20,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['kind', 'value', 'verified'],
            properties: { kind: KIND, value: ADDRESS, verified: { type: 'boolean' } },
          },
        },
      },
    },
    providerMessageId: { type: 'string', minLength: 1, maxLength: 512 },
    sentAt: { type: 'string', format: 'date-time' },
    content: {
      type: 'object',
      additionalProperties: false,
      required: ['text'],
      properties: { text: { type: 'string', maxLength: 65_536 } },
    },
  },
};
const inboundOf = shapeOf<InboundBody>(INBOUND);

class ReceivedAnswer {
  @Shown({ type: 'string', enum: ['displayed', 'ignored', 'quarantined', 'received_while_blocked', 'duplicate'] })
  disposition!: string;
  @Shown('string') contactId!: string;
  @Shown('string') identityId!: string;
  @Shown('string', { optional: true }) conversationId?: string;
  @Shown('string', { optional: true }) messageId?: string;
  @Shown('string', { optional: true }) blockId?: string;
}

/** A body as a message. Throws Problem 400. */
const messageOf = (value: unknown, metadata: CommandMetadata): InboundMessage => {
  const { channel, from, providerMessageId, sentAt, content } = inboundOf(value);
  if (!mayComeFrom(channel, from.kind)) {
    throw invalid([{ path: 'from.kind', message: `cannot be ${from.kind} on the channel ${channel}` }]);
  }
  return {
    channel,
    from: {
      kind: from.kind,
      value: from.value,
      verified: from.verified ?? verifiedByDefault(from.kind),
      displayName: from.displayName ?? null,
      also: from.also ?? [],
    },
    providerMessageId,
    sentAt: sentAt === undefined ? null : parseTime(sentAt),
    text: content.text,
    metadata,
  };
};

const bodyOf = ({ position: _position, ...body }: Received): ReceivedAnswer => body;

@Tag('Messages')
@Controller('v1/messages/inbound')
export class InboundController {
  constructor(
    private readonly desk: Desk,
    private readonly intake: Intake,
  ) {}

  @Post()
  @Allow('integration')
  @Summary("Takes in a customer's message; a blocked customer's is ignored, never rejected")
  @ShapedBody(INBOUND)
  @Answers(200, ReceivedAnswer)
  async receive(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReceivedAnswer> {
    const [result] = await this.intake.receive([messageOf(body, await commandMetadata(request))]);
    if (result === undefined) throw new Error('a message got no answer');
    if (result instanceof Problem) throw result;
    this.desk.note('ReceiveInboundMessage', result.disposition, request);
    return sendCommand(reply, { body: bodyOf(result), token: await this.desk.token(result.position) });
  }

  @Post('batch')
  @Allow('integration')
  @Ndjson()
  @Summary('Takes in up to 10,000 messages, one a line; the answer has a result or a problem a line, in the same order')
  @Answers(200, 'application/x-ndjson')
  async receiveBatch(
    @Body() lines: readonly string[],
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const whole = await commandMetadata(request);
    const results: (Received | Problem | undefined)[] = [];
    const messages: InboundMessage[] = [];
    const places: number[] = [];
    for (const [index, line] of lines.entries()) {
      try {
        messages.push(
          messageOf(parseJson(line), {
            ...whole,
            commandId: deriveId(whole.tenant, whole.commandId, 'inbound', String(index)),
          }),
        );
        places.push(index);
      } catch (error) {
        results[index] = toProblem(error);
      }
    }
    for (const [at, result] of (await this.intake.receive(messages)).entries()) results[places[at] ?? 0] = result;
    const positions = results.map((result) =>
      result === undefined || result instanceof Problem ? null : result.position,
    );
    void reply.header('content-type', 'application/x-ndjson');
    const refused = results.filter((result) => result instanceof Problem).length;
    this.desk.note('ReceiveInboundBatch', refused === 0 ? 'accepted' : 'partly-refused', request);
    return sendCommand(reply, {
      body: results.map((result) => `${lineOf(result, request.correlationId)}\n`).join(''),
      token: await this.desk.token(latestPosition(...positions)),
    });
  }
}

const lineOf = (result: Received | Problem | undefined, correlationId: string): string => {
  if (result === undefined) throw new Error('a line got no answer');
  return JSON.stringify(result instanceof Problem ? result.toBody(correlationId) : bodyOf(result));
};
