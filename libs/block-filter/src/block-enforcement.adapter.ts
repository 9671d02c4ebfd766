import { later, latestPosition, type CommandMetadata, type Position } from '#kernel';
import type { CommandRunner, LoadOptions } from '#event-store';
import { channelsOf, identitiesOf } from '#contacts';
import type { AddressBook } from '#contacts/address-book.adapter';
import {
  conversationDecider,
  conversationIdOf,
  EnforceBlock,
  NOTHING_KNOWN,
  type ConversationRules,
} from '#conversations';
import type { ConversationFactsReader } from './conversation-facts.adapter.js';

/** Makes conversations keep what a block promises. Looks at the present state, so it may run at any time and as often as anybody likes. */
export class BlockEnforcement {
  constructor(
    private readonly runner: CommandRunner,
    private readonly book: AddressBook,
    private readonly facts: ConversationFactsReader,
    private readonly rules: (tenant: string) => Promise<ConversationRules>,
  ) {}

  /**
   * All conversations of the contact, and those of others who hold one of its addresses: a block of any holder covers the address.
   * Answers the position up to which the block is kept, also where somebody else was quicker.
   */
  async everywhere(contactId: string, metadata: CommandMetadata): Promise<Position | null> {
    const { tenant, now } = metadata;
    const contact = await this.book.contact(tenant, contactId, now);
    const ids = new Set(this.facts.conversationIds(contact));
    for (const { kind, value } of identitiesOf(contact)) {
      const located = value === null ? null : await this.book.locate(tenant, kind, value);
      for (const holder of located === null ? [] : await this.book.holders(tenant, located.key, now))
        for (const channel of channelsOf(kind)) ids.add(conversationIdOf(holder.identityId, channel));
    }
    let latest: Position | null = null;
    for (const id of ids) {
      await this.on(id, metadata);
      const { position } = await this.runner.load(conversationDecider, tenant, id, { fresh: false });
      latest = latestPosition(latest, position);
    }
    return latest;
  }

  /** One conversation. `fresh: false` is enough where a later fact would call again, `behind` where a fact was just appended. */
  async on(conversationId: string, metadata: CommandMetadata, options?: LoadOptions): Promise<Position | null> {
    const { tenant, now } = metadata;
    const before = await this.runner.load(conversationDecider, tenant, conversationId, options);
    if (before.state.status === 'unknown') return null;
    if ((await this.facts.of(tenant, before.state, now, options)).covers.length === 0) return null;
    const outcome = await this.runner.execute(
      conversationDecider,
      conversationId,
      async (state) => {
        const place = state.status === 'unknown' ? null : await this.facts.of(tenant, state, now);
        const covers = place?.covers ?? [];
        const facts = { ...NOTHING_KNOWN, covers, rules: await this.rules(tenant) };
        // What another process recorded by a clock ahead of this one has begun.
        const behind = covers.reduce((latest, { from }) => later(latest, from), now);
        return new EnforceBlock({ conversationId, facts }, { ...enforcing(metadata), now: behind });
      },
      enforcing(metadata),
    );
    return outcome.kind === 'accepted' && outcome.events.length > 0 ? outcome.position : null;
  }
}

/** The block acts, whoever's command it follows: its own command id, so that it is not taken for a repeat of that command. */
const enforcing = (metadata: CommandMetadata): CommandMetadata => ({
  ...metadata,
  commandId: crypto.randomUUID(),
  causationId: metadata.commandId,
  caller: { id: 'block', kind: 'system', role: 'system', access: 'all' },
});
