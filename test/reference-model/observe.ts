// What the stored facts say of the same world: after a race, or a crash, the model goes on from here.
import { cover, rescope, verify } from './contacts.js';
import { type Fact } from './history.js';
import { observeMerge, observeMerging } from './observe-merges.js';
import { observeWallet } from './observe-wallets.js';
import {
  emptyWorld,
  episodeAt,
  isWeak,
  latest,
  refusalOf,
  release,
  type Contact,
  type Conversation,
  type Message,
  type World,
} from './world.js';

const PHONES: readonly string[] = ['phone', 'whatsapp', 'viber', 'sms'];
const keyOf = (kind: string, value: string): string => `${PHONES.includes(kind) ? 'phone' : kind}:${value}`;

/** Folds one tenant's facts, in log order, into a world. */
export class Observer {
  readonly world: World = emptyWorld();
  /** By the stream of an address, whose name does not tell the address. */
  readonly #claims = new Map<string, { contactId: string; identityId: string }[]>();

  add({ type, data, subject, category }: Fact): void {
    switch (category) {
      case 'settings':
        this.world.settings.set(data.key, data.newValue);
        return;
      case 'staff':
        this.#staff(type, data, subject);
        return;
      case 'identity': {
        const claims = this.#claims.get(subject) ?? [];
        claims.push(data);
        this.#claims.set(subject, claims);
        return;
      }
      case 'contact':
        this.#contact(type, data, subject);
        observeMerging(this.world, type, data);
        return;
      case 'merges':
        observeMerge(this.world, type, data);
        return;
      case 'wallet':
      case 'walletcontact':
        observeWallet(this.world, type, data);
        return;
      case 'ignored': {
        const { conversationId, providerMessageId, contactId, identityId, blockId } = data;
        this.world.ignored.set(`${conversationId}|${providerMessageId}`, { contactId, identityId, blockId });
        return;
      }
      case 'refused':
        this.world.contacts.get(subject)?.refusals.push(refusalOf(data.channel, data.purpose, data.reasons));
        return;
      case 'conversation':
        this.#conversation(type, data, subject);
        return;
      case 'readmarker':
        this.world.conversations.get(data.conversationId)?.markers.set(data.staffId, data.upToOrdinal);
        return;
    }
  }

  #staff(type: string, data: Fact['data'], staffId: string): void {
    if (type === 'StaffMemberInvited') {
      const { role, conversationAccess: access } = data;
      this.world.staff.set(staffId, { role, access, active: true, available: true });
      return;
    }
    const record = this.world.staff.get(staffId);
    if (record === undefined) return;
    if (type === 'StaffAccessChanged') record.access = data.new;
    if (type === 'StaffRoleChanged') record.role = data.new;
    if (type === 'StaffAvailabilityChanged') record.available = data.available;
    if (type === 'StaffMemberDeactivated') record.active = false;
  }

  #give(contact: Contact, data: Fact['data']): void {
    const { identityId, kind, value, verified } = data;
    const key = keyOf(kind, value);
    contact.identities.push({ identityId, key, kind, verified, attached: true });
    const claims = [...this.#claims.values()].find((own) => own.some((claim) => claim.identityId === identityId));
    if (claims !== undefined) this.world.claims.set(key, claims);
  }

  #contact(type: string, data: Fact['data'], contactId: string): void {
    if (type === 'ContactRegistered') {
      const contact: Contact = {
        contactId,
        name: data.source === 'inbound' ? null : data.displayName,
        tags: new Set(),
        identities: [],
        episodes: [],
        duplicates: new Set(),
        consents: new Map(),
        refusals: [],
        brought: [],
        absorbed: null,
        lastTime: data.registeredAt,
      };
      this.world.contacts.set(contactId, contact);
      for (const identity of data.identities) this.#give(contact, identity);
      return;
    }
    const contact = this.world.contacts.get(contactId);
    if (contact === undefined) return;
    const episode = contact.episodes.find(({ blockId }) => blockId === data.blockId);
    switch (type) {
      case 'ContactIdentityAttached': {
        const known = contact.identities.find((one) => one.identityId === data.identityId);
        if (known !== undefined) {
          if (data.verified === true) verify(contact, known, data.attachedAt);
          return;
        }
        this.#give(contact, data);
        const open = episodeAt(contact, data.attachedAt);
        if (open !== null && !isWeak(data.kind, data.verified)) cover(open, data.identityId, data.attachedAt);
        return;
      }
      case 'ContactIdentityDetached': {
        const identity = contact.identities.find((one) => one.identityId === data.identityId);
        if (identity !== undefined) identity.attached = false;
        for (const one of contact.episodes.flatMap(({ coverage }) => coverage))
          if (one.identityId === data.identityId) one.to ??= data.detachedAt;
        return;
      }
      case 'ConsentGranted':
      case 'ConsentRevoked':
        contact.consents.set(data.channel, {
          state: type === 'ConsentGranted' ? 'granted' : 'revoked',
          source: data.source,
        });
        return;
      case 'DuplicateContactDetected':
        contact.duplicates.add(data.otherContactId);
        return;
      case 'ContactDetailsChanged':
        contact.name = data.displayName;
        return;
      case 'ContactTagged':
        contact.tags.add(data.tag);
        return;
      case 'ContactUntagged':
        contact.tags.delete(data.tag);
        return;
      case 'ContactBlocked': {
        const { blockId, scope, reasonCode, expiresAt, policy, blockedAt } = data;
        const { closeOpen, inboundMode } = policy;
        const begun = { blockId, scope, reasonCode, expiresAt, closeOpen, inboundMode };
        contact.episodes.push({ ...begun, endedAt: null, identityIds: [], coverage: [] });
        for (const identityId of data.coveredIdentityIds) cover(contact.episodes.at(-1)!, identityId, blockedAt);
        return;
      }
      case 'ContactBlockChanged':
        if (episode === undefined) return;
        if (data.scope !== undefined) rescope(contact, episode, data.scope, data.changedAt);
        if (data.reasonCode !== undefined) episode.reasonCode = data.reasonCode;
        if (data.expiresAt !== undefined) episode.expiresAt = data.expiresAt;
        return;
      case 'ContactUnblocked':
      case 'ContactBlockExpired':
        if (episode === undefined) return;
        episode.endedAt = data.unblockedAt ?? data.expiredAt;
        for (const one of episode.coverage) one.to ??= episode.endedAt;
    }
  }

  #conversation(type: string, data: Fact['data'], conversationId: string): void {
    if (type === 'ConversationOpened') {
      const { contactId, identityId, channel, openedAt } = data;
      const opened: Conversation = {
        conversationId,
        contactId,
        identityId,
        channel,
        status: 'open',
        assigneeId: null,
        assignmentNo: 0,
        engaged: false,
        automation: 'running',
        sessionNo: 1,
        messages: [],
        markers: new Map(),
        lastTime: openedAt,
      };
      this.world.conversations.set(conversationId, opened);
      return;
    }
    const conversation = this.world.conversations.get(conversationId);
    if (conversation === undefined) return;
    const message = conversation.messages.find((one) => one.messageId === data.messageId);
    const becomes = (state: Message['state']): void => {
      if (message !== undefined) message.state = state;
    };
    switch (type) {
      case 'MessageReceived': {
        const { messageId, providerMessageId, ordinal, sentAt, receivedAt: at } = data;
        const from = { purpose: 'customer', authorKind: 'customer', blockId: null, state: 'displayed' } as const;
        conversation.messages.push({
          messageId,
          providerMessageId,
          direction: 'inbound',
          ordinal,
          sentAt,
          at,
          ...from,
        });
        conversation.lastTime = latest(conversation.lastTime, at);
        return;
      }
      case 'MessageSendRequested': {
        const { messageId, ordinal, requestedAt: at, purpose, authorKind, viaDevice } = data;
        const blockId = data.block?.blockId ?? null;
        const state = viaDevice === true ? 'handed_over' : 'requested';
        const out = { direction: 'outbound', sentAt: null, gated: data.consentGated === true } as const;
        conversation.messages.push({ messageId, ordinal, at, purpose, authorKind, blockId, state, ...out });
        return;
      }
      case 'MessageHidden':
        becomes('hidden');
        return;
      case 'MessageHandedOver':
        becomes('handed_over');
        return;
      case 'MessageCancelled':
        becomes('cancelled');
        return;
      case 'MessageDelivered':
        becomes('delivered');
        return;
      case 'MessageFailed':
        becomes('failed');
        return;
      case 'ConversationContactRelinked':
        conversation.contactId = data.to;
        return;
      case 'ConversationAssigned':
        conversation.assigneeId = data.assigneeId;
        conversation.assignmentNo = data.assignmentNo;
        conversation.engaged = false;
        return;
      case 'ConversationUnassigned':
        release(conversation);
        return;
      case 'AssigneeEngaged':
        conversation.engaged = true;
        return;
      case 'AutomationPaused':
        conversation.automation = 'paused';
        return;
      case 'AutomationResumed':
        conversation.automation = 'running';
        return;
      case 'ConversationConcluded':
        conversation.status = 'concluded';
        return;
      case 'ConversationReopened':
        conversation.status = 'open';
        conversation.sessionNo = data.sessionNo;
        return;
    }
  }
}

export const observed = (facts: Iterable<Fact>): World => {
  const observer = new Observer();
  for (const fact of facts) observer.add(fact);
  return observer.world;
};
