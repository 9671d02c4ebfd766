import type { Position, Projection } from '#kernel';
import type { Codec } from '#event-store/codec';
import type { EventReader } from '#event-store/port';
import type { RowStore } from '#read-store';
import type { ParkingLimits } from './parked.js';

export type Log = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

/** `live`: moves the live read models. `side`: moves those of this code that the live seat's holder does not follow. `standby`: waits for a seat. */
export type Role = 'live' | 'side' | 'standby';

export type EngineOptions = {
  readonly events: EventReader;
  readonly codec: Codec;
  readonly rows: RowStore;
  readonly projections: readonly Projection[];
  /** Names the log: the id of the fact in the stream `ops-log`. Another one than last time rebuilds everything. */
  readonly logId: string;
  /** After every commit of the group that this engine moves. Must not throw. */
  readonly onCheckpoint?: (position: Position) => void;
  /** A generation failed for good. Must not throw. */
  readonly onFailed?: (projection: string, error: Error) => void;
  /** The engine took a seat or lost it. Must not throw. */
  readonly onRole?: (role: Role) => void;
  readonly log?: Log;
  /** How many facts stand up to a position, where the store's positions tell; else progress has no total at a first build. */
  readonly ordinalOf?: (position: Position) => number | null;
  /** RFC 3339 UTC. */
  readonly now?: () => string;
  /** Rows that each generation keeps in memory, twice this at most. */
  readonly cacheRows?: number;
  /** Rows that a first build, with nothing live beside it, keeps for one write. */
  readonly bulkRows?: number;
  /** How long a seat stays taken when its holder has died, in milliseconds; it is renewed three times as often. */
  readonly leaseMs?: number;
  /** How long a replaced generation stands by, in milliseconds. */
  readonly standbyMs?: number;
  /** Other limits than `PARKING_LIMITS`. */
  readonly parking?: Partial<ParkingLimits>;
};

/** What an operator asked for cannot be done. The message says why. */
export class OpsRefused extends Error {
  constructor(
    /** `reused`: the same id was given for something else. */
    readonly reason: 'unknown' | 'conflict' | 'reused',
    message: string,
  ) {
    super(message);
    this.name = 'OpsRefused';
  }
}

export const unknownProjection = (name: string): OpsRefused =>
  new OpsRefused('unknown', `There is no read model ${name}.`);
