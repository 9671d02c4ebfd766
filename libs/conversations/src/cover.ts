import { intervalAt, later, plus, type Interval } from '#kernel';

/** What becomes of a message that a block hides; only `receive` leaves it in the timeline. */
export type InboundMode = 'ignore' | 'quarantine' | 'receive';

/** A block episode's interval over a conversation's address and channel, of whichever contact holds the address. */
export type Cover = Interval & {
  readonly blockId: string;
  readonly contactId: string;
  /** Does the episode conclude open conversations? */
  readonly closeOpen: boolean;
  readonly inboundMode: InboundMode;
};

const DAY_MS = 24 * 60 * 60 * 1000;

/** The clock of the filter: when the customer sent, or when it arrived if that was earlier or is all that is known. */
export const messageTime = (sentAt: string | null, receivedAt: string): string =>
  sentAt !== null && sentAt < receivedAt ? sentAt : receivedAt;

/**
 * The episode that hides a message, or `null`: its time is covered, or the earliest time that is believed of a message that arrived
 * when it did (a sender's clock reaches back a day at most). Source: spec/domain.md, "The blocked-message filter", 2.
 */
export const hiddenBy = <T extends Interval>(
  covered: readonly T[],
  sentAt: string | null,
  receivedAt: string,
): T | null => {
  if (covered.length === 0) return null;
  const time = messageTime(sentAt, receivedAt);
  return intervalAt(covered, time) ?? intervalAt(covered, later(time, plus(receivedAt, -DAY_MS)));
};
