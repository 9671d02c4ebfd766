import { setTimeout as pause } from 'node:timers/promises';
import { level } from '../bench/run.js';
import { Server } from '../bench/server.js';
import type { ServerRestart, Stores } from './stores.js';
import { Watch } from './watch.js';

export type Fault = { readonly name: string; readonly at: number; readonly until: number };
type Rebuild = { readonly phase: string; readonly error: string | null; readonly result: { equal: boolean } | null };

/** A fault is over when no more commands wait than a client has connections, and at the latest so long after it. */
const WAITING = 64;
const AFTERWARDS_MS = 120_000;

/** The processes of a soak, which are killed and started again, and the servers behind them. */
export class House {
  readonly watches: readonly Watch[];
  readonly faults: Fault[] = [];
  private readonly servers = new Map<string, Server>();
  private waiting: () => number = () => 0;

  constructor(
    private readonly folder: string,
    private readonly stores: Stores,
  ) {
    this.watches = stores.apps.map((app) => new Watch(app));
  }

  get api(): Server {
    const server = this.servers.get('api');
    if (server === undefined) throw new Error('the api does not run');
    return server;
  }

  async start(): Promise<void> {
    for (const app of this.stores.apps) await this.open(app);
    await this.ready();
  }

  async stop(): Promise<void> {
    for (const watch of this.watches) watch.rest();
    for (const server of this.servers.values()) await server.stop();
  }

  /** Waits until all of them are level with what was written. */
  async level(): Promise<void> {
    for (const server of this.servers.values()) await level(server);
  }

  /**
   * A rebuild, then each process killed in the midst of one, then each server restarted: evenly over so many seconds. `waiting`: how many
   * commands have no answer yet.
   */
  async ordeal(seconds: number, waiting: () => number): Promise<void> {
    this.waiting = waiting;
    const trials: readonly (() => Promise<void>)[] = [
      () => this.trial('rebuild', async () => this.finished(await this.asked())),
      ...this.stores.apps.map((app) => () => this.killed(app)),
      ...this.stores.restarts.map((server) => () => this.restarted(server)),
    ];
    const began = performance.now();
    for (const [index, trial] of trials.entries()) {
      const due = began + (seconds * 1000 * (index + 0.5)) / trials.length;
      await pause(Math.max(0, due - performance.now()));
      await trial();
    }
  }

  private killed(app: (typeof this.stores.apps)[number]): Promise<void> {
    return this.trial(`kill -9 of the ${app}`, async () => {
      const rebuildId = await this.asked();
      await this.servers.get(app)?.kill();
      await this.open(app);
      await this.ready();
      await this.finished(rebuildId);
    });
  }

  private restarted({ name, run }: ServerRestart): Promise<void> {
    return this.trial(name, async () => {
      await run();
      await this.ready();
    });
  }

  private async trial(name: string, work: () => Promise<void>): Promise<void> {
    const at = performance.now();
    await work();
    const done = performance.now();
    while (this.waiting() > WAITING && performance.now() < done + AFTERWARDS_MS) await pause(50);
    const until = performance.now();
    this.faults.push({ name, at, until });
    const [took, behind] = [done - at, until - done].map((ms) => (ms / 1000).toFixed(1));
    console.log(`  ${name}: done after ${took} s, nobody waits for it ${behind} s later`);
  }

  private async open(app: (typeof this.stores.apps)[number]): Promise<void> {
    const server = await Server.start({ dataDir: this.folder, app, environment: this.stores.environment });
    this.servers.set(app, server);
    this.watches.find((watch) => watch.app === app)?.follow(server);
  }

  /** Every process answers that it is ready. */
  private async ready(): Promise<void> {
    for (const server of this.servers.values()) {
      while (
        !(await fetch(`${server.address}/health/ready`).then(
          ({ ok }) => ok,
          () => false,
        ))
      )
        await pause(50);
    }
  }

  private async asked(): Promise<string> {
    const ops = await this.api.as('ops', 'ops');
    return (await ops.post<{ rebuildId: string }>('/v1/ops/projections/all/rebuild')).body.rebuildId;
  }

  private async finished(rebuildId: string): Promise<void> {
    for (;;) {
      const ops = await this.api.as('ops', 'ops');
      const rebuild = await ops.get<Rebuild>(`/v1/ops/rebuilds/${rebuildId}`).then(
        ({ body }) => body,
        () => null,
      );
      if (rebuild?.phase === 'done' && rebuild.result?.equal === true) return;
      if (rebuild?.phase === 'done' || rebuild?.phase === 'failed')
        throw new Error(`the rebuild ended otherwise: ${JSON.stringify(rebuild)}`);
      await pause(200);
    }
  }
}
