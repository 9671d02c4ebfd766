import { Body, Controller, Get, Injectable, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import {
  Allow,
  Answers,
  ConsistentQuery,
  CurrentCaller,
  Desk,
  EmptyBody,
  ListQuery,
  Metrics,
  pageOfAll,
  problem,
  sendQuery,
  Shown,
  Summary,
  Tag,
  UuidParam,
  type Identity,
} from '#platform';
import { UnknownProjection } from './options.js';
import type { ProjectionStatus, RebuildStatus } from './status.js';

/** What operators may ask of the projector, whichever process or thread it runs in; provided by the app. */
export abstract class ProjectorDesk {
  abstract statuses(): Promise<readonly ProjectionStatus[]>;
  abstract rebuild(rebuildId: string): Promise<RebuildStatus | null>;
  /** Throws UnknownProjection. */
  abstract requestRebuild(
    names: readonly string[] | 'all',
    requestedBy: string,
  ): Promise<{ readonly rebuildId: string }>;
}

class ProgressAnswer {
  @Shown('string') rebuildId!: string;
  @Shown('string') phase!: string;
  @Shown('integer') done!: number;
  @Shown('integer', { nullable: true }) total!: number | null;
  @Shown('number', { nullable: true }) eventsPerSecond!: number | null;
  @Shown('number', { nullable: true }) etaSeconds!: number | null;
}
class ProjectionAnswer {
  @Shown('string') name!: string;
  @Shown('integer') version!: number;
  @Shown({ type: 'string', enum: ['live', 'failed', 'paused', 'detached'] }) state!: string;
  @Shown('string', { nullable: true }) checkpoint!: string | null;
  @Shown('number') lagSeconds!: number;
  @Shown('integer', { nullable: true }) lagEvents!: number | null;
  @Shown('integer') parkedSequences!: number;
  @Shown('integer', { nullable: true }) generation!: number | null;
  @Shown(() => ProgressAnswer, { nullable: true }) rebuild!: ProgressAnswer | null;
}
class ProjectionsAnswer {
  @Shown(() => ProjectionAnswer, { list: 200 }) items!: readonly ProjectionAnswer[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}
class ContentAnswer {
  @Shown('integer') rows!: number;
  @Shown('string') hash!: string;
  @Shown('boolean', { description: 'Did the new rows equal the old ones?' }) equal!: boolean;
  @Shown('integer', { description: 'Rows that were not compared, since facts of theirs are parked' }) parked!: number;
}
class RebuildAnswer extends ProgressAnswer {
  @Shown('string', { list: 200 }) projections!: readonly string[];
  @Shown(() => ContentAnswer, { nullable: true }) result!: ContentAnswer | null;
  @Shown('string', { nullable: true }) error!: string | null;
}
class RequestedAnswer {
  @Shown('string') rebuildId!: string;
}

@Tag('Operations')
@Controller('v1/ops')
export class OpsController {
  constructor(
    private readonly projector: ProjectorDesk,
    private readonly desk: Desk,
  ) {}

  @Get('projections')
  @Allow('ops', 'auditor')
  @Summary('The read models: where they stand and what is being rebuilt')
  @Answers(200, ProjectionsAnswer)
  async projections(
    @Query() query: ListQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProjectionsAnswer> {
    // Where they stand is told, not waited for.
    await this.desk.consistency(query);
    const items = await this.projector.statuses();
    return sendQuery(reply, {
      body: pageOfAll(items, ({ name }) => name, 'projections', query),
      token: await this.desk.token(items[0]?.checkpoint ?? null),
    });
  }

  @Post('projections/:name/rebuild')
  @Allow('ops')
  @Summary('Builds a read model (or all) anew beside the live one and swaps when it is level')
  @Answers(202, RequestedAnswer)
  async requestRebuild(
    @Param('name') name: string,
    @Body() _body: EmptyBody,
    @CurrentCaller() { caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RequestedAnswer> {
    try {
      const requested = await this.projector.requestRebuild(name === 'all' ? 'all' : [name], caller.id);
      void reply.status(202);
      return requested;
    } catch (error) {
      if (error instanceof UnknownProjection) throw problem('not-found', 'There is no such read model');
      throw error;
    }
  }

  @Get('rebuilds/:id')
  @Allow('ops', 'auditor')
  @Summary('How far a rebuild is')
  @Answers(200, RebuildAnswer)
  async rebuild(@Param('id', UuidParam) id: string, @Query() query: ConsistentQuery): Promise<RebuildAnswer> {
    await this.desk.consistency(query);
    const status = await this.projector.rebuild(id);
    if (status === null) throw problem('not-found');
    return status;
  }
}

/** What alerts look at: how far each read model is behind, and what is rebuilt. */
@Injectable()
export class ProjectionGauges {
  constructor(metrics: Metrics, projector: ProjectorDesk) {
    const gauge = (name: string, help: string, of: (status: ProjectionStatus) => number | null): void => {
      metrics.gauge(name, help, 'projection', async () =>
        Object.fromEntries(
          (await projector.statuses()).flatMap((status) => {
            const value = of(status);
            return value === null ? [] : [[status.name, value]];
          }),
        ),
      );
    };
    gauge(
      'portaria_projection_lag_seconds',
      'Age of the last fact applied while behind, 0 when level',
      (one) => one.lagSeconds,
    );
    gauge('portaria_projection_lag_events', 'Facts not applied yet', (one) => one.lagEvents);
    gauge('portaria_projection_live', '1 while the read model answers queries', (one) =>
      one.state === 'live' ? 1 : 0,
    );
    gauge('portaria_projection_rebuild_ratio', 'Facts read of those to read, while a rebuild runs', ({ rebuild }) =>
      (rebuild?.total ?? 0) === 0 || rebuild === null ? null : rebuild.done / (rebuild.total ?? 1),
    );
  }
}
