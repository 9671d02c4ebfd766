import { contactDecider, type IgnoredEvent } from '#contacts';
import type { CommandRunner, Streams } from '#event-store';
import { streamName, type CommandMetadata, type Position, type Recorded } from '#kernel';
import { problem } from '#platform';
import { accessDecider, RecordView } from './access.js';

/** A message that was kept unseen. `content` is `null` once its day was purged or the contact erased. */
export type QuarantinedMessage = {
  readonly eventId: string;
  readonly revision: number;
  readonly blockId: string;
  readonly identityId: string;
  readonly channel: string;
  readonly conversationId: string;
  readonly sentAt: string | null;
  readonly receivedAt: string;
  readonly content: unknown;
};

/** What may be looked at only by leaving a trace. */
export class Quarantine {
  constructor(
    private readonly streams: Streams,
    private readonly runner: CommandRunner,
  ) {}

  /**
   * At most `limit + 1` messages behind a revision of the contact's `ignored-…`, oldest first. That the first `limit` were looked at is
   * recorded before anything is opened; `position` covers that fact. Throws Problem 404.
   */
  async view(
    contactId: string,
    { behind, limit, reason }: { readonly behind: number; readonly limit: number; readonly reason: string | null },
    metadata: CommandMetadata,
  ): Promise<{ readonly found: readonly QuarantinedMessage[]; readonly position: Position | null }> {
    const { tenant, commandId } = metadata;
    const { state: contact } = await this.runner.load(contactDecider, tenant, contactId);
    if (contact.status === 'unknown') throw problem('not-found');
    const sealed: QuarantinedMessage[] = [];
    for await (const event of this.streams.read(streamName('ignored', tenant, contactId), { from: behind + 1 })) {
      const message = quarantined(event as Recorded<IgnoredEvent>);
      if (message !== null && sealed.push(message) > limit) break;
    }
    const eventIds = sealed.slice(0, limit).map(({ eventId }) => eventId);
    const record = new RecordView(
      // What is written of a person is sealed for them, and for one who was erased nothing is any more.
      { viewId: commandId, contactId, reason: contact.status === 'erased' ? null : reason, eventIds },
      metadata,
    );
    const { position } = await this.runner.execute(accessDecider, '', record, metadata);
    const found = await Promise.all(
      sealed.map(async (message) => ({ ...message, content: await this.streams.openValue(message.content) })),
    );
    return { found, position };
  }
}

const quarantined = ({ id, revision, data }: Recorded<IgnoredEvent>): QuarantinedMessage | null => {
  const { blockId, identityId, channel, conversationId, sentAt, receivedAt, mode, content } = data;
  return mode === 'quarantine'
    ? { eventId: id, revision, blockId, identityId, channel, conversationId, sentAt, receivedAt, content }
    : null;
};
