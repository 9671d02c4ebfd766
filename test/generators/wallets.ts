import fc from 'fast-check';
import { hoursOf } from '#kernel';
import { CompleteBulk, RecordBulkFailures, StartBulk } from '#wallets/bulk';
import {
  AddWalletMember,
  ArchiveWallet,
  ChangeWalletResponsible,
  CreateWallet,
  EditWallet,
  RemoveWalletMember,
  type WalletCommand,
} from '#wallets/wallet';
import { ClaimWalletCode, ClaimWalletName } from '#wallets/wallet-claims';
import { AddWalletContact, RemoveWalletContact } from '#wallets/wallet-contact';
import { metadata, mostly, one, optional, time } from './common.js';

const walletId = fc.constant('w1');
const staffId = one('ana', 'bia', 'caio');
const name = one('South', 'North');
const code = one('S1', 'N1', null);
const hours = one(
  null,
  hoursOf({ timeZone: 'America/Sao_Paulo', weekly: { mon: [['08:00', '12:00']] }, closed: ['2026-12-25'] }),
);

const wallet = <D extends object, C>(data: fc.Arbitrary<D>, make: new (data: D, asked: never) => C): fc.Arbitrary<C> =>
  fc.tuple(data, metadata).map(([given, asked]) => new make(given, asked as never));

const create = wallet(
  fc.record({
    walletId,
    name,
    code,
    generate: fc.boolean(),
    hours,
    responsibleId: one('ana', 'bia', null),
    eligible: mostly,
  }),
  CreateWallet,
);
const edit = wallet(
  fc
    .tuple(
      fc.record({ walletId, generate: fc.boolean() }),
      optional('name', name),
      optional('code', code),
      optional('hours', hours),
    )
    .map(([data, ...rest]) => Object.assign({ ...data }, ...rest) as typeof data),
  EditWallet,
);
const responsible = wallet(
  fc.record({ walletId, responsibleId: one('ana', 'bia', null), eligible: mostly }),
  ChangeWalletResponsible,
);
const add = wallet(fc.record({ walletId, staffId, eligible: mostly }), AddWalletMember);
const remove = wallet(fc.record({ walletId, staffId }), RemoveWalletMember);
const archive = wallet(fc.record({ walletId }), ArchiveWallet);

export const walletCommands: fc.Arbitrary<WalletCommand> = fc.oneof(
  { weight: 4, arbitrary: create },
  { weight: 5, arbitrary: edit },
  { weight: 4, arbitrary: responsible },
  { weight: 4, arbitrary: add },
  { weight: 3, arbitrary: remove },
  { weight: 1, arbitrary: archive },
);

const pair = { walletId, contactId: fc.constant('carla') };
const conversationId = one('conv-1', null);

export const walletContactCommands = fc.oneof(
  wallet(
    fc.record({
      ...pair,
      via: one('selection', 'conversation', 'routing_code', 'import', 'merge'),
      conversationId,
      bulkId: one('bulk-1', null),
      perContact: one('many', 'one'),
      obstacle: one(null, null, null, 'not-found', 'contact-merged', 'contact-erased'),
    }),
    AddWalletContact,
  ),
  wallet(
    fc
      .tuple(fc.record({ ...pair, conversationId, movedToWalletId: one('w2', null) }), optional('addedAt', time))
      .map(([data, when]) => ({ ...data, ...when })),
    RemoveWalletContact,
  ),
);

const claiming = fc.record({
  key: fc.constant('hmac'),
  walletId: one('w1', 'w2'),
  claimId: one('c1', 'c2', 'c3', 'c4'),
  takenBy: one('w3', null, null, null),
});
export const walletNameCommands = wallet(claiming, ClaimWalletName);
export const walletCodeCommands = wallet(claiming, ClaimWalletCode);

const bulkId = fc.constant('bulk-1');
const failed = fc.uniqueArray(
  fc.record({ id: one('carla', 'clara', 'cora'), code: one('contact-not-found', 'contact-erased') }),
  { selector: ({ id }) => id, maxLength: 3 },
);
export const bulkCommands = fc.oneof(
  wallet(fc.record({ bulkId, total: fc.nat(9) }), StartBulk),
  wallet(fc.record({ bulkId, failed }), RecordBulkFailures),
  wallet(fc.record({ bulkId, added: fc.nat(9), skipped: fc.nat(9) }), CompleteBulk),
);
