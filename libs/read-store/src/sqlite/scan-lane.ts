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

/** One connection in a thread of its own, begun at the first need: what it is asked keeps nobody else waiting but those who ask it too. */
export class ScanLane<DB> {
  readonly db: Kysely<DB>;
  readonly #waiting: Waiting[] = [];
  #worker: Worker | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(readonly path: string) {
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
    await this.#worker?.terminate();
  }

  async #ask({ sql, parameters }: Question): Promise<{ readonly rows: never[] }> {
    const worker = (this.#worker ??= this.#start());
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      worker.postMessage({ sql, parameters } satisfies Question);
    });
    if ('message' in answer) throw Object.assign(new Error(answer.message), { errcode: answer.errcode });
    return answer as { rows: never[] };
  }

  #start(): Worker {
    const worker = new Worker(new URL('./scan.worker.js', import.meta.url), {
      workerData: { path: this.path },
      name: 'scans',
    });
    worker.unref();
    const ended = (error: Error): void => {
      if (this.#worker === worker) this.#worker = null;
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    worker.on('message', (answer: Answer) => this.#waiting.shift()?.resolve(answer));
    worker.on('error', ended);
    worker.on('exit', () => {
      ended(new Error('the thread of the scans ended'));
    });
    return worker;
  }
}
