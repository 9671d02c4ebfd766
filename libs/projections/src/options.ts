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

export type EngineOptions = {
  readonly events: EventReader;
  readonly codec: Codec;
  readonly rows: RowStore;
  readonly projections: readonly Projection[];
  /** Names the log: the id of the fact in the stream `ops-log`. Another one than last time rebuilds everything. */
  readonly logId: string;
  /** After every commit of the live group. Must not throw. */
  readonly onCheckpoint?: (position: Position) => void;
  /** A generation failed for good. Must not throw. */
  readonly onFailed?: (projection: string, error: Error) => void;
  readonly log?: Log;
  /** How many facts stand up to a position, where the store's positions tell; else progress has no total at a first build. */
  readonly ordinalOf?: (position: Position) => number | null;
  /** RFC 3339 UTC. */
  readonly now?: () => string;
  /** Rows that each generation keeps in memory, twice this at most. */
  readonly cacheRows?: number;
  /** Rows that a first build, with nothing live beside it, keeps for one write. */
  readonly bulkRows?: number;
  /** Other limits than `PARKING_LIMITS`. */
  readonly parking?: Partial<ParkingLimits>;
};

export class UnknownProjection extends Error {
  constructor(readonly projection: string) {
    super(`there is no projection ${projection}`);
    this.name = 'UnknownProjection';
  }
}
