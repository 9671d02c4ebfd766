import type { JSONEventData, WrongExpectedVersionError } from '@eventstore/db-client';
import type { ConnectionSettings } from './connection-settings.js';
import { failureOf } from './errors.js';
import { noDeadline, ServerClient } from './server-client.js';
import { within } from './within.js';

/** Appends on their way at once, each of at most 1 MiB. A real server on two shared cores takes 4.5k/s at 16 and 6k/s at 64. */
const slots = 64;

export type LaneEntry = {
  /** The name on the server. */
  readonly stream: string;
  readonly expectedRevision: 'no_stream' | bigint;
  readonly events: readonly JSONEventData[];
};
export type LaneAnswer = { readonly revision: bigint; readonly position: { commit: bigint; prepare: bigint } };

/** No slot became free in time: nothing was sent. */
export class NotSent extends Error {}
/** Our own limit passed without an answer. */
export class TimedOut extends Error {}

/** One client and the appends that it carries. A client that went silent is given up together with its slots. */
type Carrier = { readonly client: ServerClient; used: number; answers: number };
type Waiter = { readonly start: () => void };

/**
 * The way of appends to the server, one per thread: the client keeps the promises of all its appends in one bank of the process,
 * and an answer whose promise is gone would throw where nobody can catch.
 */
export class AppendLane {
  private carrier: Carrier;
  private renewing: Promise<void> | null = null;
  private readonly waiting: Waiter[] = [];
  private closed = false;

  constructor(
    private readonly settings: ConnectionSettings,
    private readonly onRenewed: () => void,
  ) {
    this.carrier = this.fresh();
  }

  /** Rejects with NotSent, TimedOut or what the client rejects with. */
  async append(entry: LaneEntry, timeoutMs: number): Promise<LaneAnswer> {
    const until = performance.now() + timeoutMs;
    const carrier = await this.slot(timeoutMs);
    const { answers } = carrier;
    let held = true;
    const free = (): void => {
      if (!held) return;
      held = false;
      carrier.used -= 1;
      this.next();
    };
    const answer = this.send(carrier, entry).finally(free);
    const left = Math.max(1, until - performance.now());
    try {
      return await within(left, answer, () => new TimedOut('the server did not answer an append in time'));
    } catch (error) {
      if (error instanceof TimedOut) {
        // Others are answered: this one alone was lost. Nobody is: the stream is dead, whatever the connection says.
        if (carrier.answers > answers) free();
        else this.renew(carrier);
      }
      throw error;
    }
  }

  /** What is on its way is broken off: its outcome is unknown. */
  async close(): Promise<void> {
    this.closed = true;
    await this.renewing;
    await this.carrier.client.end();
    this.next();
  }

  private async send(carrier: Carrier, { stream, expectedRevision, events }: LaneEntry): Promise<LaneAnswer> {
    try {
      const { success, nextExpectedRevision, position } = await carrier.client.appendToStream(stream, [...events], {
        expectedRevision,
        requiresLeader: true,
        deadline: noDeadline,
      });
      carrier.answers += 1;
      if (!success || position === undefined) throw new Error('the server answered an append without its position');
      return { revision: nextExpectedRevision, position };
    } catch (error) {
      if (failureOf(error) === 'wrong-version') carrier.answers += 1;
      throw error;
    }
  }

  private slot(timeoutMs: number): Promise<Carrier> {
    if (this.closed) return Promise.reject(new NotSent('the lane is closed'));
    const { carrier } = this;
    if (this.renewing === null && this.waiting.length === 0 && carrier.used < slots) {
      carrier.used += 1;
      return Promise.resolve(carrier);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(new NotSent('no append was answered in time'));
      }, timeoutMs);
      const waiter = {
        start: (): void => {
          clearTimeout(timer);
          if (this.closed) {
            reject(new NotSent('the lane is closed'));
            return;
          }
          this.carrier.used += 1;
          resolve(this.carrier);
        },
      };
      this.waiting.push(waiter);
    });
  }

  private next(): void {
    while (this.closed || (this.renewing === null && this.carrier.used < slots)) {
      const waiter = this.waiting.shift();
      if (waiter === undefined) return;
      waiter.start();
    }
  }

  /** The next client may send only when the old one's streams have told their listeners: the bank is theirs in common. */
  private renew(silent: Carrier): void {
    if (this.carrier !== silent || this.renewing !== null || this.closed) return;
    this.renewing = silent.client.end().then(() => {
      this.carrier = this.fresh();
      this.renewing = null;
      this.onRenewed();
      this.next();
    });
  }

  private fresh(): Carrier {
    return { client: new ServerClient(this.settings), used: 0, answers: 0 };
  }
}

/** The stream's last revision of a refused append, `null` if it has none. */
export const actualRevisionOf = (error: unknown): number | null => {
  const { actualVersion } = error as WrongExpectedVersionError;
  return typeof actualVersion === 'bigint' ? Number(actualVersion) : null;
};
