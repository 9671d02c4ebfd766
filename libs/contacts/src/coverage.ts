import type { Interval } from '#kernel';

/** What becomes of a blocked customer's message: only the fact; sealed content for auditors; or kept, marked as sent while blocked. */
export type InboundMode = 'ignore' | 'quarantine' | 'receive';

/** An (identity, channel) is covered at a time that lies in one of these; `*` is every channel, `to: null` while the episode lasts and has no expiry. */
export type Coverage = Interval & {
  readonly blockId: string;
  readonly contactId: string;
  readonly identityId: string;
  readonly channel: string;
  /** When the episode began; `from` is later for an identity attached since. */
  readonly blockedAt: string;
  /** Does the episode conclude open conversations (copied from the setting into the fact)? */
  readonly closeOpen: boolean;
  /** As the setting was when the episode began; it holds to its end. */
  readonly inboundMode: InboundMode;
};
