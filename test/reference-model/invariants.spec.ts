// Each check of a history finds what it is there for: a history that breaks its invariant, and is otherwise in order, is reported.
import { describe, expect, it } from '@jest/globals';
import { v5 } from 'uuid';
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
  onlyByRight,
  saidOnce,
  sendingAssignsNobody,
  timeGoesOn,
  toItsOwnIdentity,
  walletsInOrder,
  type Asked,
  type Fact,
  type History,
  type Invariant,
} from './index.js';

const IDENTITY = '5b3f3a52-1c41-4a0c-9b0e-6f1d3b0a7c11';
const CONVERSATION = v5('whatsapp', IDENTITY);
const at = (minute: number): string => new Date(Date.UTC(2026, 2, 10, 10, minute)).toISOString();
type Said = Omit<Fact, 'revision' | 'stream' | 'actorKind' | 'occurredAt'>;
const fact = (category: string, subject: string, type: string, data: Fact['data'], more: Partial<Said> = {}): Said => ({
  ...{ category, subject, type, data, actor: 'ana', commandId: `${type} ${JSON.stringify(data)}`, commandType: type },
  ...more,
});
const ofContact = (type: string, data: Fact['data'], more?: Partial<Said>) =>
  fact('contact', 'carla', type, data, more);
const inConversation = (type: string, data: Fact['data'], more?: Partial<Said>) =>
  fact('conversation', CONVERSATION, type, data, more);

const invited = (staffId: string, role: string) =>
  fact('staff', staffId, 'StaffMemberInvited', { role, conversationAccess: 'all' });
const registered = ofContact('ContactRegistered', {
  identities: [{ identityId: IDENTITY, kind: 'whatsapp', value: '+5511912345678', verified: true }],
  registeredAt: at(0),
});
const opened = inConversation('ConversationOpened', {
  ...{ contactId: 'carla', identityId: IDENTITY, channel: 'whatsapp', openedBy: 'customer', openedAt: at(0) },
});
const received = (minute: number, messageId = 'm1') =>
  inConversation('MessageReceived', {
    ...{ messageId, identityId: IDENTITY, sentAt: null, receivedAt: at(minute), ordinal: 1 },
  });
const blocked = (minute: number, blockId = 'b1', closeOpen = false) =>
  ofContact('ContactBlocked', {
    ...{ blockId, scope: { all: true }, reasonCode: null, expiresAt: null, noticeMessageId: null },
    ...{ blockedAt: at(minute), coveredIdentityIds: [IDENTITY], policy: { closeOpen, inboundMode: 'ignore' } },
  });
const unblocked = (minute: number, actor: string) =>
  ofContact('ContactUnblocked', { blockId: 'b1', unblockedAt: at(minute) }, { actor });
const requested = (minute: number, more: Fact['data'] = {}) =>
  inConversation('MessageSendRequested', {
    ...{ messageId: 'out', purpose: 'reply', authorKind: 'staff', viaDevice: false, block: null, ordinal: 2 },
    ...{ requestedAt: at(minute), ...more },
  });
const assigned = (
  assigneeId: string,
  assignmentNo: number,
  previous: string | null,
  commandType = 'AssignConversation',
) =>
  inConversation(
    'ConversationAssigned',
    { assigneeId, assignmentNo, previousAssigneeId: previous, assignedAt: at(5) },
    { commandType },
  );
const concluded = (assigneeAtConclusion: string | null) =>
  inConversation('ConversationConcluded', { assigneeAtConclusion, cause: 'agent', concludedAt: at(6) });
const set = (key: string, newValue: string) =>
  fact('settings', '', 'OrgSettingChanged', { key, oldValue: null, newValue });

const start: readonly Said[] = [invited('ana', 'agent'), invited('sol', 'supervisor'), registered, opened];

const BEN = '0f6a2d1e-52c4-4a75-8d0b-3c9f8f1f6a42';
const benRegistered = fact('contact', 'ben', 'ContactRegistered', {
  identities: [{ identityId: BEN, kind: 'whatsapp', value: '+5588999990000', verified: true }],
  registeredAt: at(0),
});
const requestedMerge = fact('merges', '', 'MergeRequested', { mergeId: 'm', survivorId: 'ben', absorbedId: 'carla' });
const absorbed = ofContact('ContactAbsorbed', { contactId: 'carla', mergeId: 'm', intoId: 'ben', absorbedAt: at(10) });
const relinked = inConversation('ConversationContactRelinked', { from: 'carla', to: 'ben', mergeId: 'm' });
/** Ben takes Carla in: what is not given is lost. */
const merged = (more: Fact['data'] = {}) =>
  fact('contact', 'ben', 'ContactsMerged', {
    ...{ contactId: 'ben', mergeId: 'm', absorbedId: 'carla', block: null, coverage: [], consentOutcome: [] },
    ...{ blockOutcome: { keptBlockId: null, endedBlockId: null, endedAt: null }, mergedAt: at(10), ...more },
  });
const kept = {
  block: { blockId: 'b1', scope: { all: true }, reasonCode: null, expiresAt: null, closeOpen: false },
  blockOutcome: { keptBlockId: 'b1', endedBlockId: null, endedAt: null },
  coverage: [
    { identityId: IDENTITY, channel: '*', from: at(1), to: null, blockId: 'b1', closeOpen: false },
    { identityId: BEN, channel: '*', from: at(10), to: null, blockId: 'b1', closeOpen: false },
  ],
};
const refused = ofContact('ConsentRevoked', { contactId: 'carla', channel: 'sms', source: 'manual', revokedAt: at(2) });
const wallet = (walletId: string, name: string, code: string | null = null) =>
  fact('wallet', walletId, 'WalletCreated', { walletId, name, code, responsibleId: 'ana', createdAt: at(1) });
const archivedWallet = fact('wallet', 'w1', 'WalletArchived', { walletId: 'w1', archivedAt: at(2) });
const cameIn = (walletId: string) =>
  fact('walletcontact', `${walletId}.carla`, 'WalletContactAdded', {
    ...{ walletId, contactId: 'carla', via: 'selection', addedAt: at(3) },
  });

const tookOut = (walletId: string) =>
  fact('walletcontact', `${walletId}.carla`, 'WalletContactRemoved', {
    ...{ walletId, contactId: 'carla', movedToWalletId: null, removedAt: at(11) },
  });
const cameBack = { ...cameIn('w1'), data: { ...cameIn('w1').data, via: 'merge', addedAt: at(14) } };
/** Carla leaves the wallet with the merge, which is undone when nobody comes into the wallet any more. */
const archivedSince: readonly Said[] = [
  ...[benRegistered, wallet('w1', 'Gold'), cameIn('w1'), requestedMerge, absorbed, merged(), relinked, tookOut('w1')],
  ...[archivedWallet, fact('merges', '', 'MergeUndone', { mergeId: 'm' })],
];
const restored = ofContact('ContactRestored', {
  ...{ contactId: 'carla', mergeId: 'm', fromId: 'ben', block: null, coverage: [], restoredAt: at(13) },
});

const unblockedBen = fact('contact', 'ben', 'ContactUnblocked', { blockId: 'b1', unblockedAt: at(12) });

const OF_MERGE: readonly string[] = [
  'ContactAbsorbed',
  'ContactsMerged',
  'ConversationContactRelinked',
  'WalletContactRemoved',
];

/** One step a fact, as if nothing had been asked at once; all that a merge makes is one. */
const lived = (said: readonly Said[], asked: readonly Asked[] = []): History => {
  const revisions = new Map<string, number>();
  const facts = said.map((one): Fact => {
    const stream = `${one.category}-acme.${one.subject}`;
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    return { ...one, stream, revision, actorKind: 'staff', occurredAt: at(0) };
  });
  const begins = facts.flatMap(({ type }, index) => (OF_MERGE.includes(type) ? [] : [index]));
  return {
    facts,
    steps: begins.map((from, index) => {
      const to = begins[index + 1] ?? facts.length;
      return { from, to, at: at(59), asked: to === facts.length ? asked : [] };
    }),
  };
};

const handedOver = (to: string): Asked => ({
  operation: { by: 'gateway', now: at(9), wish: { do: 'handOver', conversationId: CONVERSATION, messageId: 'out' } },
  commandId: 'c',
  outcome: { accepted: true, answer: { to, channel: 'whatsapp' } },
});

type Case = readonly [string, Invariant, readonly Said[], (readonly Asked[])?];
const BROKEN: readonly Case[] = [
  ['time that goes back [I0]', timeGoesOn, [received(9), received(8, 'm2')]],
  ['a second open episode [I1]', oneEpisode, [blocked(1), blocked(2, 'b2')]],
  ['a change of an episode that is over [I1]', oneEpisode, [blocked(1), unblocked(2, 'sol'), unblocked(3, 'sol')]],
  ['a message to a covered address [I2]', nothingGoesOut, [blocked(1), requested(2)]],
  ['a message that waits behind a block [I2]', nothingGoesOut, [requested(1), blocked(2)]],
  [
    'a cancelled message that is handed over [I2]',
    nothingGoesOut,
    [
      requested(1),
      inConversation('MessageCancelled', { messageId: 'out', cancelledAt: at(2) }),
      inConversation('MessageHandedOver', { messageId: 'out', handedOverAt: at(3) }),
    ],
  ],
  [
    'a notice whose block never came [I2]',
    nothingGoesOut,
    [requested(1, { purpose: 'block_notice', block: { blockId: 'b1' } })],
  ],
  ['an assignment while covered [I3]', nobodyStarts, [blocked(1), assigned('ana', 1, null)]],
  ['an open conversation under a block that concludes [I3]', nobodyStarts, [blocked(1, 'b1', true)]],
  ['a shown message of a covered time [I4]', nothingShown, [blocked(1), received(2)]],
  ['an unblock by an agent [I5]', onlyByRight, [blocked(1), unblocked(2, 'ana')]],
  ['an unblock by a supervisor whom the setting does not name [I5]', onlyByRight, [blocked(1), unblocked(2, 'sol')]],
  [
    'a scope made narrower by an agent [I5]',
    onlyByRight,
    [blocked(1), ofContact('ContactBlockChanged', { blockId: 'b1', scope: { channels: ['sms'] }, changedAt: at(2) })],
  ],
  ['an assignment number that does not grow [I6]', oneAssignee, [assigned('ana', 1, null), assigned('sol', 1, 'ana')]],
  [
    'a claim that takes it from somebody [I6]',
    oneAssignee,
    [assigned('ana', 1, null), assigned('sol', 2, 'ana', 'AssignToMe')],
  ],
  [
    'an assignee who has left [I7]',
    activeAssignees,
    [assigned('ana', 1, null), fact('staff', 'ana', 'StaffMemberDeactivated', {})],
  ],
  ['a reply that assigns [I8]', sendingAssignsNobody, [assigned('ana', 1, null, 'SendMessage')]],
  [
    'an automatic reply while paused [I9]',
    automationKeepsStill,
    [inConversation('AutomationPaused', { pausedAt: at(1) }), requested(2, { authorKind: 'automation' })],
  ],
  [
    'an automatic message while covered [I9]',
    automationKeepsStill,
    [blocked(1), requested(2, { authorKind: 'automation' })],
  ],
  ['a conclusion that forgets the assignee [I10]', concludedAtOnce, [assigned('ana', 1, null), concluded(null)]],
  ['a conclusion that releases nobody [I10]', concludedAtOnce, [assigned('ana', 1, null), concluded('ana')]],
  [
    'a conclusion that leaves automation paused [I10]',
    concludedAtOnce,
    [inConversation('AutomationPaused', { pausedAt: at(1) }), concluded(null)],
  ],
  [
    'a merge that ends a block [I14]',
    mergesNeverWeaken,
    [benRegistered, blocked(1), requestedMerge, absorbed, merged(), relinked],
  ],
  [
    'a merge whose block leaves the addresses of the other out [I14]',
    mergesNeverWeaken,
    [
      ...[benRegistered, blocked(1), requestedMerge, absorbed],
      ...[merged({ ...kept, coverage: kept.coverage.slice(0, 1) }), relinked],
    ],
  ],
  [
    'a merge that forgets what was covered once [I14]',
    mergesNeverWeaken,
    [benRegistered, blocked(1), unblocked(2, 'sol'), requestedMerge, absorbed, merged(), relinked],
  ],
  [
    'a merge that forgets a refusal [I14]',
    mergesNeverWeaken,
    [benRegistered, refused, requestedMerge, absorbed, merged(), relinked],
  ],
  ['a merge that is decided and not carried out [I14]', mergesNeverWeaken, [benRegistered, requestedMerge]],
  [
    'a change of whom a merge absorbed [I14]',
    mergesNeverWeaken,
    [benRegistered, requestedMerge, absorbed, merged(), relinked, refused],
  ],
  ['two wallets of one name [I16]', walletsInOrder, [wallet('w1', 'Gold'), wallet('w2', 'GOLD')]],
  ['two wallets of one code [I16]', walletsInOrder, [wallet('w1', 'Gold', 'vip'), wallet('w2', 'Silver', 'vip')]],
  [
    'a responsible who is no member [I16]',
    walletsInOrder,
    [wallet('w1', 'Gold'), fact('wallet', 'w1', 'WalletMemberRemoved', { walletId: 'w1', staffId: 'ana' })],
  ],
  [
    'an archived wallet that takes somebody in [I16]',
    walletsInOrder,
    [wallet('w1', 'Gold'), archivedWallet, cameIn('w1')],
  ],
  ['an archived wallet that takes in somebody who is absorbed [I16]', walletsInOrder, [...archivedSince, cameBack]],
  ['somebody who comes into a wallet twice [I16]', walletsInOrder, [wallet('w1', 'Gold'), cameIn('w1'), cameIn('w1')]],
  [
    'somebody in two wallets where one is all [I16]',
    walletsInOrder,
    [set('wallet.perContact', 'one'), wallet('w1', 'Gold'), cameIn('w1'), wallet('w2', 'Silver'), cameIn('w2')],
  ],
  [
    'the end of a block where it was before a merge [I1]',
    oneEpisode,
    [benRegistered, blocked(1), requestedMerge, absorbed, merged(kept), relinked, unblocked(12, 'sol')],
  ],
  ['a message to another address [I15]', toItsOwnIdentity, [requested(1)], [handedOver('+5588999990000')]],
  ['a block of the blocked conversation said twice [I17]', saidOnce, [concluded(null), concluded(null)]],
  [
    'a setting that was so already [I17]',
    saidOnce,
    [fact('settings', '', 'OrgSettingChanged', { key: 'block.reason', oldValue: 'required', newValue: 'required' })],
  ],
];

const IN_ORDER: readonly Case[] = [
  [
    'the end of a block that went on with the survivor of a merge [I1]',
    oneEpisode,
    [benRegistered, blocked(1), requestedMerge, absorbed, merged(kept), relinked, unblockedBen],
  ],
  [
    'an unblock by a supervisor whom the setting names [I5]',
    onlyByRight,
    [blocked(1), set('block.unblockBy', 'supervisor'), unblocked(2, 'sol')],
  ],
  [
    'a reply that assigns where the setting says so [I8]',
    sendingAssignsNobody,
    [set('assignment.onReply', 'ifUnassigned'), assigned('ana', 1, null, 'SendMessage')],
  ],
  ['a message of before the block [I4]', nothingShown, [received(1), blocked(2)]],
  [
    'a merge whose block covers both [I14]',
    mergesNeverWeaken,
    [
      ...[benRegistered, blocked(1), refused, requestedMerge, absorbed],
      ...[merged({ ...kept, consentOutcome: [{ channel: 'sms', state: 'revoked' }] }), relinked],
    ],
  ],
  [
    'a name that an archived wallet had [I16]',
    walletsInOrder,
    [wallet('w1', 'Gold'), cameIn('w1'), archivedWallet, wallet('w2', 'gold'), cameIn('w2')],
  ],
  [
    'an archived wallet that has somebody again whom a merge took out [I16]',
    walletsInOrder,
    [...archivedSince, restored, cameBack],
  ],
  ['a message to its own address [I15]', toItsOwnIdentity, [requested(1)], [handedOver('+5511912345678')]],
];

describe('the checks of a history', () => {
  it.each(BROKEN)('report %s', (_what, invariant, facts, ...[asked]) => {
    expect(invariant(lived([...start, ...facts], asked)).length).toBeGreaterThan(0);
  });

  it.each(IN_ORDER)('say nothing of %s', (_what, invariant, facts, ...[asked]) => {
    expect(invariant(lived([...start, ...facts], asked))).toEqual([]);
  });

  it('say nothing of a history in which nothing is amiss', () => {
    const all = [timeGoesOn, oneEpisode, nothingGoesOut, nobodyStarts, nothingShown, onlyByRight, oneAssignee];
    const others = [
      activeAssignees,
      sendingAssignsNobody,
      automationKeepsStill,
      concludedAtOnce,
      toItsOwnIdentity,
      saidOnce,
    ];
    for (const invariant of [...all, ...others])
      expect(invariant(lived([...start, received(1), blocked(2)]))).toEqual([]);
  });
});
