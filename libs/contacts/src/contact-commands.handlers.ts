import { isRejection, streamName, type Caller, type CommandMetadata, type Position } from '#kernel';
import type { CommandRunner, Outcome, RunOptions } from '#event-store';
import { deriveId, invalid, problem } from '#platform';
import { type AddressBook, type Located } from './address-book.adapter.js';
import type { Channel, Kind } from './addresses.js';
import {
  AttachIdentity,
  BlockContact,
  contactDecider,
  RegisterContact,
  type BlockRules,
  type Contact,
  type ContactCommand,
  type Scope,
} from './contact.js';
import type { Holder } from './identity-claim.js';

type ContactOutcome = Outcome<typeof contactDecider>;
export type GivenIdentity = { readonly kind: Kind; readonly value: string; readonly verified: boolean };

/** What a block asks of conversations; other contexts fill it. */
export type ContactNeighbours = {
  readonly rules: (tenant: string) => Promise<BlockRules>;
  readonly isMine: (tenant: string, caller: Caller, contactId: string) => Promise<boolean>;
  /** The channel of a conversation of this contact that the caller may see, else `null`. */
  readonly channelOf: (tenant: string, caller: Caller, contactId: string, conversationId: string) => Promise<Channel | null>;
  /** Sends the last word; answers the message's id, `null` if there is nowhere to send it. A repeat sends nothing. */
  readonly sendNotice: (notice: Notice, metadata: CommandMetadata) => Promise<string | null>;
  /** Makes the contact's conversations keep the block. Answers the latest position written. */
  readonly enforceBlock: (contactId: string, metadata: CommandMetadata) => Promise<Position | null>;
};

export type Notice = {
  readonly contact: Contact;
  readonly text: string;
  readonly conversationId: string | null;
  readonly messageId: string;
  readonly block: {
    readonly blockId: string;
    readonly kind: string;
    readonly scope: Scope;
    readonly reasonCode: string | null;
    readonly reasonText: string | null;
    readonly originConversationId: string | null;
    readonly expiresAt: string | null;
    readonly blockedBy: string;
  };
};

/** Runs the commands of contacts: loads what other streams know, claims addresses, and lets a block reach the conversations. */
export class ContactCommands {
  constructor(
    private readonly runner: CommandRunner,
    private readonly book: AddressBook,
    private readonly neighbours: ContactNeighbours,
  ) {}

  /** Any command that needs only its contact, the caller's sight and the block rules; with a block's consequences. */
  async execute(command: ContactCommand, options?: RunOptions): Promise<ContactOutcome> {
    const { metadata } = command;
    const outcome = await this.runner.execute(
      contactDecider,
      command.data.contactId,
      async () => this.withFacts(command),
      metadata,
      options,
    );
    const reaches = command.type === 'BlockContact' || command.type === 'ChangeBlock';
    if (!reaches || outcome.kind !== 'accepted') return outcome;
    const enforced = await this.neighbours.enforceBlock(command.data.contactId, metadata);
    return latest(outcome, enforced);
  }

  /** Registers a contact under the id in `contactId`. Throws Problem 400 for a value that is no address. */
  async register(
    request: { readonly contactId: string; readonly displayName: string; readonly source: 'manual' | 'api'; readonly identities: readonly GivenIdentity[]; readonly tags: readonly string[] },
    metadata: CommandMetadata,
    options?: RunOptions,
  ): Promise<ContactOutcome> {
    const { contactId, displayName, source, tags } = request;
    const stream = streamName(contactDecider.category, metadata.tenant, contactId);
    const located = await this.locateAll(metadata.tenant, request.identities);
    const known = await this.runner.load(contactDecider, metadata.tenant, contactId);
    const register = (others: readonly { contactId: string; kind: Kind }[]): RegisterContact =>
      new RegisterContact(
        {
          contactId,
          displayName,
          source,
          tags,
          others,
          identities: located.map(({ kind, value, key, verified }) => ({
            identityId: deriveId(metadata.tenant, metadata.commandId, stream, `identity:${key}`),
            kind,
            value,
            verified,
          })),
        },
        metadata,
      );
    const mayClaim = known.state.status === 'unknown' && !isRejection(contactDecider.decide(register([]), known.state));
    const others = mayClaim ? await this.claimAll(located, contactId, stream, metadata) : [];
    return this.runner.execute(contactDecider, contactId, register(others), metadata, options);
  }

  /** Attaches an address to a contact. Throws Problem 400 for a value that is none. */
  async attach(
    request: { readonly contactId: string; readonly identity: GivenIdentity; readonly path: string },
    metadata: CommandMetadata,
    options?: RunOptions,
  ): Promise<ContactOutcome> {
    const { contactId, identity } = request;
    const { tenant } = metadata;
    const address = await this.book.locate(tenant, identity.kind, identity.value);
    if (address === null) throw notAnAddress(request.path, identity.kind);
    const stream = streamName(contactDecider.category, tenant, contactId);
    const identityId = deriveId(tenant, metadata.commandId, stream, `identity:${address.key}`);
    const { state } = await this.runner.load(contactDecider, tenant, contactId);
    const mine = await this.neighbours.isMine(tenant, metadata.caller, contactId);
    const holders = await this.book.holders(tenant, address.key, metadata.now);
    const holds = holders.some((holder) => holder.contactId === contactId && holder.identity !== null);
    if (state.status === 'active' && mine && !holds) {
      await this.book.claim(metadata, { key: address.key, contactId, identityId, onlyIfFree: false });
    }
    const claims = await this.book.claims(tenant, address.key);
    this.book.stillInTime(metadata, address.key);
    return this.runner.execute(
      contactDecider,
      contactId,
      new AttachIdentity(
        {
          contactId,
          mine,
          identityId,
          kind: identity.kind,
          value: address.value,
          verified: identity.verified,
          claimedAs: claims.filter((claim) => claim.contactId === contactId).map((claim) => claim.identityId),
          others: holders.filter((holder) => holder.contactId !== contactId).map(({ contactId: other }) => ({ contactId: other, kind: identity.kind })),
        },
        metadata,
      ),
      metadata,
      options,
    );
  }

  /** Blocks; with a notice, that goes out strictly before, and its failure never leaves the customer unblocked [H10]. */
  async block(command: BlockContact, options?: RunOptions): Promise<ContactOutcome> {
    const { metadata } = command;
    const { contactId, blockId, notice, originConversationId } = command.data;
    const { tenant, caller } = metadata;
    const originChannel =
      originConversationId === undefined
        ? null
        : await this.neighbours.channelOf(tenant, caller, contactId, originConversationId);
    const { state: contact } = await this.runner.load(contactDecider, tenant, contactId);
    const isRepeat = contact.status === 'active' && contact.blockIds.includes(blockId);
    if (originConversationId !== undefined && originChannel === null && !isRepeat) throw problem('not-found');
    const complete = await this.withFacts(
      new BlockContact({ ...command.data, ...(originChannel === null ? {} : { originChannel }) }, metadata),
    );
    const decision = contactDecider.decide(complete, contact);
    const begins = !isRejection(decision) && decision.find((event) => event.type === 'ContactBlocked');
    if (notice === undefined || begins === undefined || begins === false || isStale(options, await this.revisionOf(tenant, contactId))) {
      return this.execute(complete, options);
    }
    const { kind, scope, reasonCode, reasonText, expiresAt, blockedBy } = begins.data;
    const noticeMessageId = await this.neighbours.sendNotice(
      {
        contact,
        text: notice.text,
        conversationId: originConversationId ?? null,
        messageId: deriveId(tenant, metadata.commandId, streamName(contactDecider.category, tenant, contactId), 'notice'),
        block: { blockId, kind, scope, reasonCode, reasonText, originConversationId: originConversationId ?? null, expiresAt, blockedBy },
      },
      metadata,
    );
    if (noticeMessageId === null) throw problem('notice-impossible');
    return this.execute(new BlockContact({ ...complete.data, noticeMessageId }, metadata), options);
  }

  private async revisionOf(tenant: string, contactId: string): Promise<number> {
    return (await this.runner.load(contactDecider, tenant, contactId, { fresh: false })).revision;
  }

  private async withFacts<C extends ContactCommand>(command: C): Promise<C> {
    if (command.type === 'RegisterContact') return command;
    const { tenant, caller } = command.metadata;
    const mine = await this.neighbours.isMine(tenant, caller, command.data.contactId);
    const data = 'rules' in command.data ? { ...command.data, mine, rules: await this.neighbours.rules(tenant) } : { ...command.data, mine };
    return new (command.constructor as new (data: C['data'], metadata: CommandMetadata) => C)(data, command.metadata);
  }

  private async locateAll(tenant: string, identities: readonly GivenIdentity[]): Promise<readonly (Located & { verified: boolean })[]> {
    const found = new Map<string, Located & { verified: boolean }>();
    for (const [index, identity] of identities.entries()) {
      const located = await this.book.locate(tenant, identity.kind, identity.value);
      if (located === null) throw notAnAddress(`identities[${String(index)}].value`, identity.kind);
      const same = found.get(located.key);
      // One identity per address, whatever kinds named it.
      found.set(located.key, { ...(same ?? located), verified: identity.verified || same?.verified === true });
    }
    return [...found.values()];
  }

  private async claimAll(
    located: readonly Located[],
    contactId: string,
    stream: string,
    metadata: CommandMetadata,
  ): Promise<readonly { contactId: string; kind: Kind }[]> {
    const others: { contactId: string; kind: Kind }[] = [];
    for (const { key, kind } of located) {
      const identityId = deriveId(metadata.tenant, metadata.commandId, stream, `identity:${key}`);
      const { holders } = await this.book.claim(metadata, { key, contactId, identityId, onlyIfFree: false });
      others.push(...holders.filter((holder: Holder) => holder.contactId !== contactId).map((holder) => ({ contactId: holder.contactId, kind })));
      this.book.stillInTime(metadata, key);
    }
    return others;
  }
}

const isStale = (options: RunOptions | undefined, revision: number): boolean =>
  options?.expectedRevision !== undefined && options.expectedRevision !== revision;

const notAnAddress = (path: string, kind: Kind): Error => invalid([{ path, message: `is not an address of kind ${kind}` }]);

/** The token of an answer covers what followed from the command too. */
const latest = (outcome: Extract<ContactOutcome, { kind: 'accepted' }>, position: Position | null): ContactOutcome =>
  position !== null && (outcome.position === null || position > outcome.position) ? { ...outcome, position } : outcome;

