import { latestPosition, type CommandMetadata, type Position } from '#kernel';
import type { CommandRunner } from '#event-store';
import type { Contact } from '#contacts';
import { conversationDecider, NOTHING_KNOWN, RelinkConversation, type Conversation } from '#conversations';
import type { ConversationFactsReader } from './conversation-facts.adapter.js';

/** Lets conversations follow their identity from contact to contact. Looks at the present state, so it may run at any time and as often as anybody likes. */
export class Relinking {
  constructor(
    private readonly runner: CommandRunner,
    private readonly facts: ConversationFactsReader,
  ) {}

  /** All conversations of the contacts' identities. Answers the position up to which they stand there, also where somebody else was quicker. */
  async all(contacts: readonly Contact[], mergeId: string, metadata: CommandMetadata): Promise<Position | null> {
    let latest: Position | null = null;
    for (const id of new Set(contacts.flatMap((contact) => this.facts.conversationIds(contact)))) {
      latest = latestPosition(latest, await this.one(id, mergeId, metadata));
    }
    return latest;
  }

  async one(conversationId: string, mergeId: string, metadata: CommandMetadata): Promise<Position | null> {
    const { tenant, now } = metadata;
    const ownerOf = async (state: Exclude<Conversation, { status: 'unknown' }>): Promise<string> => {
      const owner = await this.facts.ownerOf(tenant, state, now);
      return owner.status === 'unknown' ? state.contactId : owner.contactId;
    };
    const { state: before, position } = await this.runner.load(conversationDecider, tenant, conversationId);
    if (before.status === 'unknown' || (await ownerOf(before)) === before.contactId) return position;
    const relinking = { ...metadata, commandId: crypto.randomUUID(), causationId: metadata.commandId };
    const outcome = await this.runner.execute(
      conversationDecider,
      conversationId,
      async (state) => {
        const to = state.status === 'unknown' ? before.contactId : await ownerOf(state);
        return new RelinkConversation({ conversationId, to, mergeId, facts: NOTHING_KNOWN }, relinking);
      },
      relinking,
    );
    return outcome.position;
  }
}
