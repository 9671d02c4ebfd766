// What contexts ask of each other, answered here: contexts do not import each other.
import { BlockEnforcement } from '#block-filter/block-enforcement.adapter';
import { ConversationFactsReader } from '#block-filter/conversation-facts.adapter';
import { channelsOf, contactDecider, identitiesOf, type BlockRules, type Channel } from '#contacts';
import { AddressBook } from '#contacts/address-book.adapter';
import { ContactCommands, type ContactNeighbours, type Notice } from '#contacts/contact-commands.handlers';
import {
  conversationDecider,
  conversationIdOf,
  NOTHING_KNOWN,
  sees,
  SendBlockNotice,
  type ConversationRules,
} from '#conversations';
import { ConversationCommands, type ConversationNeighbours } from '#conversations/conversation-commands.handlers';
import type { Codec, CommandRunner, EventStore, KeyVault } from '#event-store';
import type { CommandMetadata } from '#kernel';
import { settingsDecider, type Settings } from '#settings';
import { mayBeAssigned, staffDecider } from '#staff';

export type WriteSide = {
  readonly book: AddressBook;
  readonly enforcement: BlockEnforcement;
  readonly contacts: ContactCommands;
  readonly conversations: ConversationCommands;
  readonly settings: (tenant: string) => Promise<Settings>;
  readonly blockRules: (tenant: string) => Promise<BlockRules>;
  readonly conversationRules: (tenant: string) => Promise<ConversationRules>;
};

type Stores = {
  readonly runner: CommandRunner;
  readonly store: EventStore;
  readonly codec: Codec;
  readonly vault: KeyVault;
};

const blockRulesOf = (settings: Settings): BlockRules => ({
  unblockBy: settings['block.unblockBy'],
  blockBy: settings['block.blockBy'],
  requireConfirm: settings['block.requireConfirm'],
  notice: settings['block.notice'],
  closeOpen: settings['block.closeOpen'],
  defaultScope: settings['block.defaultScope'],
  reason: settings['block.reason'],
  allowExpiry: settings['block.allowExpiry'],
});

const conversationRulesOf = (settings: Settings): ConversationRules => ({
  onReply: settings['assignment.onReply'],
  replyBy: settings['assignment.replyBy'],
  pauseOn: settings['automation.pauseOn'],
  release: settings['conclude.release'],
  concludeBy: settings['conclude.by'],
});

/** Settings and staff records of other processes are this old at most; own changes show at once. */
export const RECENT_MS = 500;

/** Connects the contexts' command side. */
export const connectWriteSide = ({ runner, store, codec, vault }: Stores): WriteSide => {
  const settings = async (tenant: string): Promise<Settings> =>
    (await runner.load(settingsDecider, tenant, '', { maxAgeMs: RECENT_MS })).state;
  const blockRules = async (tenant: string): Promise<BlockRules> => blockRulesOf(await settings(tenant));
  const conversationRules = async (tenant: string): Promise<ConversationRules> =>
    conversationRulesOf(await settings(tenant));
  const book = new AddressBook(
    runner,
    (tenant) => vault.tenantSecret(tenant),
    async (tenant) => (await settings(tenant))['region.default'],
  );
  const facts = new ConversationFactsReader(runner, book);
  const enforcement = new BlockEnforcement(runner, facts, conversationRules);

  const conversationNeighbours: ConversationNeighbours = {
    rules: conversationRules,
    facts: (tenant, place, now) => facts.of(tenant, place, now),
    addresses: async (tenant, contactId, channel) => {
      const { state } = await runner.load(contactDecider, tenant, contactId);
      if (state.status === 'unknown') return null;
      return state.identities
        .filter((identity) => channelsOf(identity.kind).includes(channel as Channel))
        .map(({ identityId, detachedAt }) => ({ identityId, attached: detachedAt === null }));
    },
    isMine: (tenant, caller, contactId) => facts.isMine(tenant, caller, contactId),
    isErased: async (tenant, contactId) =>
      (await runner.load(contactDecider, tenant, contactId)).state.status === 'erased',
    eligible: async (tenant, staffId) => {
      const { state } = await runner.load(staffDecider, tenant, staffId);
      return mayBeAssigned(state, (await settings(tenant))['assignment.targets']);
    },
    enforceBlock: (conversationId, metadata) => enforcement.on(conversationId, metadata),
  };
  const conversations = new ConversationCommands(runner, store, codec, conversationNeighbours);

  const contactNeighbours: ContactNeighbours = {
    rules: blockRules,
    isMine: (tenant, caller, contactId) => facts.isMine(tenant, caller, contactId),
    channelOf: async (tenant, caller, contactId, conversationId) => {
      const { state } = await runner.load(conversationDecider, tenant, conversationId);
      const isTheirs = state.status !== 'unknown' && state.contactId === contactId && sees(caller, state.assigneeId);
      return isTheirs ? (state.channel as Channel) : null;
    },
    sendNotice: (notice, metadata) => sendNotice(runner, conversations, notice, metadata),
    enforceBlock: (contactId, metadata) => enforcement.everywhere(contactId, metadata),
  };
  const contacts = new ContactCommands(runner, book, contactNeighbours);
  return { book, enforcement, contacts, conversations, settings, blockRules, conversationRules };
};

/** Into the conversation named, else the covered one with the latest message; a notice that stands already is found again. */
const sendNotice = async (
  runner: CommandRunner,
  conversations: ConversationCommands,
  notice: Notice,
  metadata: CommandMetadata,
): Promise<string | null> => {
  const { messageId, text, block, contact } = notice;
  const covers = (channel: string): boolean =>
    'all' in block.scope || block.scope.channels.includes(channel as Channel);
  const candidates: { readonly id: string; readonly sent: boolean; readonly at: string }[] = [];
  for (const identity of identitiesOf(contact)) {
    for (const channel of channelsOf(identity.kind).filter(covers)) {
      const id = conversationIdOf(identity.identityId, channel);
      const { state } = await runner.load(conversationDecider, metadata.tenant, id);
      if (state.status === 'unknown' || !sees(metadata.caller, state.assigneeId)) continue;
      candidates.push({ id, sent: state.outbound.has(messageId), at: state.ordinal === 0 ? '' : state.lastTime });
    }
  }
  if (candidates.some((candidate) => candidate.sent)) return messageId;
  const latest = candidates.toSorted((a, b) => (a.at < b.at ? 1 : -1))[0];
  const conversationId = notice.conversationId ?? latest?.id;
  if (conversationId === undefined) return null;
  const { expectedRevision: _, ...ofTheContact } = metadata;
  const outcome = await conversations.execute(
    new SendBlockNotice({ conversationId, messageId, text, block, facts: NOTHING_KNOWN }, ofTheContact),
  );
  return outcome.kind === 'accepted' ? messageId : null;
};
