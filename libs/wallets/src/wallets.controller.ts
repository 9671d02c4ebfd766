import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hoursOf, type Hours, type StateOf } from '#kernel';
import {
  Allow,
  Answers,
  ConsistentQuery,
  CurrentCaller,
  deriveId,
  Desk,
  EmptyBody,
  ListQuery,
  problem,
  sendQuery,
  Shown,
  SubjectId,
  SubjectParam,
  Summary,
  Tag,
  Text,
  Time,
  UuidParam,
  type Identity,
} from '#platform';
import { CodeField, codeWishOf, HoursField, HoursShown, type GivenCode } from './wallet-fields.adapter.js';
import { WalletRouting } from './wallet-routing.adapter.js';
import {
  AddWalletMember,
  ArchiveWallet,
  ChangeWalletResponsible,
  codeOf,
  CreateWallet,
  EditWallet,
  membersOf,
  RemoveWalletMember,
  type walletDecider,
  type WalletCommand,
} from './wallet.js';
import { GetWallet, ListWallets } from './wallets.query.js';

class CreateWalletBody {
  @Text(200) name!: string;
  @CodeField({ optional: true, nullable: true }) code?: GivenCode | null;
  @HoursField({ optional: true, nullable: true }) hours?: unknown;
  @SubjectId({ optional: true, nullable: true }) responsibleId?: string | null;
}
class EditWalletBody {
  @Text(200, { optional: true }) name?: string;
  @CodeField({ optional: true, nullable: true }) code?: GivenCode | null;
  @HoursField({ optional: true, nullable: true }) hours?: unknown;
}
class WalletResponsibleBody {
  @SubjectId({ nullable: true }) staffId!: string | null;
}
class HoursQuery extends ConsistentQuery {
  @Time({ optional: true }) readonly at?: string;
}

class WalletCodeAnswer {
  @Shown('string') walletId!: string;
  @Shown('string', { nullable: true }) code!: string | null;
}
class WalletResponsibleAnswer {
  @Shown('string') staffId!: string;
  @Shown('string') from!: string;
  @Shown('string', { nullable: true, description: 'null: they are it now' }) to!: string | null;
}
class WalletAnswer {
  @Shown('string') walletId!: string;
  @Shown('string') name!: string;
  @Shown('string', { nullable: true }) code!: string | null;
  @HoursShown() hours!: unknown;
  @Shown('boolean') archived!: boolean;
  @Shown('string', { nullable: true }) responsibleId!: string | null;
  @Shown(() => WalletResponsibleAnswer, { list: 10_000 }) responsibles!: WalletResponsibleAnswer[];
  @Shown('string', { list: 10_000, description: 'The responsible is one of them' }) members!: string[];
  @Shown('integer') contactCount!: number;
}
class WalletListAnswer {
  @Shown(() => WalletAnswer, { list: 200 }) items!: WalletAnswer[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}
class WalletStaffAnswer {
  @Shown('string') walletId!: string;
  @Shown('string', { nullable: true }) responsibleId!: string | null;
  @Shown('string', { list: 10_000 }) members!: readonly string[];
}
class WalletArchivedAnswer {
  @Shown('string') walletId!: string;
  @Shown('boolean') archived!: boolean;
}
class WalletHoursAnswer {
  @Shown('boolean') open!: boolean;
  @Shown('string', { nullable: true, description: 'null: not within 400 days' }) nextChangeAt!: string | null;
}

type State = StateOf<typeof walletDecider>;
type Known = Exclude<State, { status: 'unknown' }>;
const known = (state: State): Known => {
  if (state.status === 'unknown') throw new Error('an accepted command left no wallet');
  return state;
};
const staffOf = ({ state }: { state: State }): WalletStaffAnswer => {
  const { walletId, responsibleId, members } = known(state);
  return { walletId, responsibleId, members: membersOf(members, responsibleId) };
};

@Tag('Wallets')
@Controller('v1/wallets')
export class WalletsController {
  constructor(
    private readonly desk: Desk,
    private readonly routing: WalletRouting,
  ) {}

  @Post()
  @Allow('supervisor', 'admin')
  @Summary('Creates a wallet')
  @Answers(201, WalletCodeAnswer)
  async create(
    @Body() body: CreateWalletBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WalletCodeAnswer> {
    const metadata = await this.desk.metadata(request);
    const walletId = deriveId(metadata.tenant, metadata.commandId, 'wallets', 'wallet');
    const { name, responsibleId = null } = body;
    const command = new CreateWallet(
      {
        walletId,
        name: name.trim(),
        ...codeWishOf(body.code),
        hours: hoursOf(body.hours),
        responsibleId,
        eligible: false,
      },
      metadata,
    );
    return this.desk.command(
      reply,
      command,
      ({ state }: { state: State }) => ({ walletId, code: codeOf(known(state)) }),
      201,
    );
  }

  @Get()
  @Allow('agent', 'supervisor', 'admin', 'auditor')
  @Summary('Lists the wallets by name, archived ones too')
  @Answers(200, WalletListAnswer)
  async list(
    @Query() query: ListQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WalletListAnswer> {
    return this.desk.query(reply, new ListWallets(tenant, query, await this.desk.consistency(query)));
  }

  @Get(':id')
  @Allow('agent', 'supervisor', 'admin', 'auditor')
  @Summary('One wallet')
  @Answers(200, WalletAnswer)
  async get(
    @Param('id', UuidParam) id: string,
    @Query() query: ConsistentQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WalletAnswer> {
    return this.desk.query(reply, new GetWallet(tenant, id, await this.desk.consistency(query)));
  }

  @Patch(':id')
  @Allow('supervisor', 'admin')
  @Summary('Changes name, code or hours; null takes code or hours away')
  @Answers(200, WalletCodeAnswer)
  async edit(
    @Param('id', UuidParam) walletId: string,
    @Body() body: EditWalletBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WalletCodeAnswer> {
    const { code, generate } = codeWishOf(body.code);
    const hours: Hours | null = hoursOf(body.hours);
    const command = new EditWallet(
      {
        walletId,
        generate,
        ...(body.name === undefined ? {} : { name: body.name.trim() }),
        ...(body.code === undefined ? {} : { code }),
        ...(body.hours === undefined ? {} : { hours }),
      },
      await this.desk.metadata(request),
    );
    return this.desk.command(reply, command, ({ state }: { state: State }) => ({
      walletId,
      code: codeOf(known(state)),
    }));
  }

  @Put(':id/responsible')
  @Allow('supervisor', 'admin')
  @Summary('Names the responsible, or nobody; running assignments stay')
  @Answers(200, WalletStaffAnswer)
  async responsible(
    @Param('id', UuidParam) walletId: string,
    @Body() { staffId }: WalletResponsibleBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WalletStaffAnswer> {
    return this.staff(
      new ChangeWalletResponsible(
        { walletId, responsibleId: staffId, eligible: false },
        await this.desk.metadata(request),
      ),
      reply,
    );
  }

  @Put(':id/members/:staffId')
  @Allow('supervisor', 'admin')
  @Summary('Adds a staff member')
  @Answers(200, WalletStaffAnswer)
  async addMember(
    @Param('id', UuidParam) walletId: string,
    @Param('staffId', SubjectParam) staffId: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WalletStaffAnswer> {
    const metadata = await this.desk.metadata(request);
    return this.staff(new AddWalletMember({ walletId, staffId, eligible: false }, metadata), reply);
  }

  @Delete(':id/members/:staffId')
  @Allow('supervisor', 'admin')
  @Summary('Removes a staff member; not the responsible')
  @Answers(200, WalletStaffAnswer)
  async removeMember(
    @Param('id', UuidParam) walletId: string,
    @Param('staffId', SubjectParam) staffId: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WalletStaffAnswer> {
    return this.staff(new RemoveWalletMember({ walletId, staffId }, await this.desk.metadata(request)), reply);
  }

  @Post(':id/archive')
  @Allow('supervisor', 'admin')
  @Summary('Archives a wallet: it adds and routes nothing any more, and its name and code are free')
  @Answers(200, WalletArchivedAnswer)
  async archive(
    @Param('id', UuidParam) walletId: string,
    @Body() _body: EmptyBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WalletArchivedAnswer> {
    const command = new ArchiveWallet({ walletId }, await this.desk.metadata(request));
    return this.desk.command(reply, command, () => ({ walletId, archived: true }));
  }

  @Get(':id/hours')
  @Allow('agent', 'supervisor', 'admin', 'auditor')
  @Summary('Is it open at a time (now, if none is given), by the hours of then? Read from the stream')
  @Answers(200, WalletHoursAnswer)
  async hours(
    @Param('id', UuidParam) walletId: string,
    @Query() query: HoursQuery,
    @CurrentCaller() { tenant }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WalletHoursAnswer> {
    // A stream is always current; what is no token is refused all the same.
    await this.desk.consistency(query);
    const openness = await this.routing.hoursOf(tenant, walletId, query.at ?? new Date().toISOString());
    if (openness === null) throw problem('not-found');
    return sendQuery(reply, { body: { ...openness }, token: await this.desk.token(null) });
  }

  private async staff(command: WalletCommand, reply: FastifyReply): Promise<WalletStaffAnswer> {
    return this.desk.command(reply, command, staffOf);
  }
}
