// What contexts ask of each other, answered here: contexts do not import each other.
import { BlockEnforcement } from '#block-filter/block-enforcement.adapter';
import { ConversationFactsReader } from '#block-filter/conversation-facts.adapter';
import { Relinking } from '#block-filter/relinking.adapter';
import {
  blockAt,
  channelsOf,
  CONSENT_CHANNELS,
  contactDecider,
  defaultChannels,
  identitiesOf,
  type BlockRules,
  type Channel,
  type ConsentChannel,
} from '#contacts';
import { AddressBook } from '#contacts/address-book.adapter';
import { MergeCommands, type MergeWallets } from '#contacts/merge-commands.handlers';
import { ContactCommands, type ContactNeighbours, type Notice } from '#contacts/contact-commands.handlers';
import {
  AssignConversation,
  conversationDecider,
  conversationIdOf,
  NOTHING_KNOWN,
  sees,
  SendBlockNotice,
  type ConversationRules,
} from '#conversations';
import { ConversationCommands, type ConversationNeighbours } from '#conversations/conversation-commands.handlers';
import { onAnotherStream, type Codec, type CommandRunner, type EventStore, type KeyVault } from '#event-store';
import type { Caller, CommandMetadata } from '#kernel';
import { ConsentEnforcement } from '#policies/consent-enforcement.adapter';
import type { ReadModels } from '#read-store';
import { settingsDecider, type Settings } from '#settings';
import { mayBeAssigned, staffDecider } from '#staff';
import { WalletBook } from '#wallets/wallet-book.adapter';
import { WalletCommands } from '#wallets/wallet-commands.handlers';
import { WalletContacts } from '#wallets/wallet-contacts.adapter';
import { WalletRouting, type RoutedConversations } from '#wallets/wallet-routing.adapter';

export type WriteSide = {
  readonly book: AddressBook;
  readonly facts: ConversationFactsReader;
  readonly enforcement: BlockEnforcement;
  readonly consents: ConsentEnforcement;
  readonly contacts: ContactCommands;
  readonly merges: MergeCommands;
  readonly relinking: Relinking;
  readonly conversations: ConversationCommands;
  readonly wallets: WalletCommands;
  readonly walletContacts: WalletContacts;
  readonly walletRouting: WalletRouting;
  readonly settings: (tenant: string) => Promise<Settings>;
  readonly blockRules: (tenant: string) => Promise<BlockRules>;
  readonly conversationRules: (tenant: string) => Promise<ConversationRules>;
  /** Where new contacts consent from the start. */
  readonly consentDefaults: (tenant: string) => Promise<readonly ConsentChannel[]>;
  /** How long a tenant keeps quarantined content, in days. */
  readonly quarantineDays: (tenant: string) => Promise<number>;
};

type Stores = {
  readonly runner: CommandRunner;
  readonly store: EventStore;
  readonly codec: Codec;
  readonly vault: KeyVault;
  readonly models: ReadModels<unknown>;
};

const blockRulesOf = (settings: Settings): BlockRules => ({
  unblockBy: settings['block.unblockBy'],
  blockBy: settings['block.blockBy'],
  requireConfirm: settings['block.requireConfirm'],
  notice: settings['block.notice'],
  closeOpen: settings['block.closeOpen'],
  inboundMode: settings['block.inboundMode'],
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
  gates: settings['consent.gates'],
});

/** Settings and staff records of other processes are this old at most; own changes show at once. */
export const RECENT_MS = 500;

/** Connects the contexts' command side. */
export const connectWriteSide = ({ runner, store, codec, vault, models }: Stores): WriteSide => {
  const settings = async (tenant: string): Promise<Settings> =>
    (await runner.load(settingsDecider, tenant, '', { maxAgeMs: RECENT_MS })).state;
  const blockRules = async (tenant: string): Promise<BlockRules> => blockRulesOf(await settings(tenant));
  const conversationRules = async (tenant: string): Promise<ConversationRules> =>
    conversationRulesOf(await settings(tenant));
  const consentDefaults = async (tenant: string): Promise<readonly ConsentChannel[]> => {
    const { 'consent.defaultPhone': defaultPhone, 'consent.defaultEmail': defaultEmail } = await settings(tenant);
    return defaultChannels({ defaultPhone, defaultEmail });
  };
  const book = new AddressBook(
    runner,
    (tenant) => vault.tenantSecret(tenant),
    async (tenant) => (await settings(tenant))['region.default'],
  );
  const facts = new ConversationFactsReader(runner, book);
  const enforcement = new BlockEnforcement(runner, book, facts, conversationRules);
  const consents = new ConsentEnforcement(runner, facts);

  const conversationNeighbours: ConversationNeighbours = {
    rules: conversationRules,
    facts: (tenant, place, now, options) => facts.of(tenant, place, now, options),
    addresses: async (tenant, contactId, channel) => {
      const { state } = await runner.load(contactDecider, tenant, contactId);
      if (state.status === 'unknown') return null;
      const identities = state.identities
        .filter((identity) => channelsOf(identity.kind).includes(channel as Channel))
        .map(({ identityId, detachedAt }) => ({ identityId, attached: detachedAt === null }));
      return { merged: state.status === 'absorbed', identities };
    },
    isMine: (tenant, caller, contactId) => facts.isMine(tenant, caller, contactId),
    isErased: async (tenant, contactId) =>
      (await runner.load(contactDecider, tenant, contactId)).state.status === 'erased',
    eligible: async (tenant, staffId, options) => {
      const { state } = await runner.load(staffDecider, tenant, staffId, options);
      return mayBeAssigned(state, (await settings(tenant))['assignment.targets']);
    },
    enforceBlock: (conversationId, metadata, options) => enforcement.on(conversationId, metadata, options),
  };
  const conversations = new ConversationCommands(runner, store, codec, conversationNeighbours);

  const contactNeighbours: ContactNeighbours = {
    rules: blockRules,
    consentDefaults,
    duplicateRules: async (tenant) => {
      const { 'duplicates.preventPhone': preventPhone, 'duplicates.preventEmail': preventEmail } =
        await settings(tenant);
      return { preventPhone, preventEmail };
    },
    isMine: (tenant, caller, contactId) => facts.isMine(tenant, caller, contactId),
    channelOf: async (tenant, caller, contactId, conversationId) => {
      const { state } = await runner.load(conversationDecider, tenant, conversationId);
      const isTheirs = state.status !== 'unknown' && state.contactId === contactId && sees(caller, state.assigneeId);
      return isTheirs ? (state.channel as Channel) : null;
    },
    sendNotice: (notice, metadata) => sendNotice(runner, conversations, notice, metadata),
    enforceBlock: (contactId, metadata) => enforcement.everywhere(contactId, metadata),
    enforceConsent: (contactId, channel, metadata) => consents.everywhere(contactId, [channel], metadata),
  };
  const contacts = new ContactCommands(runner, book, contactNeighbours);
  const relinking = new Relinking(runner, facts);

  const isActive = async (tenant: string, staffId: string): Promise<boolean> =>
    mayBeAssigned((await runner.load(staffDecider, tenant, staffId)).state, 'activeMembers');
  const contactOf = async (tenant: string, caller: Caller, conversationId: string): Promise<string | null> => {
    const { state } = await runner.load(conversationDecider, tenant, conversationId);
    return state.status !== 'unknown' && sees(caller, state.assigneeId) ? state.contactId : null;
  };
  const walletBook = new WalletBook(runner, (tenant) => vault.tenantSecret(tenant));
  const wallets = new WalletCommands(runner, walletBook, isActive);
  const walletContacts = new WalletContacts(runner, models, {
    perContact: async (tenant) => (await settings(tenant))['wallet.perContact'],
    obstacle: async (tenant, contactId) => {
      const { state } = await runner.load(contactDecider, tenant, contactId);
      switch (state.status) {
        case 'active':
          return null;
        case 'absorbed':
          return 'contact-merged';
        case 'erased':
          return 'contact-erased';
        case 'unknown':
          return 'not-found';
      }
    },
    contactOf,
  });
  const merges = new MergeCommands(runner, {
    relink: (sides, mergeId, metadata) => relinking.all(sides, mergeId, metadata),
    enforceBlock: (contactId, metadata) => enforcement.everywhere(contactId, metadata),
    enforceConsents: (contactId, metadata) => consents.everywhere(contactId, CONSENT_CHANNELS, metadata),
    wallets: mergeWalletsOf(walletContacts),
  });
  const walletRouting = new WalletRouting(runner, walletBook, walletContacts, {
    rules: async (tenant) => {
      const now = await settings(tenant);
      return {
        onCode: now['wallet.onCode'],
        outOfHours: now['wallet.outOfHours'],
        defaultHours: now['hours.default'],
      };
    },
    isActive,
    isBlocked: async (tenant, contactId, now) =>
      blockAt((await runner.load(contactDecider, tenant, contactId)).state, now) !== null,
    contactOf,
    conversations: routedConversations(runner, conversations),
  });
  return {
    book,
    facts,
    enforcement,
    consents,
    contacts,
    merges,
    relinking,
    conversations,
    wallets,
    walletContacts,
    walletRouting,
    settings,
    blockRules,
    conversationRules,
    consentDefaults,
    quarantineDays: async (tenant) => (await settings(tenant))['block.quarantineDays'],
  };
};

/** Routing assigns as any other would, through the conversation's decider, but only where nobody is assigned. */
const routedConversations = (runner: CommandRunner, conversations: ConversationCommands): RoutedConversations => ({
  recognises: (tenant, conversationId, commandId) =>
    runner.recognises(conversationDecider, tenant, conversationId, commandId),
  assign: async ({ conversationId, walletId, assigneeId }, metadata) => {
    const outcome = await conversations.execute(
      new AssignConversation(
        {
          conversationId,
          walletId,
          assigneeId,
          expectedAssigneeId: null,
          note: null,
          eligible: false,
          facts: NOTHING_KNOWN,
        },
        onAnotherStream(metadata),
      ),
    );
    if (outcome.kind === 'rejected') return { refused: outcome.rejection };
    const { state, position } = outcome;
    return { assigneeId: state.status === 'unknown' ? null : state.assigneeId, position };
  },
});

const mergeWalletsOf = (walletContacts: WalletContacts): MergeWallets => ({
  outcome: (tenant, sides, after) => walletContacts.united(tenant, sides, after),
  holds: (tenant, walletId, contactId) => walletContacts.holds(tenant, { walletId, contactId }),
  enter: async (walletId, contactId, metadata) => {
    const addition = { walletId, contactId, via: 'merge', conversationId: null, bulkId: null } as const;
    const { kind, position } = await walletContacts.add(addition, metadata);
    return { entered: kind === 'accepted', position };
  },
  leave: async (walletId, contactId, metadata, via) =>
    (await walletContacts.leaveByMerge({ walletId, contactId }, metadata, via)).position,
});

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
      candidates.push({ id, sent: state.outbound.has(messageId), at: state.lastMessageAt });
    }
  }
  if (candidates.some((candidate) => candidate.sent)) return messageId;
  const latest = candidates.toSorted((a, b) => (a.at < b.at ? 1 : -1))[0];
  const conversationId = notice.conversationId ?? latest?.id;
  if (conversationId === undefined) return null;
  const outcome = await conversations.execute(
    new SendBlockNotice({ conversationId, messageId, text, block, facts: NOTHING_KNOWN }, onAnotherStream(metadata)),
  );
  return outcome.kind === 'accepted' ? messageId : null;
};
