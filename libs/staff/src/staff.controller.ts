import { Body, Controller, Get, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Command, ConversationAccess } from '#kernel';
import {
  Allow,
  Answers,
  CurrentCaller,
  deriveId,
  Desk,
  EmptyBody,
  Flag,
  ListQuery,
  OneOf,
  Shown,
  SubjectId,
  SubjectParam,
  Summary,
  Tag,
  Text,
  type Identity,
} from '#platform';
import {
  ChangeStaffAccess,
  ChangeStaffRole,
  DeactivateStaffMember,
  InviteStaffMember,
  SetStaffAvailability,
  type StaffRole,
} from './staff-member.js';
import { ListStaff } from './staff.query.js';

const ROLES = ['agent', 'supervisor', 'admin'] as const;
const ACCESS = ['all', 'assigned_only', 'assigned_and_unassigned'] as const;

class InviteBody {
  @SubjectId({ optional: true }) staffId?: string;
  @Text(200) name!: string;
  @OneOf(ROLES) role!: StaffRole;
  @OneOf(ACCESS) conversationAccess!: ConversationAccess;
}
class AccessBody {
  @OneOf(ACCESS) conversationAccess!: ConversationAccess;
}
class RoleBody {
  @OneOf(ROLES) role!: StaffRole;
}
class AvailabilityBody {
  @Flag() available!: boolean;
}

class StaffIdAnswer {
  @Shown('string') staffId!: string;
}
class StaffRow {
  @Shown('string') staffId!: string;
  @Shown('string', { nullable: true }) name!: string | null;
  @Shown({ type: 'string', enum: ROLES }) role!: string;
  @Shown({ type: 'string', enum: ACCESS }) conversationAccess!: string;
  @Shown('boolean') available!: boolean;
  @Shown('boolean') active!: boolean;
}
class StaffListAnswer {
  @Shown(() => StaffRow, { list: 200 }) items!: StaffRow[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}

@Tag('Staff')
@Controller('v1/staff')
export class StaffController {
  constructor(private readonly desk: Desk) {}

  @Get()
  @Allow('agent', 'supervisor', 'admin', 'auditor')
  @Summary('Lists the staff members')
  @Answers(200, StaffListAnswer)
  async list(
    @Query() query: ListQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StaffListAnswer> {
    return this.desk.query(reply, new ListStaff(tenant, query, await this.desk.consistency(query)));
  }

  @Post()
  @Allow('admin')
  @Summary('Invites a staff member')
  @Answers(201, StaffIdAnswer)
  async invite(
    @Body() body: InviteBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StaffIdAnswer> {
    const metadata = await this.desk.metadata(request);
    const staffId = body.staffId ?? deriveId(metadata.tenant, metadata.commandId, 'staff', 'staff');
    const { name, role, conversationAccess } = body;
    const command = new InviteStaffMember({ staffId, name, role, conversationAccess }, metadata);
    return this.desk.command(reply, command, () => ({ staffId }), 201);
  }

  @Put(':id/access')
  @Allow('admin')
  @Summary('Sets which conversations a staff member sees')
  @Answers(200, StaffIdAnswer)
  async access(
    @Param('id', SubjectParam) staffId: string,
    @Body() body: AccessBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StaffIdAnswer> {
    return this.change(
      new ChangeStaffAccess(
        { staffId, conversationAccess: body.conversationAccess },
        await this.desk.metadata(request),
      ),
      staffId,
      reply,
    );
  }

  @Put(':id/role')
  @Allow('admin')
  @Summary("Sets a staff member's role")
  @Answers(200, StaffIdAnswer)
  async role(
    @Param('id', SubjectParam) staffId: string,
    @Body() body: RoleBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StaffIdAnswer> {
    return this.change(
      new ChangeStaffRole({ staffId, role: body.role }, await this.desk.metadata(request)),
      staffId,
      reply,
    );
  }

  @Put(':id/availability')
  @Allow('admin')
  @Summary('Says whether a staff member is available')
  @Answers(200, StaffIdAnswer)
  async availability(
    @Param('id', SubjectParam) staffId: string,
    @Body() body: AvailabilityBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StaffIdAnswer> {
    return this.change(
      new SetStaffAvailability({ staffId, available: body.available }, await this.desk.metadata(request)),
      staffId,
      reply,
    );
  }

  @Post(':id/deactivate')
  @Allow('admin')
  @Summary('Deactivates a staff member; their conversations are released')
  @Answers(200, StaffIdAnswer)
  async deactivate(
    @Param('id', SubjectParam) staffId: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StaffIdAnswer> {
    return this.change(new DeactivateStaffMember({ staffId }, await this.desk.metadata(request)), staffId, reply);
  }

  private async change(command: Command<unknown>, staffId: string, reply: FastifyReply): Promise<StaffIdAnswer> {
    return this.desk.command(reply, command, () => ({ staffId }));
  }
}
