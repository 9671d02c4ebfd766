import { Body, Controller, Delete, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow, Answers, Desk, sendCommand, Shown, Summary, Tag, Text, toProblem, Uuid, UuidParam } from '#platform';
import { WalletContacts } from './wallet-contacts.adapter.js';
import { WalletRouting } from './wallet-routing.adapter.js';

const MAX_CONTACTS = 10_000;

class AddWalletContactsBody {
  @Uuid({ list: MAX_CONTACTS }) contactIds!: string[];
  @Uuid({ optional: true }) conversationId?: string;
}
class RemoveQuery {
  @Uuid({ optional: true }) readonly conversationId?: string;
}
class RouteByCodeBody {
  @Text(200) code!: string;
  @Uuid() contactId!: string;
  @Uuid({ optional: true }) conversationId?: string;
}

class WalletContactFailureAnswer {
  @Shown('string') contactId!: string;
  @Shown({ type: 'string', enum: ['contact-not-found', 'contact-erased', 'contact-merged'] }) code!: string;
}
class WalletContactsAnswer {
  @Shown('string') bulkId!: string;
  @Shown('integer') added!: number;
  @Shown('integer', { description: 'In the wallet already, or said before in the same list' }) skipped!: number;
  @Shown(() => WalletContactFailureAnswer, { list: MAX_CONTACTS }) failed!: readonly WalletContactFailureAnswer[];
}
class WalletContactRemovedAnswer {
  @Shown('string') walletId!: string;
  @Shown('string') contactId!: string;
  @Shown('boolean', { description: 'false: it was not in the wallet' }) removed!: boolean;
}
class RoutedByCodeAnswer {
  @Shown('string') walletId!: string;
  @Shown('string', { optional: true, description: 'The responsible, if the conversation is theirs now' })
  assigneeId?: string;
}

@Tag('Wallets')
@Controller('v1/wallets')
export class WalletContactsController {
  constructor(
    private readonly desk: Desk,
    private readonly contacts: WalletContacts,
    private readonly routing: WalletRouting,
  ) {}

  @Post('route')
  @Allow('integration')
  @Summary("Brings a contact into a code's wallet, and its conversation to the responsible where the settings say so")
  @Answers(200, RoutedByCodeAnswer)
  async route(
    @Body() body: RouteByCodeBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RoutedByCodeAnswer> {
    const { code, contactId, conversationId } = body;
    const routed = await this.noted('RouteByCode', request, async () =>
      this.routing.route(
        { code, contactId, conversationId: conversationId ?? null },
        await this.desk.metadata(request),
      ),
    );
    const { walletId, assigneeId, position } = routed;
    return sendCommand(reply, {
      body: { walletId, ...(assigneeId === null ? {} : { assigneeId }) },
      token: await this.desk.token(position),
    });
  }

  @Post(':id/contacts')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Adds up to 10,000 contacts, each with a result of its own; agents add the contact of a conversation')
  @Answers(200, WalletContactsAnswer)
  async add(
    @Param('id', UuidParam) walletId: string,
    @Body() { contactIds, conversationId }: AddWalletContactsBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WalletContactsAnswer> {
    const { position, ...body } = await this.noted('AddWalletContacts', request, async () =>
      this.contacts.addMany(walletId, contactIds, conversationId ?? null, await this.desk.metadata(request)),
    );
    return sendCommand(reply, { body: { ...body }, token: await this.desk.token(position) });
  }

  @Delete(':id/contacts/:contactId')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Takes a contact out; agents take out the contact of a conversation')
  @Answers(200, WalletContactRemovedAnswer)
  async remove(
    @Param('id', UuidParam) walletId: string,
    @Param('contactId', UuidParam) contactId: string,
    @Query() { conversationId }: RemoveQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WalletContactRemovedAnswer> {
    const { events, revision, position } = await this.noted('RemoveWalletContact', request, async () =>
      this.contacts.remove({ walletId, contactId }, conversationId ?? null, await this.desk.metadata(request)),
    );
    return sendCommand(reply, {
      body: { walletId, contactId, removed: events.length > 0 },
      revision,
      token: await this.desk.token(position),
    });
  }

  /** What becomes of a command that reaches over several streams, for the log: no bus carries it. */
  private async noted<T>(command: string, request: FastifyRequest, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.desk.note(command, 'accepted', request);
      return result;
    } catch (error) {
      this.desk.note(command, toProblem(error).code, request);
      throw error;
    }
  }
}
