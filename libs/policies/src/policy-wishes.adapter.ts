import { streamName, type CommandMetadata, type Position, type Reaction, type Recorded } from '#kernel';
import type { CommandRunner, EventStore } from '#event-store';
import {
  BlockContact,
  claimLostTo,
  contactDecider,
  DetachIdentity,
  ExpireBlock,
  identitiesOf,
  mergesDecider,
  identityDecider,
  type BlockKind,
  type BlockRules,
  type Claim,
  type Scope,
} from '#contacts';
import type { AddressBook } from '#contacts/address-book.adapter';
import type { MergeCommands } from '#contacts/merge-commands.handlers';
import type { ContactCommands } from '#contacts/contact-commands.handlers';
import { conversationDecider, NOTHING_KNOWN, ReleaseAssignee } from '#conversations';
import type { ConversationCommands } from '#conversations/conversation-commands.handlers';
import { staffDecider } from '#staff';
import type { WalletCommands } from '#wallets/wallet-commands.handlers';
import type { WalletContacts } from '#wallets/wallet-contacts.adapter';
import type { BlockEnforcement } from '#block-filter/block-enforcement.adapter';
import type { Relinking } from '#block-filter/relinking.adapter';
import { deriveId } from '#platform';
import type { ConsentEnforcement } from './consent-enforcement.adapter.js';
import type { PolicyWish } from './policies.js';
import { systemMetadata } from './system-metadata.adapter.js';

export type PolicyDesk = {
  readonly runner: CommandRunner;
  readonly store: EventStore;
  readonly book: AddressBook;
  readonly contacts: ContactCommands;
  readonly merges: MergeCommands;
  readonly relinking: Relinking;
  readonly conversations: ConversationCommands;
  readonly enforcement: BlockEnforcement;
  readonly wallets: WalletCommands;
  readonly walletContacts: WalletContacts;
  readonly consents: ConsentEnforcement;
  readonly rules: (tenant: string) => Promise<BlockRules>;
  /** The conversations assigned to a staff member, as the read models know them. */
  readonly assignedTo: (tenant: string, staffId: string) => Promise<readonly string[]>;
};

/** Fulfils the wishes of policies. Each looks at the present state first, so that a wish heard twice, or late, does nothing wrong. */
export class PolicyWishes {
  constructor(private readonly desk: PolicyDesk) {}

  async fulfil(reaction: Reaction, event: Recorded, policy: string, commandId: string): Promise<void> {
    const wish = reaction as PolicyWish;
    const metadata = systemMetadata(event.tenant, policy, commandId, event.metadata.$correlationId, event.id);
    const { desk } = this;
    switch (wish.type) {
      case 'EnforceBlockEverywhere':
        await desk.enforcement.everywhere(wish.data.contactId, metadata);
        return;
      case 'EnforceBlockOnConversation':
        // Of several processes another may have written what this one has not heard of yet: up to this event it must have.
        await desk.enforcement.on(wish.data.conversationId, metadata, { behind: event.position });
        return;
      case 'CompleteBlock':
        await this.completeBlock(wish.data, event, metadata);
        return;
      case 'CheckClaims':
        await this.checkClaims(wish.data, metadata);
        return;
      case 'CarryOutMerge': {
        const { state } = await desk.runner.load(mergesDecider, event.tenant, '');
        const merge = state.byId.get(wish.data.mergeId);
        if (merge !== undefined) await desk.merges.carryOut(state, merge, metadata);
        return;
      }
      case 'FollowMerges':
        await this.followMerges(wish.data.conversationId, event.position, metadata);
        return;
      case 'FollowIntoWallet':
        await desk.merges.followIntoWallet(wish.data, event.position, metadata);
        return;
      case 'EnforceConsentEverywhere':
        await desk.consents.everywhere(wish.data.contactId, [wish.data.channel], metadata);
        return;
      case 'EnforceConsentOnConversation':
        await desk.consents.on(wish.data.conversationId, metadata);
        return;
      case 'ReleaseAssignments':
        for (const conversationId of await desk.assignedTo(event.tenant, wish.data.staffId)) {
          await this.release(conversationId, wish.data.staffId, metadata);
        }
        return;
      case 'LeaveOtherWallets':
        await desk.walletContacts.leave([{ ...wish.data, position: event.position }], metadata);
        return;
      case 'CheckWalletClaims':
        await desk.wallets.giveBack(wish.data.walletId, event.recordedAt, metadata);
        return;
      case 'CheckAssignee': {
        const { state } = await desk.runner.load(staffDecider, event.tenant, wish.data.staffId);
        if (state.status !== 'active') await this.release(wish.data.conversationId, wish.data.staffId, metadata);
      }
    }
  }

  /** Ends an episode that ran out. */
  async expire(
    tenant: string,
    due: { readonly contactId: string; readonly blockId: string; readonly expiresAt: string },
  ): Promise<Position | null> {
    const commandId = deriveId(tenant, due.blockId, due.expiresAt, 'expire');
    const metadata = systemMetadata(tenant, 'block-expiry', commandId, commandId, due.blockId);
    const outcome = await this.desk.contacts.execute(new ExpireBlock({ ...due, mine: true }, metadata));
    return outcome.position;
  }

  /** The second step of a block with notice, where a crash came between. A block that has been, and is over, does not come back. */
  private async completeBlock(
    wish: Extract<PolicyWish, { type: 'CompleteBlock' }>['data'],
    event: Recorded,
    metadata: CommandMetadata,
  ): Promise<void> {
    const { block, noticeMessageId } = wish;
    const contactId = await this.contactOf(event.tenant, wish.conversationId);
    const state = await this.desk.book.contact(event.tenant, contactId, metadata.now);
    if (state.status !== 'active' || state.blockIds.includes(block.blockId)) return;
    // It may have been the block of somebody with whom the contact was one until that was undone.
    for (const one of state.kin) {
      const { state: kin } = await this.desk.runner.load(contactDecider, event.tenant, one);
      if (kin.status !== 'unknown' && kin.blockIds.includes(block.blockId)) return;
    }
    // It would be over already.
    if (block.expiresAt !== null && block.expiresAt <= metadata.now) return;
    // What the settings refuse was decided before the notice went out.
    const rules: BlockRules = {
      ...(await this.desk.rules(event.tenant)),
      blockBy: 'anyAgent',
      reason: 'optional',
      allowExpiry: true,
    };
    await this.desk.contacts.execute(
      new BlockContact(
        {
          contactId: state.contactId,
          mine: true,
          blockId: block.blockId,
          confirm: true,
          kind: block.kind as BlockKind,
          scope: block.scope as Scope,
          ...(block.reasonCode === null ? {} : { reasonCode: block.reasonCode }),
          ...(typeof block.reasonText === 'string' ? { reasonText: block.reasonText } : {}),
          ...(block.originConversationId === null ? {} : { originConversationId: block.originConversationId }),
          ...(block.expiresAt === null ? {} : { expiresAt: block.expiresAt }),
          noticeMessageId,
          rules,
        },
        { ...metadata, onBehalfOf: block.blockedBy },
      ),
    );
  }

  private async contactOf(tenant: string, conversationId: string): Promise<string> {
    const { state } = await this.desk.runner.load(conversationDecider, tenant, conversationId);
    return state.status === 'unknown' ? '' : state.contactId;
  }

  private async checkClaims(
    { contactId, identityIds, attachedAt }: Extract<PolicyWish, { type: 'CheckClaims' }>['data'],
    metadata: CommandMetadata,
  ): Promise<void> {
    const { tenant } = metadata;
    const state = await this.desk.book.contact(tenant, contactId, metadata.now, { behind: attachedAt });
    if (state.status === 'unknown') return;
    for (const identity of identitiesOf(state).filter((one) => identityIds.includes(one.identityId))) {
      const address =
        identity.value === null ? null : await this.desk.book.locate(tenant, identity.kind, identity.value);
      if (address === null) continue;
      const claims = await this.claimsOf(tenant, address.key);
      const { identityId, kind } = identity;
      const lost = claimLostTo(claims, identityId, attachedAt);
      if (lost === null) continue;
      const rules = await this.desk.rules(tenant);
      const lostTo = lost.contactId === null ? {} : { lostTo: { contactId: lost.contactId, kind } };
      // One fact may have attached several addresses: each detachment is a command of its own.
      const commandId = deriveId(tenant, metadata.commandId, contactId, identityId);
      await this.desk.contacts.execute(
        new DetachIdentity(
          { contactId: state.contactId, mine: true, identityId, reason: 'claim_lost', ...lostTo, rules },
          { ...metadata, commandId },
        ),
      );
    }
  }

  /** The conversation was opened for a contact that may have been merged at that moment. */
  private async followMerges(conversationId: string, openedAt: Position, metadata: CommandMetadata): Promise<void> {
    const { tenant } = metadata;
    const contactId = await this.contactOf(tenant, conversationId);
    const { state: contact } = await this.desk.runner.load(contactDecider, tenant, contactId, { behind: openedAt });
    if (contact.status === 'unknown') return;
    const mergeId = contact.status === 'absorbed' ? contact.mergeId : contact.merges.at(-1)?.mergeId;
    if (mergeId !== undefined) await this.desk.relinking.one(conversationId, mergeId, metadata);
  }

  /** All claims of an address with their places in the log, in order. */
  private async claimsOf(tenant: string, key: string): Promise<readonly (Claim & { readonly position: Position })[]> {
    const claims: (Claim & { readonly position: Position })[] = [];
    for await (const page of this.desk.store.readStream(streamName(identityDecider.category, tenant, key))) {
      claims.push(...page.map(({ data, position }) => ({ ...(data as Claim), position })));
    }
    return claims;
  }

  private async release(conversationId: string, staffId: string, metadata: CommandMetadata): Promise<void> {
    await this.desk.conversations.execute(
      new ReleaseAssignee({ conversationId, staffId, facts: NOTHING_KNOWN }, metadata),
    );
  }
}
