import type { Position } from '#kernel';
import type { Kysely, Selectable } from 'kysely';
import { migrateParking, parkingOf, type ParkingTables } from './parking-tables.js';
import { Fenced } from './port.js';

/** building → verifying → live → dropping (its rows go in slices, then the row itself); failed; paused: stands still by itself. `standby` comes with its issue. */
export type GenerationState = 'building' | 'verifying' | 'live' | 'paused' | 'failed' | 'dropping';
export type RebuildPhase = 'replay' | 'catchup' | 'verify' | 'golive' | 'done' | 'failed';

/** The group of the live generations; every other cohort has the id of its rebuild or `left:{table}`. */
export const LIVE = 'live';

export type SystemTables = {
  portaria_owner: { id: number; epoch: number };
  portaria_checkpoint: {
    name: string;
    log_id: string;
    position: string | null;
    event_id: string | null;
    /** The place before that event, so that it can be read back: reads start after a position. */
    before: string | null;
    recorded_at: string | null;
    /** Events read up to here, since the beginning of the log. */
    events: number;
    /** Grows with every swap of tables: a reader's map of tables is valid as long as it stays. */
    swaps: number;
    /** Why the cohort stands still; null = it does not. */
    paused: string | null;
  };
  portaria_generation: {
    projection: string;
    generation: number;
    version: number;
    state: GenerationState;
    cohort: string;
    rebuild_id: string | null;
    error: string | null;
  };
  portaria_rebuild: {
    id: string;
    projections: string;
    phase: RebuildPhase;
    target: string | null;
    total: number | null;
    done: number;
    rate: number | null;
    result: string | null;
    error: string | null;
    requested_at: string;
    finished_at: string | null;
    /** 1: what cannot be folded is parked; 0: it ends the rebuild. */
    park: number;
  };
  portaria_policy: { name: string; log_id: string; position: string | null };
} & ParkingTables;

export type CheckpointRow = Selectable<SystemTables['portaria_checkpoint']>;
export type GenerationRow = Selectable<SystemTables['portaria_generation']>;
export type RebuildRow = Selectable<SystemTables['portaria_rebuild']>;

/** Creates the system tables that are missing. */
export const migrateSystem = async (db: Kysely<SystemTables>): Promise<void> => {
  await db.schema
    .createTable('portaria_owner')
    .ifNotExists()
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('epoch', 'integer', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('portaria_checkpoint')
    .ifNotExists()
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('log_id', 'text', (c) => c.notNull())
    .addColumn('position', 'text')
    .addColumn('event_id', 'text')
    .addColumn('before', 'text')
    .addColumn('recorded_at', 'text')
    .addColumn('events', 'bigint', (c) => c.notNull())
    .addColumn('swaps', 'integer', (c) => c.notNull())
    .addColumn('paused', 'text')
    .execute();
  await db.schema
    .createTable('portaria_generation')
    .ifNotExists()
    .addColumn('projection', 'text', (c) => c.notNull())
    .addColumn('generation', 'integer', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('cohort', 'text', (c) => c.notNull())
    .addColumn('rebuild_id', 'text')
    .addColumn('error', 'text')
    .addPrimaryKeyConstraint('portaria_generation_key', ['projection', 'generation'])
    .execute();
  await db.schema
    .createTable('portaria_rebuild')
    .ifNotExists()
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('projections', 'text', (c) => c.notNull())
    .addColumn('phase', 'text', (c) => c.notNull())
    .addColumn('target', 'text')
    .addColumn('total', 'bigint')
    .addColumn('done', 'bigint', (c) => c.notNull())
    .addColumn('rate', 'integer')
    .addColumn('result', 'text')
    .addColumn('error', 'text')
    .addColumn('requested_at', 'text', (c) => c.notNull())
    .addColumn('finished_at', 'text')
    .addColumn('park', 'integer', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('portaria_policy')
    .ifNotExists()
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('log_id', 'text', (c) => c.notNull())
    .addColumn('position', 'text')
    .execute();
  await migrateParking(db);
  await db
    .insertInto('portaria_owner')
    .values({ id: 1, epoch: 0 })
    .onConflict((c) => c.doNothing())
    .execute();
};

/** The last event read, heard or not. */
export type Reached = {
  readonly position: Position;
  readonly eventId: string;
  readonly before: Position | null;
  readonly recordedAt: string;
  /** How many events since the last checkpoint. */
  readonly events: number;
};

export type System = ReturnType<typeof systemOf>;

/** The engine's bookkeeping, on whatever connection `db` stands for. */
export const systemOf = (db: Kysely<SystemTables>) => ({
  /** Makes this process the owner: writes of earlier owners fail with Fenced from now on. Returns the epoch. */
  takeOver: async (): Promise<number> => {
    await db
      .updateTable('portaria_owner')
      .set((eb) => ({ epoch: eb('epoch', '+', 1) }))
      .execute();
    return (await db.selectFrom('portaria_owner').select('epoch').executeTakeFirstOrThrow()).epoch;
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
  /** Moves a checkpoint from where this owner left it. Throws Fenced if the epoch or the position is another. */
  advance: async (name: string, epoch: number, from: string | null, to: Reached): Promise<void> => {
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
      .where((eb) => eb.exists(eb.selectFrom('portaria_owner').select('id').where('epoch', '=', epoch)))
      .executeTakeFirst();
    if (result.numUpdatedRows !== 1n) throw new Fenced(name);
  },
  /** Throws Fenced unless `epoch` is the owner's. Stands first in every change of state. */
  own: async (epoch: number): Promise<void> => {
    const owner = await db.selectFrom('portaria_owner').select('epoch').executeTakeFirst();
    if (owner?.epoch !== epoch) throw new Fenced('owner');
  },
  setPaused: async (name: string, reason: string | null): Promise<void> => {
    await db.updateTable('portaria_checkpoint').set({ paused: reason }).where('name', '=', name).execute();
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
    change: Partial<Pick<GenerationRow, 'state' | 'cohort' | 'error'>>,
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
  /** What could not be folded. */
  parking: parkingOf(db),
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
  savePolicy: async (name: string, logId: string, position: Position | null): Promise<void> => {
    await db
      .insertInto('portaria_policy')
      .values({ name, log_id: logId, position })
      .onConflict((c) => c.column('name').doUpdateSet({ log_id: logId, position }))
      .execute();
  },
  /** A first read, which fixes the snapshot of a transaction. */
  touch: async (): Promise<void> => {
    await db.selectFrom('portaria_owner').select('epoch').execute();
  },
});
