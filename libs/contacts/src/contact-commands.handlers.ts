import { isRejection, latestPosition, streamName, type Caller, type CommandMetadata, type Position } from '#kernel';
import { isStale, runOptionsOf, type CommandRunner, type Outcome } from '#event-store';
import { deriveId, invalid, problem } from '#platform';
import { type AddressBook, type Located } from './address-book.adapter.js';
import { isPrevented, type Channel, type DuplicateRules, type Kind } from './addresses.js';
import type { ConsentChannel } from './consents.js';
import {
  AttachIdentity,
  blockAt,
  BlockContact,
  contactDecider,
  RegisterContact,
  type BlockRules,
  type Contact,
  type ContactCommand,
  type Scope,
} from './contact.js';
import { eraseMerged } from './erasure-of-merged.adapter.js';
import type { Holder } from './identity-claim.js';

type ContactOutcome = Outcome<typeof contactDecider>;
type Given = { readonly kind: Kind; readonly value: string; readonly verified: boolean };

/** What a block asks of conversations; other contexts fill it. */
export type ContactNeighbours = {
  readonly rules: (tenant: string) => Promise<BlockRules>;
  /** Where new contacts consent from the start, by the settings of now [K2 K6]. */
  readonly consentDefaults: (tenant: string) => Promise<readonly ConsentChannel[]>;
  /** Of which addresses no second contact may be made, by the settings of now [K10]. */
  readonly duplicateRules: (tenant: string) => Promise<DuplicateRules>;
  readonly isMine: (tenant: string, caller: Caller, contactId: string) => Promise<boolean>;
  /** The channel of a conversation of this contact that the caller may see, else `null`. */
  readonly channelOf: (
    tenant: string,
    caller: Caller,
    contactId: string,
    conversationId: string,
  ) => Promise<Channel | null>;
  /** Sends the last word; answers the message's id, `null` if there is nowhere to send it. A repeat sends nothing. */
  readonly sendNotice: (notice: Notice, metadata: CommandMetadata) => Promise<string | null>;
  /** Makes the contact's conversations keep the block. Answers the latest position written. */
  readonly enforceBlock: (contactId: string, metadata: CommandMetadata) => Promise<Position | null>;
  /** Cancels what waits to go out by a consent to the channel that is no more. Answers the latest position written. */
  readonly enforceConsent: (contactId: string, channel: Channel, metadata: CommandMetadata) => Promise<Position | null>;
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

/** Runs the commands of contacts: finds addresses and claims them, loads what other streams know, and lets a block reach the conversations. */
export class ContactCommands {
  constructor(
    private readonly runner: CommandRunner,
    private readonly book: AddressBook,
    private readonly neighbours: ContactNeighbours,
  ) {}

  /** A command as its route made it: addresses as given, ids of identities and facts still empty. Throws Problem 400 for a value that is no address. */
  async execute(command: ContactCommand): Promise<ContactOutcome> {
    switch (command.type) {
      case 'RegisterContact':
        return this.register(command);
      case 'AttachIdentity':
        return this.attach(command);
      case 'BlockContact':
        return this.block(command);
      default:
        return this.run(command);
    }
  }

  /** A complete command on its stream, with the consequences of a block or of a revocation. */
  private async run(command: ContactCommand): Promise<ContactOutcome> {
    const { metadata } = command;
    const { contactId } = command.data;
    const outcome = await this.runner.execute(
      contactDecider,
      contactId,
      async () => this.withFacts(command),
      metadata,
      runOptionsOf(metadata),
    );
    if (outcome.kind !== 'accepted') return outcome;
    switch (command.type) {
      case 'BlockContact':
      case 'ChangeBlock':
        return upTo(outcome, await this.neighbours.enforceBlock(contactId, metadata));
      case 'AttachIdentity':
        // A block covers what is attached during it, and another holder's conversation may run there.
        return blockAt(outcome.state, metadata.now) === null
          ? outcome
          : upTo(outcome, await this.neighbours.enforceBlock(contactId, metadata));
      case 'RevokeConsent':
        return upTo(outcome, await this.neighbours.enforceConsent(contactId, command.data.channel, metadata));
      case 'EraseContact': {
        if (outcome.state.status !== 'erased')
          throw new Error('an erasure that was accepted left a contact that is not');
        return upTo(outcome, (await eraseMerged(this.runner, outcome.state, metadata)).position);
      }
      default:
        return outcome;
    }
  }

  private async register(command: RegisterContact): Promise<ContactOutcome> {
    const { metadata } = command;
    const { contactId } = command.data;
    const { tenant, commandId } = metadata;
    const stream = streamName(contactDecider.category, tenant, contactId);
    const located = await this.locateAll(tenant, command.data.identities);
    const identities = located.map(({ kind, value, key, verified }) => ({
      identityId: deriveId(tenant, commandId, stream, `identity:${key}`),
      kind,
      value,
      verified,
      key,
    }));
    const consents = await this.neighbours.consentDefaults(tenant);
    const prevents = await this.neighbours.duplicateRules(tenant);
    const others: Other[] = [];
    const complete = (): RegisterContact =>
      new RegisterContact({ ...command.data, identities, others, consents, prevents }, metadata);
    const { state, revision } = await this.runner.load(contactDecider, tenant, contactId);
    // What will be refused, or was done already, claims nothing.
    const isRefused = (): boolean => isRejection(contactDecider.decide(complete(), state));
    if (state.status !== 'unknown' || isStale(metadata, revision) || isRefused()) return this.run(complete());
    for (const { key, kind } of identities) {
      others.push(...othersOf(await this.book.holders(tenant, key, metadata.now), contactId, kind));
    }
    // In one order for all, so that of two contacts with the same addresses one has them all.
    for (const { key, identityId, kind } of identities.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
      if (isRefused()) break;
      const unlessHeldBy = isPrevented(kind, prevents) ? 'another' : 'nobody';
      const { holders } = await this.book.claim(metadata, { key, contactId, identityId, unlessHeldBy });
      others.push(...othersOf(holders, contactId, kind));
      this.book.stillInTime(metadata, key);
    }
    return this.run(complete());
  }

  private async attach(command: AttachIdentity): Promise<ContactOutcome> {
    const { metadata } = command;
    const { contactId, kind, value } = command.data;
    const { tenant, commandId, caller, now } = metadata;
    const address = await this.book.locate(tenant, kind, value);
    if (address === null) throw notAnAddress('value', kind);
    const { key } = address;
    const identityId = deriveId(
      tenant,
      commandId,
      streamName(contactDecider.category, tenant, contactId),
      `identity:${key}`,
    );
    const { state, revision } = await this.runner.load(contactDecider, tenant, contactId);
    // A repeat, another request of this key and a stale one claim nothing.
    const isRepeat = await this.runner.recognises(contactDecider, tenant, contactId, commandId);
    if (isRepeat || isStale(metadata, revision)) return this.run(command);
    const mine = await this.neighbours.isMine(tenant, caller, contactId);
    const prevents = await this.neighbours.duplicateRules(tenant);
    const present = await this.book.holders(tenant, key, now);
    const others = [...othersOf(present, contactId, kind)];
    const holds = present.some((holder) => holder.contactId === contactId && holder.identity !== null);
    const isRefused = isPrevented(kind, prevents) && others.length > 0;
    if (state.status === 'active' && mine && !holds && !isRefused) {
      const unlessHeldBy = isPrevented(kind, prevents) ? 'another' : 'nobody';
      const { holders } = await this.book.claim(metadata, { key, contactId, identityId, unlessHeldBy });
      others.push(...othersOf(holders, contactId, kind));
      this.book.stillInTime(metadata, key);
    }
    const claims = await this.book.claims(tenant, key);
    return this.run(
      new AttachIdentity(
        {
          ...command.data,
          identityId,
          value: address.value,
          claimedAs: claims.map((claim) => claim.identityId),
          others,
          prevents,
        },
        metadata,
      ),
    );
  }

  /** With a notice, that goes out strictly before the block, and its failure never leaves the customer unblocked [H10]. */
  private async block(command: BlockContact): Promise<ContactOutcome> {
    const { metadata } = command;
    const { contactId, blockId, notice, originConversationId } = command.data;
    const { tenant, caller } = metadata;
    const { state: contact, revision } = await this.runner.load(contactDecider, tenant, contactId);
    if (contact.status === 'active' && contact.blockIds.includes(blockId)) return this.run(command);
    const originChannel =
      originConversationId === undefined
        ? null
        : await this.neighbours.channelOf(tenant, caller, contactId, originConversationId);
    if (originConversationId !== undefined && originChannel === null) throw problem('not-found');
    const complete = await this.withFacts(
      new BlockContact({ ...command.data, ...(originChannel === null ? {} : { originChannel }) }, metadata),
    );
    const decision = contactDecider.decide(complete, contact);
    const begins = isRejection(decision) ? undefined : decision.find((event) => event.type === 'ContactBlocked');
    if (notice === undefined || begins === undefined || isStale(metadata, revision)) return this.run(complete);
    const { kind, scope, reasonCode, reasonText, expiresAt, blockedBy } = begins.data;
    const noticeMessageId = await this.neighbours.sendNotice(
      {
        contact,
        text: notice.text,
        conversationId: originConversationId ?? null,
        messageId: noticeIdOf(metadata, contactId),
        block: {
          blockId,
          kind,
          scope,
          reasonCode,
          reasonText,
          originConversationId: originConversationId ?? null,
          expiresAt,
          blockedBy,
        },
      },
      metadata,
    );
    if (noticeMessageId === null) throw problem('notice-impossible');
    return this.run(new BlockContact({ ...complete.data, noticeMessageId }, metadata));
  }

  private async withFacts<C extends ContactCommand>(command: C): Promise<C> {
    if (command.type === 'RegisterContact') return command;
    const { tenant, caller } = command.metadata;
    const mine = await this.neighbours.isMine(tenant, caller, command.data.contactId);
    const data =
      'rules' in command.data
        ? { ...command.data, mine, rules: await this.neighbours.rules(tenant) }
        : { ...command.data, mine };
    return new (command.constructor as new (data: C['data'], metadata: CommandMetadata) => C)(data, command.metadata);
  }

  private async locateAll(
    tenant: string,
    identities: readonly Given[],
  ): Promise<readonly (Located & { verified: boolean })[]> {
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
}

/** The message in which a block says its last word. */
export const noticeIdOf = ({ tenant, commandId }: CommandMetadata, contactId: string): string =>
  deriveId(tenant, commandId, streamName(contactDecider.category, tenant, contactId), 'notice');

type Other = { readonly contactId: string; readonly kind: Kind };

const othersOf = (holders: readonly Holder[], contactId: string, kind: Kind): readonly Other[] =>
  holders.filter((holder) => holder.contactId !== contactId).map((holder) => ({ contactId: holder.contactId, kind }));

const notAnAddress = (path: string, kind: Kind): Error =>
  invalid([{ path, message: `is not an address of kind ${kind}` }]);

/** The token of an answer covers what followed from the command too. */
const upTo = (outcome: Extract<ContactOutcome, { kind: 'accepted' }>, position: Position | null): ContactOutcome => ({
  ...outcome,
  position: latestPosition(outcome.position, position),
});
