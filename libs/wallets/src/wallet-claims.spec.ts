import { describe, expect, it } from '@jest/globals';
import { fold } from '#kernel';
import { asked, at, callers, given } from '#kernel/given';
import {
  claimLost,
  ClaimWalletCode,
  ClaimWalletName,
  codeFrom,
  nameKey,
  validClaims,
  walletCodeDecider,
  walletNameDecider,
  type WalletClaim,
} from './wallet-claims.js';
import { walletDecider, type Wallet, type WalletEvent } from './wallet.js';

const claim = (walletId: string, claimedAt = at('10:00')): WalletClaim => ({
  walletId,
  claimId: `${walletId} ${claimedAt}`,
  claimedAt,
});
const metadata = asked(callers.admin, at('10:00'));

describe('a claim of a name or a code', () => {
  const data = { key: 'hmac', walletId: 'w1', claimId: claim('w1').claimId, takenBy: null };
  it('stands where nobody else has it, once [W1 W2]', () => {
    given(walletNameDecider)
      .when(new ClaimWalletName(data, metadata))
      .then({ type: 'WalletNameClaimed', data: claim('w1') });
    given(walletCodeDecider)
      .when(new ClaimWalletCode(data, metadata))
      .then({ type: 'WalletCodeClaimed', data: claim('w1') });
    given(walletNameDecider, { type: 'WalletNameClaimed', data: claim('w1') })
      .when(new ClaimWalletName(data, metadata))
      .thenNothing();
  });
  it('is refused where another wallet has it [W1 W2]', () => {
    const taken = { ...data, takenBy: 'w2' };
    given(walletNameDecider).when(new ClaimWalletName(taken, metadata)).thenRejected('wallet-name-taken');
    given(walletCodeDecider).when(new ClaimWalletCode(taken, metadata)).thenRejected('wallet-code-taken');
  });
});

describe('a claim is valid', () => {
  const created = (createdAt: string, name = 'South', code: string | null = 'S-1'): WalletEvent => ({
    type: 'WalletCreated',
    data: { walletId: 'w1', name, code, hours: null, responsibleId: null, createdBy: 'adm', createdAt },
  });
  const renamed = (newName: string, renamedAt: string): WalletEvent => ({
    type: 'WalletRenamed',
    data: { walletId: 'w1', oldName: 'South', newName, renamedBy: 'adm', renamedAt },
  });
  const archived: WalletEvent = {
    type: 'WalletArchived',
    data: { walletId: 'w1', archivedBy: 'adm', archivedAt: at('10:00:30') },
  };
  const walletOf = (...facts: WalletEvent[]): Wallet => fold(walletDecider.evolve, walletDecider.initial, facts);
  const valid = (now: string, ...facts: WalletEvent[]) =>
    validClaims([claim('w1')], new Map([['w1', walletOf(...facts)]]), { name: 'south' }, now).length === 1;

  it('for a minute while its command is under way, and no longer after a crash [W1 I16]', () => {
    expect(valid(at('10:00:59.999'))).toBe(true);
    expect(valid(at('10:01'))).toBe(false);
  });
  it('as long as its wallet is active and called so, whatever the case [W1 I16]', () => {
    expect(valid(at('12:00'), created(at('10:00:01')))).toBe(true);
    expect(valid(at('10:00:31'), created(at('10:00:01')), archived)).toBe(false);
  });
  it('no more once its wallet has taken it and left it, not even within the minute [W1 I16]', () => {
    expect(valid(at('10:00:40'), created(at('10:00:01')), renamed('North', at('10:00:30')))).toBe(false);
  });
  it('while its wallet, which had the name long ago, is about to take it again [W1 I16]', () => {
    const before = [created(at('08:00')), renamed('North', at('09:00'))];
    expect(valid(at('10:00:40'), ...before)).toBe(true);
    expect(valid(at('10:01'), ...before)).toBe(false);
    expect(valid(at('12:00'), ...before, renamed('SOUTH', at('10:00:50')))).toBe(true);
  });
  it('of a code as of a name, but letter by letter [W2 I16]', () => {
    const wallets = new Map([['w1', walletOf(created(at('10:00')))]]);
    expect(validClaims([claim('w1')], wallets, { code: 'S-1' }, at('12:00'))).toEqual([claim('w1')]);
    expect(validClaims([claim('w1')], wallets, { code: 's-1' }, at('12:00'))).toEqual([]);
  });
});

describe('a name that was taken', () => {
  const [own, other] = [claim('w1', at('10:00')), claim('w2', at('10:02'))];
  it('later than its claim lasted, behind another\u2019s claim, is lost [W1 I16]', () => {
    expect(claimLost([own, other], 'w1', at('10:03'))).toBe(true);
    expect(claimLost([own, other], 'w2', at('10:02:10'))).toBe(false);
  });
  it('in time, or late but before anybody else claimed it, is not [W1 I16]', () => {
    expect(claimLost([own, other], 'w1', at('10:00:30'))).toBe(false);
    expect(claimLost([own, other], 'w1', at('10:01:30'))).toBe(false);
    expect(claimLost([own], 'w1', at('10:03'))).toBe(false);
    expect(claimLost([own, claim('w1', at('10:02:30')), other], 'w1', at('10:03'))).toBe(false);
  });
});

it('names that people take for the same are one [W1]', () => {
  expect(nameKey('  Região   SUL ')).toBe(nameKey('região sul'));
  expect(nameKey('Ｓｕｌ')).toBe(nameKey('sul'));
  expect(nameKey('Sul')).not.toBe(nameKey('Súl'));
});

it('a generated code has eight signs that can be read out, the same for the same id [W2]', () => {
  expect(codeFrom('ffffffff-ff00-4000-8000-000000000000')).toBe('ZZZZZZZZ');
  expect(codeFrom('00000000-01ff-4000-8000-000000000000')).toBe('00000001');
});
