import type { WriteSide } from '#apps/api/facts';
import type { CommandMetadata } from '#kernel';
import { deriveId } from '#platform';
import {
  AddWalletMember,
  ArchiveWallet,
  ChangeWalletResponsible,
  codeOf,
  CreateWallet,
  EditWallet,
  membersOf,
  RemoveWalletMember,
  type Wallet,
  type WalletCommand,
} from '#wallets';
import { accepted, refused, type OfWallet, type Outcome } from '../reference-model/index.js';

type Of<K extends OfWallet['do']> = Extract<OfWallet, { do: K }>;

/** Carries a wish about a wallet as its route would. Throws Problems. */
export const carryToWallet = async (
  { wallets, walletContacts }: WriteSide,
  wish: OfWallet,
  metadata: CommandMetadata,
): Promise<Outcome> => {
  if (wish.do === 'addToWallet') {
    const { walletId, contactIds, fromConversation } = wish;
    const { added, skipped, failed } = await walletContacts.addMany(walletId, contactIds, fromConversation, metadata);
    return accepted({ added, skipped, failed: failed.flatMap(({ contactId, code }) => [contactId, code]) });
  }
  if (wish.do === 'removeFromWallet') {
    const { walletId, member: contactId, fromConversation } = wish;
    const { events } = await walletContacts.remove({ walletId, contactId }, fromConversation, metadata);
    return accepted({ removed: events.length > 0 });
  }
  const outcome = await wallets.execute(walletCommand(wish, metadata));
  return outcome.kind === 'rejected' ? refused(outcome.rejection.rejected) : accepted(answerOf(wish, outcome.state));
};

const walletCommand = (
  wish: Exclude<OfWallet, Of<'addToWallet' | 'removeFromWallet'>>,
  metadata: CommandMetadata,
): WalletCommand => {
  if (wish.do === 'createWallet') {
    const walletId = deriveId(metadata.tenant, metadata.commandId, 'wallets', 'wallet');
    const { name, code, responsibleId } = wish;
    const given = { walletId, name, code, responsibleId, generate: false, hours: null, eligible: false };
    return new CreateWallet(given, metadata);
  }
  const { walletId } = wish;
  switch (wish.do) {
    case 'editWallet': {
      const { name, code } = wish;
      const said = { ...(name === undefined ? {} : { name }), ...(code === undefined ? {} : { code }) };
      return new EditWallet({ walletId, generate: false, ...said }, metadata);
    }
    case 'makeResponsible':
      return new ChangeWalletResponsible({ walletId, responsibleId: wish.responsibleId, eligible: false }, metadata);
    case 'addMember':
      return new AddWalletMember({ walletId, staffId: wish.memberId, eligible: false }, metadata);
    case 'removeMember':
      return new RemoveWalletMember({ walletId, staffId: wish.memberId }, metadata);
    case 'archiveWallet':
      return new ArchiveWallet({ walletId }, metadata);
  }
};

const answerOf = (wish: OfWallet, state: Wallet): Readonly<Record<string, unknown>> => {
  if (state.status === 'unknown') throw new Error('an accepted command left no wallet');
  const { walletId, responsibleId, members } = state;
  if (wish.do === 'archiveWallet') return { walletId };
  return wish.do === 'createWallet' || wish.do === 'editWallet'
    ? { walletId, code: codeOf(state) }
    : { walletId, responsibleId, members: [...membersOf(members, responsibleId)].sort() };
};
