import {
  CompleteErasure,
  contactDecider,
  contactKey,
  keysToDestroy,
  RecordErasure,
  type ErasedContact,
  type erasures,
  type ErasureStep,
} from '#contacts';
import { eraseMerged, type MergedErasure } from '#contacts/erasure-of-merged.adapter';
import type { AddressBook } from '#contacts/address-book.adapter';
import { KEY_CACHE_MS, type CommandRunner, type KeyVault } from '#event-store';
import { latestPosition, streamName, type CommandMetadata, type Position, type RowIn } from '#kernel';
import { deriveId } from '#platform';
import type { ReadModels } from '#read-store';
import { Rounds } from './rounds.adapter.js';
import { systemMetadata } from './system-metadata.adapter.js';

const EVERY_MS = 500;
const AGAIN_MS = 100;
const AT_ONCE = 200;
/** Nothing is said before an erasure has waited so long for a read model. */
const PATIENCE_MS = 60_000;

export type ErasureDesk = {
  readonly runner: CommandRunner & { forget(stream: string): void };
  readonly vault: KeyVault;
  readonly book: AddressBook;
  readonly models: ReadModels<{ readonly erasures: RowIn<typeof erasures> }>;
  /** Where the log ends. */
  readonly head: () => Promise<Position | null>;
  /** The tables with clear text that have not passed a place; see `OpsCalls`. */
  readonly behind: (position: Position) => Promise<readonly string[]>;
  readonly purge: () => Promise<boolean>;
  /** Read models and keys are files, of which every byte can be overwritten; a server forgets in its own time. */
  readonly isFile: boolean;
  readonly warn: (message: string) => void;
};

/** One erasure on its way. */
type Work = {
  /** What was merged with it. */
  readonly merged: MergedErasure;
  readonly tenant: string;
  readonly contactId: string;
  readonly erasureId: string;
  readonly contact: ErasedContact;
  readonly position: Position;
  readonly steps: ErasureStep[];
};

/**
 * Carries erasures through to their certificates: those that were just requested and those that a crash left. Which ones those are is a read model;
 * what is still owed is asked of the contact's stream. Every step may be done again, by any process. Steps of several are done together.
 */
export class Erasures extends Rounds {
  constructor(private readonly desk: ErasureDesk) {
    super({ everyMs: EVERY_MS, later: 'erasures go on later', warn: desk.warn });
  }

  /** One round over what is owed now. Throws what kept the first that cannot go on, once all others are done. */
  async run(): Promise<void> {
    const { models } = this.desk;
    const { value: due } = await models.query((db) =>
      db
        .selectFrom('erasures')
        .select(['tenant', 'contact_id', 'erasure_id', 'steps'])
        .where('status', '=', 'pending')
        .orderBy('requested_at')
        .limit(AT_ONCE)
        .execute(),
    );
    const work: Work[] = [];
    const failures = await this.eachOf(due, async (one) => {
      const owed = await this.owed(one);
      if (owed !== null) work.push(owed);
    });
    if (work.length > 0) await this.carryOut(work);
    if (failures.length > 0) throw failures[0];
  }

  /** What is owed of one, with all that was merged with it requested too; `null` if nothing is. */
  private async owed({
    tenant,
    contact_id: contactId,
    erasure_id: erasureId,
    steps,
  }: Pick<RowIn<typeof erasures>, 'tenant' | 'contact_id' | 'erasure_id' | 'steps'>): Promise<Work | null> {
    const { state: contact, position } = await this.desk.runner.load(contactDecider, tenant, contactId);
    const isOwed = contact.status === 'erased' && contact.erasureId === erasureId && contact.phase !== 'completed';
    if (!isOwed || position === null) return null;
    const commandId = deriveId(tenant, erasureId, 'erasures', 'merged');
    const metadata = systemMetadata(tenant, 'erasures', commandId, commandId, erasureId);
    const merged = await eraseMerged(this.desk.runner, contact, metadata);
    const last = latestPosition(position, merged.position) ?? position;
    return { tenant, contactId, erasureId, contact, merged, position: last, steps: steps.slice(0, 1) };
  }

  private async carryOut(work: readonly Work[]): Promise<void> {
    const { vault, isFile } = this.desk;
    const began = Date.now();
    const keys = await Promise.all(work.map((one) => this.destroyKeys(one)));
    // The disk may have been slow: so much later than their own times the keys may still have been read.
    const took = Date.now() - began;
    const latest = keys.reduce((last, { destroyedAt }) => (destroyedAt > last ? destroyedAt : last), '');
    // Where a clock jumped: never longer than caches live.
    await this.wait(Math.min(KEY_CACHE_MS, Date.parse(latest) + took + KEY_CACHE_MS - Date.now()));
    await this.note(work, 'caches-expired');
    await this.clear(work);
    await this.note(work, 'read-models-cleared');
    for (const [at, one] of work.entries()) {
      const key = keys[at];
      if (key === undefined) continue;
      const { contactId, erasureId } = one;
      const command = { contactId, mine: true, erasureId, keyId: key.keyId, destroyedAt: key.destroyedAt };
      await this.execute(one, 'erased', (metadata) => new RecordErasure(command, metadata));
    }
    await this.note(work, 'recorded');
    while (!(await this.desk.purge())) await this.wait(AGAIN_MS);
    while (!(await vault.purge())) await this.wait(AGAIN_MS);
    await this.note(work, isFile ? 'files-purged' : 'tables-vacuumed-remains-left-to-retention');
    for (const one of work) {
      if (one.contact.blockId !== null) await this.note([one], 'block-filter-ended');
      const { contactId, erasureId, steps } = one;
      await this.execute(
        one,
        'completed',
        (metadata) => new CompleteErasure({ contactId, mine: true, erasureId, steps }, metadata),
      );
    }
  }

  /** Those of quarantined days and of absorbed contacts too. The key named is the contact's own. */
  private async destroyKeys(one: Work): Promise<{ readonly keyId: string; readonly destroyedAt: string }> {
    const { runner, vault, book } = this.desk;
    const { tenant, contactId, merged } = one;
    if (merged.absorbedIds.length > 0) await this.note([one], 'absorbed-contacts-included');
    const now = new Date().toISOString();
    const subjects: string[] = [];
    for (const id of [contactId, ...merged.absorbedIds])
      subjects.push(...(await keysToDestroy(id, now, (prefix) => vault.subjects(tenant, prefix))));
    const destroyed = await vault.destroy(tenant, subjects);
    for (const id of [contactId, ...merged.absorbedIds]) runner.forget(streamName(contactDecider.category, tenant, id));
    book.forget();
    await this.note([one], 'keys-destroyed');
    if (merged.isTakenIn) await this.note([one], 'survivor-keeps-what-it-took-in');
    const own = destroyed.find(({ subject }) => subject === contactKey(contactId));
    if (own === undefined) throw new Error('the key of an erased contact was not destroyed');
    return own;
  }

  /** Until no table holds what was folded in clear. */
  private async clear(work: readonly Work[]): Promise<void> {
    const place = work.map(({ position }) => position).reduce((last, one) => (one > last ? one : last));
    let patience = PATIENCE_MS;
    for (;;) {
      const behind = await this.desk.behind(place);
      if (behind.length === 0) return;
      await this.wait(AGAIN_MS);
      patience -= AGAIN_MS;
      if (patience > 0) continue;
      patience = PATIENCE_MS;
      this.desk.warn(`erasures wait for ${behind.join(', ')}: look at the state of these read models, or rebuild them`);
    }
  }

  private async note(work: readonly Work[], step: string): Promise<void> {
    const [at, position] = [new Date().toISOString(), (await this.desk.head()) ?? ''];
    for (const { steps } of work) steps.push({ step, at, position });
  }

  private async execute(
    { tenant, contactId, erasureId }: Work,
    what: string,
    command: (metadata: CommandMetadata) => RecordErasure | CompleteErasure,
  ): Promise<void> {
    const commandId = deriveId(tenant, erasureId, 'erasures', what);
    const metadata = systemMetadata(tenant, 'erasures', commandId, commandId, erasureId);
    await this.desk.runner.execute(contactDecider, contactId, command(metadata), metadata);
  }
}
