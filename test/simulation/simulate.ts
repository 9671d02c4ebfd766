// A small installation through storms and calms, as a seed says. In every calm, when nothing is owed any more, all must be well.
import { wishesOf } from '#apps/api/gatehouse';
import { projections, storedTypes } from '#apps/registry';
import { createCodec, ensureLogStarted } from '#event-store';
import type { Engine } from '#projections';
import { LIVE } from '#read-store';
import { MemoryEventStore } from '../doubles/memory-event-store.js';
import { FreshFold } from '../fixtures/fresh-fold.js';
import { memoryKeyVault } from '../fixtures/memory-key-vault.js';
import { STAFF } from '../invariants/plans.js';
import { openProcess } from '../invariants/process.js';
import { walletModels } from '../invariants/wallet-models.js';
import type { Process } from '../invariants/wishes.js';
import { Witness } from '../invariants/witness.js';
import { policies } from '#apps/registry';
import { compare, compareOutcomes, observed, perform, type Asked, type Step } from '../reference-model/index.js';
import { heal, misfortunes, retry, type Chaos } from './chaos.js';
import { brokenIn, notOnce, owedSince, saidInParts, shownThoughHidden, timesOf, wrongReadModels } from './checks.js';
import { Clients, type Insisted } from './clients.js';
import { Machine } from './machine.js';
import { openApi, openProjector, Supervised, type Ground } from './processes.js';
import { Poison } from './poison.js';
import { Rows } from './rows.js';

const TENANT = 'acme';
const STORM_MS = 4000;
const MINUTE_MS = 60_000;
/** Longer than any wait of the product. */
const CALM_MS = 30 * MINUTE_MS;
/** Histories that are longer are looked at whole less often. */
const SHORT = 1500;

export type Finding = { readonly step: number; readonly sentences: readonly string[] };
export type Run = {
  readonly steps: number;
  readonly facts: number;
  readonly trace: string;
  readonly finding: Finding | null;
};

/** `steps`: how many things happen at least; it ends at the calm behind that. `tell`: what processes log. */
export const simulate = async (
  { seed, steps }: { readonly seed: number; readonly steps: number },
  tell: (line: string) => void = () => undefined,
): Promise<Run> => {
  const machine = new Machine(seed);
  const rows = new Rows(machine);
  const log = new MemoryEventStore(() => machine.clock.now());
  const endOf = (finding: Finding | null): Run => {
    for (const { type, stream, revision } of log.log) machine.note(`${type} ${stream} ${String(revision)}`);
    return { steps: machine.steps, facts: log.log.length, trace: machine.trace, finding };
  };
  const installation = new Installation(machine, log, rows, tell);
  try {
    await installation.open();
    while (machine.steps < steps) {
      const sentences = await installation.round();
      if (sentences.length > 0) return endOf({ step: machine.steps, sentences });
    }
    const sentences = installation.broken();
    return endOf(sentences.length > 0 ? { step: machine.steps, sentences } : null);
  } catch (error) {
    return endOf({
      step: machine.steps,
      sentences: [Error.isError(error) ? (error.stack ?? error.message) : String(error)],
    });
  } finally {
    installation.close();
    rows.close();
    machine.close();
  }
};

class Installation {
  readonly #vault = memoryKeyVault();
  readonly #codec = createCodec(storedTypes, this.#vault);
  readonly #witness: Witness;
  readonly #fold = new FreshFold(projections, this.#codec);
  /** Looks at the log without waiting for turns. */
  readonly #auditor: Process;
  readonly #skewed: boolean;
  readonly #poison: Poison;
  readonly #steps: Step[] = [];
  readonly #over = new AbortController();
  #folded = 0;
  #chaos: Chaos;
  #clients!: Clients;
  #logId = '';

  constructor(
    readonly machine: Machine,
    readonly log: MemoryEventStore,
    readonly rows: Rows,
    readonly tell: (line: string) => void,
  ) {
    this.#witness = new Witness(log, this.#codec);
    this.#auditor = openProcess({
      store: log,
      codec: this.#codec,
      vault: this.#vault,
      models: walletModels(log, this.#codec),
      tail: null,
      newId: () => machine.newId(),
    });
    this.#skewed = machine.random.chance(0.25);
    this.#poison = new Poison(machine);
    this.#chaos = { machine, all: [], projectors: [], skewed: this.#skewed };
  }

  async open(): Promise<void> {
    const { machine, log, rows } = this;
    this.#logId = await ensureLogStarted(log);
    const ground: Ground = {
      machine,
      log,
      rows,
      vault: this.#vault,
      logId: this.#logId,
      poison: this.#poison,
      over: this.#over.signal,
    };
    const { random } = machine;
    const several = <T>(count: number, name: string, open: (told: (line: string) => void) => Promise<T>) =>
      Array.from({ length: count }, (_, at) => {
        const own = `${name}${String(at)}`;
        return new Supervised(machine, own, () =>
          open((line) => {
            this.tell(`${machine.timeOf()} ${own}: ${line}`);
          }),
        );
      });
    const apis = several(2 + random.below(2), 'api', () => openApi(ground));
    const projectors: readonly Supervised<Engine>[] = several(1 + random.below(2), 'projector', (told) =>
      openProjector(ground, told),
    );
    this.#chaos = { machine, projectors, all: [...apis, ...projectors], skewed: this.#skewed };
    this.#clients = new Clients(machine, TENANT, apis, this.#witness);
    await this.#calm();
    const asked: Asked[] = [];
    for (const member of STAFF) {
      const commandId = `00000000-0000-4000-9000-00000000000${String(asked.length)}`;
      const invite = { by: 'founder', wish: { do: 'invite', ...member }, commandId } as const;
      asked.push(await this.#alone(() => this.#clients.insist(invite, false)));
    }
    await this.#calm();
    await this.#record(asked, 0);
  }

  /** Everybody dies. */
  close(): void {
    for (const { host } of this.#chaos.all) host.alive = false;
    this.#over.abort();
  }

  /** A storm, a calm, and some who ask one after the other. Answers what is wrong then. */
  async round(): Promise<readonly string[]> {
    const { machine } = this;
    const { random } = machine;
    const from = this.log.log.length;
    const own = (await this.#witness.facts(TENANT)).length;
    machine.stormy = true;
    misfortunes(this.#chaos, STORM_MS);
    const asked = (await this.#together(1 + random.below(4), random.below(3))).flat();
    heal(this.#chaos);
    this.#poison.cure();
    await this.#calm();
    await this.#record(asked, own);
    const wrong = await this.#wrong(from, asked);
    if (wrong.length > 0) return wrong;
    // Claims that a storm left without their fact hold for a minute, and the model knows of none.
    machine.sleep(MINUTE_MS + 1000);
    for (let left = this.#skewed ? 0 : random.below(3); left > 0; left -= 1) {
      const differs = await this.#alike(random.below(3));
      if (differs.length > 0) return differs;
    }
    machine.sleep(random.pick([1000, 5000, MINUTE_MS, 11 * MINUTE_MS, 25 * 60 * MINUTE_MS]));
    return (await this.#witness.facts(TENANT)).length < SHORT ? this.broken() : [];
  }

  /** What breaks the invariants in all that happened. */
  broken(): readonly string[] {
    return brokenIn({ facts: this.#facts, steps: this.#steps }, this.#skewed);
  }

  #facts: Awaited<ReturnType<Witness['facts']>> = [];

  async #together(clients: number, focus: number): Promise<readonly (readonly Insisted[])[]> {
    const { random } = this.machine;
    return this.#alone(() =>
      Promise.all(Array.from({ length: clients }, () => this.#clients.visit(1 + random.below(5), focus))),
    );
  }

  /** Lets the machine run until the clients' work is done. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const done: { value: { readonly of: T } | null; error: unknown } = { value: null, error: null };
    this.machine.as(this.#clients.host, work).then(
      (value) => (done.value = { of: value }),
      (error: unknown) => (done.error = error),
    );
    await this.machine.run(() => done.value !== null || done.error !== null);
    if (done.value === null) throw done.error;
    return done.value.of;
  }

  async #record(asked: readonly Asked[], from: number): Promise<void> {
    this.#facts = await this.#witness.facts(TENANT);
    this.#steps.push({ asked, from, to: this.#facts.length, at: this.machine.timeOf() });
  }

  /** Until nothing is owed: read models and policies stand at the log's end, and it does not grow. */
  async #calm(): Promise<void> {
    const { machine } = this;
    const until = machine.clock.now() + CALM_MS;
    for (let length = -1, still = 0; still < 2;) {
      const next = machine.clock.now() + 700;
      await machine.run(() => machine.clock.now() >= next);
      const owed = await this.#owed();
      still = length === this.log.log.length && owed === null ? still + 1 : 0;
      length = this.log.log.length;
      if (machine.clock.now() > until) throw new Error(`half an hour later: ${owed ?? 'the log grows without end'}`);
    }
  }

  /** Why it is not calm yet; null if it is. */
  async #owed(): Promise<string | null> {
    const { system } = this.rows.view;
    const end = this.log.log.at(-1)?.position ?? null;
    const starting = this.#chaos.all.find(({ running }) => running === null);
    if (starting !== undefined) return `${starting.name} has not started`;
    try {
      const place = (await system.checkpoint(LIVE))?.position;
      if (place !== end) return `the read models stand at ${String(place)} of ${String(end)}`;
      const [rebuild] = await system.runningRebuilds();
      if (rebuild !== undefined) return `a rebuild is in phase ${rebuild.phase}`;
      for (const { name } of policies) {
        const position = await system.policy(name, this.#logId);
        if (position !== end) return `the policy ${name} stands at ${String(position)} of ${String(end)}`;
      }
      const generations = await system.generations();
      const parked = (await system.parking.all()).filter(({ projection, generation }) =>
        generations.some(
          (one) =>
            one.projection === projection &&
            one.generation === generation &&
            ['live', 'standby', 'paused'].includes(one.state),
        ),
      );
      for (const { projection, sequence } of parked) retry(this.#chaos, projection, sequence);
      if (parked.length > 0) return `${String(parked.length)} sequences are parked`;
    } catch {
      return 'there are no tables yet';
    }
    await this.#fold.add(this.log.log.slice(this.#folded));
    this.#folded = this.log.log.length;
    const now = this.machine.timeOf();
    const ranOut = this.#fold
      .rows('blocked_contacts')
      .find(({ ended_at: ended, expires_at: at }) => ended === null && typeof at === 'string' && at <= now);
    return ranOut === undefined ? null : `the block ${String(ranOut['block_id'])} ran out and was not ended`;
  }

  async #wrong(from: number, asked: readonly Insisted[]): Promise<readonly string[]> {
    const wishes = wishesOf(this.#auditor, this.#auditor.write, (tenant, staffId) =>
      Promise.resolve(
        this.#fold
          .rows('inbox')
          .filter((row) => row['tenant'] === tenant && row['assignee_id'] === staffId)
          .map((row) => row['conversation_id'] as string),
      ),
    );
    this.#auditor.runner.clear();
    return [
      ...(await wrongReadModels(this.rows.view, this.#fold)),
      ...notOnce(asked, this.#facts),
      ...shownThoughHidden(asked, this.#facts),
      ...saidInParts(this.#facts),
      ...(await owedSince(from, this.log, this.#codec, wishes)),
    ];
  }

  /** One asks, and the reference model is asked for the same: what both say, and what is so behind it, differs in nothing. */
  async #alike(focus: number): Promise<readonly string[]> {
    const before = await this.#witness.facts(TENANT);
    const own = before.length;
    const expected = observed(before);
    const asked = await this.#alone(() => this.#clients.ask(focus));
    await this.#calm();
    await this.#record(asked === null ? [] : [asked], own);
    if (asked === null) return [];
    const { operation, outcome } = asked;
    if (outcome === null) return [`${JSON.stringify(operation)} got no answer though all was calm`];
    const [now = operation.now, ...others] = timesOf(this.#facts.slice(own), asked);
    // What several tries stored has no one time at which the model could do it.
    if (others.length > 0) return [];
    // What it would have to remember of a merge it knows of those alone that it did itself.
    if (operation.wish.do === 'undoMerge') return [];
    const said = { outcome: perform(expected, { ...operation, now }), world: expected };
    const world = observed(this.#facts);
    // Of what ran out since both say that it is over.
    const differs = [...compareOutcomes({ outcome, world }, said), ...compare(world, expected, this.machine.timeOf())];
    return differs.length === 0 ? [] : [`${JSON.stringify(operation)} differs from the model`, ...differs];
  }
}
