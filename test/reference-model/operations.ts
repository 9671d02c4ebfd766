// What anybody can ask of the world, as data: the model says what should come of it, the product what does.
import type { Access, Role, Scope, Time } from './world.js';

/** `key` is the canonical address: whoever writes a test says which spellings are one. */
export type Address = {
  readonly kind: string;
  readonly value: string;
  readonly key: string;
  readonly verified: boolean;
};

export type Wish =
  | { readonly do: 'invite'; readonly staffId: string; readonly role: Role; readonly access: Access }
  | { readonly do: 'changeAccess'; readonly staffId: string; readonly access: Access }
  | { readonly do: 'changeRole'; readonly staffId: string; readonly role: Role }
  | { readonly do: 'setAvailability'; readonly staffId: string; readonly available: boolean }
  | { readonly do: 'deactivate'; readonly staffId: string }
  | { readonly do: 'changeSetting'; readonly key: string; readonly value: string | boolean }
  | { readonly do: 'register'; readonly addresses: readonly Address[]; readonly tags: readonly string[] }
  | { readonly do: 'attach'; readonly contactId: string; readonly address: Address }
  | { readonly do: 'detach'; readonly contactId: string; readonly identityId: string }
  | {
      readonly do: 'edit';
      readonly contactId: string;
      readonly name: string;
      readonly add: string;
      readonly remove: string;
    }
  | {
      readonly do: 'consent';
      readonly contactId: string;
      readonly channel: string;
      readonly state: 'granted' | 'revoked';
    }
  | {
      readonly do: 'block';
      readonly contactId: string;
      readonly confirm: boolean;
      readonly scope: Scope | null;
      readonly reasonCode: string | null;
      readonly conversationId: string | null;
      readonly notice: boolean;
      readonly expiresAt: Time | null;
    }
  | {
      readonly do: 'changeBlock';
      readonly contactId: string;
      /** `undefined` = not said. */
      readonly scope: Scope | undefined;
      readonly reasonCode: string | null | undefined;
      readonly expiresAt: Time | null | undefined;
    }
  | { readonly do: 'unblock'; readonly contactId: string; readonly confirm: boolean }
  | {
      readonly do: 'receive';
      readonly channel: string;
      readonly from: Address;
      readonly also: readonly Address[];
      readonly providerMessageId: string;
      readonly sentAt: Time | null;
    }
  | { readonly do: 'start'; readonly contactId: string; readonly channel: string; readonly identityId: string | null }
  | {
      readonly do: 'send';
      readonly conversationId: string;
      readonly purpose: 'reply' | 'notification';
      readonly viaDevice: boolean;
    }
  | { readonly do: 'handOver'; readonly conversationId: string; readonly messageId: string }
  | {
      readonly do: 'report';
      readonly conversationId: string;
      readonly messageId: string;
      readonly status: 'delivered' | 'failed';
    }
  | { readonly do: 'assignToMe'; readonly conversationId: string }
  | {
      readonly do: 'assign';
      readonly conversationId: string;
      readonly assigneeId: string;
      readonly expected: string | null | undefined;
    }
  | { readonly do: 'conclude'; readonly conversationId: string; readonly outcome: string | null }
  | { readonly do: 'unassign' | 'reopen' | 'pause' | 'resume'; readonly conversationId: string }
  | { readonly do: 'read'; readonly conversationId: string; readonly upToOrdinal: number }
  | { readonly do: 'merge'; readonly survivorId: string; readonly absorbedId: string; readonly confirm: boolean }
  | { readonly do: 'undoMerge'; readonly mergeId: string }
  | {
      readonly do: 'createWallet';
      readonly name: string;
      readonly code: string | null;
      readonly responsibleId: string | null;
    }
  | {
      readonly do: 'editWallet';
      readonly walletId: string;
      /** `undefined` = not said. */
      readonly name: string | undefined;
      readonly code: string | null | undefined;
    }
  | { readonly do: 'makeResponsible'; readonly walletId: string; readonly responsibleId: string | null }
  | { readonly do: 'addMember' | 'removeMember'; readonly walletId: string; readonly memberId: string }
  | { readonly do: 'archiveWallet'; readonly walletId: string }
  | {
      readonly do: 'addToWallet';
      readonly walletId: string;
      readonly contactIds: readonly string[];
      readonly fromConversation: string | null;
    }
  | {
      readonly do: 'removeFromWallet';
      readonly walletId: string;
      readonly member: string;
      readonly fromConversation: string | null;
    };

export type OfWallet = Extract<Wish, { readonly walletId: string } | { readonly do: 'createWallet' }>;
export const isOfWallet = (wish: Wish): wish is OfWallet => 'walletId' in wish || wish.do === 'createWallet';

/** A wish, whose it is, and when it was asked by the clock of the process that took it. */
export type Operation = { readonly by: string; readonly now: Time; readonly wish: Wish };

/** What came of it, as its caller is told. Ids in answers are those of the world that answered. */
export type Outcome =
  | { readonly accepted: true; readonly answer: Readonly<Record<string, unknown>> }
  | { readonly accepted: false; readonly code: string; readonly names?: string | null };

export const accepted = (answer: Readonly<Record<string, unknown>> = {}): Outcome => ({ accepted: true, answer });
/** `names`: the contact or staff member that the refusal names, where it names one. */
export const refused = (code: string, names?: string | null): Outcome => ({
  accepted: false,
  code,
  ...(names === undefined ? {} : { names }),
});

/** The roles that may ask for it at all (source: spec/domain.md, "Roles"). */
export const mayAsk = (wish: Wish, role: string): boolean => {
  switch (wish.do) {
    case 'invite':
    case 'changeAccess':
    case 'changeRole':
    case 'setAvailability':
    case 'deactivate':
    case 'changeSetting':
      return role === 'admin';
    case 'consent':
      return role === 'supervisor' || role === 'admin' || (role === 'integration' && wish.state === 'revoked');
    case 'merge':
    case 'undoMerge':
    case 'createWallet':
    case 'editWallet':
    case 'makeResponsible':
    case 'addMember':
    case 'removeMember':
    case 'archiveWallet':
      return role === 'supervisor' || role === 'admin';
    case 'receive':
    case 'handOver':
    case 'report':
      return role === 'integration';
    case 'register':
    case 'attach':
    case 'detach':
    case 'edit':
    case 'start':
    case 'send':
      return true;
    default:
      return role !== 'integration';
  }
};
