import type { Position } from '#kernel';
import type { Kysely, RawBuilder } from 'kysely';
import { addToCounts, type GroupDelta } from './group-counts.js';
import { parkingOf } from './parking-tables.js';
import { Fenced, type Table } from './port.js';
import {
  LIVE,
  type CheckpointRow,
  type GenerationRow,
  type RebuildRow,
  type RequestRow,
  type SeatRow,
  type SystemTables,
} from './system-tables.js';

/** The last event read, heard or not. */
export type Reached = {
  readonly position: Position;
  readonly eventId: string;
  readonly before: Position | null;
  readonly recordedAt: string;
  /** How many events since the last checkpoint. */
  readonly events: number;
};

/** A seat that is held: its name and the epoch under which its holder writes. */
export type Seat = { readonly name: string; readonly epoch: number };

export type Bid = {
  readonly name: string;
  readonly holder: string;
  readonly code: string;
  readonly ms: number;
  /** Whoever holds it: for a store that only one process can open, and for the seat of the same code. */
  readonly seize?: boolean;
};

export type System = ReturnType<typeof systemOf>;

/** The engine's bookkeeping, on whatever connection `db` stands for. `clock`: SQL for the database's time in milliseconds since 1970. */
export const systemOf = (db: Kysely<SystemTables>, clock: RawBuilder<number>) => ({
  /** Takes a seat that is free, or whose lease has run out: writes of earlier holders fail with Fenced from now on. Null while somebody holds it. */
  takeSeat: async ({ name, holder, code, ms, seize = false }: Bid): Promise<Seat | null> => {
    await db
      .insertInto('portaria_seat')
      .values({ name, holder: '', code: '', epoch: 0, until: 0 })
      .onConflict((c) => c.doNothing())
      .execute();
    const taken = await db
      .updateTable('portaria_seat')
      .set((eb) => ({ holder, code, epoch: eb('epoch', '+', 1), until: eb(clock, '+', ms) }))
      .where('name', '=', name)
      .$if(!seize, (query) => query.where((eb) => eb('until', '<', clock)))
      .executeTakeFirst();
    if (taken.numUpdatedRows !== 1n) return null;
    const { epoch } = await db
      .selectFrom('portaria_seat')
      .select('epoch')
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    return { name, epoch };
  },
  /** Holds the seat for so long from now. False: somebody else has it. */
  renewSeat: async ({ name, epoch }: Seat, ms: number): Promise<boolean> => {
    const renewed = await db
      .updateTable('portaria_seat')
      .set((eb) => ({ until: eb(clock, '+', ms) }))
      .where('name', '=', name)
      .where('epoch', '=', epoch)
      .executeTakeFirst();
    return renewed.numUpdatedRows === 1n;
  },
  leaveSeat: async ({ name, epoch }: Seat): Promise<void> => {
    await db
      .updateTable('portaria_seat')
      .set({ until: 0 })
      .where('name', '=', name)
      .where('epoch', '=', epoch)
      .execute();
  },
  /** With `held`: is there a holder whose lease runs? */
  seats: async (): Promise<readonly (SeatRow & { readonly held: boolean })[]> => {
    const rows = await db
      .selectFrom('portaria_seat')
      .selectAll()
      .select((eb) => eb.case().when('until', '>=', clock).then(eb.lit(1)).else(eb.lit(0)).end().as('held'))
      .orderBy('name')
      .execute();
    return rows.map(({ held, ...row }) => ({ ...row, held: held === 1 }));
  },
  /**
   * Throws Fenced unless the seat is still held under this epoch. Stands first in every transaction that writes: it locks the seat, so that
   * nobody takes it before the transaction has ended.
   */
  own: async ({ name, epoch }: Seat): Promise<void> => {
    const owned = await db
      .updateTable('portaria_seat')
      .set({ epoch })
      .where('name', '=', name)
      .where('epoch', '=', epoch)
      .executeTakeFirst();
    if (owned.numUpdatedRows !== 1n) throw new Fenced(name);
  },
  checkpoint: (name: string): Promise<CheckpointRow | undefined> =>
    db.selectFrom('portaria_checkpoint').selectAll().where('name', '=', name).executeTakeFirst(),
  checkpoints: (): Promise<CheckpointRow[]> =>
    db.selectFrom('portaria_checkpoint').selectAll().orderBy('name').execute(),
  putCheckpoint: async (row: CheckpointRow): Promise<void> => {
    const { name, ...rest } = row;
    await db
      .insertInto('portaria_checkpoint')
      .values(row)
      .onConflict((c) => c.column('name').doUpdateSet(rest))
      .execute();
  },
  dropCheckpoint: async (name: string): Promise<void> => {
    await db.deleteFrom('portaria_checkpoint').where('name', '=', name).execute();
  },
  /** Moves a checkpoint from where this holder left it. Throws Fenced if its position is another. Needs `own` before it. */
  advance: async (name: string, from: string | null, to: Reached): Promise<void> => {
    const result = await db
      .updateTable('portaria_checkpoint')
      .set((eb) => ({
        position: to.position,
        event_id: to.eventId,
        before: to.before,
        recorded_at: to.recordedAt,
        events: eb('events', '+', to.events),
        paused: null,
      }))
      .where('name', '=', name)
      .where(({ eb }) => (from === null ? eb('position', 'is', null) : eb('position', '=', from)))
      .executeTakeFirst();
    if (result.numUpdatedRows !== 1n) throw new Fenced(name);
  },
  setCheckpoint: async (name: string, change: Partial<Pick<CheckpointRow, 'paused' | 'seat'>>): Promise<void> => {
    await db.updateTable('portaria_checkpoint').set(change).where('name', '=', name).execute();
  },
  countSwap: async (): Promise<void> => {
    await db
      .updateTable('portaria_checkpoint')
      .set((eb) => ({ swaps: eb('swaps', '+', 1) }))
      .where('name', '=', LIVE)
      .execute();
  },
  generations: (): Promise<GenerationRow[]> =>
    db.selectFrom('portaria_generation').selectAll().orderBy('projection').orderBy('generation').execute(),
  addGeneration: async (row: GenerationRow): Promise<void> => {
    await db.insertInto('portaria_generation').values(row).execute();
  },
  setGeneration: async (
    row: { readonly projection: string; readonly generation: number },
    change: Partial<Pick<GenerationRow, 'state' | 'cohort' | 'error' | 'retire_at'>>,
  ): Promise<void> => {
    await db
      .updateTable('portaria_generation')
      .set(change)
      .where('projection', '=', row.projection)
      .where('generation', '=', row.generation)
      .execute();
  },
  removeGeneration: async (row: { readonly projection: string; readonly generation: number }): Promise<void> => {
    await db
      .deleteFrom('portaria_generation')
      .where('projection', '=', row.projection)
      .where('generation', '=', row.generation)
      .execute();
  },
  rebuilds: (): Promise<RebuildRow[]> =>
    db.selectFrom('portaria_rebuild').selectAll().orderBy('requested_at').orderBy('id').execute(),
  runningRebuilds: (): Promise<RebuildRow[]> =>
    db
      .selectFrom('portaria_rebuild')
      .selectAll()
      .where('finished_at', 'is', null)
      .orderBy('requested_at')
      .orderBy('id')
      .execute(),
  rebuild: (id: string): Promise<RebuildRow | undefined> =>
    db.selectFrom('portaria_rebuild').selectAll().where('id', '=', id).executeTakeFirst(),
  addRebuild: async (row: RebuildRow): Promise<void> => {
    await db.insertInto('portaria_rebuild').values(row).execute();
  },
  setRebuild: async (id: string, change: Partial<Omit<RebuildRow, 'id'>>): Promise<void> => {
    await db.updateTable('portaria_rebuild').set(change).where('id', '=', id).execute();
  },
  addRequest: async (row: Pick<RequestRow, 'id' | 'name' | 'args' | 'requested_at'>): Promise<void> => {
    await db
      .insertInto('portaria_request')
      .values({ ...row, answer: null, answered_at: null })
      .execute();
  },
  /** Those that nobody has answered, oldest first. */
  openRequests: (): Promise<RequestRow[]> =>
    db
      .selectFrom('portaria_request')
      .selectAll()
      .where('answered_at', 'is', null)
      .orderBy('requested_at')
      .orderBy('id')
      .execute(),
  request: (id: string): Promise<RequestRow | undefined> =>
    db.selectFrom('portaria_request').selectAll().where('id', '=', id).executeTakeFirst(),
  answerRequest: async (id: string, answer: string, now: string): Promise<void> => {
    await db.updateTable('portaria_request').set({ answer, answered_at: now }).where('id', '=', id).execute();
  },
  /** Forgets requests of before a time. */
  dropRequests: async (before: string): Promise<void> => {
    await db.deleteFrom('portaria_request').where('requested_at', '<', before).execute();
  },
  /** What could not be folded. */
  parking: parkingOf(db),
  /** Adds to the counts of groups, each at most once in `deltas`; `table` is a `countsTable`. */
  addToCounts: (table: Table, deltas: readonly GroupDelta[]): Promise<void> => addToCounts(db, table, deltas),
  /** A policy's place in this log; undefined if none is known. */
  policy: async (name: string, logId: string): Promise<Position | null | undefined> => {
    const row = await db
      .selectFrom('portaria_policy')
      .select('position')
      .where('name', '=', name)
      .where('log_id', '=', logId)
      .executeTakeFirst();
    return row === undefined ? undefined : (row.position as Position | null);
  },
  /** In the same log a place never goes back: whoever has lost the seat saves late. */
  savePolicy: async (name: string, logId: string, position: Position | null): Promise<void> => {
    await db
      .insertInto('portaria_policy')
      .values({ name, log_id: logId, position })
      .onConflict((c) =>
        c
          .column('name')
          .doUpdateSet({ log_id: logId, position })
          .where((eb) =>
            eb.or([
              eb('portaria_policy.log_id', '!=', logId),
              eb('portaria_policy.position', 'is', null),
              eb('portaria_policy.position', '<', position),
            ]),
          ),
      )
      .execute();
  },
  /** Each policy begins again at its own start. */
  dropPolicies: async (): Promise<void> => {
    await db.deleteFrom('portaria_policy').execute();
  },
  /** A first read, which fixes the snapshot of a transaction. */
  touch: async (): Promise<void> => {
    await db.selectFrom('portaria_seat').select('epoch').execute();
  },
});
