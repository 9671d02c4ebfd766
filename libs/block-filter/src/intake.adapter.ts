import { later as latest, latestPosition, streamName, type CommandMetadata, type Position } from '#kernel';
import { Busy, KeyDestroyed, type CommandRunner, type KeyVault } from '#event-store';
import {
  AttachIdentity,
  contactDecider,
  coverageOfHolders,
  ignoredDecider,
  ignoredKey,
  IgnoreBlockedMessage,
  isWeak,
  RegisterContact,
  ReportDuplicate,
  type Channel,
  type Coverage,
  type Holder,
  type IgnoredMessages,
  type Kind,
} from '#contacts';
import type { AddressBook, Located } from '#contacts/address-book.adapter';
import {
  conversationDecider,
  conversationIdOf,
  hiddenBy,
  messageIdOf,
  ReceiveInboundMessage,
  type ConversationEvent,
  type ConversationRules,
} from '#conversations';
import { deriveId, keyedHash, problem, toProblem, type Problem } from '#platform';
import type { BlockEnforcement } from './block-enforcement.adapter.js';

export type Sender = { readonly kind: Kind; readonly value: string; readonly verified: boolean };

/** A provider's message as the gateway posts it. */
export type InboundMessage = {
  readonly channel: Channel;
  readonly from: Sender & { readonly displayName: string | null; readonly also: readonly Sender[] };
  readonly providerMessageId: string;
  readonly sentAt: string | null;
  readonly text: string;
  readonly metadata: CommandMetadata;
};

export type Received = {
  readonly disposition: 'displayed' | 'ignored' | 'duplicate';
  readonly contactId: string;
  readonly identityId: string;
  readonly conversationId?: string;
  readonly messageId?: string;
  readonly blockId?: string;
  readonly position: Position | null;
};

/** An address of the sender with those who hold it. */
type Known = { readonly located: Located; readonly verified: boolean; readonly holders: readonly Holder[] };
type Owner = { readonly contactId: string; readonly identityId: string };
type Work = {
  readonly message: InboundMessage;
  readonly located: Located;
  readonly answer: (result: Received | Problem) => void;
};

const AT_ONCE = 256;

/**
 * Takes in what customers send. The transport never rejects [R6]: a message is displayed, ignored, or was there already.
 * Who sent it and what their blocks cover is asked of the write side, before and again after the append, so that of a message and
 * a block that race at least one sees the other. The first look is fresh too: what another process blocked is not stored, and what
 * it unblocked is not hidden. Source: spec/domain.md, "The blocked-message filter".
 */
export class Intake {
  constructor(
    private readonly runner: CommandRunner,
    private readonly vault: KeyVault,
    private readonly book: AddressBook,
    private readonly enforcement: BlockEnforcement,
    private readonly rules: (tenant: string) => Promise<ConversationRules>,
  ) {}

  /** One outcome per message, in their order; messages of one sender are taken in in that order too. */
  async receive(messages: readonly InboundMessage[]): Promise<readonly (Received | Problem)[]> {
    const results: (Received | Problem)[] = [];
    const groups = new Map<string, Work[]>();
    for (const [index, message] of messages.entries()) {
      const answer = (result: Received | Problem): void => {
        results[index] = result;
      };
      const located = await this.book.locate(message.metadata.tenant, message.from.kind, message.from.value);
      if (located === null) {
        answer(
          problem('invalid-request', undefined, {
            errors: [{ path: 'from.value', message: `is not an address of kind ${message.from.kind}` }],
          }),
        );
        continue;
      }
      const group = `${located.key}|${message.channel}`;
      const work = { message, located, answer };
      const others = groups.get(group);
      if (others === undefined) groups.set(group, [work]);
      else others.push(work);
    }
    const waiting = [...groups.values()];
    const take = async (): Promise<void> => {
      for (let group = waiting.pop(); group !== undefined; group = waiting.pop()) await this.receiveGroup(group);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, take));
    return results;
  }

  /** Messages of one address on one channel. A failure is the answer of this group only. */
  private async receiveGroup(group: readonly Work[]): Promise<void> {
    try {
      await this.takeInSurely(group);
    } catch (error) {
      const refusal = toProblem(error);
      if (refusal.code === 'internal') throw error;
      for (const { answer } of group) answer(refusal);
    }
  }

  /** Where the contact is erased meanwhile, whoever writes is somebody new. */
  private async takeInSurely(group: readonly Work[]): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        await this.takeIn(group);
        return;
      } catch (error) {
        if (!(error instanceof KeyDestroyed)) throw error;
        if (tries > 0) throw new Busy(error.subject);
      }
    }
  }

  private async takeIn(group: readonly Work[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const { tenant, now } = first.message.metadata;
    const { channel } = first.message;
    const sender = await this.know(tenant, first.located, first.message.from.verified, now);
    const also = await this.knowAlso(group, tenant, now);
    const owner = await this.ownerOf(first, sender, also, now);
    const conversationId = conversationIdOf(owner.identityId, channel);
    const secret = await this.vault.tenantSecret(tenant);
    const conversation = await this.runner.load(conversationDecider, tenant, conversationId);

    const displayed: (Work & { readonly messageId: string; readonly key: string })[] = [];
    const ignored: (Work & { readonly key: string; readonly cover: Coverage })[] = [];
    const holders = [...sender.holders, ...also.flatMap((known) => known.holders)];
    const before = coverageOfHolders(holders, channel);
    // The time that the stream will record: it never goes back there.
    const receivedAt = conversation.state.status === 'unknown' ? now : latest(now, conversation.state.lastTime);
    // Read at the first need, once for the group.
    const recent = new Map<string, Promise<IgnoredMessages['recent']>>();
    for (const work of group) {
      const { message } = work;
      const key = keyedHash(secret, message.providerMessageId, 'hex');
      const messageId = messageIdOf(conversationId, key);
      const known = conversation.state.status !== 'unknown' && conversation.state.inbound.has(messageId);
      const cover = known
        ? null
        : ((await this.ignoredBefore(tenant, before, ignoredKey(conversationId, key), recent)) ??
          hiddenBy(before, message.sentAt, receivedAt));
      if (cover === null) displayed.push({ ...work, messageId, key });
      else ignored.push({ ...work, key, cover });
    }
    await this.ignore(ignored, conversationId, conversation.state.status !== 'unknown');
    await this.display(displayed, owner, conversationId, sender.located.key);
  }

  private async know(tenant: string, located: Located, verified: boolean, now: string): Promise<Known> {
    return { located, verified, holders: await this.book.holders(tenant, located.key, now) };
  }

  /** The further verified addresses that messages of the group name [H18]. */
  private async knowAlso(group: readonly Work[], tenant: string, now: string): Promise<readonly Known[]> {
    const known = new Map<string, Known>();
    for (const { message } of group) {
      for (const one of message.from.also) {
        if (!one.verified) continue;
        const located = await this.book.locate(tenant, one.kind, one.value);
        if (located !== null && !known.has(located.key))
          known.set(located.key, await this.know(tenant, located, true, now));
      }
    }
    return [...known.values()];
  }

  /** The contact that the message belongs to: the first holder, else the one that holds a verified address of the sender, else a new one. */
  private async ownerOf(work: Work, sender: Known, also: readonly Known[], now: string): Promise<Owner> {
    const { message } = work;
    const { channel, metadata } = message;
    const holder = sender.holders[0];
    const others = also.flatMap((known) => known.holders);
    const [strong] = others;
    const blocked = strong !== undefined && hiddenBy(coverageOfHolders(others, channel), null, now) !== null;
    // While blocked nothing is attached: what the block hides, it hides under the identity that is known.
    if (blocked && holder === undefined) return strong;
    if (holder !== undefined) {
      if (holder.identity === null) return this.register(work, holder);
      if (message.from.verified && !holder.identity.verified) await this.attach(work, holder, holder.identityId);
      if (strong !== undefined && strong.contactId !== holder.contactId) {
        const { kind } = message.from;
        await this.runner.execute(
          contactDecider,
          strong.contactId,
          new ReportDuplicate(
            { contactId: strong.contactId, otherContactId: holder.contactId, kind, mine: true },
            metadata,
          ),
          metadata,
        );
      }
      return holder;
    }
    const stream = streamName('identity', metadata.tenant, work.located.key);
    const identityId = deriveId(metadata.tenant, metadata.commandId, stream, 'identity');
    const contactId = strong?.contactId ?? deriveId(metadata.tenant, metadata.commandId, stream, 'contact');
    // A claim's minute begins with the claim: in a large batch the request may be older.
    const claiming = { ...metadata, now: new Date().toISOString() };
    const claim = await this.book.claim(claiming, { key: work.located.key, contactId, identityId, onlyIfFree: true });
    // Somebody was quicker, or this is a repeat: the first holder's claim, whether its contact exists yet or not.
    const winner: Owner = claim.claimed ? { contactId, identityId } : (claim.holders[0] ?? { contactId, identityId });
    this.book.stillInTime(claiming, work.located.key);
    if (winner.contactId === strong?.contactId) {
      await this.attach(work, winner, winner.identityId);
      return winner;
    }
    return this.register(work, winner);
  }

  private async register(work: Work, owner: Owner): Promise<Owner> {
    const { from, metadata } = work.message;
    const { kind, value } = work.located;
    const { contactId, identityId } = owner;
    const command = new RegisterContact(
      {
        contactId,
        displayName: from.displayName ?? value,
        source: 'inbound',
        identities: [{ identityId, kind, value, verified: from.verified }],
        tags: [],
        others: [],
      },
      metadata,
    );
    await this.runner.execute(contactDecider, contactId, command, metadata);
    return owner;
  }

  private async attach(work: Work, owner: Owner, identityId: string): Promise<void> {
    const { from, metadata } = work.message;
    const { kind, value } = work.located;
    const { contactId } = owner;
    const command = new AttachIdentity(
      { contactId, mine: true, identityId, kind, value, verified: from.verified, claimedAs: [], others: [] },
      metadata,
    );
    await this.runner.execute(contactDecider, contactId, command, metadata);
  }

  /** The cover under which a redelivered message was ignored at first; its own time may say otherwise by now. */
  private async ignoredBefore(
    tenant: string,
    coverage: readonly Coverage[],
    key: string,
    recent: Map<string, Promise<IgnoredMessages['recent']>>,
  ): Promise<Coverage | null> {
    for (const contactId of new Set(coverage.map((one) => one.contactId))) {
      const own =
        recent.get(contactId) ?? this.runner.load(ignoredDecider, tenant, contactId).then(({ state }) => state.recent);
      recent.set(contactId, own);
      const found = (await own).find((one) => one.key === key);
      const cover = coverage.find((one) => one.contactId === contactId && one.blockId === found?.blockId);
      if (cover !== undefined) return cover;
    }
    return null;
  }

  private async ignore(
    messages: readonly (Work & { readonly key: string; readonly cover: Coverage })[],
    conversationId: string,
    exists: boolean,
  ): Promise<void> {
    for (const contactId of new Set(messages.map(({ cover }) => cover.contactId))) {
      const own = messages.filter(({ cover }) => cover.contactId === contactId);
      const tenant = own[0]?.message.metadata.tenant ?? '';
      const [dataKey] = await this.vault.dataKeys(tenant, [`contact:${contactId}`]);
      const commands = own.map(({ message, key, cover }) => {
        const { channel, providerMessageId, sentAt, text, metadata } = message;
        return new IgnoreBlockedMessage(
          {
            contactId,
            blockId: cover.blockId,
            identityId: cover.identityId,
            channel,
            conversationId,
            providerMessageId,
            providerMessageKey: key,
            sentAt,
            receivedAt: metadata.now,
            mode: 'ignore',
            contentHmac: keyedHash(dataKey?.key ?? Buffer.alloc(0), text, 'hex'),
          },
          metadata,
        );
      });
      const outcomes = await this.runner.executeMany(ignoredDecider, tenant, contactId, commands);
      for (const [index, outcome] of outcomes.entries()) {
        const work = own[index];
        if (work === undefined) continue;
        if (outcome.kind === 'rejected') {
          work.answer(problem('idempotency-key-reused'));
          continue;
        }
        const key = ignoredKey(conversationId, work.key);
        const first = outcome.state.recent.find((one) => one.key === key);
        work.answer({
          disposition: outcome.events.length > 0 ? 'ignored' : 'duplicate',
          contactId,
          identityId: first?.identityId ?? work.cover.identityId,
          blockId: first?.blockId ?? work.cover.blockId,
          ...(exists ? { conversationId } : {}),
          position: outcome.position,
        });
      }
    }
  }

  private async display(
    messages: readonly (Work & { readonly messageId: string; readonly key: string })[],
    owner: Owner,
    conversationId: string,
    address: string,
  ): Promise<void> {
    const [first] = messages;
    if (first === undefined) return;
    const { metadata, channel } = first.message;
    const { tenant, now } = metadata;
    const { contactId, identityId } = owner;
    const rules = await this.rules(tenant);
    // Looked at a moment ago.
    const before = coverageOfHolders(await this.book.holders(tenant, address, now, { fresh: false }), channel);
    const facts = { covers: before, rules, hasAddress: true };
    const commands = messages.map(
      ({ message, messageId, key }) =>
        new ReceiveInboundMessage(
          {
            conversationId,
            contactId,
            channel,
            identityId,
            messageId,
            providerMessageId: message.providerMessageId,
            providerMessageKey: key,
            sentAt: message.sentAt,
            text: message.text,
            facts,
          },
          message.metadata,
        ),
    );
    const outcomes = await this.runner.executeMany(conversationDecider, tenant, conversationId, commands);
    // Look again after writing: a block may have come between.
    const after = coverageOfHolders(await this.book.holders(tenant, address, now), channel);
    const wrote = outcomes.some((outcome) => outcome.kind === 'accepted' && outcome.events.length > 0);
    const enforced = wrote && after.length > 0 ? await this.enforcement.on(conversationId, metadata) : null;
    for (const [index, outcome] of outcomes.entries()) {
      const work = messages[index];
      if (work === undefined) continue;
      if (outcome.kind === 'rejected') {
        work.answer(problem('idempotency-key-reused'));
        continue;
      }
      const { messageId, message } = work;
      const fresh = outcome.events.length > 0;
      const cover =
        fresh && !outcome.repeated
          ? hiddenBy(after, message.sentAt, receivedAt(outcome.events) ?? message.metadata.now)
          : null;
      const position = latestPosition(outcome.position, enforced);
      if (cover === null) {
        work.answer({
          disposition: fresh ? 'displayed' : 'duplicate',
          contactId,
          identityId,
          conversationId,
          messageId,
          position,
        });
      } else {
        const { blockId } = cover;
        work.answer({
          disposition: 'ignored',
          contactId: cover.contactId,
          identityId: cover.identityId,
          conversationId,
          blockId,
          position,
        });
      }
    }
  }
}

/** As the stream recorded it: time never goes back there. */
const receivedAt = (events: readonly ConversationEvent[]): string | null =>
  events.find((event) => event.type === 'MessageReceived')?.data.receivedAt ?? null;

/** A provider vouches for the numbers of its own network; a cookie or a typed e-mail is nobody's until it is verified. */
export const verifiedByDefault = (kind: Kind): boolean => !isWeak(kind, false);
