import { Body, Controller, Delete, Param, Patch, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EventOf, StateOf } from '#kernel';
import {
  Allow,
  Answers,
  Checked,
  Code,
  deriveId,
  Desk,
  Flag,
  invalid,
  ListOf,
  Matching,
  Nested,
  OneOf,
  Shown,
  problem,
  Summary,
  Tag,
  Text,
  Time,
  Uuid,
  UuidParam,
} from '#platform';
import { AddressBook } from './address-book.adapter.js';
import { CHANNELS, KINDS, NOTHING_PREVENTED, type Kind } from './addresses.js';
import { CONSENT_CHANNELS, needsConsent } from './consents.js';
import { blockAnswer } from './block-answer.js';
import {
  AttachIdentity,
  BlockContact,
  ChangeBlock,
  contactDecider,
  DetachIdentity,
  EditContact,
  GrantConsent,
  identitiesOf,
  RegisterContact,
  RevokeConsent,
  UnblockContact,
  UNKNOWN_RULES,
  type BlockKind,
  type Contact,
  type Scope,
} from './contact.js';
import { noticeIdOf } from './contact-commands.handlers.js';

class IdentityBody {
  @OneOf(KINDS) kind!: Kind;
  @Text(320) value!: string;
  @Flag({ optional: true }) verified?: boolean;
}

const isTag = (value: unknown): boolean =>
  typeof value === 'string' && /^[^|\p{Cc}]{1,64}$/u.test(value) && value.trim() === value;
const Tags = (): PropertyDecorator =>
  Checked(
    { type: 'string', minLength: 1, maxLength: 64 },
    isTag,
    'must be a tag of 1 to 64 characters without | and outer blanks',
    {
      optional: true,
      list: 100,
    },
  );

class RegisterBody {
  @Text(200) displayName!: string;
  @ListOf(IdentityBody, 50, { optional: true }) identities?: IdentityBody[];
  @Tags() tags?: string[];
}

class EditBody {
  @Text(200, { optional: true }) displayName?: string;
  @Tags() addTags?: string[];
  @Tags() removeTags?: string[];
}

const isScope = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return false;
  if ('all' in value) return value.all === true;
  return (
    'channels' in value &&
    Array.isArray(value.channels) &&
    value.channels.length > 0 &&
    value.channels.length <= CHANNELS.length &&
    value.channels.every((channel) => (CHANNELS as readonly unknown[]).includes(channel))
  );
};
const ScopeField = (): PropertyDecorator =>
  Checked(
    {
      oneOf: [
        { type: 'object', properties: { all: { type: 'boolean', enum: [true] } }, required: ['all'] },
        {
          type: 'object',
          properties: { channels: { type: 'array', minItems: 1, items: { type: 'string', enum: CHANNELS } } },
          required: ['channels'],
        },
      ],
    },
    isScope,
    'must be {"all":true} or {"channels":[…]}',
    { optional: true },
  );

class NoticeBody {
  @Text(65_536) text!: string;
}

class BlockBody {
  @Flag({ optional: true }) confirm?: boolean;
  @OneOf(['do_not_contact', 'protection'], { optional: true }) kind?: BlockKind;
  @ScopeField() scope?: Scope;
  @Code({ optional: true }) reasonCode?: string;
  @Text(2000, { optional: true }) reasonText?: string;
  @Uuid({ optional: true }) conversationId?: string;
  @Nested(NoticeBody, { optional: true }) notice?: NoticeBody;
  @Time({ optional: true }) expiresAt?: string;
}

class ChangeBlockBody {
  @ScopeField() scope?: Scope;
  @Code({ optional: true, nullable: true }) reasonCode?: string | null;
  @Text(2000, { optional: true, nullable: true }) reasonText?: string | null;
  @Time({ optional: true, nullable: true }) expiresAt?: string | null;
}

class UnblockBody {
  @Flag({ optional: true }) confirm?: boolean;
  @OneOf(['customer', 'company']) requestedBy!: 'customer' | 'company';
  @Text(2000, { optional: true }) reason?: string;
}

const GRANTS = ['manual', 'customer', 'import'] as const;
const REVOCATIONS = ['manual', 'customer', 'opt_out_keyword'] as const;
const isOneOf = <const T extends readonly string[]>(values: T, value: string): value is T[number] =>
  values.includes(value);

class ConsentBody {
  @OneOf(['granted', 'revoked']) state!: 'granted' | 'revoked';
  @Text(2000, { optional: true }) evidence?: string;
  @Matching(/^[A-Za-z0-9_.-]{1,64}$/, 'must be a version of [A-Za-z0-9_.-], 1 to 64 characters', { optional: true })
  wordingVersion?: string;
  @OneOf([...new Set([...GRANTS, ...REVOCATIONS])], { optional: true }) source?: string;
}

class IdentityAnswer {
  @Shown('string') identityId!: string;
  @Shown('string') kind!: string;
}
class RegisteredAnswer {
  @Shown('string') contactId!: string;
  @Shown(() => IdentityAnswer, { list: 50 }) identities!: IdentityAnswer[];
  @Shown('string', { list: 50, description: 'Contacts that have one of the addresses too' }) duplicates!: string[];
}
class ContactIdAnswer {
  @Shown('string') contactId!: string;
}
class IdentityIdAnswer {
  @Shown('string') identityId!: string;
}
class BlockAnswer {
  @Shown('string') blockId!: string;
  @Shown('boolean') alreadyBlocked!: boolean;
  @Shown('string', { optional: true }) noticeMessageId?: string;
}
class BlockIdAnswer {
  @Shown('string') blockId!: string;
}
class ConsentChangedAnswer {
  @Shown({ type: 'string', enum: CONSENT_CHANNELS }) channel!: string;
  @Shown({ type: 'string', enum: ['granted', 'revoked'] }) state!: string;
  @Shown('string') source!: string;
  @Shown('string') at!: string;
}

type ContactState = StateOf<typeof contactDecider>;
type ContactFact = EventOf<typeof contactDecider>;

const openBlock = (contact: Contact): { blockId: string } => {
  if (contact.status !== 'active' || contact.block === null) throw new Error('a blocked contact has no open block');
  return contact.block;
};

@Tag('Contacts')
@Controller('v1/contacts')
export class ContactsController {
  constructor(
    private readonly desk: Desk,
    private readonly book: AddressBook,
  ) {}

  @Post()
  @Allow('agent', 'supervisor', 'admin', 'integration')
  @Summary('Registers a contact')
  @Answers(201, RegisteredAnswer)
  async register(
    @Body() body: RegisterBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RegisteredAnswer> {
    const metadata = await this.desk.metadata(request);
    const contactId = deriveId(metadata.tenant, metadata.commandId, 'contacts', 'contact');
    const identities = (body.identities ?? []).map(({ kind, value, verified }) => ({
      identityId: '',
      kind,
      value,
      verified: verified === true,
    }));
    const source = metadata.caller.kind === 'integration' ? 'api' : 'manual';
    const { displayName, tags = [] } = body;
    const command = new RegisterContact(
      { contactId, displayName, source, identities, tags, others: [], consents: [], prevents: NOTHING_PREVENTED },
      metadata,
    );
    return this.desk.command(
      reply,
      command,
      ({ state }: { state: ContactState }) => ({
        contactId,
        identities: identitiesOf(state).map(({ identityId, kind }) => ({ identityId, kind })),
        duplicates: state.status === 'active' ? [...state.duplicates] : [],
      }),
      201,
    );
  }

  @Patch(':id')
  @Allow('agent', 'supervisor', 'admin', 'integration')
  @Summary("Changes a contact's name and tags")
  @Answers(200, ContactIdAnswer)
  async edit(
    @Param('id', UuidParam) contactId: string,
    @Body() body: EditBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ContactIdAnswer> {
    const { addTags = [], removeTags = [], ...rest } = body;
    const command = new EditContact(
      { contactId, mine: false, addTags, removeTags, ...rest },
      await this.desk.metadata(request),
    );
    return this.desk.command(reply, command, () => ({ contactId }));
  }

  @Post(':id/identities')
  @Allow('agent', 'supervisor', 'admin', 'integration')
  @Summary('Attaches an address to a contact')
  @Answers(201, IdentityIdAnswer)
  async attach(
    @Param('id', UuidParam) contactId: string,
    @Body() body: IdentityBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<IdentityIdAnswer> {
    const metadata = await this.desk.metadata(request);
    const { kind, value } = body;
    const command = new AttachIdentity(
      {
        contactId,
        mine: false,
        identityId: '',
        kind,
        value,
        verified: body.verified === true,
        claimedAs: [],
        others: [],
        prevents: NOTHING_PREVENTED,
      },
      metadata,
    );
    return this.desk.command(
      reply,
      command,
      async ({ state, events }: { state: ContactState; events: readonly ContactFact[] }) => ({
        identityId:
          events.find((event) => event.type === 'ContactIdentityAttached')?.data.identityId ??
          (await this.identityOf(metadata.tenant, state, body)),
      }),
      201,
    );
  }

  @Delete(':id/identities/:identityId')
  @Allow('agent', 'supervisor', 'admin', 'integration')
  @Summary('Detaches an address from a contact')
  @Answers(200, IdentityIdAnswer)
  async detach(
    @Param('id', UuidParam) contactId: string,
    @Param('identityId', UuidParam) identityId: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<IdentityIdAnswer> {
    const metadata = await this.desk.metadata(request);
    const command = new DetachIdentity(
      { contactId, mine: false, identityId, reason: 'removed', rules: UNKNOWN_RULES },
      metadata,
    );
    return this.desk.command(reply, command, () => ({ identityId }));
  }

  @Post(':id/block')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Blocks a contact')
  @Answers(200, BlockAnswer)
  async block(
    @Param('id', UuidParam) contactId: string,
    @Body() body: BlockBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BlockAnswer> {
    const metadata = await this.desk.metadata(request);
    const blockId = deriveId(metadata.tenant, metadata.commandId, `contact-${metadata.tenant}.${contactId}`, 'block');
    const { confirm, conversationId, notice, ...rest } = body;
    const command = new BlockContact(
      {
        ...rest,
        contactId,
        mine: false,
        blockId,
        confirm: confirm === true,
        ...(conversationId === undefined ? {} : { originConversationId: conversationId }),
        ...(notice === undefined ? {} : { notice: { text: notice.text } }),
        rules: UNKNOWN_RULES,
      },
      metadata,
    );
    return this.desk.command(reply, command, (decided: { state: ContactState; events: readonly ContactFact[] }) =>
      blockAnswer({ blockId, noticeMessageId: noticeIdOf(metadata, contactId) }, decided),
    );
  }

  @Patch(':id/block')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Changes the scope, reason or expiry of a block')
  @Answers(200, BlockIdAnswer)
  async changeBlock(
    @Param('id', UuidParam) contactId: string,
    @Body() { ...fields }: ChangeBlockBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BlockIdAnswer> {
    const command = new ChangeBlock(
      { ...fields, contactId, mine: false, rules: UNKNOWN_RULES },
      await this.desk.metadata(request),
    );
    return this.desk.command(reply, command, ({ state }: { state: ContactState }) => ({
      blockId: openBlock(state).blockId,
    }));
  }

  @Post(':id/unblock')
  @Allow('agent', 'supervisor', 'admin')
  @Summary('Ends a block')
  @Answers(200, BlockIdAnswer)
  async unblock(
    @Param('id', UuidParam) contactId: string,
    @Body() body: UnblockBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BlockIdAnswer> {
    const { confirm, ...rest } = body;
    const command = new UnblockContact(
      { ...rest, contactId, mine: false, confirm: confirm === true, rules: UNKNOWN_RULES },
      await this.desk.metadata(request),
    );
    return this.desk.command(reply, command, ({ events }: { events: readonly ContactFact[] }) => ({
      blockId: events.find((event) => event.type === 'ContactUnblocked')?.data.blockId ?? '',
    }));
  }

  @Put(':id/consents/:channel')
  @Allow('supervisor', 'admin', 'integration')
  @Summary('Records that a contact grants or revokes its consent to a channel')
  @Answers(200, ConsentChangedAnswer)
  async consent(
    @Param('id', UuidParam) contactId: string,
    @Param('channel') channel: string,
    @Body() { state, ...body }: ConsentBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConsentChangedAnswer> {
    if (!needsConsent(channel)) throw problem('not-found', `Consents are for ${CONSENT_CHANNELS.join(', ')}`);
    const metadata = await this.desk.metadata(request);
    // An integration passes on what the customer said.
    const source = body.source ?? (metadata.caller.kind === 'integration' ? 'customer' : 'manual');
    const evidence = body.evidence ?? null;
    const about = { contactId, mine: false, channel, evidence, wordingVersion: body.wordingVersion ?? null };
    const notOf = (sources: readonly string[]): Error =>
      invalid([{ path: 'source', message: `must be one of ${sources.join(', ')} with this state` }]);
    let command: GrantConsent | RevokeConsent;
    if (state === 'granted') {
      if (!isOneOf(GRANTS, source)) throw notOf(GRANTS);
      command = new GrantConsent({ ...about, source }, metadata);
    } else {
      if (!isOneOf(REVOCATIONS, source)) throw notOf(REVOCATIONS);
      command = new RevokeConsent({ ...about, source }, metadata);
    }
    return this.desk.command(reply, command, ({ state: contact }: { state: ContactState }) => {
      const present = contact.status === 'active' ? contact.consents[channel] : undefined;
      if (present === undefined) throw new Error('an accepted consent is not in the contact');
      return { channel, state: present.state, source: present.source, at: present.at };
    });
  }

  /** The contact's identity with this address, attached now or before. */
  private async identityOf(tenant: string, contact: Contact, { kind, value }: IdentityBody): Promise<string> {
    const address = await this.book.locate(tenant, kind, value);
    for (const identity of identitiesOf(contact)) {
      const own = identity.value === null ? null : await this.book.locate(tenant, identity.kind, identity.value);
      if (own !== null && own.key === address?.key) return identity.identityId;
    }
    throw new Error('an attached address is not among the identities');
  }
}
