// On which days something of a contact was quarantined: each has a key of its own, which is destroyed when the day's content is due.
import { projection, text, type Recorded } from '#kernel';
import type { IgnoredEvent } from '#contacts';

export const quarantinedDays = projection<IgnoredEvent>()({
  name: 'quarantined_days',
  version: 1,
  table: {
    key: ['contact_id', 'day'],
    columns: { last_received_at: text },
    indexes: [['day', 'contact_id']],
  },
  keyOf: ({ data }: Recorded<IgnoredEvent>) =>
    data.mode === 'quarantine' ? { contact_id: data.contactId, day: data.receivedAt.slice(0, 10) } : null,
  on: {
    BlockedMessageIgnored: (_row, { data }) => ({ last_received_at: data.receivedAt }),
  },
});
