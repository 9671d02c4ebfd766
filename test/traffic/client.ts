/** An answer that was a refusal: problem+json. */
export class Refused extends Error {
  constructor(
    readonly call: string,
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(`${call} was answered with ${status} ${code}${detail === '' ? '' : `: ${detail}`}`);
    this.name = 'Refused';
  }
}

export type Answer<B> = { readonly body: B; readonly status: number; readonly token: string | null };

/** The API as one caller uses it. Throws Refused for every answer of 400 and above. */
export class Client {
  constructor(
    readonly address: string,
    private readonly bearer: string,
  ) {}

  get<B>(path: string): Promise<Answer<B>> {
    return this.call('GET', path);
  }

  post<B>(path: string, body: unknown = {}, headers: Readonly<Record<string, string>> = {}): Promise<Answer<B>> {
    return this.call('POST', path, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
  }

  put<B>(path: string, body: unknown): Promise<Answer<B>> {
    return this.call('PUT', path, JSON.stringify(body), { 'content-type': 'application/json' });
  }

  /** One object a line, both ways. */
  async lines<B>(path: string, bodies: readonly unknown[]): Promise<Answer<readonly B[]>> {
    const text = bodies.map((body) => JSON.stringify(body)).join('\n');
    const { body, ...rest } = await this.call<string>('POST', path, text, { 'content-type': 'application/x-ndjson' });
    return {
      ...rest,
      body: body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as B),
    };
  }

  private async call<B>(
    method: string,
    path: string,
    body: string | null = null,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<B>> {
    const response = await fetch(`${this.address}${path}`, {
      method,
      body,
      headers: { authorization: `Bearer ${this.bearer}`, ...headers },
    });
    const text = await response.text();
    if (!response.ok) {
      const problem = problemOf(text);
      throw new Refused(`${method} ${path}`, response.status, problem.code ?? '', problem.detail ?? '');
    }
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return {
      status: response.status,
      token: response.headers.get('consistency-token'),
      body: (isJson ? JSON.parse(text) : text) as B,
    };
  }
}

const problemOf = (text: string): { readonly code?: string; readonly detail?: string } => {
  try {
    return JSON.parse(text) as { code?: string; detail?: string };
  } catch {
    return {};
  }
};

/** Calls back for each, so many at once. */
export const sideBySide = async <T>(
  all: readonly T[],
  atOnce: number,
  work: (one: T) => Promise<void>,
): Promise<void> => {
  const waiting = all.values();
  const run = async (): Promise<void> => {
    for (const one of waiting) await work(one);
  };
  await Promise.all(Array.from({ length: atOnce }, run));
};
