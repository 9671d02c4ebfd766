import { describe, expect, it } from '@jest/globals';
import { answerOf, connect, Refused, Unreachable } from '#client';

const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  Response.json(
    { type: 'about:blank', title: code, status, code, detail: `because of ${code}`, correlationId: 'c' },
    { status, headers: { 'content-type': 'application/problem+json', ...headers } },
  );

/** Answers in turn, the last one for ever; what was asked stands in `asked`. */
const server = (...answers: readonly (() => Response)[]) => {
  const asked: Request[] = [];
  const fetch = (request: Request): Promise<Response> => {
    asked.push(request);
    const answer = answers[Math.min(asked.length, answers.length) - 1]?.() ?? Response.error();
    Object.defineProperty(answer, 'url', { value: request.url });
    return Promise.resolve(answer);
  };
  return { asked, fetch };
};
const wrong = (error: unknown): unknown => error;
const url = 'http://portaria.example';
const rebuild = { params: { path: { name: 'inbox' } }, body: {} };

describe('the client', () => {
  it('gives the body, and the headers that the next call needs', async () => {
    const { asked, fetch } = server(() =>
      Response.json({ count: 3 }, { headers: { 'consistency-token': 'seen', etag: '"7"' } }),
    );
    const client = connect({ url, token: () => Promise.resolve('jwt'), fetch });
    expect(await answerOf(client.GET('/v1/blocked-contacts/count'))).toEqual({
      body: { count: 3 },
      status: 200,
      token: 'seen',
      etag: '"7"',
    });
    expect(asked[0]?.headers.get('authorization')).toBe('Bearer jwt');
    expect(asked[0]?.headers.get('idempotency-key')).toBeNull();
  });

  it('throws what the server refused', async () => {
    const client = connect({ url, fetch: server(() => problem(404, 'not-found')).fetch });
    const refused = await answerOf(client.POST('/v1/ops/projections/{name}/rebuild', rebuild)).catch(wrong);
    expect(refused).toBeInstanceOf(Refused);
    expect(refused).toMatchObject({
      status: 404,
      code: 'not-found',
      message: '/v1/ops/projections/inbox/rebuild was answered with 404 not-found: because of not-found',
    });
  });

  it('throws also where something in between refused, which knows no problems', async () => {
    const client = connect({ url, fetch: server(() => new Response('<h1>Bad gateway</h1>', { status: 502 })).fetch });
    expect(await answerOf(client.GET('/health/live')).catch(wrong)).toMatchObject({ status: 502, code: null });
  });

  it('says why nobody answered', async () => {
    const fetch = () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } }));
    const gone = await answerOf(connect({ url, fetch }).GET('/health/live')).catch(wrong);
    expect(gone).toBeInstanceOf(Unreachable);
    // A port that nobody listens on.
    const real = await answerOf(connect({ url: 'http://127.0.0.1:9' }).GET('/health/live')).catch(wrong);
    expect(real).toBeInstanceOf(Unreachable);
  });

  it('asks again for as long as it has patience, a command with the same key', async () => {
    const busy = () => problem(503, 'busy', { 'retry-after': '0' });
    const { asked, fetch } = server(busy, busy, () => Response.json({ rebuildId: 'r' }, { status: 202 }));
    const client = connect({ url, fetch, patienceMs: 1_000 });
    const { body } = await answerOf(client.POST('/v1/ops/projections/{name}/rebuild', rebuild));
    expect(body).toEqual({ rebuildId: 'r' });
    expect(asked).toHaveLength(3);
    expect(new Set(asked.map(({ headers }) => headers.get('idempotency-key'))).size).toBe(1);
    expect(await Promise.all(asked.map((request) => request.text()))).toEqual(['{}', '{}', '{}']);
  });

  it('does not ask again without patience, beyond it, or where the server named no time', async () => {
    for (const [patienceMs, headers] of [
      [0, { 'retry-after': '0' }],
      [500, { 'retry-after': '2' }],
      [500, {}],
    ] as const) {
      const { asked, fetch } = server(() => problem(503, 'busy', headers));
      const client = connect({ url, fetch, patienceMs });
      await expect(answerOf(client.GET('/v1/ops/projections'))).rejects.toThrow(Refused);
      expect(asked).toHaveLength(1);
    }
  });
});
