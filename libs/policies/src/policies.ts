// What follows from facts by itself. Pure reactions; each wish looks at the present state and acts only if it is still owed.
import { policy, type Policy, type Position } from '#kernel';
import type { Channel, ContactEvent, MergesEvent } from '#contacts';
import type { BlockOrder, ConversationEvent } from '#conversations';
import type { StaffEvent } from '#staff';
import type { WalletContactEvent, WalletEvent } from '#wallets';

/** The wishes of all policies. */
export type PolicyWish =
  | { readonly type: 'EnforceBlockEverywhere'; readonly data: { readonly contactId: string } }
  | { readonly type: 'EnforceBlockOnConversation'; readonly data: { readonly conversationId: string } }
  | {
      readonly type: 'CompleteBlock';
      readonly data: { readonly conversationId: string; readonly noticeMessageId: string; readonly block: BlockOrder };
    }
  | {
      readonly type: 'CheckClaims';
      readonly data: {
        readonly contactId: string;
        readonly identityIds: readonly string[];
        /** The attachment's place in the log. */
        readonly attachedAt: Position;
      };
    }
  | { readonly type: 'CarryOutMerge'; readonly data: { readonly mergeId: string } }
  | { readonly type: 'FollowMerges'; readonly data: { readonly conversationId: string } }
  | { readonly type: 'FollowIntoWallet'; readonly data: { readonly walletId: string; readonly contactId: string } }
  | {
      readonly type: 'EnforceConsentEverywhere';
      readonly data: { readonly contactId: string; readonly channel: Channel };
    }
  | { readonly type: 'EnforceConsentOnConversation'; readonly data: { readonly conversationId: string } }
  | { readonly type: 'ReleaseAssignments'; readonly data: { readonly staffId: string } }
  | { readonly type: 'LeaveOtherWallets'; readonly data: { readonly walletId: string; readonly contactId: string } }
  | { readonly type: 'CheckWalletClaims'; readonly data: { readonly walletId: string } }
  | { readonly type: 'CheckAssignee'; readonly data: { readonly conversationId: string; readonly staffId: string } };

type Of<E extends { type: string }, T extends E['type']> = Extract<E, { type: T }>;

/** A block reaches every conversation it covers, also those that a crash or a race left behind [I2 I3 I4 I9]. */
export const blockCoordinator = policy<
  | Of<ContactEvent, 'ContactBlocked' | 'ContactBlockChanged' | 'ContactIdentityAttached'>
  | Of<
      ConversationEvent,
      | 'MessageReceived'
      | 'ConversationOpened'
      | 'ConversationReopened'
      | 'ConversationAssigned'
      | 'MessageSendRequested'
    >
>({
  name: 'block-coordinator',
  hears: [
    'ContactBlocked',
    'ContactBlockChanged',
    // A block of any holder covers the address, also for those who hold it already.
    'ContactIdentityAttached',
    'MessageReceived',
    'ConversationOpened',
    'ConversationReopened',
    'ConversationAssigned',
    'MessageSendRequested',
  ],
  react: (event): readonly PolicyWish[] => {
    switch (event.type) {
      case 'ContactBlocked':
      case 'ContactBlockChanged':
      case 'ContactIdentityAttached':
        return [{ type: 'EnforceBlockEverywhere', data: { contactId: event.data.contactId } }];
      case 'MessageSendRequested': {
        const conversationId = event.subject;
        const enforce: PolicyWish = { type: 'EnforceBlockOnConversation', data: { conversationId } };
        const { block, messageId: noticeMessageId } = event.data;
        return block === null
          ? [enforce]
          : [{ type: 'CompleteBlock', data: { conversationId, noticeMessageId, block } }, enforce];
      }
      default:
        return [{ type: 'EnforceBlockOnConversation', data: { conversationId: event.subject } }];
    }
  },
});

/** An address that was attached too late belongs to who claimed it meanwhile. */
export const claims = policy<Of<ContactEvent, 'ContactRegistered' | 'ContactIdentityAttached'>>({
  name: 'claims',
  hears: ['ContactRegistered', 'ContactIdentityAttached'],
  react: (event): readonly PolicyWish[] => {
    const identityIds =
      event.type === 'ContactRegistered' ? event.data.identities.map((one) => one.identityId) : [event.data.identityId];
    return identityIds.length === 0
      ? []
      : [{ type: 'CheckClaims', data: { contactId: event.data.contactId, identityIds, attachedAt: event.position } }];
  },
});

/** What went out by a consent and was not handed over is cancelled when the consent is taken back, also where the two raced [K12]. */
export const consent = policy<Of<ContactEvent, 'ConsentRevoked'> | Of<ConversationEvent, 'MessageSendRequested'>>({
  name: 'consent',
  hears: ['ConsentRevoked', 'MessageSendRequested'],
  react: (event): readonly PolicyWish[] => {
    if (event.type === 'ConsentRevoked') {
      const { contactId, channel } = event.data;
      return [{ type: 'EnforceConsentEverywhere', data: { contactId, channel } }];
    }
    return event.data.consentGated === true
      ? [{ type: 'EnforceConsentOnConversation', data: { conversationId: event.subject } }]
      : [];
  },
});

/** Decided merges are carried out, and undone ones; a conversation that was opened meanwhile follows its contact, and so does a place in a wallet. */
export const merges = policy<
  MergesEvent | Of<ConversationEvent, 'ConversationOpened'> | Of<WalletContactEvent, 'WalletContactAdded'>
>({
  name: 'merges',
  hears: ['MergeRequested', 'MergeUndone', 'ConversationOpened', 'WalletContactAdded'],
  react: (event): readonly PolicyWish[] => {
    switch (event.type) {
      case 'ConversationOpened':
        return [{ type: 'FollowMerges', data: { conversationId: event.subject } }];
      case 'WalletContactAdded': {
        const { walletId, contactId } = event.data;
        return [{ type: 'FollowIntoWallet', data: { walletId, contactId } }];
      }
      default:
        return [{ type: 'CarryOutMerge', data: { mergeId: event.data.mergeId } }];
    }
  },
});

/** Whoever left has no conversations [I7]. */
export const staffExit = policy<
  Of<StaffEvent, 'StaffMemberDeactivated'> | Of<ConversationEvent, 'ConversationAssigned'>
>({
  name: 'staff-exit',
  hears: ['StaffMemberDeactivated', 'ConversationAssigned'],
  react: (event): readonly PolicyWish[] =>
    event.type === 'StaffMemberDeactivated'
      ? [{ type: 'ReleaseAssignments', data: { staffId: event.data.staffId } }]
      : [{ type: 'CheckAssignee', data: { conversationId: event.subject, staffId: event.data.assigneeId } }],
});

/** Whoever came into a wallet where one is all that a contact may have leaves those it came into before [W14]. */
export const walletMoves = policy<Of<WalletContactEvent, 'WalletContactAdded'>>({
  name: 'wallet-moves',
  hears: ['WalletContactAdded'],
  react: ({ data: { walletId, contactId, perContact } }): readonly PolicyWish[] =>
    perContact === 'one' ? [{ type: 'LeaveOtherWallets', data: { walletId, contactId } }] : [],
});

/** A name or code that was taken too late belongs to the wallet that claimed it meanwhile [I16]. */
export const walletClaims = policy<Of<WalletEvent, 'WalletCreated' | 'WalletRenamed' | 'WalletCodeChanged'>>({
  name: 'wallet-claims',
  hears: ['WalletCreated', 'WalletRenamed', 'WalletCodeChanged'],
  react: ({ data: { walletId } }): readonly PolicyWish[] => [{ type: 'CheckWalletClaims', data: { walletId } }],
});

export const policies: readonly Policy[] = [
  blockCoordinator,
  claims,
  consent,
  merges,
  staffExit,
  walletMoves,
  walletClaims,
];
