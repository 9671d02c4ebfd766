import createClient, { type Client as OpenApiClient } from 'openapi-fetch';
import type { components, paths } from './schema.js';

/** Bodies and answers by name, as `/openapi.json` names them. */
export type Schemas = components['schemas'];
export type Problem = Schemas['Problem'];

/** What is sent to a route: `BodyOf<'/v1/messages/inbound', 'post'>`. */
export type BodyOf<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends {
  requestBody: { content: { 'application/json': infer B } };
}
  ? B
  : never;

/** What a list or an entry is asked with, behind the question mark. */
export type QueryOf<P extends keyof paths> = paths[P]['get'] extends { parameters: { query?: infer Q } }
  ? NonNullable<Q>
  : never;

/** One caller's calls: `client.POST('/v1/contacts/{id}/block', { params: { path: { id } }, body })`. Give what it returns to `answerOf`. */
export type Client = OpenApiClient<paths>;

export type ConnectOptions = {
  /** Of the server, without `/v1`. */
  readonly url: string;
  /** A JWT, or how one is got; without it only the health routes answer. */
  readonly token?: string | (() => Promise<string>);
  /** Milliseconds for which 429 and 503 are asked again when their `Retry-After` says so; 0 by default. */
  readonly patienceMs?: number;
  /** Carries a request out; the global `fetch` by default. */
  readonly fetch?: (request: Request) => Promise<Response>;
};

/** What a call was answered with. */
export type Answer<B> = {
  readonly body: B;
  readonly status: number;
  /** `Consistency-Token`: give it to a query as `after`. */
  readonly token: string | null;
  /** The stream's revision in quotes, for `If-Match`. */
  readonly etag: string | null;
};

/** The server refused. `problem` is what it said; `null` where something between answered in its place. */
export class Refused extends Error {
  constructor(
    readonly call: string,
    readonly status: number,
    readonly problem: Problem | null,
    /** Seconds, where the answer named them. */
    readonly retryAfter: number | null,
  ) {
    const detail = problem === null ? '' : ` ${problem.code}: ${problem.detail}`;
    super(`${call} was answered with ${String(status)}${detail}`);
    this.name = 'Refused';
  }

  get code(): Problem['code'] | null {
    return this.problem?.code ?? null;
  }
}

/** Nobody answered at the address, or the line broke; `cause` says why. Whether a command was carried out is unknown. */
export class Unreachable extends Error {
  constructor(
    readonly url: string,
    options: ErrorOptions,
  ) {
    super(`no answer from ${url} (${reasonOf(options.cause)})`, options);
    this.name = 'Unreachable';
  }
}

/** A client of the server at `url`. Every command has an `Idempotency-Key`, so that one that is sent again happens once. */
export const connect = ({ url, token, patienceMs = 0, fetch = globalThis.fetch }: ConnectOptions): Client => {
  const ask = async (request: Request): Promise<Response> => {
    try {
      return await fetch(request);
    } catch (error) {
      throw new Unreachable(url, { cause: error });
    }
  };
  return createClient<paths>({
    baseUrl: url,
    fetch: async (request) => {
      if (token !== undefined)
        request.headers.set('authorization', `Bearer ${typeof token === 'string' ? token : await token()}`);
      if (request.method !== 'GET' && !request.headers.has('idempotency-key'))
        request.headers.set('idempotency-key', crypto.randomUUID());
      return patienceMs === 0 ? ask(request) : patiently(request, ask, patienceMs);
    },
  });
};

/** What the call was answered with. Throws Refused for every answer of 400 and above, Unreachable where there was none. */
export const answerOf = async <B>(
  call: Promise<{ readonly data?: B; readonly error?: unknown; readonly response: Response }>,
): Promise<Answer<B>> => {
  const { data, error, response } = await call;
  const { status, headers } = response;
  if (!response.ok) {
    throw new Refused(new URL(response.url).pathname, status, isProblem(error) ? error : null, retryAfterOf(response));
  }
  return { body: data as B, status, token: headers.get('consistency-token'), etag: headers.get('etag') };
};

/** Asks again while the server says when to, and the time is not over then. */
const patiently = async (
  request: Request,
  ask: (request: Request) => Promise<Response>,
  patienceMs: number,
): Promise<Response> => {
  const end = performance.now() + patienceMs;
  for (;;) {
    const response = await ask(request.clone());
    const pause = [429, 503].includes(response.status) ? retryAfterOf(response) : null;
    if (pause === null || performance.now() + pause * 1000 > end) return response;
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
  }
};

const retryAfterOf = ({ headers }: Response): number | null => {
  const seconds = headers.get('retry-after');
  return seconds !== null && /^\d{1,6}$/.test(seconds) ? Number(seconds) : null;
};

const isProblem = (error: unknown): error is Problem =>
  typeof error === 'object' && error !== null && 'code' in error && 'detail' in error;

/** `fetch failed` says nothing: its cause does. */
const reasonOf = (cause: unknown): string => {
  const inner: unknown = Error.isError(cause) ? (cause.cause ?? cause) : cause;
  if (!Error.isError(inner)) return String(inner);
  return 'code' in inner ? String(inner.code) : inner.message;
};
