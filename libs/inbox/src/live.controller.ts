import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EVENT_READER, type EventReader } from '#event-store';
import { LogFeed } from '#live';
import { Allow, Answers, EventStreams, LiveQuery, LogIdentity, placeOf, Platform, Summary, Tag } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-store';
import type { LiveChange } from './live-changes.js';
import { LiveInbox, type InboxListener } from './live.adapter.js';
import type { Tables } from './tables.js';

@Tag('Conversations')
@Controller('v1/conversations/live')
export class LiveController {
  readonly #feed: LogFeed<LiveChange, InboxListener>;

  constructor(
    private readonly streams: EventStreams,
    @Inject(READ_MODELS) models: ReadModels<Tables>,
    @Inject(EVENT_READER) events: EventReader,
    { logId }: LogIdentity,
    { logger }: Platform,
  ) {
    this.#feed = new LogFeed(events, logId, new LiveInbox(models), logger);
  }

  @Get()
  @Allow('agent', 'supervisor', 'admin', 'auditor', 'integration')
  @Summary('Which rows of the caller’s lists change, as it happens')
  @Answers(
    200,
    'text/event-stream',
    'Data {conversationId, change: "changed"|"gone"}. Last-Event-ID resumes; event: reset asks to load the list anew; event: end says why it ends',
  )
  live(@Query() query: LiveQuery, @Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const place = placeOf(request, query);
    const stream = this.streams.open(request, reply, () => {
      this.#feed.leave(listener);
    });
    const listener: InboxListener = { stream, caller: stream.identity.caller };
    this.#feed.join(listener, place);
  }
}
