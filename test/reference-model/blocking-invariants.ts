// What a history must keep of blocks [I1 I2 I3 I4 I5 I9]. Each answers with what breaks it, a sentence each.
import { said, walk, type Around, type Fact, type History } from './history.js';
import {
  coverageOfConversation,
  coversAt,
  episodeAt,
  hiddenBy,
  mayBy,
  type Conversation,
  type Cover,
  type Time,
  type World,
} from './world.js';

export type Invariant = (history: History) => readonly string[];

/** What covered a conversation for sure when a command of the step wrote at this time. */
const surely = (world: World, conversation: Conversation | undefined, time: Time, around: Around): Cover | null =>
  conversation === undefined
    ? null
    : coversAt(
        coverageOfConversation(world, conversation).filter(({ contactId }) => around.isSettled(contactId)),
        time,
      );

/** At most one open episode per contact, which alone can be changed and ended. */
export const oneEpisode: Invariant = (history) => {
  const broken: string[] = [];
  const open = new Map<string, string>();
  const known = new Set<string>();
  walk(history, {
    fact: (fact) => {
      const { type, data, subject } = fact;
      if (type === 'ContactBlocked') {
        if (open.has(subject)) broken.push(`${said(fact)} opens an episode beside another`);
        if (known.has(data.blockId)) broken.push(`${said(fact)} opens an episode for the second time`);
        open.set(subject, data.blockId);
        known.add(data.blockId);
      }
      if (['ContactBlockChanged', 'ContactUnblocked', 'ContactBlockExpired'].includes(type)) {
        if (open.get(subject) !== data.blockId) broken.push(`${said(fact)} is about no open episode`);
        if (type !== 'ContactBlockChanged') open.delete(subject);
      }
      // A merge and its undoing say which episode a side has from then on.
      if (['ContactsMerged', 'ContactsUnmerged', 'ContactRestored'].includes(type)) {
        if (data.block === null) open.delete(subject);
        else open.set(subject, data.block.blockId);
        if (type === 'ContactsMerged') open.delete(data.absorbedId);
      }
    },
  });
  return broken;
};

/** Nothing goes out to a covered address but the last word of its own block, which stands before the block and once. */
export const nothingGoesOut: Invariant = (history) => {
  const broken: string[] = [];
  const notices = new Map<string, string>();
  const blocks = new Map<string, string>();
  walk(history, {
    fact: (fact, before, around) => {
      const { type, data, subject } = fact;
      const conversation = before.conversations.get(subject);
      if (type === 'MessageSendRequested' && data.purpose === 'block_notice') {
        const { blockId } = data.block;
        if (notices.has(blockId)) broken.push(`${said(fact)} repeats a notice`);
        if (blocks.has(blockId)) broken.push(`${said(fact)} comes behind its block`);
        notices.set(blockId, data.messageId);
      } else if (type === 'MessageSendRequested' && data.viaDevice !== true) {
        if (surely(before, conversation, data.requestedAt, around) !== null) broken.push(`${said(fact)} is covered`);
      }
      if (type === 'MessageHandedOver') {
        const message = conversation?.messages.find((one) => one.messageId === data.messageId);
        const cover = surely(before, conversation, data.handedOverAt, around);
        if (cover !== null && message?.blockId !== cover.blockId) broken.push(`${said(fact)} is covered`);
        if (message?.state === 'cancelled') broken.push(`${said(fact)} was cancelled`);
      }
      if (type === 'ContactBlocked') {
        blocks.set(data.blockId, subject);
        if (data.noticeMessageId !== null && notices.get(data.blockId) !== data.noticeMessageId)
          broken.push(`${said(fact)} names a notice that does not stand before it`);
      }
    },
    step: ({ at }, after) => {
      for (const conversation of after.conversations.values()) {
        const covers = coverageOfConversation(after, conversation);
        const present = covers.filter((one) => coversAt([one], at) !== null);
        for (const { state, blockId, messageId } of conversation.messages) {
          // The last word of a block that ended is left by those that reached the address while it lasted: they look when they come.
          // It goes to nobody whom they cover, and is due behind them: the end of a block takes back nothing.
          const own = covers.filter((cover) => cover.blockId === blockId);
          const isOwn = own.some(({ to }) => to === null || present.every(({ from }) => from < to));
          if (present.length > 0 && state === 'requested' && !isOwn) broken.push(`${messageId} waits although covered`);
          const isOwed = blockId !== null && !blocks.has(blockId) && state === 'requested';
          const contact = after.contacts.get(conversation.contactId);
          if (isOwed && contact !== undefined && episodeAt(contact, at) === null)
            broken.push(`${messageId} announces a block that never came`);
        }
      }
    },
  });
  return broken;
};

/** While covered nobody opens, reopens or assigns; what raced a block was undone when the policies had run. */
export const nobodyStarts: Invariant = (history) => {
  const broken: string[] = [];
  let raced: { readonly fact: Fact; readonly conversationId: string }[] = [];
  walk(history, {
    fact: (fact, before, around) => {
      const { type, data, subject } = fact;
      const time: Time | undefined =
        type === 'ConversationOpened' && data.openedBy !== 'customer'
          ? data.openedAt
          : type === 'ConversationAssigned'
            ? data.assignedAt
            : type === 'ConversationReopened'
              ? data.reopenedAt
              : undefined;
      if (time === undefined) return;
      const place = type === 'ConversationOpened' ? (data as Conversation) : before.conversations.get(subject);
      if (surely(before, place, time, around) !== null) broken.push(`${said(fact)} is covered`);
      else if (place !== undefined && coversAt(coverageOfConversation(before, place), time) !== null)
        raced.push({ fact, conversationId: subject });
    },
    step: ({ at }, after) => {
      for (const { fact, conversationId } of raced) {
        const conversation = after.conversations.get(conversationId);
        if (conversation === undefined || coversAt(coverageOfConversation(after, conversation), at) === null) continue;
        const stands =
          fact.type === 'ConversationAssigned'
            ? conversation.assigneeId !== null && conversation.assignmentNo === fact.data.assignmentNo
            : conversation.status === 'open' && conversation.sessionNo === (fact.data.sessionNo ?? 1);
        if (stands) broken.push(`${said(fact)} raced a block and stands`);
      }
      raced = [];
      for (const conversation of after.conversations.values()) {
        const cover = coverageOfConversation(after, conversation).find(
          (one) => one.closeOpen && coversAt([one], at) !== null,
        );
        if (cover !== undefined && conversation.status === 'open')
          broken.push(`${conversation.conversationId} is open although ${cover.blockId} concludes what it covers`);
      }
    },
  });
  return broken;
};

/** No message whose time is covered is displayed when the policies have run. */
export const nothingShown: Invariant = (history) => {
  const broken: string[] = [];
  walk(history, {
    step: (_step, after) => {
      for (const conversation of after.conversations.values()) {
        const covers = coverageOfConversation(after, conversation);
        for (const { state, sentAt, at, messageId } of conversation.messages) {
          const cover = state === 'displayed' ? hiddenBy(covers, sentAt, at) : null;
          if (cover !== null)
            broken.push(`${messageId} of ${sentAt ?? at} is shown although ${cover.blockId} covers it`);
        }
      }
    },
  });
  return [...new Set(broken)];
};

/** Ending and narrowing a block is done by nobody but those whom the setting names. */
export const onlyByRight: Invariant = (history) => {
  const broken: string[] = [];
  walk(history, {
    fact: (fact, before, around) => {
      const { type, data, subject, actor } = fact;
      const contact = before.contacts.get(subject);
      const ends =
        type === 'ContactUnblocked' ||
        (type === 'ContactBlockChanged' && narrows(before, subject, data)) ||
        (type === 'ContactIdentityDetached' && contact !== undefined && episodeAt(contact, data.detachedAt) !== null);
      if (!ends) return;
      const may = around
        .roles(actor)
        .some((role) => around.setting('block.unblockBy').some((who) => mayBy({ role }, who)));
      if (!may) broken.push(`${said(fact)} is by ${actor}, who may not unblock`);
    },
  });
  return broken;
};

const narrows = (before: World, contactId: string, data: Fact['data']): boolean => {
  const episode = before.contacts.get(contactId)?.episodes.find(({ blockId }) => blockId === data.blockId);
  if (episode === undefined) return false;
  const { scope, expiresAt } = data;
  const was = episode.scope;
  const leaves =
    scope !== undefined &&
    !('all' in scope) &&
    ('all' in was || was.channels.some((channel) => !(scope.channels as readonly string[]).includes(channel)));
  const isEarlier = typeof expiresAt === 'string' && (episode.expiresAt === null || expiresAt < episode.expiresAt);
  return leaves || isEarlier;
};

/** Automation answers only where it runs and nothing covers; a conclusion that resumes it does not lift a block. */
export const automationKeepsStill: Invariant = (history) => {
  const broken: string[] = [];
  walk(history, {
    fact: (fact, before, around) => {
      const { type, data, subject } = fact;
      const conversation = before.conversations.get(subject);
      if (type !== 'MessageSendRequested' || data.authorKind !== 'automation' || conversation === undefined) return;
      if (data.purpose === 'reply' && conversation.automation === 'paused') broken.push(`${said(fact)} while paused`);
      if (surely(before, conversation, data.requestedAt, around) !== null) broken.push(`${said(fact)} while covered`);
    },
  });
  return broken;
};
