import type { Caller } from '#kernel';
import { ConsistentQuery, problem, Shown, Time } from '#platform';

/** Of one contact or conversation: as it is, or as it was at `at`. */
export class AsOfQuery extends ConsistentQuery {
  @Time({ optional: true, description: 'As it was then; supervisors, administrators and auditors may ask' })
  readonly at?: string;
}

export class AsOfAnswer {
  @Shown('string') at!: string;
  @Shown('integer', { description: 'Of the last fact that is in the answer' }) revision!: number;
}

/** Throws Problem 403. Source: spec/domain.md, "Roles". */
export const mayLookBack = ({ role }: Caller): void => {
  if (!['supervisor', 'admin', 'auditor'].includes(role)) throw problem('forbidden');
};
