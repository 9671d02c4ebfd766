import { Worker } from 'node:worker_threads';
import type { Connection } from './database.js';

/** Pages of 8 KiB: 64 MiB between checkpoints, since bulk writes the same pages again and again (32 MiB is 1.7 times faster than 4). */
export const WAL_PAGES = 8000;
/** So few pages may be copied while the writer waits: 16 MiB, a few commits of a rebuild. */
const TAIL = 2000;
const ROUNDS = 8;

/**
 * Keeps the WAL short without keeping the writer's thread: a checkpoint inside a commit holds every live update behind it up (seen in slices of up to 0.6 s, never isolated).
 * A helper thread, started at the first need, copies while writes go on, again and again until the rest is short; only for that rest writes wait,
 * so that the WAL begins anew. The connection's own automatic checkpoint stays as a backstop at four times the length.
 */
export class WalCheckpoints {
  #worker: Worker | null = null;
  #running: Promise<void> | null = null;
  #gate: Promise<void> | null = null;
  #dead = false;
  /** What the last run could not copy, because somebody still reads an older state. */
  #left = 0;

  constructor(
    readonly path: string,
    readonly writer: Connection,
    readonly pages = WAL_PAGES,
  ) {
    writer.exec(`pragma wal_autocheckpoint = ${String(pages * 4)}`);
  }

  /** Before a write transaction. */
  async open(): Promise<void> {
    await this.#gate?.catch(() => undefined);
  }

  /** After a commit. Never throws. */
  committed(): void {
    if (this.#running !== null || this.#dead) return;
    const pending = this.#pending();
    if (pending < this.#left + this.pages) return;
    this.#running = this.#run()
      .catch(() => {
        // A full disk, say: tried again when as much has been written once more, by a helper of its own.
        this.#worker = null;
        this.#left = pending;
      })
      .finally(() => {
        this.#running = null;
      });
  }

  /** Pages that stand in the WAL only; 0 where that cannot be said now. */
  #pending(): number {
    try {
      const state = this.writer.prepare('pragma wal_checkpoint(noop)').statement.get();
      return Number(state?.['log']) - Number(state?.['checkpointed']);
    } catch {
      return 0;
    }
  }

  async close(): Promise<void> {
    this.#dead = true;
    await this.#running;
    await this.#worker?.terminate();
  }

  async #run(): Promise<void> {
    this.#left = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS && this.#left > TAIL; round++) this.#left = await this.#copy();
    if (this.#left === 0 || this.#left > TAIL) return;
    this.#gate = this.#copy().then((left) => {
      this.#left = left;
    });
    try {
      await this.#gate;
    } finally {
      this.#gate = null;
    }
  }

  /** Returns the pages that are left. */
  async #copy(): Promise<number> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const answer = new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', reject);
    });
    worker.postMessage(null);
    try {
      return await answer;
    } finally {
      for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL('./wal-checkpoint.worker.js', import.meta.url), {
      workerData: { path: this.path },
      name: 'wal-checkpoint',
    });
    worker.unref();
    return worker;
  }
}
