// One request to one operation: right, nearly right or broken, by whoever it may be.
import type { Random } from '../traffic/random.js';
import type { Document, Operation, Parameter } from './document.js';
import { uuid, type Author, type Values } from './values.js';
import { CALLERS, STAFF, type Sent } from './world.js';

export type Asked = {
  readonly operation: Operation;
  readonly caller: string;
  readonly sent: Sent;
  /** What stands in the query, as text by name. */
  readonly query: ReadonlyMap<string, string>;
  /** The body as a value, where it is one. */
  readonly value: unknown;
};

type Made = {
  readonly operation: Operation;
  readonly document: Document;
  readonly author: Author;
  readonly caller: string;
  readonly token: string | null;
  readonly values: Values;
  readonly random: Random;
};

/** Who asks: as a rule somebody who was let in before, since who is not is soon told so. */
export const callerOf = (able: readonly string[], random: Random): string =>
  able.length > 0 && random.chance(0.7) ? random.pick(able) : random.pick(CALLERS);

/** All that is chosen is chosen by `random`: the same seed asks the same. */
export const askedOf = (made: Made): Asked => {
  const { operation, caller, random } = made;
  const query = queryOf(made);
  const written = bodyOf(made);
  const search = [...query].map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&');
  const path = pathOf(made);
  const other = random.chance(0.01) ? random.pick(['PUT', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE']) : operation.method;
  // What another operation of the path does is its own affair.
  const method = other.toLowerCase() in (made.document.paths[operation.path] ?? {}) ? operation.method : other;
  return {
    operation,
    caller,
    query,
    value: written.value,
    sent: {
      method,
      path:
        search === ''
          ? path
          : `${path}?${search}${random.chance(0.01) ? random.pick(['&%', '&a&a', '&=', '&limit=1&limit=2']) : ''}`,
      headers: headersOf(made, written),
      body: written.body,
    },
  };
};

const pathOf = ({ operation, author, values, random }: Made): string =>
  operation.path.replace(/\{(\w+)\}/g, (_whole, name: string, at: number) => {
    const parts = operation.path
      .slice(0, at)
      .split('/')
      .filter((part) => part !== '' && !part.startsWith('{'));
    const collection = parts.at(-1) ?? '';
    const field = name === 'id' ? `${SINGULAR[collection] ?? collection.replace(/s$/, '')}Id` : name;
    const pool = random.chance(0.9) ? author.own : author.foreign;
    const known = pool.pick(`${collection}.${field}`) ?? pool.pick(field);
    if (known !== undefined && random.chance(spares(operation, known) ? 0.94 : 0.02)) {
      author.about.set(field, known);
      for (const [beside, id] of pool.beside(known)) author.about.set(beside, id);
      return encodeURIComponent(known);
    }
    return random.chance(0.5) ? uuid(random) : odd(values.oddText(random));
  });

/** Whoever asks should stay who they are, else nobody may do anything soon. */
const spares = ({ method, path }: Operation, id: string): boolean =>
  method === 'GET' || !path.startsWith('/v1/staff/') || !(id in STAFF);

const SINGULAR: Readonly<Record<string, string>> = { staff: 'staff' };

/** A segment of a path; an empty one would be another path. */
const odd = (text: string): string => encodeURIComponent(text.toWellFormed()) || '%20';

const queryOf = ({ operation, author, values, random }: Made): ReadonlyMap<string, string> => {
  const chosen = operation.parameters.filter(
    (parameter) => parameter.in === 'query' && (parameter.required === true || random.chance(0.25)),
  );
  const query = new Map(chosen.map((parameter) => [parameter.name, valueOf(parameter, author, values, random)]));
  if (random.chance(0.01))
    query.set(random.pick(['unknown', '__proto__', 'tenant', 'limit[]']), values.oddText(random));
  return query;
};

const valueOf = ({ name, schema }: Parameter, author: Author, values: Values, random: Random): string => {
  if (random.chance(0.08)) return values.oddText(random);
  // Whoever asks for the future is answered when the time is over.
  if (name === 'wait') return String(random.pick([0, 0, 20, 50]));
  return String(values.right(schema, name, author, random));
};

type Written = { readonly type: string | null; readonly body: string | Buffer | null; readonly value?: unknown };

const bodyOf = (made: Made): Written => {
  const { operation, author, values, random } = made;
  if (operation.body === null)
    return random.chance(0.02) ? { type: 'application/json', body: '{}' } : { type: null, body: null };
  const { type, schema } = operation.body;
  const chosen = random.next();
  if (chosen < 0.04) return { type, body: random.pick(BROKEN) };
  if (chosen < 0.06) return { type: random.pick(OTHER_TYPES), body: '{}' };
  const value = (): unknown =>
    chosen < 0.3 ? values.nearlyRight(schema, 'body', author, random) : values.right(schema, 'body', author, random);
  if (type !== 'application/x-ndjson') {
    const made_ = value();
    return { type, body: JSON.stringify(made_), value: made_ };
  }
  const line = lineOf(made);
  const lines = Array.from({ length: random.below(4) }, () =>
    line === null || random.chance(0.2)
      ? values.oddText(random)
      : JSON.stringify(values.right(line, 'body', author, random)),
  );
  return { type, body: lines.join('\n') };
};

/** The lines of a batch are bodies of the route above it. */
const lineOf = ({ operation, document }: Made) => {
  const above = document.paths[operation.path.replace(/\/[^/]+$/, '')]?.['post'];
  return above?.requestBody?.content['application/json']?.schema ?? null;
};

const BROKEN: readonly (string | Buffer)[] = [
  ...[
    '',
    '{',
    '[',
    '"',
    'null',
    '{}',
    '[]',
    '{"a":1,"a":2}',
    '{"a":}',
    '\uFEFF{}',
    '{"a":"\\u0000"}',
    '{"a":"\\ud800"}',
    '{"a":1e999}',
  ],
  Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
  Buffer.from([0x1f, 0x8b, 0x08, 0x00]),
  '['.repeat(40) + ']'.repeat(40),
  '{"a":'.repeat(2_000),
  JSON.stringify(Array(10_001).fill(0)),
  `{"__proto__":{"confirm":true}}`,
];
const OTHER_TYPES = [
  'text/plain',
  'application/xml',
  'multipart/form-data',
  'application/json; charset=latin1',
  'x',
  'application/x-ndjson',
  '',
];

const headersOf = ({ author, token, values, random }: Made, written: Written): Record<string, string> => {
  const headers: Record<string, string> = {};
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  if (written.type !== null) headers['content-type'] = written.type;
  // Node's client leaves it out where a method has no body as a rule: the bytes would be the next request.
  if (written.body !== null) headers['content-length'] = String(Buffer.byteLength(written.body));
  if (random.chance(0.3)) headers['idempotency-key'] = keyOf(author, random);
  if (random.chance(0.03)) headers['if-match'] = random.pick(['"0"', '"1"', '"3"', '"999999"', '*', 'W/"1"', '1']);
  if (random.chance(0.02))
    headers['traceparent'] = random.pick([
      '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      '00',
      'x'.repeat(300),
    ]);
  if (random.chance(0.03)) headers[random.pick(ODD_HEADERS)] = printable(values.oddText(random));
  return headers;
};

const ODD_HEADERS = [
  'x-correlation-id',
  'accept',
  'content-encoding',
  'idempotency-key',
  'if-match',
  'last-event-id',
  'user-agent',
  'x-forwarded-for',
  'x-http-method-override',
  'origin',
  'range',
  'if-none-match',
  'accept-encoding',
  'cookie',
];

/** A command said again, with the same body or another. */
const keyOf = ({ own }: Author, random: Random): string => {
  const key = (random.chance(0.3) ? own.pick('key of a command') : undefined) ?? uuid(random);
  own.keep('key of a command', key);
  return key;
};

/** Node's client sends no other bytes in a header. */
const printable = (text: string): string => text.replace(/[^\t\x20-\x7e]/g, '~').slice(0, 2_000);
