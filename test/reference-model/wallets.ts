// What should come of wishes about wallets.
import { noteEntry } from './merges.js';
import { accepted, refused, type OfWallet, type Outcome } from './operations.js';
import { sees, setting, type Caller, type Wallet, type World } from './world.js';

type Of<K extends OfWallet['do']> = Extract<OfWallet, { do: K }>;

const named = ({ name }: Wallet, other: string): boolean => name.toLowerCase() === other.toLowerCase();
const active = (world: World): readonly Wallet[] => [...world.wallets.values()].filter(({ archived }) => !archived);
const isActive = (world: World, staffId: string): boolean => world.staff.get(staffId)?.active === true;

export const withWallet = (world: World, caller: Caller, wish: OfWallet): Outcome => {
  if (wish.do === 'createWallet') return create(world, wish);
  if (wish.do === 'addToWallet' || wish.do === 'removeFromWallet') return withContacts(world, caller, wish);
  const wallet = world.wallets.get(wish.walletId);
  if (wallet === undefined) return refused('not-found');
  if (wish.do === 'archiveWallet') {
    wallet.archived = true;
    return accepted({ walletId: wallet.walletId });
  }
  if (wallet.archived) return refused('wallet-archived');
  switch (wish.do) {
    case 'editWallet': {
      const { name, code } = wish;
      const taken = takenBy(world, wallet, name, code);
      if (taken !== null) return refused(taken);
      wallet.name = name ?? wallet.name;
      if (code !== undefined) wallet.code = code;
      return accepted({ walletId: wallet.walletId, code: wallet.code });
    }
    case 'makeResponsible': {
      const { responsibleId } = wish;
      const isNews = responsibleId !== wallet.responsibleId;
      if (isNews && responsibleId !== null && !isActive(world, responsibleId)) return refused('assignee-not-eligible');
      wallet.responsibleId = responsibleId;
      return staffOf(wallet);
    }
    case 'addMember':
      if (wish.memberId !== wallet.responsibleId && !wallet.members.has(wish.memberId)) {
        if (!isActive(world, wish.memberId)) return refused('assignee-not-eligible');
        wallet.members.add(wish.memberId);
      }
      return staffOf(wallet);
    case 'removeMember':
      if (wish.memberId === wallet.responsibleId) return refused('responsible-cannot-be-removed');
      wallet.members.delete(wish.memberId);
      return staffOf(wallet);
  }
};

/** The responsible is one of the members. */
const staffOf = ({ walletId, responsibleId, members }: Wallet): Outcome =>
  accepted({
    walletId,
    responsibleId,
    members: [...new Set([...members, ...(responsibleId === null ? [] : [responsibleId])])].sort(),
  });

const takenBy = (
  world: World,
  own: Wallet | null,
  name: string | undefined,
  code: string | null | undefined,
): 'wallet-name-taken' | 'wallet-code-taken' | null => {
  const others = active(world).filter((wallet) => wallet !== own);
  if (name !== undefined && others.some((wallet) => named(wallet, name))) return 'wallet-name-taken';
  return typeof code === 'string' && others.some((wallet) => wallet.code === code) ? 'wallet-code-taken' : null;
};

const create = (world: World, { name, code, responsibleId }: Of<'createWallet'>): Outcome => {
  if (responsibleId !== null && !isActive(world, responsibleId)) return refused('assignee-not-eligible');
  const taken = takenBy(world, null, name, code);
  if (taken !== null) return refused(taken);
  const walletId = `wallet-${String(world.wallets.size + 1)}`;
  const created = { walletId, name, code, responsibleId, members: new Set<string>(), archived: false };
  world.wallets.set(walletId, { ...created, contacts: new Map() });
  return accepted({ walletId, code });
};

/** Agents take the contact of a conversation that they can read, and nobody else. */
const withContacts = (world: World, caller: Caller, wish: Of<'addToWallet' | 'removeFromWallet'>): Outcome => {
  const { fromConversation } = wish;
  if (caller.role === 'agent' && fromConversation === null) return refused('forbidden');
  const wallet = world.wallets.get(wish.walletId);
  if (wallet === undefined) return refused('not-found');
  const contactIds = wish.do === 'addToWallet' ? wish.contactIds : [wish.member];
  if (fromConversation !== null) {
    const origin = world.conversations.get(fromConversation);
    const isTheirs = contactIds.every((contactId) => contactId === origin?.contactId);
    if (origin === undefined || !sees(caller, origin.assigneeId) || !isTheirs) return refused('not-found');
  }
  if (wish.do === 'removeFromWallet') return accepted({ removed: wallet.contacts.delete(wish.member) });
  return wallet.archived ? refused('wallet-archived') : add(world, wallet, contactIds);
};

const add = (world: World, wallet: Wallet, contactIds: readonly string[]): Outcome => {
  const failed: string[] = [];
  let added = 0;
  for (const contactId of new Set(contactIds)) {
    const contact = world.contacts.get(contactId);
    if (contact === undefined) failed.push(contactId, 'contact-not-found');
    else if (contact.absorbed !== null) failed.push(contactId, 'contact-merged');
    else if (!wallet.contacts.has(contactId)) {
      // Where one is all that a contact may have, adding moves it.
      if (setting(world, 'wallet.perContact') === 'one')
        for (const other of active(world)) other.contacts.delete(contactId);
      wallet.contacts.set(contactId, 'person');
      noteEntry(world, wallet, contactId);
      added += 1;
    }
  }
  return accepted({ added, skipped: contactIds.length - added - failed.length / 2, failed });
};
