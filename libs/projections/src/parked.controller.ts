import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  Allow,
  Answers,
  CurrentCaller,
  Desk,
  EmptyBody,
  ListQuery,
  pageOfAll,
  problem,
  sendCommand,
  sendQuery,
  Shown,
  Summary,
  Tag,
  Text,
  type Identity,
} from '#platform';
import { ProjectorDesk, refusedAsProblem } from './ops.controller.js';
import type { Retried } from './parking.js';

class DiscardBody {
  @Text(2000) reason!: string;
}
class ParkedAnswer {
  @Shown('string', { description: 'Names it in retry and discard' }) sequence!: string;
  @Shown('string', { description: 'Values of the row’s key, or the stream that cannot be read' }) key!: string;
  @Shown('string') tenant!: string;
  @Shown('string') firstEventId!: string;
  @Shown('string') firstPosition!: string;
  @Shown('integer') events!: number;
  @Shown('string') error!: string;
  @Shown('string') parkedAt!: string;
}
class ParkedListAnswer {
  @Shown(() => ParkedAnswer, { list: 200 }) items!: readonly ParkedAnswer[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}
class RetriedAnswer {
  @Shown('integer') applied!: number;
  @Shown('integer', { description: 'Parked still' }) left!: number;
  @Shown('string', { nullable: true }) error!: string | null;
}

/** Events that could not be folded: what they hold up, and what operators do about it. Ids and places only, never what they say. */
@Tag('Operations')
@Controller('v1/ops/projections/:name/parked')
export class ParkedController {
  constructor(
    private readonly projector: ProjectorDesk,
    private readonly desk: Desk,
  ) {}

  @Get()
  @Allow('ops', 'auditor')
  @Summary('Keys and streams whose events wait, by the first of them')
  @Answers(200, ParkedListAnswer)
  async list(
    @Param('name') name: string,
    @Query() query: ListQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ParkedListAnswer> {
    await this.desk.consistency(query);
    const all = await this.projector.parked(name);
    if (all === null) throw problem('not-found', `There is no read model ${name}.`);
    return sendQuery(reply, {
      body: pageOfAll(all, ({ sequence }) => sequence, `parked ${name}`, query),
      token: await this.desk.token(null),
    });
  }

  @Post(':sequence/retry')
  @Allow('ops')
  @HttpCode(200)
  @Summary('Folds the parked events again, in their order, up to the first that fails again')
  @Answers(200, RetriedAnswer)
  retry(
    @Param('name') name: string,
    @Param('sequence') sequence: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @CurrentCaller() { caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RetriedAnswer> {
    return this.#done(reply, request, caller.id, (operator) => this.projector.retry(operator, name, sequence));
  }

  @Post(':sequence/discard')
  @Allow('ops')
  @HttpCode(200)
  @Summary('Gives up the first parked event for good, with a reason, and folds those behind it')
  @Answers(200, RetriedAnswer)
  discard(
    @Param('name') name: string,
    @Param('sequence') sequence: string,
    @Body() { reason }: DiscardBody,
    @Req() request: FastifyRequest,
    @CurrentCaller() { caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RetriedAnswer> {
    return this.#done(reply, request, caller.id, (operator) =>
      this.projector.discard(operator, name, sequence, reason),
    );
  }

  async #done(
    reply: FastifyReply,
    request: FastifyRequest,
    id: string,
    act: (operator: { readonly id: string; readonly commandId: string }) => Promise<Retried | null>,
  ): Promise<RetriedAnswer> {
    const { commandId } = await this.desk.metadata(request);
    const retried = await refusedAsProblem(() => act({ id, commandId }));
    if (retried === null) throw problem('not-found', 'Nothing of that name is parked: ask for the list again.');
    return sendCommand(reply, { body: retried, token: await this.desk.token(null) });
  }
}
