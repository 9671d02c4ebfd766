import type { Server } from '../bench/server.js';
import { median } from '../bench/figures.js';

export type Sample = { readonly at: number; readonly rss: number; readonly handles: number };
export type Trend = {
  readonly app: string;
  /** Seconds of the longest of its lives, which is judged. */
  readonly seconds: number;
  /** Medians of MiB and of open files and sockets. */
  readonly first: { readonly rss: number; readonly handles: number };
  readonly last: { readonly rss: number; readonly handles: number };
  /** `null`: it lived too short a time to say. */
  readonly isFlat: boolean | null;
};

/** A shorter life is all warming up. */
const LONG_S = 240;
const EVERY_MS = 1000;

/** Memory and handles of a process over all its lives. */
export class Watch {
  readonly lives: Sample[][] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(readonly app: string) {}

  /** A new life begins. */
  follow(server: Server): void {
    this.rest();
    const life: Sample[] = [];
    this.lives.push(life);
    this.timer = setInterval(() => {
      try {
        life.push({ at: performance.now(), rss: server.memory().rss, handles: server.handles() });
      } catch {
        // It is gone; whoever killed it says so.
      }
    }, EVERY_MS);
  }

  rest(): void {
    clearInterval(this.timer);
  }

  /** The first and the last third of the longest life. */
  trend(): Trend {
    const longest = this.lives.toSorted((a, b) => b.length - a.length)[0] ?? [];
    const third = Math.max(1, Math.floor(longest.length / 3));
    const middle = (of: readonly Sample[]) => ({
      rss: Math.round(median(of.map(({ rss }) => rss))),
      handles: median(of.map(({ handles }) => handles)),
    });
    const [first, last] = [middle(longest.slice(0, third)), middle(longest.slice(-third))];
    const seconds = Math.round((longest.length * EVERY_MS) / 1000);
    // Memory that is collected late is no leak: a quarter more is allowed, and as many handles as a pool has.
    const isFlat = seconds < LONG_S ? null : last.rss <= first.rss * 1.25 && last.handles <= first.handles + 16;
    return { app: this.app, seconds, first, last, isFlat };
  }
}
