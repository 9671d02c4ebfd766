// What should come of two contacts that are one person, and of undoing that.
import { cover, end, endWhatRanOut, enforce, enforceConsents, rescope, united } from './contacts.js';
import { accepted, refused, type Outcome, type Wish } from './operations.js';
import {
  coveragesOf,
  episodeAt,
  isWeak,
  latest,
  setting,
  type Consent,
  type Contact,
  type Episode,
  type EpisodeCoverage,
  type Identity,
  type Merge,
  type Scope,
  type Time,
  type Wallet,
  type World,
} from './world.js';

type Of<K extends Wish['do']> = Extract<Wish, { do: K }>;

/** What undoing a merge needs to know of the moment of the merge. */
type Memory = {
  readonly identityIds: readonly string[];
  readonly consents: ReadonlyMap<string, Consent>;
  /** What the survivor took over from the other. */
  readonly taken: ReadonlyMap<string, Consent>;
  /** The survivor's own block before and behind it, if it had one. */
  readonly before: { readonly scope: Scope; readonly expiresAt: Time | null; readonly closeOpen: boolean } | null;
  readonly behind: { readonly scope: Scope; readonly expiresAt: Time | null } | null;
  readonly own: Episode | null;
  readonly theirs: Episode | null;
  /** The addresses of either side that its own block did not cover. */
  readonly uncovered: readonly string[];
  /** Their block, where it went on with the survivor. */
  readonly carried: Episode | null;
  readonly wallets: readonly { readonly wallet: Wallet; readonly brought: boolean }[];
};
const memories = new WeakMap<Merge, Memory>();

export const merge = (world: World, { survivorId, absorbedId, confirm }: Of<'merge'>, asked: Time): Outcome => {
  const [survivor, absorbed] = [world.contacts.get(survivorId), world.contacts.get(absorbedId)];
  if (survivorId === absorbedId) return refused('invalid-request');
  if (survivor === undefined || absorbed === undefined) return refused('not-found');
  if (!confirm) return refused('confirmation-required');
  if (absorbed.absorbed?.intoId === survivorId) return accepted({ mergeId: absorbed.absorbed.mergeId });
  if (absorbed.absorbed !== null || survivor.absorbed !== null) return refused('contact-merged');
  const decided: Merge = {
    ...{ mergeId: `merge-${String(world.merges.size + 1)}`, survivorId, absorbedId, undone: false },
  };
  world.merges.set(decided.mergeId, decided);
  const now = latest(asked, survivor.lastTime, absorbed.lastTime);
  for (const side of [survivor, absorbed]) {
    endWhatRanOut(side, now);
    side.lastTime = now;
  }
  absorbed.absorbed = { mergeId: decided.mergeId, intoId: survivorId, block: episodeAt(absorbed, now) };
  const blocks = joinBlocks(survivor, absorbed, now);
  const consents = new Map(survivor.consents);
  const taken = takeOver(survivor, absorbed);
  const identityIds = absorbed.identities.map(({ identityId }) => identityId);
  survivor.identities.push(...absorbed.identities.splice(0));
  relink(world, identityIds, survivorId);
  memories.set(decided, {
    ...blocks,
    identityIds,
    consents,
    taken,
    wallets: joinWallets(world, survivorId, absorbedId),
  });
  enforce(world, survivor, now);
  enforceConsents(world, survivor);
  return accepted({ mergeId: decided.mergeId });
};

type Blocks = Pick<Memory, 'before' | 'behind' | 'own' | 'theirs' | 'uncovered' | 'carried'>;

/** A block of either holds for all addresses of the other; of two the survivor's goes on, as wide and as long as both. */
const joinBlocks = (survivor: Contact, absorbed: Contact, now: Time): Blocks => {
  const [own, theirs] = [episodeAt(survivor, now), episodeAt(absorbed, now)];
  const attached = (contact: Contact): readonly string[] =>
    contact.identities.filter((one) => one.attached).map(({ identityId }) => identityId);
  const left = (contact: Contact, block: Episode | null): readonly string[] =>
    attached(contact).filter((identityId) => block?.identityIds.includes(identityId) !== true);
  const uncovered = [...left(survivor, own), ...left(absorbed, theirs)];
  if (own === null) {
    bring(
      survivor,
      coveragesOf(absorbed).filter(({ blockId }) => blockId !== theirs?.blockId),
    );
    if (theirs === null) return { before: null, behind: null, own, theirs, uncovered, carried: null };
    const carried = {
      ...theirs,
      identityIds: [...theirs.identityIds],
      coverage: theirs.coverage.map((one) => ({ ...one })),
    };
    for (const identityId of attached(survivor)) cover(carried, identityId, now);
    goOnWith(survivor, carried);
    return { before: null, behind: null, own, theirs, uncovered, carried };
  }
  const before = { scope: own.scope, expiresAt: own.expiresAt, closeOpen: own.closeOpen };
  if (theirs !== null) {
    end(theirs, now);
    rescope(survivor, own, united(own.scope, theirs.scope), now);
    own.expiresAt =
      own.expiresAt === null || theirs.expiresAt === null ? null : latest(own.expiresAt, theirs.expiresAt);
    own.closeOpen ||= theirs.closeOpen;
    for (const identityId of left(survivor, own)) cover(own, identityId, now);
  }
  bring(survivor, coveragesOf(absorbed));
  for (const identityId of attached(absorbed)) cover(own, identityId, now);
  return { before, behind: { scope: own.scope, expiresAt: own.expiresAt }, own, theirs, uncovered, carried: null };
};

/** One that the contact had until an undoing goes on where it stands, with what it covered then. */
const goOnWith = (contact: Contact, carried: Episode): void => {
  const known = contact.episodes.findIndex(({ blockId }) => blockId === carried.blockId);
  const past = contact.episodes.splice(known === -1 ? contact.episodes.length : known, 1, carried);
  carried.coverage.unshift(...past.flatMap(({ coverage }) => coverage));
};

/** What covered the other is the contact's own past: of an episode that it has, where they were one before. */
const bring = (contact: Contact, coverage: readonly EpisodeCoverage[]): void => {
  for (const one of copied(coverage)) {
    const own = contact.episodes.find(({ blockId }) => blockId === one.blockId);
    (own?.coverage ?? contact.brought).push(one);
  }
};

const copied = (coverage: readonly EpisodeCoverage[]): EpisodeCoverage[] => coverage.map((one) => ({ ...one }));

/** The explicit refusal before the explicit consent, that before what everybody is granted, and that before nothing. */
export const strengthOf = (consent: Consent | undefined): number => {
  if (consent === undefined) return 0;
  if (consent.state === 'revoked') return 3;
  return consent.source === 'org_default' ? 1 : 2;
};

const takeOver = (survivor: Contact, absorbed: Contact): ReadonlyMap<string, Consent> => {
  const taken = new Map<string, Consent>();
  for (const [channel, consent] of absorbed.consents)
    if (strengthOf(consent) > strengthOf(survivor.consents.get(channel)))
      taken.set(channel, { state: consent.state, source: 'merge' });
  for (const [channel, consent] of taken) survivor.consents.set(channel, consent);
  return taken;
};

const relink = (world: World, identityIds: readonly string[], contactId: string): void => {
  for (const conversation of world.conversations.values())
    if (identityIds.includes(conversation.identityId)) conversation.contactId = contactId;
};

/** Whoever was absorbed leaves all wallets; the survivor comes into those that take somebody. */
const joinWallets = (world: World, survivorId: string, absorbedId: string): Memory['wallets'] => {
  const all = [...world.wallets.values()];
  const isIn = (contactId: string) => all.filter(({ contacts, archived }) => !archived && contacts.has(contactId));
  const left = all.filter(({ contacts }) => contacts.has(absorbedId));
  const fitting = isIn(absorbedId).filter(({ contacts }) => !contacts.has(survivorId));
  const isOne = setting(world, 'wallet.perContact') === 'one';
  // Where a wallet is all that a contact may have, its own stays.
  const entered = isOne ? (isIn(survivorId).length > 0 ? [] : newestOf(world, fitting, absorbedId)) : fitting;
  for (const { contacts } of entered) contacts.set(survivorId, 'merge');
  for (const { contacts } of left) contacts.delete(absorbedId);
  return left.map((wallet) => ({ wallet, brought: entered.includes(wallet) }));
};

/** The wallet that the contact came into last. */
const newestOf = (world: World, wallets: readonly Wallet[], contactId: string): readonly Wallet[] =>
  [...wallets].sort((a, b) => enteredAt(world, a, contactId) - enteredAt(world, b, contactId)).slice(-1);

const entries = new WeakMap<World, Map<string, number>>();
/** Notes that a contact came into a wallet: how many had come into any before it. */
export const noteEntry = (world: World, { walletId }: Wallet, contactId: string): void => {
  const own = entries.get(world) ?? new Map<string, number>();
  const count = own.size === 0 ? 0 : Math.max(...own.values()) + 1;
  entries.set(world, own.set(`${walletId}|${contactId}`, count));
};
const enteredAt = (world: World, { walletId }: Wallet, contactId: string): number =>
  entries.get(world)?.get(`${walletId}|${contactId}`) ?? -1;

export const undoMerge = (world: World, { mergeId }: Of<'undoMerge'>, asked: Time): Outcome => {
  const decided = world.merges.get(mergeId);
  const memory = decided && memories.get(decided);
  if (decided === undefined || memory === undefined) return refused('not-found');
  if (decided.undone) return accepted({ mergeId });
  const { survivorId, absorbedId } = decided;
  const all = [...world.merges.values()];
  const isBuiltOn = all
    .slice(all.indexOf(decided) + 1)
    .some((one) => !one.undone && [one.survivorId, one.absorbedId].includes(survivorId));
  if (isBuiltOn) return refused('merge-superseded');
  const [survivor, absorbed] = [world.contacts.get(survivorId)!, world.contacts.get(absorbedId)!];
  decided.undone = true;
  const now = latest(asked, survivor.lastTime, absorbed.lastTime);
  endWhatRanOut(survivor, now);
  for (const side of [survivor, absorbed]) side.lastTime = now;
  absorbed.absorbed = null;
  const isMoved = ({ identityId }: { readonly identityId: string }): boolean => memory.identityIds.includes(identityId);
  absorbed.identities.push(...survivor.identities.filter(isMoved));
  survivor.identities.splice(0, Infinity, ...survivor.identities.filter((one) => !isMoved(one)));
  relink(world, memory.identityIds, absorbedId);
  separateBlocks(survivor, absorbed, memory, now);
  // What was taken over and nobody said anything of since is as it was.
  for (const [channel, consent] of memory.taken) {
    if (survivor.consents.get(channel) !== consent) continue;
    const before = memory.consents.get(channel);
    if (before === undefined) survivor.consents.delete(channel);
    else survivor.consents.set(channel, before);
  }
  for (const { wallet, brought } of memory.wallets) {
    // Each side is where it was, in a wallet that was archived since too: nobody is added.
    if (!wallet.contacts.has(absorbedId)) {
      wallet.contacts.set(absorbedId, 'merge');
      noteEntry(world, wallet, absorbedId);
    }
    if (brought && wallet.contacts.get(survivorId) === 'merge') wallet.contacts.delete(survivorId);
  }
  for (const side of [survivor, absorbed]) {
    enforce(world, side, now);
    enforceConsents(world, side);
  }
  return accepted({ mergeId });
};

/** Each side has its own block again, unless the one that both had was ended since; what was covered stays covered. */
const separateBlocks = (survivor: Contact, absorbed: Contact, memory: Memory, now: Time): void => {
  const { own, theirs, uncovered, carried, before, behind } = memory;
  const covers = copied(coveragesOf(survivor).map((one) => ({ ...one, to: openedTo(survivor, one) })));
  const isMoved = ({ identityId }: { readonly identityId: string }): boolean => memory.identityIds.includes(identityId);
  const given = covers.filter(isMoved);
  const mine = covers.filter((one) => !isMoved(one));
  const closed = (some: EpisodeCoverage[]): void => {
    for (const one of some) one.to ??= now;
  };
  const open = episodeAt(survivor, now);
  // What became strong since is covered by the block that its side has again.
  const isLeft = ({ identityId, kind, verified }: Identity): boolean =>
    uncovered.includes(identityId) && isWeak(kind, verified);
  const reached = absorbed.identities.filter((one) => one.attached && !isLeft(one));
  if (carried !== null && theirs !== null) {
    if (open === carried) {
      theirs.scope = carried.scope;
      theirs.reasonCode = carried.reasonCode;
      theirs.expiresAt = carried.expiresAt;
      closed(mine);
      carried.endedAt = now;
    } else {
      theirs.endedAt = carried.endedAt;
      closed(given);
    }
  } else {
    closed(given);
    if (open !== null && open === own) {
      const leaves = survivor.identities.filter(isLeft).map(({ identityId }) => identityId);
      closed(mine.filter(({ identityId }) => leaves.includes(identityId)));
    }
    if (open !== null && open === own && theirs !== null && (theirs.expiresAt === null || theirs.expiresAt > now)) {
      theirs.endedAt = null;
      const { blockId, closeOpen, inboundMode } = theirs;
      const again: Episode = { ...theirs, identityIds: [], coverage: [] };
      for (const { identityId } of reached) cover(again, identityId, now);
      given.push(...again.coverage.map((one) => ({ ...one, blockId, closeOpen, inboundMode })));
    }
  }
  regroup(survivor, mine);
  regroup(absorbed, given);
  if (open === null || open !== own || before === null || behind === null) return;
  if (sameScope(open.scope, behind.scope)) rescope(survivor, open, before.scope, now);
  // The past stays as it was: an end that lies behind is now.
  if (open.expiresAt === behind.expiresAt)
    open.expiresAt = before.expiresAt === null ? null : latest(before.expiresAt, now);
  open.closeOpen = before.closeOpen;
};

const sameScope = (one: Scope, other: Scope): boolean => JSON.stringify(one) === JSON.stringify(other);

/** `null` again for what lasts as long as its episode. */
const openedTo = (contact: Contact, { blockId, identityId, channel, from, to }: EpisodeCoverage): Time | null => {
  const episode = contact.episodes.find((one) => one.blockId === blockId);
  const same = episode?.coverage.find(
    (one) => one.identityId === identityId && one.channel === channel && one.from === from && one.to === null,
  );
  return same === undefined ? to : null;
};

/** Gives each of the contact's episodes what is its own of the coverage, and the contact the rest. */
export const regroup = (contact: Contact, coverage: readonly EpisodeCoverage[]): void => {
  const own = new Set(contact.episodes.map(({ blockId }) => blockId));
  for (const { blockId, endedAt, identityIds, coverage: covers } of contact.episodes) {
    covers.splice(0, Infinity, ...copied(coverage.filter((one) => one.blockId === blockId)));
    const open = new Set(covers.filter(({ to }) => to === null && endedAt === null).map((one) => one.identityId));
    identityIds.splice(0, Infinity, ...open);
  }
  contact.brought.splice(0, Infinity, ...copied(coverage.filter(({ blockId }) => !own.has(blockId))));
};
