// The processes of an installation, put together as their composition roots do it, over ports that the machine gives turns to.
import { assignedTo, wishesOf } from '#apps/api/gatehouse';
import { PolicyShift } from '#apps/api/policy-shift';
import type { Stores } from '#apps/api/stores';
import { projections, storedTypes } from '#apps/registry';
import { createCodec, LogTail, type KeyVault } from '#event-store';
import type { Logger } from '#platform';
import { createEngine, type Engine, type Role } from '#projections';
import { createReadModels } from '#read-store';
import type { MemoryEventStore } from '../doubles/memory-event-store.js';
import { openProcess } from '../invariants/process.js';
import type { Process } from '../invariants/wishes.js';
import { hostOf, type Host, type Machine } from './machine.js';
import type { Poison } from './poison.js';
import { logOf, vaultOf } from './ports.js';
import type { Rows } from './rows.js';

/** What outlives every process. */
export type Ground = {
  readonly machine: Machine;
  readonly log: MemoryEventStore;
  readonly vault: KeyVault;
  readonly rows: Rows;
  readonly logId: string;
  readonly poison: Poison;
  /** Aborted when all is over: Node keeps whoever listens to a signal that is made of others. */
  readonly over: AbortSignal;
};

const LEASE_MS = 3000;
const STANDBY_MS = 60_000;

const portsOf = ({ machine, log, vault: keys, rows, poison }: Ground) => {
  const [store, vault] = [logOf(machine, log, poison), vaultOf(machine, keys)];
  const models = createReadModels<unknown>(rows.source(), projections);
  return { store, vault, codec: createCodec(storedTypes, vault), models };
};

/** Takes commands. */
export const openApi = async (ground: Ground, ports = portsOf(ground)): Promise<Process> => {
  const tail = new LogTail(ports.store);
  const api = openProcess({ ...ports, tail, newId: () => ground.machine.newId() });
  await tail.start();
  return api;
};

/** Moves the read models, or stands by, and runs the policies where the live ones are moved. */
export const openProjector = async (ground: Ground, tell: (message: string) => void): Promise<Engine> => {
  const ports = portsOf(ground);
  const { store, codec, models } = ports;
  const { runner, write } = await openApi(ground, ports);
  let role: Role = 'standby';
  let listener: (role: Role) => void = () => undefined;
  const engine = createEngine({
    events: store,
    codec,
    rows: ground.rows.store(),
    projections: ground.poison.projections,
    logId: ground.logId,
    leaseMs: LEASE_MS,
    standbyMs: STANDBY_MS,
    onCheckpoint: (position) => {
      models.notify(position);
    },
    onRole: (next) => {
      role = next;
      listener(role);
    },
    log: (_level, message) => {
      tell(message);
    },
  });
  const seat: Stores['projector']['seat'] = {
    loadPolicyCheckpoint: (policy) => engine.loadPolicyCheckpoint(policy),
    savePolicyCheckpoint: (policy, position) => engine.savePolicyCheckpoint(policy, position),
    follow: (next) => {
      listener = next;
      next(role);
    },
  };
  const projector = {
    ask: engine.ask.bind(engine),
    seat,
  } as unknown as Stores['projector'];
  const stores = { ...ports, runner, projector } as unknown as Stores;
  const wishes = wishesOf({ runner, store }, write, (tenant, staffId) => assignedTo({ models }, tenant, staffId));
  const shift = new PolicyShift(stores, wishes, write.book, write.quarantineDays, false, loggerOf(tell));
  seat.follow((next) => {
    shift.follow(next);
  });
  engine.run(ground.over).catch((error: unknown) => {
    tell(`the projector ended: ${String(error)}`);
  });
  return engine;
};

const loggerOf = (tell: (message: string) => void): Logger => {
  const said = (fields: unknown, message?: string): void => {
    const { err } = fields as { err?: unknown };
    tell(`${message ?? String(fields)}${Error.isError(err) ? `: ${err.message}` : ''}`);
  };
  return { info: said, warn: said, error: said, debug: said, fatal: said } as unknown as Logger;
};

/** A process that is started again whenever it has died. */
export class Supervised<T> {
  host: Host;
  /** Null while it starts, or is dead. */
  running: T | null = null;
  #starts = 0;

  constructor(
    readonly machine: Machine,
    readonly name: string,
    readonly open: () => Promise<T>,
  ) {
    this.host = this.#hosted(0);
    this.#start();
  }

  /** Nothing that it waits for comes any more; a new one begins from what is stored. */
  crash(afterMs: number): void {
    if (!this.host.alive) return;
    this.host.alive = false;
    this.running = null;
    this.machine.later(afterMs, `${this.name} starts`, () => {
      this.host = this.#hosted(this.host.skew);
      this.#start();
    });
  }

  #hosted(skew: number): Host {
    this.#starts += 1;
    return hostOf(`${this.name}.${String(this.#starts)}`, skew);
  }

  #start(): void {
    const { host } = this;
    this.machine
      .as(host, () => this.open())
      .then(
        (running) => {
          if (host.alive) this.running = running;
        },
        () => {
          this.crash(1000);
        },
      );
  }
}
