import { Body, Controller, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow, Answers, deriveId, Desk, EmptyBody, Flag, Shown, Summary, Tag, Uuid, UuidParam } from '#platform';
import { MergeContacts, mergeThatAbsorbed, UndoMerge, type Merges } from './merges.js';

class MergeBody {
  @Uuid() absorbedId!: string;
  @Flag({ optional: true }) confirm?: boolean;
}
class MergeIdAnswer {
  @Shown('string') mergeId!: string;
}

@Tag('Contacts')
@Controller('v1')
export class MergesController {
  constructor(private readonly desk: Desk) {}

  @Post('contacts/:id/merge')
  @Allow('supervisor', 'admin')
  @Summary('Merges another contact into this one')
  @Answers(200, MergeIdAnswer)
  async merge(
    @Param('id', UuidParam) survivorId: string,
    @Body() { absorbedId, confirm }: MergeBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MergeIdAnswer> {
    const metadata = await this.desk.metadata(request);
    const { tenant, commandId } = metadata;
    const mergeId = deriveId(tenant, commandId, `contact-${tenant}.${survivorId}`, 'merge');
    const command = new MergeContacts(
      { mergeId, survivorId, absorbedId, confirm: confirm === true, known: false, erased: false, stale: false },
      metadata,
    );
    return this.desk.command(reply, command, ({ state }: { state: Merges }) => ({
      mergeId: mergeThatAbsorbed(state, absorbedId)?.mergeId ?? mergeId,
    }));
  }

  @Post('merges/:id/undo')
  @Allow('supervisor', 'admin')
  @Summary('Undoes a merge')
  @Answers(200, MergeIdAnswer)
  async undo(
    @Param('id', UuidParam) mergeId: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MergeIdAnswer> {
    const command = new UndoMerge({ mergeId, erased: false, stale: false }, await this.desk.metadata(request));
    return this.desk.command(reply, command, () => ({ mergeId }));
  }
}
