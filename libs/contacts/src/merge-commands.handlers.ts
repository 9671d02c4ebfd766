import { later, latestPosition, reject, type CommandMetadata, type Position } from '#kernel';
import { isStale, type CommandRunner, type Loaded, type Outcome } from '#event-store';
import { deriveId } from '#platform';
import {
  AbsorbContact,
  CompleteMerge,
  contactDecider,
  RestoreContact,
  SeparateContacts,
  type AbsorbedContact,
  type Contact,
  type Merge,
  type Restored,
  type WalletOutcome,
} from './contact.js';
import { eraseMerged } from './erasure-of-merged.adapter.js';
import {
  MergeContacts,
  mergesDecider,
  mergesOf,
  mergeThatAbsorbed,
  UndoMerge,
  type DecidedMerge,
  type Merges,
} from './merges.js';

type MergesOutcome = Outcome<typeof mergesDecider>;
type Accepted = Extract<MergesOutcome, { kind: 'accepted' }>;

/** What a merge asks of conversations and wallets; filled by the composition. All that write answer the latest position written. */
export type MergeNeighbours = {
  /** The conversations of these contacts' identities follow them. */
  readonly relink: (
    contacts: readonly Contact[],
    mergeId: string,
    metadata: CommandMetadata,
  ) => Promise<Position | null>;
  readonly enforceBlock: (contactId: string, metadata: CommandMetadata) => Promise<Position | null>;
  /** What waits to go out by a consent that the contact has no more is cancelled. */
  readonly enforceConsents: (contactId: string, metadata: CommandMetadata) => Promise<Position | null>;
  readonly wallets: MergeWallets;
};

type Sides = { readonly survivorId: string; readonly absorbedId: string };

export type MergeWallets = {
  /** The wallets that the absorbed contact is in, oldest first, as the read models know them behind `after`. Throws NotYetVisible. */
  readonly outcome: (tenant: string, sides: Sides, after: Position | null) => Promise<readonly WalletOutcome[]>;
  readonly holds: (tenant: string, walletId: string, contactId: string) => Promise<boolean>;
  /** Puts a contact into a wallet; said twice, stored once. `false`: it may not come into any. */
  readonly enter: (walletId: string, contactId: string, metadata: CommandMetadata) => Promise<Entered>;
  /** Takes a contact out; with `via` only one whom that brought in. */
  readonly leave: (
    walletId: string,
    contactId: string,
    metadata: CommandMetadata,
    via?: 'merge',
  ) => Promise<Position | null>;
};
export type Entered = { readonly entered: boolean; readonly position: Position | null };

type Carried = { readonly position: Position | null; readonly revision: number };

/**
 * Merges contacts and undoes it: decided on the tenant's merges alone, then carried out step by step. The command id of each step derives
 * from the merge, so that whoever carries it out (the command, its repeat, the policy) finds what was done already.
 */
export class MergeCommands {
  constructor(
    private readonly runner: CommandRunner,
    private readonly neighbours: MergeNeighbours,
  ) {}

  /** Answers when all steps are done, with the survivor's revision. */
  async execute(command: MergeContacts | UndoMerge): Promise<MergesOutcome> {
    return command.type === 'MergeContacts' ? this.merge(command) : this.undo(command);
  }

  private async merge(command: MergeContacts): Promise<MergesOutcome> {
    const { metadata } = command;
    const { mergeId, survivorId, absorbedId } = command.data;
    const { tenant, commandId } = metadata;
    // The key may have been used on this contact, for this merge or for something else.
    const before = await this.runner.repeated(contactDecider, survivorId, metadata);
    if (before?.kind === 'rejected') return { ...before, rejection: reject('idempotency-key-reused') };
    const deciding = { ...metadata, commandId: mergeId };
    const outcome = await this.runner.execute(
      mergesDecider,
      '',
      async () => {
        const [survivor, absorbed] = [await this.contact(tenant, survivorId), await this.contact(tenant, absorbedId)];
        const known = survivor.state.status !== 'unknown' && absorbed.state.status !== 'unknown';
        const erased = survivor.state.status === 'erased' || absorbed.state.status === 'erased';
        const stale = isStale(metadata, survivor.revision);
        return new MergeContacts({ ...command.data, known, erased, stale }, deciding);
      },
      deciding,
    );
    if (outcome.kind === 'rejected') return outcome;
    const decided = mergeThatAbsorbed(outcome.state, absorbedId);
    if (decided === undefined) return outcome;
    const followed = await this.followed(outcome, decided.mergeId, metadata, commandId);
    return before === null ? followed : { ...followed, revision: before.revision };
  }

  private async undo(command: UndoMerge): Promise<MergesOutcome> {
    const { metadata } = command;
    const { tenant } = metadata;
    const { mergeId } = command.data;
    const { state } = await this.runner.load(mergesDecider, tenant, '');
    const merge = state.byId.get(mergeId);
    // Only a whole merge is undone: what a crash left of it is carried out first.
    if (merge?.undoneBy === null) await this.carryOut(state, merge, metadata);
    const deciding = { ...metadata, commandId: deriveId(tenant, metadata.commandId, mergeId, 'undo') };
    const outcome = await this.runner.execute(
      mergesDecider,
      '',
      async () => {
        const survivor = await this.contact(tenant, merge?.survivorId ?? '');
        const absorbed = await this.contact(tenant, merge?.absorbedId ?? '');
        const erased = survivor.state.status === 'erased' || absorbed.state.status === 'erased';
        return new UndoMerge({ mergeId, erased, stale: isStale(metadata, survivor.revision) }, deciding);
      },
      deciding,
    );
    return outcome.kind === 'rejected' ? outcome : this.followed(outcome, mergeId, metadata);
  }

  private async followed(
    outcome: Accepted,
    mergeId: string,
    metadata: CommandMetadata,
    commandId?: string,
  ): Promise<Accepted> {
    // A repeat's own state may be behind: what was undone since stays so.
    const { state } = await this.runner.load(mergesDecider, metadata.tenant, '');
    const merge = state.byId.get(mergeId);
    if (merge === undefined) throw new Error('a merge that was decided is not there');
    const { position, revision } = await this.carryOut(state, merge, metadata, commandId);
    return { ...outcome, revision, position: latestPosition(outcome.position, position) };
  }

  /**
   * Takes the steps of a decided merge, and of its undoing, that are still owed. The policy calls it too.
   * `commandId`: under which the survivor takes in the other, for a repeat of the command to be found there.
   */
  async carryOut(merges: Merges, merge: DecidedMerge, metadata: CommandMetadata, commandId?: string): Promise<Carried> {
    const { tenant } = metadata;
    const { survivorId, absorbedId, mergeId } = merge;
    const carried = await this.onContacts(merges, merge, metadata, new Set(), commandId);
    const sides = [await this.contact(tenant, survivorId), await this.contact(tenant, absorbedId)];
    // Conversations are looked at behind the steps, by whatever clock these were told.
    const now = sides.reduce(
      (latest, { state }) => (state.status === 'unknown' ? latest : later(latest, state.lastTime)),
      new Date().toISOString(),
    );
    const behind = { ...metadata, now };
    const relinked = await this.neighbours.relink(
      sides.map(({ state }) => state),
      mergeId,
      behind,
    );
    const kept: (Position | null)[] = [];
    for (const contactId of [survivorId, absorbedId]) {
      kept.push(await this.neighbours.enforceBlock(contactId, behind));
      kept.push(await this.neighbours.enforceConsents(contactId, behind));
    }
    // What is least urgent comes last.
    const united = await this.onWallets(merges, merge, metadata);
    return { ...carried, position: latestPosition(carried.position, relinked, ...kept, united) };
  }

  /**
   * A contact came into a wallet at `after`: if it was being absorbed then, whoever it is now comes into the wallet instead.
   * Called by the policy.
   */
  async followIntoWallet(
    { walletId, contactId }: { readonly walletId: string; readonly contactId: string },
    after: Position,
    metadata: CommandMetadata,
  ): Promise<void> {
    const { tenant } = metadata;
    const { state: absorbed, position } = await this.contact(tenant, contactId);
    // The merge may have brought it out already.
    if (absorbed.status !== 'absorbed' || !(await this.neighbours.wallets.holds(tenant, walletId, contactId))) return;
    const { state: merges } = await this.runner.load(mergesDecider, tenant, '');
    const survivorId = chainOf(merges, contactId).at(-1) ?? contactId;
    // Undone already: its restoring is owed, and it stays where it is.
    if (survivorId === contactId) return;
    const all = await this.neighbours.wallets.outcome(
      tenant,
      { survivorId, absorbedId: contactId },
      latestPosition(after, position),
    );
    const came = all.filter((one) => one.walletId === walletId);
    // The merge's own step: where it has been taken, whoever has left since is not brought back.
    await this.unite(merges, came, { survivorId, absorbedId: contactId }, (id) =>
      walletStepOf(metadata, absorbed.mergeId, id, 'merge'),
    );
  }

  /** The survivor comes into the wallets of the absorbed contact, who leaves them; undone, that comes back, and the survivor leaves those that the merge alone brought it into. */
  private async onWallets(
    merges: Merges,
    { mergeId, survivorId, absorbedId, undoneBy }: DecidedMerge,
    metadata: CommandMetadata,
  ): Promise<Position | null> {
    const { state: survivor } = await this.contact(metadata.tenant, survivorId);
    const outcome = mergeIn(survivor, mergeId)?.wallets ?? [];
    const { wallets } = this.neighbours;
    if (undoneBy === null) {
      const merging = (walletId: string) => walletStepOf(metadata, mergeId, walletId, 'merge');
      return this.unite(merges, outcome, { survivorId, absorbedId }, merging);
    }
    const done: (Position | null)[] = [];
    for (const { walletId, added } of outcome) {
      const undoing = walletStepOf(metadata, mergeId, walletId, 'undo');
      done.push(await this.enter(merges, walletId, absorbedId, undoing));
      if (added) done.push(await wallets.leave(walletId, survivorId, undoing, 'merge'));
    }
    return latestPosition(...done);
  }

  private async unite(
    merges: Merges,
    outcome: readonly WalletOutcome[],
    { survivorId, absorbedId }: Sides,
    stepFor: (walletId: string) => CommandMetadata,
  ): Promise<Position | null> {
    const done: (Position | null)[] = [];
    for (const { walletId, added } of outcome) {
      const merging = stepFor(walletId);
      if (added) done.push(await this.enter(merges, walletId, survivorId, merging));
      done.push(await this.neighbours.wallets.leave(walletId, absorbedId, merging));
    }
    return latestPosition(...done);
  }

  /** Whoever was absorbed meanwhile, before it came in, is followed. */
  private async enter(
    merges: Merges,
    walletId: string,
    contactId: string,
    metadata: CommandMetadata,
  ): Promise<Position | null> {
    for (const id of chainOf(merges, contactId)) {
      const { entered, position } = await this.neighbours.wallets.enter(walletId, id, metadata);
      if (entered) return position;
    }
    return null;
  }

  /** The steps on the contacts' own streams. Earlier merges of either side come first, so that what is frozen is whole. */
  private async onContacts(
    merges: Merges,
    merge: DecidedMerge,
    metadata: CommandMetadata,
    taken: Set<string>,
    commandId?: string,
  ): Promise<Carried> {
    const { tenant } = metadata;
    const { mergeId, survivorId, absorbedId, requestedBy, undoneBy } = merge;
    taken.add(mergeId);
    for (const earlier of [...mergesOf(merges, survivorId), ...mergesOf(merges, absorbedId)]) {
      const isOwed =
        earlier.no < merge.no && !taken.has(earlier.mergeId) && !(await this.isCarriedOut(tenant, earlier));
      if (isOwed) await this.onContacts(merges, earlier, metadata, taken);
    }
    const about = { mine: true, mergeId };
    const merging = stepOf(metadata, mergeId, 'merge');
    const undoing = stepOf(metadata, mergeId, 'undo');
    const [taker, giver] = [await this.contact(tenant, survivorId), await this.contact(tenant, absorbedId)];
    // Nobody is left who could take anything in.
    if (taker.state.status === 'erased' && giver.state.status !== 'absorbed') return taker;
    const frozen = await this.step(new AbsorbContact({ ...about, contactId: absorbedId, intoId: survivorId }, merging));
    const { state: absorbed } = await this.contact(tenant, absorbedId);
    // Restored already: everything was done, and undone.
    if (absorbed.status !== 'absorbed' || absorbed.mergeId !== mergeId) {
      const before = await this.runner.repeated(contactDecider, survivorId, undoing);
      return before?.kind === 'accepted' ? before : this.contact(tenant, survivorId);
    }
    const takingIn = commandId === undefined ? merging : { ...metadata, commandId, now: merging.now };
    const isTakenIn = mergeIn((await this.contact(tenant, survivorId)).state, mergeId) !== undefined;
    const walletOutcome = isTakenIn
      ? []
      : await this.neighbours.wallets.outcome(tenant, { survivorId, absorbedId }, frozen.position);
    const merged = await this.step(
      new CompleteMerge({ ...about, contactId: survivorId, absorbed, walletOutcome, mergedBy: requestedBy }, takingIn),
    );
    if (undoneBy === null) {
      const { state } = await this.contact(tenant, survivorId);
      // It was erased while the other was being frozen for it: both are one person.
      if (state.status === 'erased') await eraseMerged(this.runner, state, metadata);
      return merged;
    }
    const separated = await this.step(
      new SeparateContacts({ ...about, contactId: survivorId, absorbed, undoneBy }, undoing),
    );
    const { state: survivor } = await this.contact(tenant, survivorId);
    // Of an erased survivor nothing comes back but what was frozen.
    const restored = mergeIn(survivor, mergeId)?.restored ?? (survivor.status === 'erased' ? asFrozen(absorbed) : null);
    if (restored === null) throw new Error('an undone merge left nothing to restore');
    const { position } = await this.step(
      new RestoreContact({ ...about, contactId: absorbedId, fromId: survivorId, restored, undoneBy }, undoing),
    );
    return { ...separated, position };
  }

  private async isCarriedOut(
    tenant: string,
    { mergeId, survivorId, absorbedId, undoneBy }: DecidedMerge,
  ): Promise<boolean> {
    if (undoneBy === null) return mergeIn((await this.contact(tenant, survivorId)).state, mergeId) !== undefined;
    const { state: absorbed } = await this.contact(tenant, absorbedId);
    return absorbed.status !== 'unknown' && absorbed.undone.includes(mergeId);
  }

  private async step(command: Step): Promise<Carried> {
    const { contactId } = command.data;
    const outcome = await this.runner.execute(contactDecider, contactId, command, command.metadata);
    if (outcome.kind === 'rejected') throw new Error(`a step of a merge was refused: ${outcome.rejection.rejected}`);
    return outcome;
  }

  private contact(tenant: string, contactId: string): Promise<Loaded<typeof contactDecider>> {
    return this.runner.load(contactDecider, tenant, contactId);
  }
}

type Step = AbsorbContact | CompleteMerge | SeparateContacts | RestoreContact;

const mergeIn = (contact: Contact, mergeId: string): Merge | undefined =>
  contact.status === 'unknown' ? undefined : contact.merges.find((one) => one.mergeId === mergeId);

const asFrozen = ({ identities, block, coverage }: AbsorbedContact): Restored => ({
  identities: identities.map(({ identityId, verified, detachedAt }) => ({ identityId, verified, detachedAt })),
  block,
  coverage,
});

/** A contact, and those that absorbed it, one after the other. */
const chainOf = (merges: Merges, contactId: string): readonly string[] => {
  const into = mergeThatAbsorbed(merges, contactId)?.survivorId;
  return into === undefined ? [contactId] : [contactId, ...chainOf(merges, into)];
};

const walletStepOf = (
  metadata: CommandMetadata,
  mergeId: string,
  walletId: string,
  name: 'merge' | 'undo',
): CommandMetadata => {
  const step = stepOf(metadata, mergeId, name);
  return { ...step, commandId: deriveId(metadata.tenant, mergeId, `wallet-${walletId}`, name) };
};

/** The same for whoever takes the step, so that it stands once and is found. */
const stepOf = (metadata: CommandMetadata, mergeId: string, name: 'merge' | 'undo'): CommandMetadata => ({
  ...metadata,
  commandId: deriveId(metadata.tenant, mergeId, 'merges', name),
  causationId: metadata.commandId,
  requestHash: mergeId,
  now: new Date().toISOString(),
});
