import type { Fact } from './history.js';
import { noteEntry } from './merges.js';
import type { World } from './world.js';

/** What the stored facts say of wallets and of who is in them. */
export const observeWallet = (world: World, type: string, data: Fact['data']): void => {
  const { wallets } = world;
  const { walletId } = data;
  if (type === 'WalletCreated') {
    const { name, code, responsibleId } = data;
    const created = { walletId, name, code, responsibleId, archived: false };
    wallets.set(walletId, { ...created, members: new Set(), contacts: new Map() });
    return;
  }
  const wallet = wallets.get(walletId);
  if (wallet === undefined) return;
  switch (type) {
    case 'WalletRenamed':
      wallet.name = data.newName;
      return;
    case 'WalletCodeChanged':
      wallet.code = data.newCode;
      return;
    case 'WalletResponsibleChanged':
      wallet.responsibleId = data.responsibleId;
      return;
    case 'WalletMemberAdded':
      wallet.members.add(data.staffId);
      return;
    case 'WalletMemberRemoved':
      wallet.members.delete(data.staffId);
      return;
    case 'WalletArchived':
      wallet.archived = true;
      return;
    case 'WalletContactAdded':
      wallet.contacts.set(data.contactId, data.via === 'merge' ? 'merge' : 'person');
      noteEntry(world, wallet, data.contactId);
      return;
    case 'WalletContactRemoved':
      wallet.contacts.delete(data.contactId);
  }
};
