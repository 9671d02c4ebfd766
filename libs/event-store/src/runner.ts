import type {
  AnyDecider,
  CommandMetadata,
  CommandOf,
  EventOf,
  Position,
  Recorded,
  Rejection,
  RejectionOf,
  StateOf,
} from '#kernel';

/** What became of one command. */
export type Outcome<D extends AnyDecider> =
  | {
      readonly kind: 'accepted';
      /** The facts of this command; none if it changed nothing. Personal values sealed unless the decider opens them. */
      readonly events: readonly Recorded<EventOf<D>>[];
      /** The state behind these facts, not later (a repeat answers as at first). */
      readonly state: StateOf<D>;
      /** The stream's revision behind these facts, -1 for a stream that does not exist. */
      readonly revision: number;
      /** Covers what the answer reports; `null` only if the log was empty. */
      readonly position: Position | null;
      /** The command id stood in the stream already. */
      readonly repeated: boolean;
    }
  | {
      readonly kind: 'rejected';
      readonly rejection: Rejection<RejectionOf<D> | RunnerRejection>;
      readonly position: Position | null;
    };

export type RunnerRejection = 'idempotency-key-reused' | 'revision-stale';

export type Loaded<D extends AnyDecider> = {
  readonly state: StateOf<D>;
  readonly revision: number;
  /** The position of the stream's last fact, `null` if it has none. */
  readonly position: Position | null;
};

/**
 * How present a fold has to be. Absent: whatever was appended before the call is in it. `since`: whatever was appended before that time
 * (performance.now), so that several loads share one look at the log. `fresh: false`: whatever is in memory. `maxAgeMs`: what was the end
 * that recently; own writes show at once. `behind`: whatever was appended up to that position is in it.
 */
export type LoadOptions = {
  readonly since?: number;
  readonly fresh?: boolean;
  readonly maxAgeMs?: number;
  readonly behind?: Position;
};

export type RunOptions = {
  /** If-Match: the revision that the stream must have; otherwise 'revision-stale', not decided again. */
  readonly expectedRevision?: number;
};

/** If-Match as the command carries it; for the command's own stream only, never for those that it reaches. */
export const runOptionsOf = ({ expectedRevision }: CommandMetadata): RunOptions =>
  expectedRevision === undefined ? {} : { expectedRevision };

/** Whether If-Match names another revision than the stream has. */
export const isStale = ({ expectedRevision }: RunOptions, revision: number): boolean =>
  expectedRevision !== undefined && expectedRevision !== revision;

/** The command on a stream that it reaches, which If-Match does not mean. */
export const onAnotherStream = ({ expectedRevision: _, ...metadata }: CommandMetadata): CommandMetadata => metadata;

/** Conflicts outlasted five attempts: 503 busy. */
export class Busy extends Error {
  constructor(stream: string) {
    super(`too many writers at once on ${stream}`);
    this.name = 'Busy';
  }
}

/** The stream lacks its beginning or has a gap. */
export class StreamTruncated extends Error {
  constructor(stream: string) {
    super(`${stream} is truncated: restore the log from its backup`);
    this.name = 'StreamTruncated';
  }
}

/** Reads, folds, decides, appends: the one way in which facts come into the log. */
export interface CommandRunner {
  /**
   * Runs a command on its stream. `command` is either the command or a function that builds it anew for each attempt from
   * the present state, loading facts of other streams; it is not called for a recognised repeat. What it loads with `recent` may be a moment
   * old: a command that is refused on that, or changes nothing, is decided again on what is read then, so that only what is appended rests
   * on it – and whoever has appended looks again with `behind`.
   */
  execute<D extends AnyDecider>(
    decider: D,
    id: string,
    command: CommandOf<D> | ((state: StateOf<D>, recent: LoadOptions) => CommandOf<D> | Promise<CommandOf<D>>),
    metadata: CommandMetadata & { readonly commandType?: string },
    options?: RunOptions,
  ): Promise<Outcome<D>>;
  /** Several commands of one stream: each decided on the state behind those before it, all facts in one append (split between commands above 512 KiB). Same order. */
  executeMany<D extends AnyDecider>(
    decider: D,
    tenant: string,
    id: string,
    commands: readonly CommandOf<D>[],
  ): Promise<readonly Outcome<D>[]>;
  /** The present fold; see LoadOptions. */
  load<D extends AnyDecider>(decider: D, tenant: string, id: string, options?: LoadOptions): Promise<Loaded<D>>;
  /** Whether facts of this command stand in the stream (of the last 24 h): then it is answered as a repeat, or refused as another request. */
  recognises(decider: AnyDecider, tenant: string, id: string, commandId: string): Promise<boolean>;
  /** The answer to a command that is recognised, `null` for one that is not; nothing is decided. */
  repeated<D extends AnyDecider>(decider: D, id: string, metadata: CommandMetadata): Promise<Outcome<D> | null>;
}
