import { later as latest, latestPosition, streamName, type CommandMetadata, type Position } from '#kernel';
import { Busy, KeyDestroyed, type CommandRunner, type KeyVault, type LoadOptions } from '#event-store';
import {
  AttachIdentity,
  asVerified,
  contactDecider,
  coverageOfHolders,
  ignoredDecider,
  ignoredKey,
  IgnoreBlockedMessage,
  isWeak,
  NOTHING_PREVENTED,
  RegisterContact,
  ReportDuplicate,
  type Channel,
  type ConsentChannel,
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
  NOTHING_KNOWN,
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
  readonly disposition: 'displayed' | 'ignored' | 'quarantined' | 'received_while_blocked' | 'duplicate';
  readonly contactId: string;
  readonly identityId: string;
  readonly conversationId?: string;
  readonly messageId?: string;
  readonly blockId?: string;
  readonly position: Position | null;
};

/** An address of the sender with those who hold it. */
type Known = { readonly located: Located; readonly holders: readonly Holder[] };
type Owner = { readonly contactId: string; readonly identityId: string };
type Work = {
  readonly message: InboundMessage;
  readonly located: Located;
  readonly answer: (result: Received | Problem) => void;
};

const DISPOSITIONS = { ignore: 'ignored', quarantine: 'quarantined', receive: 'received_while_blocked' } as const;

const AT_ONCE = 256;
const MAX_ATTEMPTS = 5;

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
    /** Where new contacts consent from the start. */
    private readonly consents: (tenant: string) => Promise<readonly ConsentChannel[]>,
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
      for (let attempts = 1; !(await this.takeInSurely(group)); attempts++) {
        if (attempts === MAX_ATTEMPTS)
          throw new Busy(streamName('contact', group[0]?.message.metadata.tenant ?? '', ''));
      }
    } catch (error) {
      const refusal = toProblem(error);
      if (refusal.code === 'internal') throw error;
      for (const { answer } of group) answer(refusal);
    }
  }

  /** Answers whether it could: not if the sender's contact was erased meanwhile, since whoever writes then is somebody new. */
  private async takeInSurely(group: readonly Work[]): Promise<boolean> {
    try {
      return await this.takeIn(group);
    } catch (error) {
      if (error instanceof KeyDestroyed) return false;
      throw error;
    }
  }

  /** Answers whether it could: not if the sender's contact was merged into another meanwhile. */
  private async takeIn(group: readonly Work[]): Promise<boolean> {
    const [first] = group;
    if (first === undefined) return true;
    const { tenant, now } = first.message.metadata;
    const { channel } = first.message;
    const fresh = { since: performance.now() };
    const sender = await this.know(tenant, first.located, now, fresh);
    const also = await this.knowAlso(group, tenant, now, fresh);
    const owner = await this.ownerOf(first, sender, also, now);
    if (owner === null) return false;
    const conversationId = conversationIdOf(owner.identityId, channel);
    const secret = await this.vault.tenantSecret(tenant);
    const conversation = await this.runner.load(conversationDecider, tenant, conversationId, fresh);

    const displayed: (Work & { readonly messageId: string; readonly key: string })[] = [];
    const ignored: (Work & { readonly key: string; readonly cover: Coverage })[] = [];
    const isVerified = group.some(({ message }) => message.from.verified);
    const own = isVerified ? sender.holders.map(asVerified) : sender.holders;
    const others = also.flatMap((known) => known.holders);
    const holders = [...own, ...others];
    const named = coverageOfHolders(others, channel);
    const before = [...coverageOfHolders(own, channel), ...named];
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
        : ((await this.ignoredBefore(tenant, holders, before, ignoredKey(conversationId, key), recent)) ??
          hiddenBy(before, message.sentAt, receivedAt));
      if (cover === null) displayed.push({ ...work, messageId, key });
      else ignored.push({ ...work, key, cover });
    }
    await this.ignore(ignored, conversationId, conversation.state.status !== 'unknown');
    await this.display(displayed, owner, conversationId, { address: sender.located.key, named });
    return true;
  }

  private async know(tenant: string, located: Located, now: string, fresh: LoadOptions): Promise<Known> {
    return { located, holders: await this.book.holders(tenant, located.key, now, fresh) };
  }

  /** The further verified addresses that messages of the group name [H18]. */
  private async knowAlso(
    group: readonly Work[],
    tenant: string,
    now: string,
    fresh: LoadOptions,
  ): Promise<readonly Known[]> {
    const known = new Map<string, Known>();
    for (const { message } of group) {
      for (const one of message.from.also) {
        if (!one.verified) continue;
        const located = await this.book.locate(tenant, one.kind, one.value);
        if (located === null || known.has(located.key)) continue;
        const { holders } = await this.know(tenant, located, now, fresh);
        known.set(located.key, { located, holders: holders.map(asVerified) });
      }
    }
    return [...known.values()];
  }

  /** The contact that the message belongs to: the first holder, else the one that holds a verified address of the sender, else a new one. `null` if that was merged into another meanwhile. */
  private async ownerOf(work: Work, sender: Known, also: readonly Known[], now: string): Promise<Owner | null> {
    const { message } = work;
    const { channel, metadata } = message;
    const holder = sender.holders[0];
    const others = also.flatMap((known) => known.holders);
    const [strong] = others;
    const blocked = strong !== undefined && hiddenBy(coverageOfHolders(others, channel), null, now) !== null;
    // While blocked nothing is attached: what the block hides, it hides under the identity that is known.
    if (blocked && holder === undefined) return strong;
    if (holder !== undefined) {
      const { identity } = holder;
      if (identity === null && holder.contact.status === 'unknown') return this.register(work, holder);
      const isOwed = identity === null || (message.from.verified && !identity.verified);
      if (isOwed && !(await this.attach(work, holder, holder.identityId))) return null;
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
    const claim = await this.book.claim(claiming, {
      key: work.located.key,
      contactId,
      identityId,
      unlessHeldBy: 'anybody',
    });
    // Somebody was quicker, or this is a repeat: the first holder's claim, whether its contact exists yet or not.
    const winner: Owner = claim.claimed ? { contactId, identityId } : (claim.holders[0] ?? { contactId, identityId });
    this.book.stillInTime(claiming, work.located.key);
    if (winner.contactId === strong?.contactId) {
      // Its claim may stand without a contact: whoever made it may have died.
      if (strong.contact.status === 'unknown') await this.register(work, winner);
      return (await this.attach(work, winner, winner.identityId)) ? winner : null;
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
        prevents: NOTHING_PREVENTED,
        consents: await this.consents(metadata.tenant),
      },
      metadata,
    );
    await this.runner.execute(contactDecider, contactId, command, metadata);
    return owner;
  }

  /** Answers whether the contact is still one by itself. */
  private async attach(work: Work, owner: Owner, identityId: string): Promise<boolean> {
    const { from, metadata } = work.message;
    const { kind, value } = work.located;
    const { contactId } = owner;
    const command = new AttachIdentity(
      {
        contactId,
        mine: true,
        identityId,
        kind,
        value,
        verified: from.verified,
        claimedAs: [],
        others: [],
        prevents: NOTHING_PREVENTED,
      },
      metadata,
    );
    const outcome = await this.runner.execute(contactDecider, contactId, command, metadata);
    return outcome.kind === 'accepted' || outcome.rejection.rejected !== 'contact-merged';
  }

  /** The cover under which a redelivered message was ignored at first; its own time may say otherwise by now. */
  private async ignoredBefore(
    tenant: string,
    holders: readonly Holder[],
    coverage: readonly Coverage[],
    key: string,
    recent: Map<string, Promise<IgnoredMessages['recent']>>,
  ): Promise<Coverage | null> {
    if (coverage.length === 0) return null;
    // What was ignored before a merge, or before it was undone, stands with the contact of then.
    const kin = holders.flatMap(({ contact }) => (contact.status === 'unknown' ? [] : contact.kin));
    for (const contactId of new Set([...coverage.map((one) => one.contactId), ...kin])) {
      const own =
        recent.get(contactId) ?? this.runner.load(ignoredDecider, tenant, contactId).then(({ state }) => state.recent);
      recent.set(contactId, own);
      const found = (await own).find((one) => one.key === key);
      const cover = coverage.find((one) => one.blockId === found?.blockId);
      if (cover !== undefined) return { ...cover, contactId };
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
            mode: cover.inboundMode,
            contentHmac: keyedHash(dataKey?.key ?? Buffer.alloc(0), text, 'hex'),
            content: { text },
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
        const mode = work.cover.inboundMode;
        const first = outcome.state.recent.find((one) => one.key === key);
        work.answer({
          disposition: outcome.events.length > 0 ? DISPOSITIONS[mode] : 'duplicate',
          contactId,
          identityId: first?.identityId ?? work.cover.identityId,
          blockId: first?.blockId ?? work.cover.blockId,
          ...(exists || mode === 'receive' ? { conversationId } : {}),
          ...(mode === 'receive' ? { messageId: messageIdOf(conversationId, work.key) } : {}),
          position: outcome.position,
        });
      }
    }
  }

  /** `named`: what covers the further addresses of the sender. What was sent before a block opens nothing during it, whichever of the addresses that is. */
  private async display(
    messages: readonly (Work & { readonly messageId: string; readonly key: string })[],
    owner: Owner,
    conversationId: string,
    { address, named }: { readonly address: string; readonly named: readonly Coverage[] },
  ): Promise<void> {
    const [first] = messages;
    if (first === undefined) return;
    const { metadata, channel } = first.message;
    const { tenant, now } = metadata;
    const { contactId, identityId } = owner;
    const rules = await this.rules(tenant);
    // Looked at a moment ago.
    const before = coverageOfHolders(await this.book.holders(tenant, address, now, { fresh: false }), channel);
    const facts = { ...NOTHING_KNOWN, covers: [...before, ...named], rules, hasAddress: true };
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
    const wrote = outcomes.filter((outcome) => outcome.kind === 'accepted' && outcome.events.length > 0);
    const written = latestPosition(...wrote.map(({ position }) => position));
    const again = written === null ? {} : { behind: written };
    const after = coverageOfHolders(await this.book.holders(tenant, address, now, again), channel);
    const enforced =
      wrote.length > 0 && after.length > 0 ? await this.enforcement.on(conversationId, metadata, again) : null;
    for (const [index, outcome] of outcomes.entries()) {
      const work = messages[index];
      if (work === undefined) continue;
      if (outcome.kind === 'rejected') {
        work.answer(problem('idempotency-key-reused'));
        continue;
      }
      const { messageId, message } = work;
      const fresh = outcome.events.length > 0;
      // Asked of a repeat too: the answer that said so may never have come.
      const cover = fresh ? hiddenBy(after, message.sentAt, receivedAt(outcome.events) ?? message.metadata.now) : null;
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
        const { blockId, inboundMode } = cover;
        work.answer({
          disposition: DISPOSITIONS[inboundMode],
          contactId: cover.contactId,
          identityId: cover.identityId,
          conversationId,
          ...(inboundMode === 'receive' ? { messageId } : {}),
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
