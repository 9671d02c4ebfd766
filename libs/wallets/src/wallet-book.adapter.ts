import { randomUUID } from 'node:crypto';
import { streamName, type CommandMetadata } from '#kernel';
import { Busy, type CommandRunner } from '#event-store';
import { keyedHash } from '#platform';
import {
  claimLost,
  ClaimWalletCode,
  ClaimWalletName,
  holds,
  nameKey,
  validClaims,
  walletCodeDecider,
  walletNameDecider,
  type Claimed,
  type WalletClaim,
} from './wallet-claims.js';
import { walletDecider, type Wallet } from './wallet.js';

/** A claim of one's own that is older is made anew: it would run out under the command. */
const GIVE_UP_MS = 30_000;

/** Which wallet has a name or a code, resolved from the streams: nothing lags behind. */
export class WalletBook {
  constructor(
    private readonly runner: CommandRunner,
    private readonly tenantSecret: (tenant: string) => Promise<Buffer>,
  ) {}

  /** Claims it for a wallet, at the revision read, so that of two at once one sees the other. `false`: another wallet has it, or is about to. */
  async claim(metadata: CommandMetadata, wanted: Claimed, walletId: string): Promise<boolean> {
    const { tenant, now, commandId } = metadata;
    // A claim is found by its wallet, not by its command: the same command may have to claim again.
    const claiming = { ...metadata, commandId: randomUUID(), causationId: commandId };
    const key = await this.keyOf(tenant, wanted);
    const data = async (claims: readonly WalletClaim[]): Promise<ClaimWalletName['data']> => {
      const wallets = await this.walletsOf(tenant, claims);
      const valid = validClaims(claims, wallets, wanted, now);
      const own = valid.findLast((claim) => claim.walletId === walletId);
      const lasts =
        own !== undefined &&
        (holds(wallets.get(walletId) ?? { status: 'unknown' }, wanted) ||
          Date.parse(now) - Date.parse(own.claimedAt) < GIVE_UP_MS);
      return {
        key,
        walletId,
        claimId: lasts ? own.claimId : claiming.commandId,
        takenBy: valid.find((claim) => claim.walletId !== walletId)?.walletId ?? null,
      };
    };
    const outcome =
      'name' in wanted
        ? await this.runner.execute(
            walletNameDecider,
            key,
            async ({ claims }) => new ClaimWalletName(await data(claims), claiming),
            claiming,
          )
        : await this.runner.execute(
            walletCodeDecider,
            key,
            async ({ claims }) => new ClaimWalletCode(await data(claims), claiming),
            claiming,
          );
    return outcome.kind === 'accepted';
  }

  /** Does another active wallet have it too, which claimed it when the wallet's own claim had run out before its fact was recorded? */
  async lost(tenant: string, wanted: Claimed, walletId: string, takenAt: string): Promise<boolean> {
    const decider = 'name' in wanted ? walletNameDecider : walletCodeDecider;
    const { state } = await this.runner.load(decider, tenant, await this.keyOf(tenant, wanted));
    if (!claimLost(state.claims, walletId, takenAt)) return false;
    const wallets = await this.walletsOf(tenant, state.claims);
    return [...wallets].some(([id, wallet]) => id !== walletId && holds(wallet, wanted));
  }

  /** The active wallet that has a name or a code, `null` if there is none. */
  async walletOf(tenant: string, wanted: Claimed): Promise<string | null> {
    const decider = 'name' in wanted ? walletNameDecider : walletCodeDecider;
    const { state } = await this.runner.load(decider, tenant, await this.keyOf(tenant, wanted));
    const wallets = await this.walletsOf(tenant, state.claims);
    return [...wallets].find(([, wallet]) => holds(wallet, wanted))?.[0] ?? null;
  }

  /** Every wallet that ever claimed a code, the latest claim first: archived ones and those that have another code now too. */
  async claimantsOf(tenant: string, code: string): Promise<readonly string[]> {
    const { state } = await this.runner.load(walletCodeDecider, tenant, await this.keyOf(tenant, { code }));
    return [...new Set(state.claims.map(({ walletId }) => walletId).reverse())];
  }

  /** Stops a command that took longer than a claim may wait for its fact. */
  stillInTime({ tenant, now }: CommandMetadata, walletId: string): void {
    if (Date.now() - Date.parse(now) > GIVE_UP_MS) throw new Busy(streamName(walletDecider.category, tenant, walletId));
  }

  /** Names and codes may say something of people: streams are called by their keyed hash. */
  private async keyOf(tenant: string, wanted: Claimed): Promise<string> {
    const secret = await this.tenantSecret(tenant);
    return keyedHash(
      secret,
      'name' in wanted ? `wallet-name:${nameKey(wanted.name)}` : `wallet-code:${wanted.code}`,
      'hex',
    );
  }

  private async walletsOf(tenant: string, claims: readonly WalletClaim[]): Promise<ReadonlyMap<string, Wallet>> {
    const wallets = new Map<string, Wallet>();
    for (const { walletId } of claims) {
      if (!wallets.has(walletId)) {
        wallets.set(walletId, (await this.runner.load(walletDecider, tenant, walletId)).state);
      }
    }
    return wallets;
  }
}
