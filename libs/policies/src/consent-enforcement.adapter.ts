import { latestPosition, type CommandMetadata, type Position } from '#kernel';
import type { CommandRunner } from '#event-store';
import type { ConversationFactsReader } from '#block-filter/conversation-facts.adapter';
import { channelsOf, contactDecider, type Channel } from '#contacts';
import { conversationDecider, conversationIdOf, EnforceConsent, NOTHING_KNOWN } from '#conversations';

/** Cancels what waits to go out by a consent that was taken back. Looks at the present state, so it may run at any time and as often as anybody likes. */
export class ConsentEnforcement {
  constructor(
    private readonly runner: CommandRunner,
    private readonly facts: ConversationFactsReader,
  ) {}

  /** All conversations of the contact on the channels. Answers the position up to which they stand there, also where somebody else was quicker. */
  async everywhere(
    contactId: string,
    channels: readonly Channel[],
    metadata: CommandMetadata,
  ): Promise<Position | null> {
    const { state: contact } = await this.runner.load(contactDecider, metadata.tenant, contactId);
    const identities = contact.status === 'unknown' ? [] : contact.identities;
    let latest: Position | null = null;
    for (const { identityId, kind } of identities)
      for (const channel of channelsOf(kind).filter((one) => channels.includes(one)))
        latest = latestPosition(latest, await this.on(conversationIdOf(identityId, channel), metadata));
    return latest;
  }

  /** One conversation. */
  async on(conversationId: string, metadata: CommandMetadata): Promise<Position | null> {
    const { tenant, now } = metadata;
    const before = await this.runner.load(conversationDecider, tenant, conversationId);
    if (before.state.status === 'unknown' || before.state.queued.length === 0) return before.position;
    const enforcing: CommandMetadata = {
      ...metadata,
      commandId: crypto.randomUUID(),
      causationId: metadata.commandId,
      caller: { id: 'consent', kind: 'system', role: 'system', access: 'all' },
    };
    const outcome = await this.runner.execute(
      conversationDecider,
      conversationId,
      async (state) => {
        const place = state.status === 'unknown' ? null : await this.facts.of(tenant, state, now);
        const facts = { ...NOTHING_KNOWN, consent: place?.consent ?? null };
        return new EnforceConsent({ conversationId, facts }, enforcing);
      },
      enforcing,
    );
    return outcome.position;
  }
}
