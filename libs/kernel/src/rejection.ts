/** A rule's refusal: a value, not an exception. `detail` goes into the answer beside the code. */
export type Rejection<C extends string = string> = {
  readonly rejected: C;
  readonly detail?: Readonly<Record<string, unknown>>;
};

export const reject = <C extends string>(rejected: C, detail?: Readonly<Record<string, unknown>>): Rejection<C> =>
  detail === undefined ? { rejected } : { rejected, detail };

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- T lets C be inferred from the rest of the union
export const isRejection = <T, C extends string>(outcome: T | Rejection<C>): outcome is Rejection<C> =>
  typeof outcome === 'object' && outcome !== null && 'rejected' in outcome;
