import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import {
  Allow,
  Answers,
  ConsistentQuery,
  CurrentCaller,
  Desk,
  ListQuery,
  OneOf,
  QueryFlag,
  Shown,
  Summary,
  Tag,
  Text,
  Uuid,
  UuidParam,
  type Identity,
} from '#platform';
import { GetContactCardAt } from './as-of.query.js';
import { AsOfAnswer, AsOfQuery, mayLookBack } from './look-back.controller.js';
import { CountBlockedContacts, GetContactCard, ListBlockedContacts, ListContacts } from './contacts.query.js';

class ContactsQuery extends ListQuery {
  @Text(200, { optional: true }) readonly search?: string;
  @Text(64, { optional: true }) readonly tag?: string;
  @QueryFlag() readonly blocked?: boolean;
  @Uuid({ optional: true }) readonly walletId?: string;
}
class WalletContactsQuery extends ListQuery {
  @Text(200, { optional: true }) readonly search?: string;
  @Text(64, { optional: true }) readonly tag?: string;
}
class BlockedContactsQuery extends ListQuery {
  @Text(200, { optional: true }) readonly search?: string;
  @OneOf(['do_not_contact', 'protection'], { optional: true }) readonly kind?: string;
}

class ContactIdentityAnswer {
  @Shown('string') identityId!: string;
  @Shown('string') kind!: string;
  @Shown('string', { nullable: true }) value!: string | null;
  @Shown('boolean') verified!: boolean;
}
class ContactAnswer {
  @Shown('string') contactId!: string;
  @Shown('string', { nullable: true }) displayName!: string | null;
  @Shown('string', { list: 1000 }) tags!: readonly string[];
  @Shown('boolean') blocked!: boolean;
  @Shown(() => ContactIdentityAnswer, { list: 1000 }) identities!: readonly ContactIdentityAnswer[];
}
class ContactListAnswer {
  @Shown(() => ContactAnswer, { list: 200 }) items!: ContactAnswer[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}
class CardBlockAnswer {
  @Shown('string') blockId!: string;
  @Shown('string') kind!: string;
  @Shown('object') scope!: unknown;
  @Shown('string', { nullable: true }) reasonCode!: string | null;
  @Shown('string', { nullable: true }) reasonText!: string | null;
  @Shown('string') blockedBy!: string;
  @Shown('string') blockedAt!: string;
  @Shown('string', { nullable: true }) expiresAt!: string | null;
  @Shown('boolean', { description: 'May the caller end it?' }) mayUnblock!: boolean;
}
class ConsentAnswer {
  @Shown({ type: 'string', enum: ['granted', 'revoked', 'unset'] }) state!: string;
  @Shown('string', { nullable: true }) source!: string | null;
  @Shown('string', { nullable: true }) at!: string | null;
}
class ConsentsAnswer {
  @Shown(() => ConsentAnswer) whatsapp!: ConsentAnswer;
  @Shown(() => ConsentAnswer) viber!: ConsentAnswer;
  @Shown(() => ConsentAnswer) sms!: ConsentAnswer;
  @Shown(() => ConsentAnswer) email!: ConsentAnswer;
}
class WalletNameAnswer {
  @Shown('string') walletId!: string;
  @Shown('string') name!: string;
}
class CardConversationAnswer {
  @Shown('string') conversationId!: string;
  @Shown('string') channel!: string;
  @Shown('string') status!: string;
  @Shown('string', { nullable: true }) assigneeId!: string | null;
}
class ContactCardAnswer {
  @Shown('string') contactId!: string;
  @Shown('string', { nullable: true }) displayName!: string | null;
  @Shown('string', { list: 1000 }) tags!: readonly string[];
  @Shown(() => ContactIdentityAnswer, { list: 1000 }) identities!: readonly ContactIdentityAnswer[];
  @Shown(() => CardBlockAnswer, { nullable: true }) block!: CardBlockAnswer | null;
  @Shown(() => ConsentsAnswer) consents!: ConsentsAnswer;
  @Shown(() => WalletNameAnswer, { list: 1000 }) wallets!: readonly WalletNameAnswer[];
  @Shown(() => CardConversationAnswer, { list: 200 }) conversations!: readonly CardConversationAnswer[];
  @Shown(() => AsOfAnswer, { optional: true }) asOf?: AsOfAnswer;
  @Shown('string', { optional: true, description: 'The contact that this one is part of now' }) mergedInto?: string;
  @Shown('boolean', { optional: true, description: 'True where the contact was erased' }) erased?: boolean;
}
class BlockedContactAnswer {
  @Shown('string') contactId!: string;
  @Shown('string', { nullable: true }) displayName!: string | null;
  @Shown('string') blockId!: string;
  @Shown('string') kind!: string;
  @Shown('object') scope!: unknown;
  @Shown('string', { nullable: true }) reasonCode!: string | null;
  @Shown('string') blockedBy!: string;
  @Shown('string') blockedAt!: string;
  @Shown('string', { nullable: true }) expiresAt!: string | null;
  @Shown('integer', { nullable: true, description: 'For supervisors, administrators and auditors; others get null' })
  ignoredCount!: number | null;
  @Shown('string', { nullable: true }) lastIgnoredAt!: string | null;
}
class BlockedListAnswer {
  @Shown(() => BlockedContactAnswer, { list: 200 }) items!: BlockedContactAnswer[];
  @Shown('string', { nullable: true }) nextCursor!: string | null;
}
class CountAnswer {
  @Shown('integer') count!: number;
}

@Tag('Contacts')
@Controller('v1')
export class ContactReadsController {
  constructor(private readonly desk: Desk) {}

  @Get('contacts')
  @Allow('agent', 'supervisor', 'admin', 'auditor', 'integration')
  @Summary('Lists and searches contacts, by name')
  @Answers(200, ContactListAnswer)
  async list(
    @Query() query: ContactsQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ContactListAnswer> {
    const { search, tag, blocked, walletId } = query;
    const consistency = await this.desk.consistency(query);
    return this.desk.query(
      reply,
      new ListContacts(tenant, caller, { search, tag, blocked, walletId }, query, consistency),
    );
  }

  @Get('wallets/:id/contacts')
  @Allow('agent', 'supervisor', 'admin', 'auditor')
  @Summary("Lists and searches a wallet's contacts, by name")
  @Answers(200, ContactListAnswer)
  async ofWallet(
    @Param('id', UuidParam) walletId: string,
    @Query() query: WalletContactsQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ContactListAnswer> {
    const { search, tag } = query;
    const consistency = await this.desk.consistency(query);
    return this.desk.query(
      reply,
      new ListContacts(tenant, caller, { search, tag, walletId }, query, consistency, true),
    );
  }

  @Get('contacts/:id')
  @Allow('agent', 'supervisor', 'admin', 'auditor', 'integration')
  @Summary("A contact's card; with at, as it was then")
  @Answers(200, ContactCardAnswer)
  async card(
    @Param('id', UuidParam) id: string,
    @Query() query: AsOfQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ContactCardAnswer> {
    const consistency = await this.desk.consistency(query);
    if (query.at === undefined) return this.desk.query(reply, new GetContactCard(tenant, caller, id, consistency));
    mayLookBack(caller);
    return this.desk.query(reply, new GetContactCardAt(tenant, caller, id, query.at));
  }

  @Get('blocked-contacts')
  @Allow('agent', 'supervisor', 'admin', 'auditor', 'integration')
  @Summary('The blocked contacts, newest first')
  @Answers(200, BlockedListAnswer)
  async blocked(
    @Query() query: BlockedContactsQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BlockedListAnswer> {
    const { search, kind } = query;
    const consistency = await this.desk.consistency(query);
    return this.desk.query(reply, new ListBlockedContacts(tenant, caller, { search, kind }, query, consistency));
  }

  @Get('blocked-contacts/count')
  @Allow('agent', 'supervisor', 'admin', 'auditor', 'integration')
  @Summary('How many contacts are blocked')
  @Answers(200, CountAnswer)
  async count(
    @Query() query: ConsistentQuery,
    @CurrentCaller() { tenant, caller }: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CountAnswer> {
    return this.desk.query(reply, new CountBlockedContacts(tenant, caller, await this.desk.consistency(query)));
  }
}
