// What a history must keep of merges [I14]. Answers with what breaks it, a sentence each.
import type { Invariant } from './blocking-invariants.js';
import { said, walk, type Fact } from './history.js';
import { strengthOf } from './merges.js';
import {
  covering,
  coveragesOf,
  coversAt,
  CONSENT_CHANNELS,
  episodeAt,
  presentOf,
  shifted,
  type Contact,
  type Cover,
  type Episode,
  type Time,
  type World,
} from './world.js';

/** What has to be so behind a fact; answers with what is not. */
type Promised = (after: World) => readonly string[];

const coversOf = (contact: Contact, identityId: string, channel: string): readonly Cover[] =>
  coveragesOf(contact)
    .filter((one) => one.identityId === identityId && one.channel === channel)
    .map((one) => ({ ...one, contactId: contact.contactId }));

/** At all these times the address is covered on the channel by the contact's own blocks. */
const covered =
  (fact: Fact, contactId: string, identityId: string, channel: string, times: readonly Time[]): Promised =>
  (after) => {
    const contact = after.contacts.get(contactId);
    const covers = contact === undefined ? [] : coversOf(contact, identityId, channel);
    return times
      .filter((time) => coversAt(covers, time) === null)
      .map((time) => `${said(fact)} uncovers ${identityId} on ${channel} at ${time}`);
  };

/** What covered any address of either side still does, and a block of one side covers the addresses of both from now on. */
const keepsBlocks = (fact: Fact, survivor: Contact, absorbed: Contact): readonly Promised[] => {
  const at = fact.data.mergedAt as Time;
  const past = [survivor, absorbed].flatMap((side) =>
    coveragesOf(side)
      .filter(({ from, to }) => to === null || from < to)
      .map(({ identityId, channel, from, to }) =>
        covered(fact, survivor.contactId, identityId, channel, [from, to === null ? at : shifted(to, -1)]),
      ),
  );
  const attached = [survivor, absorbed].flatMap(({ identities }) => identities.filter((one) => one.attached));
  const present = [
    [survivor, absorbed],
    [absorbed, survivor],
  ].flatMap(([blocked, other]) => {
    const episode = blocked === undefined ? null : episodeAt(blocked, at);
    if (episode === null) return [];
    const reached = attached.filter(({ identityId }) => other?.identities.some((one) => one.identityId === identityId));
    return reached.flatMap(({ identityId }) =>
      covering(episode.scope).map((channel) => covered(fact, survivor.contactId, identityId, channel, [at])),
    );
  });
  return [...past, ...present];
};

/** The stronger word of the two holds on every channel. */
const keepsConsents = (fact: Fact, survivor: Contact, absorbed: Contact): Promised => {
  const wanted = CONSENT_CHANNELS.map((channel) => {
    const [own, other] = [survivor.consents.get(channel), absorbed.consents.get(channel)];
    return [channel, (strengthOf(other) > strengthOf(own) ? other : own)?.state] as const;
  });
  return (after) =>
    wanted
      .filter(([channel, state]) => after.contacts.get(survivor.contactId)?.consents.get(channel)?.state !== state)
      .map(([channel, state]) => `${said(fact)} makes ${channel} something else than ${String(state)}`);
};

/** What the sides of a merge that stands were before it. */
type Sides = {
  readonly survivorId: string;
  readonly own: Readonly<Episode> | null;
  readonly theirs: Readonly<Episode> | null;
  readonly refused: readonly string[];
  keptId: string | null;
  /** Somebody ended the block that both had. */
  isEnded: boolean;
};

const refusedOn = ({ consents }: Contact): readonly string[] =>
  [...consents].filter(([, { state }]) => state === 'revoked').map(([channel]) => channel);

/**
 * A merge weakens neither a block nor a refusal of either side, and its undoing gives each side its own back. When the policies have run
 * every decided merge is carried out, nobody is absorbed who absorbs, and whoever was absorbed changes no more.
 */
export const mergesNeverWeaken: Invariant = (history) => {
  const broken: string[] = [];
  let promises: Promised[] = [];
  const merged = new Map<string, Sides>();
  const redeem = (after: World): void => {
    for (const promise of promises) broken.push(...promise(after));
    promises = [];
  };
  walk(history, {
    fact: (fact, before) => {
      redeem(before);
      const { type, data, subject } = fact;
      const contact = before.contacts.get(subject);
      const isAbsorbed = contact !== undefined && contact.absorbed !== null;
      if (isAbsorbed && fact.category === 'contact' && type !== 'ContactRestored')
        broken.push(`${said(fact)} changes who was absorbed`);
      if (contact === undefined) return;
      if (type === 'ContactAbsorbed' && presentOf(before, data.intoId)?.contactId === subject)
        broken.push(`${said(fact)} closes a circle`);
      if (type === 'ContactsMerged') {
        const absorbed = before.contacts.get(data.absorbedId);
        if (absorbed === undefined || absorbed.absorbed?.mergeId !== data.mergeId)
          return void broken.push(`${said(fact)} takes in who was not frozen`);
        promises = [...keepsBlocks(fact, contact, absorbed), keepsConsents(fact, contact, absorbed)];
        const [own, theirs] = [episodeAt(contact, data.mergedAt), episodeAt(absorbed, data.mergedAt)];
        const keptId = own?.blockId ?? theirs?.blockId ?? null;
        if (data.blockOutcome.keptBlockId !== keptId) broken.push(`${said(fact)} does not keep ${String(keptId)}`);
        merged.set(data.mergeId, {
          ...{ survivorId: subject, own: own && { ...own }, theirs: theirs && { ...theirs } },
          ...{ refused: refusedOn(absorbed), keptId, isEnded: false },
        });
      }
      if (type === 'ContactUnblocked' || type === 'ContactBlockExpired')
        for (const sides of merged.values())
          if (sides.survivorId === subject && sides.keptId === data.blockId) sides.isEnded = true;
      const sides = merged.get(data.mergeId);
      if (sides !== undefined && type === 'ContactsUnmerged')
        promises = [stillBlocked(fact, sides, sides.own, data.unmergedAt)];
      if (sides !== undefined && type === 'ContactRestored') {
        promises = [stillBlocked(fact, sides, sides.theirs, data.restoredAt), stillRefused(fact, sides.refused)];
        merged.delete(data.mergeId);
      }
    },
    step: (_step, after) => {
      redeem(after);
      for (const { mergeId, survivorId, absorbedId, undone } of after.merges.values()) {
        const absorbed = after.contacts.get(absorbedId)?.absorbed;
        if (!undone && (absorbed?.mergeId !== mergeId || absorbed.intoId !== survivorId))
          broken.push(`${mergeId} is not carried out`);
        if (undone && absorbed?.mergeId === mergeId) broken.push(`${mergeId} is not undone`);
        if (!undone && !history.facts.some(({ type, data }) => type === 'ContactsMerged' && data.mergeId === mergeId))
          broken.push(`${mergeId} is half done`);
      }
      for (const { conversationId, contactId, identityId } of after.conversations.values()) {
        const isOwn = after.contacts.get(contactId)?.identities.some((one) => one.identityId === identityId);
        if (isOwn !== true) broken.push(`${conversationId} is ${contactId}'s, whose address it is not`);
      }
    },
  });
  return [...new Set(broken)];
};

/** Blocked before the merge, blocked behind its undoing, unless somebody ended the block of both or it ran out. */
const stillBlocked =
  (fact: Fact, { isEnded }: Sides, episode: Readonly<Episode> | null, at: Time): Promised =>
  (after) => {
    const contact = after.contacts.get(fact.subject);
    if (episode === null || isEnded || contact === undefined) return [];
    if (episode.expiresAt !== null && episode.expiresAt <= at) return [];
    const present = contact.episodes.find(({ blockId }) => blockId === episode.blockId);
    const isOver = present?.endedAt !== null;
    return isOver ? [`${said(fact)} loses ${episode.blockId}`] : [];
  };

const stillRefused =
  (fact: Fact, channels: readonly string[]): Promised =>
  (after) =>
    channels
      .filter((channel) => after.contacts.get(fact.subject)?.consents.get(channel)?.state !== 'revoked')
      .map((channel) => `${said(fact)} forgets the refusal of ${channel}`);
