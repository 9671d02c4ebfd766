import type { EventOf, StateOf } from '#kernel';
import type { contactDecider } from './contact.js';

type Decided = {
  readonly state: StateOf<typeof contactDecider>;
  readonly events: readonly EventOf<typeof contactDecider>[];
};

/**
 * What a block that was accepted says: the episode that it began, else the open one that it found. `own` are the ids that this command gives:
 * where a crash came behind its notice a policy began the episode for it, and by the time of the repeat that may be over.
 */
export const blockAnswer = (
  own: { readonly blockId: string; readonly noticeMessageId: string },
  { state, events }: Decided,
): { readonly blockId: string; readonly alreadyBlocked: boolean; readonly noticeMessageId?: string } => {
  const { blockId, noticeMessageId } = own;
  const began = events.find((event) => event.type === 'ContactBlocked');
  if (began !== undefined)
    return { blockId, alreadyBlocked: false, ...(began.data.noticeMessageId === null ? {} : { noticeMessageId }) };
  if (state.status !== 'active') throw new Error('a block that was accepted left no contact');
  if (state.blockIds.includes(blockId)) return { blockId, alreadyBlocked: false, noticeMessageId };
  if (state.block === null) throw new Error('a blocked contact has no open block');
  return { blockId: state.block.blockId, alreadyBlocked: true };
};
