import { describe, expect, it } from '@jest/globals';
import { fold, isRejection } from '#kernel';
import { asked, at, callers } from '#kernel/given';
import { blockAnswer } from './block-answer.js';
import {
  BlockContact,
  contactDecider,
  UnblockContact,
  UNKNOWN_RULES,
  type Contact,
  type ContactCommand,
} from './contact.js';

const registered = fold(contactDecider.evolve, contactDecider.initial, [
  {
    type: 'ContactRegistered',
    data: {
      contactId: 'carla',
      displayName: null,
      source: 'manual',
      identities: [{ identityId: 'i1', kind: 'whatsapp', value: null, verified: true }],
      registeredAt: at('09:00'),
    },
  },
]);
const rules = { ...UNKNOWN_RULES, reason: 'optional' as const };
const blocking = (blockId: string, noticeMessageId?: string): BlockContact =>
  new BlockContact(
    {
      contactId: 'carla',
      mine: true,
      blockId,
      confirm: true,
      rules,
      ...(noticeMessageId === undefined ? {} : { noticeMessageId }),
    },
    asked(callers.admin, at('10:00')),
  );
const unblocking = new UnblockContact(
  { contactId: 'carla', mine: true, confirm: true, requestedBy: 'customer', rules },
  asked(callers.admin, at('10:05')),
);

const decided = (command: ContactCommand, state: Contact) => {
  const events = contactDecider.decide(command, state);
  if (isRejection(events)) throw new Error(events.rejected);
  return { events, state: fold(contactDecider.evolve, state, [...events]) };
};
const own = { blockId: 'b1', noticeMessageId: 'n1' };

describe('what a block that was accepted says', () => {
  it('is the episode that it began, with its last word if it had one', () => {
    expect(blockAnswer(own, decided(blocking('b1'), registered))).toEqual({ blockId: 'b1', alreadyBlocked: false });
    expect(blockAnswer(own, decided(blocking('b1', 'n1'), registered))).toEqual({
      blockId: 'b1',
      alreadyBlocked: false,
      noticeMessageId: 'n1',
    });
  });

  it('is the open episode of somebody else that it found', () => {
    const { state } = decided(blocking('other'), registered);
    expect(blockAnswer(own, decided(blocking('b1'), state))).toEqual({ blockId: 'other', alreadyBlocked: true });
  });

  it('is its own at a repeat too, where a policy began it behind a crash, also when it is over by then [H10]', () => {
    const finished = decided(blocking('b1', 'n1'), registered).state;
    const first = { blockId: 'b1', alreadyBlocked: false, noticeMessageId: 'n1' };
    expect(blockAnswer(own, decided(blocking('b1'), finished))).toEqual(first);
    expect(blockAnswer(own, decided(blocking('b1'), decided(unblocking, finished).state))).toEqual(first);
  });
});
