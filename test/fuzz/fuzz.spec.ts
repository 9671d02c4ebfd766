import { beforeAll, describe, expect, it } from '@jest/globals';
import { operationsOf, type Document, type Operation } from './document.js';
import { faultsOf, faultsOfLog } from './properties.js';
import type { Asked } from './requests.js';
import { fuzz, type Outcome } from './run.js';
import type { Answer } from './world.js';

describe('whatever is asked', () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await fuzz({ seed: 7, requests: 2_000 });
    // Seconds as a rule; the patience is for a machine that does other work.
  }, 300_000);

  it('is answered as the document says, tells nobody of another tenant, and stores nothing when it is refused [B14]', () => {
    expect(outcome.findings).toEqual([]);
  });

  it('is every route, by those whom it lets in too', () => {
    const neverLetIn = [...outcome.answers]
      .filter(([, outcomes]) => [...outcomes.keys()].every((code) => ['unauthenticated', 'forbidden'].includes(code)))
      .map(([name]) => name);
    expect(neverLetIn).toEqual([]);
    expect(outcome.answers.size).toBeGreaterThan(50);
    const taken = [...outcome.answers.values()].filter((outcomes) => [...outcomes.keys()].some((code) => code < '4'));
    expect(taken.length).toBeGreaterThan(40);
  });
});

// Each of these would be found: a search that finds nothing has looked.
describe('an answer is a finding', () => {
  const text = { type: 'string' };
  const document: Document = {
    paths: {
      '/v1/toys': {
        post: {
          parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer', maximum: 9 } }],
          requestBody: { content: { 'application/json': { schema: { type: 'object', required: ['name'] } } } },
          responses: {
            '201': {
              content: {
                'application/json': { schema: { type: 'object', properties: { toyId: text }, required: ['toyId'] } },
              },
            },
          },
        },
      },
    },
    components: { schemas: {}, parameters: {} },
  };
  const [operation] = operationsOf(document) as [Operation];
  const ours = '0f9a3a51-5d5d-4c4b-8f57-8f3a0a5a1c11';
  const theirs = '0f9a3a51-5d5d-4c4b-8f57-8f3a0a5a1c12';
  const good = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-correlation-id': 'c',
  };
  const refusal = (more: object = {}): string =>
    JSON.stringify({
      type: 'urn:portaria:problem:busy',
      title: 'Too many writers at once, try again',
      status: 503,
      detail: 'later',
      code: 'busy',
      correlationId: 'c',
      ...more,
    });
  const faults = (answer: Partial<Answer>, asked: Partial<Asked> = {}): readonly string[] =>
    faultsOf(
      {
        operation,
        caller: 'agent',
        query: new Map(),
        value: { name: 'a' },
        sent: { method: 'POST', path: '/v1/toys', headers: {}, body: null },
        ...asked,
      },
      {
        status: 201,
        text: `{"toyId":"${ours}"}`,
        milliseconds: 1,
        ...answer,
        headers: { ...good, ...answer.headers },
      },
      { tenant: 'alfa', words: ['canary'], ownerOf: (id) => (id === theirs ? 'beta' : 'alfa') },
    );
  const asProblem = { 'content-type': 'application/problem+json; charset=utf-8' };

  it('unless nothing is wrong', () => {
    expect(faults({})).toEqual([]);
    expect(faults({ status: 503, text: refusal(), headers: asProblem })).toEqual([]);
    expect(faultsOfLog(['{"level":30}\n'], ['canary'])).toEqual([]);
  });

  it.each<[string, Partial<Answer>, Partial<Asked>?]>([
    ['an unknown status', { status: 200 }],
    ['another media type', { headers: { 'content-type': 'text/html' } }],
    ['a body cut short', { text: '{"toyId":' }],
    ['a field that is missing', { text: '{}' }],
    ['a field that nobody declared', { text: `{"toyId":"${ours}","secret":1}` }],
    ['an id of another tenant', { text: `{"toyId":"${theirs}"}` }],
    ['a text of another tenant', { text: '{"toyId":"qx-beta0-xq"}' }],
    ['a secret', { text: '{"toyId":"canary"}' }],
    ['a secret in a header', { headers: { server: 'canary' } }],
    ['that a cache may keep', { headers: { 'cache-control': 'public' } }],
    ['a body taken that the document refuses', {}, { value: {} }],
    ['a query taken that the document refuses', {}, { query: new Map([['limit', '10']]) }],
    ['a parameter taken that it does not know', {}, { query: new Map([['tenant', 'beta']]) }],
    ['a refusal that is no problem', { status: 400 }],
    ['a refusal with another status', { status: 409, text: refusal(), headers: asProblem }],
    ['a refusal of no known code', { status: 503, text: refusal({ code: 'none' }), headers: asProblem }],
    ['a stack', { status: 503, text: refusal({ detail: 'at x (/a/b.js:1:2)' }), headers: asProblem }],
    [
      'a bug',
      {
        status: 500,
        text: refusal({
          type: 'urn:portaria:problem:internal',
          title: 'Something went wrong here',
          status: 500,
          code: 'internal',
        }),
        headers: asProblem,
      },
    ],
  ])('with %s', (...[, answer, asked]) => {
    expect(faults(answer, asked)).toHaveLength(1);
  });

  it.each(['{"level":30', '{"text":"qx-alfa0-xq"}', '{"key":"canary"}'])('and so is a line of the log: %s', (line) => {
    expect(faultsOfLog([line], ['canary'])).toHaveLength(1);
  });
});
