import { isRejection, reject, streamName, type CommandMetadata, type Rejection } from '#kernel';
import { isStale, runOptionsOf, type CommandRunner, type Outcome } from '#event-store';
import { deriveId } from '#platform';
import { bulkDecider } from './bulk.js';
import { bulkIdOf } from './wallet-contacts.adapter.js';
import type { WalletBook } from './wallet-book.adapter.js';
import { codeFrom, type Claimed } from './wallet-claims.js';
import {
  AddWalletMember,
  ChangeWalletResponsible,
  codeOf,
  CreateWallet,
  EditWallet,
  nameOf,
  walletDecider,
  type Wallet,
  type WalletCommand,
} from './wallet.js';

type WalletOutcome = Outcome<typeof walletDecider>;
type Taken = 'wallet-name-taken' | 'wallet-code-taken';
/** What becomes of a wallet's command: names and codes may be another's. */
export type WalletResult =
  | WalletOutcome
  | {
      readonly kind: 'rejected';
      readonly rejection: Rejection<Taken | 'idempotency-key-reused'>;
      readonly position: null;
    };

/** So many codes are tried; that forty bits meet once is one in a million with a million wallets. */
const CODES = 20;

/** Runs the commands of wallets: claims names and codes, and asks whether staff members are active. */
export class WalletCommands {
  constructor(
    private readonly runner: CommandRunner,
    private readonly book: WalletBook,
    /** Is this an active staff record? */
    private readonly isActive: (tenant: string, staffId: string) => Promise<boolean>,
  ) {}

  /** A command as its route made it: `eligible` not asked yet, a code to be generated still `null`. */
  async execute(command: WalletCommand): Promise<WalletResult> {
    const { metadata } = command;
    const { tenant, commandId } = metadata;
    const { walletId } = command.data;
    const { state, revision } = await this.runner.load(walletDecider, tenant, walletId);
    const bulk = await this.runner.load(bulkDecider, tenant, bulkIdOf(tenant, commandId, walletId));
    if (bulk.state.status !== 'unknown') return refused('idempotency-key-reused');
    const complete = await this.withFacts(command);
    if (complete.type !== 'CreateWallet' && complete.type !== 'EditWallet') return this.run(complete);
    const isRepeat = await this.runner.recognises(walletDecider, tenant, walletId, commandId);
    // What will be refused, or was done already, claims nothing.
    if (isRepeat || isStale(metadata, revision) || isRejection(walletDecider.decide(complete, state)))
      return this.run(complete);
    return this.claimed(complete, state);
  }

  /**
   * What a wallet took too late, behind another's claim, it gives back: the code, or the name, to which it adds its id.
   * `takenAt`: when the log recorded that it took them.
   */
  async giveBack(walletId: string, takenAt: string, metadata: CommandMetadata): Promise<void> {
    const { tenant } = metadata;
    const { state } = await this.runner.load(walletDecider, tenant, walletId);
    if (state.status !== 'active') return;
    const [name, code] = [nameOf(state), codeOf(state)];
    const lostName = await this.book.lost(tenant, { name }, walletId, takenAt);
    const lostCode = code !== null && (await this.book.lost(tenant, { code }, walletId, takenAt));
    if (!lostName && !lostCode) return;
    const data = { ...(lostName ? { name: `${name} (${walletId})` } : {}), ...(lostCode ? { code: null } : {}) };
    await this.execute(new EditWallet({ walletId, generate: false, ...data }, metadata));
  }

  private async claimed(command: CreateWallet | EditWallet, wallet: Wallet): Promise<WalletResult> {
    const { metadata } = command;
    const { walletId, name } = command.data;
    if (command.type === 'CreateWallet' && wallet.status !== 'unknown') return this.run(command);
    const isTaken = async (wanted: Claimed): Promise<boolean> =>
      ![null, walletId].includes(await this.book.walletOf(metadata.tenant, wanted));
    // Of two wishes one of which is refused, the other claims nothing either.
    if (name !== undefined && (await isTaken({ name }))) return refused('wallet-name-taken');
    if (typeof command.data.code === 'string' && (await isTaken({ code: command.data.code })))
      return refused('wallet-code-taken');
    if (name !== undefined && !(await this.book.claim(metadata, { name }, walletId))) {
      return refused('wallet-name-taken');
    }
    const code = command.data.generate ? await this.freeCode(metadata, walletId) : command.data.code;
    if (typeof code === 'string' && !command.data.generate && !(await this.book.claim(metadata, { code }, walletId))) {
      return refused('wallet-code-taken');
    }
    this.book.stillInTime(metadata, walletId);
    if (code === undefined) return this.run(command);
    return this.run(
      command.type === 'CreateWallet'
        ? new CreateWallet({ ...command.data, code }, metadata)
        : new EditWallet({ ...command.data, code }, metadata),
    );
  }

  /** Claims a code that nobody has; a repeat of the command finds the same. */
  private async freeCode(metadata: CommandMetadata, walletId: string): Promise<string> {
    const { tenant, commandId } = metadata;
    const stream = streamName(walletDecider.category, tenant, walletId);
    for (let tried = 0; tried < CODES; tried += 1) {
      const code = codeFrom(deriveId(tenant, commandId, stream, `code:${String(tried)}`));
      if (await this.book.claim(metadata, { code }, walletId)) return code;
    }
    throw new Error('no free code was found for a wallet');
  }

  private async run(command: WalletCommand): Promise<WalletOutcome> {
    const { metadata } = command;
    return this.runner.execute(walletDecider, command.data.walletId, command, metadata, runOptionsOf(metadata));
  }

  private async withFacts(command: WalletCommand): Promise<WalletCommand> {
    const { metadata } = command;
    const eligible = async (staffId: string | null): Promise<boolean> =>
      staffId !== null && (await this.isActive(metadata.tenant, staffId));
    switch (command.type) {
      case 'CreateWallet':
        return new CreateWallet({ ...command.data, eligible: await eligible(command.data.responsibleId) }, metadata);
      case 'ChangeWalletResponsible':
        return new ChangeWalletResponsible(
          { ...command.data, eligible: await eligible(command.data.responsibleId) },
          metadata,
        );
      case 'AddWalletMember':
        return new AddWalletMember({ ...command.data, eligible: await eligible(command.data.staffId) }, metadata);
      default:
        return command;
    }
  }
}

const refused = (code: Taken | 'idempotency-key-reused'): WalletResult => ({
  kind: 'rejected',
  rejection: reject(code),
  position: null,
});
