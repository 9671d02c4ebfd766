// One row for each contact in a wallet. Lists of contacts and conversations are filtered by it, and the card names its wallets.
import { projection, text, type Recorded } from '#kernel';
import type { WalletContactEvent } from './wallet-contact.js';

export const walletContacts = projection<WalletContactEvent>()({
  name: 'wallet_contacts',
  version: 1,
  table: {
    key: ['wallet_id', 'contact_id'],
    columns: { added_at: text, added_by: text, via: text, position: text },
    indexes: [['contact_id']],
  },
  keyOf: ({ data }: Recorded<WalletContactEvent>) => ({ wallet_id: data.walletId, contact_id: data.contactId }),
  on: {
    WalletContactAdded: (_row, { data, position }) => ({
      added_at: data.addedAt,
      added_by: data.addedBy,
      via: data.via,
      position,
    }),
    WalletContactRemoved: () => null,
  },
});
