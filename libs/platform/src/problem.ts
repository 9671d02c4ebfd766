import type { Rejection } from '#kernel';
import { ADVICE, PROBLEMS, type ProblemCode } from './problem-codes.js';

export type FieldError = { readonly path: string; readonly message: string };

/** A refusal on its way to the client, answered as RFC 9457 `application/problem+json`. Thrown anywhere below a route. */
export class Problem extends Error {
  readonly status: number;

  constructor(
    readonly code: ProblemCode,
    detail?: string,
    /** Fields beside those of RFC 9457; they cannot replace one of them. */
    readonly extra: Readonly<Record<string, unknown>> = {},
    readonly retryAfterSeconds: number | null = RETRY_AFTER[code] ?? null,
  ) {
    super(detail ?? ADVICE[code] ?? PROBLEMS[code][1]);
    this.name = 'Problem';
    this.status = PROBLEMS[code][0];
  }

  /** The body of the answer. */
  toBody(correlationId: string): Readonly<Record<string, unknown>> {
    return {
      ...this.extra,
      type: `urn:portaria:problem:${this.code}`,
      title: PROBLEMS[this.code][1],
      status: this.status,
      detail: this.message,
      code: this.code,
      correlationId,
    };
  }
}

const RETRY_AFTER: Partial<Record<ProblemCode, number>> = {
  'not-yet-visible': 1,
  'store-unavailable': 2,
  busy: 1,
  'code-too-old': 30,
  rebuilding: 5,
};

/** `throw problem('not-found')`. `detail` says what is special to this case, without personal data. */
export const problem = (code: ProblemCode, detail?: string, extra?: Readonly<Record<string, unknown>>): Problem =>
  new Problem(code, detail, extra);

/** A request of the wrong shape, with the places that are wrong. */
export const invalid = (errors: readonly FieldError[]): Problem =>
  new Problem(
    'invalid-request',
    errors
      .map(({ path, message }) => `${path === '' ? 'body' : path} ${message}`)
      .join('; ')
      .slice(0, 1000),
    {
      errors,
    },
  );

/** A rule's refusal as an answer: its detail becomes fields beside the code. Codes outside the table do not compile. */
export const rejectionToProblem = (rejection: Rejection<ProblemCode>): Problem =>
  new Problem(rejection.rejected, undefined, rejection.detail);
