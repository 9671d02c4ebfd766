import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Position } from '#kernel';
import {
  Allow,
  Answers,
  ConsistentQuery,
  CurrentCaller,
  deriveId,
  Desk,
  EmptyBody,
  Flag,
  ListQuery,
  pageOfAll,
  problem,
  sendCommand,
  sendQuery,
  Shown,
  Summary,
  Tag,
  UuidParam,
  type Identity,
} from '#platform';
import type { OpsCalls } from './operations.js';
import { INSTALLATION } from './ops-facts.js';
import { OpsRefused, type Role } from './options.js';
import type { ParkedSequence, Retried } from './parking.js';
import { NoProjector } from './requests.js';
import type { ProjectionStatus, RebuildStatus } from './status.js';

/** Who asks, and under which command id. */
export type Operator = { readonly id: string; readonly commandId: string };

/** What operators may ask of the projector, whichever process or thread it runs in; provided by the app. */
export abstract class ProjectorDesk {
  abstract statuses(): Promise<readonly ProjectionStatus[]>;
  abstract rebuild(rebuildId: string): Promise<RebuildStatus | null>;
  /** Has it done, and records the act where it is a fact, at `position`. Throws OpsRefused, NoProjector. */
  abstract act<K extends keyof OpsCalls>(
    operator: Operator,
    name: K,
    ...args: OpsCalls[K]['args']
  ): Promise<{ readonly answer: OpsCalls[K]['answer']; readonly position: Position | null }>;
  /** By the place of the first event; null if there is no such read model. */
  abstract parked(projection: string): Promise<readonly ParkedSequence[] | null>;
  /** Null: nothing of that name is parked. Throws OpsRefused, NoProjector. */
  abstract retry(operator: Operator, projection: string, sequence: string): Promise<Retried | null>;
  abstract discard(operator: Operator, projection: string, sequence: string, reason: string): Promise<Retried | null>;
  /** Of this process' projector; null: it has none. */
  abstract role(): Role | null;
  /** Does any process move the live read models? */
  abstract isLive(): Promise<boolean>;
  /** What the projector of this process has done since its start, by name. */
  abstract work(): Promise<Readonly<Record<string, number>>>;
}

/** A comparison that takes longer is answered by its id. */
const COMPARE_MS = 25_000;
const COMPARE_POLL_MS = 50;

class RebuildBody {
  /** Only says what it would cost. */
  @Flag({ optional: true }) dryRun?: boolean;
  /** false: waits for `promote` when it is ready. */
  @Flag({ optional: true }) autoPromote?: boolean;
  /** true: events that cannot be folded are parked; otherwise the first one ends the rebuild. */
  @Flag({ optional: true }) park?: boolean;
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
  @Shown({ type: 'string', enum: ['rebuild', 'compare'] }) kind!: string;
  @Shown('boolean') paused!: boolean;
  @Shown('string', { list: 200 }) projections!: readonly string[];
  @Shown(() => ContentAnswer, { nullable: true }) result!: ContentAnswer | null;
  @Shown('string', { nullable: true }) error!: string | null;
}
class RequestedAnswer {
  @Shown('string') rebuildId!: string;
}
class EstimateAnswer {
  @Shown('integer') events!: number;
  @Shown('integer') rows!: number;
  @Shown('integer', { nullable: true }) seconds!: number | null;
}
class GenerationAnswer {
  @Shown('integer') generation!: number;
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
  @Answers(200, EstimateAnswer)
  async requestRebuild(
    @Param('name') name: string,
    @Body() { dryRun = false, autoPromote = true, park = false }: RebuildBody,
    @Req() request: FastifyRequest,
    @CurrentCaller() { caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RequestedAnswer | EstimateAnswer> {
    const names = name === 'all' ? 'all' : [name];
    const { commandId } = await this.desk.metadata(request);
    const operator = { id: caller.id, commandId };
    if (dryRun) {
      const { answer } = await this.#act(operator, 'estimate', names);
      return sendQuery(reply, { body: answer, token: await this.desk.token(null) });
    }
    const id = deriveId(INSTALLATION, commandId, `ops-${name}`, 'rebuild');
    const { answer, position } = await this.#act(operator, 'rebuild', names, { id, autoPromote, park });
    return sendCommand(reply, { body: answer, status: 202, token: await this.desk.token(position) });
  }

  @Post('projections/:name/compare')
  @Allow('ops')
  @HttpCode(200)
  @Summary('Compares a read model with a fresh fold of the log, at one position; 202 with an id if that takes long')
  @Answers(200, ContentAnswer)
  @Answers(202, RequestedAnswer)
  async compare(
    @Param('name') name: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @CurrentCaller() { caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ContentAnswer | RequestedAnswer> {
    const { commandId } = await this.desk.metadata(request);
    const { answer } = await this.#act({ id: caller.id, commandId }, 'compare', name);
    for (const until = performance.now() + COMPARE_MS; performance.now() < until;) {
      const status = await this.projector.rebuild(answer.rebuildId);
      if (status?.phase === 'done' && status.result !== null)
        return sendCommand(reply, { body: status.result, token: await this.desk.token(null) });
      if (status?.phase === 'failed' || status?.phase === 'aborted')
        throw problem('projection-state', `The comparison ended without a result (${status.error ?? status.phase}).`);
      await new Promise((resolve) => setTimeout(resolve, COMPARE_POLL_MS));
    }
    return sendCommand(reply, { body: answer, status: 202, token: await this.desk.token(null) });
  }

  @Post('projections/:name/rollback')
  @Allow('ops')
  @HttpCode(200)
  @Summary('Lets the generation that stands by answer queries again')
  @Answers(200, GenerationAnswer)
  async rollback(
    @Param('name') name: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @CurrentCaller() { caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<GenerationAnswer> {
    const { commandId } = await this.desk.metadata(request);
    const { answer, position } = await this.#act({ id: caller.id, commandId }, 'rollback', name);
    return sendCommand(reply, { body: answer, token: await this.desk.token(position) });
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

  @Post('rebuilds/:id/pause')
  @Allow('ops')
  @HttpCode(200)
  @Summary('Lets a rebuild stand still')
  @Answers(200, RebuildAnswer)
  pause(
    @Param('id', UuidParam) id: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @CurrentCaller() { caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RebuildAnswer> {
    return this.#step('pause', id, request, caller.id, reply);
  }

  @Post('rebuilds/:id/resume')
  @Allow('ops')
  @HttpCode(200)
  @Summary('Lets a paused rebuild go on')
  @Answers(200, RebuildAnswer)
  resume(
    @Param('id', UuidParam) id: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @CurrentCaller() { caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RebuildAnswer> {
    return this.#step('resume', id, request, caller.id, reply);
  }

  @Post('rebuilds/:id/promote')
  @Allow('ops')
  @HttpCode(200)
  @Summary('Goes live when ready, also where autoPromote was false')
  @Answers(200, RebuildAnswer)
  promote(
    @Param('id', UuidParam) id: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @CurrentCaller() { caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RebuildAnswer> {
    return this.#step('promote', id, request, caller.id, reply);
  }

  @Post('rebuilds/:id/abort')
  @Allow('ops')
  @HttpCode(200)
  @Summary('Ends a rebuild and drops what it built')
  @Answers(200, RebuildAnswer)
  abort(
    @Param('id', UuidParam) id: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @CurrentCaller() { caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RebuildAnswer> {
    return this.#step('abort', id, request, caller.id, reply);
  }

  async #step(
    name: 'pause' | 'resume' | 'promote' | 'abort',
    rebuildId: string,
    request: FastifyRequest,
    by: string,
    reply: FastifyReply,
  ): Promise<RebuildAnswer> {
    const { commandId } = await this.desk.metadata(request);
    const { position } = await this.#act({ id: by, commandId }, name, rebuildId);
    const body = await this.projector.rebuild(rebuildId);
    if (body === null) throw problem('not-found');
    return sendCommand(reply, { body, token: await this.desk.token(position) });
  }

  async #act<K extends keyof OpsCalls>(
    ...call: [operator: Operator, name: K, ...args: OpsCalls[K]['args']]
  ): Promise<{ readonly answer: OpsCalls[K]['answer']; readonly position: Position | null }> {
    return refusedAsProblem(() => this.projector.act(...call));
  }
}

const CODES = { unknown: 'not-found', conflict: 'projection-state', reused: 'idempotency-key-reused' } as const;

/** What an operator asked for and cannot have, as the API says it. */
export const refusedAsProblem = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OpsRefused) throw problem(CODES[error.reason], error.message);
    if (error instanceof NoProjector) throw problem('store-unavailable', error.message);
    throw error;
  }
};
