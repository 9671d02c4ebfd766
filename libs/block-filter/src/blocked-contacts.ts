// One row an episode of blocking: the blocked list is the open ones. What was ignored is counted here and nowhere else.
import { integer, json, nullable, projection, text, type Recorded } from '#kernel';
import type { BlockKind, ContactEvent, IgnoredEvent, Scope } from '#contacts';
import type { ConversationEvent } from '#conversations';

type EpisodeEvent =
  | Extract<ContactEvent, { data: { blockId: string } }>
  | Extract<ContactEvent, { type: 'ContactsMerged' | 'ContactsUnmerged' | 'ErasureRequested' }>
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

/** The episodes that an event tells of: those of both sides where contacts are merged or separated. */
const episodesOf = ({ type, data }: EpisodeEvent): readonly (string | null | undefined)[] => {
  switch (type) {
    case 'ContactsMerged':
      return [data.blockOutcome.keptBlockId, data.blockOutcome.endedBlockId];
    case 'ContactsUnmerged':
      return [data.block?.blockId, data.restored.block?.blockId];
    default:
      return [data.blockId];
  }
};

/** An open episode as its contact has it now. */
const held = <R extends object>(
  row: R,
  contactId: string,
  block: { readonly scope: Scope; readonly expiresAt: string | null } | null,
) =>
  block === null
    ? row
    : { ...row, contact_id: contactId, scope: block.scope, expires_at: block.expiresAt, ended_at: null };

export const blockedContacts = projection<EpisodeEvent>()({
  name: 'blocked_contacts',
  version: 3,
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
  keyOf: (event: Recorded<EpisodeEvent>) =>
    episodesOf(event)
      .filter((blockId) => typeof blockId === 'string')
      .map((blockId) => ({ block_id: blockId })),
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
    ContactsMerged: (row, { data }, key) => {
      if (row === null) return null;
      const { endedBlockId, endedAt } = data.blockOutcome;
      return key.block_id === endedBlockId ? { ...row, ended_at: endedAt } : held(row, data.contactId, data.block);
    },
    ContactsUnmerged: (row, { data }, key) => {
      if (row === null) return null;
      const { block: theirs } = data.restored;
      return key.block_id === theirs?.blockId
        ? held(row, data.absorbedId, theirs)
        : held(row, data.contactId, data.block);
    },
    BlockedMessageIgnored: (row, { data }) => ignored(row, data.receivedAt),
    MessageHidden: (row, { data }) => ignored(row, data.hiddenAt),
  },
});
