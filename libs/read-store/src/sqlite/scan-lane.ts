import { Worker } from 'node:worker_threads';
import {
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
} from 'kysely';

export type Question = { readonly sql: string; readonly parameters: readonly unknown[] };
export type Answer = { readonly rows: unknown[] } | { readonly message: string; readonly errcode: unknown };
type Waiting = { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void };
/** What is asked of a thread is answered by that thread, or never: one that has died answers nothing of its successor's. */
type Thread = { readonly worker: Worker; readonly waiting: Waiting[] };

/** One connection in a thread of its own, begun at the first need: what it is asked keeps nobody else waiting but those who ask it too. */
export class ScanLane<DB> {
  readonly db: Kysely<DB>;
  #thread: Thread | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  /** `program` is what the thread runs. */
  constructor(
    readonly path: string,
    readonly program = new URL('./scan.worker.js', import.meta.url),
  ) {
    const connection = {
      executeQuery: (query: CompiledQuery) => this.#ask(query),
      streamQuery: () => {
        throw new Error('scans give whole results');
      },
    } as unknown as DatabaseConnection;
    class Driver extends DummyDriver {
      override acquireConnection(): Promise<DatabaseConnection> {
        return Promise.resolve(connection);
      }
    }
    this.db = new Kysely<DB>({
      dialect: {
        createAdapter: () => new SqliteAdapter(),
        createDriver: () => new Driver(),
        createIntrospector: (db) => new SqliteIntrospector(db),
        createQueryCompiler: () => new SqliteQueryCompiler(),
      },
    });
  }

  /** Reads of one moment, in the order in which they were asked for. */
  snapshot<T>(work: (db: Kysely<DB>) => Promise<T>): Promise<T> {
    const done = this.#turn.then(async () => {
      await this.#ask({ sql: 'begin', parameters: [] });
      try {
        return await work(this.db);
      } finally {
        // Where the thread is gone there is nothing left to end.
        await this.#ask({ sql: 'rollback', parameters: [] }).catch(() => undefined);
      }
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#thread?.worker.terminate();
  }

  async #ask({ sql, parameters }: Question): Promise<{ readonly rows: never[] }> {
    const { worker, waiting } = (this.#thread ??= this.#start());
    const answer = await new Promise<Answer>((resolve, reject) => {
      waiting.push({ resolve, reject });
      worker.postMessage({ sql, parameters } satisfies Question);
    });
    if ('message' in answer) throw Object.assign(new Error(answer.message), { errcode: answer.errcode });
    return answer as { rows: never[] };
  }

  #start(): Thread {
    const worker = new Worker(this.program, { workerData: { path: this.path }, name: 'scans' });
    worker.unref();
    const thread: Thread = { worker, waiting: [] };
    const ended = (error: Error): void => {
      if (this.#thread === thread) this.#thread = null;
      for (const { reject } of thread.waiting.splice(0)) reject(error);
    };
    worker.on('message', (answer: Answer) => thread.waiting.shift()?.resolve(answer));
    worker.on('error', ended);
    worker.on('exit', () => {
      ended(new Error('the thread of the scans ended'));
    });
    return thread;
  }
}
