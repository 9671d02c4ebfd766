import type { Interval } from '#kernel';
import type { OpenBlock, Scope } from './contact.js';

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

/** The intervals that a block opens for identities at a time. */
export const opened = (
  contactId: string,
  block: OpenBlock,
  identityIds: readonly string[],
  from: string,
): readonly Coverage[] => {
  const { blockId, blockedAt, closeOpen, inboundMode } = block;
  const channels: readonly string[] = 'all' in block.scope ? ['*'] : block.scope.channels;
  return identityIds.flatMap((identityId) =>
    channels.map((channel) => ({
      blockId,
      contactId,
      identityId,
      channel,
      blockedAt,
      from,
      to: null,
      closeOpen,
      inboundMode,
    })),
  );
};

/** The coverage with those of its open intervals ended that `which` names. */
export const ended = (
  coverage: readonly Coverage[],
  at: string,
  which: (one: Coverage) => boolean,
): readonly Coverage[] => coverage.map((one) => (one.to === null && which(one) ? { ...one, to: at } : one));

export const normalScope = (scope: Scope): Scope =>
  'all' in scope ? { all: true } : { channels: [...new Set(scope.channels)].sort() };

export const united = (one: Scope, other: Scope): Scope =>
  'all' in one || 'all' in other ? { all: true } : normalScope({ channels: [...one.channels, ...other.channels] });

export const sameScope = (one: Scope, other: Scope): boolean =>
  JSON.stringify(normalScope(one)) === JSON.stringify(normalScope(other));
