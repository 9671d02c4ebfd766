// A process that dies at writes of a rebuild's whole life, at each of its steps, before and after the commit, and at random times of its replay; meanwhile readers read.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSource, type ReadPlace } from '#apps/read-store';
import { openSqliteEventStore, type SqliteEventStore } from '#event-store';
import type { Position, Projection } from '#kernel';
import { createReadModels, type ReadModels, type RebuildRow, type Seen } from '#read-store';
import { passthrough } from '../doubles/memory-event-store.js';
import { toys } from '../doubles/toy-projections.js';
import { told, type Tables } from '../fixtures/engine.js';
import { FreshFold } from '../fixtures/fresh-fold.js';
import type { Life, Said } from './engine-process.js';
import { STEPS } from './steps.js';

const PROCESS = join(import.meta.dirname, 'engine-process.js');
/** Two pages of replay and a piece. */
const EVENTS = 4100;
const RANDOM_KILLS = 5;

type Settled = Extract<Said, { kind: 'settled' }>;
type Dies = Extract<Said, { kind: 'dies' }>;

/** A log to which ten facts at a time are added: nine are told, the last takes one of them back. */
class Talk {
  readonly #store: SqliteEventStore;
  readonly #fold = new FreshFold(toys as unknown as Projection[], passthrough('Told', 'Erased'));
  #tens = 0;
  #folded: Position | null = null;

  constructor(readonly path: string) {
    this.#store = openSqliteEventStore({ path });
  }

  async add(tens: number): Promise<void> {
    const entries = Array.from({ length: tens }, () => {
      const from = 10 * this.#tens;
      const events = Array.from({ length: 10 }, (_, i) => {
        const n = from + i;
        const id = `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
        const said = i < 9 ? told(n) : { type: 'Erased', data: { id: `s${String(n - 3)}`, from: `p${String(n % 7)}` } };
        return { ...said, id, schemaVersion: 1, metadata: {} as never };
      });
      // Two tenants take turns.
      const revision = 10 * Math.floor(this.#tens / 2) - 1;
      const stream = `talk-${this.#tens++ % 2 === 0 ? 'acme' : 'beta'}.1`;
      return { stream, expected: revision < 0 ? ('no_stream' as const) : { revision }, events };
    });
    for (const result of await this.#store.appendMany(entries)) if (result instanceof Error) throw result;
  }

  /** What an uninterrupted fold makes of the log up to a position; ever later ones. */
  async contentsAt(at: Position): Promise<Settled['contents']> {
    if (this.#folded !== at)
      for await (const page of this.#store.readAll({ after: this.#folded, until: at })) await this.#fold.add(page);
    this.#folded = at;
    return this.#fold.contents();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** Reads again and again, each time behind what it has seen; what it sees must be what the log says at that position. */
const reader = (models: ReadModels<Tables>) => {
  const end = new AbortController();
  let reads = 0;
  let seen: Position | null = null;
  const run = (async (): Promise<void> => {
    while (!end.signal.aborted) {
      const { value, at }: Seen<number[]> = await models.query(
        async (db) => {
          const sum = db.selectFrom('pairs').select((eb) => eb.fn.sum('count').as('n'));
          const count = db.selectFrom('sayings').select((eb) => eb.fn.countAll().as('n'));
          return [Number((await sum.executeTakeFirst())?.n), Number((await count.executeTakeFirst())?.n)];
        },
        { after: seen },
      );
      const ordinal = Number(at);
      expect(ordinal).toBeGreaterThanOrEqual(Math.max(EVENTS, Number(seen)));
      const tens = Math.floor(ordinal / 10);
      expect(value).toEqual([ordinal - tens, ordinal - 2 * tens]);
      seen = at;
      reads++;
      await sleep(50);
    }
  })();
  // Told by `stop`, not as a rejection that nobody awaits yet.
  run.catch(() => undefined);
  return {
    stop: async (): Promise<number> => {
      end.abort();
      await run;
      return reads;
    },
  };
};

/** `open`: a read store of its own that holds nothing yet. `first`: the write of a rebuild at which the walk begins; the stores share the writes out among themselves. */
export const crashMatrix = (
  store: string,
  first: 1 | 3,
  open: () => { readonly read: ReadPlace; close(): Promise<void> },
): void => {
  describe(`kill -9 of a projector over ${store}`, () => {
    let folder: string;
    let talk: Talk;
    let place: ReturnType<typeof open>;
    let models: ReadModels<Tables>;
    let readers: ReturnType<typeof reader>[] = [];
    let kills = 0;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'portaria-matrix-'));
      talk = new Talk(join(folder, 'events.db'));
      await talk.add(EVENTS / 10);
      place = open();
    });
    afterAll(async () => {
      await Promise.allSettled(readers.map(({ stop }) => stop()));
      await (models as ReadModels<Tables> | undefined)?.close();
      await talk.close();
      await place.close();
      rmSync(folder, { recursive: true, force: true });
    });

    /** One life from its start to its end; facts arrive meanwhile. `heard` may kill it. */
    const lived = async (
      life: Pick<Life, 'asks' | 'death'> & Partial<Life>,
      heard: (said: Said, child: ChildProcess) => void = () => undefined,
    ): Promise<readonly Said[]> => {
      const whole: Life = { read: place.read, log: talk.path, slowMs: 0, ...life };
      const child = spawn(process.execPath, [PROCESS, JSON.stringify(whole)], {
        env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: join(folder, 'compiled') },
      });
      const said: Said[] = [];
      let complaints = '';
      child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
      let adding = Promise.resolve();
      createInterface(child.stdout).on('line', (line) => {
        const one = JSON.parse(line) as Said;
        said.push(one);
        heard(one, child);
        if (one.kind === 'resumes' || one.kind === 'asked') adding = adding.then(() => talk.add(3));
      });
      const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
        child.on('close', (...how) => {
          resolve(how);
        }),
      );
      await adding;
      expect({ code, signal, complaints }).toEqual(
        signal === null ? { code: 0, signal, complaints: '' } : { code: null, signal: 'SIGKILL', complaints: '' },
      );
      if (signal !== null) kills++;
      return said;
    };
    /** Everything that was begun has ended well, with the rows of an uninterrupted fold. */
    const isWell = async ({ at, contents, rebuilds }: Settled): Promise<void> => {
      expect(contents).toEqual(await talk.contentsAt(at));
      for (const { phase, error, result } of rebuilds) {
        expect({ phase, error }).toEqual({ phase: 'done', error: null });
        if (result !== null) expect(JSON.parse(result)).toMatchObject({ equal: true });
      }
    };
    const settledIn = (said: readonly Said[]): Settled[] => said.filter((one) => one.kind === 'settled');
    const deathIn = (said: readonly Said[]): Dies | undefined => said.find((one) => one.kind === 'dies');
    /** Before and after the commit of writes that lie `every` apart: what is after one and before the next is the same. Until a life has no such write. */
    const walk = async (
      { asks, of }: Pick<Life, 'asks'> & { readonly of: 'process' | 'rebuild' },
      from: number,
      every: number,
    ): Promise<Dies[]> => {
      const hit: Dies[] = [];
      for (let at = from; ; at += every) {
        for (const when of ['before', 'after'] as const) {
          const said = await lived({ asks, death: { of, at, when } });
          for (const settled of settledIn(said)) await isWell(settled);
          const death = deathIn(said);
          if (death === undefined) return hit;
          hit.push(death);
        }
      }
    };

    it('at any write of the first build leaves one that goes on', async () => {
      const hit = await walk({ asks: false, of: 'process' }, 1, 2);
      expect(hit.map(({ step }) => step)).toEqual(expect.arrayContaining(['prepare', 'optimize']));
    }, 300_000);

    it('at the writes of a rebuild, each step among them, before and after its commit, leaves one that ends with the same rows, and readers notice nothing', async () => {
      const source = await openSource(place.read, () => undefined);
      models = createReadModels<Tables>(source, toys);
      readers = [reader(models), reader(models)];
      const hit = await walk({ asks: true, of: 'rebuild' }, first, 4);
      // How many writes a replay takes depends on the time that they take: a step that the walk passed over is met by name.
      for (const step of STEPS.filter((one) => one !== 'boot')) {
        const isHit = (): boolean => hit.some((one) => one.step === step);
        // Facts that arrive when all is over already are followed by nobody.
        for (let tries = 0; tries < 3 && !isHit(); tries++) {
          const said = await lived({ asks: true, death: { of: 'rebuild', at: 1, when: 'before', step } });
          for (const settled of settledIn(said)) await isWell(settled);
          hit.push(...said.filter((one) => one.kind === 'dies'));
        }
        expect([step, isHit()]).toEqual([step, true]);
      }
    }, 600_000);

    it('at random times of a replay leaves one that goes on where it was', async () => {
      await talk.add(1000);
      const source = await openSource(place.read, () => undefined);
      let inReplay = 0;
      let done = new Map<string, number>();
      // A rebuild that is past its replay comes to its end before the next one is asked for.
      let isPast = false;
      for (let lives = 0; inReplay < RANDOM_KILLS && lives < 12 * RANDOM_KILLS; lives++) {
        const said = await lived({ asks: true, death: null, slowMs: 25 }, (one, child) => {
          if (one.kind === 'asked' || (one.kind === 'resumes' && !isPast))
            setTimeout(() => child.kill('SIGKILL'), Math.random() * 300);
        });
        for (const settled of settledIn(said)) await isWell(settled);
        const running = await source.snapshot((_db, system) => system.runningRebuilds());
        const replays = running.some(({ phase }) => phase === 'replay' || phase === 'optimize');
        if (replays) inReplay++;
        isPast = running.length > 0 && !replays;
        for (const row of running) expect(row.done).toBeGreaterThanOrEqual(done.get(row.id) ?? 0);
        done = new Map(running.map((row: RebuildRow) => [row.id, row.done]));
      }
      await source.close();
      expect(inReplay).toBe(RANDOM_KILLS);
      const [settled] = settledIn(await lived({ asks: false, death: null }));
      await isWell(settled!);
    }, 300_000);

    it('twenty times or more was nothing to the readers', async () => {
      expect(kills).toBeGreaterThanOrEqual(20);
      for (const { stop } of readers) expect(await stop()).toBeGreaterThan(kills);
    });
  });
};
