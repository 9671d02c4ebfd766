// The engine over the toys as a process of its own: it takes over what it finds, tells when that is settled, asks for a rebuild, and ends itself in the middle of a write where it is told to.
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRows, openSource, type ReadPlace } from '#apps/read-store';
import { openSqliteEventReader } from '#event-store';
import type { Position, Projection } from '#kernel';
import { createEngine, type Content } from '#projections';
import { LIVE, type RebuildRow, type RowStore } from '#read-store';
import { passthrough } from '../doubles/memory-event-store.js';
import { toys } from '../doubles/toy-projections.js';
import { liveContents } from '../fixtures/fresh-fold.js';
import { watched, type Step } from './steps.js';

export type Life = {
  readonly read: ReadPlace;
  /** The log's file. */
  readonly log: string;
  /** Whether it asks for a rebuild of all when what it found is settled. */
  readonly asks: boolean;
  /**
   * SIGKILL at the `at`-th write, from 1, of the process or of the rebuild that it asks for, before it is committed or after: of those for the
   * step, or of all but those that follow the log.
   */
  readonly death: {
    readonly of: 'process' | 'rebuild';
    readonly at: number;
    readonly when: 'before' | 'after';
    readonly step?: Step;
  } | null;
  /** So much longer each write of a replay takes, within its transaction. */
  readonly slowMs: number;
};

/** What it prints, a line of JSON each. */
export type Said =
  | { readonly kind: 'resumes' | 'asked' }
  | { readonly kind: 'dies'; readonly step: Step; readonly when: 'before' | 'after' }
  /** Nothing under way, the live group level with the log: rows and hashes of the live tables, and all rebuilds that ever were. */
  | {
      readonly kind: 'settled';
      readonly at: Position;
      readonly contents: Readonly<Record<string, Content>>;
      readonly rebuilds: readonly RebuildRow[];
    };

const life = JSON.parse(process.argv[2] ?? '') as Life;
const say = (said: Said): void => {
  writeSync(1, `${JSON.stringify(said)}\n`);
};

let counted = 0;
let armed = life.death?.of === 'process';
const reached = (step: Step, when: 'before' | 'after'): void => {
  if (!armed || life.death === null) return;
  if (life.death.step === undefined ? step === 'follow' : step !== life.death.step) return;
  if (when === 'before') counted++;
  if (counted !== life.death.at || when !== life.death.when) return;
  say({ kind: 'dies', step, when });
  process.kill(process.pid, 'SIGKILL');
};

const doomed = (rows: RowStore): RowStore => ({
  ...rows,
  write: async (work) => {
    const seen: { step: Step } = { step: 'follow' };
    const value = await rows.write(async (tx) => {
      const { writes, step } = watched(tx);
      const done = await work(writes);
      seen.step = step();
      if (life.slowMs > 0 && ['replay', 'catchup'].includes(seen.step)) await sleep(life.slowMs);
      reached(seen.step, 'before');
      return done;
    });
    reached(seen.step, 'after');
    return value;
  },
});

const events = openSqliteEventReader(life.log);
const rows = await openRows(life.read, () => undefined);
const abort = new AbortController();
const engine = createEngine({
  events,
  codec: passthrough('Told', 'Erased'),
  rows: doomed(rows),
  projections: toys as unknown as Projection[],
  logId: 'log-1',
  ordinalOf: Number,
  // So that a little log takes several writes, and a whole life passes soon.
  bulkRows: 1000,
  standbyMs: 50,
  leaseMs: 300,
});
const running = engine.run(abort.signal);
running.catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});

await engine.started;
const source = await openSource(life.read, () => undefined);
const isLevel = (): Promise<boolean> =>
  source.snapshot(async (_db, system) => {
    const generations = await system.generations();
    const at = (await system.checkpoint(LIVE))?.position ?? null;
    const head = await events.head();
    return (
      generations.length === toys.length &&
      generations.every(({ state }) => state === 'live') &&
      (await system.runningRebuilds()).length === 0 &&
      at === (head?.position ?? null)
    );
  });
const settled = async (): Promise<void> => {
  while (!(await isLevel())) await sleep(20);
  await rows.snapshot(async (view) => {
    const contents = await liveContents(view, toys);
    const at = (await view.system.checkpoint(LIVE))?.position as Position;
    say({ kind: 'settled', at, contents, rebuilds: await view.system.rebuilds() });
  });
};

if (!(await isLevel())) say({ kind: 'resumes' });
await settled();
if (life.asks) {
  armed = life.death?.of === 'rebuild';
  const asked = engine.ask('rebuild', 'all');
  say({ kind: 'asked' });
  await asked;
  await settled();
}
armed = false;
abort.abort();
await running;
await Promise.all([source.close(), rows.close(), events.close()]);
