import type { Random } from '../traffic/random.js';

const MOST = 60;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Ids that are nobody's secret: chosen by callers, or of the installation. */
const SHARED: ReadonlySet<string> = new Set(['correlationId', 'rebuildId', 'commandId']);

/**
 * What the answers to one tenant named, by field (`contactId`, `nextCursor`) and by collection and field (`projections.name`):
 * of this the paths and bodies of later requests are made, so that they are about something.
 */
export class Pool {
  readonly #values = new Map<string, string[]>();
  /** By an id, the ids that stood beside it: a message is asked about with its conversation. */
  readonly #beside = new Map<string, Map<string, string>>();

  constructor(private readonly random: Random) {}

  /** One of those that are known by a name. */
  pick(name: string): string | undefined {
    const known = this.#values.get(name);
    return known === undefined ? undefined : this.random.pick(known);
  }

  /** The ids that stood beside an id, by their field. */
  beside(id: string): ReadonlyMap<string, string> {
    return this.#beside.get(id) ?? new Map();
  }

  /** Remembers every short text of an answer to a request about `ids`; gives back the ids that belong to the tenant. */
  harvest(collection: string, answer: unknown, ids: Readonly<Record<string, string>> = {}): readonly string[] {
    const owned: string[] = [];
    const join = (object: object): void => {
      const found = Object.entries({ ...ids, ...object }).filter(
        ([key, id]) => key.endsWith('Id') && typeof id === 'string',
      );
      for (const [, id] of found) {
        const known = this.#beside.get(id) ?? new Map<string, string>();
        for (const [key, other] of found) known.set(key, other);
        this.#beside.set(id, known);
      }
    };
    const walk = (name: string, value: unknown): void => {
      if (typeof value === 'string' && value !== '' && value.length <= 2_000) {
        this.keep(name, value);
        this.keep(`${collection}.${name}`, value);
        if (/Ids?$/.test(name) && !SHARED.has(name) && !isOfStaff(name) && UUID.test(value)) owned.push(value);
      } else if (Array.isArray(value)) {
        for (const entry of value) walk(name.replace(/Ids$/, 'Id'), entry);
      } else if (typeof value === 'object' && value !== null) {
        join(value);
        for (const [key, field] of Object.entries(value)) walk(key, field);
      }
    };
    walk('', answer);
    return owned;
  }

  keep(name: string, value: string): void {
    const known = this.#values.get(name) ?? [];
    if (known.includes(value)) return;
    if (known.length < MOST) known.push(value);
    else known[this.random.below(MOST)] = value;
    this.#values.set(name, known);
  }
}

/** Whoever invites may choose the id of a staff member, also one that another tenant has. */
const isOfStaff = (name: string): boolean => /^(staff|assignee|author|responsible)Ids?$/i.test(name);
