import { Body, Controller, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CommandMetadata, EventOf, StateOf } from '#kernel';
import {
  Allow,
  Answers,
  Checked,
  Code,
  deriveId,
  Desk,
  EmptyBody,
  Flag,
  Nested,
  OneOf,
  Shown,
  SubjectId,
  Summary,
  Tag,
  Text,
  Time,
  Uuid,
  UuidParam,
  Whole,
} from '#platform';
import { ConversationCommands } from './conversation-commands.handlers.js';
import {
  AssignConversation,
  AssignToMe,
  ConcludeConversation,
  conversationDecider,
  HandOverMessage,
  NOTHING_KNOWN,
  PauseAutomation,
  ReopenConversation,
  ReportDelivery,
  ResumeAutomation,
  SendMessage,
  StartConversation,
  UnassignConversation,
  type ConversationCommand,
} from './conversation.js';
import { MarkRead, type readMarkerDecider } from './read-marker.js';

const CHANNELS = ['whatsapp', 'viber', 'sms', 'email', 'webchat', 'facebook', 'instagram', 'telegram'] as const;

class StartBody {
  @Uuid() contactId!: string;
  @OneOf(CHANNELS) channel!: string;
  @Uuid({ optional: true }) identityId?: string;
}
class ContentBody {
  @Text(65_536) text!: string;
}
class SendBody {
  @Nested(ContentBody) content!: ContentBody;
  @OneOf(['reply', 'notification'], { optional: true }) purpose?: 'reply' | 'notification';
  @Flag({ optional: true }) viaDevice?: boolean;
}
class OfConversationBody {
  @Uuid() conversationId!: string;
}
class DeliveryBody {
  @Uuid() conversationId!: string;
  @OneOf(['delivered', 'failed']) status!: 'delivered' | 'failed';
  @Text(2000, { optional: true }) reason?: string;
  @Time() at!: string;
}
const isSubject = (value: unknown): boolean => typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value);
class AssignBody {
  @SubjectId() assigneeId!: string;
  @Checked({ type: 'string', nullable: true }, isSubject, 'must be the id of a staff member or null', {
    optional: true,
    nullable: true,
  })
  expectedAssigneeId?: string | null;
  @Text(2000, { optional: true }) note?: string;
}
class ConcludeBody {
  @Code({ optional: true }) outcome?: string;
}
class ReadBody {
  @Whole(0, 2_147_483_647) upToOrdinal!: number;
}

class ConversationIdAnswer {
  @Shown('string') conversationId!: string;
}
class SentAnswer {
  @Shown('string') messageId!: string;
  @Shown('boolean') engaged!: boolean;
  @Shown({ type: 'string', enum: ['running', 'paused'] }) automation!: string;
}
class HandOverAnswer {
  @Shown('string') to!: string;
  @Shown('string') channel!: string;
  @Shown('object') content!: unknown;
}
class DeliveryAnswer {
  @Shown('string') messageId!: string;
}
class AssignedAnswer {
  @Shown('string', { nullable: true }) assigneeId!: string | null;
  @Shown('integer') assignmentNo!: number;
}
class StateAnswer {
  @Shown('string') conversationId!: string;
  @Shown({ type: 'string', enum: ['open', 'concluded'] }) status!: string;
  @Shown('string', { nullable: true }) assigneeId!: string | null;
  @Shown({ type: 'string', enum: ['running', 'paused'] }) automation!: string;
}
class ReadAnswer {
  @Shown('integer') upToOrdinal!: number;
}

type State = StateOf<typeof conversationDecider>;
type Fact = EventOf<typeof conversationDecider>;
type Known = Exclude<State, { status: 'unknown' }>;

const known = (state: State): Known => {
  if (state.status === 'unknown') throw new Error('an accepted command left no conversation');
  return state;
};
const stateOf = (state: State): StateAnswer => {
  const { conversationId, status, assigneeId, automation } = known(state);
  return { conversationId, status, assigneeId, automation };
};
const assignment = ({ state }: { state: State }): AssignedAnswer => {
  const { assigneeId, assignmentNo } = known(state);
  return { assigneeId, assignmentNo };
};

type About = { readonly conversationId: string; readonly facts: typeof NOTHING_KNOWN };

@Tag('Conversations')
@Controller('v1')
export class ConversationsController {
  constructor(
    private readonly desk: Desk,
    private readonly conversations: ConversationCommands,
  ) {}

  @Post('conversations')
  @Allow('agent', 'supervisor', 'admin', 'integration')
  @Summary('Starts a conversation, or reopens it')
  @Answers(201, ConversationIdAnswer)
  @Answers(200, ConversationIdAnswer, 'It existed')
  async start(
    @Body() body: StartBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConversationIdAnswer> {
    const { contactId, channel, identityId = '' } = body;
    const command = new StartConversation(
      { conversationId: '', contactId, channel, identityId, mine: false, ownerId: contactId, facts: NOTHING_KNOWN },
      await this.desk.metadata(request),
    );
    return this.desk.command(
      reply,
      command,
      ({ state }: { state: State }) => ({ conversationId: known(state).conversationId }),
      ({ events }: { events: readonly Fact[] }) =>
        events.some((event) => event.type === 'ConversationOpened') ? 201 : 200,
    );
  }

  @Post('conversations/:id/messages')
  @Allow('agent', 'supervisor', 'admin', 'integration')
  @Summary('Sends a message')
  @Answers(201, SentAnswer)
  async send(
    @Param('id', UuidParam) conversationId: string,
    @Body() body: SendBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SentAnswer> {
    const metadata = await this.desk.metadata(request);
    const messageId = deriveId(
      metadata.tenant,
      metadata.commandId,
      `conversation-${metadata.tenant}.${conversationId}`,
      'message',
    );
    const command = new SendMessage(
      {
        conversationId,
        messageId,
        text: body.content.text,
        purpose: body.purpose ?? 'reply',
        viaDevice: body.viaDevice === true,
        eligible: false,
        facts: NOTHING_KNOWN,
      },
      metadata,
    );
    return this.desk.command(
      reply,
      command,
      ({ state }: { state: State }) => {
        const { engaged, automation } = known(state);
        return { messageId, engaged, automation };
      },
      201,
    );
  }

  @Post('messages/:messageId/hand-over')
  @Allow('integration')
  @Summary('Gives a queued message to the gateway')
  @Answers(200, HandOverAnswer)
  async handOver(
    @Param('messageId', UuidParam) messageId: string,
    @Body() { conversationId }: OfConversationBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HandOverAnswer> {
    const metadata = await this.desk.metadata(request);
    const command = new HandOverMessage({ conversationId, messageId, facts: NOTHING_KNOWN }, metadata);
    return this.desk.command(reply, command, async () =>
      this.conversations.outgoing(metadata.tenant, conversationId, messageId, metadata.now),
    );
  }

  @Post('messages/:messageId/delivery')
  @Allow('integration')
  @Summary("Records a provider's report on a message")
  @Answers(200, DeliveryAnswer)
  async delivery(
    @Param('messageId', UuidParam) messageId: string,
    @Body() body: DeliveryBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeliveryAnswer> {
    const { conversationId, status, reason = null, at } = body;
    const command = new ReportDelivery(
      { conversationId, messageId, status, reason, at, facts: NOTHING_KNOWN },
      await this.desk.metadata(request),
    );
    return this.desk.command(reply, command, () => ({ messageId }));
  }

  @Post('conversations/:id/assign-to-me')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Claims an unassigned conversation')
  @Answers(200, AssignedAnswer)
  async assignToMe(
    @Param('id', UuidParam) conversationId: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AssignedAnswer> {
    const metadata = await this.desk.metadata(request);
    const command = new AssignToMe({ conversationId, eligible: false, facts: NOTHING_KNOWN }, metadata);
    return this.desk.command(reply, command, assignment);
  }

  @Post('conversations/:id/assign')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Assigns a conversation to a colleague')
  @Answers(200, AssignedAnswer)
  async assign(
    @Param('id', UuidParam) conversationId: string,
    @Body() { note, ...body }: AssignBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AssignedAnswer> {
    const metadata = await this.desk.metadata(request);
    const command = new AssignConversation(
      { ...body, note: note ?? null, conversationId, eligible: false, facts: NOTHING_KNOWN },
      metadata,
    );
    return this.desk.command(reply, command, assignment);
  }

  @Post('conversations/:id/unassign')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Takes the assignee away')
  @Answers(200, StateAnswer)
  async unassign(
    @Param('id', UuidParam) conversationId: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StateAnswer> {
    return this.change(UnassignConversation, conversationId, request, reply);
  }

  @Post('conversations/:id/conclude')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Concludes a conversation')
  @Answers(200, StateAnswer)
  async conclude(
    @Param('id', UuidParam) conversationId: string,
    @Body() { outcome }: ConcludeBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StateAnswer> {
    const metadata = await this.desk.metadata(request);
    const command = new ConcludeConversation(
      { conversationId, outcome: outcome ?? null, facts: NOTHING_KNOWN },
      metadata,
    );
    return this.desk.command(reply, command, ({ state }: { state: State }) => stateOf(state));
  }

  @Post('conversations/:id/reopen')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Reopens a concluded conversation')
  @Answers(200, StateAnswer)
  async reopen(
    @Param('id', UuidParam) conversationId: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StateAnswer> {
    return this.change(ReopenConversation, conversationId, request, reply);
  }

  @Post('conversations/:id/automation/pause')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Pauses automation')
  @Answers(200, StateAnswer)
  async pause(
    @Param('id', UuidParam) conversationId: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StateAnswer> {
    return this.change(PauseAutomation, conversationId, request, reply);
  }

  @Post('conversations/:id/automation/resume')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Resumes automation')
  @Answers(200, StateAnswer)
  async resume(
    @Param('id', UuidParam) conversationId: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StateAnswer> {
    return this.change(ResumeAutomation, conversationId, request, reply);
  }

  @Post('conversations/:id/read')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Marks a conversation as read up to a message')
  @Answers(200, ReadAnswer)
  async read(
    @Param('id', UuidParam) conversationId: string,
    @Body() { upToOrdinal }: ReadBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReadAnswer> {
    const metadata = await this.desk.metadata(request);
    const command = new MarkRead({ conversationId, upToOrdinal, lastOrdinal: 0, seen: false }, metadata);
    return this.desk.command(reply, command, ({ state }: { state: StateOf<typeof readMarkerDecider> }) => ({
      upToOrdinal: state.upToOrdinal,
    }));
  }

  /** A command that says nothing but which conversation. */
  private async change(
    command: new (data: About, metadata: CommandMetadata) => ConversationCommand,
    conversationId: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<StateAnswer> {
    const wish = new command({ conversationId, facts: NOTHING_KNOWN }, await this.desk.metadata(request));
    return this.desk.command(reply, wish, ({ state }: { state: State }) => stateOf(state));
  }
}
