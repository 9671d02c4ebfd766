import { contactCard } from '#contacts';
import type { Streams } from '#event-store';
import { cardBehind, ownTime, type CardRow } from '#inbox';
import { streamName, type Recorded } from '#kernel';

/** A fact of the contact and what was so behind it. Personal values are in clear, `null` after an erasure. */
export type ReplayStep = {
  readonly eventId: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
  readonly at: string;
  readonly recordedAt: string;
  readonly actor: string;
  readonly commandId: string;
  readonly correlationId: string;
  readonly data: unknown;
  readonly state: ReplayState | null;
};
export type ReplayState = Pick<CardRow, 'identities' | 'tags' | 'block' | 'consents'> & {
  readonly displayName: string | null;
};

export type ReplayRange = {
  /** By the facts' own times: from inclusive, to exclusive. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Only facts behind this revision. */
  readonly behind?: number | undefined;
};

/** A contact's facts one by one. The fold begins at the first fact, whatever range is asked for; one fact at a time is in memory. */
export class Replays {
  constructor(private readonly streams: Streams) {}

  /** The revision of the contact's stream, `null` for one that is not there. */
  async revisionOf(tenant: string, contactId: string): Promise<number | null> {
    return (await this.streams.end(streamName('contact', tenant, contactId)))?.revision ?? null;
  }

  async *of(
    tenant: string,
    contactId: string,
    until: number,
    { from = '', to, behind = -1 }: ReplayRange,
  ): AsyncGenerator<ReplayStep, void, undefined> {
    const stream = streamName('contact', tenant, contactId);
    let row: CardRow | null = null;
    // What the card opens is opened for the fold; the rest only where it is shown.
    for await (const event of this.streams.read(stream, { until, opens: contactCard.opens })) {
      row = cardBehind(row, event);
      const at = ownTime(event);
      if (event.revision <= behind || at < from || (to !== undefined && at >= to)) continue;
      yield await this.step(event, at, row);
    }
  }

  private async step(event: Recorded, at: string, row: CardRow | null): Promise<ReplayStep> {
    const { id, type, stream, revision, recordedAt, metadata } = event;
    const data: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(event.data as Record<string, unknown>))
      data[name] = await this.streams.openValue(value);
    return {
      eventId: id,
      type,
      stream,
      revision,
      at,
      recordedAt,
      actor: metadata.actor,
      commandId: metadata.commandId,
      correlationId: metadata.$correlationId,
      data,
      state: row && {
        displayName: row.display_name,
        tags: row.tags,
        consents: row.consents,
        identities: row.identities,
        block: row.block && { ...row.block, reasonText: await this.streams.openValue(row.block.reasonText) },
      },
    };
  }
}
