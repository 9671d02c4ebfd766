// What holds of every answer, whatever was asked.
import { isProblemCode, PROBLEMS } from '#platform/problem-codes';
import type { Check } from './document.js';
import type { Asked } from './requests.js';
import type { Answer } from './world.js';

/** What an answer may not say. */
export type Secrets = {
  /** Whose an id is. */
  readonly ownerOf: (id: string) => string | undefined;
  readonly tenant: string;
  readonly words: readonly string[];
};

const UUIDS = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const MARKS = /qx-([a-z0-9]+)-xq/g;
/** A bug of the server, or a store that this world has not lost. */
const NEVER: readonly string[] = ['internal', 'store-unavailable', 'code-too-old'];

/** The sentences on what is wrong with an answer; none if all is well. */
export const faultsOf = (asked: Asked, answer: Answer, secrets: Secrets): readonly string[] => [
  ...(answer.status >= 400 ? faultsOfRefusal(asked, answer) : faultsOfSuccess(asked, answer)),
  ...faultsOfHeaders(answer),
  ...leaks(asked, answer, secrets),
];

const faultsOfRefusal = ({ sent, operation }: Asked, { status, headers, text }: Answer): readonly string[] => {
  if (sent.method === 'HEAD') return [];
  if (headers['content-type'] !== 'application/problem+json; charset=utf-8') {
    return [`${status} as ${String(headers['content-type'])}`];
  }
  const problem = parsed(text) as Record<string, unknown> | undefined;
  const code = String(problem?.['code']);
  const [declared, title] = isProblemCode(code) ? PROBLEMS[code] : [];
  if (problem === undefined || declared !== status || problem['status'] !== status || problem['title'] !== title) {
    return [`${status} with code ${code}, which is not one of it`];
  }
  if (problem['type'] !== `urn:portaria:problem:${code}` || typeof problem['detail'] !== 'string')
    return ['a problem without its fields'];
  if (problem['correlationId'] !== headers['x-correlation-id']) return ['a problem with another correlation id'];
  if (/\bat .*\.[jt]s:\d+/.test(text)) return ['a stack in a problem'];
  return NEVER.includes(code) && !operation.path.startsWith('/health') ? [`${status} ${code}`] : [];
};

const faultsOfSuccess = (asked: Asked, { status, headers, text }: Answer): readonly string[] => {
  const { operation, sent } = asked;
  if (sent.method !== operation.method)
    return sent.method === 'HEAD' ? [] : [`${status} to ${sent.method}, which is not declared`];
  const declared = operation.answers.get(status);
  if (declared === undefined) return [`${status}, which is not declared`];
  const type = headers['content-type']?.split(';')[0] ?? 'none';
  const check = declared.get(type);
  if (check === undefined) return [`${type} where ${[...declared.keys()].join(' or ')} is declared`];
  return [...faultsOfBody(type, check, text), ...accepted(asked)];
};

const faultsOfBody = (type: string, check: Check, text: string): readonly string[] => {
  if (type === 'application/x-ndjson') {
    return text.split('\n').every((line) => line === '' || parsed(line) !== undefined)
      ? []
      : ['a line that is no JSON'];
  }
  if (type !== 'application/json') return [];
  const body = parsed(text);
  if (body === undefined) return ['a body that is no JSON'];
  const fault = check(body);
  return fault === null ? [] : [`an answer other than declared: ${fault}`];
};

/** What the document says is wrong was taken: either the document or the check is. */
const accepted = ({ operation, value, query }: Asked): readonly string[] => {
  const faults = [...query].flatMap(([name, text]) => {
    const check = operation.query.get(name);
    // Commands do not look at their query; a prototype is no parameter.
    if (check === undefined)
      return operation.query.size === 0 || name === '__proto__' ? [] : [`took the unknown parameter ${name}`];
    const wrong = [text, parsed(text)].every((reading) => reading === undefined || check(reading) !== null);
    return wrong ? [`took ${name} that the document refuses`] : [];
  });
  const fault = value === undefined ? null : (operation.body?.check(value) ?? null);
  return fault === null ? faults : [...faults, `took a body that the document refuses: ${fault}`];
};

const faultsOfHeaders = ({ headers }: Answer): readonly string[] => [
  ...(headers['x-correlation-id'] === undefined ? ['no correlation id'] : []),
  ...(headers['cache-control'] === 'no-store' ? [] : ['may be kept by a cache']),
  ...(headers['x-content-type-options'] === 'nosniff' ? [] : ['no nosniff']),
  ...(headers['access-control-allow-origin'] === undefined ? [] : ['opened to other origins']),
];

const leaks = ({ sent }: Asked, { text, headers }: Answer, { ownerOf, tenant, words }: Secrets): readonly string[] => {
  const said = `${text} ${JSON.stringify(headers)}`;
  const asked = `${decoded(sent.path)} ${sent.body?.toString() ?? ''} ${JSON.stringify(sent.headers)}`.toLowerCase();
  const marks = [...said.matchAll(MARKS)].filter(([mark, owner]) => owner !== tenant && !asked.includes(mark));
  const ids = (said.match(UUIDS) ?? []).filter((id) => {
    const owner = ownerOf(id);
    return owner !== undefined && owner !== tenant && !asked.includes(id);
  });
  return [
    ...(marks.length > 0 ? ['a text of another tenant'] : []),
    ...(ids.length > 0 ? [`an id of another tenant, ${ids.join(' ')}`] : []),
    ...(words.some((word) => said.includes(word)) ? ['a secret'] : []),
  ];
};

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** What is wrong with lines of the log: one line is one JSON object without a secret and without a word of anybody. */
export const faultsOfLog = (lines: readonly string[], words: readonly string[]): readonly string[] =>
  lines.flatMap((line) => {
    if (parsed(line) === undefined || line.trimEnd().includes('\n'))
      return [`logged what is no line of JSON: ${line.slice(0, 200)}`];
    if (line.search(MARKS) !== -1) return [`logged what a person wrote: ${line.slice(0, 400)}`];
    if (words.some((word) => line.includes(word))) return [`logged a secret: ${line.slice(0, 200)}`];
    return [];
  });
