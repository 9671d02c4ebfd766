// Values of a schema: right ones, and those that are wrong in one place or in all.
import fc from 'fast-check';
import { phoneOf } from '../traffic/phones.js';
import type { Random } from '../traffic/random.js';
import { resolved, type Document, type Schema } from './document.js';
import type { Pool } from './pool.js';

/** Whose values: what a tenant's own people write carries its mark, so that it is known wherever it turns up. */
export type Author = {
  readonly tenant: string;
  /** A word that only this tenant's people write. */
  readonly mark: string;
  readonly own: Pool;
  readonly foreign: Pool;
  /** Ids that the request names so far, and those that belong to them. */
  readonly about: Map<string, string>;
};

/** Something that no schema of ours takes as it is, or only just. */
export const oddities = (seed: number): { readonly texts: readonly string[]; readonly values: readonly unknown[] } => ({
  texts: [
    ...[
      '',
      ' ',
      '\u0000',
      '\ud800',
      '\u202e',
      '__proto__',
      'constructor',
      'null',
      '-1',
      '1e309',
      '%',
      '%00',
      '..',
      '../..',
    ],
    ...['\r\nx: y', "' OR 1=1 --", '"; DROP TABLE x', '${7*7}', '<script>', '\\', '%s%n', '👩‍👩‍👧', 'İı', 'ﬀ', '*', '+'],
    ...[
      'a'.repeat(201),
      'ä'.repeat(2_001),
      '😀'.repeat(320),
      '0'.repeat(400),
      '2026-02-30T00:00:00Z',
      '9999-12-31T23:59:59Z',
    ],
    ...['0000-01-01T00:00:00Z', '2026-03-10T10:00:00+23:59', '00000000-0000-0000-0000-000000000000'],
    ...fc.sample(fc.string({ unit: 'binary', maxLength: 40 }), { seed, numRuns: 60 }),
  ],
  values: [
    ...[null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 53, -0, '', [], {}, [[]], [null], { a: {} }],
    ...fc.sample(fc.jsonValue({ maxDepth: 4 }), { seed, numRuns: 100 }),
  ],
});

export class Values {
  readonly #odd: ReturnType<typeof oddities>;
  readonly #matching = new Map<string, readonly string[]>();

  constructor(
    private readonly document: Document,
    private readonly seed: number,
  ) {
    this.#odd = oddities(seed);
  }

  oddText(random: Random): string {
    return random.pick(this.#odd.texts);
  }

  oddValue(random: Random): unknown {
    return random.chance(0.5) ? this.oddText(random) : random.pick(this.#odd.values);
  }

  /** A value that the schema takes; `name` is the field's, and says what it is about. */
  right(schema: Schema, name: string, author: Author, random: Random): unknown {
    const { type, ...rest } = resolved(this.document, schema);
    const alternatives = rest.oneOf ?? rest.anyOf;
    if (alternatives !== undefined) return this.right(random.pick(alternatives), name, author, random);
    if (rest.enum !== undefined) return chosen(rest.enum, name, author, random);
    const types: readonly string[] = typeof type === 'string' ? [type] : (type ?? ['object']);
    switch (random.pick(types)) {
      case 'string':
        return this.text(rest, name, author, random);
      case 'integer':
      case 'number':
        return number(rest, random);
      case 'boolean':
        return name === 'confirm' ? true : random.chance(0.5);
      case 'array':
        return Array.from({ length: length(rest, random) }, () => this.right(rest.items ?? {}, name, author, random));
      case 'object':
        return this.object(rest, author, random);
      default:
        return null;
    }
  }

  /** A right value with one place made wrong: a field left out, added, or of another kind. */
  nearlyRight(schema: Schema, name: string, author: Author, random: Random): unknown {
    const value = this.right(schema, name, author, random);
    return this.spoilt(value, random);
  }

  private spoilt(value: unknown, random: Random): unknown {
    if (Array.isArray(value) && value.length > 0 && random.chance(0.8)) {
      return value.with(random.below(value.length), this.spoilt(value[0], random));
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.oddValue(random);
    const fields = Object.entries(value);
    const chosen = fields.length === 0 ? 1 : random.next();
    const at = random.below(Math.max(1, fields.length));
    const [key = '', field] = fields[at] ?? [];
    if (chosen < 0.2) return Object.fromEntries(fields.toSpliced(at, 1));
    if (chosen < 0.85) return Object.fromEntries(fields.with(at, [key, this.spoilt(field, random)]));
    // Not by a literal: that would set the prototype.
    return JSON.parse(
      JSON.stringify({ ...value, '\uFFFE': this.oddValue(random) }).replace(
        '\uFFFE',
        random.pick(['unknown', '__proto__', 'constructor', 'prototype', 'toString', '$enc', 'role', 'tenant']),
      ),
    );
  }

  private object(schema: Schema, author: Author, random: Random): unknown {
    const required = new Set(schema.required);
    const share = random.pick([0, 0.5, 1]);
    return Object.fromEntries(
      Object.entries(schema.properties ?? {})
        .filter(([key]) => required.has(key) || key === 'confirm' || random.chance(share))
        .map(([key, field]) => [key, this.right(field, key, author, random)]),
    );
  }

  private text(schema: Schema, name: string, author: Author, random: Random): string {
    const known = this.known(name, author, random);
    if (schema.format === 'uuid' || name.endsWith('Id')) return known ?? uuid(random);
    if (schema.format === 'date-time') return time(random);
    if (schema.pattern !== undefined) {
      return known !== undefined && random.chance(0.5) ? known : random.pick(this.matching(schema.pattern));
    }
    switch (name) {
      case 'value':
        return (random.chance(0.15) ? author.own.pick('allowed') : undefined) ?? address(author, random);
      case 'after':
      case 'cursor':
        return known ?? '';
      case 'code':
      case 'tag':
      case 'key':
        if (known !== undefined && random.chance(0.7)) return known;
    }
    return cut(`${author.mark} ${random.chance(0.2) ? this.oddText(random) : ''}`, schema, random);
  }

  /** Something that an answer named: the tenant's own as a rule, at times that of the other. */
  private known(name: string, { own, foreign, about }: Author, random: Random): string | undefined {
    const related = about.get(name);
    if (related !== undefined && random.chance(0.8)) return related;
    const pool = random.chance(0.9) ? own : foreign;
    const from = {
      after: 'token',
      cursor: 'nextCursor',
      absorbedId: 'contactId',
      expectedAssigneeId: 'staffId',
      assigneeId: 'staffId',
      responsibleId: 'staffId',
    }[name];
    const found = pool.pick(from ?? name);
    if (found !== undefined) for (const [field, id] of pool.beside(found)) about.set(field, id);
    return found;
  }

  private matching(pattern: string): readonly string[] {
    const known = this.#matching.get(pattern);
    if (known !== undefined) return known;
    const made = fc.sample(fc.stringMatching(new RegExp(pattern)), { seed: this.seed, numRuns: 20 });
    this.#matching.set(pattern, made);
    return made;
  }
}

export const uuid = (random: Random): string => {
  const hex = Array.from({ length: 32 }, () => random.below(16).toString(16)).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
};

/** An address is of a kind that its channel takes. */
const chosen = (values: readonly unknown[], name: string, { about }: Author, random: Random): unknown => {
  const channel = about.get('channel');
  const value = name === 'kind' && values.includes(channel) && random.chance(0.8) ? channel : random.pick(values);
  if (name === 'channel' || name === 'kind') about.set(name, String(value));
  return value;
};

const YEAR_MS = 365 * 24 * 3_600_000;
const time = (random: Random): string =>
  new Date(Date.now() + Math.round((random.next() - 0.6) * YEAR_MS)).toISOString();

/** Few, so that people write again and are found twice; those of two tenants differ. */
const address = ({ tenant, mark, about }: Author, random: Random): string => {
  const number = random.below(12);
  const country = tenant.startsWith('alfa') ? 'BR' : 'PT';
  return about.get('kind') !== 'email' ? phoneOf(country, number) : `${mark}${String(number)}@example.org`;
};

const number = ({ minimum = -5, maximum = 1_000 }: Schema, random: Random): number =>
  random.pick([minimum, maximum, Math.min(maximum, minimum + 1), Math.min(maximum, minimum + random.below(60))]);

const length = ({ minItems = 0, maxItems = 3 }: Schema, random: Random): number =>
  Math.min(maxItems, random.chance(0.02) ? 300 : minItems + random.below(3));

const cut = (text: string, { maxLength = 1_000 }: Schema, random: Random): string => {
  const padded = random.chance(0.03) ? text.padEnd(maxLength, 'x') : text;
  return padded.isWellFormed() && !padded.includes('\0')
    ? Array.from(padded).slice(0, maxLength).join('')
    : text.slice(0, 20).trim();
};
