import type { RowIn } from '#kernel';
import type { addressClaims, blockedContacts, blockFilter, hiddenMessages, keptMessages } from '#block-filter';
import type { walletContacts, walletList } from '#wallets';
import type { contactCard, duplicates, identityHolders } from '#contacts';
import type { assignmentHistory, outbound, readMarkers, refusals, timeline } from '#conversations';
import type { inbox } from './inbox.js';

/** The read models that lists join. */
export type Tables = {
  readonly inbox: RowIn<typeof inbox>;
  /** How many conversations there are by assignee and status, kept by the engine. */
  readonly inbox_counts: Pick<RowIn<typeof inbox>, 'tenant' | 'assignee_id' | 'status'> & { readonly n: number };
  readonly contact_card: RowIn<typeof contactCard>;
  readonly duplicates: RowIn<typeof duplicates>;
  readonly identity_holders: RowIn<typeof identityHolders>;
  readonly refusals: RowIn<typeof refusals>;
  readonly timeline: RowIn<typeof timeline>;
  readonly assignment_history: RowIn<typeof assignmentHistory>;
  readonly outbound: RowIn<typeof outbound>;
  readonly read_markers: RowIn<typeof readMarkers>;
  readonly hidden_messages: RowIn<typeof hiddenMessages>;
  readonly kept_messages: RowIn<typeof keptMessages>;
  readonly blocked_contacts: RowIn<typeof blockedContacts>;
  readonly address_claims: RowIn<typeof addressClaims>;
  readonly block_filter: RowIn<typeof blockFilter>;
  readonly wallets: RowIn<typeof walletList>;
  readonly wallet_contacts: RowIn<typeof walletContacts>;
};
