import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import {
  latestPosition,
  streamName,
  type Caller,
  type CommandMetadata,
  type Position,
  type Rejection,
  type RowIn,
} from '#kernel';
import { isStale, onAnotherStream, runOptionsOf, type CommandRunner, type Outcome } from '#event-store';
import { deriveId, problem, rejectionToProblem, type ProblemCode } from '#platform';
import type { ReadModels } from '#read-store';
import { bulkDecider, CompleteBulk, RecordBulkFailures, StartBulk, type Bulk, type BulkFailure } from './bulk.js';
import {
  AddWalletContact,
  pairOf,
  RemoveWalletContact,
  unitedWallets,
  walletContactDecider,
  type AddedVia,
  type ContactObstacle,
} from './wallet-contact.js';
import type { walletContacts } from './wallet-contacts.js';
import type { walletList } from './wallet-list.js';
import { walletDecider } from './wallet.js';

export type WalletTables = {
  readonly wallets: RowIn<typeof walletList>;
  readonly wallet_contacts: RowIn<typeof walletContacts>;
};

/** What other contexts know of contacts and conversations; filled by the composition. */
export type WalletNeighbours = {
  readonly perContact: (tenant: string) => Promise<'many' | 'one'>;
  /** What keeps a contact out of wallets, `null` if nothing does. */
  readonly obstacle: (tenant: string, contactId: string) => Promise<ContactObstacle | null>;
  /** The contact of a conversation that the caller may read, else `null`. */
  readonly contactOf: (tenant: string, caller: Caller, conversationId: string) => Promise<string | null>;
};

type Pair = { readonly walletId: string; readonly contactId: string };
export type Addition = Pair & {
  readonly via: AddedVia;
  readonly conversationId: string | null;
  readonly bulkId: string | null;
};
type PairOutcome = Outcome<typeof walletContactDecider>;
/** `position` covers what the answer reports. */
export type BulkResult = {
  readonly bulkId: string;
  readonly added: number;
  readonly skipped: number;
  readonly failed: readonly { readonly contactId: string; readonly code: string }[];
  readonly position: Position | null;
};

/** So many pairs are decided side by side: the log writes them in a few flushes. */
const WAVE = 256;
/** So many failures go into one append. */
const FAILURES = 500;
/** So many parameters one statement takes on every store. */
const CHUNK = 500;
const VISIBLE_MS = 30_000;

/** The id of a bulk operation, from its command: a repeat continues it. */
export const bulkIdOf = (tenant: string, commandId: string, walletId: string): string =>
  deriveId(tenant, commandId, streamName(walletDecider.category, tenant, walletId), 'bulk');

/** Puts contacts into wallets and takes them out, each pair in its own stream. */
export class WalletContacts {
  constructor(
    private readonly runner: CommandRunner,
    private readonly models: ReadModels<WalletTables>,
    private readonly neighbours: WalletNeighbours,
  ) {}

  /**
   * Adds the contacts of a list, each with a result of its own; what a list repeats is skipped. The same command id continues what
   * a crash left, and answers the same numbers again. With a conversation its contact alone may be added; agents need one.
   * Throws Problems.
   */
  async addMany(
    walletId: string,
    contactIds: readonly string[],
    conversationId: string | null,
    metadata: CommandMetadata,
  ): Promise<BulkResult> {
    const { tenant, commandId, caller } = metadata;
    const bulkId = bulkIdOf(tenant, commandId, walletId);
    const { state: before, position: at } = await this.runner.load(bulkDecider, tenant, bulkId);
    // What is done is answered whatever became of the wallet since.
    if (before.status === 'unknown') mustComeFrom(caller, conversationId);
    if (before.status !== 'completed') await this.mustTake(walletId, contactIds, conversationId, metadata);
    const started = accepted(
      await this.runner.execute(
        bulkDecider,
        bulkId,
        new StartBulk({ bulkId, total: contactIds.length }, metadata),
        metadata,
      ),
    );
    if (before.status === 'completed') return resultOf(bulkId, before, latestPosition(at, started.position));
    const known = new Set(before.status === 'unknown' ? [] : before.failed.map(({ id }) => id));
    const open = [...new Set(contactIds)].filter((contactId) => !known.has(contactId));
    const via = conversationId === null ? 'selection' : 'conversation';
    const { added, failed, position } = await this.inWaves(
      open.map((contactId) => ({ walletId, contactId, via, conversationId, bulkId })),
      metadata,
    );
    const skipped = contactIds.length - known.size - failed.length - added;
    const ended = await this.complete(bulkId, { added, skipped, failed }, metadata);
    return resultOf(bulkId, ended.state, latestPosition(position, ended.position));
  }

  /** One contact. It leaves the wallets it was in before, where one is all it may have. Throws Problems of other reasons than an obstacle. */
  async add(addition: Addition, metadata: CommandMetadata): Promise<PairOutcome> {
    const outcome = await this.addPair(addition, metadata);
    const left = await this.leaveOthers([outcome], metadata);
    return { ...outcome, position: latestPosition(outcome.position, left) };
  }

  /** Takes a contact out; of one who is not in it nothing changes. With a conversation its contact alone; agents need one. Throws Problems. */
  async remove(
    { walletId, contactId }: Pair,
    conversationId: string | null,
    metadata: CommandMetadata,
  ): Promise<Extract<PairOutcome, { kind: 'accepted' }>> {
    const { tenant, caller, commandId } = metadata;
    const pair = pairOf(walletId, contactId);
    if (!(await this.runner.recognises(walletContactDecider, tenant, pair, commandId))) {
      mustComeFrom(caller, conversationId);
      await this.mustKnow(walletId, [contactId], conversationId, metadata);
    }
    const command = new RemoveWalletContact({ walletId, contactId, conversationId, movedToWalletId: null }, metadata);
    return accepted(await this.runner.execute(walletContactDecider, pair, command, metadata, runOptionsOf(metadata)));
  }

  /** As a merge and its undoing do: nobody is asked, and no conversation is behind it. With `via` only whom that brought in. */
  async leaveByMerge({ walletId, contactId }: Pair, metadata: CommandMetadata, via?: 'merge'): Promise<PairOutcome> {
    const data = { walletId, contactId, conversationId: null, movedToWalletId: null };
    const command = new RemoveWalletContact(via === undefined ? data : { ...data, via }, metadata);
    return this.runner.execute(walletContactDecider, pairOf(walletId, contactId), command, metadata);
  }

  /** Is the contact in the wallet, by the facts of the pair? */
  async holds(tenant: string, { walletId, contactId }: Pair): Promise<boolean> {
    const { state } = await this.runner.load(walletContactDecider, tenant, pairOf(walletId, contactId));
    return state.status === 'in';
  }

  /** What a merge makes of two contacts' wallets, as the read models know them behind `after`. Throws NotYetVisible. */
  async united(
    tenant: string,
    sides: { readonly survivorId: string; readonly absorbedId: string },
    after: Position | null,
  ): Promise<ReturnType<typeof unitedWallets>> {
    const { value: rows } = await this.models.query(
      (db) => membershipsOf(db, tenant, [sides.survivorId, sides.absorbedId]).orderBy('position').execute(),
      { after, waitMs: VISIBLE_MS },
    );
    const memberships = rows.map((row) => ({
      walletId: row.wallet_id,
      contactId: row.contact_id,
      archived: row.archived === 1,
    }));
    return unitedWallets(memberships, sides, await this.neighbours.perContact(tenant));
  }

  /**
   * The second step of adding where a contact may have one wallet: it leaves the active ones that it came into before. Of two
   * additions at once the later one sees the other. Answers the latest position written.
   */
  async leave(
    added: readonly (Pair & { readonly position: Position })[],
    metadata: CommandMetadata,
  ): Promise<Position | null> {
    const { tenant } = metadata;
    const newest = new Map(added.map((one) => [one.contactId, one]));
    const after = latestPosition(...added.map(({ position }) => position));
    let latest: Position | null = null;
    for (const chunk of chunks([...newest.keys()], CHUNK)) {
      const { value: rows } = await this.models.query(
        (db) => membershipsOf(db, tenant, chunk).where('wallets.archived', '=', 0).execute(),
        { after, waitMs: VISIBLE_MS },
      );
      const owed = rows.filter((row) => {
        const into = newest.get(row.contact_id);
        const stays = rows.some((one) => one.contact_id === row.contact_id && one.wallet_id === into?.walletId);
        return stays && into !== undefined && row.wallet_id !== into.walletId && row.position < into.position;
      });
      for (const wave of chunks(owed, WAVE)) {
        const outcomes = await Promise.all(
          wave.map((row) => {
            const pair = { walletId: row.wallet_id, contactId: row.contact_id };
            const movedToWalletId = newest.get(row.contact_id)?.walletId ?? null;
            const moving = { ...onAnotherStream(metadata), commandType: 'RemoveWalletContact' };
            const data = { ...pair, conversationId: null, movedToWalletId, addedAt: row.added_at };
            return this.runner.execute(
              walletContactDecider,
              pairOf(pair.walletId, pair.contactId),
              new RemoveWalletContact(data, moving),
              moving,
            );
          }),
        );
        latest = latestPosition(latest, ...outcomes.map(({ position }) => position));
      }
    }
    return latest;
  }

  private async inWaves(
    additions: readonly Addition[],
    metadata: CommandMetadata,
  ): Promise<{ readonly added: number; readonly failed: readonly BulkFailure[]; readonly position: Position | null }> {
    let added = 0;
    let position: Position | null = null;
    const failed: BulkFailure[] = [];
    for (const wave of chunks(additions, WAVE)) {
      const outcomes = await Promise.all(wave.map((addition) => this.addPair(addition, metadata)));
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.kind === 'accepted') added += outcome.events.length > 0 ? 1 : 0;
        else failed.push({ id: wave[index]?.contactId ?? '', code: codeOf(outcome) });
        position = latestPosition(position, outcome.position);
      }
      position = latestPosition(position, await this.leaveOthers(outcomes, metadata));
    }
    return { added, failed, position };
  }

  private async addPair(addition: Addition, metadata: CommandMetadata): Promise<PairOutcome> {
    const { tenant } = metadata;
    const { walletId, contactId } = addition;
    const outcome = await this.runner.execute(
      walletContactDecider,
      pairOf(walletId, contactId),
      async () => {
        const obstacle = await this.neighbours.obstacle(tenant, contactId);
        const perContact = await this.neighbours.perContact(tenant);
        return new AddWalletContact({ ...addition, obstacle, perContact }, metadata);
      },
      metadata,
    );
    if (outcome.kind === 'rejected' && outcome.rejection.rejected === 'idempotency-key-reused') {
      throw rejectionToProblem(outcome.rejection);
    }
    return outcome;
  }

  private async leaveOthers(outcomes: readonly PairOutcome[], metadata: CommandMetadata): Promise<Position | null> {
    const moved = outcomes
      .flatMap((outcome) => (outcome.kind === 'accepted' ? outcome.events : []))
      .flatMap((event) =>
        event.type === 'WalletContactAdded' && event.data.perContact === 'one'
          ? [{ walletId: event.data.walletId, contactId: event.data.contactId, position: event.position }]
          : [],
      );
    return moved.length === 0 ? null : this.leave(moved, metadata);
  }

  private async complete(
    bulkId: string,
    { added, skipped, failed }: { added: number; skipped: number; failed: readonly BulkFailure[] },
    metadata: CommandMetadata,
  ): Promise<{ readonly state: Bulk; readonly position: Position | null }> {
    // The command's own id stands in the bulk's start; these are its consequences.
    const own = (): CommandMetadata => ({
      ...onAnotherStream(metadata),
      commandId: randomUUID(),
      causationId: metadata.commandId,
    });
    const commands = [
      ...chunks(failed, FAILURES).map((some) => new RecordBulkFailures({ bulkId, failed: some }, own())),
      new CompleteBulk({ bulkId, added, skipped }, own()),
    ];
    const outcomes = await this.runner.executeMany(bulkDecider, metadata.tenant, bulkId, commands);
    return accepted(outcomes.at(-1));
  }

  /** Refusals in the order of the API: the things, the key, the revision, the rest. */
  private async mustTake(
    walletId: string,
    contactIds: readonly string[],
    conversationId: string | null,
    metadata: CommandMetadata,
  ): Promise<void> {
    const { tenant, commandId } = metadata;
    const { status, revision } = await this.mustKnow(walletId, contactIds, conversationId, metadata);
    if (await this.runner.recognises(walletDecider, tenant, walletId, commandId)) {
      throw problem('idempotency-key-reused');
    }
    if (isStale(metadata, revision)) throw problem('revision-stale');
    if (status === 'archived') throw problem('wallet-archived');
  }

  private async mustKnow(
    walletId: string,
    contactIds: readonly string[],
    conversationId: string | null,
    { tenant, caller }: CommandMetadata,
  ): Promise<{ readonly status: 'active' | 'archived'; readonly revision: number }> {
    const { state, revision } = await this.runner.load(walletDecider, tenant, walletId);
    if (state.status === 'unknown') throw problem('not-found');
    if (conversationId !== null) {
      const contactId = await this.neighbours.contactOf(tenant, caller, conversationId);
      if (contactId === null || contactIds.some((one) => one !== contactId)) {
        throw problem('not-found', 'There is no such conversation of this contact');
      }
    }
    return { status: state.status, revision };
  }
}

const membershipsOf = (db: Kysely<WalletTables>, tenant: string, contactIds: readonly string[]) =>
  db
    .selectFrom('wallet_contacts')
    .innerJoin('wallets', (join) =>
      join
        .onRef('wallets.tenant', '=', 'wallet_contacts.tenant')
        .onRef('wallets.wallet_id', '=', 'wallet_contacts.wallet_id'),
    )
    .select(['wallet_contacts.wallet_id', 'contact_id', 'archived', 'added_at', 'position'])
    .where('wallet_contacts.tenant', '=', tenant)
    .where('contact_id', 'in', contactIds);

/** Agents add and remove the contact of a conversation that they can read, and nothing else. */
const mustComeFrom = (caller: Caller, conversationId: string | null): void => {
  if (caller.role === 'agent' && conversationId === null) {
    throw problem('forbidden', 'Name the conversation (conversationId) that the contact is taken from');
  }
};

const codeOf = (outcome: Extract<PairOutcome, { kind: 'rejected' }>): string =>
  outcome.rejection.rejected === 'not-found' ? 'contact-not-found' : outcome.rejection.rejected;

const accepted = <O extends Outcome<typeof bulkDecider> | PairOutcome>(
  outcome: O | undefined,
): Extract<O, { kind: 'accepted' }> => {
  if (outcome === undefined) throw new Error('a command got no outcome');
  if (outcome.kind === 'rejected') throw rejectionToProblem(outcome.rejection as Rejection<ProblemCode>);
  return outcome as Extract<O, { kind: 'accepted' }>;
};

const resultOf = (bulkId: string, bulk: Bulk, position: Position | null): BulkResult => {
  if (bulk.status !== 'completed') throw new Error('a bulk operation was answered before its end');
  const { added, skipped } = bulk;
  const failed = bulk.failed.map(({ id, code }) => ({ contactId: id, code }));
  return { bulkId, added, skipped, failed, position };
};

const chunks = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
