// Two worlds say the same if they differ in nothing but the ids. Ids are named by the order in which things came into being.
import type { Outcome } from './operations.js';
import {
  coveragesOf,
  DEFAULTS,
  latest,
  setting,
  type Contact,
  type SettingKey,
  type Time,
  type World,
} from './world.js';

/** Every id of the world, and its name. */
const namesOf = (world: World): ReadonlyMap<string, string> => {
  const names = new Map<string, string>();
  [...world.contacts.values()].forEach((contact, c) => {
    names.set(contact.contactId, `contact ${String(c)}`);
    contact.identities.forEach(({ identityId }, i) =>
      names.set(identityId, `identity ${String(i)} of contact ${String(c)}`),
    );
    contact.episodes.forEach(({ blockId }, e) => names.set(blockId, `block ${String(e)} of contact ${String(c)}`));
  });
  [...world.conversations.values()].forEach((conversation, v) => {
    names.set(conversation.conversationId, `conversation ${String(v)}`);
    for (const { messageId, ordinal } of conversation.messages)
      names.set(messageId, `message ${String(ordinal)} of conversation ${String(v)}`);
  });
  [...world.merges.keys()].forEach((mergeId, m) => names.set(mergeId, `merge ${String(m)}`));
  [...world.wallets.keys()].forEach((walletId, w) => names.set(walletId, `wallet ${String(w)}`));
  return names;
};

const renamed = (value: unknown, names: ReadonlyMap<string, string>): unknown => {
  if (typeof value === 'string') return names.get(value) ?? value;
  return Array.isArray(value) ? value.map((one) => renamed(one, names)) : value;
};

/** The world as plain JSON whose every id is a name. Episodes that ran out by `now` are over, whether that was recorded or not. */
export const pictured = (world: World, now: Time): unknown => {
  const names = namesOf(world);
  const name = (id: string): string => names.get(id) ?? id;
  return {
    settings: Object.fromEntries(Object.keys(DEFAULTS).map((key) => [key, setting(world, key as SettingKey)])),
    staff: Object.fromEntries([...world.staff].sort()),
    merges: [...world.merges.values()].map(({ survivorId, absorbedId, undone }) => ({
      ...{ survivor: name(survivorId), absorbed: name(absorbedId), undone },
    })),
    wallets: [...world.wallets.values()].map(({ walletId: _, members, contacts, ...wallet }) => ({
      ...wallet,
      members: [...members].sort(),
      contacts: [...contacts].map(([contactId, via]) => `${name(contactId)} by ${via}`).sort(),
    })),
    contacts: [...world.contacts.values()].map((contact) => ({
      name: contact.name,
      mergedInto: contact.absorbed === null ? null : name(contact.absorbed.intoId),
      tags: [...contact.tags].sort(),
      consents: Object.fromEntries([...contact.consents].sort()),
      refusals: contact.refusals,
      duplicates: [...contact.duplicates].map(name).sort(),
      identities: contact.identities.map(({ identityId, ...rest }) => ({ identity: name(identityId), ...rest })),
      coverage: contact.absorbed === null ? intervalsOf(contact, name) : [],
      // Whoever was absorbed is what the survivor is, until that is undone.
      episodes: (contact.absorbed === null ? contact.episodes : []).map(
        ({ blockId, scope, reasonCode, expiresAt, endedAt, closeOpen, inboundMode }) => {
          const ranOut = expiresAt !== null && expiresAt <= now ? expiresAt : null;
          return {
            ...{ scope, reasonCode, expiresAt, ended: endedAt ?? ranOut, closeOpen, inboundMode },
            ignored: [...world.ignored.values()].filter((one) => one.blockId === blockId).length,
          };
        },
      ),
    })),
    conversations: [...world.conversations.values()].map((conversation) => {
      const { contactId, identityId, lastTime: _, conversationId: _id, markers, messages, ...rest } = conversation;
      return {
        contact: name(contactId),
        identity: name(identityId),
        ...rest,
        markers: Object.fromEntries([...markers].filter(([, ordinal]) => ordinal > 0).sort()),
        messages: messages.map(
          ({ messageId: _message, providerMessageId: _own, gated: _gated, blockId, ...message }) => ({
            ...message,
            block: blockId === null ? null : name(blockId),
          }),
        ),
      };
    }),
  };
};

/** What covers, or did, by block, address and channel: a line for each interval; two that meet are one. */
const intervalsOf = (contact: Contact, name: (id: string) => string): readonly string[] => {
  const sorted = coveragesOf(contact)
    .map(({ blockId, identityId, channel, from, to }) => ({
      ...{ of: `${name(blockId)} ${name(identityId)} ${channel}`, from, to },
    }))
    .filter(({ from, to }) => from !== to)
    .sort((a, b) => (a.of === b.of ? (a.from < b.from ? -1 : 1) : a.of < b.of ? -1 : 1));
  const joined: { of: string; from: Time; to: Time | null }[] = [];
  for (const one of sorted) {
    const last = joined.at(-1);
    if (last?.of !== one.of || (last.to !== null && last.to < one.from)) joined.push(one);
    else last.to = last.to === null || one.to === null ? null : latest(last.to, one.to);
  }
  return joined.map((one) => `${one.of} ${one.from} ${String(one.to)}`);
};

/** What the two say differently, a line each: `path: first ≠ second`. Empty where they agree. */
export const compare = (first: World, second: World, now: Time): readonly string[] =>
  differences(pictured(first, now), pictured(second, now), '');

/** The same for what a caller was told, each told by its own world. */
export const compareOutcomes = (
  first: { readonly outcome: Outcome; readonly world: World },
  second: { readonly outcome: Outcome; readonly world: World },
): readonly string[] => differences(told(first), told(second), 'outcome');

const told = ({ outcome, world }: { readonly outcome: Outcome; readonly world: World }): unknown => {
  const names = namesOf(world);
  if (!outcome.accepted) return { ...outcome, names: renamed(outcome.names, names) };
  const answer = Object.entries(outcome.answer).map(([key, value]) => {
    // A message that is kept under a block stands in no conversation, which need not be there either.
    const isOfNone = (key === 'conversationId' || key === 'messageId') && !names.has(String(value));
    return [key, isOfNone ? 'none that is there' : renamed(value, names)];
  });
  return { accepted: true, ...Object.fromEntries(answer) };
};

const differences = (first: unknown, second: unknown, path: string): readonly string[] => {
  if (isObject(first) && isObject(second)) {
    const keys = new Set([...Object.keys(first), ...Object.keys(second)]);
    return [...keys].flatMap((key) => differences(first[key], second[key], path === '' ? key : `${path}.${key}`));
  }
  return JSON.stringify(first) === JSON.stringify(second)
    ? []
    : [`${path}: ${JSON.stringify(first)} ≠ ${JSON.stringify(second)}`];
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
