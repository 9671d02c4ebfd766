// Who claims a name or a code, one after the other. A claim is a pointer, the wallet's stream is the truth; nothing is ever released.
import { Command, decider, defineEvents, later, only, plus, reject, type Event, type Rejection } from '#kernel';
import { codeOf, nameOf, type Wallet } from './wallet.js';

export type WalletClaim = {
  readonly walletId: string;
  /** One wish of a wallet for it; a later wish claims anew. */
  readonly claimId: string;
  readonly claimedAt: string;
};
export type WalletNameEvent = Event<'WalletNameClaimed', WalletClaim>;
export type WalletCodeEvent = Event<'WalletCodeClaimed', WalletClaim>;

export type WalletClaims = { readonly claims: readonly WalletClaim[]; readonly lastTime: string };

const initial: WalletClaims = { claims: [], lastTime: '' };

const claimed = (state: WalletClaims, claim: WalletClaim): WalletClaims => ({
  claims: [...state.claims, claim],
  lastTime: later(claim.claimedAt, state.lastTime),
});

type Claiming = {
  /** Keyed hash of the name or code, hex. */
  readonly key: string;
  readonly walletId: string;
  readonly claimId: string;
  /** Another wallet whose claim is valid now. */
  readonly takenBy: string | null;
};
export class ClaimWalletName extends Command<Claiming> {
  readonly type = 'ClaimWalletName';
}
export class ClaimWalletCode extends Command<Claiming> {
  readonly type = 'ClaimWalletCode';
}

/** The claim to store; `null` if it stands already or another's is valid. */
const claimOf = (
  { data, metadata }: ClaimWalletName | ClaimWalletCode,
  { claims, lastTime }: WalletClaims,
): WalletClaim | null => {
  const { walletId, claimId } = data;
  return claims.some((claim) => claim.claimId === claimId)
    ? null
    : { walletId, claimId, claimedAt: later(metadata.now, lastTime) };
};

export const walletNameDecider = decider({
  category: 'walletname',
  commands: [ClaimWalletName],
  idOf: (command) => command.data.key,
  initial,
  evolve: (state: WalletClaims, event: WalletNameEvent) => {
    only(event, 'WalletNameClaimed');
    return claimed(state, event.data);
  },
  decide: (command, state): readonly WalletNameEvent[] | Rejection<'wallet-name-taken'> => {
    if (command.data.takenBy !== null) return reject('wallet-name-taken');
    const data = claimOf(command, state);
    return data === null ? [] : [{ type: 'WalletNameClaimed', data }];
  },
  sizeOf: (state) => 150 + 150 * state.claims.length,
});

export const walletCodeDecider = decider({
  category: 'walletcode',
  commands: [ClaimWalletCode],
  idOf: (command) => command.data.key,
  initial,
  evolve: (state: WalletClaims, event: WalletCodeEvent) => {
    only(event, 'WalletCodeClaimed');
    return claimed(state, event.data);
  },
  decide: (command, state): readonly WalletCodeEvent[] | Rejection<'wallet-code-taken'> => {
    if (command.data.takenBy !== null) return reject('wallet-code-taken');
    const data = claimOf(command, state);
    return data === null ? [] : [{ type: 'WalletCodeClaimed', data }];
  },
  sizeOf: (state) => 150 + 150 * state.claims.length,
});

export const walletNameEvents = defineEvents<WalletNameEvent>()({ WalletNameClaimed: { version: 1 } });
export const walletCodeEvents = defineEvents<WalletCodeEvent>()({ WalletCodeClaimed: { version: 1 } });

/** Names that people would take for the same are one: case, width and blanks do not count. */
export const nameKey = (name: string): string => name.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();

/** How long a claim holds before any fact took the name or code: its command may still be under way. */
export const PENDING_MS = 60_000;

/** What is claimed: a name by its key, or a code. */
export type Claimed = { readonly name: string } | { readonly code: string };

/** Does an active wallet have it now? */
export const holds = (wallet: Wallet, wanted: Claimed): boolean =>
  wallet.status === 'active' &&
  ('name' in wanted ? nameKey(nameOf(wallet)) === nameKey(wanted.name) : codeOf(wallet) === wanted.code);

/** Has the wallet had it since the claim? Then the claim was for that, and holds only as long as the wallet has it. */
const hadSince = (wallet: Wallet, wanted: Claimed, claimedAt: string): boolean => {
  if (wallet.status === 'unknown') return false;
  return 'name' in wanted
    ? wallet.names.some(({ value, from }) => from >= claimedAt && nameKey(value) === nameKey(wanted.name))
    : wallet.codes.some(({ value, from }) => from >= claimedAt && value === wanted.code);
};

/**
 * The claims that are valid now, oldest first: of active wallets that have it, and those younger than a minute whose command may
 * be under way. `wallets` by id; a wallet that is not in it does not exist yet.
 */
export const validClaims = (
  claims: readonly WalletClaim[],
  wallets: ReadonlyMap<string, Wallet>,
  wanted: Claimed,
  now: string,
): readonly WalletClaim[] =>
  claims.filter(({ walletId, claimedAt }) => {
    const wallet = wallets.get(walletId) ?? { status: 'unknown' };
    if (holds(wallet, wanted)) return true;
    const pending = wallet.status !== 'archived' && !hadSince(wallet, wanted, claimedAt);
    return pending && Date.parse(now) - Date.parse(claimedAt) < PENDING_MS;
  });

/**
 * Was a name or code taken so late (`takenAt`: when the log recorded it) that another's claim had become valid in between?
 * Then it is the other's, if they still have it. Source: spec/domain.md, "Claims".
 */
export const claimLost = (claims: readonly WalletClaim[], walletId: string, takenAt: string): boolean => {
  const own = claims.findLast((claim) => claim.walletId === walletId && claim.claimedAt <= takenAt);
  if (own === undefined) return true;
  const deadline = plus(own.claimedAt, PENDING_MS);
  return claims.some(
    (other) => other.walletId !== walletId && other.claimedAt >= deadline && other.claimedAt <= takenAt,
  );
};

const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A code that can be read out and typed, of a UUID's first forty bits: eight signs, none of which looks like another. */
export const codeFrom = (uuid: string): string => {
  let bits = BigInt(`0x${uuid.replaceAll('-', '').slice(0, 10)}`);
  let code = '';
  for (let sign = 0; sign < 8; sign += 1) {
    code = (LETTERS[Number(bits % 32n)] ?? '') + code;
    bits /= 32n;
  }
  return code;
};
