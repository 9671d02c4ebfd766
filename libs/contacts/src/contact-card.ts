// The contact as people see it, and the one table with clear names and addresses: lists join it, an erasure nulls it.
import { integer, json, nullable, projection, text, type Recorded } from '#kernel';
import type { Kind } from './addresses.js';
import type { Consent, ConsentChannel, Consents } from './consents.js';
import type { BlockKind, ContactEvent, Scope } from './contact.js';
import { folded, searchText } from './search-text.js';

export type CardIdentity = { identityId: string; kind: Kind; value: string | null; verified: boolean };

/** `reasonText` is sealed; the query opens it. */
export type CardBlock = {
  blockId: string;
  kind: BlockKind;
  scope: Scope;
  reasonCode: string | null;
  reasonText: unknown;
  blockedBy: string;
  blockedAt: string;
  expiresAt: string | null;
};

/** A channel without an entry is unset. */
export type CardConsents = Readonly<Partial<Record<ConsentChannel, Pick<Consent, 'state' | 'source' | 'at'>>>>;

type Names = { display_name: string | null; sort_name: string; search_text: string };

const named = (displayName: string | null, identities: readonly CardIdentity[]): Names => ({
  display_name: displayName,
  sort_name: folded(displayName ?? ''),
  search_text: searchText([displayName, ...identities.map((identity) => identity.value)]),
});

type Blocked = { block_id: string | null; block_expires_at: string | null; block: CardBlock | null };

const withBlock = <R extends Blocked>(row: R, open: CardBlock | null): R => {
  if (open === null) return { ...row, block_id: null, block_expires_at: null, block: null };
  const { blockId, kind, scope, reasonCode, reasonText, blockedBy, blockedAt, expiresAt } = open;
  const block = { blockId, kind, scope, reasonCode, reasonText, blockedBy, blockedAt, expiresAt };
  return { ...row, block_id: blockId, block_expires_at: expiresAt, block };
};

/** `|a|b|`, so that a tag is found whole. */
const tagText = (tags: readonly string[]): string => (tags.length === 0 ? '' : `|${tags.join('|')}|`);

const shownConsents = (consents: Consents): CardConsents =>
  Object.fromEntries(
    Object.entries(consents).map(([channel, { state, source, at }]) => [channel, { state, source, at }]),
  );

export const contactCard = projection<ContactEvent>()({
  name: 'contact_card',
  version: 5,
  table: {
    key: ['contact_id'],
    columns: {
      display_name: nullable(text),
      sort_name: text,
      search_text: text,
      identities: json<readonly CardIdentity[]>(),
      tags: json<readonly string[]>(),
      tag_text: text,
      block_id: nullable(text),
      block_expires_at: nullable(text),
      block: nullable(json<CardBlock>()),
      erased: integer,
      merged_into: nullable(text),
      consents: json<CardConsents>(),
      revision: integer,
    },
    indexes: [['sort_name', 'contact_id']],
    searched: 'search_text',
  },
  opens: ['ContactRegistered', 'ContactIdentityAttached', 'ContactDetailsChanged', 'ContactsMerged'],
  // Whatever of the contact could not be folded: nothing of it may stay.
  passesParking: ['ErasureRequested'],
  revisionOf: 'contact',
  keyOf: (event: Recorded<ContactEvent>) => ({ contact_id: event.data.contactId }),
  on: {
    ContactRegistered: (_row, { data, revision }) => {
      const identities = data.identities.map(({ identityId, kind, value, verified }) => ({
        identityId,
        kind,
        value,
        verified,
      }));
      return {
        ...named(data.displayName, identities),
        identities,
        tags: [],
        tag_text: '',
        block_id: null,
        block_expires_at: null,
        block: null,
        erased: 0,
        merged_into: null,
        consents: {},
        revision,
      };
    },
    ContactIdentityAttached: (row, { data }) => {
      if (row === null) return null;
      const { identityId, kind, value, verified } = data;
      const others = row.identities.filter((one) => one.identityId !== identityId);
      const known = row.identities.find((one) => one.identityId === identityId);
      const identities = [...others, { identityId, kind, value, verified: verified || known?.verified === true }];
      return { ...row, ...named(row.display_name, identities), identities };
    },
    ContactIdentityDetached: (row, { data }) => {
      if (row === null) return null;
      const identities = row.identities.filter((one) => one.identityId !== data.identityId);
      return { ...row, ...named(row.display_name, identities), identities };
    },
    DuplicateContactDetected: (row) => row,
    ContactDetailsChanged: (row, { data }) => row && { ...row, ...named(data.displayName, row.identities) },
    ContactTagged: (row, { data }) => {
      if (row === null) return null;
      const tags = [...row.tags, data.tag];
      return { ...row, tags, tag_text: tagText(tags) };
    },
    ContactUntagged: (row, { data }) => {
      if (row === null) return null;
      const tags = row.tags.filter((tag) => tag !== data.tag);
      return { ...row, tags, tag_text: tagText(tags) };
    },
    ContactBlocked: (row, { data }) => {
      if (row === null) return null;
      const { blockId, kind, scope, reasonCode, reasonText, blockedBy, blockedAt, expiresAt } = data;
      const block = { blockId, kind, scope, reasonCode, reasonText, blockedBy, blockedAt, expiresAt };
      return { ...row, block_id: blockId, block_expires_at: expiresAt, block };
    },
    ContactBlockChanged: (row, { data }) => {
      if (row?.block?.blockId !== data.blockId) return row;
      const { scope, reasonCode, reasonText, expiresAt } = data;
      const block = {
        ...row.block,
        ...(scope === undefined ? {} : { scope }),
        ...(reasonCode === undefined ? {} : { reasonCode }),
        ...(reasonText === undefined ? {} : { reasonText }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      };
      return { ...row, block, block_expires_at: block.expiresAt };
    },
    ContactUnblocked: (row) => row && { ...row, block_id: null, block_expires_at: null, block: null },
    ContactBlockExpired: (row) => row && { ...row, block_id: null, block_expires_at: null, block: null },
    // Before the keys are destroyed: what was folded in clear is gone behind this place of the log, in every generation that passes it.
    ErasureRequested: (row) => {
      if (row === null) return null;
      const identities = row.identities.map((identity) => ({ ...identity, value: null }));
      const bare = { tags: [], tag_text: '', consents: {}, erased: 1 };
      return { ...withBlock(row, null), ...named(null, []), ...bare, identities };
    },
    ContactErased: (row) => row,
    ErasureCompleted: (row) => row,
    ContactAbsorbed: (row, { data }) => row && { ...withBlock(row, null), merged_into: data.intoId },
    ContactsMerged: (row, { data }) => {
      if (row === null) return null;
      const moved = data.identities.filter((one) => one.detachedAt === null);
      const identities = [
        ...row.identities,
        ...moved.map(({ identityId, kind, value, verified }) => ({ identityId, kind, value, verified })),
      ];
      const reasonText = row.block_id === data.block?.blockId ? (row.block?.reasonText ?? null) : null;
      const block = data.block && { ...data.block, reasonText };
      return { ...withBlock(row, block), ...named(row.display_name, identities), identities };
    },
    ContactsUnmerged: (row, { data }) => {
      if (row === null) return null;
      const moved = new Set(data.restored.identities.map((one) => one.identityId));
      const identities = row.identities.filter((one) => !moved.has(one.identityId));
      const consents = shownConsents(data.consents);
      return { ...withBlock(row, data.block), ...named(row.display_name, identities), identities, consents };
    },
    ContactRestored: (row, { data }) => {
      if (row === null) return null;
      const became = new Map(data.identities.map((one) => [one.identityId, one]));
      const identities = row.identities
        .filter((one) => became.get(one.identityId)?.detachedAt === null)
        .map((one) => ({ ...one, verified: became.get(one.identityId)?.verified === true }));
      return { ...withBlock(row, data.block), ...named(row.display_name, identities), identities, merged_into: null };
    },
    ConsentGranted: (row, { data: { channel, source, grantedAt: at } }) =>
      row && { ...row, consents: { ...row.consents, [channel]: { state: 'granted', source, at } } },
    ConsentRevoked: (row, { data: { channel, source, revokedAt: at } }) =>
      row && { ...row, consents: { ...row.consents, [channel]: { state: 'revoked', source, at } } },
  },
});
