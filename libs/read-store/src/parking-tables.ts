import type { Kysely, Selectable } from 'kysely';

/**
 * What a generation could not fold: per sequence (a key, or a stream with an event that cannot be read) its events in order.
 * Only places and ids: what the events say stays in the log and is read there again.
 */
export type ParkingTables = {
  portaria_parked: {
    projection: string;
    generation: number;
    /** Names the key or the stream, the same in every generation: `sequenceOf`. */
    sequence: string;
    kind: 'key' | 'stream';
    /** JSON list: the tenant and the values of the key; the tenant and the stream. */
    key: string;
    first_event_id: string;
    first_position: string;
    /** Why the first of them is here. */
    error: string;
    events: number;
    parked_at: string;
  };
  portaria_parked_event: {
    projection: string;
    generation: number;
    sequence: string;
    position: string;
    event_id: string;
    stream: string;
    revision: number;
  };
};

export type ParkedRow = Selectable<ParkingTables['portaria_parked']>;
export type ParkedEventRow = Selectable<ParkingTables['portaria_parked_event']>;
type Place = { readonly projection: string; readonly generation: number };

/** Rows a statement: PostgreSQL takes 65,535 parameters, SQLite 32,766. */
const CHUNK = 500;

/** The parking of generations, on whatever connection `db` stands for. */
export const parkingOf = (db: Kysely<ParkingTables>) => {
  const sequencesAt = ({ projection, generation }: Place) =>
    db
      .selectFrom('portaria_parked')
      .selectAll()
      .where('projection', '=', projection)
      .where('generation', '=', generation)
      .orderBy('first_position')
      .orderBy('sequence');
  return {
    /** Of all generations. */
    all: (): Promise<ParkedRow[]> => db.selectFrom('portaria_parked').selectAll().execute(),
    /** By the place of their first event. */
    sequences: (place: Place): Promise<ParkedRow[]> => sequencesAt(place).execute(),
    sequence: (place: Place, sequence: string): Promise<ParkedRow | undefined> =>
      sequencesAt(place).where('sequence', '=', sequence).executeTakeFirst(),
    /** How many sequences each generation has; those without any are not listed. */
    counts: async (): Promise<readonly (Place & { readonly sequences: number })[]> => {
      const rows = await db
        .selectFrom('portaria_parked')
        .select((eb) => ['projection', 'generation', eb.fn.countAll<number | string>().as('sequences')])
        .groupBy(['projection', 'generation'])
        .execute();
      return rows.map((row) => ({ ...row, sequences: Number(row.sequences) }));
    },
    /** The events of a sequence, in the order of the log. */
    events: ({ projection, generation }: Place, sequence: string): Promise<ParkedEventRow[]> =>
      db
        .selectFrom('portaria_parked_event')
        .selectAll()
        .where('projection', '=', projection)
        .where('generation', '=', generation)
        .where('sequence', '=', sequence)
        .orderBy('position')
        .execute(),
    /** The sequences that hold an event of a stream. */
    touchedBy: async ({ projection, generation }: Place, stream: string): Promise<readonly string[]> => {
      const rows = await db
        .selectFrom('portaria_parked_event')
        .select('sequence')
        .distinct()
        .where('projection', '=', projection)
        .where('generation', '=', generation)
        .where('stream', '=', stream)
        .execute();
      return rows.map(({ sequence }) => sequence);
    },
    /** Adds events, and puts their sequences as they are now. */
    hold: async (sequences: readonly ParkedRow[], events: readonly ParkedEventRow[]): Promise<void> => {
      for (let at = 0; at < sequences.length; at += CHUNK) {
        await db
          .insertInto('portaria_parked')
          .values(sequences.slice(at, at + CHUNK))
          .onConflict((c) =>
            c.columns(['projection', 'generation', 'sequence']).doUpdateSet((eb) => ({
              first_event_id: eb.ref('excluded.first_event_id'),
              first_position: eb.ref('excluded.first_position'),
              error: eb.ref('excluded.error'),
              events: eb.ref('excluded.events'),
            })),
          )
          .execute();
      }
      for (let at = 0; at < events.length; at += CHUNK) {
        await db
          .insertInto('portaria_parked_event')
          .values(events.slice(at, at + CHUNK))
          .onConflict((c) => c.doNothing())
          .execute();
      }
    },
    /** Forgets a sequence and its events. */
    release: async ({ projection, generation }: Place, sequence: string): Promise<void> => {
      for (const table of ['portaria_parked_event', 'portaria_parked'] as const) {
        await db
          .deleteFrom(table)
          .where('projection', '=', projection)
          .where('generation', '=', generation)
          .where('sequence', '=', sequence)
          .execute();
      }
    },
    /** Forgets one sequence of a generation that is dropped. Returns whether there was one. */
    empty: async (place: Place): Promise<boolean> => {
      const first = await sequencesAt(place).limit(1).executeTakeFirst();
      if (first !== undefined) await parkingOf(db).release(place, first.sequence);
      return first !== undefined;
    },
  };
};
