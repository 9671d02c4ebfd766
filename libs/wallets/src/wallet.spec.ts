import { describe, expect, it } from '@jest/globals';
import { fold, type Hours } from '#kernel';
import { asked, at, callers, given } from '#kernel/given';
import {
  AddWalletMember,
  ArchiveWallet,
  ChangeWalletResponsible,
  CreateWallet,
  EditWallet,
  membersOf,
  RemoveWalletMember,
  walletDecider,
  type WalletEvent,
} from './wallet.js';

const walletId = 'w1';
const by = callers.supervisor.id;
const now = at('10:00');
const metadata = asked(callers.supervisor, now);
const hours: Hours = { timeZone: 'UTC', weekly: { mon: [['08:00', '12:00']] }, closed: [] };
const create = (data: Partial<CreateWallet['data']> = {}) =>
  new CreateWallet(
    {
      walletId,
      name: 'South',
      code: null,
      generate: false,
      hours: null,
      responsibleId: null,
      eligible: false,
      ...data,
    },
    metadata,
  );
const edit = (data: Omit<EditWallet['data'], 'walletId' | 'generate'>) =>
  new EditWallet({ walletId, generate: false, ...data }, metadata);
const responsible = (responsibleId: string | null, eligible = true) =>
  new ChangeWalletResponsible({ walletId, responsibleId, eligible }, metadata);
const add = (staffId: string, eligible = true) => new AddWalletMember({ walletId, staffId, eligible }, metadata);
const remove = (staffId: string) => new RemoveWalletMember({ walletId, staffId }, metadata);
const archive = () => new ArchiveWallet({ walletId }, metadata);

const created = (data: Partial<Extract<WalletEvent, { type: 'WalletCreated' }>['data']> = {}): WalletEvent => ({
  type: 'WalletCreated',
  data: {
    walletId,
    name: 'South',
    code: null,
    hours: null,
    responsibleId: null,
    createdBy: by,
    createdAt: now,
    ...data,
  },
});
const archived: WalletEvent = { type: 'WalletArchived', data: { walletId, archivedBy: by, archivedAt: now } };
const added: WalletEvent = { type: 'WalletMemberAdded', data: { walletId, staffId: 'bia', addedBy: by, addedAt: now } };
const members = (...facts: WalletEvent[]) => {
  const wallet = fold(walletDecider.evolve, walletDecider.initial, facts);
  return wallet.status === 'unknown' ? [] : membersOf(wallet.members, wallet.responsibleId);
};

describe('creating a wallet', () => {
  it('needs a name only [W1]', () => {
    given(walletDecider).when(create()).then(created());
  });
  it('is one fact with name, code, hours and responsible [W4]', () => {
    given(walletDecider)
      .when(create({ code: 'S-1', hours, responsibleId: 'ana', eligible: true }))
      .then(created({ code: 'S-1', hours, responsibleId: 'ana' }));
  });
  it('is refused with a responsible who does not work here [W4]', () => {
    given(walletDecider)
      .when(create({ responsibleId: 'gone' }))
      .thenRejected('assignee-not-eligible');
  });
  it('is done once [W4]', () => {
    given(walletDecider, created()).when(create()).thenNothing();
  });
});

describe('a wallet', () => {
  it('gets another name, code and hours, in one go or one by one [W10]', () => {
    given(walletDecider, created())
      .when(edit({ name: 'North', code: 'N', hours }))
      .then(
        {
          type: 'WalletRenamed',
          data: { walletId, oldName: 'South', newName: 'North', renamedBy: by, renamedAt: now },
        },
        { type: 'WalletCodeChanged', data: { walletId, oldCode: null, newCode: 'N', changedBy: by, changedAt: now } },
        { type: 'WalletHoursChanged', data: { walletId, old: null, new: hours, changedBy: by, changedAt: now } },
      );
    given(walletDecider, created({ code: 'S' }))
      .when(edit({ code: null }))
      .then({
        type: 'WalletCodeChanged',
        data: { walletId, oldCode: 'S', newCode: null, changedBy: by, changedAt: now },
      });
  });
  it('stays quiet about what it is already [W10 I17]', () => {
    given(walletDecider, created({ code: 'S', hours }))
      .when(edit({ name: 'South', code: 'S', hours: { ...hours } }))
      .thenNothing();
    given(walletDecider, created()).when(edit({})).thenNothing();
  });
  it('is archived once, and then changes no more [W14]', () => {
    given(walletDecider, created()).when(archive()).then(archived);
    given(walletDecider, created(), archived).when(archive()).thenNothing();
    for (const command of [edit({ name: 'North' }), responsible('ana'), responsible(null), add('ana'), remove('bia')]) {
      given(walletDecider, created(), archived).when(command).thenRejected('wallet-archived');
    }
  });
  it('is not known before it is created', () => {
    for (const command of [edit({ name: 'North' }), responsible('ana'), add('ana'), remove('ana'), archive()]) {
      given(walletDecider).when(command).thenRejected('not-found');
    }
  });
});

describe('the responsible', () => {
  const changed = (previousResponsibleId: string | null, responsibleId: string | null): WalletEvent => ({
    type: 'WalletResponsibleChanged',
    data: { walletId, previousResponsibleId, responsibleId, changedBy: by, changedAt: now },
  });
  it('is changed, and the fact names the one before [W8]', () => {
    given(walletDecider, created({ responsibleId: 'ana' }))
      .when(responsible('bia'))
      .then(changed('ana', 'bia'));
    given(walletDecider, created({ responsibleId: 'ana' }))
      .when(responsible(null))
      .then(changed('ana', null));
  });
  it('is one at a time, who is active, and said once [W8 I17]', () => {
    given(walletDecider, created()).when(responsible('gone', false)).thenRejected('assignee-not-eligible');
    given(walletDecider, created({ responsibleId: 'ana' }))
      .when(responsible('ana'))
      .thenNothing();
    given(walletDecider, created()).when(responsible(null)).thenNothing();
  });
  it('is a member, and cannot be removed as one [W9 I16]', () => {
    expect(members(created({ responsibleId: 'ana' }))).toEqual(['ana']);
    given(walletDecider, created({ responsibleId: 'ana' }))
      .when(add('ana'))
      .thenNothing();
    given(walletDecider, created({ responsibleId: 'ana' }))
      .when(remove('ana'))
      .thenRejected('responsible-cannot-be-removed');
    given(walletDecider, created({ responsibleId: 'bia' }), added)
      .when(remove('bia'))
      .thenRejected('responsible-cannot-be-removed');
  });
  it('of before stays a member if they were added as one [W9]', () => {
    expect(members(created({ responsibleId: 'ana' }), changed('ana', 'bia'))).toEqual(['bia']);
    expect(members(created({ responsibleId: 'bia' }), added, changed('bia', null))).toEqual(['bia']);
  });
});

describe('a staff member', () => {
  it('is added to a wallet and removed, each said once [W9 I17]', () => {
    given(walletDecider, created()).when(add('bia')).then(added);
    given(walletDecider, created(), added).when(add('bia')).thenNothing();
    given(walletDecider, created(), added)
      .when(remove('bia'))
      .then({ type: 'WalletMemberRemoved', data: { walletId, staffId: 'bia', removedBy: by, removedAt: now } });
    given(walletDecider, created()).when(remove('bia')).thenNothing();
  });
  it('who left is not added [W9]', () => {
    given(walletDecider, created()).when(add('gone', false)).thenRejected('assignee-not-eligible');
  });
});
