// What holds whatever random people ask, several at once, in two processes whose clocks differ, and with logs that go away in the
// middle of it: when the policies have run, no invariant of spec/domain.md is broken.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  activeAssignees,
  automationKeepsStill,
  concludedAtOnce,
  mergesNeverWeaken,
  nobodyStarts,
  nothingGoesOut,
  nothingShown,
  oneAssignee,
  oneEpisode,
  oneHolder,
  oneHolderAtLast,
  onlyByRight,
  saidOnce,
  sendingAssignsNobody,
  timeGoesOn,
  toItsOwnIdentity,
  walletsInOrder,
  type Invariant,
} from '../reference-model/index.js';
import { plans, WALLETS, type Planned } from './plans.js';
import { historyOf, runs, TIMEOUT } from './run.js';

const RUNS = runs(12);

/** The history of every plan keeps the invariant. */
const holds = (invariant: Invariant, planned: Planned, settings = {}): Promise<void> =>
  fc.assert(
    fc.asyncProperty(plans(planned), async (plan) => {
      expect(invariant(await historyOf(plan, settings))).toEqual([]);
    }),
    RUNS,
  );

const BLOCKING = { block: 12, unblock: 8, changeBlock: 6, changeSetting: 2, register: 0, edit: 0 };

describe('of all that was asked at once', () => {
  it('time in a stream never goes back, though clocks differ [I0]', () => holds(timeGoesOn, { skewed: true }), TIMEOUT);

  it(
    'a contact has one open block episode at most [I1]',
    () => holds(oneEpisode, { mix: BLOCKING, crashes: true }),
    TIMEOUT,
  );

  it(
    'nothing is sent to a covered address but the notice of its own block, once and before it [I2]',
    () =>
      holds(nothingGoesOut, { mix: { ...BLOCKING, send: 15, handOver: 12, start: 5 }, crashes: true, skewed: true }),
    TIMEOUT,
  );

  it(
    'while covered nobody opens, reopens or assigns a conversation, and a race is undone [I3]',
    () =>
      holds(nobodyStarts, {
        mix: { ...BLOCKING, start: 8, assign: 8, assignToMe: 8, reopen: 8, conclude: 5 },
        crashes: true,
        skewed: true,
      }),
    TIMEOUT,
  );

  it(
    'a message of a covered time is not displayed once the policies have run [I4]',
    () => holds(nothingShown, { mix: { ...BLOCKING, receive: 30 }, crashes: true, skewed: true }),
    TIMEOUT,
  );

  it(
    'a block is ended and narrowed by nobody but those who have the right [I5]',
    () => holds(onlyByRight, { mix: { ...BLOCKING, changeBlock: 15, detach: 8, changeSetting: 5, changeRole: 3 } }),
    TIMEOUT,
  );

  it(
    'a conversation has one assignee at most, whose number only grows, and nobody is replaced by a claim [I6]',
    () => holds(oneAssignee, { mix: { assignToMe: 20, assign: 12, unassign: 6, start: 6, send: 10 }, crashes: true }),
    TIMEOUT,
  );

  it(
    'every assignee is an active member of the staff [I7]',
    () => holds(activeAssignees, { mix: { assignToMe: 15, assign: 15, deactivate: 5, invite: 4 }, crashes: true }),
    TIMEOUT,
  );

  it(
    'a message assigns nobody unless the setting says so [I8]',
    () => holds(sendingAssignsNobody, { mix: { send: 25, unassign: 5, changeSetting: 6, assignToMe: 0 } }),
    TIMEOUT,
  );

  it(
    'automation speaks only where it runs and nothing is covered [I9]',
    () => holds(automationKeepsStill, { mix: { ...BLOCKING, send: 30, pause: 6, resume: 4, conclude: 6 } }),
    TIMEOUT,
  );

  it(
    'a conclusion, the release and the automation that it brings are one append [I10]',
    () =>
      holds(concludedAtOnce, {
        mix: { conclude: 15, assignToMe: 10, pause: 4, block: 6, changeSetting: 5 },
        crashes: true,
      }),
    TIMEOUT,
  );

  it(
    'with prevention on nobody comes to an address that somebody else holds [I13]',
    () =>
      holds(
        oneHolder,
        { mix: { register: 20, attach: 20, detach: 6, receive: 15 }, crashes: true },
        { 'duplicates.preventPhone': true, 'duplicates.preventEmail': true },
      ),
    TIMEOUT,
  );

  it(
    'and where clocks differ nobody shares one with another once the policies have run [I13]',
    () =>
      holds(
        oneHolderAtLast,
        { mix: { register: 20, attach: 20, detach: 6, receive: 15 }, crashes: true, skewed: true },
        { 'duplicates.preventPhone': true, 'duplicates.preventEmail': true },
      ),
    TIMEOUT,
  );

  it(
    'a merge weakens neither a block nor a refusal, undoing it gives both sides their own back, and both are carried out [I14]',
    () =>
      holds(mergesNeverWeaken, {
        mix: {
          ...BLOCKING,
          merge: 14,
          undoMerge: 8,
          register: 6,
          attach: 6,
          consent: 8,
          addToWallet: 2,
          createWallet: 1,
        },
        crashes: true,
        skewed: true,
      }),
    TIMEOUT,
  );

  it(
    'wallets that are not archived share no name and no code, keep their responsible, and archived ones take nobody [I16]',
    () =>
      holds(walletsInOrder, {
        mix: { ...WALLETS, merge: 4, undoMerge: 2, register: 6, changeSetting: 6 },
        crashes: true,
      }),
    TIMEOUT,
  );

  it(
    'what goes out goes to the identity of its own conversation [I15]',
    () => holds(toItsOwnIdentity, { mix: { send: 20, handOver: 20, attach: 8, detach: 4 } }),
    TIMEOUT,
  );

  it('no fact says what was so already [I17]', () => holds(saidOnce, { crashes: true }), TIMEOUT);
});
