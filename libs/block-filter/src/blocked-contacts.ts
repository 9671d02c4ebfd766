// One row an episode of blocking: the blocked list is the open ones. What was ignored is counted here and nowhere else.
import { integer, json, nullable, projection, text, type Recorded } from '#kernel';
import type { BlockKind, ContactEvent, IgnoredEvent, Scope } from '#contacts';
import type { ConversationEvent } from '#conversations';

type EpisodeEvent =
  | Extract<ContactEvent, { data: { blockId: string } }>
  | Extract<ContactEvent, { type: 'ErasureRequested' }>
  | IgnoredEvent
  | Extract<ConversationEvent, { type: 'MessageHidden' }>;

const ignored = <R extends { readonly ignored_count: number; readonly last_ignored_at: string | null }>(
  row: R | null,
  at: string,
): R | null =>
  row && {
    ...row,
    ignored_count: row.ignored_count + 1,
    last_ignored_at: row.last_ignored_at !== null && row.last_ignored_at > at ? row.last_ignored_at : at,
  };

export const blockedContacts = projection<EpisodeEvent>()({
  name: 'blocked_contacts',
  version: 2,
  table: {
    key: ['block_id'],
    columns: {
      contact_id: text,
      kind: text,
      scope: json<Scope>(),
      reason_code: nullable(text),
      blocked_by: text,
      blocked_at: text,
      expires_at: nullable(text),
      ended_at: nullable(text),
      ignored_count: integer,
      last_ignored_at: nullable(text),
    },
    indexes: [['ended_at', 'blocked_at desc', 'block_id desc'], ['ended_at', 'expires_at'], ['contact_id']],
  },
  keyOf: ({ data }: Recorded<EpisodeEvent>) => (data.blockId === null ? null : { block_id: data.blockId }),
  on: {
    ContactBlocked: (_row, { data }) => ({
      contact_id: data.contactId,
      kind: data.kind satisfies BlockKind,
      scope: data.scope,
      reason_code: data.reasonCode,
      blocked_by: data.blockedBy,
      blocked_at: data.blockedAt,
      expires_at: data.expiresAt,
      ended_at: null,
      ignored_count: 0,
      last_ignored_at: null,
    }),
    ContactBlockChanged: (row, { data }) =>
      row && {
        ...row,
        scope: data.scope ?? row.scope,
        reason_code: data.reasonCode === undefined ? row.reason_code : data.reasonCode,
        expires_at: data.expiresAt === undefined ? row.expires_at : data.expiresAt,
      },
    ContactUnblocked: (row, { data }) => row && { ...row, ended_at: data.unblockedAt },
    ContactBlockExpired: (row, { data }) => row && { ...row, ended_at: data.expiredAt },
    // Nothing is filtered for it any more.
    ErasureRequested: (row, { data }) => row && { ...row, ended_at: data.requestedAt },
    BlockedMessageIgnored: (row, { data }) => ignored(row, data.receivedAt),
    MessageHidden: (row, { data }) => ignored(row, data.hiddenAt),
  },
});
