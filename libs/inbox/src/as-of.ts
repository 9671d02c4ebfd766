// What was so at an instant: the folds of the live rows over a stream's facts up to then. Of streams, never of tables.
import { contactCard } from '#contacts';
import type { ConversationEvent } from '#conversations';
import { foldRow, type Projection, type Recorded, type RowIn } from '#kernel';
import { walletList } from '#wallets';
import { inbox } from './inbox.js';

/** Other clocks and plans: they say nothing of when the fact itself happened. */
const NOT_OWN = new Set(['sentAt', 'expiresAt']);

/** When a fact happened by its own word (`blockedAt` and the like), else when its command ran. RFC 3339 UTC with milliseconds. */
export const ownTime = ({ data, metadata }: Recorded): string => {
  for (const [name, value] of Object.entries(data as Record<string, unknown>)) {
    if (name.endsWith('At') && !NOT_OWN.has(name) && typeof value === 'string') return value;
  }
  return metadata.occurredAt;
};

export type CardRow = Omit<RowIn<typeof contactCard>, 'tenant'>;
type InboxRow = Omit<RowIn<typeof inbox>, 'tenant'>;

/** The card behind one more fact of the contact's stream; what the card does not hear leaves it as it is. */
export const cardBehind = (row: CardRow | null, event: Recorded): CardRow | null =>
  behind(contactCard as unknown as Projection, row, event, { contact_id: event.subject }) as CardRow | null;

const behind = (
  projection: Projection,
  row: Readonly<Record<string, unknown>> | null,
  event: Recorded,
  key: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> | null => {
  if (!Object.hasOwn(projection.on, event.type)) return row;
  const next = foldRow(projection, row, event, key);
  return next && { ...next, ...key };
};

/** A contact's card at an instant, with the revision of the last fact that it holds; `null` before the contact was known. */
export const cardAt = async (
  facts: AsyncIterable<Recorded>,
  at: string,
): Promise<{ readonly row: CardRow; readonly revision: number } | null> => {
  let row: CardRow | null = null;
  let revision = 0;
  for await (const event of facts) {
    if (ownTime(event) > at) continue;
    row = cardBehind(row, event);
    ({ revision } = event);
  }
  return row && { row, revision };
};

export type ConversationAt = {
  readonly row: InboxRow;
  readonly revision: number;
  /** Of the message that the row shows, sealed; `null` if it shows none. */
  readonly content: unknown;
  /** Displayed inbound messages above the reader's marker. */
  readonly unread: number;
};

/**
 * A conversation's row at an instant. A message that was hidden since is left out: what a block hides is never displayed again,
 * whatever instant is asked for [I4].
 */
export const conversationAt = async (
  facts: AsyncIterable<Recorded>,
  at: string,
  upToOrdinal = 0,
): Promise<ConversationAt | null> => {
  let row: InboxRow | null = null;
  let revision = 0;
  const unread = new Set<string>();
  // Of the messages that the row keeps.
  let contents = new Map<string, unknown>();
  for await (const recorded of facts) {
    const isPast = ownTime(recorded) <= at;
    if (!isPast && recorded.type !== 'MessageHidden') continue;
    const event = recorded as Recorded<ConversationEvent>;
    row = behind(inbox as unknown as Projection, row, event, { conversation_id: event.subject }) as InboxRow | null;
    if (isPast) ({ revision } = event);
    if (event.type === 'MessageReceived' && event.data.ordinal > upToOrdinal) unread.add(event.data.messageId);
    if (event.type === 'MessageReceived' || event.type === 'MessageSendRequested') {
      contents.set(event.data.messageId, event.data.content);
      contents = new Map(row?.latest.map(({ messageId }) => [messageId, contents.get(messageId) ?? null]));
    }
    if (event.type === 'MessageHidden') unread.delete(event.data.messageId);
  }
  return row && { row, revision, content: contents.get(row.last_message_id ?? '') ?? null, unread: unread.size };
};

/** A wallet's name at an instant; `null` where it was not there yet, or archived. */
export const walletNameAt = async (facts: AsyncIterable<Recorded>, at: string): Promise<string | null> => {
  let row: Readonly<Record<string, unknown>> | null = null;
  for await (const event of facts) {
    if (ownTime(event) <= at)
      row = behind(walletList as unknown as Projection, row, event, { wallet_id: event.subject });
  }
  return row === null || row['archived'] === 1 ? null : String(row['name']);
};

/** Was the contact in the wallet at an instant, by the facts of the pair? */
export const wasIn = async (facts: AsyncIterable<Recorded>, at: string): Promise<boolean> => {
  let last: string | null = null;
  for await (const event of facts) if (ownTime(event) <= at) last = event.type;
  return last === 'WalletContactAdded';
};
