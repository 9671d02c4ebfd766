// What must be so when nothing is owed any more.
import { policies, projections } from '#apps/registry';
import type { Codec } from '#event-store';
import type { Policy } from '#kernel';
import { reactionId } from '#projections';
import type { PolicyWishes } from '#policies/policy-wishes.adapter';
import type { RowReads } from '#read-store';
import type { MemoryEventStore } from '../doubles/memory-event-store.js';
import { type FreshFold, liveContents } from '../fixtures/fresh-fold.js';
import * as model from '../reference-model/index.js';
import type { Asked, Fact, History, Invariant, World } from '../reference-model/index.js';
import type { Insisted } from './clients.js';

/** Clocks that differ by an hour make what one process calls covered open for another: these hold whatever the clocks say. */
const ALWAYS: Readonly<Record<string, Invariant>> = {
  I0: model.timeGoesOn,
  I1: model.oneEpisode,
  I5: model.onlyByRight,
  I6: model.oneAssignee,
  I7: model.activeAssignees,
  I8: model.sendingAssignsNobody,
  I10: model.concludedAtOnce,
  I15: model.toItsOwnIdentity,
  I14: model.mergesNeverWeaken,
  I16: model.walletsInOrder,
  I17: model.saidOnce,
};
const BY_TIME: Readonly<Record<string, Invariant>> = {
  I2: model.nothingGoesOut,
  I3: model.nobodyStarts,
  I4: model.nothingShown,
  I9: model.automationKeepsStill,
  I13: model.oneHolder,
};

/** What breaks the invariants of a history. */
export const brokenIn = (history: History, skewed: boolean): readonly string[] =>
  Object.entries({ ...ALWAYS, ...(skewed ? {} : BY_TIME) }).flatMap(([name, invariant]) =>
    invariant(history).map((sentence) => `[${name}] ${sentence}`),
  );

/** Read models whose rows are not what the log says [I18 R13]. */
export const wrongReadModels = async (view: RowReads, fold: FreshFold): Promise<readonly string[]> => {
  const [live, expected] = [await liveContents(view, projections), fold.contents()];
  return projections
    .filter(({ name }) => live[name]?.hash !== expected[name]?.hash || live[name]?.rows !== expected[name]?.rows)
    .map(
      ({ name }) => `${name} holds ${JSON.stringify(live[name])} where the log says ${JSON.stringify(expected[name])}`,
    );
};

/** Hears again what policies heard since a place of the log: whatever they add now they owed. */
export const owedSince = async (
  from: number,
  log: MemoryEventStore,
  codec: Codec,
  wishes: PolicyWishes,
): Promise<readonly string[]> => {
  const end = log.log.length;
  const owed: string[] = [];
  for (const stored of log.log.slice(from, end)) {
    const hearing = policies.filter(({ hears }: Policy) => hears.includes(stored.type));
    const event = hearing.length === 0 ? null : codec.decode(stored);
    for (const policy of event === null ? [] : hearing) {
      const before = log.log.length;
      for (const [at, reaction] of policy.react(event!).entries())
        await wishes.fulfil(reaction, event!, policy.name, reactionId(policy.name, event!.id, at));
      const added = log.log.slice(before).map(({ type, stream }) => `${type} in ${stream}`);
      if (added.length > 0) owed.push(`${policy.name} owed ${added.join(', ')} for ${stored.type} of ${stored.stream}`);
    }
  }
  return owed;
};

/** What was acknowledged and does not stand, or stands twice. */
export const notOnce = (asked: readonly Asked[], facts: readonly Fact[]): readonly string[] => {
  const wrong: string[] = [];
  for (const { operation, outcome, commandId } of asked) {
    if (outcome?.accepted !== true) continue;
    const { answer } = outcome;
    const stands = (type: string, fits: (fact: Fact) => boolean): void => {
      const times = facts.filter((fact) => fact.type === type && fits(fact)).length;
      if (times !== 1)
        wrong.push(`${operation.wish.do} ${commandId} was accepted, ${type} stands ${String(times)} times`);
    };
    switch (operation.wish.do) {
      case 'register':
        stands('ContactRegistered', ({ subject }) => subject === answer['contactId']);
        break;
      case 'send':
        stands('MessageSendRequested', ({ data }) => data.messageId === answer['messageId']);
        break;
      case 'receive': {
        if (answer['disposition'] === 'ignored') {
          // One that a block overtook stands in the conversation, hidden.
          const ofCommand = ({ commandId: by }: Fact): boolean => by === commandId;
          const overtaken = facts.find((fact) => fact.type === 'MessageReceived' && ofCommand(fact));
          if (overtaken === undefined) stands('BlockedMessageIgnored', ofCommand);
          else {
            stands('MessageReceived', ofCommand);
            stands('MessageHidden', ({ data }) => data.messageId === overtaken.data.messageId);
            if (facts.some((fact) => fact.type === 'BlockedMessageIgnored' && ofCommand(fact)))
              wrong.push(`receive ${commandId} is stored in its conversation, and ignored as well`);
          }
        }
        if (answer['disposition'] === 'displayed')
          stands('MessageReceived', ({ data }) => data.messageId === answer['messageId']);
        break;
      }
      case 'block':
        stands('ContactBlocked', ({ data }) => data.blockId === answer['blockId']);
        break;
      case 'unblock':
        stands('ContactUnblocked', ({ data }) => data.blockId === answer['blockId']);
        break;
      case 'merge':
        stands('MergeRequested', ({ data }) => data.mergeId === answer['mergeId']);
        stands('ContactsMerged', ({ data }) => data.mergeId === answer['mergeId']);
        break;
      case 'undoMerge':
        stands('MergeUndone', ({ data }) => data.mergeId === answer['mergeId']);
        stands('ContactsUnmerged', ({ data }) => data.mergeId === answer['mergeId']);
        break;
      case 'createWallet':
        stands('WalletCreated', ({ data }) => data.walletId === answer['walletId']);
        break;
      default:
    }
  }
  return wrong;
};

/**
 * Messages answered as displayed although they were hidden, or a block covered them, as long as the answer was sought: from when
 * the try that got it began, or from when they stood, if that try stored them.
 */
export const shownThoughHidden = (asked: readonly Insisted[], facts: readonly Fact[]): readonly string[] => {
  const shown = asked.flatMap(({ outcome, commandId, began, ended }) =>
    outcome?.accepted === true && outcome.answer['disposition'] === 'displayed'
      ? [{ commandId, began, ended, messageId: outcome.answer['messageId'], looks: new Set<boolean>() }]
      : [],
  );
  if (shown.length === 0) return [];
  const observer = new model.Observer();
  for (const [index, fact] of facts.entries()) {
    observer.add(fact);
    for (const { began, ended, messageId, looks } of shown) {
      const isHidden = index + 1 < began || index >= ended ? null : isHiddenIn(observer.world, messageId);
      if (isHidden !== null) looks.add(isHidden);
    }
  }
  return shown
    .filter(({ looks }) => looks.has(true) && !looks.has(false))
    .map(
      ({ commandId, messageId }) => `receive ${commandId} was answered as displayed, ${String(messageId)} is hidden`,
    );
};

/** Null: there is no such message. */
const isHiddenIn = (world: World, messageId: unknown): boolean | null => {
  for (const conversation of world.conversations.values()) {
    const message = conversation.messages.find((one) => one.messageId === messageId);
    if (message === undefined) continue;
    const { state, sentAt, at } = message;
    return state === 'hidden' || model.hiddenBy(model.coverageOfConversation(world, conversation), sentAt, at) !== null;
  }
  return null;
};

/** Commands whose facts came into one stream by more than one append. */
export const saidInParts = (facts: readonly Fact[]): readonly string[] => {
  const last = new Map<string, number>();
  const wrong: string[] = [];
  for (const { stream, commandId, revision, type } of facts) {
    const name = `${commandId} ${stream}`;
    const before = last.get(name);
    if (before !== undefined && before !== revision - 1) wrong.push(`${type} of ${name} stands apart from its command`);
    last.set(name, revision);
  }
  return wrong;
};

/**
 * When the tries were made that stored what stands of a command: its last try may have found it. A claim has a time of its own; a merge
 * that was decided may have been carried out by the policy.
 */
export const timesOf = (facts: readonly Fact[], { commandId }: Asked): readonly string[] => {
  const own = facts.filter((fact) =>
    fact.commandId === commandId ? fact.category !== 'identity' : fact.type === 'ContactsMerged',
  );
  return [...new Set(own.map(({ occurredAt }) => occurredAt))];
};
