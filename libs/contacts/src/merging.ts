// What a merge makes of two contacts, and what its undoing gives back. Neither ever weakens a block [I14].
import { later } from '#kernel';
import { isWeak } from './addresses.js';
import { CONSENT_CHANNELS, type Consent, type ConsentChannel, type Consents } from './consents.js';
import type { AbsorbedContact, ActiveContact, DataOf, Merge, OpenBlock, Restored } from './contact.js';
import { ended, opened, sameScope, united, type Coverage } from './coverage.js';

/**
 * The fact of a merge as the survivor takes it in at `now`, which is not before its last time. `absorbed` is frozen.
 * If one side is blocked its episode survives; if both, the survivor's with both scopes and the later end, and the absorbed one ends.
 * The block of either side covers all addresses of the other from the moment of freezing, weak ones too that the other's own block does
 * not cover; an address that was covered already keeps its start.
 */
export const mergeOf = (
  survivor: ActiveContact,
  absorbed: AbsorbedContact,
  { mergeId, walletOutcome, mergedBy }: Pick<DataOf<'ContactsMerged'>, 'mergeId' | 'walletOutcome' | 'mergedBy'>,
  now: string,
): DataOf<'ContactsMerged'> => {
  const mergedAt = later(now, absorbed.absorbedAt);
  const { contactId } = survivor;
  const isOver = absorbed.block !== null && hasRunOut(absorbed.block, mergedAt);
  const theirs = isOver ? null : absorbed.block;
  const both = survivor.block !== null && theirs !== null;
  const block = both ? bothBlocks(survivor.block, theirs) : (survivor.block ?? theirs);
  const endedAt = both ? joinedAt(absorbed, survivor.block) : isOver ? absorbed.block.expiresAt : null;
  const brought = absorbed.coverage.map((one) => ({ ...one, contactId }));
  const identities = absorbed.identities.map(({ identityId, kind, value, verified, attachedAt, detachedAt }) => ({
    identityId,
    kind,
    value,
    verified,
    attachedAt,
    detachedAt,
  }));
  return {
    contactId,
    mergeId,
    absorbedId: absorbed.contactId,
    movedIdentityIds: attachedOf(absorbed),
    identities,
    blockOutcome: {
      keptBlockId: block?.blockId ?? null,
      endedBlockId: endedAt === null ? null : (absorbed.block?.blockId ?? null),
      endedAt,
    },
    block: block && withoutText(block),
    coverage: joined(
      survivor,
      absorbed,
      { block, isTheirs: theirs !== null },
      endedAt === null ? brought : ended(brought, endedAt, () => true),
    ),
    blockIds: absorbed.blockIds,
    consentOutcome: takenOver(survivor.consents, absorbed.consents),
    walletOutcome: walletOutcome.map(({ walletId, added }) => ({ walletId, added })),
    kinIds: absorbed.kin,
    mergedBy,
    mergedAt,
  };
};

/** An explicit refusal beats an explicit consent, that the default, and that nothing. */
const rank = (consent: Consent | undefined): number => {
  if (consent === undefined) return 0;
  if (consent.state === 'revoked') return 3;
  return consent.source === 'org_default' ? 1 : 2;
};

/** The channels on which the other side's word is the stronger one. */
const takenOver = (own: Consents, other: Consents): DataOf<'ContactsMerged'>['consentOutcome'] =>
  CONSENT_CHANNELS.flatMap((channel) => {
    const said = other[channel];
    return said !== undefined && rank(said) > rank(own[channel]) ? [{ channel, state: said.state }] : [];
  });

const withoutText = ({ reasonText: _, ...block }: OpenBlock): Omit<OpenBlock, 'reasonText'> => block;

const hasRunOut = ({ expiresAt }: OpenBlock, at: string): boolean => expiresAt !== null && expiresAt <= at;

const attachedOf = ({ identities }: Pick<ActiveContact, 'identities'>): readonly string[] =>
  identities.filter((one) => one.detachedAt === null).map((one) => one.identityId);

/** Addresses that the contact has and its open block does not cover: weak ones that came during it. */
export const uncoveredOf = (contact: Pick<ActiveContact, 'identities' | 'coverage'>): readonly string[] => {
  const covered = new Set(contact.coverage.filter(({ to }) => to === null).map(({ identityId }) => identityId));
  return attachedOf(contact).filter((identityId) => !covered.has(identityId));
};

const bothBlocks = (own: OpenBlock, other: OpenBlock): OpenBlock => ({
  ...own,
  scope: united(own.scope, other.scope),
  expiresAt: own.expiresAt === null || other.expiresAt === null ? null : later(own.expiresAt, other.expiresAt),
  closeOpen: own.closeOpen || other.closeOpen,
});

/**
 * All coverage behind a merge: what both had, and what the block that goes on opens for addresses of the other side. `isTheirs`: it is
 * the absorbed contact's too.
 */
const joined = (
  survivor: ActiveContact,
  absorbed: AbsorbedContact,
  { block, isTheirs }: { readonly block: OpenBlock | null; readonly isTheirs: boolean },
  brought: readonly Coverage[],
): readonly Coverage[] => {
  const { contactId } = survivor;
  if (block === null) return [...survivor.coverage, ...brought];
  const from = joinedAt(absorbed, block);
  const own = survivor.block === null ? survivor : widened(survivor, block, from);
  const reached = [
    ...(isTheirs ? uncoveredOf(survivor) : []),
    ...(survivor.block === null ? [] : attachedOf(absorbed)),
  ];
  return [...own.coverage, ...brought, ...opened(contactId, block, reached, from)];
};

/** From when on a block holds for both sides. */
const joinedAt = (absorbed: AbsorbedContact, block: OpenBlock): string => later(absorbed.absorbedAt, block.blockedAt);

/** The survivor's own coverage once its block has the scope of both: one interval after the other for each address. */
const widened = (survivor: ActiveContact, block: OpenBlock, from: string): Pick<ActiveContact, 'coverage'> => {
  if (survivor.block === null || sameScope(block.scope, survivor.block.scope)) return survivor;
  const since = new Map<string, string>();
  for (const one of survivor.coverage) {
    if (one.to === null) since.set(one.identityId, later(since.get(one.identityId) ?? from, one.from));
  }
  return {
    coverage: [
      ...survivor.coverage.map((one) => (one.to === null ? { ...one, to: since.get(one.identityId) ?? from } : one)),
      ...[...since].flatMap(([identityId, at]) => opened(survivor.contactId, block, [identityId], at)),
    ],
  };
};

/**
 * The fact that undoes a merge, as the survivor says it at `now`, which is not before its last time and behind the end of a block that
 * ran out. Each side gets back its block as it was, with the addresses that it covered and those that became strong since, unless the
 * block of both ended since: that ends both. What else became of the survivor stays its own; an address that was detached since stays
 * detached.
 */
export const separationOf = (
  survivor: ActiveContact,
  merge: Merge,
  absorbed: AbsorbedContact,
  unmergedBy: string,
  now: string,
): DataOf<'ContactsUnmerged'> => {
  const { block } = survivor;
  const isMoved = (identityId: string): boolean => merge.identityIds.includes(identityId);
  const goesOn = block !== null && block.blockId === merge.after?.blockId;
  const isTheirs = goesOn && merge.before === null;
  const theirs = isTheirs ? block : goesOn && merge.endedBlockId !== null ? stillDue(absorbed.block, now) : null;
  const own = isTheirs ? null : goesOn && merge.before !== null ? asBefore(block, merge, now) : block;
  const kept = survivor.coverage.filter((one) => !isMoved(one.identityId));
  const mine = goesOn ? ended(kept, now, leaves(survivor, merge.uncoveredIds)) : kept;
  const given = survivor.coverage
    .filter((one) => isMoved(one.identityId))
    .map((one) => ({ ...one, contactId: absorbed.contactId }));
  const isLeft = leaves(survivor, uncoveredOf(absorbed));
  const identities = survivor.identities
    .filter((one) => isMoved(one.identityId))
    .map(({ identityId, verified, detachedAt }) => ({ identityId, verified, detachedAt }));
  const restored: Restored = {
    identities,
    block: theirs,
    coverage: isTheirs
      ? given
      : [
          ...ended(given, now, () => true),
          ...(theirs === null
            ? []
            : opened(
                absorbed.contactId,
                theirs,
                identities.filter((one) => one.detachedAt === null && !isLeft(one)).map((one) => one.identityId),
                now,
              )),
        ],
  };
  return {
    contactId: survivor.contactId,
    mergeId: merge.mergeId,
    absorbedId: absorbed.contactId,
    block: own,
    coverage: ownCoverage(survivor, mine, own, now),
    consents: consentsBefore(survivor.consents, merge),
    restored,
    unmergedBy,
    unmergedAt: now,
  };
};

const stillDue = (block: OpenBlock | null, now: string): OpenBlock | null =>
  block === null || hasRunOut(block, now) ? null : block;

/** Does an address leave the block that a merge made reach it, since its own did not and it says no more of the person than then? */
const leaves =
  ({ identities }: ActiveContact, uncoveredIds: readonly string[]) =>
  ({ identityId }: { readonly identityId: string }): boolean =>
    uncoveredIds.includes(identityId) &&
    identities.some((one) => one.identityId === identityId && isWeak(one.kind, one.verified));

/** The survivor's own block with the scope and the end that it had before, unless somebody changed them since. The past stays as it was: it ends now at the earliest. */
const asBefore = (block: OpenBlock, { before, after }: Merge, now: string): OpenBlock => {
  if (before === null || after === null) return block;
  const { scope, expiresAt, closeOpen } = before;
  return {
    ...block,
    ...(sameScope(block.scope, after.scope) ? { scope } : {}),
    ...(block.expiresAt === after.expiresAt ? { expiresAt: expiresAt === null ? null : later(expiresAt, now) } : {}),
    closeOpen,
  };
};

const ownCoverage = (
  survivor: ActiveContact,
  mine: readonly Coverage[],
  own: OpenBlock | null,
  now: string,
): readonly Coverage[] => {
  if (own === null) return ended(mine, now, () => true);
  if (survivor.block === null || sameScope(own.scope, survivor.block.scope)) return mine;
  const identityIds = [...new Set(mine.filter((one) => one.to === null).map((one) => one.identityId))];
  return [...ended(mine, now, () => true), ...opened(survivor.contactId, own, identityIds, now)];
};

/** As they were before, where nobody said anything since. */
const consentsBefore = (consents: Consents, merge: Merge): Consents => {
  const kept: Partial<Record<ConsentChannel, Consent>> = {};
  for (const channel of CONSENT_CHANNELS) {
    const now = consents[channel];
    const isTakenOver = now?.source === 'merge' && now.at === merge.mergedAt;
    const before = isTakenOver ? merge.consents[channel] : now;
    if (before !== undefined) kept[channel] = before;
  }
  return kept;
};
