import { latestPosition, type CommandMetadata, type Position } from '#kernel';
import type { CommandRunner } from '#event-store';
import type { AddressBook } from '#contacts/address-book.adapter';
import { conversationDecider, EnforceBlock, NOTHING_KNOWN, type ConversationRules } from '#conversations';
import type { ConversationFactsReader } from './conversation-facts.adapter.js';

/** Makes conversations keep what a block promises. Looks at the present state, so it may run at any time and as often as anybody likes. */
export class BlockEnforcement {
  constructor(
    private readonly runner: CommandRunner,
    private readonly book: AddressBook,
    private readonly facts: ConversationFactsReader,
    private readonly rules: (tenant: string) => Promise<ConversationRules>,
  ) {}

  /** All conversations of the contact. Answers the latest position that it wrote, `null` if nothing was owed. */
  async everywhere(contactId: string, metadata: CommandMetadata): Promise<Position | null> {
    const contact = await this.book.contact(metadata.tenant, contactId, metadata.now);
    let latest: Position | null = null;
    for (const id of this.facts.conversationIds(contact)) {
      latest = latestPosition(latest, await this.on(id, metadata));
    }
    return latest;
  }

  /** One conversation. `fresh: false` is enough where a later fact would call again. */
  async on(
    conversationId: string,
    metadata: CommandMetadata,
    options?: { readonly fresh?: boolean },
  ): Promise<Position | null> {
    const { tenant, now } = metadata;
    const before = await this.runner.load(conversationDecider, tenant, conversationId, options);
    if (before.state.status === 'unknown') return null;
    if ((await this.facts.of(tenant, before.state, now, options)).covers.length === 0) return null;
    const outcome = await this.runner.execute(
      conversationDecider,
      conversationId,
      async (state) => {
        const place = state.status === 'unknown' ? null : await this.facts.of(tenant, state, now);
        const facts = {
          ...NOTHING_KNOWN,
          covers: place?.covers ?? [],
          rules: await this.rules(tenant),
        };
        return new EnforceBlock({ conversationId, facts }, enforcing(metadata));
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
