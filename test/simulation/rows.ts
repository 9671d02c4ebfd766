// The read store's server: one database in memory that several processes write to, one transaction after the other.
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { systemOf, type ReadSource, type RowReads, type RowStore, type SystemTables } from '#read-store';
import { Connection, kyselyOver } from '#read-store/sqlite/database';
import { dialectOf, readsOn, writesOn } from '#read-store/sqlite/row-store';
import { loadRows } from '#read-store/sqlite/rows';
import { migrateSystem } from '#read-store/system-tables';
import { hostOf, type Host, type Machine } from './machine.js';

/** As a driver tells it; passes when tried again. */
const disconnected = (): Error => Object.assign(new Error('Connection terminated'), { code: 'ECONNRESET' });
const NOBODY = hostOf('nobody');

export class Rows {
  readonly #database = new DatabaseSync(':memory:');
  readonly #connection = new Connection(this.#database);
  readonly #db = kyselyOver<SystemTables>(this.#connection);
  readonly #system = systemOf(this.#db, sql<number>`database_now()`);
  /** All that the database holds of the machine: it outlives its closing. */
  readonly #clock = { now: () => 0 };
  #holder: Host | null = null;

  constructor(private readonly machine: Machine) {
    // The server's own clock, which nobody steps.
    const clock = this.#clock;
    clock.now = () => machine.clock.now();
    this.#database.function('database_now', () => clock.now());
  }

  /** What stands there, without waiting for a turn. */
  get view(): RowReads {
    return readsOn(this.#connection, this.#system);
  }

  /** The engine's side, as a process has it. */
  store(): RowStore {
    const tx = writesOn(this.#connection, this.#system);
    return {
      exclusive: false,
      migrate: () => this.#write('migrate', () => migrateSystem(this.#db, dialectOf(this.#connection))),
      write: (work) => this.#write('write', () => work(tx)),
      aside: (work) => this.#write('aside', () => work(this.#system)),
      load: (table, keys) => this.#alone('load', () => Promise.resolve(loadRows(this.#connection, table, keys))),
      snapshot: (work) => this.#alone('snapshot', () => work(this.view)),
      purge: () => this.#alone('purge', () => Promise.resolve(true)),
      close: () => Promise.resolve(),
    };
  }

  /** The queries' side, as a process has it. */
  source(): ReadSource {
    return {
      snapshot: (work) => this.#alone('query', () => work(this.#db, this.#system)),
      notReady: () => Promise.resolve(null),
      close: () => Promise.resolve(),
    };
  }

  close(): void {
    this.#clock.now = () => 0;
    this.#connection.close();
  }

  /** A transaction, which a lost connection undoes. Of a commit nobody is left in doubt: the port asks the server what became of it. */
  async #write<T>(what: string, work: () => Promise<T>): Promise<T> {
    const value = await this.#alone(what, async () => {
      if (this.machine.happens(0.01)) throw disconnected();
      this.#connection.exec('begin immediate');
      try {
        const done = await work();
        this.#connection.exec('commit');
        return done;
      } catch (error) {
        if (this.#database.isTransaction) this.#connection.exec('rollback');
        throw error;
      }
    });
    await this.machine.turn('committed');
    return value;
  }

  /** Nobody else is at it meanwhile; what a dead process held is free again, and undone. */
  async #alone<T>(what: string, work: () => Promise<T>): Promise<T> {
    do await this.machine.turn(what);
    while (this.#holder?.alive === true);
    if (this.#database.isTransaction) this.#connection.exec('rollback');
    this.#holder = this.machine.host ?? NOBODY;
    try {
      return await work();
    } finally {
      this.#holder = null;
    }
  }
}
