// One row a wallet, with its members, all its responsibles and the number of its contacts.
import { integer, json, nullable, projection, text, type Hours, type Recorded } from '#kernel';
import { nameKey } from './wallet-claims.js';
import type { WalletContactEvent } from './wallet-contact.js';
import type { WalletEvent } from './wallet.js';

/** `to: null`: they are it now. */
export type Responsible = { readonly staffId: string; readonly from: string; readonly to: string | null };

export const walletList = projection<WalletEvent | WalletContactEvent>()({
  name: 'wallets',
  version: 1,
  table: {
    key: ['wallet_id'],
    columns: {
      name: text,
      sort_name: text,
      code: nullable(text),
      hours: nullable(json<Hours>()),
      archived: integer,
      responsible_id: nullable(text),
      responsibles: json<readonly Responsible[]>(),
      members: json<readonly string[]>(),
      contact_count: integer,
      revision: integer,
    },
    indexes: [['sort_name', 'wallet_id']],
  },
  revisionOf: 'wallet',
  keyOf: ({ data }: Recorded<WalletEvent | WalletContactEvent>) => ({ wallet_id: data.walletId }),
  on: {
    WalletCreated: (_row, { data, revision }) => ({
      name: data.name,
      sort_name: nameKey(data.name),
      code: data.code,
      hours: data.hours,
      archived: 0,
      responsible_id: data.responsibleId,
      responsibles:
        data.responsibleId === null ? [] : [{ staffId: data.responsibleId, from: data.createdAt, to: null }],
      members: [],
      contact_count: 0,
      revision,
    }),
    WalletRenamed: (row, { data }) => row && { ...row, name: data.newName, sort_name: nameKey(data.newName) },
    WalletCodeChanged: (row, { data }) => row && { ...row, code: data.newCode },
    WalletHoursChanged: (row, { data }) => row && { ...row, hours: data.new },
    WalletResponsibleChanged: (row, { data }) => {
      if (row === null) return null;
      const { responsibleId, changedAt } = data;
      const past = row.responsibles.map((one) => (one.to === null ? { ...one, to: changedAt } : one));
      const responsibles =
        responsibleId === null ? past : [...past, { staffId: responsibleId, from: changedAt, to: null }];
      return { ...row, responsible_id: responsibleId, responsibles };
    },
    WalletMemberAdded: (row, { data }) =>
      row && { ...row, members: [...row.members.filter((one) => one !== data.staffId), data.staffId] },
    WalletMemberRemoved: (row, { data }) =>
      row && { ...row, members: row.members.filter((one) => one !== data.staffId) },
    WalletArchived: (row) => row && { ...row, archived: 1 },
    WalletContactAdded: (row) => row && { ...row, contact_count: row.contact_count + 1 },
    WalletContactRemoved: (row) => row && { ...row, contact_count: row.contact_count - 1 },
  },
});
