import { setTimeout as pause } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { v7 as uuidv7 } from 'uuid';
import {
  type AnyDecider,
  type Command,
  type CommandMetadata,
  type Event,
  isRejection,
  type Position,
  type Recorded,
  reject,
  type Rejection,
  streamName,
} from '#kernel';
import type { Codec } from './codec.js';
import { appendSurely, type Log } from './append-surely.js';
import { FoldCache } from './fold-cache.js';
import type { LogTail } from './log-tail.js';
import { type AppendResult, type EventStore, WrongExpectedRevision } from './port.js';
import { propose, type Proposal } from './proposal.js';
import { randomBytesOf } from './random-pool.js';
import {
  Busy,
  isStale,
  type CommandRunner,
  type Loaded,
  type LoadOptions,
  type Outcome,
  type RunOptions,
} from './runner.js';
import { catchUp, type CommandTrace, emptyFold, refold, remember, type StreamFold } from './stream-fold.js';
import { StreamQueue } from './stream-queue.js';

const maxAttempts = 5;
const maxAppendBytes = 512 * 1024;
/** So old may be what a command is accepted on before it is looked at again. */
const RECENT: LoadOptions = { maxAgeMs: 500 };
const PRESENT: LoadOptions = {};
/** So long an own append is waited for to be heard, before the stream is read instead. */
const HEARD_MS = 1_000;
/** And so long what others may have appended. */
const LEVEL_MS = 200;

export type CommandRunnerOptions = {
  readonly store: EventStore;
  readonly codec: Codec;
  /** The time that `recordedAt` shows of a fact just appended, RFC 3339 UTC with milliseconds. */
  readonly now?: () => string;
  /** The id of a fact to be appended, UUIDv7. */
  readonly newId?: () => string;
  /** Bytes that the cached folds may hold together, a quarter of what V8's heap may grow to if absent. */
  readonly cacheBytes?: number;
  /** Which refusals are told before a stale revision is (404 before 412). */
  readonly outranksStale?: (code: string) => boolean;
  /**
   * Nobody but this runner appends to the streams of deciders while it runs, as in a data folder that is locked: a fold in the
   * cache is the stream's end, and no tail is read. Own facts are in the cache before whoever appended them goes on, so of two
   * that append and look at each other afterwards at least one sees the other, as it would by reading.
   */
  readonly soleWriter?: boolean;
  /** Where others write too: hears what they append, so that folds in memory need not be read again. */
  readonly tail?: LogTail;
  readonly log?: Log;
};

/** A command on its way: built anew for each attempt. */
type Job = {
  readonly build: (state: unknown, recent: LoadOptions) => Command<unknown> | Promise<Command<unknown>>;
  readonly metadata: CommandMetadata & { readonly commandType?: string };
  readonly options: RunOptions;
};
type Target = { readonly decider: AnyDecider; readonly tenant: string; readonly stream: string };
type AnyOutcome = Outcome<AnyDecider>;
/** The outcomes of the jobs decided so far, whose facts are to be appended together. */
type Round = { readonly outcomes: readonly AnyOutcome[]; readonly proposals: readonly Proposal[] };

/** The one way in which facts come into the log; see CommandRunner. `forget` and `clear` drop cached folds, after an erasure. */
export const createCommandRunner = (
  options: CommandRunnerOptions,
): CommandRunner & { forget(stream: string): void; clear(): void } => new StreamRunner(options);

class StreamRunner implements CommandRunner {
  private readonly cache: FoldCache;
  private readonly queue = new StreamQueue();
  private readonly now: () => string;
  private readonly newId: () => string;

  constructor(private readonly options: CommandRunnerOptions) {
    this.cache = new FoldCache(options.cacheBytes ?? Math.floor(getHeapStatistics().heap_size_limit / 4));
    this.now = options.now ?? (() => new Date().toISOString());
    this.newId = options.newId ?? (() => uuidv7({ random: randomBytesOf(16) }));
    options.tail?.onHeard((event) => {
      this.cache.heard(options.codec, event);
    });
  }

  execute: CommandRunner['execute'] = async (decider, id, command, metadata, options = {}) => {
    const job: Job = {
      build: typeof command === 'function' ? (command as Job['build']) : () => command,
      metadata,
      options,
    };
    const [outcome] = await this.enqueue(targetOf(decider, metadata.tenant, id), [job]);
    return outcome as Outcome<typeof decider>;
  };

  executeMany: CommandRunner['executeMany'] = async (decider, tenant, id, commands) => {
    const jobs = (commands as readonly Command<unknown>[]).map((command): Job => ({
      build: () => command,
      metadata: command.metadata,
      options: {},
    }));
    return await this.enqueue(targetOf(decider, tenant, id), jobs);
  };

  load: CommandRunner['load'] = async (decider, tenant, id, options = {}) => {
    // Outside the queue: a command may load another stream, whose command may be loading this one.
    const { state, revision, position } = await this.present(targetOf(decider, tenant, id), options);
    return { state, revision, position } as Loaded<typeof decider>;
  };

  recognises: CommandRunner['recognises'] = async (decider, tenant, id, commandId) => {
    const { commands } = await this.present(targetOf(decider, tenant, id));
    return commands.has(commandId);
  };

  repeated: CommandRunner['repeated'] = async (decider, id, metadata) => {
    const target = targetOf(decider, metadata.tenant, id);
    const fold = await this.present(target);
    // Asked of one fold: what is a day old is forgotten by the next.
    const trace = fold.commands.get(metadata.commandId);
    return trace === undefined ? null : await this.repeat(target, fold, trace, metadata);
  };

  forget(stream: string): void {
    this.cache.forget(stream);
  }

  clear(): void {
    this.cache.clear();
  }

  /** The fold in memory where it is as present as it has to be; else the stream is read on. */
  private async present(target: Target, options: LoadOptions = PRESENT): Promise<StreamFold> {
    const { stream, decider } = target;
    const inMemory = this.cache.get(stream, decider);
    if (inMemory !== undefined && this.isSure(inMemory, options)) return inMemory;
    const isHeard = inMemory?.isBehind === false && (await this.heard(options));
    // It may have gone on meanwhile, or be behind.
    const fold = this.cache.get(stream, decider);
    return isHeard && fold?.isBehind === false ? fold : this.readOn(target, fold ?? emptyFold(decider));
  }

  /** Whether a fold is present enough whatever others may have appended meanwhile. */
  private isSure(fold: StreamFold, { fresh, maxAgeMs }: LoadOptions): boolean {
    if (this.options.soleWriter === true || fresh === false) return true;
    if (fold.isBehind || maxAgeMs === undefined) return false;
    const { levelAt = -Infinity } = this.options.tail ?? {};
    return performance.now() - Math.max(fold.readAt, levelAt) <= maxAgeMs;
  }

  /** Whether all was heard that a fold has to hold. */
  private async heard({ since = performance.now(), maxAgeMs = 0, behind }: LoadOptions): Promise<boolean> {
    const { tail } = this.options;
    if (tail === undefined) return false;
    return behind === undefined ? tail.level(since - maxAgeMs, LEVEL_MS) : tail.reached(behind, HEARD_MS);
  }

  private enqueue(target: Target, jobs: readonly Job[]): Promise<readonly AnyOutcome[]> {
    return this.queue.run(target.stream, () => this.run(target, jobs));
  }

  private async run(target: Target, jobs: readonly Job[]): Promise<readonly AnyOutcome[]> {
    const cached = this.cache.get(target.stream, target.decider);
    let at = cached ?? (await this.readOn(target, emptyFold(target.decider)));
    /** Whether `at` was the stream's end since this call began. */
    let fresh = cached === undefined || this.options.soleWriter === true;
    /** What is loaded of other streams: without a tail nobody says that it is recent. */
    let others = this.options.tail === undefined ? PRESENT : RECENT;
    let attempts = 0;
    const done: AnyOutcome[] = [];
    while (done.length < jobs.length) {
      const round = await this.decideRound(target, at, jobs.slice(done.length), others, fresh);
      if (round === 'read-first') {
        if (!fresh) at = await this.present(target);
        fresh = true;
        others = PRESENT;
        continue;
      }
      const last = round.proposals.at(-1);
      if (last === undefined) {
        done.push(...round.outcomes);
        continue;
      }
      const events = round.proposals.flatMap((proposal) => proposal.events);
      const beganAt = performance.now();
      const result = await appendSurely(this.options, target.stream, at.revision, events);
      if (result instanceof WrongExpectedRevision) {
        attempts += 1;
        if (attempts > maxAttempts) throw this.busy(target);
        await pause(Math.random() * 5 * 2 ** attempts);
        // A stream that is shorter than the fold is another log's, restored under a running process.
        const shorter = (result.actual ?? -1) < at.revision;
        if (shorter) this.cache.forget(target.stream);
        at = await this.readOn(target, shorter ? emptyFold(target.decider) : at);
        fresh = true;
        continue;
      }
      this.options.tail?.appended(result.position, beganAt);
      at = this.standing(target, at, last, round, result);
      fresh = true;
      attempts = 0;
      done.push(...round.outcomes.map((outcome) => this.recorded(outcome, result.position)));
    }
    return done;
  }

  /**
   * Decides as many jobs as fit into one append, each on the state behind those before it. An answer that appends nothing needs
   * a fold that was read to the stream's end, and others that were; where facts are appended, the append itself confirms the fold.
   */
  private async decideRound(
    target: Target,
    start: StreamFold,
    jobs: readonly Job[],
    others: LoadOptions,
    fresh: boolean,
  ): Promise<Round | 'read-first'> {
    const outcomes: AnyOutcome[] = [];
    const proposals: Proposal[] = [];
    const proposed = new Set<string>();
    let at = start;
    let bytes = 0;
    let confirmed = true;
    for (const job of jobs) {
      const { commandId } = job.metadata;
      // Said twice within one call: the first must stand before the second is recognised.
      if (proposed.has(commandId)) break;
      const trace = start.commands.get(commandId);
      if (trace !== undefined) {
        outcomes.push(await this.repeat(target, start, trace, job.metadata));
        continue;
      }
      const stale = isStale(job.options, at.revision);
      const command = await job.build(at.state, others);
      const wished = decide(target.decider, command, at.state);
      const outranks = isRejection(wished) && this.options.outranksStale?.(wished.rejected) === true;
      const decided = stale && !outranks ? reject('revision-stale') : wished;
      if (isRejection(decided) || decided.length === 0) {
        confirmed = false;
        outcomes.push(await this.nothing(at, isRejection(decided) ? decided : null));
        continue;
      }
      const commandType = job.metadata.commandType ?? command.type;
      const proposal = await propose(this.options.codec, at, decided, {
        ...target,
        commandType,
        metadata: job.metadata,
        now: this.now(),
        newId: this.newId,
      });
      if (proposals.length > 0 && bytes + proposal.bytes > maxAppendBytes) break;
      bytes += proposal.bytes;
      proposals.push(proposal);
      proposed.add(commandId);
      at = proposal.fold;
      const { state, revision } = at;
      outcomes.push({
        kind: 'accepted',
        events: proposal.recorded,
        state,
        revision,
        position: null,
        repeated: false,
      });
    }
    const sure = fresh && others === PRESENT;
    return !sure && !confirmed && proposals.length === 0 ? 'read-first' : { outcomes, proposals };
  }

  private async nothing(at: StreamFold, rejection: Rejection | null): Promise<AnyOutcome> {
    const position = at.position ?? (await this.options.store.head())?.position ?? null;
    if (rejection !== null) return { kind: 'rejected', rejection, position };
    return {
      kind: 'accepted',
      events: [],
      state: at.state,
      revision: at.revision,
      position,
      repeated: false,
    };
  }

  private async repeat(
    target: Target,
    at: StreamFold,
    trace: CommandTrace,
    { requestHash }: CommandMetadata,
  ): Promise<AnyOutcome> {
    if (trace.requestHash !== requestHash) return this.nothing(at, reject('idempotency-key-reused'));
    const { store, codec } = this.options;
    const { fold, events } = await refold(store, codec, target.stream, target.decider, trace);
    const { state, revision, position } = fold;
    return { kind: 'accepted', events, state, revision, position, repeated: true };
  }

  /** The fold behind facts that stand now. */
  private standing(target: Target, at: StreamFold, last: Proposal, round: Round, result: AppendResult): StreamFold {
    for (const proposal of round.proposals) {
      for (const [id, trace] of proposal.fold.commands) remember(at.commands, id, trace);
    }
    const next = {
      ...last.fold,
      commands: at.commands,
      position: result.position,
      readAt: performance.now(),
      isBehind: false,
    };
    this.cache.keep(target.stream, next);
    return next;
  }

  /** The log's answer names the last fact's place only: all facts of the append show that one, which covers them. */
  private recorded(outcome: AnyOutcome, position: Position): AnyOutcome {
    if (outcome.kind === 'rejected') return { ...outcome, position };
    if (outcome.repeated) return outcome;
    return {
      ...outcome,
      position,
      events: (outcome.events as readonly Recorded[]).map((event) => ({
        ...event,
        metadata: event.metadata,
        position,
      })),
    };
  }

  private async readOn(target: Target, from: StreamFold): Promise<StreamFold> {
    const readAt = performance.now();
    const read = await catchUp(this.options.store, this.options.codec, target.stream, from);
    const isBehind = this.options.tail?.isBehind(target.stream, read.revision) === true;
    const fold = { ...read, readAt, isBehind };
    this.cache.keep(target.stream, fold);
    return fold;
  }

  private busy(target: Target): Busy {
    this.options.log?.warn({ stream: target.stream }, 'conflicts outlasted all attempts');
    return new Busy(target.stream);
  }
}

const targetOf = (decider: AnyDecider, tenant: string, id: string): Target => ({
  decider,
  tenant,
  stream: streamName(decider.category, tenant, id),
});

const decide = (decider: AnyDecider, command: Command<unknown>, state: unknown): readonly Event[] | Rejection => {
  const decided: readonly Event[] | Rejection = decider.decide(command, state);
  return decided;
};
