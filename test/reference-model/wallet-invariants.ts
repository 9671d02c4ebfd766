// What a history must keep of wallets [I16]. Answers with what breaks it, a sentence each.
import type { Invariant } from './blocking-invariants.js';
import { said, walk } from './history.js';
import type { Wallet } from './world.js';

const namesOf = (wallets: readonly Wallet[]): readonly string[] =>
  wallets.map(({ name }) => `name ${name.toLowerCase()}`);
const codesOf = (wallets: readonly Wallet[]): readonly string[] =>
  wallets.flatMap(({ code }) => (code === null ? [] : [`code ${code}`]));

/**
 * Among the wallets that are not archived no two have a name, in whatever case, or a code; whoever is responsible stays a member; who is
 * in it is so once; and an archived wallet changes no more and takes nobody, but for whom a merge took out of it that was undone.
 */
export const walletsInOrder: Invariant = (history) => {
  const broken: string[] = [];
  let archived = new Set<string>();
  let entered: string[] = [];
  const left = new Set<string>();
  walk(history, {
    fact: (fact, before, around) => {
      const { type, data, category } = fact;
      if (category !== 'wallet' && category !== 'walletcontact') return;
      const wallet = before.wallets.get(data.walletId);
      if (category === 'wallet' && wallet?.archived === true) broken.push(`${said(fact)} changes an archived wallet`);
      if (type === 'WalletMemberRemoved' && wallet?.responsibleId === data.staffId)
        broken.push(`${said(fact)} removes the responsible`);
      if (type === 'WalletMemberAdded' && (wallet?.members.has(data.staffId) ?? true))
        broken.push(`${said(fact)} adds a member again`);
      if (type === 'WalletContactRemoved' && wallet?.contacts.has(data.contactId) !== true)
        broken.push(`${said(fact)} takes out who is not in it`);
      const pair = `${String(data.walletId)} ${String(data.contactId)}`;
      const isAbsorbed = (before.contacts.get(data.contactId)?.absorbed ?? null) !== null;
      if (type === 'WalletContactRemoved' && isAbsorbed) left.add(pair);
      if (type !== 'WalletContactAdded') return;
      if (wallet?.contacts.has(data.contactId) === true) broken.push(`${said(fact)} takes in who is in it`);
      // One that is being archived may still take somebody.
      const isBack = left.delete(pair) && data.via === 'merge' && !isAbsorbed;
      if (archived.has(data.walletId) && !isBack) broken.push(`${said(fact)} comes into an archived wallet`);
      if (around.setting('wallet.perContact').every((value) => value === 'one')) entered.push(data.contactId);
    },
    step: (_step, after) => {
      const all = [...after.wallets.values()];
      const active = all.filter((wallet) => !wallet.archived);
      archived = new Set(all.filter((wallet) => wallet.archived).map(({ walletId }) => walletId));
      const taken = [...namesOf(active), ...codesOf(active)];
      for (const [at, one] of taken.entries()) if (taken.indexOf(one) < at) broken.push(`two wallets have ${one}`);
      for (const contactId of new Set(entered)) {
        const count = active.filter(({ contacts }) => contacts.has(contactId)).length;
        if (count > 1) broken.push(`${contactId} is in ${String(count)} wallets where one is all that it may have`);
      }
      entered = [];
      for (const { walletId, contacts } of active)
        for (const contactId of contacts.keys())
          if (after.contacts.get(contactId)?.absorbed !== null)
            broken.push(`${contactId} is in ${walletId}, though merged`);
    },
  });
  return [...new Set(broken)];
};
