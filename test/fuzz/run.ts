import { randomUUID } from 'node:crypto';
import type { Position } from '#kernel';
import { randomOf, type Random } from '../traffic/random.js';
import { operationsOf, type Operation } from './document.js';
import { Pool } from './pool.js';
import { faultsOf, faultsOfLog } from './properties.js';
import { askedOf, callerOf, type Asked } from './requests.js';
import { Values, type Author } from './values.js';
import { openWorld, STAFF, type Answer, type World } from './world.js';

/** Requests of one round: each has tenants of its own, so that any can be played again alone. */
export const ROUND = 4_000;

export type Options = {
  readonly seed: number;
  readonly requests: number;
  /** The first request, a multiple of a round. */
  readonly from?: number;
  /** `POST:/v1/contacts`: nothing else is asked, beyond what makes something to ask about. */
  readonly only?: string | null;
  readonly progress?: (done: number) => void;
};
export type Finding = {
  readonly operation: string;
  readonly fault: string;
  /** The number of the request, counted from the run's first round. */
  readonly at: number;
  /** The request and the beginning of its answer. */
  readonly example: string;
  readonly times: number;
};
export type Outcome = {
  readonly findings: readonly Finding[];
  /** By operation how often it was answered with which status or code. */
  readonly answers: ReadonlyMap<string, ReadonlyMap<string, number>>;
};

/** Opens the application and asks it whatever its document allows, and what it does not. */
export const fuzz = async (options: Options): Promise<Outcome> => {
  const world = await openWorld();
  try {
    const run = new Run(world, options);
    await run.all();
    return run.outcome();
  } finally {
    await world.close();
  }
};

const SHUT_OUT: readonly string[] = ['unauthenticated', 'forbidden', 'staff-inactive'];

/** A success by its status, a refusal by its code. */
const outcomeOf = ({ status, text }: Answer): string =>
  status < 400 ? String(status) : (/"code":"([a-z-]+)"/.exec(text)?.[1] ?? String(status));

/** The one fact that a refusal is: why something was not sent [K1]. */
const REFUSAL = 'SendRefused';

type Tenant = { readonly name: string; readonly mark: string; readonly pool: Pool };

class Run {
  readonly #operations: readonly Operation[];
  readonly #values: Values;
  readonly #findings = new Map<string, Finding>();
  readonly #answers = new Map<string, Map<string, number>>();
  readonly #owners = new Map<string, string>();
  /** Refused requests by their correlation id: no fact may have one. */
  readonly #refused = new Map<string, { readonly asked: Asked; readonly answer: Answer; readonly at: number }>();
  /** Whom the role of an operation let in, in this round. */
  readonly #able = new Map<string, Set<string>>();
  #seen: Position | null = null;

  constructor(
    private readonly world: World,
    private readonly options: Options,
  ) {
    const { only = null } = options;
    this.#operations = operationsOf(world.document).filter(({ name }) => only === null || name === only);
    if (this.#operations.length === 0) throw new Error(`the document has no operation ${String(only)}`);
    this.#values = new Values(world.document, options.seed);
  }

  async all(): Promise<void> {
    const { from = 0, requests, progress } = this.options;
    for (let begin = from; begin < from + requests; begin += ROUND) {
      await this.round(begin, Math.min(begin + ROUND, from + requests));
      progress?.(begin - from + ROUND);
    }
  }

  outcome(): Outcome {
    return { findings: [...this.#findings.values()], answers: this.#answers };
  }

  private async round(begin: number, end: number): Promise<void> {
    const random = randomOf(`${this.options.seed}/${begin}`);
    const tenants = ['alfa', 'beta'].map((letter): Tenant => {
      const name = `${letter}${begin}`;
      return { name, mark: `qx-${name}-xq`, pool: new Pool(random.fork(name)) };
    });
    for (const tenant of tenants) await this.people(tenant);
    for (let at = begin; at < end; at++) {
      const [tenant, other] = random.chance(0.5) ? tenants : tenants.toReversed();
      if (tenant === undefined || other === undefined) return;
      await this.one(at, tenant, other, random.fork(String(at)));
      if (at % 100 === 99) await this.lookBehind(at);
    }
    await this.lookBehind(end - 1);
    this.#owners.clear();
    this.#able.clear();
  }

  /** The staff of a tenant, and somebody who wrote to it. */
  private async people({ name, mark, pool }: Tenant): Promise<void> {
    const does = async (caller: string, path: string, body: unknown): Promise<unknown> => {
      const token = await this.world.tokenOf(caller, name);
      const headers = { authorization: `Bearer ${String(token)}`, 'content-type': 'application/json' };
      const answer = await this.world.send({ method: 'POST', path, headers, body: JSON.stringify(body) });
      if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
      const collection = path.split('/')[2] ?? '';
      for (const id of pool.harvest(collection, JSON.parse(answer.text))) this.#owners.set(id, name);
      return JSON.parse(answer.text);
    };
    for (const [staffId, member] of Object.entries(STAFF)) {
      await does('founder', '/v1/staff', { staffId, ...member, name: `${mark} ${staffId}` });
    }
    await does('founder', '/v1/staff/gone/deactivate', {});
    for (const value of name.startsWith('alfa')
      ? ['+5511900000000', '+5521900000001']
      : ['+351910000000', '+351910000001']) {
      const from = { kind: 'whatsapp', value, displayName: mark };
      const body = { channel: 'whatsapp', from, providerMessageId: randomUUID(), content: { text: mark } };
      const { conversationId } = (await does('integration', '/v1/messages/inbound', body)) as {
        conversationId: string;
      };
      await does('agent', `/v1/conversations/${conversationId}/messages`, { content: { text: mark } });
    }
  }

  private async one(at: number, tenant: Tenant, other: Tenant, random: Random): Promise<void> {
    const operation = random.pick(this.#operations);
    const able = this.#able.get(operation.name) ?? new Set();
    const caller = callerOf([...able], random);
    const author: Author = {
      tenant: tenant.name,
      mark: tenant.mark,
      own: tenant.pool,
      foreign: other.pool,
      about: new Map(),
    };
    const { document } = this.world;
    const token = await this.world.tokenOf(caller, tenant.name);
    const asked = askedOf({ operation, document, author, caller, token, values: this.#values, random });
    let answer: Answer;
    try {
      answer = await this.world.send(asked.sent);
    } catch (error) {
      this.found(at, asked, null, `no answer: ${String(error)}`);
      return;
    }
    const outcome = outcomeOf(answer);
    this.count(operation, outcome);
    if (!SHUT_OUT.includes(outcome)) this.#able.set(operation.name, able.add(caller));
    const secrets = { tenant: tenant.name, words: this.world.secrets, ownerOf: (id: string) => this.#owners.get(id) };
    for (const fault of faultsOf(asked, answer, secrets)) this.found(at, asked, answer, fault);
    if (asked.sent.method !== operation.method) return;
    if (answer.status >= 400) {
      this.#refused.set(String(answer.headers['x-correlation-id']), { asked, answer, at });
    } else {
      this.remember(tenant, asked, answer, author.about);
    }
  }

  private count({ name }: Operation, outcome: string): void {
    const answers = this.#answers.get(name) ?? new Map<string, number>();
    answers.set(outcome, (answers.get(outcome) ?? 0) + 1);
    this.#answers.set(name, answers);
  }

  private remember(
    { name, pool }: Tenant,
    { operation, sent }: Asked,
    { headers, text }: Answer,
    about: ReadonlyMap<string, string>,
  ): void {
    const token = headers['consistency-token'];
    if (typeof token === 'string') pool.keep('token', token);
    if (headers['content-type']?.startsWith('application/json') !== true || text.length > 200_000) return;
    const collection = operation.path.split('/').findLast((part) => part !== '' && !part.startsWith('{')) ?? '';
    const said = `${sent.path} ${sent.body?.toString() ?? ''}`.toLowerCase();
    // What the request said, and what somebody else has already, is no id that was made for this tenant.
    for (const id of pool.harvest(collection, JSON.parse(text), Object.fromEntries(about)))
      if (!this.#owners.has(id) && !said.includes(id)) this.#owners.set(id, name);
  }

  /** No fact came of what was refused, and nothing was logged that a log may not hold. */
  private async lookBehind(at: number): Promise<void> {
    const facts = await this.world.facts(this.#seen);
    for (const { type, metadata } of facts) {
      const refused = this.#refused.get(metadata.$correlationId);
      if (refused !== undefined && type !== REFUSAL)
        this.found(refused.at, refused.asked, refused.answer, `refused, and ${type} was stored`);
    }
    this.#seen = facts.at(-1)?.position ?? this.#seen;
    // A policy may say what it has to say a moment later: the refusals of this moment are kept for one more.
    for (const [id, { at: when }] of this.#refused) if (when < at - 200) this.#refused.delete(id);
    for (const fault of faultsOfLog(this.world.takeLog(), this.world.secrets)) this.report(at, 'log', fault, '');
  }

  private found(at: number, { sent, operation, caller }: Asked, answer: Answer | null, fault: string): void {
    const body = sent.body === null ? '' : ` ${sent.body.toString().slice(0, 600)}`;
    const { authorization: _, ...headers } = sent.headers;
    const said = answer === null ? '' : `\n    → ${answer.status} ${answer.text.slice(0, 600)}`;
    const bug = this.world
      .takeLog()
      .filter((line) => line.includes('"a bug"'))
      .at(-1);
    const example = `${caller}: ${sent.method} ${sent.path} ${JSON.stringify(headers)}${body}${said}${bug === undefined ? '' : `\n    ${bug}`}`;
    this.report(at, operation.name, fault, example);
  }

  private report(at: number, operation: string, fault: string, example: string): void {
    const name = `${operation} ${fault.replace(/\d+/g, '#').slice(0, 100)}`;
    const known = this.#findings.get(name);
    this.#findings.set(
      name,
      known === undefined ? { operation, fault, at, example, times: 1 } : { ...known, times: known.times + 1 },
    );
  }
}
