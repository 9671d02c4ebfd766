import { sql, type Kysely, type RawBuilder, type Selectable } from 'kysely';
import type { ParkingTables } from './parking-tables.js';

/**
 * building → verifying → live → standby → dropping (its rows go in slices, then the row itself); failed; paused: stands still by itself, its rows
 * answer queries as they are.
 */
export type GenerationState = 'building' | 'verifying' | 'live' | 'standby' | 'paused' | 'failed' | 'dropping';
/** `ready`: compared, waits to be promoted. The last three are ends. */
export type RebuildPhase = 'replay' | 'optimize' | 'catchup' | 'verify' | 'ready' | 'done' | 'failed' | 'aborted';

/** The group of the live generations; every other cohort has the id of its rebuild, `left:{table}` or the name of its seat. */
export const LIVE = 'live';

export type SystemTables = {
  /** Who may write: a seat has one holder at a time, by a lease on the database's clock. */
  portaria_seat: {
    name: string;
    /** Grows with every change of the holder: writes under an older one are refused. */
    epoch: number;
    holder: string;
    /** Milliseconds since 1970 by the database's clock. */
    until: number;
    /** What the holder follows: `codeOf` its projections. */
    code: string;
  };
  portaria_checkpoint: {
    name: string;
    /** The seat whose holder moves it. */
    seat: string;
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
    /** When it may be dropped, in milliseconds since 1970; null = not by time. */
    retire_at: number | null;
  };
  portaria_rebuild: {
    id: string;
    projections: string;
    phase: RebuildPhase;
    /** `compare` never goes live. */
    kind: 'rebuild' | 'compare';
    /** 1: goes live by itself when it is ready. */
    auto_promote: number;
    /** 1: what cannot be folded is parked; 0: it ends the rebuild. */
    park: number;
    /** 1: stands still until it is resumed. */
    paused: number;
    target: string | null;
    total: number | null;
    done: number;
    rate: number | null;
    result: string | null;
    error: string | null;
    requested_at: string;
    finished_at: string | null;
  };
  /** What operators ask of the holder of the live seat, whichever process that is. */
  portaria_request: {
    id: string;
    name: string;
    args: string;
    requested_at: string;
    answer: string | null;
    answered_at: string | null;
  };
  portaria_policy: { name: string; log_id: string; position: string | null };
} & ParkingTables;

export type SeatRow = Selectable<SystemTables['portaria_seat']>;
export type CheckpointRow = Selectable<SystemTables['portaria_checkpoint']>;
export type GenerationRow = Selectable<SystemTables['portaria_generation']>;
export type RebuildRow = Selectable<SystemTables['portaria_rebuild']>;
export type RequestRow = Selectable<SystemTables['portaria_request']>;

/** A cohort's checkpoint before its first event. */
export const emptyCheckpoint = (name: string, seat: string, logId: string, swaps = 0): CheckpointRow => ({
  name,
  seat,
  log_id: logId,
  position: null,
  event_id: null,
  before: null,
  recorded_at: null,
  events: 0,
  swaps,
  paused: null,
});

type ColumnType = 'text' | 'integer' | 'bigint';
/** `key`: part of the primary key; `default`: not null; neither: may be null. */
type ColumnDefinition = { readonly type: ColumnType; readonly key?: true; readonly default?: string | number };

const key = { type: 'text', key: true } as const;
const text = { type: 'text' } as const;
const flag = (value: 0 | 1) => ({ type: 'integer', default: value }) as const;
const count = { type: 'bigint', default: 0 } as const;
const named = (value: string) => ({ type: 'text', default: value }) as const;

const TABLES: { readonly [T in keyof SystemTables]: { readonly [C in keyof SystemTables[T]]: ColumnDefinition } } = {
  portaria_seat: { name: key, epoch: count, holder: named(''), until: count, code: named('') },
  portaria_checkpoint: {
    name: key,
    seat: named(LIVE),
    log_id: named(''),
    position: text,
    event_id: text,
    before: text,
    recorded_at: text,
    events: count,
    swaps: flag(0),
    paused: text,
  },
  portaria_generation: {
    projection: key,
    generation: { type: 'integer', key: true },
    version: flag(1),
    state: named('failed'),
    cohort: named(''),
    rebuild_id: text,
    error: text,
    retire_at: { type: 'bigint' },
  },
  portaria_rebuild: {
    id: key,
    projections: named('[]'),
    phase: named('failed'),
    kind: named('rebuild'),
    auto_promote: flag(1),
    park: flag(0),
    paused: flag(0),
    target: text,
    total: { type: 'bigint' },
    done: count,
    rate: { type: 'integer' },
    result: text,
    error: text,
    requested_at: named(''),
    finished_at: text,
  },
  portaria_request: {
    id: key,
    name: named(''),
    args: named('[]'),
    requested_at: named(''),
    answer: text,
    answered_at: text,
  },
  portaria_policy: { name: key, log_id: named(''), position: text },
  portaria_parked: {
    projection: key,
    generation: { type: 'integer', key: true },
    sequence: key,
    kind: named('key'),
    key: named('[]'),
    first_event_id: named(''),
    first_position: named(''),
    error: named(''),
    events: flag(0),
    parked_at: named(''),
  },
  portaria_parked_event: {
    projection: key,
    generation: { type: 'integer', key: true },
    sequence: key,
    position: key,
    event_id: named(''),
    stream: named(''),
    revision: flag(0),
  },
};

export type SystemDialect = {
  /** The type of text columns, which must compare by code point. */
  readonly text: RawBuilder<unknown>;
  /** The names of a table's columns; none if there is no such table. */
  readonly columnsOf: (table: string) => Promise<readonly string[]>;
};

/**
 * Creates the system tables and columns that are missing. It only ever adds, so that older code, deployed again, finds what it knows;
 * a column added later has a default or may be null.
 */
export const migrateSystem = async (db: Kysely<SystemTables>, dialect: SystemDialect): Promise<void> => {
  const typeOf = ({ type }: ColumnDefinition): RawBuilder<unknown> => (type === 'text' ? dialect.text : sql.raw(type));
  for (const [table, columns] of Object.entries<Readonly<Record<string, ColumnDefinition>>>(TABLES)) {
    const known = await dialect.columnsOf(table);
    const all = Object.entries(columns);
    if (known.length === 0) {
      let create = db.schema.createTable(table).ifNotExists();
      for (const [name, column] of all) {
        create = create.addColumn(name, typeOf(column), (c) =>
          column.default === undefined
            ? column.key === true
              ? c.notNull()
              : c
            : c.notNull().defaultTo(column.default),
        );
      }
      const keys = all.filter(([, column]) => column.key === true).map(([name]) => name);
      await create.addPrimaryKeyConstraint(`${table}_key`, keys as never[]).execute();
    } else {
      for (const [name, column] of all) {
        if (known.includes(name)) continue;
        await db.schema
          .alterTable(table)
          .addColumn(name, typeOf(column), (c) =>
            column.default === undefined ? c : c.notNull().defaultTo(column.default),
          )
          .execute();
      }
    }
  }
};
