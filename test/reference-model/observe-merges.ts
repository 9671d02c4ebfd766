// What the stored facts say of merges: who is one with whom, and what covers them since.
import { end } from './contacts.js';
import type { Fact } from './history.js';
import { regroup } from './merges.js';
import { covering, episodeAt, type Contact, type Episode, type EpisodeCoverage, type World } from './world.js';

/** What the tenant's stream of merges decided. */
export const observeMerge = ({ merges }: World, type: string, data: Fact['data']): void => {
  const { mergeId, survivorId, absorbedId } = data;
  if (type === 'MergeRequested') merges.set(mergeId, { mergeId, survivorId, absorbedId, undone: false });
  const decided = merges.get(mergeId);
  if (type === 'MergeUndone' && decided !== undefined) decided.undone = true;
};

/** What became of a side. */
export const observeMerging = (world: World, type: string, data: Fact['data']): void => {
  const contact = world.contacts.get(data.contactId);
  if (contact === undefined) return;
  switch (type) {
    case 'ContactAbsorbed':
      contact.absorbed = { mergeId: data.mergeId, intoId: data.intoId, block: episodeAt(contact, data.absorbedAt) };
      return;
    case 'ContactsMerged': {
      const absorbed = world.contacts.get(data.absorbedId);
      if (absorbed === undefined) return;
      const ended = absorbed.episodes.find(({ blockId }) => blockId === data.blockOutcome.endedBlockId);
      if (ended?.endedAt === null) end(ended, data.blockOutcome.endedAt);
      contact.identities.push(...absorbed.identities.splice(0));
      holdBlock(contact, data.block, data.mergedAt);
      regroup(contact, spread(data.coverage));
      for (const { channel, state } of data.consentOutcome) contact.consents.set(channel, { state, source: 'merge' });
      return;
    }
    case 'ContactsUnmerged': {
      const absorbed = world.contacts.get(data.absorbedId);
      const restored = data.restored.identities as readonly { readonly identityId: string }[];
      const moved = restored.map(({ identityId }) => identityId);
      const isMoved = ({ identityId }: { readonly identityId: string }): boolean => moved.includes(identityId);
      absorbed?.identities.push(...contact.identities.filter(isMoved));
      contact.identities.splice(0, Infinity, ...contact.identities.filter((one) => !isMoved(one)));
      holdBlock(contact, data.block, data.unmergedAt);
      regroup(contact, spread(data.coverage));
      contact.consents.clear();
      for (const [channel, { state, source }] of Object.entries<Fact['data']>(data.consents))
        contact.consents.set(channel, { state, source });
      return;
    }
    case 'ContactRestored': {
      contact.absorbed = null;
      const from = world.contacts.get(data.fromId);
      const open = contact.episodes.find(({ endedAt }) => endedAt === null);
      const ended = from?.episodes.find(({ blockId }) => blockId === open?.blockId)?.endedAt;
      holdBlock(contact, data.block, ended ?? data.restoredAt);
      regroup(contact, spread(data.coverage));
    }
  }
};

/** The contact's open episode is this one from now on; `null`: it has none. Another that was open is over at that time. */
const holdBlock = (contact: Contact, block: Fact['data'], at: string): void => {
  for (const episode of contact.episodes) if (episode.blockId !== block?.blockId) episode.endedAt ??= at;
  if (block === null) return;
  const { blockId, scope, reasonCode, expiresAt, closeOpen, inboundMode } = block;
  const known = contact.episodes.findIndex((one) => one.blockId === blockId);
  const episode: Episode = {
    ...{ blockId, scope, reasonCode, expiresAt, closeOpen, inboundMode, endedAt: null },
    ...{ identityIds: [], coverage: [] },
  };
  if (known === -1) contact.episodes.push(episode);
  else contact.episodes[known] = episode;
};

/** By channel, where a fact may say "every channel". */
const spread = (coverage: readonly Fact['data'][]): readonly EpisodeCoverage[] =>
  coverage.flatMap(({ identityId, channel, from, to, blockId, closeOpen, inboundMode }) =>
    (channel === '*' ? covering({ all: true }) : [channel as string]).map((one) => ({
      ...{ identityId, channel: one, from, to, blockId, closeOpen, inboundMode },
    })),
  );
