import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EVENT_READER, type EventReader } from '#event-store';
import { LogFeed, type Listener } from '#live';
import {
  Allow,
  Answers,
  ConsistentQuery,
  CurrentCaller,
  Desk,
  encodeToken,
  EventStreams,
  LiveQuery,
  LogIdentity,
  placeOf,
  Platform,
  Summary,
  Tag,
  type Identity,
} from '#platform';
import { READ_MODELS, type ReadModels } from '#read-store';
import { FilterFeed, type FeedTables } from './filter-feed.adapter.js';
import { FilterSnapshot } from './filter-snapshot.adapter.js';

@Tag('Block filter')
@Controller('v1/block-filter')
export class FilterFeedController {
  readonly #feed: LogFeed<string, Listener>;
  readonly #snapshots: FilterSnapshot;
  readonly #logId: string;

  constructor(
    private readonly desk: Desk,
    private readonly streams: EventStreams,
    @Inject(READ_MODELS) models: ReadModels<FeedTables>,
    @Inject(EVENT_READER) events: EventReader,
    { logId }: LogIdentity,
    { logger, closing }: Platform,
  ) {
    this.#feed = new LogFeed(events, logId, new FilterFeed(models), logger);
    this.#snapshots = new FilterSnapshot(models, closing);
    this.#logId = logId;
  }

  @Get('snapshot')
  @Allow('integration')
  @Summary('All that is or was covered, one interval a line, as of one moment')
  @Answers(
    200,
    'application/x-ndjson',
    'Lines {addresses, kind, identityId, contactId, channels, from, to, blockId}; the last one is {token}: without it the answer is not whole',
  )
  async snapshot(
    @Query() query: ConsistentQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const tokenOf = (position: Parameters<typeof encodeToken>[0]['position']): string =>
      encodeToken({ logId: this.#logId, position });
    const lines = await this.#snapshots.read(tenant, await this.desk.consistency(query), tokenOf);
    void reply.header('content-type', 'application/x-ndjson').send(lines);
  }

  @Get('live')
  @Allow('integration')
  @Summary('The same lines as they change, from a snapshot’s token on')
  @Answers(
    200,
    'text/event-stream',
    'Data is a line of the snapshot; it replaces the one with the same identityId, blockId, from and channels, and without addresses it covers nothing. event: reset asks for a new snapshot; event: end says why it ends',
  )
  live(@Query() query: LiveQuery, @Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const place = placeOf(request, query);
    const stream = this.streams.open(request, reply, () => {
      this.#feed.leave(listener);
    });
    const listener: Listener = { stream };
    this.#feed.join(listener, place);
  }
}
