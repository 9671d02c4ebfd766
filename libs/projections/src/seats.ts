import { hostname } from 'node:os';
import { codeOf, Fenced, LIVE, sideSeat, type RowStore, type Seat } from '#read-store';
import { messageOf } from './generation.js';
import type { EngineOptions } from './options.js';

export const LEASE_MS = 3000;

/** Where one engine looks for a seat: the live one, or, while other code holds that, the side seat of its own code. */
export class Seats {
  readonly #rows: RowStore;
  readonly #code: string;
  readonly #ms: number;
  readonly #holder = `${hostname()} ${String(process.pid)}`;

  constructor(readonly options: EngineOptions) {
    this.#rows = options.rows;
    this.#code = codeOf(options.projections);
    this.#ms = options.leaseMs ?? LEASE_MS;
  }

  /** How often a seat is renewed, and a taken one tried. */
  get everyMs(): number {
    return this.#ms / 3;
  }

  /** The seat that is to be had now; null if this code is followed by somebody already. */
  async take(): Promise<Seat | null> {
    const bid = { holder: this.#holder, code: this.#code, ms: this.#ms, seize: this.#rows.exclusive };
    return this.#rows.aside(async (system) => {
      const live = await system.takeSeat({ ...bid, name: LIVE });
      if (live !== null) return live;
      const holder = (await system.seats()).find(({ name }) => name === LIVE);
      return holder?.code === this.#code ? null : system.takeSeat({ ...bid, name: sideSeat(this.#code) });
    });
  }

  /** Renews until the work ends; aborts it when the seat is lost, or could be by now, and, of a side seat, when the live one is free. */
  async hold(seat: Seat, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const lost = new AbortController();
    let sure = performance.now() + this.#ms;
    const renew = async (): Promise<void> => {
      const asked = performance.now();
      try {
        const [held, better] = await this.#rows.aside(async (system) => [
          await system.renewSeat(seat, this.#ms),
          seat.name !== LIVE &&
            (await system.seats()).some((other) => other.name === LIVE && (!other.held || other.code === this.#code)),
        ]);
        if (!held) throw new Fenced(seat.name);
        sure = asked + this.#ms;
        if (better) lost.abort();
      } catch (error) {
        if (error instanceof Fenced || performance.now() > sure) {
          this.options.log?.('warn', `the seat ${seat.name} is lost: ${messageOf(error)}`);
          lost.abort();
        }
      }
    };
    let renewing = Promise.resolve();
    const timer = setInterval(() => {
      renewing = renewing.then(renew);
    }, this.everyMs);
    try {
      await work(AbortSignal.any([signal, lost.signal]));
    } finally {
      clearInterval(timer);
      await renewing;
      // For the next one at once; if that fails the lease runs out.
      await this.#rows.aside((system) => system.leaveSeat(seat)).catch(() => undefined);
    }
  }
}
